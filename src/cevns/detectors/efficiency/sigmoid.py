"""Logistic turn-on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cevns.detectors.framework.efficiency_curve import Efficiency, vary
from cevns.detectors.framework.variation import Variation
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Sigmoid"]

CITE = "file: the coefficients are those of the experiment"


@dataclass(frozen=True)
class Sigmoid(Efficiency):
    """eps(x) = a/(1 + exp(-b (x - c))) + d, clamped to [0, 1].

    The form of the CsI[Na] release (arXiv:2110.07730), where it vanishes below 7.07 PE: the
    efficiency is zero over most of the first bin (0-8 PE).

    Args:
        coefficients: (a, b, c, d); b in 1/x.
        variations: +1 and -1 sigma coefficient sets by name.

    Raises:
        InputError: if a set does not hold four finite numbers, or b is not positive.

    Examples:
        >>> csi = Sigmoid((1.32045, 0.285979, 10.8646, -0.333322))
        >>> csi([5.0, 10.8646, 60.0]).round(4).tolist(), round(csi.kinks[0], 2)
        ([0.0, 0.3269, 0.9871], 7.07)
    """

    coefficients: tuple[float, ...]
    variations: Mapping[str, Variation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = np.asarray(self.coefficients, dtype=float)
        if numbers.shape != (4,) or not np.isfinite(numbers).all() or numbers[1] <= 0:
            raise InputError(
                f"a sigmoid needs four finite coefficients [a, b, c, d] with b > 0, "
                f"not {self.coefficients}"
            )
        _ = self.varied  # the variations must be sigmoids too

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        return np.minimum(np.maximum(self.unclamped(x), 0.0), 1.0)

    def unclamped(self, x: ArrayLike) -> Array:
        """The formula without its clamp."""
        a, b, c, d = self.coefficients
        # tanh cannot overflow: 1/(1 + exp(-y)) = (1 + tanh(y/2))/2
        rise = 0.5 + 0.5 * np.tanh(0.5 * b * (np.asarray(x, dtype=float) - c))
        return np.asarray(a * rise + d)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the clamps to 0 and to 1 begin."""
        a, b, c, d = self.coefficients
        ratios = [a / (level - d) - 1.0 for level in (0.0, 1.0) if level != d]
        return tuple(sorted(c - math.log(r) / b for r in ratios if r > 0.0))

    @property
    def varied(self) -> Mapping[str, tuple[Efficiency, Efficiency]]:
        """The varied sigmoids."""
        return vary(lambda v: replace(self, coefficients=v, variations={}), self.variations)


MODEL = Sigmoid
