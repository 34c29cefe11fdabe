"""The deepest of several minima: where to begin each fit, and what to keep of several fits.

Couplings enter squared, so a second solution mirrors the first, and which of the two is deeper
changes from one data set to the next. A fit finds the minimum of the basin that it starts in. The
tools here are used wherever there may be several:

- `basins` finds the lowest local minima of tabulated values, and `spread` points far apart;
- `improvements` picks the deepest of several fits of the same data;
- `Screen` tabulates -2 ln L of toys on a list of candidate points, ::

      q_k = 2 sum_i [mu_ki - n_i ln mu_ki] + sum_j ((theta_kj - a_j) / sigma_j)^2,

  which up to a number per toy is one matrix product of (ln mu, theta/sigma^2) with (n, a).

`starts` fits toys from as few starts as find the minima.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

__all__ = [
    "BASINS",
    "MARGIN",
    "MOST",
    "RIDGE",
    "Screen",
    "basins",
    "improvements",
    "lowest_neighbour",
    "spread",
    "usable",
]

MOST = 900
"""Candidates at most, by default: screening then costs a fraction of a fit."""
RIDGE = 0.5
"""Rise of -2 ln L between two candidates above which they count as two basins."""
BASINS = 4
"""Fits a toy at most: the solutions of two couplings that enter squared."""
MARGIN = 4.0
"""Difference of the screened -2 ln L up to which another basin is fitted too.

