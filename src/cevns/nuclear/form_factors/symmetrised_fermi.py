"""The symmetrised Fermi form factor, a Fermi distribution with a closed-form transform."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import charge_radius, coth_remainder, over_sinh, sinc, sphere
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "SymmetrisedFermi"]

CITE = ("sprung-martorell-1997",)


@dataclass(frozen=True)
class SymmetrisedFermi:
    r"""Transform of the symmetrised Fermi function (Sprung & Martorell 1997) [M].

    With x = q c, y = pi q a and R^2 = (3/5) c^2 + (7/5) (pi a)^2,

        F = 3/[x (x^2 + y^2)] (y/sinh y) [y sin(x)/tanh(y) - x cos x].

    It is evaluated in the identical form

        F = (y/sinh y) [c^2 (3 j1(x)/x) + (pi a)^2 (3 (y coth y - 1)/y^2) (sin x/x)]
            / [c^2 + (pi a)^2],

    where every factor tends to one and nothing is divided by a small number.

    Args:
        diffuseness_fm: a = t/(4 ln 3), with skin thickness t = 2.30 fm by default.

    Examples:
        >>> float(SymmetrisedFermi().evaluate(0.0, 4.8))
        1.0
    """

    diffuseness_fm: float = 2.30 / (4.0 * math.log(3.0))

    @property
    def minimum_rms_fm(self) -> float:
        """``sqrt(7/5) pi a``, fm."""
        return math.sqrt(1.4) * math.pi * self.diffuseness_fm

    def half_density_radius(self, rms_radius_fm: Array) -> Array:
        """c, fm, from the rms radius."""
        u2 = (math.pi * self.diffuseness_fm) ** 2
        return np.sqrt(5.0 / 3.0 * (rms_radius_fm * rms_radius_fm - 1.4 * u2))

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """F(q) for q in 1/fm and rms radius in fm, broadcast."""
        q, rms = np.asarray(q_inv_fm, dtype=float), np.asarray(rms_radius_fm, dtype=float)
        u2 = (math.pi * self.diffuseness_fm) ** 2
        c = self.half_density_radius(rms)
        x, y = q * c, math.pi * self.diffuseness_fm * q
        surface = u2 * coth_remainder(y) * sinc(x)
        return over_sinh(y) * (c * c * sphere(x) + surface) / (c * c + u2)

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms charge radius, fm.

        Raises:
            InputError: if it is smaller than the surface alone.
        """
        return charge_radius(nuclide, self.minimum_rms_fm, "symmetrised-fermi")


MODEL = SymmetrisedFermi
