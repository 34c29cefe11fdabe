"""Ionisation of recoils in silicon as a fit to measurements, below Lindhard's theory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = ["MODEL", "Chavarria"]

CITE = ("arXiv:1608.00957",)


@dataclass(frozen=True)
class Chavarria(Quenching):
    """E/T = (c1 E + c2 E^2 + E^3)/(c3 + c4 E + c5 E^2) as a function of what is seen, E = E_ee.

    The energy of a recoil follows from its ionisation, T = (c3 + c4 E + c5 E^2)/(c1 + c2 E + E^2),
    of which the root is taken. Recoils below c3/c1 ionise nothing: 0.33 keVnr with the numbers of
    the fit that CONNIE uses (A. E. Chavarria et al., Phys. Rev. D 94 (2016) 082007,
    arXiv:1608.00957; numbers from memory), which was made from 0.7 to 2.3 keVnr.

    Args:
        coefficients: c1 to c5, energies in keV.
        variations: as `Quenching`; plus and minus are such coefficients.
        valid_kev: as `Quenching`.

    Raises:
        InputError: if there are not five positive coefficients.

    Examples:
        >>> silicon = Chavarria()
        >>> silicon.electron_energy_kevee([0.3, 0.6944, 2.0]).round(3).tolist()
        [0.0, 0.06, 0.31]
    """

    coefficients: tuple[float, ...] = (168.0, 155.0, 56.0, 1096.0, 382.0)

    def __post_init__(self) -> None:
        if len(self.coefficients) != 5 or not all(c > 0 for c in self.coefficients):
            raise InputError(
                "this quenching has five positive coefficients, "
                f"not {', '.join(f'{c:g}' for c in self.coefficients)}"
            )
        super().__post_init__()

    @property
    def parameters(self) -> tuple[float, ...]:
        """c1 to c5."""
        return self.coefficients

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """The root of (T - c5) E^2 + (c2 T - c4) E + c1 T - c3, keVee; zero below c3/c1."""
        c1, c2, c3, c4, c5 = parameters
        t = np.minimum(recoil_energy_kev, 0.9 * c5)  # far above any recoil that it was fitted to
        square, linear, constant = t - c5, c2 * t - c4, np.maximum(c1 * t - c3, 0.0)
        root = np.sqrt(linear**2 - 4.0 * square * constant)
        # both forms of the same root, each where it does not cancel
        below = 2.0 * constant / np.where(linear < 0.0, root - linear, 1.0)
        energy: Array = np.where(linear < 0.0, below, (-linear - root) / (2.0 * square))
        return energy


MODEL = Chavarria
