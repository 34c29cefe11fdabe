r"""A light scalar mediator.

    L = -phi [ g_nu (nubar_R nu_L + h.c.) + sum_q g_q qbar q ] - M_S^2 phi^2/2

The exchange flips the neutrino's helicity and therefore does not interfere with the Standard Model
(arXiv:1604.01025, 1802.05171 [M]; formula as in the public code of B. Kavanagh, and derived: see
below). With c_N the scalar charge of a nucleon and g^2 = g_nu g_q,

    d(sigma)/dT = (hbar c)^2 g^4 Q_S^2/(4 pi)  M^2 T/[E^2 (2 M T + M_S^2)^2],
    Q_S = c_p Z F_p + c_n N F_n,    c_N = sum_q (g_q/g) (m_N/m_q) f_q^N.

Derivation: sum |M|^2 = g^4 Q_S^2/(Q^2 + M_S^2)^2 x [2 k k' = Q^2] x [4 M^2], Q^2 = 2 M T, and
d(sigma)/dT = |M|^2/(32 pi M E^2). A nucleus of spin 1/2 has an additional factor 1 + T/(2 M), which
differs from one by less than 1e-6 and is omitted. The rate vanishes at T = 0. A Majorana mass-type
coupling (nu nu phi) gives the same formula with a different definition of g_nu.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cevns.constants import HBARC2_MEV2_CM2
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS
from cevns.processes.framework.terms import Term
from cevns.processes.ingredients.helicity_flip import HelicityFlip
from cevns.processes.ingredients.mediator import momentum_transfer_squared, squared_propagator
from cevns.processes.ingredients.nucleon_charges import NucleonCharges, pair_terms
from cevns.typing import Array

__all__ = ["LightScalar", "NucleonCharges", "ScalarExchange"]

CITE = ("arXiv:1604.01025", "arXiv:1802.05171")


@dataclass(frozen=True)
class ScalarExchange:
    """The E^-2 row: (hbar c)^2 M^2 T/[4 pi (2 M T + M_S^2)^2], cm2/keV MeV^2.

    Args:
        mass_mev: M_S; None for a contact interaction (`squared_propagator`).
        spin_half: multiply by 1 + T/(2 M), which is relevant for electrons.
    """

    mass_mev: float | None
    spin_half: bool = False

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        """At recoil energies, keV, of a nuclide or electron, ``(3, nT)``."""
        m = target.mass_mev
        q2 = momentum_transfer_squared(recoil_energy_kev, m)
        row = 0.5 * m * q2 * squared_propagator(q2, self.mass_mev)  # M^2 T = M Q^2/2
        if self.spin_half:
            row = row * (1.0 + q2 / (4.0 * m * m))
        zero = np.zeros_like(row)
        return 1e-3 * HBARC2_MEV2_CM2 / (4.0 * np.pi) * np.stack([zero, zero, row])


@dataclass(frozen=True)
class LightScalar(HelicityFlip):
    """Exchange of a light scalar; parameter ``g_scalar``, structure ``m_scalar``.

    ``g_scalar`` is g = sqrt(g_nu g_q), where g_q is the unit of `charges`.

    Args:
        m_scalar: mass, MeV, from 1e-6 to 1e6.
        charges: ``quarks`` for equal couplings to u and d with nucleon matrix elements;
            ``14A+1.1Z`` for the shorthand Q_S = g_q (14 A + 1.1 Z) of the literature, 15 % below;
            ``nucleons`` for a coupling to nucleons; or a user-defined `NucleonCharges`.
        leptons: lepton families that couple.
        electron: g_e/g, the coupling to electrons, which is independent of that to quarks.

    Raises:
        UnknownNameError: if a choice is unknown.
        InputError: if the mass is out of range.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> scalar = LightScalar(10.0, charges="nucleons")
        >>> [t.name for t in scalar.terms]
        ['scalar.pp', 'scalar.pn', 'scalar.nn']
        >>> scalar.weights("nu_e", nuclide("Ar40"), {"g_scalar": 1.0})
        [324.0, 792.0, 484.0]
    """

    particle: ClassVar[str] = "scalar"
    m_scalar: float = 100.0
    charges: str | NucleonCharges = "quarks"
    leptons: tuple[str, ...] = LEPTONS
    electron: float = 0.0
    name: str = field(default="light-scalar", init=False)

    @property
    def parameters(self) -> Parameters:
        """``g_scalar``."""
        description = "coupling of the light scalar mediator, sqrt(g_nu g_q)"
        return self.coupling(description, self.nucleons.largest)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Q_S^2 by form factors: pp, pn, nn."""
        return pair_terms("scalar", ScalarExchange(self.mass_mev))

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """g^4 times the squares and the product of c_p Z and c_n N."""
        strength = self.strength(flavour, values)
        return [strength * c for c in self.nucleons.squared(nuclide)]

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """One, where electrons couple: the same formula with M -> m_e and 1 + T/(2 m_e)."""
        return (Term("scalar.e", (), ScalarExchange(self.mass_mev, True)),) if self.electron else ()


MODEL = LightScalar
