"""What an efficiency curve is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cevns.detectors.framework.variation import Variation, as_tuple
from cevns.exceptions import InputError
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


_ROUNDING = 1e-6
"""Beyond 0 and 1, of curves that were fitted."""
_NODES = 2001
"""Values of x in a range, beside the kinks, at which a curve must be a probability."""


class Efficiency(ABC):
    """A probability between 0 and 1 as a function of a reconstructed value x."""

    @abstractmethod
    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at x, same shape."""

    def unclamped(self, x: ArrayLike) -> Array:
        """The curve before a clamp to [0, 1], where it has one: what pulls act on."""
        return self(x)

    def require_probability(self, low: float, high: float) -> None:
        """Raise if the curve, or one of its variations, is no probability somewhere in a range.

        A curve may be clamped at zero, below which the formula of the CsI[Na] release goes at its
        threshold. A clamp at one has no such meaning: it hides an efficiency in percent.

        Raises:
            InputError: with the value and where it is.

        Examples:
            >>> from cevns.detectors.efficiency.sigmoid import Sigmoid
            >>> Sigmoid((5.0, 0.5, 9.0, 0.0)).require_probability(5.0, 60.0)
            Traceback (most recent call last):
            cevns.exceptions.InputError: the efficiency is 5 at 60; it must lie between 0 and 1
        """
        inside = [k for k in self.kinks if low <= k <= high]
        x = np.sort(np.append(np.linspace(low, high, _NODES), inside))
        curves = {"the efficiency": self}
        for name, pair in self.varied.items():
            curves |= {
                f"the efficiency at {s}1 sigma of {name!r}": c
                for s, c in zip("+-", pair, strict=True)
            }
        for what, curve in curves.items():
            lowest, highest = curve(x), curve.unclamped(x)
            wrong = np.append(highest[highest > 1.0 + _ROUNDING], lowest[lowest < -_ROUNDING])
            if wrong.size or not np.isfinite(lowest).all():
                k = int(np.argmax(np.maximum(highest - 1.0, -lowest)))
                value = highest[k] if highest[k] > 1.0 else lowest[k]
                raise InputError(
                    f"{what} is {value:.4g} at {x[k]:.4g}; it must lie between 0 and 1"
                )

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


@dataclass(frozen=True, eq=False)
class Morphed(Efficiency):
    """The efficiency at one pull or many: nominal + alpha S + d(alpha) D, clamped to [0, 1].

    S and D are the odd and even parts of the +-1 sigma curves and d the C2 interpolation of
    `cevns.morphing`. Curves are morphed as they stand before their own clamp (`unclamped`), and
    the result is clamped once: then the threshold of the morphed curve moves smoothly with the
    pull. Curves clamped first would all vanish at the same pull, wherever the one at -1 sigma
    does, and -2 ln L would have a kink there. The clamp belongs to the curve and not to its bin
    contents, which would turn negative soon beyond one sigma.

    Args:
        nominal: the curve at alpha = 0.
        plus: at alpha = +1.
        minus: at alpha = -1.
        alpha: the pull, or an array of them, whose axes come first in what a call returns.

    Examples:
        >>> from cevns.detectors.efficiency.sigmoid import Sigmoid
        >>> curves = [Sigmoid((1.3, 0.3, c, -0.3)) for c in (10.0, 9.0, 11.0)]
        >>> float(Morphed(*curves, alpha=-3.0)(6.0))
        0.0
        >>> Morphed(*curves, alpha=[0.0, 1.0])(10.0).round(4).tolist()
        [0.35, 0.4468]
    """

    nominal: Efficiency
    plus: Efficiency
    minus: Efficiency
    alpha: ArrayLike

    def _parts(self, x: Array) -> tuple[Array, Array, Array]:
        """The nominal curve and the odd and even parts of its variations."""
        zero, up, down = (c.unclamped(x) for c in (self.nominal, self.plus, self.minus))
        return zero, 0.5 * (up - down), 0.5 * (up + down) - zero

    def __call__(self, x: ArrayLike) -> Array:
        """The efficiency at `x`, of shape ``(*alpha.shape, *x.shape)``."""
        x = np.asarray(x, dtype=float)
        alpha = np.asarray(self.alpha, dtype=float)
        alpha = alpha.reshape((*alpha.shape, *(1,) * x.ndim))
        zero, odd, even = self._parts(x)
        raw = np.asarray(alpha * odd)
        raw += even_part(alpha) * even
        raw += zero
        return np.clip(raw, 0.0, 1.0, out=raw)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Kinks of the three curves, and where a morphed one meets 0 or 1 near them."""
        own = {k for eps in (self.nominal, self.plus, self.minus) for k in eps.kinks}
        if not own:
            return ()
        low, high, alpha = min(own), max(own), np.ravel(np.asarray(self.alpha, dtype=float))
        margin = (1.0 + np.abs(alpha).max()) * max(high - low, 1e-3 * abs(high), 1e-9)
        x = np.linspace(low - margin, high + margin, 1025)

        def unclamped(x: Array, alpha: Array) -> Array:
            zero, odd, even = self._parts(x)
            result: Array = zero + alpha * odd + even_part(alpha) * even
            return result

        curves = unclamped(x, alpha[:, None])
        for level in (0.0, 1.0):
            above = curves > level
            row, at = np.nonzero(above[:, 1:] != above[:, :-1])
            a, b, first = x[at], x[at + 1], above[row, at]
            for _ in range(40):
                middle = 0.5 * (a + b)
                same = (unclamped(middle, alpha[row]) > level) == first
                a, b = np.where(same, middle, a), np.where(same, b, middle)
            for root in (0.5 * (a + b)).tolist():
                if all(abs(root - k) > 1e-6 * (high - low + margin) for k in own):
                    own.add(root)
        return tuple(sorted(own))
