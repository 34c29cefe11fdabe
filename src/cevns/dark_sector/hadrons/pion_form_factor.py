"""The electromagnetic form factor of the charged pion in the time-like region."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cevns.constants import M_PION_MEV
from cevns.typing import Array, ArrayLike

__all__ = ["RHO", "pion_form_factor_squared"]

RHO: Final = (775.65, 143.85)
"""Mass and width of rho(770), MeV: CMD-2, hep-ex/0308008 [M]."""
_RHO_EXCITED: Final = (1465.0, 400.0)
_BETA: Final = -0.0859  # share of rho(1450), same fit [M]


def _momentum(s: Array) -> Array:
    """Of a pion in the centre of mass, MeV; zero below threshold."""
    found: Array = np.sqrt(np.maximum(s / 4.0 - M_PION_MEV**2, 0.0))
    return found


def _gounaris_sakurai(s: Array, mass: float, width: float) -> NDArray[np.complex128]:
    """The resonance with its dispersive shift, one at s = 0 (Phys. Rev. Lett. 21, 244, 1968)."""

    def loop(at: Array) -> Array:
        k, root = _momentum(at), np.sqrt(at)
        found: Array = 2.0 / np.pi * k / root * np.log((root + 2.0 * k) / (2.0 * M_PION_MEV))
        return found

    m2 = np.asarray(mass**2)
    k0 = float(_momentum(m2))
    log = np.log((mass + 2.0 * k0) / (2.0 * M_PION_MEV))
    h0 = float(loop(m2))
    slope = h0 * (1.0 / (8.0 * k0**2) - 1.0 / (2.0 * mass**2)) + 1.0 / (2.0 * np.pi * mass**2)
    k = _momentum(s)
    shift = width * mass**2 / k0**3 * (k**2 * (loop(s) - h0) + (mass**2 - s) * k0**2 * slope)
    running = width * (k / k0) ** 3 * mass / np.sqrt(s)
    d = (
        3.0 / np.pi * M_PION_MEV**2 / k0**2 * log
        + mass / (2.0 * np.pi * k0)
        - M_PION_MEV**2 * mass / (np.pi * k0**3)
    )
    found: NDArray[np.complex128] = (
        mass**2 * (1.0 + d * width / mass) / (mass**2 - s + shift - 1j * mass * running)
    )
    return found


def pion_form_factor_squared(s_mev2: ArrayLike) -> Array:
    """``|F_pi(s)|^2`` above the threshold of two pions.

    ``F = (GS_rho(770) + beta GS_rho(1450))/(1 + beta)`` with Gounaris-Sakurai resonances and
    beta = -0.0859, the form of CMD-2 (Phys. Lett. B 578, 285) without the interference of the
    omega, whose pions a thermal average does not see. The parameters are from memory [M]; at the
    rho the form agrees within 6 % with what the measured width of rho -> e+ e- demands.

    Args:
        s_mev2: squared energy, MeV^2, at least 4 m_pi^2; any shape.

    Examples:
        >>> round(float(pion_form_factor_squared(775.0**2)), 1)
        41.3
    """
    s = np.asarray(s_mev2, dtype=float)
    both = _gounaris_sakurai(s, *RHO) + _BETA * _gounaris_sakurai(s, *_RHO_EXCITED)
    found: Array = np.abs(both / (1.0 + _BETA)) ** 2
    return found
