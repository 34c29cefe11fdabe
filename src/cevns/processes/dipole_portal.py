r"""The dipole portal: photon exchange converts a neutrino into a heavy neutral lepton N.

    L = (mu_a/2) Nbar sigma^{kl} P_L nu_a F_kl + h.c.,      nu_a + A -> N + A,   nu_a + e -> N + e

With r_e = alpha/m_e, the mass m4 of N and the mass M of the recoiling particle,

    d(sigma)/dT = pi r_e^2 (mu/mu_B)^2 Z^2 F_p^2 { 1/T - 1/E + T/(4 E^2)
        - m4^2/(2 E T M) [1 - T/(4 E) + M/(2 E)] - m4^4/(8 M E^2 T^2) },          a nucleus
    d(sigma)/dT = pi r_e^2 (mu/mu_B)^2 { 1/T - 1/E
        - m4^2/(2 E T M) [1 - T/(2 E) + M/(2 E)] + m4^4 (T - M)/(8 E^2 T^2 M^2) },  an electron

with spins 0 and 1/2 (the second: arXiv:1803.03262 and 1811.12435, from memory; both follow from the
traces, which the tests compute with matrices; they differ by T/M). At m4 = 0 they are those of
`magnetic_moment`. There is no interference with the weak amplitude. The kinematics are those of
`Upscattering`: N needs E > m4 + m4^2/(2 M), and its recoils have a smallest energy, near
m4^4/(8 M E^2).

**Conventions.** mu is a moment in Bohr magnetons, for a Dirac N. Much of the literature writes
L = d nubar sigma F N without the half: mu = 2 d, and 1 mu_B = 296.3/GeV. A Majorana N gives the
same rate at these energies.

**Not included: the decay** N -> nu gamma. Its photon is a second signal where N decays in the
detector, gamma c tau = 16 pi E/(mu^2 m4^4) for E >> m4, and N that decay on their way from rock or
shielding would add a third. Neither is counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.framework.kinematics import Upscattering
from cevns.processes.framework.terms import Term
from cevns.processes.magnetic_moment import PREFACTOR_CM2, UNIT_MU_B
from cevns.typing import Array

__all__ = ["MODEL", "PER_GEV_IN_MU_B", "DipolePortal"]

CITE = ("arXiv:1803.03262", "arXiv:1811.12435")

PER_GEV_IN_MU_B: Final = 2.0 / 296.3
"""mu in Bohr magnetons of d = 1/GeV, by mu = 2 d."""
_HEAVIEST_MEV = 1e3
_NATURAL_MEV: Final = (0.1, 40.0)
"""To where stopped pions have neutrinos enough above the threshold."""
_NATURAL: Final = (0.3, 3e3)
_FROZEN_KEV = 1e-9


@dataclass(frozen=True)
class _Photon:
    """The braces, by powers of 1/E, for one unit squared, cm2/keV MeV^k, ``(3, nT)``."""

    m4_mev: float
    spin_half: bool

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        t = 1e-3 * np.maximum(np.asarray(recoil_energy_kev, dtype=float), _FROZEN_KEV)
        m, m4 = target.mass_mev, self.m4_mev**2
        once = -1.0 - m4 / (2.0 * t * m)
        twice = -m4 / (4.0 * t) - m4**2 / (8.0 * m * t * t)
        if self.spin_half:
            twice = twice + m4 / (4.0 * m) + m4**2 / (8.0 * m * m * t)
        else:
            twice = twice + m4 / (8.0 * m) + 0.25 * t
        result: Array = 1e-3 * PREFACTOR_CM2 * UNIT_MU_B**2 * np.stack([1.0 / t, once, twice])
        return result


@dataclass(frozen=True)
class DipolePortal(Extension):
    """Upscattering to a heavy neutral lepton by a photon; structure ``m4``.

    Parameters, in units of 1e-10 mu_B: ``dipole_e``, ``dipole_mu``, ``dipole_tau``, the moments of
    nu_a and N, and ``dipole``, common to all; they add in quadrature, so one kind has to be zero.
    Only squares appear, so the derivative vanishes at zero and a fit must start elsewhere.

    Args:
        m4: mass of the heavy neutral lepton, MeV, from 0 to 1000.

    Raises:
        InputError: if the mass is out of range.

    Examples:
        >>> from cevns.processes import interaction, total_cross_section
        >>> def made(m4_mev, energy_mev):
        ...     options = {"interaction": interaction("dipole-portal", m4=m4_mev)}
        ...     sm = total_cross_section("Cs133", energy_mev, "nu_e", **options)
        ...     moment = {"dipole_e": 100.0}
        ...     new = total_cross_section("Cs133", energy_mev, "nu_e", values=moment, **options)
        ...     return float(new - sm)
        >>> [f"{made(m4, 30.0):.2e}" for m4 in (5.0, 20.0)], made(31.0, 30.0)
        (['6.19e-37', '1.70e-37'], 0.0)
    """

    m4: float = 10.0
    name: str = field(default="dipole-portal", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "m4", float(self.m4))
        _ = self.structure  # raises where the mass is out of bounds

    @property
    def parameters(self) -> Parameters:
        """``dipole_{e,mu,tau}`` and ``dipole``, 1e-10 mu_B."""
        names = {
            f"dipole_{a}": f"moment between nu_{a} and a heavy neutral lepton" for a in LEPTONS
        }
        names["dipole"] = "moment between a heavy neutral lepton and all flavours"
        return Parameters(
            bounded(
                name, text, unit="1e-10 mu_B", reach=(0.0, math.inf), typical=10.0, natural=_NATURAL
            )
            for name, text in names.items()
        )

    @property
    def structure(self) -> Parameters:
        """``m4``, MeV."""
        return Parameters(
            [
                Parameter(
                    "m4", self.m4, unit="MeV", lower=0.0, upper=_HEAVIEST_MEV, fixed=True,
                    shared=True, description="mass of the heavy neutral lepton",
                    natural=_NATURAL_MEV,
                )
            ]
        )  # fmt: skip

    @property
    def terms(self) -> tuple[Term, ...]:
        """One, of the protons."""
        return (self._term("dipole", spin_half=False),)

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Z^2 mu^2, in units of 1e-20 mu_B^2."""
        return (nuclide.z**2 * self._square(flavour, values),)

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """One."""
        return (self._term("dipole", spin_half=True),)

    def electron_weights(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """mu^2, in units of 1e-20 mu_B^2."""
        return (self._square(flavour, values),)

    def _term(self, name: str, *, spin_half: bool) -> Term:
        shape, heavy = _Photon(self.m4, spin_half), Upscattering(self.m4)
        return Term(name, () if spin_half else ("p", "p"), shape, kinematics=heavy)

    def _square(self, flavour: str, values: Mapping[str, Any]) -> Any:
        own, common = self.value(values, f"dipole_{lepton(flavour)}"), self.value(values, "dipole")
        return own * own + common * common


MODEL = DipolePortal
