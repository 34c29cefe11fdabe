"""Annihilation of two chi through one mediator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.constants import M_ELECTRON_MEV
from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import Leptophobic, Portal, checked_alpha
from cevns.dark_sector.hadrons.hadron_ratio import threshold_pion_photon_mev
from cevns.dark_sector.widths import chi_width_mev, mediator_width_mev, visible_width_mev
from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.typing import Array, ArrayLike

__all__ = ["Annihilation"]

_HEAVIEST_MEV: Final = 1500.0
_ON_RESONANCE: Final = 1e-3


@dataclass(frozen=True)
class Annihilation:
    """Two chi of one kind and mass, and the mediator through which they annihilate.

    A pair of chi and a pair of leptons or hadrons are two decay modes of the virtual mediator, of
    spin one. So the cross section is that of Breit and Wigner at any s,

        sigma = (12 pi/(g^2 p^2)) S s Gamma_chi(s) Gamma_SM(s) / ((s - m_V^2)^2 + m_V^2 Gamma_V^2)

    with ``p^2 = s/4 - m_chi^2``, g the spin states of one chi and S = 2 for two chi that are the
    same particle. For the vector portal this is ``(4 pi/3) alpha alpha_D eps^2 s K [...]/(beta
    ...)`` with ``K = beta^2`` of scalar and Majorana, ``1 + 2 m_chi^2/s`` of Dirac chi. The two
    states of pseudo-Dirac chi have equal masses here.

    Args:
        kind: of chi.
        portal: of the mediator.
        m_chi_mev: mass of chi, MeV.
        m_v_mev: mass of the mediator, MeV.
        alpha_d: ``g_D^2/(4 pi)`` of chi.

    Raises:
        InputError: if a mass is not positive; if the mediator is not heavier than chi, on the
            resonance within one part in a thousand, or chi outside the masses where it annihilates
            to what is described here; if the coupling is above one.

    Examples:
        >>> from cevns.dark_sector import VectorPortal
        >>> light = Annihilation(ChiKind.SCALAR, VectorPortal(), 10.0, 30.0, 0.5)
        >>> f"{float(light.cross_section_mev2(500.0, 7.3e-11)):.3e}"
        '2.133e-13'
    """

    kind: ChiKind
    portal: Portal
    m_chi_mev: float
    m_v_mev: float
    alpha_d: float

    def __post_init__(self) -> None:
        m_chi = positive("m_chi in MeV", self.m_chi_mev)
        m_v = positive("m_v in MeV", self.m_v_mev)
        checked_alpha("alpha_d", self.alpha_d)
        if m_v <= m_chi:
            raise InputError(
                f"m_v = {m_v:g} MeV is not above m_chi = {m_chi:g} MeV: two chi then annihilate "
                "to two mediators, and the abundance no longer depends on the coupling to the "
                "Standard Model; use a heavier mediator"
            )
        if abs(m_v / (2.0 * m_chi) - 1.0) < _ON_RESONANCE:
            raise InputError(
                f"m_v = {m_v:g} MeV is twice m_chi = {m_chi:g} MeV: chi at rest annihilates on the "
                "resonance, and the abundance depends on when chi leaves thermal equilibrium with "
                f"leptons, which is not computed; keep m_v/(2 m_chi) {_ON_RESONANCE:g} away from 1"
            )
        least, made = M_ELECTRON_MEV, "electrons"
        if isinstance(self.portal, Leptophobic):
            least, made = threshold_pion_photon_mev() / 2.0, "pi0 gamma, the lightest hadrons"
        if m_chi <= least:
            raise InputError(
                f"m_chi = {m_chi:g} MeV: no annihilation channel is open at tree level "
                f"for chi of the {self.portal.name} portal below {least:.4g} MeV, where a "
                f"pair makes {made}; the model has no couplings for this; use a heavier "
                "chi"
            )
        if m_chi > _HEAVIEST_MEV:
            raise InputError(
                f"m_chi = {m_chi:g} MeV: hadrons are described up to 3 GeV, that is for chi up to "
                f"{_HEAVIEST_MEV:g} MeV; take a lighter chi"
            )

    @property
    def ratio(self) -> float:
        """``R = m_V/m_chi``."""
        return self.m_v_mev / self.m_chi_mev

    def width_mev(self, alpha_visible: float) -> float:
        """Total width of the mediator on its shell."""
        return float(
            mediator_width_mev(
                self.kind, self.portal, self.alpha_d, alpha_visible, self.m_chi_mev, self.m_v_mev
            )
        )

    def flux_times_section(
        self, s_mev2: ArrayLike, alpha_visible: float, from_pole_mev2: ArrayLike | None = None
    ) -> Array:
        """``(s - 4 m_chi^2) sigma``, without unit, finite at the threshold.

        Args:
            s_mev2: squared energy, MeV^2; any shape.
            alpha_visible: strength of the portal, see `Portal`.
            from_pole_mev2: ``s - m_V^2``, where it is known better than by the difference, as it
                must be for a narrow mediator.
        """
        s = np.asarray(s_mev2, dtype=float)
        off = s - self.m_v_mev**2 if from_pole_mev2 is None else np.asarray(from_pole_mev2)
        root = np.sqrt(s)
        same = self.kind.is_own_antiparticle
        spins = 1 if self.kind is ChiKind.SCALAR else 2
        into = chi_width_mev(self.kind, self.alpha_d, self.m_chi_mev, root)
        out = visible_width_mev(self.portal, alpha_visible, root)
        width = self.width_mev(alpha_visible)
        pole = off**2 + (self.m_v_mev * width) ** 2
        found: Array = 48.0 * np.pi * (1 + same) / spins**2 * s * into * out / pole
        return found

    def two_mediators_mev2(self, x: float) -> float:
        """Order of magnitude of ``<sigma v>`` of chi chi -> V V in the thermal tail, MeV^-2.

        Detailed balance with ``pi alpha_D^2/m_chi^2`` of the reverse, ``(n_V/n_chi)^2`` in
        equilibrium (D'Agnolo and Ruderman, arXiv:1505.07107 [M]). It tells where one mediator is
        not all.

        Args:
            x: m_chi/T.
        """
        from scipy.special import kve

        ratio, spins = self.ratio, 1 if self.kind is ChiKind.SCALAR else 2
        grown = 3.0 / spins * ratio**2 * kve(2, ratio * x) / kve(2, x)
        share = float(grown * np.exp(-(ratio - 1.0) * x))
        return np.pi * (self.alpha_d * share / self.m_chi_mev) ** 2

    def cross_section_mev2(self, s_mev2: ArrayLike, alpha_visible: float) -> Array:
        """Of a pair above its threshold, MeV^-2; times (hbar c)^2 it is in cm2.

        Args:
            s_mev2: squared energy, MeV^2, above ``4 m_chi^2``; any shape.
            alpha_visible: strength of the portal, see `Portal`.
        """
        s = np.asarray(s_mev2, dtype=float)
        found: Array = self.flux_times_section(s, alpha_visible) / (s - 4.0 * self.m_chi_mev**2)
        return found
