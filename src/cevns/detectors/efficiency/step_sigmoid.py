"""Logistic turn-on above a hardware threshold with a half-efficient step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency, vary
from cevns.detectors.framework.variation import Variation
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "StepSigmoid"]

CITE = ("arXiv:1804.09459",)


@dataclass(frozen=True)
class StepSigmoid(Efficiency):
    """eps(x) = k1/(1 + exp(-k2 (x - x0))) times 0 for x < 5, 1/2 for 5 <= x < 6, 1 for x >= 6.

    The acceptance of the first CsI[Na] analysis (arXiv:1804.09459).

    Args:
        coefficients: (k1, k2, x0).
        steps: ends of the half-efficient step, in x.
        variations: +1 and -1 sigma coefficient sets by name.

    Raises:
        InputError: if a set does not hold three finite numbers with 0 <= k1 <= 1 and k2 > 0, or
            the steps do not increase.

    Examples:
        >>> csi = StepSigmoid((0.6655, 0.4942, 10.8507))
        >>> csi([4.9, 5.5, 30.0]).round(4).tolist()
        [0.0, 0.0221, 0.6654]
    """

    coefficients: tuple[float, ...]
    steps: tuple[float, float] = (5.0, 6.0)
    variations: Mapping[str, Variation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = np.asarray(self.coefficients, dtype=float)
        if (
            numbers.shape != (3,)
            or not np.isfinite(numbers).all()
            or not 0.0 <= numbers[0] <= 1.0
            or numbers[1] <= 0.0
        ):
            raise InputError(
                f"a step sigmoid needs coefficients [k1, k2, x0] with k1 from 0 to 1 and k2 > 0, "
                f"not {self.coefficients}"
            )
        if not (math.isfinite(sum(self.steps)) and self.steps[0] < self.steps[1]):
            raise InputError(f"the steps of a step sigmoid must increase, not {self.steps}")
        _ = self.varied  # the variations must be step sigmoids too

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        k1, k2, x0 = self.coefficients
        at = np.asarray(x, dtype=float)
        step = 0.5 * ((at >= self.steps[0]) + 1.0 * (at >= self.steps[1]))
        return step * k1 * (0.5 + 0.5 * np.tanh(0.5 * k2 * (at - x0)))

    @property
    def kinks(self) -> tuple[float, ...]:
        """The steps."""
        return self.steps

    @property
    def varied(self) -> Mapping[str, tuple[Efficiency, Efficiency]]:
        """The varied curves."""
        return vary(lambda v: replace(self, coefficients=v, variations={}), self.variations)


MODEL = StepSigmoid
