"""Full efficiency up to a point, falling exponentially after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Exponential"]

CITE = "file: the numbers are those of the experiment"


@dataclass(frozen=True)
class Exponential(Efficiency):
    """eps(t) = 1 for t < start, exp(-rate (t - start)) after.

    CsI[Na] (arXiv:2110.07730): start 0.520 us, rate 0.0494 /us; an early steady-state pulse
    hides a later one.

    Args:
        start_us: us.
        rate: 1/us.

    Raises:
        InputError: if the start is not finite or the rate is negative.

    Examples:
        >>> Exponential(0.52, 0.0494)([0.1, 6.0]).round(4).tolist()
        [1.0, 0.7628]
    """

    start_us: Annotated[float, Unit("us")]
    rate: Annotated[float, Unit("/us")]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_us) and math.isfinite(self.rate) and self.rate >= 0):
            raise InputError(
                f"exponential efficiency needs a finite start and a rate that is not negative, "
                f"not {self.start_us}, {self.rate}"
            )

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at arrival times `x`, us."""
        late = np.maximum(np.asarray(x, dtype=float) - self.start_us, 0.0)
        return np.exp(-self.rate * late)

    @property
    def kinks(self) -> tuple[float, ...]:
        """The start."""
        return (self.start_us,)


MODEL = Exponential
