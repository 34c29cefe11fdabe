"""Poisson counts, with an expectation that is kept positive.

    -2 ln L = 2 sum_i [mu_i - n_i ln mu_i] + 2 sum_i [n_i ln n_i - n_i]

(Baker and Cousins, NIM 221 (1984) 437). Shapes are interpolated between variations at +-1 sigma
and continued linearly, so a signal that nearly vanishes in a bin can pull the total below zero.
Below a *floor* that no legitimate expectation reaches (half of the background, say) the total is
bent,

    mu -> floor g((floor - mu)/floor),    g(u) = (1 + 1/(1 + v + v^2))/2,  v = 2 u,

which joins the straight line with continuous second derivative and stays above half the floor.
Where a channel declares no floor, minimisers see one far below its nominal counts, and -2 ln L is
infinite when it is quoted at an expectation of zero with counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array, BoolArray

__all__ = ["MODEL", "Poisson", "bend"]

CITE = ("baker-cousins-1984",)

_TINY = 1e-300
_TRACE = 1e-4


def _bend(mu: Array, floor: Array) -> tuple[Array, Array, Array]:
    """The bent value with first and second derivative, for ``mu < floor``."""
    safe = np.where(floor > 0, floor, 1.0)
    v = 2.0 * np.maximum(floor - mu, 0.0) / safe
    h = 1.0 / (1.0 + v + v * v)
    first = 1.0 + 2.0 * v
    value = np.where(floor > 0, 0.5 * floor * (1.0 + h), 0.0)
    slope = np.where(floor > 0, first * h * h, 0.0)
    curvature = np.where(floor > 0, (2.0 * first * first * h - 2.0) * h * h * 2.0 / safe, 0.0)
    return value, slope, curvature


def bend(mu: Array, floor: Array) -> tuple[Array, Array, Array]:
    """Expected counts kept above the floor.

    Args:
        mu: expected counts.
        floor: broadcastable to `mu`, not negative.

    Returns:
        The bent expectation, its first and its second derivative by `mu`, same shape.

    Examples:
        >>> value, slope, _ = bend(np.array([5.0, 1.0, -100.0]), np.array(2.0))
        >>> value.round(3).tolist(), slope.round(3).tolist()
        ([5.0, 1.333, 1.0], [1.0, 0.333, 0.0])
    """
    low = mu < floor
    if not low.any():
        return mu, np.ones_like(mu), np.zeros_like(mu)
    value, slope, curvature = mu.copy(), np.ones_like(mu), np.zeros_like(mu)
    # few bins of few data sets: only those are worth the arithmetic
    value[low], slope[low], curvature[low] = _bend(mu[low], np.broadcast_to(floor, mu.shape)[low])
    return value, slope, curvature


@dataclass(frozen=True)
class Poisson(Statistic):
    """See the module; extends `cevns.inference.model.statistic.Statistic`."""

    counts: ClassVar[bool] = True

    def check(self, data: Array, where: str) -> None:
        """Counts are finite and not negative.

        Raises:
            InputError: otherwise.
        """
        bad = ~(np.isfinite(data) & (data >= 0))
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(
                f"{where}: bin {i} holds {data[i]}; counts must be finite and not negative"
            )

    def constant(self, data: Array) -> Array:
        """``2 sum (n ln n - n)``."""
        terms = data * np.log(np.where(data > 0, data, 1.0)) - data
        return np.asarray(2.0 * terms.sum(axis=0))

    def value(self, mu: Array, data: Array, floor: Array) -> Array:
        """See `Statistic`."""
        return self._value(bend(mu, floor)[0], data)

    def _value(self, mu: Array, data: Array) -> Array:
        value = 2.0 * (mu - data * np.log(np.maximum(mu, _TINY))).sum(axis=0)
        if mu.min(initial=1.0) > 0.0:
            return np.asarray(value)
        return np.where(np.any((mu <= 0.0) & (data > 0.0), axis=0), np.inf, value)

    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """See `Statistic`."""
        mu, slope, bending = bend(mu, floor)
        safe = np.maximum(mu, _TINY)
        ratio = data / safe
        residual = (1.0 - ratio) * slope
        # an empty bin has no curvature; a trace of its expected one keeps the matrix definite
        curvature = (ratio + _TRACE) / safe * slope * slope + bending * np.maximum(1.0 - ratio, 0.0)
        return self._value(mu, data), residual, curvature

    def residual(self, mu: Array, data: Array, floor: Array) -> Array:
        """See `Statistic`."""
        mu, slope, _ = bend(mu, floor)
        result: Array = (1.0 - data / np.maximum(mu, _TINY)) * slope
        return result

    def impossible(self, mu: Array, data: Array, floor: Array) -> BoolArray:
        """Whether a bin without a floor expects nothing and has counts."""
        return np.asarray(np.any((mu <= 0.0) & (floor <= 0.0) & (data > 0.0), axis=0))

    def information(self, mu: Array, floor: Array) -> Array:
        """``1/mu``; nothing where nothing is expected."""
        mu, slope, _ = bend(mu, floor)
        result: Array = slope * slope / np.where(mu > 0, mu, np.inf)
        return result

    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """See `Statistic`."""
        mu = bend(mu, floor)[0]
        return 2.0 * mu.sum(axis=0), -2.0 * np.log(np.maximum(mu, _TINY))

    def log_density(self, mu: Array, data: Array) -> Array:
        """See `Statistic`: of counts that are drawn without a floor."""
        return super().log_density(np.maximum(mu, 0.0), data)

    def stabilised(self, mu: Array) -> Array:
        """``2 sqrt(mu)``."""
        return 2.0 * np.sqrt(np.maximum(mu, 0.0))

    def regularised(self, mu: Array, floor: Array) -> Array:
        """Bent below the floor."""
        return bend(mu, floor)[0]

    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Independent Poisson counts.

        Raises:
            InputError: if an expectation is negative beyond rounding, or not finite.
        """
        rounding = -1e-9 * np.abs(mu).max(initial=0.0)  # of a difference of templates
        self.check(np.where((mu < 0) & (mu >= rounding), 0.0, mu), "pseudo-data: expectation")
        mu = np.maximum(mu, 0.0)
        return np.ascontiguousarray(rng.poisson(mu, (n, mu.size)).T.astype(float))


MODEL = Poisson
