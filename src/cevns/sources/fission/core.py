"""The core of a reactor: fissions per second of its thermal power, and how far away they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from cevns.constants import ELEMENTARY_CHARGE_J_PER_EV
from cevns.exceptions import InputError, UnknownNameError
from cevns.sources.fission.tabulation import ISOTOPES

__all__ = ["ENERGIES", "ENERGIES_CITE", "PWR", "extent_factor", "fissions_per_s", "normalised"]

PWR: Final = {"u235": 0.56, "u238": 0.08, "pu239": 0.30, "pu241": 0.06}
"""Typical fractions of fissions in a pressurised-water reactor, over its cycle."""

ENERGIES: Final = {
    "ma-2013": (202.36, 205.99, 211.12, 214.26),
    "kopeikin-2004": (201.92, 205.52, 209.99, 213.60),
    "james-1969": (201.7, 205.0, 210.0, 212.4),
}
"""Thermal energy of a fission, MeV, in the order of `ISOTOPES`: X. B. Ma et al., Phys. Rev. C 88
(2013) 014605; V. Kopeikin et al., hep-ph/0410100; M. F. James, J. Nucl. Energy 23 (1969) 517. They
differ by 0.3 %."""
ENERGIES_CITE: Final = {
    "ma-2013": ("ma-2013",),
    "kopeikin-2004": ("arXiv:hep-ph/0410100",),
    "james-1969": ("james-1969",),
}
"""Where each set was published."""
_UNEVEN = 0.02
"""Published fractions add to one within this."""


def normalised(fractions: Mapping[str, float]) -> tuple[float, ...]:
    """Fractions of fissions in the order of `ISOTOPES`, their sum one.

    Raises:
        UnknownNameError: if there is another isotope.
        InputError: if one is negative, or they do not add to one within 2 %.

    Examples:
        >>> normalised({"u235": 1.0})
        (1.0, 0.0, 0.0, 0.0)
    """
    for name in fractions:
        if name not in ISOTOPES:
            raise UnknownNameError("fissile isotope", name, ISOTOPES)
    values = [float(fractions.get(i, 0.0)) for i in ISOTOPES]
    total = sum(values)
    if not all(0.0 <= v <= 1.0 + _UNEVEN for v in values) or not abs(total - 1.0) <= _UNEVEN:
        said = ", ".join(f"{i} {v:g}" for i, v in zip(ISOTOPES, values, strict=True))
        raise InputError(
            f"the fractions of fissions are {said}, together {total:g}; they are shares of all "
            "fissions, not of the power, and add to 1 within 0.02"
        )
    return tuple(v / total for v in values)


def fissions_per_s(power_gw: float, fractions: tuple[float, ...], energies: str) -> float:
    """Fissions per second, R = P / sum_i f_i E_i.

    Args:
        power_gw: thermal power, GW.
        fractions: of fissions, in the order of `ISOTOPES`.
        energies: name of a set of `ENERGIES`.

    Raises:
        UnknownNameError: if there is no such set.

    Examples:
        >>> f"{fissions_per_s(1.0, normalised(PWR), 'ma-2013'):.3e}"
        '3.031e+19'
    """
    if energies not in ENERGIES:
        raise UnknownNameError("set of energies per fission", energies, ENERGIES)
    mean_mev = sum(f * e for f, e in zip(fractions, ENERGIES[energies], strict=True))
    return power_gw * 1e9 / (mean_mev * 1e6 * ELEMENTARY_CHARGE_J_PER_EV)


def extent_factor(
    distance_m: float, radius_m: float, height_m: float, below_centre_m: float
) -> float:
    r"""Mean of 1/r^2 over a cylindrical core, over 1/d^2 of its centre, to second order.

    .. math:: 1 + (3 v_\parallel - v_{\perp 1} - v_{\perp 2}) / d^2

    with v the variances of the density of fissions, uniform here, along and across the line of
    sight. At 10 m it is good to 3e-4 beside and below the core, to 7e-4 between.

    Args:
        distance_m: of the detector from the centre of the core, m.
        radius_m: of the core, m.
        height_m: of the core, m.
        below_centre_m: how far the detector lies below (or above) the centre, m.

    Raises:
        InputError: if the detector is inside the core, or farther below than it is away.

    Examples:
        >>> beside, below = (8.8, 1.9, 3.7, 0.0), (10.4, 1.9, 3.7, 10.4)
        >>> round(extent_factor(*beside), 4), round(extent_factor(*below), 4)
        (1.0086, 1.015)
    """
    if distance_m <= math.hypot(radius_m, height_m / 2.0):
        raise InputError(
            f"at {distance_m:g} m from its centre the detector is inside a core of radius "
            f"{radius_m:g} m and height {height_m:g} m"
        )
    if abs(below_centre_m) > distance_m:
        raise InputError(
            f"the detector cannot be {below_centre_m:g} m below the centre of a core that is "
            f"{distance_m:g} m away"
        )
    across, upright = radius_m**2 / 4.0, height_m**2 / 12.0
    sine2 = (below_centre_m / distance_m) ** 2
    along = across * (1.0 - sine2) + upright * sine2
    total = 2.0 * across + upright
    return 1.0 + (4.0 * along - total) / distance_m**2
