"""Hadrons from a vector current: their rate over that of massless muons of unit charge."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.constants import ALPHA, M_PION_MEV
from cevns.dark_sector.hadrons.pion_form_factor import pion_form_factor_squared
from cevns.dark_sector.hadrons.three_pions import M_PI0_MEV, three_pion_width
from cevns.typing import Array, ArrayLike

__all__ = ["CONTINUUM_MEV", "baryon_hadron_ratio", "hadron_ratio", "threshold_pion_photon_mev"]

CONTINUUM_MEV: Final = 1100.0
"""Above this energy quarks, below it mesons."""
_OMEGA: Final = (782.66, 8.68, 7.38e-5 * 8.68)
"""Mass, width and width to e+ e-, MeV (PDG)."""
_PHI: Final = (1019.461, 4.249, 2.979e-4 * 4.249)
_OMEGA_TO_THREE_PIONS: Final = 0.892
_M_KAON_MEV: Final = 493.677
_F_PION_MEV: Final = 92.1


def threshold_pion_photon_mev() -> float:
    """Least energy at which the baryon current makes hadrons, those of pi0 gamma."""
    return M_PI0_MEV


def _pole(s: Array, mass: float, width: float) -> Array:
    found: Array = 1.0 / ((s - mass**2) ** 2 + (mass * width) ** 2)
    return found


def _three_pions(s: Array) -> Array:
    """``R = 9 s Gamma_ee Gamma_3pi(s)/(alpha^2 ((s - m^2)^2 + m^2 Gamma^2))`` of the omega."""
    mass, width, electrons = _OMEGA
    own = width * _OMEGA_TO_THREE_PIONS * three_pion_width(s, mass)
    found: Array = 9.0 * s * electrons * own / ALPHA**2 * _pole(s, mass, width)
    return found


def _kaons(s: Array) -> Array:
    """The phi, above two kaons, by its whole width."""
    mass, width, electrons = _PHI
    found = 9.0 * s * electrons * width / ALPHA**2 * _pole(s, mass, width)
    return np.where(s > 4.0 * _M_KAON_MEV**2, found, 0.0)


def _pion_photon(s: Array) -> Array:
    """pi0 gamma through the omega, of the baryon current."""
    mass, width, _ = _OMEGA
    space = np.maximum(1.0 - M_PI0_MEV**2 / s, 0.0) ** 3
    found: Array = (
        3.0
        * ALPHA
        * s
        / (96.0 * np.pi**3 * _F_PION_MEV**2)
        * space
        * mass**4
        * _pole(s, mass, width)
    )
    return found


def hadron_ratio(s_mev2: ArrayLike) -> Array:
    """``R(s) = sigma(e+ e- -> hadrons)/sigma(e+ e- -> mu+ mu-)`` with massless muons.

    Two pions through the rho, ``(1/4) beta_pi^3 |F_pi(s)|^2``; three pions through the omega; the
    phi above two kaons; R = 2, three quarks, above 1.1 GeV, where the mesons end. Resonances have
    their measured widths. Between 1.0 and 1.5 GeV this is good to some ten per cent.

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
    found: Array = np.where(s > CONTINUUM_MEV**2, 2.0, pions + _three_pions(s) + _kaons(s))
    return found


def baryon_hadron_ratio(s_mev2: ArrayLike) -> Array:
    """The same for the baryon current, charge 1/3 of each quark.

    The current has no part with isospin one, so that no pair of pions comes from the rho. Beside
    the electric charges 1/6 of the isoscalar light quarks and -1/3 of the strange ones, the charge
    1/3 gives four times the omega and once the phi, and one instead of two above 1.1 GeV. Beside
    three pions the omega gives pi0 gamma, ``Gamma = alpha_B alpha m^3/(96 pi^3 f_pi^2)
    (1 - m_pi^2/m^2)^3 |F_omega|^2`` (Tulin, arXiv:1404.4370 [M]); below the pi0 nothing is open. At
    the omega that is within 6 % of its measured decays to pi0 gamma.

    Args:
        s_mev2: squared energy, MeV^2; any shape.

    Examples:
        >>> float(baryon_hadron_ratio(100.0**2))
        0.0
    """
    s = np.asarray(s_mev2, dtype=float)
    below = 4.0 * _three_pions(s) + _pion_photon(s) + _kaons(s)
    found: Array = np.where(s > CONTINUUM_MEV**2, 1.0, below)
    return found
