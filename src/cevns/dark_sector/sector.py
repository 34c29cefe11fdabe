"""A dark sector: the mediator, the particle it decays to, and their coupling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import checked_alpha
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive

__all__ = ["Chi", "ClosedDecayError", "DarkSector", "Portal"]

Portal = Literal["vector", "leptophobic"]
Chi = Literal["scalar", "dirac", "majorana", "pseudo-dirac"]
"""The values of `ChiKind`."""


class ClosedDecayError(InputError):
    """Nothing in a source makes a pair of chi: none arrive, whatever the coupling."""


@dataclass(frozen=True)
class DarkSector:
    r"""A vector mediator V and the dark-matter particle chi that it couples to.

    .. math:: \mathcal L = \epsilon e V_\mu J^\mu_{em} + g_D V_\mu J^\mu_\chi, \qquad
              \alpha_D = g_D^2/4\pi

    in the vector portal; :math:`g_B V_\mu J^\mu_B + g_\chi V_\mu J^\mu_\chi` in the leptophobic
    one, where `alpha_d` is :math:`\alpha_\chi = g_\chi^2/4\pi`, independent of alpha_B. The
    coupling to ordinary matter is no part of it: production and scattering are proportional to it.

    Args:
        portal: ``vector`` (kinetic mixing) or ``leptophobic`` (baryon number).
        chi: ``scalar`` (complex), ``dirac``, ``majorana`` or ``pseudo-dirac``.
        m_chi_mev: mass of chi, of the lighter of two states, MeV.
        m_v_mev: mass of the mediator, MeV.
        alpha_d: coupling of the mediator to chi, at most 1.
        splitting_mev: mass of the heavier state of a pseudo-Dirac chi above the lighter, MeV.

    Raises:
        InputError: if a mass or coupling is not positive, the coupling is not perturbative, or
            another chi than pseudo-Dirac has a splitting.
        UnknownNameError: if there is no such portal or chi.

    Examples:
        >>> sector = DarkSector("vector", "scalar", m_chi_mev=10.0, m_v_mev=30.0, alpha_d=0.5)
        >>> sector.pair_mev
        20.0
    """

    portal: Portal
    chi: Chi
    m_chi_mev: float
    m_v_mev: float
    alpha_d: float
    splitting_mev: float = 0.0

    def __post_init__(self) -> None:
        if self.portal not in get_args(Portal):
            raise UnknownNameError("portal", self.portal, get_args(Portal))
        ChiKind.of(self.chi)
        positive("m_chi in MeV", self.m_chi_mev)
        positive("m_v in MeV", self.m_v_mev)
        checked_alpha("alpha_d", self.alpha_d)
        split = positive("splitting of chi in MeV", self.splitting_mev, zero=True)
        if split and self.chi != "pseudo-dirac":
            raise InputError(f"a {self.chi} chi has no splitting; omit it or use pseudo-dirac")

    @property
    def kind(self) -> ChiKind:
        """The kind of chi."""
        return ChiKind.of(self.chi)

    @property
    def pair_mev(self) -> float:
        """Smallest mass of a pair that the mediator can make, MeV."""
        return 2.0 * self.m_chi_mev + self.splitting_mev
