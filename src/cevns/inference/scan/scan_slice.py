"""The work of a profile scan on one model: first fits, exploration, sweeps, free minimum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.minimum.batch import FAILED, PASSES, QUICK, BatchFit, BatchFitter, Pass
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.minimum.minima import improvements, lowest_neighbour, usable
from cevns.inference.minimum.starts import RUNGS, couplings
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, parameter_point
from cevns.inference.model.grid import Grid
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["COARSE", "FEW", "MINIMA", "SWEEPS", "UNSURE", "Best", "Effort", "Slice"]

COARSE = 50
"""Points of a slice, about, that are fitted first and from several starts."""
SWEEPS = 200
"""Rounds of fits from neighbours, at most."""
MINIMA = 8
"""Local minima of a map from which the free fit is tried."""
FEW = 25
"""Points up to which a line may step over a minimum: the free fit is tried from all of them."""
_DISPLACED = 2.0
"""Displacement in units of a constraint's width or a typical step."""
_SPREAD = 7
"""Starting values, over its bounds, of a parameter without a constraint."""
_FAR = 0.5
"""Distance of the nuisances of neighbours, in errors, from which they may be two basins."""
_HIGH = 50.0
"""Rise of -2 ln L from which a point is not explored by itself: excluded in any case. With
couplings that are orders of magnitude too large nuisances fly to where they switch the signal off;
points get there from their neighbours."""
_EXCLUDED = 200.0
"""Rise from which a thousandth of what is beyond it is good enough."""
_CLIFF = 5.0
"""Step of -2 ln L between neighbours far out, which a minimum that was missed may explain."""
UNSURE = 0.1
"""How much lower than the minimum that is taken a fit without convergence must have come for the
point to be unsure; far out, a hundredth of the rise."""
_LOWER = 1e-5
"""Decrease of -2 ln L that counts: a hundred times what the fits converge to."""


@dataclass(frozen=True, eq=False)
class Best:
    """The free minimum of one model of a scan.

    Args:
        structure: structural values of the model.
        theta: parameters, ``(n_par,)``.
        twice_nll: -2 ln L there.
        minima: all distinct minima found, the deepest first, ``(n, n_par)``.
        minima_twice_nll: -2 ln L there, ``(n,)``.
    """

    structure: Mapping[str, float]
    theta: Array
    twice_nll: float
    minima: Array
    minima_twice_nll: Array


@dataclass(frozen=True)
class Effort:
    """What a scan took.

    Args:
        fits: conditional fits.
        sweeps: rounds of fits from neighbours until nothing changed.
        lowered: points that a neighbour's nuisances lowered.
        failed: points without a converged fit.
    """

    fits: int = 0
    sweeps: int = 0
    lowered: int = 0
    failed: int = 0

    def __add__(self, other: Effort) -> Effort:
        """Of two slices: the larger number of sweeps, sums of the others."""
        return Effort(
            self.fits + other.fits,
            max(self.sweeps, other.sweeps),
            self.lowered + other.lowered,
            self.failed + other.failed,
        )


@lru_cache(maxsize=4)
def _fitter(model: Model, fix: tuple[str, ...]) -> BatchFitter:
    """The fits of a model with some parameters held; kept, because setting them up takes time."""
    return BatchFitter(model, fix=fix)


