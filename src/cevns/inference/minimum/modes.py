"""Toys whose likelihood has several minima: where to begin each fit.

Couplings enter squared, so a second solution mirrors the first, and which of the two is deeper
changes from toy to toy. A fit finds the minimum of the basin that it starts in. So -2 ln L of
each toy is screened first on a list of candidate points,

    q_k = 2 sum_i [mu_ki - n_i ln mu_ki] + sum_j ((theta_kj - a_j) / sigma_j)^2,

which up to a number per toy is one matrix product of (ln mu, theta/sigma^2) with (n, a). Then the
toy is fitted from its best candidate, and again from the best ones behind a ridge, where these
are not much worse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.batch import FAILED, BatchFit, BatchFitter
from cevns.inference.minimum.objectives import saturated
from cevns.inference.model.expectation import Model, constraint_arrays
from cevns.inference.model.positivity import bend, floor_of
from cevns.typing import Array, IntArray

__all__ = ["BASINS", "MARGIN", "MOST", "RIDGE", "Screen", "best_fits", "lowest_neighbour"]

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
_TINY = 1e-300
_TOGETHER = 256
"""Toys screened together: their values stay in the cache."""
_BESIDE = 0.03
_ROUNDING = 1e-6
_STEPS = 16
"""Points at which the straight line between two candidates is looked at."""


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
        near, far = (
            tuple(s if i == axis else slice(None) for i in range(grid.ndim))
            for s in (slice(1, None), slice(None, -1))
        )
        lowest = grid.copy()
        np.minimum(lowest[near], grid[far], out=lowest[near])
        np.minimum(lowest[far], grid[near], out=lowest[far])
        grid = lowest
    return grid.reshape(values.shape)


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

        def left() -> list[int]:
            return [-(-n // s) for n, s in zip(shape, steps, strict=True)]

        while math.prod(left()) > most:
            steps[int(np.argmax(left()))] += 1
        numbers = np.arange(math.prod(shape)).reshape(shape)
        # both borders at the same distance
        kept = numbers[
            tuple(slice((n - 1) % s // 2, None, s) for n, s in zip(shape, steps, strict=True))
        ]
        return cls(model, theta[kept.ravel()], kept.shape)

    @cached_property
    def _expected(self) -> tuple[Array, Array, Array]:
        """Expected counts of the candidates, their logarithms, and inverse variances."""
        mu = bend(self.model.expected(self.theta), floor_of(self.model))[0]
        return mu, np.log(np.maximum(mu, _TINY)), constraint_arrays(self.model.parameters)[1]

    @cached_property
    def _linear(self) -> tuple[Array, Array]:
        """Slope ``(n_bins + n_par, K)`` and constant ``(K,)`` of the screened values.

        Less what is common to all candidates, so that single precision is enough.
        """
        mu, log_mu, weight = self._expected
        slope = -2.0 * np.concatenate([log_mu, weight * self.theta], axis=1)
        constant = 2.0 * mu.sum(axis=1) + (weight * self.theta**2).sum(axis=1)
        slope -= slope.mean(axis=0)
        return slope.T.astype(np.float32), (constant - constant.mean()).astype(np.float32)

    def values(self, counts: Array, aux: Array) -> Array:
        """Screened -2 ln L of each toy up to a number of its own, ``(B, K)``."""
        slope, constant = self._linear
        result: Array = np.concatenate([counts, aux]).T.astype(np.float32) @ slope + constant
        return result

    def twice_nll(self, counts: Array, aux: Array, numbers: IntArray) -> Array:
        """-2 ln L of each toy at one candidate of its own, ``(B,)``."""
        mu, log_mu, weight = self._expected
        logarithms = np.einsum("bi,ib->b", log_mu[numbers], counts)
        pulls = ((self.theta[numbers].T - aux) ** 2 * weight[:, None]).sum(axis=0)
        result: Array = 2.0 * (mu.sum(axis=1)[numbers] - logarithms) + saturated(counts) + pulls
        return result

    def starts(self, numbers: IntArray, side: float = 1.0) -> Array:
        """Starting points at candidates, ``(n_par, B)``.

        A little beside them: on the symmetry axis of a coupling that enters squared, which a
        grid may well contain, there is no slope to follow. The other side of it is -1.
        """
        parameters = self.model.parameters
        loose = np.array([p.constraint is None and not p.fixed for p in parameters])
        scale, low, high = (
            np.array([getattr(p, name) for p in parameters]) for name in ("scale", "lower", "upper")
        )
        theta = self.theta[numbers]
        moved = np.clip(theta + side * _BESIDE * scale * loose, low, high)
        return np.ascontiguousarray(np.where(loose, moved, theta).T)

    def choose(
        self,
        counts: Array,
        aux: Array,
        n: int = BASINS,
        *,
        separate: float = RIDGE,
        margin: float = MARGIN,
    ) -> IntArray:
        """The best candidate of each toy, and the best ones in other basins.

        A basin is a candidate below all its neighbours, diagonal ones included, with a ridge on
        the straight line to every better one that is chosen.

        Args:
            counts: ``(n_bins, B)``.
            aux: ``(n_par, B)``.
            n: candidates a toy.
            separate: height of the ridge.
            margin: screened -2 ln L above that of the best at which a basin is left out.

        Returns:
            Numbers of candidates, ``(B, n)``, from the best; -1 where there is no other.
        """
        from threadpoolctl import threadpool_limits

        parts = []
        with threadpool_limits(1):  # contending threads slow small matrix products
            for at in range(0, counts.shape[1], _TOGETHER):
                some = slice(at, at + _TOGETHER)
                values = self.values(counts[:, some], aux[:, some])
                parts.append(self._choose(values, n, separate, margin))
        return np.concatenate(parts) if parts else np.empty((0, n), dtype=np.int64)

    def _choose(self, values: Array, n: int, separate: float, margin: float) -> IntArray:
        size = len(values)
        chosen = np.full((size, n), -1)
        chosen[:, 0] = values.argmin(axis=1)
        limit = values[np.arange(size), chosen[:, 0]] + margin
        low = (values <= limit[:, None]) & (values <= lowest_neighbour(values, self.shape))
        toy, at = np.nonzero(low)
        height = values[toy, at]
        order = np.lexsort((height, toy))  # toy by toy, from the deepest
        toy, at, height = toy[order], at[order], height[order]
        for column in range(1, n):
            ridge = self._ridge(values, toy, at, chosen[toy, column - 1])
            apart = ridge > height + separate
            toy, at, height = toy[apart], at[apart], height[apart]
            found, first = np.unique(toy, return_index=True)
            chosen[found, column] = at[first]
        return chosen

    def _ridge(self, values: Array, toy: IntArray, a: IntArray, b: IntArray) -> Array:
        """Largest value on the straight line between candidates `a` and `b` of each toy."""
        ends = [np.stack(np.unravel_index(k, self.shape))[:, :, None] for k in (a, b)]
        part = np.linspace(0.0, 1.0, _STEPS)
        places = np.rint(ends[0] + (ends[1] - ends[0]) * part).astype(np.int64)
        line = np.ravel_multi_index(tuple(places), self.shape)
        result: Array = values[toy[:, None], line].max(axis=1)
        return result


def best_fits(
    fitter: BatchFitter,
    counts: Array,
    aux: Array,
    screen: Screen,
    *,
    n: int = BASINS,
    separate: float = RIDGE,
    margin: float = MARGIN,
    truth: Array | None = None,
    both_sides: bool = False,
) -> BatchFit:
    """Fit each toy from its best candidate and from those of other basins; keep the deepest.

    Args:
        fitter: fits the model of the screen.
        counts: ``(n_bins, B)``.
        aux: ``(n_par, B)``.
        screen: the candidates.
        n: fits a toy at most.
        separate: see `Screen.choose`.
        margin: see `Screen.choose`.
        truth: where the toys were drawn, ``(n_par, B)``. Toys with one basin are fitted from
            there, which is twice as fast where many have it in common, and again from their
            candidate if that is deeper than what was found.
        both_sides: begin on both sides of each candidate, for toys whose minima lie on either
            side of a symmetry axis and nearer to each other than the grid can show.

    Returns:
        One result a toy, in order.
    """
    chosen = screen.choose(counts, aux, n, separate=separate, margin=margin)
    if truth is None:
        return _from_candidates(fitter, counts, aux, screen, chosen, both_sides=both_sides)
    alone = np.flatnonzero((chosen[:, 1:] < 0).all(axis=1))
    found = fitter.fit(counts[:, alone], aux[:, alone], truth[:, alone], rescue=False)
    bound = screen.twice_nll(counts[:, alone], aux[:, alone], chosen[alone, 0])
    good = (found.status < FAILED) & (found.twice_nll <= bound + _ROUNDING)
    left = np.setdiff1d(np.arange(len(chosen)), alone[good])
    if not left.size:
        return found
    others = _from_candidates(
        fitter, counts[:, left], aux[:, left], screen, chosen[left], both_sides=both_sides
    )
    fits = []
    for f in fields(BatchFit):
        quick, slow = getattr(found, f.name), getattr(others, f.name)
        every = np.empty((len(chosen), *slow.shape[1:]), dtype=slow.dtype)
        every[alone[good]], every[left] = quick[good], slow
        fits.append(every)
    return BatchFit(*fits)


def _from_candidates(
    fitter: BatchFitter,
    counts: Array,
    aux: Array,
    screen: Screen,
    chosen: IntArray,
    *,
    both_sides: bool,
) -> BatchFit:
    size = counts.shape[1]
    column, toy = np.nonzero(chosen.T >= 0)  # the first `size` are the best candidates
    start = screen.starts(chosen[toy, column])
    if both_sides:
        start = np.concatenate([start, screen.starts(chosen[toy, column], -1.0)], axis=1)
        column, toy = np.tile(column, 2), np.tile(toy, 2)
    every = fitter.fit(counts[:, toy], aux[:, toy], start, rescue=False)
    value = np.where(every.status < FAILED, every.twice_nll, np.inf)
    order = np.lexsort((column, value, toy))
    best = order[np.searchsorted(toy[order], np.arange(size))]
    fits = [getattr(every, f.name)[best] for f in fields(BatchFit)]
    lost = np.flatnonzero(fits[-1] == FAILED)
    if lost.size:  # no start converged: iminuit, from the best one
        again = fitter.fit(counts[:, lost], aux[:, lost], screen.starts(chosen[lost, 0]))
        for old, f in zip(fits, fields(BatchFit), strict=True):
            old[lost] = getattr(again, f.name)
    return BatchFit(*fits)
