"""Electron-equivalent energy as a polynomial of the recoil energy, no constant term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.typing import Array

__all__ = ["MODEL", "Polynomial"]

CITE = "file: the coefficients are those of the experiment"


@dataclass(frozen=True)
class Polynomial(Quenching):
    """E_ee = c_1 T + c_2 T^2 + ... with both energies in `unit`.

    Args:
        coefficients: (c_1, c_2, ...).
        unit: unit of both energies in the formula; MeV as in the CsI[Na] release.
        variations: as `Quenching`; plus and minus are coefficient vectors.
        valid_kev: as `Quenching`, keVnr.

    Examples:
        CsI[Na], nominal curve of the release of arXiv:2110.07730:

        >>> csi = Polynomial((0.0554628, 4.30681, -111.707, 840.384), valid_kev=(0.0, 60.0))
        >>> csi.quenching_factor([5.0, 30.0]).round(4).tolist()
        [0.0743, 0.1068]
    """

    coefficients: tuple[float, ...]
    unit: Literal["MeV", "keV"] = "MeV"

    @property
    def parameters(self) -> tuple[float, ...]:
        """(c_1, c_2, ...)."""
        return self.coefficients

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """The polynomial, keVee."""
        t = recoil_energy_kev * (1e-3 if self.unit == "MeV" else 1.0)
        factor = np.zeros_like(t)
        for c in reversed(parameters):
            factor = factor * t + c
        return factor * recoil_energy_kev


MODEL = Polynomial