class Slice:
    """One model of a grid and the points at which it is profiled.

    Args:
        grid: models and points.
        structure: structural values of the model.
        points: numbers of the points, the last axis fastest.
        data: what is fitted; the model's own by default.

    Raises:
        InputError: if a scanned parameter is fixed in the model, or the data are impossible.
    """

    def __init__(
        self, grid: Grid, structure: Mapping[str, float], points: IntArray, data: Data | None
    ) -> None:
        model = grid.family.model(structure)
        self.model, self.structure, self.shape = model, structure, grid.slice_shape
        self.data = Likelihood.of(model, data).data
        self.points = grid.points[points][:, [not a.structural for a in grid.axes]]
        self.columns = [model.parameters.position(name) for name in grid.scanned]
        for name in grid.scanned:
            if model.parameters[name].fixed:
                raise InputError(
                    f"model {model.name!r}: {name!r} is fixed, so its best-fit value is unknown; "
                    "free it to scan it"
                )
        self.held, self.free = _fitter(model, grid.scanned), _fitter(model, ())
        self.fits = 0
        self.reached = np.full(len(self.points), np.inf)  # -2 ln L, convergence or not
        self.reference = np.inf  # -2 ln L of a free fit, once there is one

    @cached_property
    def _scale(self) -> Array:
        return np.array([p.scale if p.scale > 0 else 1.0 for p in self.model.parameters])

    def run(self, *, explore: bool) -> tuple[BatchFit, Best, Effort]:
        """Conditional fits, free minimum, and what they took.

        Raises:
            FitError: if no fit converges.
        """
        nominal = parameter_point(self.model)
        centre = self._free(nominal[None])
        start = centre.theta[0] if centre.status[0] < FAILED else nominal
        self.reference = float(centre.valid_nll[0])
        found = self.nothing(start)
        coarse, nearest = self._coarse()
        self.keep_lower(found, coarse, found.theta[coarse])
        if explore:
            value = found.valid_nll[coarse]
            promising = coarse[~(value > value.min() + _HIGH)]  # and those that have failed
            self.keep_lower(found, *self._displaced(promising, found.theta[promising]))
        self.keep_lower(found, np.arange(len(nearest)), found.theta[nearest])
        sweeps, lowered = self._sweep(found)
        failed = np.flatnonzero(found.status == FAILED)
        changed = self.keep_lower(found, failed, found.theta[nearest[failed]], rescue=True)
        if explore and self.held.free and len(self.shape) == 1:
            points, lower = self._cliffs(found)
            starts = self._displaced(points, found.theta[lower])
            changed = np.append(changed, self.keep_lower(found, *starts, follow=True))
        if changed.size:
            more, again = self._sweep(found)
            sweeps, lowered = sweeps + more, lowered + again
        best = self._best(found, start)
        failed = np.flatnonzero(found.status == FAILED)
        return found, best, Effort(self.fits, sweeps, lowered, failed.size)

    def nothing(self, start: Array) -> BatchFit:
        """No fit yet at any point."""
        size = len(self.points)
        theta = np.tile(start, (size, 1))
        theta[:, self.columns] = self.points
        nowhere = np.full(size, np.inf)
        return BatchFit(theta, np.zeros_like(theta), nowhere, nowhere.copy(), np.full(size, FAILED))

    def _coarse(self) -> tuple[IntArray, IntArray]:
        """A coarse selection of points, and for each point the nearest of them."""
        per_axis = round(COARSE ** (1.0 / len(self.shape)))
        numbers = np.arange(len(self.points)).reshape(self.shape)
        picks, near = [], []
        for n in self.shape:
            pick = np.unique(np.rint(np.linspace(0, n - 1, min(n, per_axis))).astype(np.int64))
            picks.append(pick)
            near.append(pick[np.abs(np.arange(n)[:, None] - pick).argmin(axis=1)])
        return numbers[np.ix_(*picks)].ravel(), numbers[np.ix_(*near)].ravel()

    def fit(
        self,
        points: IntArray,
        theta: Array,
        *,
        rescue: bool = False,
        passes: Sequence[Pass] = PASSES,
    ) -> BatchFit:
        """Conditional fits at some of the points, from the nuisances in `theta`."""
        start = theta.T.copy()
        start[self.columns] = self.points[points].T
        self.fits += len(points)
        excluded = self.reference + _EXCLUDED
        return self.held.fit(self.data, start, rescue=rescue, passes=passes, excluded=excluded)

    def _free(self, theta: Array) -> BatchFit:
        return self.free.fit(self.data, theta.T.copy())

    def keep_lower(
        self,
        found: BatchFit,
        points: IntArray,
        theta: Array,
        *,
        rescue: bool = False,
        follow: bool = False,
    ) -> IntArray:
        """Fit points from other nuisances and keep what is lower; a point may come repeatedly.

        Args:
            found: the fits so far.
            points: which to fit.
            theta: from where.
            rescue: whether iminuit tries the fits that do not converge.
            follow: whether only those that have come lower than what is known are fitted for long.

        Returns:
            The points that changed.
        """
        if not points.size:
            return points
        again = self.fit(points, theta, rescue=rescue, passes=QUICK if follow else PASSES)
        if follow:
            on = (again.status == FAILED) & (again.twice_nll < found.valid_nll[points] - _LOWER)
            again.put(on, self.fit(points[on], again.theta[on], rescue=True))
        np.fmin.at(self.reached, points, again.twice_nll)
        changed, lowest = improvements(found.valid_nll, points, again.valid_nll, _LOWER)
        found.put(changed, again, lowest)
        return changed

    def unsure(self, found: BatchFit) -> BoolArray:
        """Points with a converged fit at which another, without convergence, has come lower."""
        value = found.valid_nll
        rise = np.maximum(value - value.min(), 0.0)
        far: BoolArray = self.reached < value - np.maximum(UNSURE, 0.01 * (rise - _EXCLUDED))
        return far & np.isfinite(value)

    # -- other minima of the nuisances ----------------------------------------------------------

    def _displaced(self, points: IntArray, theta: Array) -> tuple[IntArray, Array]:
        """Some points with nuisances near those in `theta`, every free one displaced in turn."""
        starts, quadratic = [], couplings(self.model)
        for k in self.held.free:
            p = self.model.parameters[k]
            bounded = np.isfinite(p.lower) and np.isfinite(p.upper)
            if p.name in quadratic:
                # a coupling that enters squared or more: its minima may lie decades apart
                rungs = np.unique(np.clip(p.value + p.scale * RUNGS, p.lower, p.upper))
                values = np.tile(rungs[:, None], len(points))
            elif p.constraint is None and bounded:
                values = np.linspace(p.lower, p.upper, _SPREAD + 2)[1:-1, None]
                values = np.tile(values, len(points))
            else:
                steps = np.array([[-_DISPLACED], [_DISPLACED]]) * self._scale[k]
                values = np.clip(theta[:, k] + steps, p.lower, p.upper)
            for row in values:
                start = theta.copy()
                start[:, k] = row
                starts.append(start)
        if not starts:
            return points[:0], theta[:0]
        return np.tile(points, len(starts)), np.concatenate(starts)

    def _cliffs(self, found: BatchFit) -> tuple[IntArray, IntArray]:
        """Points far out on a line that lie much higher than a neighbour, and this neighbour."""
        low, high = (np.concatenate(n) for n in zip(*self._neighbours(), strict=True))
        value = found.valid_nll
        steep = value[high] > np.maximum(value.min() + _HIGH, value[low] + _CLIFF)
        steep &= self._apart(found, high, low)
        return high[steep], low[steep]

    def _sweep(self, found: BatchFit) -> tuple[int, int]:
        """Fit points from their neighbours' nuisances until nothing changes.

        Returns:
            Number of rounds, and of points that were lowered, once or more.
        """
        if not self.held.free:
            return 0, 0
        touched = np.zeros(len(self.points), dtype=bool)
        source = np.ones(len(self.points), dtype=bool)
        for number in range(SWEEPS):
            pairs = [self._suspicious(found, a, b, source) for a, b in self._neighbours()]
            targets, sources = (np.concatenate(p) for p in zip(*pairs, strict=True))
            changed = self.keep_lower(found, targets, found.theta[sources], follow=True)
            if not changed.size:
                return number, int(touched.sum())
            source = np.zeros(len(self.points), dtype=bool)
            source[changed] = True
            touched |= source
        return SWEEPS, int(touched.sum())

    def _neighbours(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Pairs of neighbouring points, in both directions along each axis."""
        numbers = np.arange(len(self.points)).reshape(self.shape)
        for axis in range(len(self.shape)):
            along = np.moveaxis(numbers, axis, 0)
            low, high = along[:-1].ravel(), along[1:].ravel()
            yield low, high
            yield high, low

    def _suspicious(
        self, found: BatchFit, target: IntArray, source: IntArray, fresh: Any
    ) -> tuple[IntArray, IntArray]:
        """Pairs that may lie in two basins: nuisances far apart, or no fit at the target."""
        value = found.valid_nll
        good = fresh[source] & (found.status[source] < FAILED)
        # far out, only from what is lower: from where nuisances have switched the signal off
        good &= value[source] < np.maximum(value.min() + _HIGH, value[target])
        target, source = target[good], source[good]
        far = self._apart(found, target, source) | (found.status[target] == FAILED)
        return target[far], source[far]

    def _apart(self, found: BatchFit, some: IntArray, others: IntArray) -> BoolArray:
        """Whether the nuisances of pairs of points lie far from each other."""
        free = list(self.held.free)
        error = np.maximum(found.errors[some][:, free], found.errors[others][:, free])
        error = usable(error, self._scale[free])
        away = (found.theta[some][:, free] - found.theta[others][:, free]) / error
        apart: BoolArray = np.sum(away**2, axis=1) > _FAR**2
        return apart

    # -- the free minimum -----------------------------------------------------------------------

    def _best(self, found: BatchFit, start: Array) -> Best:
        value = found.valid_nll
        if not np.isfinite(value).any():
            raise FitError(
                f"scan of {self.model.name!r}: no point has a converged fit; the counts may be "
                "impossible for the model, or parameters degenerate"
            )
        bottom = np.flatnonzero(value <= lowest_neighbour(value[None], self.shape)[0])
        bottom = bottom[value[bottom] < value.min() + _HIGH]
        bottom = bottom[np.argsort(value[bottom], kind="stable")][:MINIMA]
        starts = bottom
        if value.size <= FEW and len(self.shape) == 1:
            starts = np.flatnonzero(np.isfinite(value))
        free = self._free(np.concatenate([found.theta[starts], start[None]]))
        theta, heights, errors = free.theta, free.valid_nll, free.errors
        lowest = bottom[:1]
        if (
            not heights.min() < value[lowest[0]] + _LOWER
        ):  # the free fit failed: the point stands in
            theta = np.concatenate([theta, found.theta[lowest]])
            heights = np.append(heights, value[lowest])
            errors = np.concatenate([errors, found.errors[lowest]])
        kept: list[int] = []
        for i in np.argsort(heights, kind="stable"):
            width = usable(errors[i], self._scale)
            near = [np.sum(((theta[i] - theta[k]) / width) ** 2) < _FAR**2 for k in kept]
            if np.isfinite(heights[i]) and not any(near):
                kept.append(int(i))
        deepest = kept[0]
        return Best(
            self.structure, theta[deepest], float(heights[deepest]), theta[kept], heights[kept]
        )
