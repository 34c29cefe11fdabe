"""A sharp threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Step"]

CITE = "file: the threshold is that of the experiment"


@dataclass(frozen=True)
class Step(Efficiency):
    """eps(x) = 0 for x < threshold, plateau for x >= threshold.

    The usual assumption of a projection, where no efficiency has been measured yet.

    Args:
        threshold: in x.
        plateau: efficiency above it.

    Raises:
        InputError: if the threshold is not finite or the plateau is no probability.

    Examples:
        >>> Step(0.5, 0.9)([0.4, 0.5, 8.0]).tolist()
        [0.0, 0.9, 0.9]
    """

    threshold: float
    plateau: float = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise InputError(f"a step efficiency needs a finite threshold, not {self.threshold}")
        if not 0.0 <= self.plateau <= 1.0:
            raise InputError(
                f"the plateau of a step efficiency must lie between 0 and 1, not {self.plateau}"
            )

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        above = np.asarray(x, dtype=float) >= self.threshold
        return self.plateau * np.where(above, 1.0, 0.0)

    @property
    def kinks(self) -> tuple[float, ...]:
        """The threshold."""
        return (self.threshold,)


MODEL = Step
