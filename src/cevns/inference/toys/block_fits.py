"""Drawing and fitting the toys of a block."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.batch import FAILED, BatchFit, BatchFitter
from cevns.inference.minimum.minima import Screen
from cevns.inference.minimum.starts import (
    Start,
    around,
    best_of_starts,
    needed_starts,
)
from cevns.inference.model.data import Data, draw
from cevns.inference.model.expectation import Model
from cevns.inference.toys.toy_job import ToyJob
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.typing import Array, IntArray

__all__ = ["OUTLIER", "SCREENED", "BlockFits", "Seconds", "SliceFits"]

OUTLIER = 1e-3
"""How far the free fit may lie above the one at the point before it counts as an outlier."""
SCREENED = 100
"""Points of a grid that are screened for another minimum, at most."""
_PILOT = 512
"""Toys that show which starts those of a single point need: once for all its blocks, so that there
may be more of them than in the pilot of a block."""
_KEPT = 8
"""Slices whose models and fits a process keeps."""


class Seconds(NamedTuple):
    """What a block took: setting up its slice, drawing and free fits, other fits, audit."""

    set_up: float
    fit: float
    held: float
    audit: float


@dataclass(frozen=True, eq=False)
class SliceFits:
    """The fits of one model of the grid.

    Args:
        job: the toys.
        model: the model.
        points: numbers of its points.
    """

    job: ToyJob
    model: Model
    points: IntArray
    _starts: dict[bytes, tuple[Start, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def held(self) -> BatchFitter:
        """Fits with the scanned parameters at their point."""
        how, fix = self.job.precision, self.job.grid.scanned
        return BatchFitter(self.model, fix=fix, goal=how.held, tolerance=how.enough)

    @cached_property
    def free(self) -> BatchFitter:
        """Fits with all parameters."""
        how = self.job.precision
        return BatchFitter(self.model, goal=how.free, tolerance=how.enough)

    @cached_property
    def screen(self) -> Screen | None:
        """Where free fits may find another minimum: the profiled points of the slice.

        A single point shows none; there it is what lies around it, or None without couplings.
        """
        theta = self.job.truth[0, self.points]
        if len(theta) == 1:
            return around(self.model, theta[0])
        return Screen.of(self.model, theta, self.job.grid.slice_shape, most=SCREENED)

    def best(self, data: Data, truth: Array, each: int) -> BatchFit:
        """Free fits of toys, `each` of every point of `truth`, ``(n_points, n_par)``."""
        at = np.repeat(truth, each, axis=0).T
        if self.screen is None:
            return self.free.fit(data, at)
        return best_of_starts(
            self.free,
            self.screen,
            data,
            at,
            tolerance=self.job.precision.same,
            starts=self.starts(truth[0]) if len(self.points) == 1 else None,
            least=self.job.precision.same if self.job.statistic == "fits" else 0.0,
        )

    def starts(self, truth: Array) -> tuple[Start, ...]:
        """What toys of a single point are fitted from beside the truth."""
        if self.screen is None:
            return ()
        name = truth.tobytes()
        if name not in self._starts:
            seeds = np.random.SeedSequence((self.job.seed, self.job.point), spawn_key=(0,))
            data = draw(self.model, truth, np.random.default_rng(seeds), _PILOT)
            at_truth = self.free.fit(data, truth, rescue=False).valid_nll
            self._starts[name] = needed_starts(
                self.free, self.screen, data, at_truth, tolerance=self.job.precision.same
            )
        return self._starts[name]

    def set_up(self) -> None:
        """Do what is done once, so that the time of a block is that of its toys."""
        truth = self.job.truth[0, self.points[0]]
        data = draw(self.model, truth, np.random.default_rng(0), 2)
        for fitter in (self.free, self.held) if self.job.held else (self.free,):
            fitter.fit(data, truth)
        self.starts(truth)


class BlockFits:
    """The blocks of a job (`cevns.inference.work.blocks.Job`).

    Keeps the slices that it worked on last.

    Args:
        job: the toys.
    """

    def __init__(self, job: ToyJob) -> None:
        self.job = job
        self._of_point = job.slice_numbers()
        self._slices = job.grid.slices()
        self._kept: dict[int, SliceFits] = {}

    @property
    def name(self) -> str:
        """Of the models, for messages."""
        return f"the family {self.job.grid.family.name!r}"

    def start(self) -> Callable[[BlockKey], tuple[Block, Seconds]]:
        """Draws and fits a block."""
        return self.block

    def slice_of(self, point: int) -> SliceFits:
        """The fits at a point."""
        number = int(self._of_point[point])
        if number not in self._kept:
            structure, points = self._slices[number]
            here = SliceFits(self.job, self.job.grid.family.model(structure), points)
            if len(points) == 1:
                here.set_up()
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = here
        return self._kept[number]

    def block(self, key: BlockKey) -> tuple[Block, Seconds]:
        """The toys, point after point, and the audit; and the time it took.

        Of each toy the statistic is kept, NaN where a fit failed, or (`ToyJob.statistic`) the
        fits themselves.
        """
        job, points, each = self.job, np.array(key.points), self.job.each(key.number)
        clock = [time.perf_counter()]
        here = self.slice_of(key.points[0])
        clock.append(time.perf_counter())
        streams = [job.stream(key, p) for p in key.points]
        truth = job.truth[key.hypothesis, points]
        drawn = [draw(here.model, t, rng, each) for t, rng in zip(truth, streams, strict=True)]
        data = Data.joined(drawn)
        free = here.best(data, truth, each)
        clock.append(time.perf_counter())
        at = np.repeat(job.truth[0, points], each, axis=0).T
        held = here.held.fit(data, at) if job.held else None
        if job.statistic == "free":
            block = {"q": np.where(free.status == FAILED, np.nan, free.twice_nll)}
            block["outliers"] = np.zeros(1, dtype=np.int64)
        elif held is None or job.statistic == "fits":
            block = _fits(free, held)
        else:
            block = _statistic(here, at, data, held, free)
        clock.append(time.perf_counter())
        chosen = [
            i * each + np.sort(rng.choice(each, n, replace=False))
            for i, (n, rng) in enumerate(zip(job.audited(key), streams, strict=True))
        ]
        block |= {
            "point": points,
            "hypothesis": np.array([key.hypothesis]),
            "number": np.array([key.number]),
            "audit": _audit(here, streams[0], np.concatenate(chosen), data, at, free),
        }
        clock.append(time.perf_counter())
        return block, Seconds(*np.diff(clock).tolist())


def _fits(free: BatchFit, held: BatchFit | None) -> Block:
    """The fits of a block of toys."""
    block: Block = {
        "theta": free.theta,
        "errors": free.errors,
        "twice_nll": free.twice_nll,
        "edm": free.edm,
        "status": free.status.astype(np.int8),
    }
    if held is not None:
        block["rise"] = _difference(held.twice_nll, free.twice_nll)
        block["conditional_status"] = held.status.astype(np.int8)
    return block


def _difference(higher: Array, lower: Array) -> Array:
    """Differences of -2 ln L, NaN where neither is finite, as of fits that failed both."""
    out = np.full(higher.shape, np.nan)
    np.subtract(higher, lower, out=out, where=np.isfinite(higher) | np.isfinite(lower))
    return out


def _statistic(here: SliceFits, at: Array, data: Data, held: BatchFit, free: BatchFit) -> Block:
    """The statistic of a block of toys."""
    rise = _difference(held.twice_nll, free.twice_nll)
    failed = (held.status == FAILED) | (free.status == FAILED)
    q = np.maximum(rise, 0.0)
    if here.job.statistic == "upper":
        q = _upper(here, at, data, held, free)
    return {
        "q": np.where(failed, np.nan, q),
        "outliers": np.array([np.sum((rise < -OUTLIER) & ~failed)]),
    }


def _upper(here: SliceFits, at: Array, data: Data, held: BatchFit, free: BatchFit) -> Array:
    """The statistic for upper limits."""
    (name,) = here.job.grid.scanned
    k, null = here.model.parameters.position(name), here.job.null
    best, lowest = free.theta[:, k], free.twice_nll.copy()
    below = np.flatnonzero(best < null)
    if below.size:
        start = at[:, below]
        start[k] = null
        lowest[below] = here.held.fit(data.columns(below), start).twice_nll
    q = np.maximum(_difference(held.twice_nll, lowest), 0.0)
    return np.where(best > at[k], 0.0, q)


def _audit(
    here: SliceFits,
    rng: np.random.Generator,
    toys: IntArray,
    data: Data,
    at: Array,
    free: BatchFit,
) -> Array:
    """Some toys again with iminuit: its -2 ln L minus ours, NaN where it failed.

    It begins at a random point of the screen, so that it may find minima that we do not know of;
    where there is none, at the point.
    """
    differences = []
    starts = at.T[toys]
    if here.screen is not None:
        starts = here.screen.theta[rng.integers(len(here.screen.theta), size=toys.size)]
    for i, start in zip(toys, starts, strict=True):
        if free.status[i] == FAILED:
            continue
        result = fit(
            here.model,
            data=data.columns(i),
            start=start,
            minos="none",
            hesse=False,
            raise_on_failure=False,
        )
        differences.append(result.twice_nll - free.twice_nll[i] if result.valid else np.nan)
    return np.array(differences, dtype=float)
