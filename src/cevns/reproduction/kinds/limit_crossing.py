"""The mass at which a limit on Y crosses the relic line, or the limits of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cevns.analysis.expected.relic_line import relic_point
from cevns.columns import read_columns
from cevns.datasets.places import user_folder
from cevns.exceptions import InputError
from cevns.reproduction.kinds.strength_limit import strength_limit
from cevns.typing import Array

__all__ = ["compute", "strongest_of"]

_FOLDER: Final = "dm-limits"
_COLUMNS: Final = ("m_chi_MeV", "Y")
_WITHIN: Final = 1e-3


@cache
def _curve(path: str) -> tuple[Array, Array]:
    table = read_columns(path, _COLUMNS)
    order = np.argsort(table[_COLUMNS[0]])
    mass, y_dm = (np.log(table[c][order]) for c in _COLUMNS)
    return mass, y_dm


def strongest_of(folder: Path, names: Sequence[str], m_chi_mev: float) -> float:
    """The lowest limit on Y of several curves at a mass, straight in logarithms between points.

    Args:
        folder: with a file ``NAME.csv`` for each, of columns ``m_chi_MeV`` and ``Y``.
        names: of the curves. One that ends before the mass says nothing there.
        m_chi_mev: MeV.

    Raises:
        DataError: if a file is missing or breaks its structure.
    """
    at, found = np.log(m_chi_mev), np.inf
    for name in names:
        mass, y_dm = _curve(str(folder / f"{name}.csv"))
        if mass[0] <= at <= mass[-1]:
            found = min(found, float(np.interp(at, mass, y_dm)))
    return float(np.exp(found))


def compute(
    experiment: str,
    model: str,
    between: tuple[float, float],
    beside: Literal["relic"] | Sequence[str],
    ratio: float = 3.0,
    alpha_d: float = 0.5,
    level: float = 0.9,
    overrides: Mapping[str, str] | None = None,
    fix: Sequence[str] = (),
) -> float:
    """The mass of chi in MeV, to a part in a thousand.

    Args:
        experiment: name or path.
        model: process with a parameter ``y_dm``.
        between: masses on both sides of the crossing, MeV.
        beside: ``relic``, the line of the observed density for the same chi, or names of curves in
            the user's folder ``dm-limits``, of which the lowest counts.
        ratio: ``m_V/m_chi``.
        alpha_d: ``g_D^2/(4 pi)``.
        level: confidence level.
        overrides: changed fields of the file and of what the model lays over it.
        fix: nuisance parameters that are held where they are.

    Raises:
        InputError: if the curves do not cross there, or the folder is not at hand.
    """
    from scipy.optimize import brentq

    other: Callable[[float], float]
    if beside == "relic":
        other = lambda m: relic_point(model, m, ratio * m, alpha_d).y_dm  # noqa: E731
    else:
        folder = user_folder(_FOLDER)
        if folder is None:
            raise InputError(f"there is no folder {_FOLDER!r}; name what holds it with CEVNS_DATA")
        other = lambda m: strongest_of(folder, beside, m)  # noqa: E731

    def above(log_mass: float) -> float:
        mass = float(np.exp(log_mass))
        at = (("m_chi", mass), ("mass_ratio", ratio), ("alpha_d", alpha_d))
        changes = tuple((overrides or {}).items())
        ours = strength_limit(experiment, model, "y_dm", at, level, changes, tuple(fix), False)
        return float(np.log(ours / other(mass)))

    ends = [float(e) for e in np.log(between)]
    if above(ends[0]) * above(ends[1]) > 0.0:
        raise InputError(
            f"the limit of {experiment} and the other curve do not cross between {between[0]:g} "
            f"and {between[1]:g} MeV"
        )
    return float(np.exp(brentq(above, *ends, xtol=_WITHIN)))
