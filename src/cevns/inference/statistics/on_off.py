"""Counts with the source on beside counts with it off, without a model of the background.

Each bin has a background b of its own, known from the counts m with the source off, tau times as
long: with the expected signal s and the counts n with the source on,

    -2 ln L = min_b 2 sum_i [s + b - n ln(s + b) + tau b - m ln(tau b)]  + constant,

    b = (q + sqrt(q^2 + 4 (1 + tau) m s)) / (2 (1 + tau)),    q = n + m - (1 + tau) s

(W. A. Rolke, A. M. Lopez, J. Conrad, NIM A 551 (2005) 493, for one bin). By the envelope theorem
the slope is that at fixed b, and the curvature is A C/(A + C) with A = n/(s + b)^2, C = m/b^2. The
data are the counts with the source on, and behind them those with it off; pseudo-data have both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.statistic import Statistic
from cevns.inference.statistics.poisson import Poisson
from cevns.typing import Array, BoolArray

__all__ = ["MODEL", "OnOff"]

CITE = ("rolke-2005",)

_TINY = 1e-300
_TRACE = 1e-4


@dataclass(frozen=True, eq=False)
class OnOff(Poisson):
    """See the module; extends `cevns.inference.statistics.poisson.Poisson`.

    Args:
        off: counts with the source off, ``(n_bins,)``: the truth of pseudo-data.
        ratio: tau, the exposure with the source off over that with it on.

    Raises:
        InputError: if the ratio is not positive, or a count is negative.
    """

    counts: ClassVar[bool] = False

    off: Array
    ratio: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ratio) and self.ratio > 0):
            raise InputError(f"the ratio of exposures, off to on, is positive, not {self.ratio:g}")
        if not (np.isfinite(self.off).all() and (self.off >= 0).all()):
            raise InputError("counts with the source off must be finite and not negative")

    @property
    def extra(self) -> int:
        """The counts with the source off."""
        return int(self.off.size)

    def regularised(self, mu: Array, floor: Array) -> Array:
        """As it is: the background keeps the sum positive."""
        del floor
        return mu

    def background(self, signal: Array, on: Array, off: Array) -> Array:
        """The background in each bin that the counts prefer, ``(n_bins, B)``."""
        both = 1.0 + self.ratio
        q = on + off - both * signal
        root = np.sqrt(np.maximum(q * q + 4.0 * both * off * signal, 0.0))
        # of the two forms of the larger root that which does not subtract nearly equal numbers
        low = 2.0 * off * signal / np.maximum(root - q, _TINY)
        return np.where(q >= 0.0, (q + root) / (2.0 * both), low)

    def _parts(self, mu: Array, data: Array) -> tuple[Array, Array, Array, Array]:
        """Signal and background, and the counts on and off."""
        n = self.extra
        on, off = data[:n], data[n:]
        b = self.background(mu[:n], on, off)
        return mu[:n] + b, b, on, off

    def value(self, mu: Array, data: Array, floor: Array) -> Array:
        """See `Statistic`."""
        del floor
        total, b, on, off = self._parts(mu, data)
        value = total + self.ratio * b
        value = value - on * np.log(np.maximum(total, _TINY))
        value = value - off * np.log(np.maximum(self.ratio * b, _TINY))
        result: Array = 2.0 * value.sum(axis=0)
        return np.where(self.impossible(mu, data, mu), np.inf, result)

    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """See `Statistic`."""
        total, b, on, off = self._parts(mu, data)
        safe = np.maximum(total, _TINY)
        a, c = (on + _TRACE) / safe / safe, (off + _TRACE) / np.maximum(b, _TRACE) ** 2
        residual, nothing = 1.0 - on / safe, np.zeros_like(b)
        return (
            self.value(mu, data, floor),
            np.concatenate([residual, nothing]),
            np.concatenate([a * (c / (a + c)), nothing]),
        )

    def residual(self, mu: Array, data: Array, floor: Array) -> Array:
        """See `Statistic`."""
        del floor
        total, b, on, _ = self._parts(mu, data)
        return np.concatenate([1.0 - on / np.maximum(total, _TINY), np.zeros_like(b)])

    def impossible(self, mu: Array, data: Array, floor: Array) -> BoolArray:
        """Whether a bin has counts where signal and background together are nothing."""
        del floor
        total, _, on, _ = self._parts(mu, data)
        return np.asarray(np.any((total <= 0.0) & (on > 0.0), axis=0))

    def _truth(self, mu: Array) -> Array:
        """The background that pseudo-data are drawn with, in the exposure with the source on."""
        return (self.off / self.ratio).reshape(-1, *(1,) * (mu.ndim - 1))

    def information(self, mu: Array, floor: Array) -> Array:
        """Expected ``A C/(A + C) = tau/(tau s + (1 + tau) b)``."""
        del floor
        signal, b = mu[: self.extra], self._truth(mu)
        known = self.ratio * signal + (1.0 + self.ratio) * b
        weight = np.where(known > 0, self.ratio / np.where(known > 0, known, 1.0), 0.0)
        return np.concatenate([weight, np.zeros_like(weight)])

    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """See `Statistic`, with the background of pseudo-data: what it screens is fitted again."""
        del floor
        b = self._truth(mu) + 0.0 * mu[: self.extra]
        total = mu[: self.extra] + b
        slope = np.concatenate([total, self.ratio * b])
        slope = -2.0 * np.log(np.maximum(slope, _TINY))
        result: Array = 2.0 * (total + self.ratio * b).sum(axis=0)
        return result, slope

    def log_density(self, mu: Array, data: Array) -> Array:
        """See `Statistic`: what is drawn with the source on has no negative expectation."""
        signal = np.maximum(mu[: self.extra], -self._truth(mu))
        return Statistic.log_density(self, np.concatenate([signal, mu[self.extra :]]), data)

    def stabilised(self, mu: Array) -> Array:
        """``2 sqrt`` of what is expected on and off."""
        b = self._truth(mu) + 0.0 * mu[: self.extra]
        return super().stabilised(np.concatenate([mu[: self.extra] + b, self.ratio * b]))

    def points(self, data: Array) -> tuple[Array, Array, Array]:
        """On less off/ratio, with ``sqrt(on + off/ratio^2)`` on both sides."""
        on, off = data[: self.extra], data[self.extra :]
        error = np.sqrt(on + off / self.ratio**2)
        return on - off / self.ratio, error, error

    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Poisson counts with the source on and off.

        Raises:
            InputError: if an expectation is negative.
        """
        return super().draw(self.asimov(mu), rng, n)

    def asimov(self, mu: Array) -> Array:
        """Signal and background with the source on, background with it off."""
        return np.concatenate([mu[: self.extra] + self.off / self.ratio, self.off])


MODEL = OnOff