Candidates lie on a grid and carry nuisances profiled on other data, so that screened values are
above the minima by an amount that varies between basins. Toys where that outweighs the margin may
end in the shallower minimum."""
_TOGETHER = 256
"""Toys screened together: their values stay in the cache."""
_DISPLACEMENT = 1.0
"""Of a start from its candidate, in units of a parameter's scale: with a few hundredths, fits on
the symmetry axis of a coupling that the data hardly know stayed there."""
_LINE_POINTS = 16
"""Points at which the straight line between two candidates is looked at."""


# -- several fits or tabulated values -------------------------------------------------------------


def improvements(
    values: Array, group: IntArray, tried: Array, by: float = 0.0
) -> tuple[IntArray, IntArray]:
    """Which values further fits lower, and the lowest of the fits.

    Args:
        values: the lowest -2 ln L so far, ``(G,)``, infinite without one.
        group: which of these each fit is for, ``(B,)``; some may come repeatedly, some never.
        tried: -2 ln L of the fits, ``(B,)``.
        by: decrease that counts.

    Returns:
        The positions in `values` that are lowered, and for each the position of the fit.

    Examples:
        >>> lowered, by = improvements(np.array([5.0, 1.0]), np.array([0, 1, 0]), np.arange(3.0))
        >>> lowered.tolist(), by.tolist()
        ([0], [0])
    """
    order = np.lexsort((tried, group))
    groups, first = np.unique(group[order], return_index=True)
    lowest = order[first]
    better = tried[lowest] < values[groups] - by
    return groups[better], lowest[better]


def spread(points: Array, n: int) -> IntArray:
    """Positions of `n` of the points ``(K, d)`` far from each other, beginning with the first.

    Each is the one farthest from those before, in units of the standard deviation of each
    coordinate.
    """
    deviation = points.std(axis=0)
    scaled = points / np.where(deviation > 0, deviation, 1.0)
    chosen = [0]
    distance = np.linalg.norm(scaled - scaled[0], axis=1)
    while len(chosen) < n:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(scaled - scaled[chosen[-1]], axis=1))
    return np.array(chosen)


def lowest_neighbour(values: Array, shape: tuple[int, ...]) -> Array:
    """Smallest value of each grid point and its neighbours, diagonal ones included.

    Args:
        values: ``(B, K)``.
        shape: of the grid, with product K.

    Examples:
        >>> lowest_neighbour(np.array([[3.0, 1.0, 4.0, 1.5]]), (4,)).tolist()
        [[1.0, 1.0, 1.0, 1.5]]
    """
    grid = values.reshape(-1, *shape)
    for axis in range(1, grid.ndim):
        first, second = (
            tuple(s if i == axis else slice(None) for i in range(grid.ndim))
            for s in (slice(1, None), slice(None, -1))
        )
        lowest = grid.copy()
        np.minimum(lowest[first], grid[second], out=lowest[first])
        np.minimum(lowest[second], grid[first], out=lowest[second])
        grid = lowest
    return grid.reshape(values.shape)


def basins(
    values: Array,
    shape: tuple[int, ...],
    n: int = BASINS,
    *,
    ridge: float = RIDGE,
    margin: float = MARGIN,
) -> IntArray:
    """The lowest grid point of each row of values, and the lowest ones of other basins.

    A basin is a point below all its neighbours, diagonal ones included, with a ridge on the
    straight line to the lower one that was chosen before.

    Args:
        values: ``(B, K)``.
        shape: of the grid, with product K and the last axis fastest.
        n: points a row.
        ridge: its height, above the higher of the two.
        margin: height above the lowest value at which a basin is left out.

    Returns:
        Positions, ``(B, n)``, from the lowest; -1 where there is no other.

    Examples:
        >>> basins(np.array([[3.0, 1.0, 4.0, 2.0, 9.0]]), (5,), 3).tolist()
        [[1, 3, -1]]
    """
    size = len(values)
    chosen = np.full((size, n), -1)
    chosen[:, 0] = values.argmin(axis=1)
    limit = values[np.arange(size), chosen[:, 0]] + margin
    is_minimum = (values <= limit[:, None]) & (values <= lowest_neighbour(values, shape))
    row, at = np.nonzero(is_minimum)
    height = values[row, at]
    order = np.lexsort((height, row))  # row by row, from the deepest
    row, at, height = row[order], at[order], height[order]
    for column in range(1, n):
        between = _highest_between(values, shape, row, at, chosen[row, column - 1])
        separate = between > height + ridge
        row, at, height = row[separate], at[separate], height[separate]
        found, first = np.unique(row, return_index=True)
        chosen[found, column] = at[first]
    return chosen


def _highest_between(
    values: Array, shape: tuple[int, ...], row: IntArray, a: IntArray, b: IntArray
) -> Array:
    """Largest value on the straight line between points `a` and `b` of each row."""
    ends = [np.stack(np.unravel_index(k, shape))[:, :, None] for k in (a, b)]
    places = np.rint(ends[0] + (ends[1] - ends[0]) * np.linspace(0.0, 1.0, _LINE_POINTS))
    line = np.ravel_multi_index(tuple(places.astype(np.int64)), shape)
    result: Array = values[row[:, None], line].max(axis=1)
    return result


# -- toys -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Screen:
    """Candidate starting points on a grid.

    Args:
        model: what the toys are fitted with.
        theta: candidates, ``(K, n_par)``: the points of a grid, the other parameters profiled.
        shape: of the grid, with product K and the last axis fastest; says which are neighbours.

    Raises:
        InputError: if `theta` and `shape` do not agree, or a number is not finite.
    """

    model: Model
    theta: Array
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        wanted = (math.prod(self.shape), len(self.model.parameters))
        if self.theta.shape != wanted or not 1 <= len(self.shape) <= 2:
            raise InputError(
                f"candidates of {self.model.name!r}: an array of shape {self.theta.shape} for a "
                f"grid of {self.shape} points; give one of shape {wanted}"
            )
        if not np.isfinite(self.theta).all():
            raise InputError(f"candidates of {self.model.name!r}: every number must be finite")

    @classmethod
    def of(cls, model: Model, theta: Array, shape: tuple[int, ...], most: int = MOST) -> Screen:
        """Every n-th point of a grid along each axis, so that there are at most `most`."""
        steps = [1] * len(shape)

        def thinned() -> list[int]:
            return [-(-n // s) for n, s in zip(shape, steps, strict=True)]

        while math.prod(thinned()) > most:
            steps[int(np.argmax(thinned()))] += 1
        numbers = np.arange(math.prod(shape)).reshape(shape)
        # both borders at the same distance
        kept = numbers[
            tuple(slice((n - 1) % s // 2, None, s) for n, s in zip(shape, steps, strict=True))
        ]
        return cls(model, theta[kept.ravel()], kept.shape)

    @cached_property
    def _linear(self) -> tuple[Array, Array]:
        """Slope ``(n_bins + n_par, K)`` and constant ``(K,)`` of the screened values.

        Less what is common to all candidates, so that single precision is enough.
        """
        target = Objective(self.model)
        theta, weight = self.theta.T, target.inverse_variance[:, None]
        constant, by_counts = target.linear(theta)
        slope = np.concatenate([by_counts, -2.0 * weight * theta])
        constant = constant + (weight * theta**2).sum(axis=0)
        slope = slope - slope.mean(axis=1, keepdims=True)
        return slope.astype(np.float32), (constant - constant.mean()).astype(np.float32)

    def values(self, data: Data) -> Array:
        """Screened -2 ln L of each toy up to a number of its own, ``(B, K)``."""
        slope, constant = self._linear
        result: Array = (
            np.concatenate([data.counts, data.auxiliary]).T.astype(np.float32) @ slope + constant
        )
        return result

    def starts(self, numbers: IntArray, side: float = 1.0) -> Array:
        """Starting points at candidates, ``(n_par, B)``.

        A little displaced: on the symmetry axis of a coupling that enters squared, which a grid
        may well contain, there is no slope to follow. The other side of it is -1.
        """
        parameters = self.model.parameters
        unconstrained = np.array([p.constraint is None and not p.fixed for p in parameters])
        scale, low, high = (
            np.array([getattr(p, name) for p in parameters]) for name in ("scale", "lower", "upper")
        )
        theta = self.theta[numbers]
        moved = np.clip(theta + side * _DISPLACEMENT * scale * unconstrained, low, high)
        return np.ascontiguousarray(np.where(unconstrained, moved, theta).T)

    def choose(self, data: Data, n: int = BASINS) -> IntArray:
        """The best candidate of each toy, and the best ones in other basins (`basins`).

        Args:
            data: of the toys.
            n: candidates a toy.

        Returns:
            Numbers of candidates, ``(B, n)``, from the best; -1 where there is no other.
        """
        from threadpoolctl import threadpool_limits

        parts = [np.empty((0, n), dtype=np.int64)]
        with threadpool_limits(1):  # contending threads slow small matrix products
            for at in range(0, data.counts.shape[1], _TOGETHER):
                values = self.values(data.columns(slice(at, at + _TOGETHER)))
                parts.append(basins(values, self.shape, n))
        return np.concatenate(parts)


def usable(error: Array, scale: Array) -> Array:
    """Errors; the scale where a parameter is held, at a bound or undetermined."""
    found: Array = np.where(np.isfinite(error) & (error > 0), error, scale)
    return found
