r"""What toys say of the data: p-values and critical values, also of toys with weights.

With a statistic q, its value q_d in the data and the weights w_i of the toys i,

    p = sum_i w_i [q_i >= q_d - TIE] / sum_i w_i,
    sigma_p = sqrt(sum_i w_i^2 ([q_i >= q_d - TIE] - p)^2) / sum_i w_i,

and (sum w)^2 / sum w^2 is their effective number. Without weights these are k/n and its binomial
error.
"""

from __future__ import annotations

import math

import numpy as np

from cevns.inference.toys.toy_job import TIE
from cevns.typing import Array

__all__ = ["WeightedToys", "effective_number"]


def effective_number(weights: Array) -> Array:
    """``(sum w)^2 / sum w^2`` along the last axis; zero where all weights are."""
    squares = np.sum(weights**2, axis=-1)
    return np.asarray(weights.sum(axis=-1) ** 2 / np.where(squares > 0, squares, np.inf))


class WeightedToys:
    """A statistic of toys, which may have weights; toys with a failed fit are left out.

    Args:
        q: the statistic; NaN for a failed fit.
        weights: of the toys, not negative; all the same by default.
    """

    def __init__(self, q: Array, weights: Array | None = None) -> None:
        weights = np.ones(len(q)) if weights is None else weights
        order = np.argsort(q, kind="stable")[: int(np.isfinite(q).sum())]
        self.q, self.weights = q[order], weights[order]
        self._sum = np.cumsum(self.weights)

    def __len__(self) -> int:
        """Number of toys with a fit."""
        return len(self.q)

    def p_value(self, q_data: float) -> tuple[float, float]:
        """Share of the toys at least as far off as the data, and its error: at least that of a toy.

        Examples:
            >>> toys = WeightedToys(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, 3.0]))
            >>> toys.p_value(2.5)[0]
            0.5
        """
        if not len(self):
            return math.nan, math.nan
        n = int(np.searchsorted(self.q, q_data - TIE))
        share = float(self.weights[n:].sum() / self._sum[-1])
        return share, max(self._error(n, 1.0 - share), 1.0 / float(effective_number(self.weights)))

    def quantiles(self, shares: Array) -> Array:
        """The smallest q up to which at least a share of the toys lies, for each."""
        if not len(self):
            return np.full(len(shares), math.nan)
        at = np.searchsorted(self._sum, (shares - 1e-12) * self._sum[-1])
        return np.asarray(self.q[np.minimum(at, len(self) - 1)])

    def critical(self, cl: float) -> tuple[float, float]:
        """What a share `cl` of the toys does not exceed, with a tie above, and its error.

        The error is half the distance between the quantiles an error of the share either side;
        infinite where the toys do not reach that far.

        Examples:
            >>> value, error = WeightedToys(np.arange(1000.0)).critical(0.9)
            >>> value, round(error, 1)
            (899.01, 9.5)
        """
        if not len(self):
            return math.nan, math.nan
        (value,) = self.quantiles(np.array([cl]))
        spread = self._spread(cl)
        if cl + spread > 1.0:
            return float(value) + TIE, math.inf
        low, high = self.quantiles(np.array([max(cl - spread, 0.0), cl + spread]))
        return float(value) + TIE, float(0.5 * (high - low))

    def equivalent(self, cl: float) -> float:
        """So many toys without weights would know the share `cl` as well; zero without toys."""
        if not len(self):
            return 0.0
        return cl * (1.0 - cl) / self._spread(cl) ** 2

    def _spread(self, cl: float) -> float:
        """Error of the share of toys that the quantile of `cl` is not below: at least a toy's."""
        (value,) = self.quantiles(np.array([cl]))
        found = self._error(int(np.searchsorted(self.q, value, side="right")), cl)
        return max(found, 1.0 / float(effective_number(self.weights)))

    def _error(self, n: int, share: float) -> float:
        """Of a share that the `n` smallest are said to have."""
        inside = np.arange(len(self)) < n
        return float(np.sqrt(np.sum((self.weights * (inside - share)) ** 2)) / self._sum[-1])
