r"""Mixing of three flavours in vacuum: which flavours the mass states are made of.

    |nu_i> = sum_a U_ai |nu_a>,    U = R_23(theta23) U_13(theta13, delta) R_12(theta12),

with the element U_e3 = s13 exp(-i delta) (PDG review of neutrino masses and mixing). Majorana
phases change nothing that scatters.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import InputError
from cevns.particles import LEPTONS

__all__ = ["MASS_STATES", "ComplexArray", "LeptonMixing", "OfMassStates"]

ComplexArray = NDArray[np.complex128]

MASS_STATES: Final = ("nu_1", "nu_2", "nu_3")
"""Names of mass states as species."""


@dataclass(frozen=True)
class LeptonMixing:
    """Angles and phase of the mixing; the values are near global fits (from memory).

    Args:
        sin2_theta12: of the mass states 1 and 2.
        sin2_theta13: of 1 and 3.
        sin2_theta23: of 2 and 3; 0.5 is maximal.
        delta_cp_deg: CP phase, degrees. At 270 with maximal sin2_theta23 nu_mu and nu_tau are
            alike in all mass states. 0 and 180 make the mixing real.

    Raises:
        InputError: if a number is out of range.

    Examples:
        >>> u = LeptonMixing().matrix
        >>> [round(float(abs(x)) ** 2, 4) for x in u[0]]  # of nu_e in nu_1, nu_2, nu_3
        [0.6778, 0.3002, 0.022]
        >>> bool(np.allclose(abs(u[1]), abs(u[2])))
        True
    """

    sin2_theta12: float = 0.307
    sin2_theta13: float = 0.0220
    sin2_theta23: float = 0.5
    delta_cp_deg: float = 270.0

    def __post_init__(self) -> None:
        for name in ("sin2_theta12", "sin2_theta13", "sin2_theta23"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InputError(
                    f"{name} is a squared sine between 0 and 1, such as 0.307, not {value:g}"
                )
        if not -360.0 <= self.delta_cp_deg <= 360.0:
            raise InputError(
                "delta_cp_deg is between -360 and 360 degrees, such as 270, not "
                f"{self.delta_cp_deg:g}"
            )

    @property
    def heavy_rotation(self) -> ComplexArray:
        """R_23 U_13, without the mixing of the states 1 and 2."""
        s13, s23 = math.sqrt(self.sin2_theta13), math.sqrt(self.sin2_theta23)
        c13, c23 = math.sqrt(1.0 - self.sin2_theta13), math.sqrt(1.0 - self.sin2_theta23)
        turned = s13 * cmath.exp(1j * math.radians(self.delta_cp_deg))
        r23 = np.array([[1.0, 0.0, 0.0], [0.0, c23, s23], [0.0, -s23, c23]], dtype=complex)
        u13 = np.array([[c13, 0.0, turned.conjugate()], [0.0, 1.0, 0.0], [-turned, 0.0, c13]])
        product: ComplexArray = r23 @ u13
        return product

    @property
    def matrix(self) -> ComplexArray:
        """U, rows e, mu, tau, columns 1, 2, 3."""
        s12, c12 = math.sqrt(self.sin2_theta12), math.sqrt(1.0 - self.sin2_theta12)
        r12 = np.array([[c12, s12, 0.0], [-s12, c12, 0.0], [0.0, 0.0, 1.0]])
        product: ComplexArray = self.heavy_rotation @ r12
        return product

    def flavours_in(self, species: str) -> dict[str, complex]:
        """Amplitudes of flavours in a species: those of a mass state, or a flavour alone.

        Examples:
            >>> found = LeptonMixing(0.307, 0.0, 0.5).flavours_in("nu_2")
            >>> {a: round(abs(x) ** 2, 4) for a, x in found.items()}
            {'nu_e': 0.307, 'nu_mu': 0.3465, 'nu_tau': 0.3465}
            >>> LeptonMixing().flavours_in("nubar_e")
            {'nubar_e': (1+0j)}
        """
        if species not in MASS_STATES:
            return {species: 1.0 + 0.0j}
        column: Any = self.matrix[:, MASS_STATES.index(species)]
        return {f"nu_{a}": complex(x) for a, x in zip(LEPTONS, column, strict=True)}


@runtime_checkable
class OfMassStates(Protocol):
    """A source whose species are the mass states of a mixing."""

    @property
    def arriving_mixing(self) -> LeptonMixing:
        """What they are made of."""
        ...
