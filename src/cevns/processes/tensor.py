r"""A light tensor mediator: spin-dependent, or coherent as is often assumed.

    L = [g_nu g_q/(Q^2 + M_T^2)] [nubar sigma^mn P_L nu + h.c.] sum_q qbar sigma_mn q

It flips the neutrino's helicity, so there is no interference with the Standard Model. For a nucleus
of spin 1/2 with tensor charge Q_T (traces of Dirac spinors, checked numerically in the tests),

    d(sigma)/dT = (hbar c)^2 (4 M/pi) g^4 Q_T^2/(2 M T + M_T^2)^2 [(1 - T/(2E))^2 - M T/(4 E^2)],

as in arXiv:1612.04150 [M] for the contact interaction. It does not vanish at T = 0.

**Q_T is not a coherent charge.** To leading order qbar sigma_mn q measures the spins of the
nucleons and vanishes for a nucleus without spin. This is the option ``spin``: Q_T = d_p (Z+ - Z-) +
d_n (N+ - N-), with unpaired nucleons as in the axial part. The option ``coherent``, Q_T = d_p Z F_p
+ d_n N F_n, is a simplification used in much of the literature; it overestimates the rate by about
A^2 and is provided for comparison with published limits. Neither includes the coherent part at
order q/m_N, which is present for a spin-0 nucleus: (Q A/(2 m_N))^2 against the square of one spin
is of order ten for Cs at 50 MeV (arXiv:2502.10702 finds it dominant), so that a limit with ``spin``
is a conservative one. Interference with a scalar, which also flips helicity, is neglected; it is
proportional to the nuclear spin and averages to zero at leading order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from cevns.constants import HBARC2_MEV2_CM2
from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS
from cevns.processes.framework.terms import Term
from cevns.processes.ingredients.helicity_flip import HelicityFlip
from cevns.processes.ingredients.mediator import momentum_transfer_squared, squared_propagator
from cevns.processes.ingredients.nucleon_charges import NucleonCharges, pair_terms
from cevns.typing import Array

__all__ = ["LightTensor", "NucleonCharges", "TensorExchange"]

CITE = ("arXiv:1612.04150", "arXiv:2502.10702")


@dataclass(frozen=True)
class TensorExchange:
    """(hbar c)^2 (4 M/pi)/(2 M T + M_T^2)^2 times 1, -T, T (T - M)/4, by powers of 1/E.

    Args:
        mass_mev: M_T; None for a contact interaction (`squared_propagator`).
    """

    mass_mev: float | None

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        """At recoil energies, keV, of a nuclide or electron, ``(3, nT)``."""
        m = target.mass_mev
        t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
        q2 = momentum_transfer_squared(recoil_energy_kev, m)
        scale = 1e-3 * HBARC2_MEV2_CM2 * 4.0 * m / np.pi * squared_propagator(q2, self.mass_mev)
        result: Array = scale * np.stack([np.ones_like(t), -t, 0.25 * t * (t - m)])
        return result


@dataclass(frozen=True)
class LightTensor(HelicityFlip):
    """Exchange of a light tensor; parameter ``g_tensor``, structure ``m_tensor``.

    ``g_tensor`` is g = sqrt(g_nu g_q), where g_q is the unit of `charges`.

    Args:
        m_tensor: mass, MeV, from 1e-6 to 1e6.
        nucleus: ``spin`` for unpaired nucleons, ``coherent`` for the simplification (see above).
        charges: ``lattice``, ``anselmino``, ``nucleons`` or a user-defined `NucleonCharges`.
        leptons: lepton families that couple.
        electron: g_e/g, the coupling to electrons, which is independent of that to quarks.

    Raises:
        UnknownNameError: if a choice is unknown.
        InputError: if the mass or an option is out of range.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> own = LightTensor(10.0, charges="nucleons")
        >>> [own.weights("nu_e", nuclide(n), {"g_tensor": 1.0})[0] for n in ("Ar40", "Cs133")]
        [0.0, 1.0]
    """

    particle: ClassVar[str] = "tensor"
    m_tensor: float = 100.0
    nucleus: Literal["spin", "coherent"] = "spin"
    charges: str | NucleonCharges = "lattice"
    leptons: tuple[str, ...] = LEPTONS
    electron: float = 0.0
    name: str = field(default="tensor", init=False)

    def __post_init__(self) -> None:
        if self.nucleus not in ("spin", "coherent"):
            raise InputError(f"tensor: nucleus is {self.nucleus!r}; choose spin or coherent")
        super().__post_init__()

    @property
    def parameters(self) -> Parameters:
        """``g_tensor``."""
        description = f"coupling of the tensor mediator, sqrt(g_nu g_q), {self.nucleus}"
        largest = self.nucleons.largest
        # one spin against some 100 nucleons
        size = largest if self.nucleus == "coherent" else 0.01 * largest
        return self.coupling(description, size)

    @property
    def terms(self) -> tuple[Term, ...]:
        """One with the axial form factor, or Q_T^2 by form factors: pp, pn, nn."""
        shape = TensorExchange(self.mass_mev)
        if self.nucleus == "spin":
            return (Term("tensor.aa", ("a", "a"), shape),)
        return pair_terms("tensor", shape)

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """g^4 Q_T^2, without form factors."""
        c = self.nucleons
        strength = self.strength(flavour, values)
        if self.nucleus == "spin":
            z, n = nuclide.unpaired
            return [strength * (c.proton * z + c.neutron * n) ** 2]
        return [strength * x for x in c.squared(nuclide)]

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """One, if electrons couple: the formula for spin 1/2 is exact for them."""
        return (Term("tensor.e", (), TensorExchange(self.mass_mev)),) if self.electron else ()


MODEL = LightTensor
