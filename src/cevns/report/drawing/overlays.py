"""Curves from elsewhere, drawn over a scan: another scan, or a CSV file.

Limits of others on dark matter of a dark photon hold at one alpha_D. A file says at which in a
comment, ``alpha_D=0.5``. Over a scan at another one its curves are carried there by what the
search counts (`cevns.dark_sector.overlay_planes`), which a line ``# search: recoil``, or
``:recoil`` behind the name of the file, says; they are never drawn where they do not hold. A file
that is named is refused then; one of a folder is left out, and that is said.

What describes a scan, `run`, is there before it is computed: `ScanPlan.label`, later the file's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast, get_args

import numpy as np

from cevns.dark_sector.overlay_planes import SearchRule, rescaled_y_dm
from cevns.datasets.delimited_text import read_lines
from cevns.exceptions import DataError, InputError
from cevns.typing import Array

__all__ = [
    "Curve",
    "check_axes",
    "overlay_files",
    "read_curves",
    "read_overlay",
    "read_overlays",
    "scan_file",
]

_HDF5 = (".h5", ".hdf5")
_RULES: Final = get_args(SearchRule)
_ALPHA: Final = re.compile(r"\balpha_d\s*[=:]\s*([0-9][0-9.eE+-]*[0-9]|[0-9])", re.IGNORECASE)
_SEARCH: Final = re.compile(r"^#\s*search\s*:\s*(\S+)\s*$", re.IGNORECASE)
_SPELLED: Final = {"y": "y_dm"}
"""Columns of files of others, by what a scan calls them."""
_WORDS: Final = {
    "babar": "BaBar", "ccm120": "CCM120", "ccm200": "CCM200", "coherent": "COHERENT",
    "dirac": "Dirac", "e137": "E137", "lsnd": "LSND", "majorana": "Majorana",
    "miniboone": "MiniBooNE", "na62": "NA62", "na64": "NA64", "pseudodirac": "pseudo-Dirac",
}  # fmt: skip
"""How names are written, in the legend of a file that gives its curves none."""


class _OtherCouplingError(DataError):
    """A curve holds at another alpha_D, and what its search counts is not known."""


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


def check_axes(run: Mapping[str, Any], other: Mapping[str, Any], path: str) -> None:
    """Raise if another scan has other axes.

    Raises:
        InputError: the message names the difference.
    """
    mine, theirs = (dict(zip(r["axes"], r["units"], strict=True)) for r in (run, other))
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

    A rule behind a folder is for those of its files that say none.

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
    return [f"{p}:{rule}" if rule and not _search(p) else str(p) for p in found]


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


def _search(path: Path) -> str:
    """What the search of a file counts, if a line says so."""
    return next((m[1] for text in read_lines(path) if (m := _SEARCH.match(text))), "")


def _split(given: Path | str) -> tuple[str, str]:
    """The name of a file and the rule behind it, if there is one."""
    name, colon, rule = str(given).rpartition(":")
    return (name, rule) if colon and rule in _RULES else (str(given), "")


def read_overlays(
    given: Path | str, run: Mapping[str, Any], columns: tuple[str, str]
) -> tuple[list[Curve], list[str]]:
    """Curves of a CSV file, or of those of a folder that have the columns.

    Args:
        given: a file, perhaps with a rule behind a colon, or a folder.
        run: what describes the scan.
        columns: names of what it draws, in order.

    Returns:
        The curves, and why others of the folder are left out.

    Raises:
        DataError: as `overlay_files` and `read_overlay`; of a folder, if nothing of it is left.
    """
    curves, left_out = list[Curve](), list[str]()
    for file in overlay_files(given, columns, [*run["units"], ""][:2]):
        try:
            curves += read_overlay(file, run, columns)
        except _OtherCouplingError as error:
            if file == str(given):
                raise
            left_out.append(f"not shown in the figure: {error}")
            last = error
    if not curves:
        raise last
    return curves, left_out


def read_overlay(
    given: Path | str, run: Mapping[str, Any], columns: tuple[str, str]
) -> list[Curve]:
    """Curves of a CSV file over a scan, carried to its alpha_D where it has one.

    Args:
        given: the file, perhaps with a rule behind a colon: ``lsnd.csv:recoil``.
        run: what describes the scan.
        columns: names of what it draws, in order.

    Raises:
        DataError: if the file cannot be read, or holds at another alpha_D and does not say what
            its search counts.
    """
    name, rule = _split(given)
    units = [*run["units"], ""][: len(columns)]
    curves = read_curves(name, columns, units)
    here = run.get("held couplings", {}).get("alpha_d")
    if here is None or "y_dm" not in columns:
        return curves
    comments = [text for text in read_lines(Path(name)) if text.startswith("#")]
    there = next((float(m[1]) for text in comments if (m := _ALPHA.search(text))), None)
    rule = rule or _search(Path(name))
    if there is None or math.isclose(there, here):
        return curves
    if rule not in _RULES:
        raise _OtherCouplingError(
            f"it holds at alpha_d = {there:g} and the scan at {here:g}: state the observable of "
            f"the search, one of {', '.join(_RULES)}, in a line '# search: recoil' or as "
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
    names the curves after it, which are otherwise called as in ``curve`` or as the file, whose
    ``_`` become blanks: ``vector_miniboone_e`` is MiniBooNE e.

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
                    "(and optionally curve)",
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
            found.append((label or group or _readable(path.stem), []))
            open_ = True
        found[-1][1].append(point)
    if not found:
        raise DataError(f"holds no point of a curve of {wanted}", path=path)
    return [Curve(name, np.array(points)) for name, points in found]


def _readable(stem: str) -> str:
    """A name of a file as a legend writes it; that of the portal is said elsewhere."""
    words = stem.split("_")
    if len(words) > 1 and words[0] in ("vector", "lepto"):
        del words[0]
    return " ".join(_WORDS.get(w.casefold(), w) for w in words)


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{text!r:.60} is not a finite number", path=path, line=line)
    return value
