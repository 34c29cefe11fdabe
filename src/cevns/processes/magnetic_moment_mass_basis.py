r"""Transition magnetic moments of Majorana neutrinos between mass states.

The moments of Majorana neutrinos form an antisymmetric matrix, lambda_ij = epsilon_ijk Lambda_k
(arXiv:1510.01684, from memory). A neutrino that is the superposition sum_i a_i |nu_i> scatters on
a magnetic moment with

    mu^2 = sum_j |sum_i lambda_ji a_i|^2 = |Lambda|^2 |a|^2 - |sum_k Lambda_k^* a_k|^2,

real Lambda_k here. A mass state i has |Lambda|^2 - Lambda_i^2: in the light of the Sun, with the
probabilities P_i of mass states, mu^2 = sum_k (1 - P_k) Lambda_k^2. A flavour at short distance,
a_i = U_ai^*, has another combination of the same three numbers, which is how a reactor and the Sun
are compared. The formula of scattering is that of `magnetic_moment`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.particles import LEPTONS, is_antineutrino, lepton
from cevns.processes.framework.extension import Extension, bounded
from cevns.processes.framework.terms import Term
from cevns.processes.magnetic_moment import electron_shape, nuclear_shape
from cevns.propagation.lepton_mixing import LeptonMixing, OfMassStates

__all__ = ["MODEL", "MassBasisMoments"]

CITE = ("arXiv:1510.01684", "vogel-engel-1989")


@dataclass(frozen=True)
class MassBasisMoments(Extension):
    """Magnetic moments ``lambda_1``, ``lambda_2`` and ``lambda_3``, in units of 1e-10 mu_B.

    For sources nearby, whose neutrinos arrive as flavours, and for the Sun, whose neutrinos arrive
    as mass states. Antineutrinos from far away (of the Earth, of old supernovae) are flavours in
    their sources, and are taken here as if they came from nearby.

    Only squares and products appear, so derivatives vanish where all are zero: a fit must start
    elsewhere. Majorana phases are left out.

    Args:
        mixing: of flavours that arrive as such; that of the source where mass states do.

    Examples:
        >>> moments = MassBasisMoments()
        >>> mass_state = moments.superposed_electron_weights(
        ...     LeptonMixing().flavours_in("nu_1"), {"lambda_1": 5.0, "lambda_2": 3.0}
        ... )
        >>> [round(float(w), 9) for w in mass_state]
        [9.0]
        >>> electron = moments.electron_weights("nubar_e", {"lambda_3": 1.0})
        >>> [round(float(w), 4) for w in electron]  # 1 - |U_e3|^2
        [0.978]
    """

    mixing: LeptonMixing = field(default_factory=LeptonMixing)
    name: str = field(default="magnetic-moment-mass-basis", init=False)

    @property
    def parameters(self) -> Parameters:
        """``lambda_1``, ``lambda_2``, ``lambda_3``, 1e-10 mu_B."""
        pairs = {1: "2 and 3", 2: "3 and 1", 3: "1 and 2"}
        return Parameters(
            bounded(
                f"lambda_{k}",
                f"transition magnetic moment between the mass states {which}",
                unit="1e-10 mu_B",
                reach=(-math.inf, math.inf),
                typical=1.0,
            )
            for k, which in pairs.items()
        )

    @property
    def turns_flavours(self) -> bool:
        """True: mass states are not flavours."""
        return True

    @property
    def terms(self) -> tuple[Term, ...]:
        """One, of the protons."""
        return (Term("magnetic", ("p", "p"), nuclear_shape),)

    @property
    def electron_terms(self) -> tuple[Term, ...]:
        """One."""
        return (Term("magnetic", (), electron_shape),)

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Sequence[Any]:
        """Z^2 mu^2, in units of 1e-20 mu_B^2."""
        return self.superposed_weights({flavour: 1.0}, nuclide, values)

    def electron_weights(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """mu^2, in units of 1e-20 mu_B^2."""
        return self.superposed_electron_weights({flavour: 1.0}, values)

    def superposed_weights(
        self, parts: Mapping[str, complex], nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Z^2 mu^2, in units of 1e-20 mu_B^2."""
        return (nuclide.z**2 * self._square(parts, values),)

    def superposed_electron_weights(
        self, parts: Mapping[str, complex], values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """mu^2, in units of 1e-20 mu_B^2."""
        return (self._square(parts, values),)

    def _square(self, parts: Mapping[str, complex], values: Mapping[str, Any]) -> Any:
        conjugate = self.mixing.matrix.conj()
        state = sum(
            size * conjugate[LEPTONS.index(lepton(flavour))] for flavour, size in parts.items()
        )
        if any(is_antineutrino(flavour) for flavour in parts):
            state = np.conj(state)
        moments = [self.value(values, f"lambda_{k}") for k in (1, 2, 3)]
        along = sum(m * a for m, a in zip(moments, np.asarray(state), strict=True))
        size = float(np.sum(np.abs(state) ** 2))
        return sum(m * m for m in moments) * size - np.abs(along) ** 2

    def for_source(self, source: object) -> MassBasisMoments:
        """With the mixing of the mass states that arrive."""
        if not isinstance(source, OfMassStates) or source.arriving_mixing == self.mixing:
            return self
        return dataclasses.replace(self, mixing=source.arriving_mixing)


MODEL = MassBasisMoments
