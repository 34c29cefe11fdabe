"""Lists of events as points on the axes of an analysis: of a file, or of a public release.

A file has one column for each axis, energy before time, whatever their names. Or it has more, as
the files of ``cevns simulate`` do: columns are then found by their names, ``reconstructed_UNIT``
with the unit of the energy axis and ``time_us``, and events with 0 in a column ``in_region`` are
left out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevns.datasets.csi2021 import EventList
from cevns.datasets.digests import sha256
from cevns.exceptions import DataError, InputError
from cevns.experiments.inputs.table_reader import TableReader
from cevns.experiments.prediction.parts import Parts
from cevns.typing import Array, IntArray

__all__ = ["Points", "points_of_file", "points_of_release"]

_REGION = "in_region"


@dataclass(frozen=True, eq=False)
class Points:
    """Events on the axes.

    Attributes:
        values: by axis, in the order of the axes.
        lines: line number of each event in the file.
        path: the file.
    """

    values: dict[str, Array]
    lines: IntArray
    path: Path

    def __len__(self) -> int:
        return len(self.lines)


def points_of_file(view: Parts, reader: TableReader, file: str) -> Points:
    """The events of a file; see the module.

    Args:
        view: whose axes they are on.
        reader: of the tables beside the experiment file.
        file: its name there, or a whole path.

    Raises:
        DataError: if it is malformed, or has more columns and not those of the axes.
    """
    path = reader.path(file)
    wanted = _names(view)
    header = _header(path)
    if header is None or len(header) <= len(wanted):
        table = reader.table("observed", file, empty=True)
        if len(table.columns) != len(wanted):
            raise DataError(
                f"has {len(table.columns)} columns where the axes are {len(wanted)}: one value "
                "along each axis for every event",
                path=path,
            )
        return Points(dict(table.columns), table.lines, path)
    for name in wanted:
        if name not in header:
            raise DataError(
                f"has {len(header)} columns where the axes are {len(wanted)}: one value along each "
                f"axis for every event, or more columns with {' and '.join(wanted)} among them",
                path=path,
            )
    reader.note("observed", file, sha256(path))
    chosen = [*wanted, *([_REGION] if _REGION in header else [])]
    rows, lines = _columns(path, [header.index(n) for n in chosen], len(header))
    if _REGION in header:
        inside = rows[:, -1] != 0.0
        rows, lines = rows[inside, :-1], lines[inside]
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise DataError(
            "an event inside the region is not a number along an axis",
            path=path,
            line=int(lines[np.argmax(bad)]),
        )
    return Points(dict(zip(wanted, rows.T, strict=True)), lines, path)


def points_of_release(view: Parts, reader: TableReader, role: str, release: str) -> Points:
    """The events of a public release that are inside the axes.

    Args:
        view: whose axes they are on.
        reader: of the release.
        role: what the release calls them.
        release: its name.

    Raises:
        InputError: if the release is nowhere, or this is no list of events in energy and time.
    """
    if not reader.has_release:
        raise InputError(
            f"the events are only in the public release {release}: fetch it with "
            f"'cevns data fetch {release}', or name its folder with --data"
        )
    found = reader.released(role, f"in {release}")
    edges = view.edges
    if not isinstance(found, EventList) or len(edges) != 2:
        raise InputError(
            f"{role!r} of {release} is not a list of events on axes in energy and "
            "time, which the statistic 'unbinned' needs"
        )
    # as in a histogram, an event at the upper end of an axis is outside
    inside = np.ones(len(found), dtype=bool)
    for values, axis in zip((found.pe, found.time_us), edges, strict=True):
        inside &= (values >= axis[0]) & (values < axis[-1])
    chosen = dict(zip(_names(view), (found.pe[inside], found.time_us[inside]), strict=True))
    return Points(chosen, 1 + np.flatnonzero(inside), Path(release))


def _names(view: Parts) -> list[str]:
    """Columns of the axes in files with more columns."""
    axes = view.declaration.axes
    energy = [] if axes.energy is None else [f"reconstructed_{axes.energy.unit.lower() or 'value'}"]
    return [*energy, *(["time_us"] if axes.time is not None else [])]


def _header(path: Path) -> list[str] | None:
    """Names of the columns; None where the file cannot be read as text, which is said elsewhere."""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.lstrip().startswith("#"):
                    return [cell.strip() for cell in next(csv.reader([line]))]
    except (OSError, UnicodeDecodeError):
        return None
    return None


def _columns(path: Path, chosen: list[int], width: int) -> tuple[Array, IntArray]:
    """Some columns of all rows, and their line numbers; no number where there is none."""
    rows, lines, header = [], [], True
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if header:
                header = False
                continue
            cells = line.split(",")
            if len(cells) != width:
                raise DataError(
                    f"has {len(cells)} entries where the header has {width}", path=path, line=number
                )
            try:
                rows.append([float(cells[k] or "nan") for k in chosen])
            except ValueError:
                raise DataError(
                    "contains an entry that is not a number", path=path, line=number
                ) from None
            lines.append(number)
    return np.array(rows).reshape(-1, len(chosen)), np.array(lines, dtype=np.int64)
