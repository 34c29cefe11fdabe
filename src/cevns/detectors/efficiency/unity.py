"""Everything is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Unity"]

CITE = "none: everything is seen"


@dataclass(frozen=True)
class Unity(Efficiency):
    """eps(x) = 1.

    Examples:
        >>> Unity()([0.0, 5.0]).tolist()
        [1.0, 1.0]
    """

    def __call__(self, x: ArrayLike) -> Array:
        """Ones."""
        return np.ones_like(np.asarray(x, dtype=float))


MODEL = Unity
