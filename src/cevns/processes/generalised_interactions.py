r"""Contact interactions of any Lorentz structure: scalar, vector and tensor together.

    L = -(G_F/sqrt2) sum_X C_X [nubar Gamma_X P_L nu (+ h.c.)] [Nbar Gamma_X N],  X = S, V, T,

**Convention**: C_X is in units of G_F/sqrt2, with sigma^{kl} without a half, one neutrino chirality
P_L, and the nucleus as a Dirac particle of spin 1/2,

    d(sigma)/dT = G_F^2 M/(4 pi) { C_S^2 M T/(2 E^2)
        + (2 G_V + C_V)^2 [1 - T/E - M T/(2 E^2) + T^2/(2 E^2)]
        + 8 C_T^2 [(1 - T/(2 E))^2 - M T/(4 E^2)] }.

It follows from the traces of the tests; arXiv:1612.04150 has it with C_S and C_T that differ by
factors of 2 to 4, as other papers do, so a limit of theirs must be translated. A mediator of mass M
well above the momentum transfer has C_X = sqrt2 g_nu g_X/(G_F M^2): `light_scalar` and `tensor`,
whose shapes these are, and `light_vector` go over into it.

With coefficients c_X of the quarks, equal for u and d,

    C_X = c_X (q_p Z F_p + q_n N F_n),       q = 3 for a vector, nuclear matrix elements for others;

a vector with a sign: positive c_V takes from the amplitude, as eps^u = eps^d = c_V/2 of `nsi` do,
which has the couplings of each flavour and quark apart. The tensor charge of a nucleus is
that of unpaired nucleons (``spin``), or ``coherent``, a shorthand of the literature: see `tensor`.
The interference of scalar and tensor, -R T/E with R = 2 C_S C_T for spin 1/2, is left out: T/E is
below 1e-3, and R averages out with the nuclear spin. Scalars and tensors of right-handed
final states, and pseudoscalar and axial structures, which a nucleus does not add coherently, are
not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cevns.citations import identifiers_in
from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.framework.terms import Term
from cevns.processes.ingredients.mediator import check_leptons
from cevns.processes.ingredients.nucleon_charges import (
    NucleonCharges,
    nucleon_charges,
    pair_terms,
)
from cevns.processes.light_scalar import ScalarExchange
from cevns.processes.tensor import TensorExchange

__all__ = ["MODEL", "GeneralisedInteractions"]

CITE = ("arXiv:1612.04150",)

_QUARKS_OF_A_NUCLEON: Final = 3.0


@dataclass(frozen=True)
class GeneralisedInteractions(Extension):
    """Coefficients ``c_scalar``, ``c_vector`` and ``c_tensor`` of quarks, in units of G_F/sqrt2.

    Of scalar and tensor only the squares appear, so a fit must not start where they are zero.

    Args:
        scalar_charges: ``quarks``, ``14A+1.1Z``, ``nucleons`` or one's own `NucleonCharges`.
        tensor_charges: ``lattice``, ``anselmino``, ``nucleons`` or one's own.
        nucleus: ``spin`` for the tensor charge of unpaired nucleons, ``coherent`` for a shorthand.
        leptons: families that couple.

    Raises:
        UnknownNameError: if a choice is unknown.
        InputError: if an option is.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> own = GeneralisedInteractions(scalar_charges="nucleons")
        >>> float(sum(own.weights("nu_e", nuclide("Ar40"), {"c_scalar": 0.5})[:3]))  # (A/2)^2
        400.0
        >>> own.amplitudes("nu_e", nuclide("Ar40"), {"c_vector": 1.0})["e"]
        (27.0, 33.0)
    """

    scalar_charges: str | NucleonCharges = "quarks"
    tensor_charges: str | NucleonCharges = "lattice"
    nucleus: Literal["spin", "coherent"] = "spin"
    leptons: tuple[str, ...] = LEPTONS
    name: str = field(default="generalised-interactions", init=False)

    def __post_init__(self) -> None:
        if self.nucleus not in ("spin", "coherent"):
            raise InputError(f"{self.name}: nucleus is {self.nucleus!r}; choose spin or coherent")
        for kind in ("scalar", "tensor"):
            name = f"{kind}_charges"
            object.__setattr__(self, name, nucleon_charges(kind, getattr(self, name)))
        check_leptons(self.leptons)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Sources of the charges, where they are named sets."""
        return {
            "scalar charges": identifiers_in(self._scalar.source),
            "tensor charges": identifiers_in(self._tensor.source),
        }

    @property
    def parameters(self) -> Parameters:
        """``c_scalar``, ``c_vector`` and ``c_tensor``, dimensionless."""
        square = (0.0, math.inf)
        return Parameters(
            [
                bounded("c_scalar", "scalar coupling to u and d in units of G_F/sqrt2",
                        reach=square, typical=0.1 / self._scalar.largest),
                bounded("c_vector", "vector coupling to u and d in units of G_F/sqrt2"),
                bounded("c_tensor", f"tensor coupling to u and d in G_F/sqrt2, {self.nucleus}",
                        reach=square, typical=0.1 if self.nucleus == "coherent" else 10.0),
            ]
        )  # fmt: skip

    @property
    def _scalar(self) -> NucleonCharges:
        return nucleon_charges("scalar", self.scalar_charges)

    @property
    def _tensor(self) -> NucleonCharges:
        return nucleon_charges("tensor", self.tensor_charges)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Of the scalar pp, pn and nn; of the tensor one, or these."""
        tensor = TensorExchange(None)
        spin = (Term("contact-tensor.aa", ("a", "a"), tensor),)
        last = spin if self.nucleus == "spin" else pair_terms("contact-tensor", tensor)
        return (*pair_terms("contact-scalar", ScalarExchange(None)), *last)

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Squares of the coefficients and charges, without form factors."""
        couples = float(lepton(flavour) in self.leptons)
        scalar, tensor = (self.value(values, name) ** 2 * couples for name in _SQUARED)
        c = self._tensor
        rows = [scalar * x for x in self._scalar.squared(nuclide)]
        if self.nucleus == "spin":
            z, n = nuclide.unpaired
            return [*rows, tensor * (c.proton * z + c.neutron * n) ** 2]
        return [*rows, *(tensor * x for x in c.squared(nuclide))]

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """C_V/2, diagonal in flavour."""
        own = lepton(flavour)
        if own not in self.leptons:
            return {}
        half = 0.5 * _QUARKS_OF_A_NUCLEON * self.value(values, "c_vector")
        return {own: (half * nuclide.z, half * nuclide.n)}


_SQUARED: Final = ("c_scalar", "c_tensor")

MODEL = GeneralisedInteractions
