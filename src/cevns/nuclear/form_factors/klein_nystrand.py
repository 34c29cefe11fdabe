"""The Klein-Nystrand form factor, the default of the COHERENT analyses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import sphere
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "KleinNystrand"]

CITE = ("arXiv:hep-ph/9902259",)


@dataclass(frozen=True)
class KleinNystrand:
    r"""Klein and Nystrand (hep-ph/9902259): a sphere folded with a Yukawa surface,

        F(q) = 3 j1(q R_A)/(q R_A) / (1 + (a q)^2),   R^2 = (3/5) R_A^2 + 6 a^2.

    The default radius is R_A = 1.2 A^(1/3) fm. That COHERENT uses this model is written down
    from memory [M]; the Standard Model cross sections it quotes come out with it.

    Args:
        range_fm: range a of the Yukawa potential, fm.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> round(KleinNystrand().default_rms_radius(nuclide("Cs133")), 2)
        5.04
    """

    range_fm: float = 0.7

    @property
    def minimum_rms_fm(self) -> float:
        """``sqrt(6) a``, fm."""
        return math.sqrt(6.0) * self.range_fm

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """F(q) for q in 1/fm and rms radius in fm, broadcast."""
        q, rms = np.asarray(q_inv_fm, dtype=float), np.asarray(rms_radius_fm, dtype=float)
        a2 = self.range_fm**2
        sharp = np.sqrt(5.0 / 3.0 * (rms * rms - 6.0 * a2))
        result: Array = sphere(q * sharp) / (1.0 + a2 * q * q)
        return result

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms radius that belongs to R_A = 1.2 A^(1/3) fm, fm."""
        sharp = 1.2 * nuclide.a ** (1.0 / 3.0)
        return math.sqrt(0.6 * sharp * sharp + 6.0 * self.range_fm**2)


MODEL = KleinNystrand
