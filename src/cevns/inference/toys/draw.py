"""Poisson counts drawn fast at a fixed expectation.

Toys of one point share their expected counts, so each bin gets Walker's alias table once (Vose,
IEEE Trans. Softw. Eng. 17 (1991) 972): the support is cut into K columns of equal probability
1/K, each holding at most two values, and a draw is one uniform number, one look-up and one
comparison. That is several times faster than a general Poisson generator and as exact as the
table, a relative 1e-12 of the probabilities at a thousand counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, sqrt

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, IntArray

__all__ = ["PoissonSampler", "alias_table"]

_TAIL = 10.0
"""Support in standard deviations either side (plus as many counts): tails below 1e-17."""
_LARGEST = 1e5
"""Expectation above which a table is larger than it is worth."""


@dataclass(frozen=True, eq=False)
class _Table:
    offset: float
    threshold: Array
    alias: Array


def _poisson_table(mu: float) -> _Table:
    width = _TAIL * (sqrt(mu) + 1.0) + 10.0
    low, high = max(0, int(mu - width)), int(mu + width) + 1
    support = np.arange(low, high + 1)
    log_factorial = np.array([lgamma(k + 1.0) for k in support])
    p = np.exp(support * log(mu) - mu - log_factorial)
    threshold, alias = alias_table(p / p.sum())
    return _Table(float(low), threshold, alias.astype(float))


def alias_table(probabilities: Array) -> tuple[Array, IntArray]:
    """Walker's table: column k gives k below its threshold and its alias above.

    Examples:
        >>> threshold, alias = alias_table(np.array([0.75, 0.25]))
        >>> threshold.tolist(), alias.tolist()
        ([1.0, 0.5], [0, 0])
    """
    n = len(probabilities)
    height = probabilities * n
    threshold, alias = np.ones(n), np.arange(n)
    small = [i for i in range(n) if height[i] < 1.0]
    large = [i for i in range(n) if height[i] >= 1.0]
    height = height.tolist()
    while small and large:
        s, g = small.pop(), large[-1]
        threshold[s], alias[s] = height[s], g
        height[g] -= 1.0 - height[s]
        if height[g] < 1.0:
            small.append(large.pop())
    return threshold, alias


class PoissonSampler:
    """Draws Poisson counts at fixed expectations, bin by bin.

    Args:
        mu: expected counts, ``(n_bins,)``.

    Raises:
        InputError: if an expectation is negative or not finite.
    """

    def __init__(self, mu: Array) -> None:
        mu = np.asarray(mu, dtype=float)
        if not (np.isfinite(mu).all() and (mu >= 0).all()):
            raise InputError("toys need finite expected counts that are not negative")
        self.mu = mu
        self._tables = [_poisson_table(m) if 0.0 < m <= _LARGEST else None for m in mu.tolist()]

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """Counts, ``(n_bins, size)``; bins are drawn one after the other."""
        out = np.empty((len(self.mu), size))
        for row, mu, table in zip(out, self.mu, self._tables, strict=True):
            if table is None:
                row[:] = rng.poisson(mu, size) if mu > 0 else 0.0
                continue
            place = rng.random(size)
            place *= len(table.threshold)
            column = place.astype(np.intp)
            place -= column
            np.copyto(row, column)
            above = place >= table.threshold[column]
            np.copyto(row, table.alias[column], where=above)
            row += table.offset
        return out
