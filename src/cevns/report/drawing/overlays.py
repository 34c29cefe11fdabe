"""Curves from elsewhere, drawn over a scan: another scan, or a CSV file.

Limits of others on dark matter of a dark photon hold at one alpha_D. A file says at which in a
comment, ``alpha_D=0.5``. Over a scan at another one its curves are carried there by what the
search counts (`cevns.dark_sector.overlay_planes`), which a line ``# search: recoil``, or
``:recoil`` behind the name of the file, says; they are never drawn where they do not hold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

import numpy as np

from cevns.dark_sector.overlay_planes import SearchRule, rescaled_y_dm
from cevns.datasets.delimited_text import read_lines
from cevns.exceptions import DataError, InputError
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["Curve", "check_axes", "overlay_files", "read_curves", "read_overlay", "scan_file"]

_HDF5 = (".h5", ".hdf5")
_RULES: Final = get_args(SearchRule)
_ALPHA: Final = re.compile(r"\balpha_d\s*[=:]\s*([0-9][0-9.eE+-]*[0-9]|[0-9])", re.IGNORECASE)
_SEARCH: Final = re.compile(r"^#\s*search\s*:\s*(\S+)\s*$", re.IGNORECASE)
_SPELLED: Final = {"y": "y_dm"}
"""Columns of files of others, by what a scan calls them."""


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


def overlay_files(given: Path | str, columns: tuple[str, str], units: Sequence[str]) -> list[str]:
    """The file that is named, or those of a folder that have the columns.

    Args:
        given: a file, perhaps with a rule behind a colon, or a folder.
        columns: of the scan.
        units: of the columns.

    Raises:
        DataError: if no file of the folder has the columns.
    """
    name, rule = _split(given)
    folder = Path(name)
    if not folder.is_dir():
        return [str(given)]
    found = [p for p in sorted(folder.glob("*.csv")) if _has(p, columns, units)]
    if not found:
        raise DataError(f"no .csv file here has the columns {' and '.join(columns)}", path=folder)
    return [f"{p}:{rule}" if rule else str(p) for p in found]


def _has(path: Path, columns: tuple[str, str], units: Sequence[str]) -> bool:
    """Whether the first line of a file that is no comment names the columns."""
    lines = (line.strip() for line in read_lines(path))
    header = next((line for line in lines if line and not line.startswith("#")), "")
    return set(columns) <= {_column(f.strip(), columns, units) for f in header.split(",")}


def _column(field: str, columns: tuple[str, str], units: Sequence[str]) -> str:
    """What a scan calls a column: ``m_chi`` for ``m_chi_MeV``."""
    bare = field.casefold()
    for name, unit in zip(columns, units, strict=True):
        if bare in (name.casefold(), f"{name}_{unit}".casefold()):
            return name
        if _SPELLED.get(bare) == name:
            return name
    return field


def _split(given: Path | str) -> tuple[str, str]:
    """The name of a file and the rule behind it, if there is one."""
    name, colon, rule = str(given).rpartition(":")
    return (name, rule) if colon and rule in _RULES else (str(given), "")


def read_overlay(given: Path | str, scan: Scan, columns: tuple[str, str]) -> list[Curve]:
    """Curves of a CSV file over a scan, carried to its alpha_D where it has one.

    Args:
        given: the file, perhaps with a rule behind a colon: ``lsnd.csv:recoil``.
        scan: over which.
        columns: names of what the scan draws, in order.

    Raises:
        DataError: if the file cannot be read, or holds at another alpha_D and does not say what
            its search counts.
    """
    name, rule = _split(given)
    units = [*scan.units, ""][: len(columns)]
    curves = read_curves(name, columns, units)
    here = scan.file.run.get("held couplings", {}).get("alpha_d")
    if here is None or "y_dm" not in columns:
        return curves
    comments = [text for text in read_lines(Path(name)) if text.startswith("#")]
    there = next((float(m[1]) for text in comments if (m := _ALPHA.search(text))), None)
    rule = rule or next((m[1] for text in comments if (m := _SEARCH.match(text))), "")
    if there is None or math.isclose(there, here):
        return curves
    if rule not in _RULES:
        raise DataError(
            f"it holds at alpha_d = {there:g} and the scan at {here:g}: say what the search "
            f"counts, one of {', '.join(_RULES)}, in a line '# search: recoil' or as "
            f"--overlay {Path(name).name}:recoil",
            path=Path(name),
        )
    k, found = columns.index("y_dm"), []
    for curve in curves:
        points = curve.points.copy()
        points[:, k] = rescaled_y_dm(
            points[:, k], cast("SearchRule", rule), alpha_d=there, to_alpha_d=here
        )
        found.append(replace(curve, points=points, label=f"{curve.label}, from {there:g}"))
    return found


def read_curves(
    path: Path | str, columns: tuple[str, str], units: Sequence[str] = ("", "")
) -> list[Curve]:
    """Curves of a CSV file.

    The first line names the columns: `columns` in any order, also with their units as in
    ``m_chi_MeV``, and, if curves are told apart that way, ``curve``. A blank line, or another
    entry of ``curve``, begins the next curve. Lines with ``#`` are comments; ``# label: TEXT``
    names the curves after it, which are otherwise called as in ``curve`` or as the file.

    Args:
        path: the file.
        columns: names of the columns.
        units: their units, which a file may have behind the names.

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
            header = [_column(f, columns, units) for f in fields]
            extra = sorted(set(header) - {*columns, "curve"})
            if extra or not set(columns) <= set(header) or len(set(header)) < len(header):
                raise DataError(
                    f"has the columns {', '.join(fields)}; an overlay of this scan has {wanted} "
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
