"""What the tools that make tables of the gallery share: where tables lie, how one is written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

import cevns
from cevns import files
from cevns.exceptions import CevnsError
from cevns.processes import interaction
from cevns.processes.framework.abilities import Structured
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/report/gallery/data"


def numbers(*values: float) -> str:
    """A line of a table."""
    return ",".join(f"{v:.5g}" for v in values)


def write(
    name: str, notes: Sequence[str], columns: Sequence[str], lines: Sequence[str], by: str = ""
) -> None:
    """Write a table.

    Args:
        name: of the file.
        notes: its comments: what was computed.
        columns: their headings.
        lines: the rest of the file.
        by: what the tool calls the table, where that is not the name of the file.
    """
    files.make_folder(HOME)
    tool = Path(sys.argv[0]).name
    made = f"Made by cevns {cevns.__version__}. Regenerate: python tools/{tool} {by or name}"
    text = [*(f"# {n}" for n in (*notes, made)), ",".join(columns), *lines]
    files.write(HOME / f"{name}.csv", "\n".join(text) + "\n")
    print(f"{name}: {len(lines)} lines", flush=True)


def simplified(points: Array, within: Sequence[tuple[float, float]], log: Sequence[bool]) -> Array:
    """The points of a curve that it needs to be drawn (Douglas and Peucker).

    Args:
        points: ``(n, 2)``; a closed curve ends where it begins.
        within: where the figure begins and ends along both axes, of which the curve without the
            other points is at most 1/2000 away: half a dot of print.
        log: whether an axis is logarithmic.
    """
    at = np.array([np.log(x) if k else x for x, k in zip(points.T, log, strict=True)]).T
    sides = np.array([np.log(x) if k else x for x, k in zip(within, log, strict=True)])
    scaled = at / (np.ptp(sides, axis=1) / 2000.0)
    keep = np.zeros(len(points), dtype=bool)
    corners = sorted({0, len(points) - 1, *scaled.argmin(axis=0), *scaled.argmax(axis=0)})
    keep[corners] = True  # so that a region reaches as far as it did
    parts = list(pairwise(corners))
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        chord = scaled[last] - scaled[first]
        away = scaled[first + 1 : last] - scaled[first]
        length = float(np.hypot(*chord))
        if length:
            far = np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]) / length
        else:  # a closed curve
            far = np.hypot(*away.T)
        k = int(far.argmax())
        if far[k] > 1.0:
            middle = first + 1 + k
            keep[middle] = True
            parts += [(first, middle), (middle, last)]
    kept: Array = points[keep]
    return kept


def typical(model: str, mass: Mapping[str, float], coupling: str) -> float:
    """The size of a coupling that changes the rate by some per cent, at a mass."""
    found = interaction(model)
    assert isinstance(found, Structured)
    size = found.with_structure(mass).parameters[coupling].typical
    assert size is not None
    return size


def run(makers: Mapping[str, Callable[[str], None]]) -> None:
    """Make the tables that the command line names, all by default."""
    wanted = sys.argv[1:] or list(makers)
    unknown = [n for n in wanted if n not in makers]
    if unknown:
        sys.exit(f"no table is called {', '.join(unknown)}; there are {', '.join(makers)}")
    try:
        for each in wanted:
            makers[each](each)
    except CevnsError as error:
        sys.exit(f"error: {error}")
