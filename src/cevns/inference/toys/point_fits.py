"""Drawing and fitting the toys of a block of `point_toys`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.batch import FAILED, BatchFit, BatchFitter
from cevns.inference.minimum.minima import Screen, best_of_starts
from cevns.inference.model.data import Data, draw
from cevns.inference.model.expectation import Model
from cevns.inference.toys.point_toys import PointToys
from cevns.inference.work.checkpoint import Block
from cevns.typing import Array, IntArray

__all__ = ["GOAL", "HELD_GOAL", "OUTLIER", "SCREENED", "TOLERANCE", "PointFits"]

GOAL = 1e-2
"""Distance to the minimum at which a toy's free fit has converged. Thousand toys tell a critical
value to a tenth; along the valleys of degenerate couplings the last digits of a minimum take most
of the time, and what is left is 1e-4 for nine toys of ten."""
HELD_GOAL = 1e-3
"""That of fits with the couplings held, which have no valleys."""
TOLERANCE = 0.05
"""That at which the few toys are taken as they are that do not get there."""
OUTLIER = 1e-3
"""How far the free fit may lie above the one at the point before it counts as an outlier."""
SCREENED = 100
"""Points of a grid that are screened for another minimum, at most."""
_KEPT = 8
"""Slices whose models and fits a process keeps."""


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
    def held(self) -> BatchFitter:
        """Fits with the scanned parameters at their point."""
        return BatchFitter(
            self.model,
            fix=self.plan.grid.scanned,
            goal=HELD_GOAL,
            tolerance=TOLERANCE,
        )

    @cached_property
    def free(self) -> BatchFitter:
        """Fits with all parameters."""
        return BatchFitter(self.model, goal=GOAL, tolerance=TOLERANCE)

    @cached_property
    def screen(self) -> Screen:
        """Where free fits may find another minimum: the profiled points of the slice."""
        shape = tuple(len(a) for a in self.plan.grid.axes if not a.structural)
        return Screen.of(self.model, self.plan.theta[self.points], shape, most=SCREENED)

    def best(self, counts: Array, aux: Array, truth: Array, each: int) -> BatchFit:
        """Free fits of toys, `each` of every point of `truth`, ``(n_points, n_par)``."""
        at = np.repeat(truth, each, axis=0).T
        return best_of_starts(self.free, self.screen, counts, aux, at, tolerance=TOLERANCE)

    def draw(self, truth: Array, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Counts ``(n_bins, size)`` and auxiliary measurements ``(n_par, size)``."""
        return draw(self.model, truth, rng, size)


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
        return np.where(best > at[k], 0.0, q)


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
