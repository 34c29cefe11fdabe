"""Fluxes of the Sun by branch, with their errors: named sets, and a table of the user."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cevns.exceptions import DataError, UnknownNameError
from cevns.registry import canonical
from cevns.typing import Array

__all__ = ["BRANCHES", "DEFAULT", "SolarFluxes", "flux_sets", "named_fluxes", "solar_fluxes"]

BRANCHES: Final = ("pp", "pep", "hep", "be7", "b8", "n13", "o15", "f17")
DEFAULT: Final = "b16-gs98"
_FILE = Path(__file__).parent / "tables" / "solar-fluxes.csv"
_FLUX, _ERROR, _COVARIANCE = "flux_cm2_s", "rel_unc", "cov_"
_FILE_AND_SET = re.compile(r"(.+\.csv)(?::(.+))?", re.IGNORECASE)
_B16 = "arXiv:1611.09867"
_CITE: Final = {
    "b16-gs98": (_B16,),
    "b16-agss09met": (_B16,),
    "sno-8b": ("sno-2013", _B16),
    "fog": ("arXiv:2109.03116", _B16),
}
_LEAST, _MOST = 1e-3, 1e13
_AGREE = 0.02


@dataclass(frozen=True, eq=False)
class SolarFluxes:
    """Fluxes of branches at the mean distance of the Earth, all flavours together.

    Args:
        name: of the set, or of the file.
        flux_cm2_s: by branch, /cm2/s.
        relative_error: by branch, one standard deviation.
        covariance: relative, ``(branches, branches)`` in their order; None where independent.
        cite: where they were published; nothing is known of a table of the user.
    """

    name: str
    flux_cm2_s: Mapping[str, float]
    relative_error: Mapping[str, float]
    covariance: Array | None = None
    cite: tuple[str, ...] = ()

    def changes(self, branches: Sequence[str]) -> dict[str, dict[str, float]]:
        """Relative change of each flux for one standard deviation of each pull.

        Independent errors have a pull of the name of their branch, ``flux_b8``; correlated ones the
        eigenvectors of the relative covariance of the branches, ``flux_mode_1`` and so on, the
        largest first.
        """
        if self.covariance is None:
            errors = self.relative_error
            return {f"flux_{b}": {b: errors[b]} for b in branches if errors[b] > 0.0}
        at = [list(self.flux_cm2_s).index(b) for b in branches]
        size, vectors = np.linalg.eigh(self.covariance[np.ix_(at, at)])
        out = {}
        for k in range(len(branches)):
            value, vector = size[-1 - k], vectors[:, -1 - k]
            if value > 1e-12 * size[-1]:
                vector = vector * np.sign(vector[np.argmax(np.abs(vector))])
                moved = (math.sqrt(value) * vector).tolist()
                out[f"flux_mode_{k + 1}"] = dict(zip(branches, moved, strict=True))
        return out


def flux_sets() -> tuple[str, ...]:
    """Names of the sets that are carried.

    Examples:
        >>> flux_sets()
        ('b16-gs98', 'b16-agss09met', 'sno-8b', 'fog')
    """
    header, _ = _rows(_FILE)
    end = f"_{_FLUX}"
    return tuple(canonical(h.removesuffix(end)) for h in header if h.endswith(end))


def named_fluxes(text: str) -> tuple[str, Path | None]:
    """What an option calls fluxes: a carried set, ``FILE.csv``, or ``FILE.csv:SET``.

    Returns:
        The name of the set and the table of the user, as `solar_fluxes` takes them.

    Examples:
        >>> named_fluxes("sno-8b"), named_fluxes("my.csv:mb22")[0]
        (('sno-8b', None), 'mb22')
    """
    found = _FILE_AND_SET.fullmatch(text.strip())
    if found is None:
        return text, None
    return (found[2] or DEFAULT).strip(), Path(found[1]).expanduser()


def solar_fluxes(name: str = DEFAULT, file: Path | None = None) -> SolarFluxes:
    """A set of fluxes.

    Args:
        name: of a carried set; with a file, that of the columns ``NAME_flux_cm2_s`` and
            ``NAME_rel_unc`` where there are several.
        file: a table of the user: a row for each branch with its name in the column ``component``,
            ``flux_cm2_s``, and ``rel_unc`` or a covariance in columns ``cov_pp``, ``cov_be7``, ...,
            one for each row, in (/cm2/s)^2.

    Raises:
        UnknownNameError: if there is no such set.
        DataError: if the file is broken.

    Examples:
        >>> found = solar_fluxes("sno-8b")
        >>> found.flux_cm2_s["b8"], found.relative_error["b8"]
        (5250000.0, 0.0381)
    """
    path = _FILE if file is None else Path(file)
    header, rows = _rows(path)
    prefix = f"{canonical(name).replace('-', '_')}_"
    if file is None:
        if f"{prefix}{_FLUX}" not in header:
            raise UnknownNameError("set of solar fluxes", name, flux_sets())
    elif _FLUX in header:
        if canonical(name) != DEFAULT:
            raise DataError(
                f"holds one set of fluxes without a name, and none called {name!r}: leave the name "
                "out",
                path=path,
            )
        prefix = ""
    elif f"{prefix}{_FLUX}" not in header:
        sets = [h.removesuffix(f"_{_FLUX}") for h in header if h.endswith(f"_{_FLUX}")]
        said = (
            f"it has the sets {', '.join(sets)}: choose one by its name (fluxes: {sets[0]} beside "
            f"fluxes_file, or --fluxes {path.name}:{sets[0]})"
            if sets
            else f"the header has {', '.join(header)}"
        )
        raise DataError(
            f"has no column {_FLUX!r}, nor {prefix + _FLUX!r}; {said}",
            path=path,
        )
    flux = {b: _number(path, line, prefix + _FLUX, row) for b, (line, row) in rows.items()}
    for branch, value in flux.items():
        if not _LEAST <= value <= _MOST:
            raise DataError(
                f"the flux of {branch} is {value:g}, not between {_LEAST:g} and {_MOST:g}: "
                "fluxes are in /cm2/s",
                path=path,
                line=rows[branch][0],
            )
    covariance = _covariance(path, header, rows, flux)
    title = canonical(name) if file is None else path.name
    if prefix + _ERROR in header:
        error = {b: _number(path, line, prefix + _ERROR, row) for b, (line, row) in rows.items()}
        for branch, value in error.items():
            if not 0.0 <= value < 1.0:
                raise DataError(
                    f"the relative error of {branch} is {value:g}, not between 0 and 1: 6 % is "
                    "0.06",
                    path=path,
                    line=rows[branch][0],
                )
    elif covariance is None:
        raise DataError(
            f"has neither a column {prefix + _ERROR!r} nor a covariance (cov_pp, ...)", path=path
        )
    else:
        error = dict(zip(flux, np.sqrt(np.diag(covariance)).tolist(), strict=True))
    if covariance is not None:
        for k, branch in enumerate(flux):
            own = math.sqrt(covariance[k, k])
            if abs(own - error[branch]) > _AGREE * max(own, error[branch]):
                raise DataError(
                    f"the covariance gives {branch} a relative error of {own:.3g}, and "
                    f"{prefix + _ERROR!r} one of {error[branch]:.3g}; leave one of both out",
                    path=path,
                )
    return SolarFluxes(title, flux, error, covariance, _CITE[title] if file is None else ())


_Rows = dict[str, tuple[int, dict[str, str]]]


def _rows(path: Path) -> tuple[list[str], _Rows]:
    """Header, and by branch the line and the cells."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror}); check the path", path=path) from error
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    cells = [[c.strip() for c in row] for row in csv.reader(line for _, line in lines)]
    if len(cells) < 2 or "component" not in cells[0]:
        raise DataError(
            f"is not a table of solar fluxes: the header needs 'component', {_FLUX!r} "
            f"and {_ERROR!r}, and a row for each branch",
            path=path,
        )
    header, rows = cells[0], _Rows()
    for (number, _), row in zip(lines[1:], cells[1:], strict=True):
        if len(row) != len(header):
            raise DataError(
                f"{len(row)} entries where the header has {len(header)}", path=path, line=number
            )
        found = dict(zip(header, row, strict=True))
        branch = found["component"].casefold()
        if branch not in BRANCHES:
            raise DataError(
                f"{found['component']!r} is not a branch; the branches are {', '.join(BRANCHES)}",
                path=path,
                line=number,
            )
        if branch in rows:
            raise DataError(f"has {branch} twice", path=path, line=number)
        rows[branch] = number, found
    return header, rows


def _number(path: Path, line: int, column: str, row: Mapping[str, str]) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{row[column]!r} in column {column!r} is not a finite number", path=path, line=line
        )
    return value


def _covariance(
    path: Path, header: Sequence[str], rows: _Rows, flux: Mapping[str, float]
) -> Array | None:
    """Relative covariance in the order of the rows."""
    given = {h.removeprefix(_COVARIANCE).casefold(): h for h in header if h.startswith(_COVARIANCE)}
    if not given:
        return None
    if set(given) != set(rows):
        odd = sorted(set(given) ^ set(rows))[0]
        raise DataError(
            f"the covariance needs a row and a column for each branch; {odd} has one of both",
            path=path,
        )
    size = np.array(list(flux.values()))
    matrix = np.array(
        [[_number(path, line, given[b], row) for b in rows] for line, row in rows.values()]
    ) / np.outer(size, size)
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-12 * np.abs(matrix).max()):
        raise DataError("the covariance is not symmetric", path=path)
    if np.linalg.eigvalsh(matrix)[0] < -1e-9 * matrix.max() or not np.all(np.diag(matrix) > 0.0):
        raise DataError("the covariance is not positive semidefinite", path=path)
    return matrix
