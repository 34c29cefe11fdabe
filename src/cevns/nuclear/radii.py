"""Proton radii derived from the charge radius; two definitions are in use, never mix them."""

from __future__ import annotations

import math
from typing import Final

from cevns.constants import HBARC_MEV_FM, M_PROTON_MEV
from cevns.nuclear.nuclides import Nuclide

__all__ = [
    "NEUTRON_RADIUS2_FM2",
    "PROTON_RADIUS_FM",
    "point_proton_radius",
    "proton_distribution_radius",
]

PROTON_RADIUS_FM: Final = 0.8414
"""Charge radius of the proton (CODATA 2018), fm."""
NEUTRON_RADIUS2_FM2: Final = -0.1161
"""Mean square charge radius of the neutron (PDG), fm^2."""
_DARWIN_FOLDY_FM2: Final = 0.75 * (HBARC_MEV_FM / M_PROTON_MEV) ** 2


def proton_distribution_radius(nuclide: Nuclide) -> float:
    """Rms radius of the proton distribution with the proton's own size left in, fm.

    R_p^2 = R_ch^2 - (N/Z) r_n^2: the definition common in the CEvNS literature (2303.09360 [M]).

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> round(proton_distribution_radius(nuclide("Cs133")), 3)
        4.821
    """
    neutrons = nuclide.n / nuclide.z * NEUTRON_RADIUS2_FM2
    return math.sqrt(nuclide.charge_radius_fm**2 - neutrons)


def point_proton_radius(nuclide: Nuclide) -> float:
    """Rms radius of the point-proton distribution, fm.

    R_p^2 = R_ch^2 - (N/Z) r_n^2 - r_p^2 - 3/(4 m_p^2); the spin-orbit term is neglected.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> round(point_proton_radius(nuclide("Cs133")), 3)
        4.744
    """
    own = PROTON_RADIUS_FM**2 + _DARWIN_FOLDY_FM2
    return math.sqrt(proton_distribution_radius(nuclide) ** 2 - own)
