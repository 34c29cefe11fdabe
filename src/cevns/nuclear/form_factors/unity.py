"""No form factor: a point nucleus, for limits and comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.nuclear.nuclides import Nuclide
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Unity"]

CITE = "none: a point nucleus"


@dataclass(frozen=True)
class Unity:
    """F(q) = 1 whatever the radius: the nucleus has no size in this model.

    Examples:
        >>> Unity().evaluate([0.0, 1.0], 4.8)
        array([1., 1.])
    """

    @property
    def minimum_rms_fm(self) -> float:
        """Zero: any radius is accepted and ignored."""
        return 0.0

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """One, in the shape of q and radius broadcast."""
        q, rms = np.asarray(q_inv_fm, dtype=float), np.asarray(rms_radius_fm, dtype=float)
        return np.ones(np.broadcast_shapes(q.shape, rms.shape))

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """The rms charge radius, fm; it has no effect."""
        return nuclide.charge_radius_fm


MODEL = Unity
