"""Drawing and fitting the toys of a block of `point_toys`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from cevns.inference.batched import FAILED, BatchFit, BatchFitter
from cevns.inference.checkpoint import Block
from cevns.inference.data import Data
from cevns.inference.fit import fit
from cevns.inference.likelihood import check_expectation
from cevns.inference.model import Model, constraint_arrays, linearise
from cevns.inference.modes import Screen, best_fits
from cevns.inference.point_toys import PointToys
from cevns.typing import Array, IntArray

GOAL = 1e-2
"""Distance to the minimum at which a toy's free fit has converged. Thousand toys tell a critical
value to a tenth; along the valleys of degenerate couplings the last digits of a minimum take most
of the time, and what is left is 1e-4 for nine toys of ten."""
HELD_GOAL = 1e-3
"""That of fits with the couplings held, which have no valleys."""
TOLERANCE = 0.05
"""That at which the few toys are taken as they are that do not get there."""
PILOT = 64
"""Toys of a block that show whether one start is enough for the others."""
OUTLIER = 1e-3
"""How far the free fit may lie above the one at the point before it counts as an outlier."""
REGULAR = 0.25
"""Expected error beside the length of an axis below which a point is not near a saddle."""
SCREENED = 100
"""Points of a grid that are screened for another minimum, at most."""
_KEPT = 8
"""Slices whose models and compiled fits a process keeps."""


@dataclass(frozen=True, eq=False)
class _Slice:
    """The fits of one model of the grid.

    Args:
        plan: the toys.
        model: the model.
        points: numbers of its points.
    """

    plan: PointToys
    model: Model
    points: IntArray

    @cached_property
    def sigma(self) -> Array:
        """Widths of the auxiliary measurements, ``(n_par, 1)``; zero without one."""
        constraints = [p.constraint for p in self.model.parameters]
        return np.array([c.sigma if c else 0.0 for c in constraints])[:, None]

    @cached_property
    def held(self) -> BatchFitter:
        """Fits with the scanned parameters at their point."""
        return BatchFitter(
            self.model,
            fix=self.plan.grid.scanned,
            engine=self.plan.engine,
            goal=HELD_GOAL,
            tolerance=TOLERANCE,
        )

    @cached_property
    def free(self) -> BatchFitter:
        """Fits with all parameters."""
        return BatchFitter(self.model, engine=self.plan.engine, goal=GOAL, tolerance=TOLERANCE)

    @cached_property
    def screen(self) -> Screen:
        """Where free fits may find another minimum: the profiled points of the slice."""
        shape = tuple(len(a) for a in self.plan.grid.axes if not a.structural)
        return Screen.of(self.model, self.plan.theta[self.points], shape, most=SCREENED)

    def best(self, counts: Array, aux: Array, truth: Array, each: int) -> BatchFit:
        """Free fits of toys, `each` of every point of `truth`, ``(n_points, n_par)``.

        Mirror solutions of couplings are often as good as each other to the third digit: where a
        pilot shows that further starts gain nothing, the truth is the only one.
        """
        at = np.repeat(truth, each, axis=0).T
        one = self.free.fit(counts, aux, at, rescue=False)
        pilot = np.unique(np.linspace(0, counts.shape[1] - 1, PILOT).astype(np.int64))
        several = self._several(counts[:, pilot], aux[:, pilot], at[:, pilot])
        if float(np.max(_value(one)[pilot] - _value(several))) < TOLERANCE:
            lost = np.flatnonzero(one.status == FAILED)
            if lost.size:
                _put(one, self.free.fit(counts[:, lost], aux[:, lost], at[:, lost]), lost)
            return one
        every = self._several(counts, aux, at)
        better = np.flatnonzero(_value(one) < _value(every))
        _put(every, _taken(one, better), better)
        return every

    def _several(self, counts: Array, aux: Array, at: Array) -> BatchFit:
        """Free fits from several starts, where there may be several minima.

        They begin at the truth, where that is near the minimum: the expected errors of the
        scanned parameters are small beside their axes. Where the expectation does not depend on
        a coupling to first order the truth may be a saddle, and fits begin at the grid.
        """
        points, number = np.unique(at, axis=1, return_inverse=True)
        quick = np.array([self._regular(t) for t in points.T])[number.ravel()]
        if quick.all():
            return best_fits(self.free, counts, aux, self.screen, truth=at)
        if not quick.any():
            return best_fits(self.free, counts, aux, self.screen, both_sides=True)
        out: list[Any] = []
        parts = [
            best_fits(self.free, counts[:, quick], aux[:, quick], self.screen, truth=at[:, quick]),
            best_fits(self.free, counts[:, ~quick], aux[:, ~quick], self.screen, both_sides=True),
        ]
        for f in fields(BatchFit):
            one, two = (getattr(p, f.name) for p in parts)
            every = np.empty((len(quick), *one.shape[1:]), dtype=one.dtype)
            every[quick], every[~quick] = one, two
            out.append(every)
        return BatchFit(*out)

    def _regular(self, theta: Array) -> bool:
        """Whether the errors expected at a point are small beside the axes of the grid."""
        parameters = self.model.parameters
        free = list(parameters.free)
        mu, jac = (a[0] for a in linearise(self.model, theta[None]))
        safe = np.where(mu > 0, mu, np.inf)
        weight = constraint_arrays(parameters)[1]
        fisher = ((jac / safe) @ jac.T + np.diag(weight))[np.ix_(free, free)]
        scale = np.sqrt(np.diag(fisher))
        if not (scale > 0).all():
            return False
        values, vectors = np.linalg.eigh(fisher / np.outer(scale, scale))
        if values[0] < 1e-9:
            return False
        variance = (vectors**2 / values).sum(axis=1) / scale**2
        for axis in self.plan.grid.axes:
            if not axis.structural:
                error = np.sqrt(variance[free.index(parameters.position(axis.name))])
                if error > REGULAR * np.ptp(axis.values):
                    return False
        return True

    def draw(self, truth: Array, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Counts ``(n_bins, size)`` and auxiliary measurements ``(n_par, size)``."""
        mu = np.asarray(self.model.expected(truth), dtype=float)
        check_expectation(mu, np.zeros_like(mu), f"toys of {self.model.name!r}")
        counts = rng.poisson(np.maximum(mu, 0.0)[:, None], (mu.size, size)).astype(float)
        noise = rng.standard_normal((len(truth), size))
        return counts, truth[:, None] + self.sigma * noise


