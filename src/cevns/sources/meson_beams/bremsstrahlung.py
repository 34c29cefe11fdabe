r"""Mediators that protons radiate, in the Fermi-Weizsaecker-Williams approximation.

With z the longitudinal momentum of V over that of the proton and p_T its transverse momentum,

.. math:: \frac{d^2N}{dz\,dp_T^2} = n_b\, \epsilon^2 |F(m_V^2)|^2 \frac{\alpha}{2\pi H} \Big\{
   \frac{1+(1-z)^2}{z} - 2z(1-z)\Big[\frac{2m_p^2+m_V^2}{H} - \frac{2z^2m_p^4}{H^2}\Big]
   + 2z(1-z)[z+(1-z)^2]\frac{m_p^2m_V^2}{H^2} + 2z(1-z)^2\frac{m_V^4}{H^2} \Big\}

per proton, H = p_T^2 + (1-z) m_V^2 + z^2 m_p^2 (Blümlein and Brunner, arXiv:1311.3870, as in
arXiv:1609.01770; n_b = 1 is the textbook form [M], BdNMC has 1/4). The approximation wants energies
far above m_p, m_V and p_T. At 1 GeV it has none of this, the cuts in z and p_T set the answer, and
a number of events from it is good to a factor of two at best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.constants import ALPHA, M_PROTON_MEV
from cevns.dark_sector.sector import DarkSector
from cevns.exceptions import UnknownNameError
from cevns.sources.meson_beams.flux_matrix import FluxCurve, energy_grid, highest_energy
from cevns.sources.meson_beams.meson_sample import MesonSample, sobol_points, turned
from cevns.typing import Array

__all__ = [
    "BAND",
    "CITE",
    "FORM_FACTORS",
    "PRESETS",
    "BremsstrahlungCuts",
    "bremsstrahlung_curve",
    "cuts_of",
    "form_factor_squared",
    "radiated",
]

CITE = ("arXiv:1311.3870", "arXiv:1609.01770", "arXiv:0910.5589")

BAND: Final = 2.0
"""Factor by which a number of events from this model may be wrong either way."""
_POINTS: Final = 32768
_SMOOTHING: Final = 0.05


@dataclass(frozen=True)
class BremsstrahlungCuts:
    """A named choice of the normalisation n_b and the cuts.

    Args:
        name: of the choice.
        normalisation: n_b.
        z_low: smallest z.
        z_high: largest z.
        pt_mev: largest p_T, MeV.
    """

    name: str
    normalisation: float
    z_low: float
    z_high: float
    pt_mev: float

    @property
    def description(self) -> str:
        """The cuts, for tables of results."""
        return (
            f"{self.name}: n_b = {self.normalisation:g}, z {self.z_low:g}-{self.z_high:g}, "
            f"pT < {self.pt_mev:g} MeV; events within a factor {BAND:g}"
        )


PRESETS: Final = {
    cuts.name: cuts
    for cuts in (
        BremsstrahlungCuts("coherent-like", 0.25, 0.02, 0.99, 1000.0),
        BremsstrahlungCuts("soft", 1.0, 0.01, 0.99, 1000.0),
        BremsstrahlungCuts("medium", 1.0, 0.05, 0.99, 1000.0),
        BremsstrahlungCuts("hard", 1.0, 0.1, 0.95, 1000.0),
        BremsstrahlungCuts("hard-collinear", 1.0, 0.1, 0.95, 600.0),
        BremsstrahlungCuts("collinear", 1.0, 0.2, 0.8, 200.0),
    )
}
"""``coherent-like`` follows the published limit of COHERENT's CsI detector above 25 MeV; its cut at
small z was chosen by that comparison, so that a result with it is no independent confirmation."""

_ISOVECTOR: Final = ((0.61653, 770.0, 150.0), (0.22320, 1250.0, 300.0), (-0.33974, 1450.0, 500.0))
_ISOSCALAR: Final = ((1.01175, 770.0, 8.5), (-0.88166, 1250.0, 300.0), (0.36990, 1450.0, 500.0))
FORM_FACTORS: Final = {
    "resonances": (_ISOVECTOR, _ISOSCALAR),
    "vector-dominance": (((0.5, 775.26, 147.4),), ((0.5, 782.66, 8.68),)),
}
"""Shares, masses and widths (MeV) of resonances in the time-like form factor of the proton,
isovector and isoscalar: three of each (Faessler et al., arXiv:0910.5589, as in BdNMC), or rho and
omega alone."""


def cuts_of(name: str) -> BremsstrahlungCuts:
    """The preset of a name.

    Raises:
        UnknownNameError: if there is none.
    """
    if name not in PRESETS:
        raise UnknownNameError("bremsstrahlung", name, ("none", *PRESETS))
    return PRESETS[name]


def form_factor_squared(name: str, mass_mev: float, *, baryonic: bool = False) -> float:
    r"""|F(m_V^2)|^2 with :math:`F = \sum f_i m_i^2/(m_i^2 - s - i m_i \Gamma_i)`, one at s = 0.

    Args:
        name: of `FORM_FACTORS`.
        mass_mev: of the mediator, MeV.
        baryonic: for the baryon current: twice the isoscalar part, again one at s = 0.

    Raises:
        UnknownNameError: if there is no such form factor.

    Examples:
        >>> round(form_factor_squared("resonances", 300.0), 2)
        1.57
        >>> round(form_factor_squared("vector-dominance", 300.0), 2)
        1.33
    """
    if name not in FORM_FACTORS:
        raise UnknownNameError("form factor of bremsstrahlung", name, FORM_FACTORS)
    isovector, isoscalar = FORM_FACTORS[name]
    terms = isoscalar if baryonic else (*isovector, *isoscalar)
    s = mass_mev**2
    amplitude = sum(f * m**2 / complex(m**2 - s, -m * g) for f, m, g in terms)
    return float(abs((2.0 if baryonic else 1.0) * amplitude) ** 2)


def radiated(
    cuts: BremsstrahlungCuts,
    form_factor: str,
    sector: DarkSector,
    proton_mev: float,
    angle_deg: float = 0.0,
    count: int = _POINTS,
) -> MesonSample:
    """Mediators per proton at unit coupling, as seen at an angle to the beam.

    Those of more energy than the proton's kinetic energy are left out. The sum of the weights is
    the number of mediators.

    Args:
        cuts: in z and p_T, and the normalisation.
        form_factor: of `FORM_FACTORS`.
        sector: mass and portal of the mediator.
        proton_mev: kinetic energy of the beam, MeV.
        angle_deg: of the detector.
        count: of the points, a power of two.
    """
    m2, p2 = sector.m_v_mev**2, M_PROTON_MEV**2
    beam = np.sqrt(proton_mev * (proton_mev + 2.0 * M_PROTON_MEV))
    uniform = sobol_points(3, count)
    # soft and collinear mediators are frequent: steps are equal in ln z and in ln H
    span = np.log(cuts.z_high / cuts.z_low)
    z = cuts.z_low * np.exp(span * uniform[0])
    least = (1.0 - z) * m2 + z**2 * p2
    reach = np.log1p(cuts.pt_mev**2 / least)
    h = least * np.exp(reach * uniform[1])
    pt2 = h - least
    split = 2.0 * z * (1.0 - z)
    bracket = (
        (1.0 + (1.0 - z) ** 2) / z
        - split * ((2.0 * p2 + m2) / h - 2.0 * z**2 * p2**2 / h**2)
        + split * (z + (1.0 - z) ** 2) * p2 * m2 / h**2
        + split * (1.0 - z) * m2**2 / h**2
    )
    squared = form_factor_squared(
        form_factor, sector.m_v_mev, baryonic=sector.portal == "leptophobic"
    )
    size = cuts.normalisation * squared * ALPHA / (2.0 * np.pi * count)
    energy = np.sqrt((z * beam) ** 2 + pt2 + m2)
    weight = size * bracket * z * span * reach * (energy < proton_mev)
    momentum = np.sqrt((energy - sector.m_v_mev) * (energy + sector.m_v_mev))
    cosine = z * beam / momentum
    return MesonSample(
        gamma=energy / sector.m_v_mev,
        momentum=momentum / sector.m_v_mev,
        cosine=turned(cosine, np.pi * uniform[2], angle_deg),
        weight=weight,
    )


def bremsstrahlung_curve(sample: MesonSample, sector: DarkSector) -> FluxCurve:
    """dN/(dE dOmega) of both chi of each mediator, per proton, MeV and sr.

    The mediator decays isotropically: its polarisation is no part of the approximation. In its
    frame chi has the one energy m_V/2, spread here over a triangle of 5 % half width, which keeps
    the mean. Rates at 90 degrees are exact to 5e-3, below m_chi = 25 MeV, where few mediators
    send anything there, to 3e-2.
    """
    m_chi, middle = sector.m_chi_mev, 0.5 * sector.m_v_mev
    half = min(_SMOOTHING * middle, 0.5 * (middle - m_chi))
    energies = energy_grid(m_chi, highest_energy(sample, m_chi, middle + half))
    along, weight = sample.momentum * sample.cosine, 2.0 * sample.weight / (4.0 * np.pi)
    values = np.zeros(energies.size)
    for j, energy in enumerate(energies):
        momentum = np.sqrt((energy - m_chi) * (energy + m_chi))
        rest = sample.gamma * energy - along * momentum
        here = np.abs(rest - middle) < half
        near: Array = rest[here]
        density = (1.0 - np.abs(near - middle) / half) / half
        values[j] = (weight[here] * density / np.sqrt((near - m_chi) * (near + m_chi))).sum()
    return FluxCurve(m_chi, float(energies[-1]), values)
