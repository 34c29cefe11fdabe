"""Hadrons from a vector current: their rate over that of massless muons of unit charge."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.constants import ALPHA, M_PION_MEV
from cevns.dark_sector.pion_form_factor import pion_form_factor_squared
from cevns.typing import Array, ArrayLike

__all__ = ["CONTINUUM_MEV", "baryon_hadron_ratio", "hadron_ratio", "threshold_pion_photon_mev"]

CONTINUUM_MEV: Final = 1100.0
"""Above this energy quarks, below it mesons."""
_OMEGA: Final = (782.66, 8.68, 7.38e-5 * 8.68)
"""Mass, width and width to e+ e-, MeV (PDG)."""
_PHI: Final = (1019.461, 4.249, 2.979e-4 * 4.249)
_M_PI0_MEV: Final = 134.9768
_M_KAON_MEV: Final = 493.677
_F_PION_MEV: Final = 92.1


def threshold_pion_photon_mev() -> float:
    """Least energy at which the baryon current makes hadrons: pi0 gamma."""
    return _M_PI0_MEV


def _resonance(s: Array, mass: float, width: float, to_electrons: float, least: float) -> Array:
    """``R = 9 s Gamma_ee Gamma / (alpha^2 ((s - m^2)^2 + m^2 Gamma^2))`` above a threshold."""
    shape = 9.0 * s * to_electrons * width / (ALPHA**2 * ((s - mass**2) ** 2 + (mass * width) ** 2))
    found: Array = np.where(s > least**2, shape, 0.0)
    return found


def _omega(s: Array) -> Array:
    return _resonance(s, *_OMEGA, least=3.0 * M_PION_MEV)


def _phi(s: Array) -> Array:
    return _resonance(s, *_PHI, least=2.0 * _M_KAON_MEV)


def hadron_ratio(s_mev2: ArrayLike) -> Array:
    """``R(s) = sigma(e+ e- -> hadrons)/sigma(e+ e- -> mu+ mu-)`` with massless muons.

    Two pions through the rho, ``(1/4) beta_pi^3 |F_pi(s)|^2``; omega above three pions and phi
    above two kaons as Breit-Wigner resonances of their measured widths; R = 2, three quarks, above
    1.1 GeV, where the mesons end. Between 1.0 and 1.5 GeV this is good to some ten per cent.

    Args:
        s_mev2: squared energy, MeV^2; any shape.

    Examples:
        >>> hadron_ratio([200.0**2, 1500.0**2]).tolist()
        [0.0, 2.0]
        >>> round(float(hadron_ratio(500.0**2)), 3)
        0.49
    """
    s = np.asarray(s_mev2, dtype=float)
    open_ = s > 4.0 * M_PION_MEV**2
    safe = np.where(open_, s, 8.0 * M_PION_MEV**2)
    beta = np.sqrt(1.0 - 4.0 * M_PION_MEV**2 / safe)
    pions = np.where(open_, 0.25 * beta**3 * pion_form_factor_squared(safe), 0.0)
    found: Array = np.where(s > CONTINUUM_MEV**2, 2.0, pions + _omega(s) + _phi(s))
    return found


def baryon_hadron_ratio(s_mev2: ArrayLike) -> Array:
    """The same for the baryon current, charge 1/3 of each quark.

    The current has no part with isospin one, so that no pair of pions comes from the rho. Beside
    the electric charges 1/6 of the isoscalar light quarks and -1/3 of the strange ones, the charge
    1/3 gives four times the omega and once the phi, and one instead of two above 1.1 GeV. Below
    three pions pi0 gamma is left, ``Gamma = alpha_B alpha m^3/(96 pi^3 f_pi^2) (1 - m_pi^2/m^2)^3
    |F_omega|^2`` (Tulin, arXiv:1404.4370 [M]), and nothing below the mass of the pi0.

    Args:
        s_mev2: squared energy, MeV^2; any shape.

    Examples:
        >>> float(baryon_hadron_ratio(100.0**2))
        0.0
    """
    s = np.asarray(s_mev2, dtype=float)
    mass, width, _ = _OMEGA
    pole = mass**4 / ((s - mass**2) ** 2 + (mass * width) ** 2)
    space = np.maximum(1.0 - _M_PI0_MEV**2 / np.maximum(s, 1e-30), 0.0) ** 3
    photon = 3.0 * ALPHA * s / (96.0 * np.pi**3 * _F_PION_MEV**2) * space * pole
    below = s <= (3.0 * M_PION_MEV) ** 2  # above, the omega has it among its decays
    found: Array = np.where(
        s > CONTINUUM_MEV**2, 1.0, np.where(below, photon, 4.0 * _omega(s) + _phi(s))
    )
    return found
