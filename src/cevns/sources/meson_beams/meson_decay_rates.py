r"""pi0 and eta to a photon and a pair of chi, through a mediator on and off its shell.

One formula holds for all masses of the mediator,

.. math:: \frac{dB}{ds} = B_{2\gamma}\, 2\epsilon^2 \Big(1 - \frac{s}{M^2}\Big)^3
          \frac{\sqrt s\,\Gamma_\chi(\sqrt s)/\pi}{(s - m_V^2)^2 + m_V^2 \Gamma_V^2},
          \qquad 4 m_\chi^2 < s < M^2

(deNiverville et al., arXiv:1609.01770, with the width of any chi). Everything here is at unit
coupling, eps = 1 in the vector portal and alpha_B = alpha in the leptophobic one, where the
mediator decays to chi alone: the width to ordinary matter, proportional to eps^2 alpha, is left
out.

The width in the denominator is that at m_V, as in the papers, or the running one,
sqrt(s) Gamma(sqrt(s)), which a sum of loops has. They agree to 1 % for scalar and Majorana chi. For
Dirac chi, whose width opens steeply, they differ by 2 % at (m_V, m_chi) = (30, 10) MeV and 12 % at
(120, 40); within 1 to 2 % of m_V = 2 m_chi the constant width gives up to ten times too much, as
it vanishes there, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.dark_sector import chi_width_mev
from cevns.dark_sector.sector import ClosedDecayError, DarkSector
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = [
    "ETA",
    "PI0",
    "Parent",
    "Virtuality",
    "angular_shape",
    "check_open",
    "is_open",
    "narrow_branching",
    "virtuality",
    "width_mev",
]

_NODES: Final = 200
_MOST_OFF: Final = 1.25


@dataclass(frozen=True)
class Parent:
    """A meson that decays to two photons.

    Args:
        name: of the meson.
        mass_mev: MeV.
        two_photons: branching ratio to two photons (PDG).
        baryonic: amplitude for one photon and one mediator of the baryon current, relative to that
            of a dark photon with eps = sqrt(alpha_B/alpha). For pi0 the anomaly gives exactly one;
            for eta 0.61 (BdNMC), 0.5 to 0.6 in the quark model, an error of 20 %.
    """

    name: str
    mass_mev: float
    two_photons: float
    baryonic: float

    def strength(self, sector: DarkSector) -> float:
        """Factor of the rate at unit coupling."""
        return self.two_photons * (self.baryonic**2 if sector.portal == "leptophobic" else 1.0)


PI0: Final = Parent("pi0", 134.9768, 0.98823, 1.0)
ETA: Final = Parent("eta", 547.862, 0.3941, 0.61)


def width_mev(sector: DarkSector, mass_mev: ArrayLike) -> Array:
    """Width to chi of a mediator of any mass, MeV; zero below threshold."""
    mass = np.asarray(mass_mev, dtype=float)
    return chi_width_mev(sector.kind, sector.alpha_d, sector.m_chi_mev, mass, sector.splitting_mev)


def narrow_branching(sector: DarkSector, parent: Parent) -> float:
    """Branching ratio to a photon and a mediator of zero width, at unit coupling.

    Zero where the mediator is above the parent, or below a pair of chi.

    Examples:
        >>> sector = DarkSector("vector", "scalar", 10.0, 30.0, 0.5)
        >>> f"{1e-8 * narrow_branching(sector, PI0):.5e}"  # eps = 1e-4
        '1.69778e-08'
    """
    if not sector.pair_mev < sector.m_v_mev < parent.mass_mev:
        return 0.0
    return 2.0 * parent.strength(sector) * (1.0 - (sector.m_v_mev / parent.mass_mev) ** 2) ** 3


def is_open(sector: DarkSector, parent: Parent, *, off_shell: bool) -> bool:
    """Whether a meson decays to chi: a pair is lighter, and the mediator between unless virtual."""
    mediator = sector.pair_mev < sector.m_v_mev < parent.mass_mev
    return sector.pair_mev < parent.mass_mev and (off_shell or mediator)


def check_open(sector: DarkSector, parent: Parent, *, off_shell: bool) -> None:
    """Refuse a decay that is closed.

    Raises:
        ClosedDecayError: with the numbers, if it is.
    """
    if is_open(sector, parent, off_shell=off_shell):
        return
    if sector.pair_mev >= parent.mass_mev:
        raise ClosedDecayError(
            f"m_chi = {sector.m_chi_mev:g} MeV: a pair of {sector.pair_mev:g} MeV is "
            f"heavier than the {parent.name} of {parent.mass_mev:g} MeV, which "
            "therefore cannot decay to it; use a smaller m_chi, or a source with "
            "bremsstrahlung"
        )
    raise ClosedDecayError(
        f"m_v = {sector.m_v_mev:g} MeV does not lie between a pair of chi, "
        f"{sector.pair_mev:g} MeV, and the {parent.name}, {parent.mass_mev:g} MeV; take "
        "another m_v, or leave off_shell on"
    )


@dataclass(frozen=True)
class Virtuality:
    """Nodes in s, MeV^2, of the mass of the pair, with weights dB at unit coupling."""

    s_mev2: Array
    weight: Array

    @property
    def branching(self) -> float:
        """Their sum: decays to chi per parent at unit coupling."""
        return float(self.weight.sum())


def virtuality(
    sector: DarkSector, parent: Parent, *, off_shell: bool = True, running: bool = False
) -> Virtuality:
    """The distribution in s, by Gauss-Legendre quadrature in y with s = m_V^2 + W sinh y.

    W is the width of the resonance, m_V Gamma, or its distance from the range of s where that is
    larger. So one mapping resolves a resonance of any width and the tails beside it.

    Args:
        sector: of the mediator and chi.
        parent: the meson.
        off_shell: False for a mediator of zero width.
        running: True for a width that runs with s.

    Raises:
        InputError: if the decay is closed, or the constant width is no approximation.

    Examples:
        >>> sector = DarkSector("vector", "scalar", 10.0, 30.0, 0.5)
        >>> f"{1e-8 * virtuality(sector, PI0).branching:.5e}"  # eps = 1e-4
        '1.71530e-08'
    """
    check_open(sector, parent, off_shell=off_shell)
    low, high, pole = sector.pair_mev**2, parent.mass_mev**2, sector.m_v_mev**2
    if not off_shell:
        return Virtuality(np.array([pole]), np.array([narrow_branching(sector, parent)]))
    resonance = sector.m_v_mev * float(width_mev(sector, sector.m_v_mev))
    scale = max(resonance, low - pole, pole - high, 1e-12 * high)
    y, weight = np.polynomial.legendre.leggauss(_NODES)
    ends = np.arcsinh((np.array([low, high]) - pole) / scale)
    half = 0.5 * (ends[1] - ends[0])
    y = ends[0] + half * (y + 1.0)
    s = np.clip(pole + scale * np.sinh(y), low, high)
    at_s = np.sqrt(s) * width_mev(sector, np.sqrt(s))
    step = half * weight * scale * np.cosh(y)
    size = 2.0 * parent.strength(sector) / np.pi * (1.0 - s / high) ** 3 * at_s * step
    with_running = size / ((s - pole) ** 2 + at_s**2)
    if running:
        return Virtuality(s, with_running)
    found = Virtuality(s, size / ((s - pole) ** 2 + resonance**2))
    if found.branching > _MOST_OFF * with_running.sum():
        raise InputError(
            f"m_v = {sector.m_v_mev:g} MeV is so close to a pair of chi, "
            f"{sector.pair_mev:g} MeV, that a constant width of the mediator is not a "
            "valid approximation; set running_width: true, or use another mass"
        )
    return found


def angular_shape(sector: DarkSector, s_mev2: ArrayLike) -> tuple[Array, Array]:
    r"""The angle of chi in the frame of a transverse mediator: h(c) = a + b c^2.

    c is the cosine to the mediator's direction of flight, and the mean of h over c is one:
    (3/2)(1 - c^2) for a scalar, (3/4)(1 + c^2) for a Majorana chi and
    :math:`(2 - \beta^2 + \beta^2 c^2)/(2 - 2\beta^2/3)` for a Dirac chi.

    Args:
        sector: the kind of chi counts.
        s_mev2: mass squared of the pair.

    Returns:
        a and b, of the shape of `s_mev2`.
    """
    s = np.asarray(s_mev2, dtype=float)
    if sector.chi == "scalar":
        return np.full(s.shape, 1.5), np.full(s.shape, -1.5)
    if sector.chi == "majorana":
        return np.full(s.shape, 0.75), np.full(s.shape, 0.75)
    beta2 = np.maximum(1.0 - sector.pair_mev**2 / s, 0.0)
    norm = 2.0 - 2.0 * beta2 / 3.0
    return (2.0 - beta2) / norm, beta2 / norm
