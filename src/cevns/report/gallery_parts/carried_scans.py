"""What the entries on new physics share: scans by profile, and shipped tables of scans by toys.

A profile scan takes a second and is computed when it is drawn. Toys take minutes: their critical
values and borders are tables, made by ``tools/make_gallery_scans.py`` and drawn over it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.datasets.delimited_text import read_lines
from cevns.inference.scan.regions import Segment, confidence_set
from cevns.report.drawing.overlays import read_curves
from cevns.report.scan_figures.scan_parts import interval_text
from cevns.study import load

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = [
    "CSI",
    "FOLDER",
    "TOYS_FROM",
    "TOYS_NOTE",
    "accepted",
    "profile",
    "shipped",
    "shipped_lines",
    "toys_said",
    "toys_text",
    "wilks_text",
]

FOLDER = Path(__file__).parents[1] / "gallery" / "data"
CSI = "coherent-csi-2021"
TOYS_NOTE = (
    "Feldman-Cousins: toys at profiled nuisances, with tools/make_gallery_scans.py; the comments "
    "of the shipped table state their number, seed and ranges."
)
TOYS_FROM = "critical values and contours from toys, from tools/make_gallery_scans.py"
"""What entries draw from tables in the package."""
Over = tuple[float, float, int]
_SMALLEST, _LARGEST = 1e-12, 1e12
"""Where an open end is drawn, on a logarithmic axis."""


def shipped(name: str) -> Path:
    """A table of a slow scan."""
    return FOLDER / f"{name}.csv"


def shipped_lines(name: str) -> list[str]:
    """Its lines without comments: the names of the columns, then the rows."""
    return [t for t in read_lines(shipped(name)) if t.strip() and not t.startswith("#")]


@cache
def accepted(name: str) -> Mapping[str, Mapping[float, tuple[Segment, ...]]]:
    """Accepted values of a shipped table by its first column and the mass, its second.

    A lower end of zero is open, and so is an upper one that is infinite.
    """
    found: dict[str, dict[float, tuple[Segment, ...]]] = {}
    for row in shipped_lines(name)[1:]:
        label, *numbers = row.split(",")
        mass, low, high = map(float, numbers)
        piece = Segment(low or _SMALLEST, min(high, _LARGEST), low == 0.0, high == math.inf)
        known = found.setdefault(label, {})
        known[mass] = (*known.get(mass, ()), piece)
    return found


def profile(
    model: str,
    over: Mapping[str, Over],
    *,
    free: Sequence[str] = (),
    fix: Mapping[str, float | None] | None = None,
    cl: float = 0.9,
) -> Scan:
    """A profile scan of CsI over one or two parameters, at equidistant values."""
    return _profile(
        model,
        tuple(over.items()),
        tuple(free),
        tuple((fix or {}).items()),
        cl,
    )


@cache
def _profile(
    model: str,
    over: tuple[tuple[str, Over], ...],
    free: tuple[str, ...],
    fix: tuple[tuple[str, float | None], ...],
    cl: float,
) -> Scan:
    ranges = {name: np.linspace(*ends) for name, ends in over}
    study = load(CSI, models=model)
    return study.scan(ranges, free=free, fix=dict(fix), cl=cl)


def wilks_text(found: Scan) -> str:
    """The confidence set of a scan of one parameter."""
    return interval_text(found.intervals)


def toys_said(name: str) -> str:
    """How many toys a shipped table has, and the error of its critical values, by its comments.

    Examples:
        >>> toys_said("magnetic-moment-mu")
        '9352 toys, at most 1000 a point; critical values have an error of 0.25 (median)'
    """
    text = " ".join(read_lines(shipped(name)))
    made = re.search(r"Toys at profiled nuisances: (\d+), (at most \d+ a point)", text)
    error = re.search(r"Error of the critical values: ([\d.]+) \(median\)", text)
    assert made is not None
    assert error is not None
    return f"{made[1]} toys, {made[2]}; critical values have an error of {error[1]} (median)"


def toys_text(found: Scan, name: str) -> str:
    """The same with the critical values of a shipped table."""
    (curve,) = read_curves(shipped(name), (found.names[0], "q"))
    at, critical = curve.points.T
    inside = (found.axes[0] >= at[0]) & (found.axes[0] <= at[-1])
    x = found.axes[0][inside]
    pieces = confidence_set(x, found.q[inside], np.interp(x, at, critical)).pieces
    return interval_text([(p.lower, p.upper) for p in pieces])
