"""Quenching measurements as data sets: points with independent and common errors.

A data set is a CSV table (`cevns.datasets.tables`) whose comment carries a few settings, one
``key: value`` a line::

    # title: COHERENT-1 (Duke)
    # cite: arXiv:1708.01294
    # material: csi
    # scale-error: 0.03
    recoil_energy_kevnr,recoil_error_kevnr,quenching_factor,quenching_error
    5.4,0.5,0.085,0.001

Columns: ``recoil_energy_kevnr`` and either ``electron_energy_kevee`` or ``quenching_factor``;
``recoil_error_kevnr`` and ``electron_error_kevee`` (or ``quenching_error``), independent from
point to point, at least one of them; ``recoil_common_kevnr`` and ``electron_common_kevee`` (or
``quenching_common``), which move all points of the set together. All are standard deviations.

Settings: ``title``, ``cite`` and ``material`` must be there. ``scale-error`` (relative) and
``offset-error`` (keVee) are common errors of the electron-equivalent energy; ``correction`` is a
factor that is applied to it here; ``recoil-errors`` says what ``recoil_error_kevnr`` means
(`RECOIL_ERRORS`); ``contains-recoil: yes`` says that the quenching errors contain those of the
recoil energy, which are then taken out, so that they are not counted twice; ``use: compare``
keeps a set out of the default fit; ``note`` says why, or what else a reader must know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

import numpy as np

from cevns.datasets.tables import Table, read_table
from cevns.exceptions import CevnsError, DataError, InputError
from cevns.files import expanded
from cevns.typing import Array

__all__ = ["RECOIL_ERRORS", "DataSet", "check_recoil_errors", "read_folder", "read_set"]

RecoilErrors = Literal["independent", "common", "spread"]
RECOIL_ERRORS: Final[Mapping[str, str]] = {
    "independent": "an independent error of each point, projected with the slope of the curve",
    "common": "one common error of all points of the set",
    "spread": "the width of the recoil spectrum, not an error of its mean: not used",
}
_SETTINGS: Final = (
    "title",
    "cite",
    "material",
    "scale-error",
    "offset-error",
    "correction",
    "recoil-errors",
    "contains-recoil",
    "use",
    "note",
)
_COLUMNS: Final = (
    "recoil_energy_kevnr",
    "recoil_error_kevnr",
    "recoil_common_kevnr",
    "electron_energy_kevee",
    "electron_error_kevee",
    "electron_common_kevee",
    "quenching_factor",
    "quenching_error",
    "quenching_common",
)


@dataclass(frozen=True, eq=False)
class DataSet:
    """One measurement of the quenching of a material.

    Args:
        name: short name, that of its file.
        title: a line for tables and figures.
        cite: where it was published.
        material: ``csi``, ``ar``, ``ge``, ``si`` or a user's own.
        recoil_kev: recoil energies, keVnr, ``(n,)``, increasing.
        electron_kevee: electron-equivalent energies, keVee, correction applied, ``(n,)``.
        recoil_error_kev: errors of the recoil energies; `recoil_errors` says of which kind.
        electron_error_kevee: independent errors of the electron-equivalent energies.
        recoil_common_kev: fully correlated errors of the recoil energies.
        electron_common_kevee: fully correlated errors of the electron-equivalent energies.
        scale_error: relative error of the electron-equivalent energy scale.
        offset_error_kevee: error of its zero.
        correction: factor that was applied to the published electron-equivalent energies.
        recoil_errors: see `RECOIL_ERRORS`.
        default: whether it enters the fit unless named otherwise.
        note: what a reader must know.
    """

    name: str
    title: str
    cite: str
    material: str
    recoil_kev: Array
    electron_kevee: Array
    recoil_error_kev: Array
    electron_error_kevee: Array
    recoil_common_kev: Array
    electron_common_kevee: Array
    scale_error: float = 0.0
    offset_error_kevee: float = 0.0
    correction: float = 1.0
    recoil_errors: RecoilErrors = "independent"
    default: bool = True
    note: str = ""

    def __len__(self) -> int:
        """Number of points."""
        return int(self.recoil_kev.size)

    @property
    def quenching_factor(self) -> Array:
        """E_ee/T."""
        return self.electron_kevee / self.recoil_kev

    @property
    def quenching_error(self) -> Array:
        """Independent error of E_ee, as an error of E_ee/T at fixed T."""
        return self.electron_error_kevee / self.recoil_kev

    @property
    def quenching_common(self) -> Array:
        """Common errors of E_ee in quadrature (scale, offset, given ones), over T."""
        common = np.sqrt(
            (self.scale_error * self.electron_kevee) ** 2
            + self.offset_error_kevee**2
            + self.electron_common_kevee**2
        )
        return np.asarray(common / self.recoil_kev)


def check_recoil_errors(name: str) -> RecoilErrors:
    """A meaning of recoil errors by name.

    Raises:
        UnknownNameError: if there is none.
    """
    from cevns.exceptions import UnknownNameError

    if name not in RECOIL_ERRORS:
        raise UnknownNameError("meaning of recoil errors", name, RECOIL_ERRORS)
    return cast("RecoilErrors", name)


def read_set(path: Path | str) -> DataSet:
    r"""Read a data set.

    Raises:
        DataError: if the file is no table, a column or setting is missing, unknown or given in
            two forms, an energy is not positive, an error is negative, a point has no error, or
            the recoil errors are larger than the errors said to contain them.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.csv")
        ...     _ = path.write_text(
        ...         "# title: mine\n# cite: me\n# material: csi\n# correction: 0.97\n"
        ...         "recoil_energy_kevnr,quenching_factor,quenching_error\n10,0.1,0.002\n")
        ...     points = read_set(path)
        >>> points.electron_kevee.round(3).tolist(), points.electron_error_kevee.round(4).tolist()
        ([0.97], [0.0194])
    """
    table = read_table(path, ("recoil_energy_kevnr",))
    settings = _settings(table)
    for column in table.columns:
        if column not in _COLUMNS:
            raise DataError(
                f"has an unknown column '{column}'; known are {', '.join(_COLUMNS)}",
                path=table.path,
            )
    recoil = _column(table, "recoil_energy_kevnr", positive=True)
    correction = _number(table, settings, "correction", 1.0)
    recoil_error = _column(table, "recoil_error_kevnr")
    electron, error = _electron(table, recoil, recoil_error, settings.get("contains-recoil"))
    try:
        meaning = check_recoil_errors(settings.get("recoil-errors", "independent"))
    except CevnsError as problem:
        raise DataError(f"setting 'recoil-errors': {problem}", path=table.path) from None
    if settings.get("use", "fit") not in ("fit", "compare"):
        raise DataError("setting 'use': write fit or compare", path=table.path)
    order = np.argsort(recoil, kind="stable")
    out = DataSet(
        name=table.path.stem,
        title=settings["title"],
        cite=settings["cite"],
        material=settings["material"],
        recoil_kev=recoil[order],
        electron_kevee=correction * electron[order],
        recoil_error_kev=recoil_error[order],
        electron_error_kevee=correction * error[order],
        recoil_common_kev=_column(table, "recoil_common_kevnr")[order],
        electron_common_kevee=correction * _either(table, "common", recoil)[order],
        scale_error=_number(table, settings, "scale-error", 0.0),
        offset_error_kevee=_number(table, settings, "offset-error", 0.0),
        correction=correction,
        recoil_errors=meaning,
        default=settings.get("use", "fit") == "fit",
        note=settings.get("note", ""),
    )
    spread = 0.0 if meaning != "independent" else out.recoil_error_kev
    nothing = out.electron_error_kevee + spread <= 0.0
    if nothing.any():
        raise DataError(
            "a point has no independent error; give 'electron_error_kevee', 'quenching_error' or "
            "an independent 'recoil_error_kevnr'",
            path=table.path,
            line=int(table.lines[order][np.argmax(nothing)]),
        )
    return out


def read_folder(folder: Path | str) -> tuple[DataSet, ...]:
    """All data sets of a folder, in the order of their names.

    Raises:
        InputError: if the folder does not exist or holds no CSV file.
        DataError: as `read_set`.
    """
    folder = expanded(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one with a CSV file for each data set")
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise InputError(f"{folder} holds no data set; put a CSV file for each into it")
    return tuple(read_set(path) for path in paths)


def _settings(table: Table) -> dict[str, str]:
    """Settings in the comment; a slip in a key is found, other sentences are left alone."""
    out: dict[str, str] = {}
    for line in table.header.splitlines():
        found = re.match(r"^([a-z][a-z-]*):\s*(.*)$", line)
        if found is None:
            continue
        key, value = found.groups()
        if key not in _SETTINGS:
            raise DataError(
                f"has an unknown setting '{key}'; known are {', '.join(_SETTINGS)}",
                path=table.path,
            )
        if key in out:
            raise DataError(f"gives the setting '{key}' twice", path=table.path)
        out[key] = value.strip()
    for key in _SETTINGS[:3]:
        if not out.get(key):
            raise DataError(f"has no setting '{key}'; write '# {key}: ...'", path=table.path)
    return out


def _number(table: Table, settings: Mapping[str, str], key: str, default: float) -> float:
    try:
        value = float(settings.get(key, default))
    except ValueError:
        value = float("nan")
    if not (0.0 <= value < float("inf")) or (key == "correction" and value == 0.0):
        raise DataError(
            f"setting '{key}': {settings[key]!r} is not a usable number", path=table.path
        )
    return value


def _column(table: Table, name: str, *, positive: bool = False) -> Array:
    """A column, zeros where it is missing."""
    values = table.columns.get(name, np.zeros(len(table)))
    bad = values <= 0.0 if positive else values < 0.0
    if bad.any():
        raise DataError(
            f"'{name}' must {'be positive' if positive else 'not be negative'}",
            path=table.path,
            line=int(table.lines[np.argmax(bad)]),
        )
    return values


def _either(table: Table, suffix: str, recoil: Array, *, positive: bool = False) -> Array:
    """A quantity given in keVee or as a quenching factor, in keVee."""
    energy = {"factor": "electron_energy_kevee"}.get(suffix, f"electron_{suffix}_kevee")
    factor = f"quenching_{suffix}"
    given = [name for name in (energy, factor) if name in table.columns]
    if len(given) == 2:
        raise DataError(f"gives both '{energy}' and '{factor}'; give one", path=table.path)
    if not given and positive:
        raise DataError(f"has neither '{energy}' nor '{factor}'", path=table.path)
    if given == [factor]:
        return _column(table, factor, positive=positive) * recoil
    return _column(table, energy, positive=positive)


def _electron(
    table: Table, recoil: Array, recoil_error: Array, contains: str | None
) -> tuple[Array, Array]:
    """Electron-equivalent energies and their independent errors, without those of T."""
    electron = _either(table, "factor", recoil, positive=True)
    error = _either(table, "error", recoil)
    if contains in (None, "no"):
        return electron, error
    if contains != "yes":
        raise DataError("setting 'contains-recoil': write yes or no", path=table.path)
    # QF = E_ee/T: (s_QF/QF)^2 = (s_E/E)^2 + (s_T/T)^2, and s_QF T is what the column gave
    left = error**2 - (electron * recoil_error / recoil) ** 2
    if (left < 0.0).any():
        raise DataError(
            "the error of a point is smaller than the contribution of its recoil "
            "error, so it does not include it; remove 'contains-recoil'",
            path=table.path,
            line=int(table.lines[np.argmax(left < 0.0)]),
        )
    return electron, np.sqrt(left)
