"""What an efficiency curve is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.variation import Variation, as_tuple
from cevns.morphing import even_part
from cevns.typing import Array, ArrayLike

__all__ = ["Efficiency", "Morphed", "vary"]


def vary(
    make: Callable[[tuple[float, ...]], Efficiency], variations: Mapping[str, Variation]
) -> dict[str, tuple[Efficiency, Efficiency]]:
    """The curves that `make` makes of the numbers of each variation, plus and minus."""
    return {
        name: (make(as_tuple(v.plus)), make(as_tuple(v.minus))) for name, v in variations.items()
    }


class Efficiency(ABC):
    """A probability between 0 and 1 as a function of a reconstructed value x."""

    @abstractmethod
    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at x, same shape."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Values of x where the curve or its slope jumps: integrals are split there."""
        return ()

    @property
    def known(self) -> tuple[float, float]:
        """Range of x in which the curve was measured; all by default."""
        return -math.inf, math.inf

    @property
    def varied(self) -> Mapping[str, tuple[Efficiency, Efficiency]]:
        """The curve at +1 and -1 sigma of each of its nuisance directions, by name."""
        return {}


@dataclass(frozen=True)
class Morphed(Efficiency):
    """The efficiency at a pull: nominal + alpha S + d(alpha) D, clamped to [0, 1].

    S and D are the odd and even parts of the +-1 sigma curves and d the C2 interpolation of
    `cevns.morphing`. The clamp belongs to the curve and not to its bin contents: beyond one
    sigma the straight lines leave the physical region, in a threshold bin soon.

    Args:
        nominal: the curve at alpha = 0.
        plus: at alpha = +1.
        minus: at alpha = -1.
        alpha: the pull.

    Examples:
        >>> from cevns.detectors.efficiency.sigmoid import Sigmoid
        >>> curves = [Sigmoid((1.3, 0.3, c, -0.3)) for c in (10.0, 9.0, 11.0)]
        >>> float(Morphed(*curves, alpha=-3.0)(6.0))
        0.0
    """

    nominal: Efficiency
    plus: Efficiency
    minus: Efficiency
    alpha: float

    def _unclamped(self, x: Array) -> Array:
        zero, up, down = self.nominal(x), self.plus(x), self.minus(x)
        odd, even = 0.5 * (up - down), 0.5 * (up + down) - zero
        return zero + self.alpha * odd + float(even_part(self.alpha)) * even

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`."""
        raw = self._unclamped(np.asarray(x, dtype=float))
        return np.minimum(np.maximum(raw, 0.0), 1.0)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Kinks of the three curves, and where the morphed one meets 0 or 1 near them."""
        own = {k for eps in (self.nominal, self.plus, self.minus) for k in eps.kinks}
        if not own:
            return ()
        low, high = min(own), max(own)
        margin = (1.0 + abs(self.alpha)) * max(high - low, 1e-3 * abs(high), 1e-9)
        x = np.linspace(low - margin, high + margin, 1025)
        for level in (0.0, 1.0):
            above = self._unclamped(x) > level
            for i in np.flatnonzero(above[1:] != above[:-1]):
                a, b = float(x[i]), float(x[i + 1])
                for _ in range(40):
                    middle = 0.5 * (a + b)
                    if (float(self._unclamped(np.asarray(middle))) > level) == bool(above[i]):
                        a = middle
                    else:
                        b = middle
                root = 0.5 * (a + b)
                if all(abs(root - k) > 1e-6 * (high - low + margin) for k in own):
                    own.add(root)
        return tuple(sorted(own))
