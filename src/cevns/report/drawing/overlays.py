"""Curves from elsewhere, drawn over a scan: another scan, or a CSV file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.datasets.delimited_text import read_lines
from cevns.exceptions import DataError, InputError
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["Curve", "check_axes", "read_curves", "scan_file"]

_HDF5 = (".h5", ".hdf5")


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of a CSV file.

    Args:
        label: for the legend.
        points: ``(n, 2)``, in the order of the columns asked for.
    """

    label: str
    points: Array

    @property
    def closed(self) -> bool:
        """Whether it ends where it begins: the border of an area."""
        return len(self.points) > 3 and bool(np.all(self.points[0] == self.points[-1]))


def scan_file(path: Path | str) -> bool:
    """Whether a file is one of a scan, by its name."""
    return Path(path).suffix.casefold() in _HDF5


def check_axes(scan: Scan, other: Scan, path: str) -> None:
    """Raise if another scan has other axes.

    Raises:
        InputError: the message names the difference.
    """
    mine = dict(zip(scan.names, scan.units, strict=True))
    theirs = dict(zip(other.names, other.units, strict=True))
    if mine.keys() != theirs.keys():
        raise InputError(
            f"{path} is a scan of {' and '.join(theirs)}, this one of {' and '.join(mine)}; "
            "overlay a scan of the same parameters"
        )
    for name, unit in mine.items():
        if unit != theirs[name]:
            raise InputError(
                f"{path} has {name} in {theirs[name] or 'no unit'}, this scan in "
                f"{unit or 'no unit'}; compute one of them again"
            )


def read_curves(path: Path | str, columns: tuple[str, str]) -> list[Curve]:
    """Curves of a CSV file.

    The first line names the columns: `columns` in any order and, if curves are told apart that
    way, ``curve``. A blank line, or another entry of ``curve``, begins the next curve. Lines with
    ``#`` are comments; ``# label: TEXT`` names the curves after it, which are otherwise called
    as in ``curve`` or as the file.

    Args:
        path: the file.
        columns: names of the columns.

    Raises:
        DataError: if the file or a line of it cannot be read; the message names the line.
    """
    path = Path(path)
    wanted = " and ".join(columns)
    header: list[str] | None = None
    label, group = "", ""
    found: list[tuple[str, list[tuple[float, float]]]] = []
    open_ = False
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if text.startswith("#"):
            key, colon, value = text.lstrip("# ").partition(":")
            if colon and key.strip().casefold() == "label":
                label, open_ = value.strip(), False
            continue
        if not text:
            open_ = False
            continue
        fields = [f.strip() for f in text.split(",")]
        if header is None:
            header = fields
            extra = sorted(set(header) - {*columns, "curve"})
            if extra or not set(columns) <= set(header) or len(set(header)) < len(header):
                raise DataError(
                    f"has the columns {', '.join(header)}; an overlay of this scan has {wanted} "
                    "(and perhaps curve)",
                    path=path,
                    line=number,
                )
            continue
        if len(fields) != len(header):
            raise DataError(
                f"has {len(fields)} entr{'y' if len(fields) == 1 else 'ies'} where "
                f"{', '.join(header)} belong",
                path=path,
                line=number,
            )
        row = dict(zip(header, fields, strict=True))
        point = (_number(row[columns[0]], path, number), _number(row[columns[1]], path, number))
        if row.get("curve", group) != group:
            group, open_ = row["curve"], False
        if not open_:
            found.append((label or group or path.stem, []))
            open_ = True
        found[-1][1].append(point)
    if not found:
        raise DataError(f"holds no point of a curve of {wanted}", path=path)
    return [Curve(name, np.array(points)) for name, points in found]


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{text!r:.60} is no finite number", path=path, line=line)
    return value
