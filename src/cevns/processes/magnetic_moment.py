"""Magnetic moments of neutrinos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.constants import ALPHA, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.framework.terms import Term
from cevns.typing import Array

__all__ = [
    "MODEL",
    "PREFACTOR_CM2",
    "UNIT_MU_B",
    "MagneticMoment",
    "electron_shape",
    "nuclear_shape",
]

CITE = ("vogel-engel-1989",)

UNIT_MU_B = 1e-10
"""Bohr magnetons per unit of the parameters."""
PREFACTOR_CM2 = math.pi * ALPHA**2 / M_ELECTRON_MEV**2 * HBARC2_MEV2_CM2
"""pi alpha^2/m_e^2 = 2.4947e-25 cm2 (pi r_e^2): d(sigma)/dlnT of one Bohr magneton, T << E."""
_FROZEN_KEV = 1e-9


def _photon(recoil_energy_kev: Array, quadratic: float) -> Array:
    """Prefactor times [1/T - 1/E + quadratic T/E^2], shape (3, nT), cm2/keV.

    1/T is kept finite below 1e-6 eV, which is below all thresholds.
    """
    t = 1e-3 * np.maximum(np.asarray(recoil_energy_kev, dtype=float), _FROZEN_KEV)
    scale = 1e-3 * PREFACTOR_CM2 * UNIT_MU_B**2
    return scale * np.stack([1.0 / t, -np.ones_like(t), quadratic * t])


def nuclear_shape(recoil_energy_kev: Array, target: Any) -> Array:
    """A proton's share at a spinless nucleus, for one unit squared; Z^2 F_p^2 multiplies it."""
    _ = target
    return _photon(recoil_energy_kev, 0.25)


def electron_shape(recoil_energy_kev: Array, target: Any) -> Array:
    """At a free electron, for one unit squared."""
    _ = target
    return _photon(recoil_energy_kev, 0.0)


_NUCLEUS = (Term("magnetic", ("p", "p"), nuclear_shape),)
_ELECTRON = (Term("magnetic", (), electron_shape),)


@dataclass(frozen=True)
class MagneticMoment(Extension):
    r"""Scattering of the photon on a magnetic moment mu, added to the Standard Model::

        d(sigma)/dT = pi alpha^2/m_e^2 (mu/mu_B)^2 Z^2 F_p^2 [1/T - 1/E + T/(4 E^2)],   nucleus
        d(sigma)/dT = pi alpha^2/m_e^2 (mu/mu_B)^2 [1/T - 1/E],                         electron

    (Vogel and Engel, PRD 39 (1989) 3378, for spins 0 and 1/2; the nuclear term T/(4 E^2) is
    below 1e-6 of the rest). The photon flips the helicity, so there is no interference with the
    weak amplitude and the rate is quadratic. Moments of neutrinos and antineutrinos are equal.

    Parameters, in units of 1e-10 mu_B: ``mu_nu_e``, ``mu_nu_mu``, ``mu_nu_tau``, the effective
    moments of neutrinos emitted with that flavour (sums over final states, which include Dirac,
    Majorana and transition moments), and ``mu_nu``, common to all. Both kinds add in quadrature,
    ``mu_f^2 = mu_nu_f^2 + mu_nu^2``, so one of them has to be zero.

    Only squares appear, so the derivative vanishes at zero and a fit must start elsewhere.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> MagneticMoment().weights("nubar_mu", nuclide("Ar40"), {"mu_nu_mu": 2.0})
        (1296.0,)
    """

    name: str = field(default="magnetic-moment", init=False)

    @property
    def parameters(self) -> Parameters:
        """``mu_nu_{e,mu,tau}`` and ``mu_nu``, 1e-10 mu_B."""
        flavoured = [
            (f"mu_nu_{a}", f"effective magnetic moment of the {a} neutrino") for a in LEPTONS
        ]
        common = ("mu_nu", "effective magnetic moment, common to all flavours")
        return Parameters(
            bounded(name, text, unit="1e-10 mu_B", reach=(0.0, math.inf), typical=1.0)
            for name, text in (*flavoured, common)
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        """One, of the protons."""
        return _NUCLEUS

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Z^2 mu^2, in units of 1e-20 mu_B^2."""
        return (nuclide.z**2 * self._square(flavour, values),)

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """One."""
        return _ELECTRON

    def electron_weights(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """mu^2, in units of 1e-20 mu_B^2."""
        return (self._square(flavour, values),)

    def _square(self, flavour: str, values: Mapping[str, Any]) -> Any:
        own, common = self.value(values, f"mu_nu_{lepton(flavour)}"), self.value(values, "mu_nu")
        return own * own + common * common


MODEL = MagneticMoment