class PointFits:
    """Computes blocks; built once a process. Keeps the slices that it worked on last.

    Args:
        plan: the toys.
    """

    def __init__(self, plan: PointToys) -> None:
        self.plan = plan
        self._of_point = np.empty(plan.grid.size, dtype=np.int64)
        self._slices = plan.grid.slices()
        for i, (_, points) in enumerate(self._slices):
            self._of_point[points] = i
        self._kept: dict[int, _Slice] = {}

    def _slice(self, point: int) -> _Slice:
        number = int(self._of_point[point])
        if number not in self._kept:
            structure, points = self._slices[number]
            model = self.plan.grid.family.model(structure)
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = _Slice(self.plan, model, points)
        return self._kept[number]

    def block(self, key: int) -> Block:
        """Statistics of the toys, point after point, NaN where a fit failed; and the audit."""
        plan = self.plan
        place = plan.place(key)
        points, each = plan.points(place), plan.each(place)
        here = self._slice(int(points[0]))
        streams = [
            np.random.default_rng(
                np.random.SeedSequence((plan.seed, int(p), place.block, place.hypothesis))
            )
            for p in points
        ]
        truth = plan.truth[place.hypothesis, points]
        drawn = [here.draw(t, rng, each) for t, rng in zip(truth, streams, strict=True)]
        counts, aux = (np.concatenate(parts, axis=1) for parts in zip(*drawn, strict=True))
        at = np.repeat(plan.theta[points], each, axis=0).T
        held = here.held.fit(counts, aux, at)
        free = here.best(counts, aux, truth, each)
        rise = held.twice_nll - free.twice_nll
        failed = (held.status == FAILED) | (free.status == FAILED)
        q = np.maximum(rise, 0.0)
        if plan.statistic == "upper":
            q = self._upper(here, at, counts, aux, held, free)
        chosen = [
            i * each + np.sort(rng.choice(each, plan.audited(int(p)), replace=False))
            for i, (p, rng) in enumerate(zip(points, streams, strict=True))
            if place.block == 0 and place.hypothesis == 0
        ]
        toys = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
        return {
            "q": np.where(failed, np.nan, q),
            "point": points,
            "hypothesis": np.array([place.hypothesis]),
            "outliers": np.array([np.sum((rise < -OUTLIER) & ~failed)]),
            "audit": _audit(here, streams[0], toys, counts, aux, free),
        }

    def _upper(
        self, here: _Slice, at: Array, counts: Array, aux: Array, held: BatchFit, free: BatchFit
    ) -> Array:
        """The statistic for upper limits."""
        (name,) = self.plan.grid.scanned
        k = here.model.parameters.position(name)
        best, lowest = free.theta[:, k], free.twice_nll.copy()
        below = np.flatnonzero(best < self.plan.null)
        if below.size:
            start = at[:, below]
            start[k] = self.plan.null
            lowest[below] = here.held.fit(counts[:, below], aux[:, below], start).twice_nll
        q = np.maximum(held.twice_nll - lowest, 0.0)
        result: Array = np.where(best > at[k], 0.0, q)
        return result


def _value(found: BatchFit) -> Array:
    """-2 ln L, infinite where a fit failed."""
    result: Array = np.where(found.status < FAILED, found.twice_nll, np.inf)
    return result


def _taken(found: BatchFit, rows: IntArray) -> BatchFit:
    return BatchFit(*(getattr(found, f.name)[rows] for f in fields(BatchFit)))


def _put(found: BatchFit, other: BatchFit, rows: IntArray) -> None:
    """Write some fits into rows of others."""
    for f in fields(BatchFit):
        getattr(found, f.name)[rows] = getattr(other, f.name)


def _audit(
    here: _Slice,
    rng: np.random.Generator,
    toys: IntArray,
    counts: Array,
    aux: Array,
    free: BatchFit,
) -> Array:
    """Some toys again with iminuit: its -2 ln L minus ours, NaN where it failed.

    It begins at a random point of the grid, so that it may find minima that we do not know of.
    """
    differences = []
    starts = rng.integers(len(here.screen.theta), size=toys.size)
    for i, start in zip(toys, starts, strict=True):
        if free.status[i] == FAILED:
            continue
        result = fit(
            here.model,
            data=Data(counts[:, i], aux[:, i]),
            start=here.screen.theta[start],
            minos="none",
            hesse=False,
            raise_on_failure=False,
        )
        differences.append(result.twice_nll - free.twice_nll[i] if result.valid else np.nan)
    return np.array(differences, dtype=float)
