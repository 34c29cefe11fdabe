"""Portals between the mediator and the Standard Model, and the parameters that name a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

import numpy as np

from cevns.constants import ALPHA, M_ELECTRON_MEV, M_MUON_MEV, M_PION_MEV, M_TAU_MEV
from cevns.dark_sector.hadrons.hadron_ratio import (
    baryon_hadron_ratio,
    hadron_ratio,
    threshold_pion_photon_mev,
)
from cevns.dark_sector.hadrons.three_pions import M_PI0_MEV
from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.typing import Array, ArrayLike

__all__ = [
    "LARGEST_ALPHA",
    "Leptophobic",
    "Portal",
    "VectorPortal",
    "checked_alpha",
    "epsilon_of",
    "y_dm_of",
]

LARGEST_ALPHA: Final = 1.0
"""Of ``g^2/(4 pi)`` up to which one mediator between two currents is a good approximation."""
_LEPTONS_MEV: Final = (M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV)


def checked_alpha(name: str, value: float) -> float:
    """`value` if it is positive and at most one.

    Raises:
        InputError: otherwise.

    Examples:
        >>> checked_alpha("alpha_d", 12.0)
        Traceback (most recent call last):
            ...
        cevns.exceptions.InputError: alpha_d is 12, above 1, where the exchange of one mediator is \
not a valid approximation; use a smaller value
    """
    number = positive(name, value)
    if number > LARGEST_ALPHA:
        raise InputError(
            f"{name} is {number:g}, above {LARGEST_ALPHA:g}, where the exchange of "
            "one mediator is not a valid approximation; use a smaller value"
        )
    return number


def y_dm_of(
    epsilon: ArrayLike, alpha_d: ArrayLike, m_chi_mev: ArrayLike, m_v_mev: ArrayLike
) -> Array:
    """``Y = eps^2 alpha_D (m_chi/m_V)^4``, elementwise (Izaguirre et al., arXiv:1505.00011 [M]).

    Args:
        epsilon: kinetic mixing.
        alpha_d: ``g_D^2/(4 pi)``.
        m_chi_mev: MeV.
        m_v_mev: MeV.

    Examples:
        >>> f"{float(y_dm_of(1e-4, 0.5, 10.0, 30.0)):.4e}"
        '6.1728e-11'
    """
    ratio = np.asarray(m_chi_mev, dtype=float) / np.asarray(m_v_mev, dtype=float)
    found: Array = np.asarray(epsilon, dtype=float) ** 2 * np.asarray(alpha_d) * ratio**4
    return found


def epsilon_of(
    y_dm: ArrayLike, alpha_d: ArrayLike, m_chi_mev: ArrayLike, m_v_mev: ArrayLike
) -> Array:
    """The kinetic mixing that belongs to Y: the inverse of `y_dm_of`.

    Examples:
        >>> f"{float(epsilon_of(6.1728e-11, 0.5, 10.0, 30.0)):.4e}"
        '1.0000e-04'
    """
    ratio = np.asarray(m_v_mev, dtype=float) / np.asarray(m_chi_mev, dtype=float)
    found: Array = np.sqrt(np.asarray(y_dm, dtype=float) / np.asarray(alpha_d)) * ratio**2
    return found


class Portal(Protocol):
    """How the mediator couples to the Standard Model.

    Its partial widths are ``alpha_visible m/3`` times `channels`, the sum over what it decays to in
    units of massless leptons of unit charge.
    """

    name: ClassVar[str]
    coupling: ClassVar[str]

    def alpha_visible(self, coupling: float) -> float:
        """What the parameter named `coupling` makes of the strength."""
        ...

    def coupling_of(self, alpha_visible: float) -> float:
        """The inverse."""
        ...

    def channels(self, s_mev2: ArrayLike) -> Array:
        """Open final states at a squared energy, of its shape."""
        ...

    @property
    def thresholds_mev(self) -> tuple[float, ...]:
        """Energies at which `channels` jumps, bends or peaks, MeV, ascending."""
        ...


_THREE_PIONS_MEV: Final = 2.0 * M_PION_MEV + M_PI0_MEV
_MESONS: Final = (775.65, 782.66, 987.354, 1019.461, 1100.0)


@dataclass(frozen=True)
class VectorPortal:
    """Kinetic mixing: ``eps e V J_em``; ``alpha_visible = alpha eps^2``.

    Examples:
        >>> round(float(VectorPortal().channels(100.0**2)), 9)
        0.999999996
    """

    name: ClassVar[str] = "dark-photon"
    coupling: ClassVar[str] = "epsilon"

    def alpha_visible(self, coupling: float) -> float:
        """``alpha eps^2``."""
        return ALPHA * coupling**2

    def coupling_of(self, alpha_visible: float) -> float:
        """The kinetic mixing."""
        return float(np.sqrt(alpha_visible / ALPHA))

    def channels(self, s_mev2: ArrayLike) -> Array:
        """Leptons, ``beta_l (1 + 2 m_l^2/s)`` each, and R(s)."""
        s = np.asarray(s_mev2, dtype=float)
        total = hadron_ratio(s)
        for mass in _LEPTONS_MEV:
            x = np.minimum(mass**2 / s, 0.25)
            total = total + (1.0 + 2.0 * x) * np.sqrt(1.0 - 4.0 * x)
        found: Array = total
        return found

    @property
    def thresholds_mev(self) -> tuple[float, ...]:
        """Pairs of leptons and pions, mesons, the begin of the continuum."""
        pairs = [2.0 * m for m in (*_LEPTONS_MEV, M_PION_MEV)]
        return tuple(sorted([*pairs, _THREE_PIONS_MEV, *_MESONS]))


@dataclass(frozen=True)
class Leptophobic:
    """The baryon current: ``g_B V J_B``, no kinetic mixing; ``alpha_visible = alpha_B``.

    Examples:
        >>> float(Leptophobic().channels(100.0**2))
        0.0
    """

    name: ClassVar[str] = "leptophobic"
    coupling: ClassVar[str] = "alpha_b"

    def alpha_visible(self, coupling: float) -> float:
        """``alpha_B`` itself."""
        return coupling

    def coupling_of(self, alpha_visible: float) -> float:
        """``alpha_B`` itself."""
        return alpha_visible

    def channels(self, s_mev2: ArrayLike) -> Array:
        """Hadrons without those of isospin one, pi0 gamma below three pions."""
        return baryon_hadron_ratio(s_mev2)

    @property
    def thresholds_mev(self) -> tuple[float, ...]:
        """pi0 gamma, three pions, mesons, the begin of the continuum."""
        return (threshold_pion_photon_mev(), _THREE_PIONS_MEV, *_MESONS)
