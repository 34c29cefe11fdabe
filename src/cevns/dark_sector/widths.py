"""Partial widths of the mediator, and of a virtual one of any mass."""

from __future__ import annotations

import numpy as np

from cevns.constants import ALPHA
from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import Portal
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = [
    "chi_width_mev",
    "lepton_width_mev",
    "mediator_width_mev",
    "visible_width_mev",
]


def chi_width_mev(
    kind: ChiKind,
    alpha_d: ArrayLike,
    m_chi_mev: ArrayLike,
    mass_mev: ArrayLike,
    splitting_mev: float = 0.0,
) -> Array:
    """Width of the mediator to a pair of chi, zero where the decay is closed.

    With ``beta = sqrt(1 - 4 m_chi^2/m^2)``

    * scalar: ``alpha_D m beta^3/12``
    * Dirac: ``(alpha_D m/3) (1 + 2 m_chi^2/m^2) beta``
    * Majorana: ``alpha_D m beta^3/6``
    * pseudo-Dirac, masses m_chi and m_chi + delta, M their sum:
      ``(alpha_D/3) (p/m^4) (m^2 - delta^2) (2 m^2 + M^2)`` with
      ``p = sqrt((m^2 - M^2) (m^2 - delta^2))/(2 m)``; that of Dirac for delta = 0.

    Args:
        kind: of chi.
        alpha_d: ``g_D^2/(4 pi)``.
        m_chi_mev: mass of chi, of the lighter one for pseudo-Dirac, MeV.
        mass_mev: of the mediator, or sqrt(s) of a virtual one, MeV.
        splitting_mev: delta, of pseudo-Dirac only, MeV.

    Returns:
        MeV, of the common shape of the arguments.

    Raises:
        InputError: if `splitting_mev` is negative, or given for another kind.

    Examples:
        >>> round(float(chi_width_mev(ChiKind.SCALAR, 0.5, 10.0, 30.0)), 6)
        0.517608
        >>> round(float(chi_width_mev(ChiKind.DIRAC, 0.5, 10.0, 30.0)), 6)
        4.554953
    """
    if splitting_mev < 0.0 or (splitting_mev > 0.0 and kind is not ChiKind.PSEUDO_DIRAC):
        raise InputError(
            f"a splitting of {splitting_mev:g} MeV of {kind.value} chi: only the two states of "
            "pseudo-dirac differ in mass, the heavier by a positive splitting"
        )
    m, m_chi = np.asarray(mass_mev, dtype=float), np.asarray(m_chi_mev, dtype=float)
    alpha = np.asarray(alpha_d, dtype=float)
    x = (m_chi / m) ** 2
    beta = np.sqrt(np.maximum(1.0 - 4.0 * x, 0.0))
    if kind is ChiKind.SCALAR:
        found = alpha * m * beta**3 / 12.0
    elif kind is ChiKind.MAJORANA:
        found = alpha * m * beta**3 / 6.0
    elif kind is ChiKind.DIRAC:
        found = alpha * m / 3.0 * (1.0 + 2.0 * x) * beta
    else:
        both = 2.0 * m_chi + splitting_mev
        wide = m**2 - splitting_mev**2
        p = np.sqrt(np.maximum(m**2 - both**2, 0.0) * np.maximum(wide, 0.0)) / (2.0 * m)
        found = alpha / 3.0 * p / m**4 * wide * (2.0 * m**2 + both**2)
    out: Array = np.asarray(found)
    return out


def lepton_width_mev(epsilon: float, m_lepton_mev: float, mass_mev: ArrayLike) -> Array:
    """``(alpha eps^2 m/3) (1 + 2 m_l^2/m^2) sqrt(1 - 4 m_l^2/m^2)``, zero where closed.

    Args:
        epsilon: kinetic mixing.
        m_lepton_mev: of the lepton, MeV.
        mass_mev: of the mediator, MeV; any shape.

    Examples:
        >>> f"{float(lepton_width_mev(1e-3, 0.511, 30.0)):.4e}"
        '7.2973e-08'
    """
    # a lepton is to the photon what a Dirac chi is to its mediator
    return chi_width_mev(ChiKind.DIRAC, ALPHA * epsilon**2, m_lepton_mev, mass_mev)


def visible_width_mev(portal: Portal, alpha_visible: float, mass_mev: ArrayLike) -> Array:
    """Width to all of the Standard Model: ``alpha_visible m/3`` times the open channels.

    Args:
        portal: of the mediator.
        alpha_visible: ``alpha eps^2`` for kinetic mixing, ``alpha_B`` for the baryon current.
        mass_mev: MeV; any shape.
    """
    m = np.asarray(mass_mev, dtype=float)
    found: Array = alpha_visible * m / 3.0 * portal.channels(m**2)
    return found


def mediator_width_mev(
    kind: ChiKind,
    portal: Portal,
    alpha_d: float,
    alpha_visible: float,
    m_chi_mev: float,
    mass_mev: ArrayLike,
) -> Array:
    """Total width: chi and the Standard Model; arguments as in the two above."""
    dark = chi_width_mev(kind, alpha_d, m_chi_mev, mass_mev)
    found: Array = dark + visible_width_mev(portal, alpha_visible, mass_mev)
    return found
