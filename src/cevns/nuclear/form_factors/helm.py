"""The Helm form factor with the radius of Lewin and Smith."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import sphere
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Helm"]

CITE = ("helm-1956", "lewin-smith-1996")


@dataclass(frozen=True)
class Helm:
    r"""Helm (1956): a homogeneous sphere folded with a gaussian surface,

        F(q) = 3 j1(q R0)/(q R0) exp(-(q s)^2/2),   R^2 = (3/5) R0^2 + 3 s^2.

    The default radius is that of Lewin and Smith (Astropart. Phys. 6 (1996) 87, eqs 4.7-4.11):
    R0^2 = c^2 + (7/3) pi^2 a^2 - 5 s^2 with c = 1.23 A^(1/3) - 0.60 fm, a = 0.52 fm.

    Args:
        surface_fm: surface thickness s, fm.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> helm = Helm()
        >>> cs = helm.default_rms_radius(nuclide("Cs133"))
        >>> round(cs, 3), float(helm.evaluate(0.0, cs))
        (4.805, 1.0)
    """

    surface_fm: float = 0.9

    @property
    def minimum_rms_fm(self) -> float:
        """``sqrt(3) s``, fm."""
        return math.sqrt(3.0) * self.surface_fm

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """F(q) for q in 1/fm and rms radius in fm, broadcast."""
        q, rms = np.asarray(q_inv_fm, dtype=float), np.asarray(rms_radius_fm, dtype=float)
        s2 = self.surface_fm**2
        r0 = np.sqrt(5.0 / 3.0 * (rms * rms - 3.0 * s2))
        result: Array = sphere(q * r0) * np.exp(-0.5 * s2 * q * q)
        return result

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms radius that belongs to the Lewin-Smith R0, fm."""
        c = 1.23 * nuclide.a ** (1.0 / 3.0) - 0.60
        r0_squared = c * c + 7.0 / 3.0 * (math.pi * 0.52) ** 2 - 5.0 * self.surface_fm**2
        return math.sqrt(0.6 * r0_squared + 3.0 * self.surface_fm**2)


MODEL = Helm
