"""Toys of a few anchors that serve all points of a plane: what determines them, and their fits.

Each toy is drawn at an anchor and fitted freely once; at a point it needs one fit more, with the
scanned parameters held, and the weight of `mixture`. A point begins with half as many toys as are
asked for. Where its p-value, or that of a point for which it stands, is then near to that of the
border, it has twice as many as asked for; and if these know the border less well than the toys
that are asked for would, drawn at the point itself, as many toys of its own are added to the
mixture. Toys of its own from the beginning has a point that no mixture of anchors describes.

A block holds the fits at some neighbouring points, whole: of two blocks with one point the later
one counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.data import Data, draw
from cevns.inference.model.expectation import Model
from cevns.inference.model.grid import Grid
from cevns.inference.toys.block_fits import OUTLIER, Seconds, SliceFits
from cevns.inference.toys.mixture import SAME, Mixture, thinned
from cevns.inference.toys.toy_job import ToyJob
from cevns.inference.toys.weighted_toys import WeightedToys, effective_number
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["SharedFits", "SharedJob", "described", "toys_of_anchors", "weighted"]

GROUP = 8
"""Neighbouring points whose toys are fitted together."""
_EFFECTIVE, _LEAST = 0.3, 100
"""Effective toys that a point needs, of those asked for; and in any case."""
_SUM = 0.15
"""How far the sum of weights may lie from one."""
_FIRST, _LAST = 0.5, 2.0
"""Toys of a point, of those asked for: at first, and near the border."""


@dataclass(frozen=True, eq=False)
class SharedJob:
    """All that determines the fits of shared toys at the points of a plane.

    Args:
        before: the toys of the anchors; their free fits come before.
        toys: toys that are asked for at a point: as well as these would, the border is known.
        stands: the point whose toys serve each, ``(size,)``; -1 for points without toys.
        own: toys of their own that points have from the beginning, ``(size,)``.
        stop_sigma: distance of a p-value from the border, in its errors, at which the first toys of
            a point are enough.
        radius: distance within which each point has an anchor, at last.
        free: -2 ln L of the free fits of all toys, once known; NaN for those that failed.
    """

    before: ToyJob
    toys: int
    stands: IntArray
    own: IntArray
    stop_sigma: float
    radius: float
    free: Array | None = None

    @property
    def grid(self) -> Grid:
        """The points."""
        return self.before.grid

    @property
    def anchors(self) -> list[int]:
        """Points at which toys are drawn, in the order of their blocks."""
        return [point for group in self.before.groups for point in group]

    @cached_property
    def members(self) -> dict[int, IntArray]:
        """The points that each point stands for, itself among them."""
        return {int(k): np.flatnonzero(self.stands == k) for k in np.unique(self.stands) if k >= 0}

    @cached_property
    def groups(self) -> list[tuple[int, ...]]:
        """Points that are fitted together."""
        points = list(self.members)
        return [tuple(points[at : at + GROUP]) for at in range(0, len(points), GROUP)]

    def wanted(self, number: int) -> int:
        """Toys of a point, about, in a block."""
        return max(1, round((_LAST if number else _FIRST) * self.toys))

    def of_their_own(self, number: int, point: int) -> int:
        """Toys of its own that a point has in a block."""
        return max(int(self.own[point]), self.toys if number > 1 else 0)

    def size(self, key: BlockKey) -> int:
        """Toys of a block, about."""
        return sum(self.wanted(key.number) + self.of_their_own(key.number, p) for p in key.points)

    def complete(self, key: BlockKey, block: Block) -> bool:
        """Whether the arrays of a block are those of its points."""
        return len(block["kept"]) == len(key.points) and len(block["q"]) == block["kept"].sum()

    def first(self, shard: tuple[int, int] | None = None) -> list[BlockKey]:
        """The blocks that are wanted whatever the toys say, or the `i`-th share of `n` of them."""
        i, n = (1, 1) if shard is None else shard
        return [BlockKey(0, 0, g) for k, g in enumerate(self.groups) if k % n == i - 1]

    def follow(self, key: BlockKey, block: Block, _: Mapping[BlockKey, Block]) -> list[BlockKey]:
        """Another block for those of the points that need more toys."""
        if key.number > 1:
            return []
        points = tuple(
            point
            for point, toys in zip(key.points, weighted(block), strict=True)
            if self._needs_more(point, toys, key.number)
        )
        return [BlockKey(0, key.number + 1, points)] if points else []

    def likely(self, key: BlockKey) -> int:
        """Toys that probably follow a block that is not known yet, for the progress."""
        job = self.before
        if key.number or job.q_data is None or job.stop is None:
            return 0
        from scipy.special import chdtrc

        near = self.stop_sigma * math.sqrt(job.stop * (1.0 - job.stop) / self.wanted(0))
        p = [chdtrc(self.grid.degrees, job.q_data[self.members[point]]) for point in key.points]
        return sum(self.wanted(1) for each in p if np.abs(each - job.stop).min() < near)

    def _needs_more(self, point: int, toys: WeightedToys, number: int) -> bool:
        job = self.before
        assert job.stop is not None
        assert job.q_data is not None
        found = [toys.p_value(q) for q in job.q_data[self.members[point]].tolist()]
        near = any(not abs(p - job.stop) >= self.stop_sigma * error for p, error in found)
        return near and (number == 0 or toys.equivalent(1.0 - job.stop) < self.toys)

    def with_free(self, blocks: Mapping[BlockKey, Block]) -> SharedJob:
        """The same, once the toys of the anchors are fitted."""
        return replace(self, free=np.concatenate([blocks[key]["q"] for key in sorted(blocks)]))

    def goodness_of_fit(self, theta: Array, twice_nll: float) -> tuple[float, float]:
        """How often -2 ln L of a free fit is as high as in the data at a point, and the error.

        Args:
            theta: the best fit, ``(n_par,)``.
            twice_nll: there, of the data.

        Returns:
            NaN twice where the toys of the anchors do not describe the point.
        """
        assert self.free is not None
        toys = toys_of_anchors(self.before, self.grid.family.model({}))
        if described(toys, theta[None], self.toys)[0]:
            return WeightedToys(self.free, toys.weights(theta[None])[0]).p_value(twice_nll)
        return math.nan, math.nan

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for blocks to belong together."""
        return {
            **self.before.fingerprint(),
            "toys": self.toys,
            "toys of an anchor": self.before.toys,
            "anchors within": self.radius,
            "rules of shared toys": [SAME, GROUP, _FIRST, _LAST, _EFFECTIVE, _LEAST, _SUM],
            "stopped early at": self.stop_sigma,
            "anchors": self.anchors,
        }


def weighted(block: Block) -> list[WeightedToys]:
    """The toys of each point of a block."""
    ends = np.cumsum(block["kept"])[:-1]
    pieces = zip(np.split(block["q"], ends), np.split(block["weight"], ends), strict=True)
    return [WeightedToys(q, w) for q, w in pieces]


def described(mixture: Mixture, theta: Array, toys: int) -> BoolArray:
    """Points ``(K, n_par)`` that a mixture describes as well as so many toys need, ``(K,)``."""
    effective, total = mixture.quality(theta)
    least = max(_EFFECTIVE * toys, _LEAST)
    enough: BoolArray = (effective >= least) & (np.abs(total - 1.0) <= _SUM)
    return enough


def toys_of_anchors(job: ToyJob, model: Model) -> Mixture:
    """The toys of all anchors, in the order of their blocks."""
    theta, drawn = [], []
    for key in job.first():
        for point in key.points:
            theta.append(job.truth[0, point])
            drawn.append(draw(model, theta[-1], job.stream(key, point), job.each(key.number)))
    return Mixture.of(model, np.array(theta), drawn)


class _Chosen(NamedTuple):
    """Toys that are fitted at a point.

    Args:
        data: of the toys.
        free: -2 ln L of their free fits.
        weights: of the toys.
        own: how many toys were drawn at the point itself, and fitted freely.
        own_failed: of these, those whose free fit failed.
        effective: effective number of all toys.
        sum: of the weights of all toys.
    """

    data: Data
    free: Array
    weights: Array
    own: int
    own_failed: int
    effective: float
    sum: float


class SharedFits:
    """The blocks of a job (`cevns.inference.work.blocks.Job`).

    Args:
        job: the toys, their free fits among what is known.
    """

    def __init__(self, job: SharedJob) -> None:
        self.job = job

    @property
    def name(self) -> str:
        """Of the models, for messages."""
        return f"the family {self.job.before.grid.family.name!r}"

    def start(self) -> Callable[[BlockKey], tuple[Block, Seconds]]:
        """Draws the toys of the anchors; the function fits those of a block at its points."""
        toys = self.job.before
        ((structure, points),) = toys.grid.slices()
        here = SliceFits(toys, toys.grid.family.model(structure), points)
        common = toys_of_anchors(toys, here.model)
        return lambda key: self._block(here, common, key)

    def _block(self, here: SliceFits, common: Mixture, key: BlockKey) -> tuple[Block, Seconds]:
        clock = [time.perf_counter()]
        parts = [self._chosen(here, common, point, key.number) for point in key.points]
        clock.append(time.perf_counter())
        kept = np.array([len(p.weights) for p in parts])
        at = np.repeat(here.job.truth[0, list(key.points)], kept, axis=0).T
        held = here.held.fit(Data.joined([p.data for p in parts]), at)
        rise = held.twice_nll - np.concatenate([p.free for p in parts])
        failed = held.status == FAILED
        block = {
            "q": np.where(failed, np.nan, np.maximum(rise, 0.0)),
            "weight": np.concatenate([p.weights for p in parts]),
            "kept": kept,
            "own": np.array([p.own for p in parts]),
            "own_failed": np.array([p.own_failed for p in parts]),
            "effective": np.array([p.effective for p in parts]),
            "sum": np.array([p.sum for p in parts]),
            "outliers": np.array([np.sum((rise < -OUTLIER) & ~failed)]),
            "point": np.array(key.points),
            "hypothesis": np.array([key.hypothesis]),
            "number": np.array([key.number]),
        }
        clock.append(time.perf_counter())
        return block, Seconds(0.0, clock[1] - clock[0], clock[2] - clock[1], 0.0)

    def _chosen(self, here: SliceFits, common: Mixture, point: int, number: int) -> _Chosen:
        """Toys of a point with their free fits and weights."""
        job = self.job
        theta, free = here.job.truth[0, point], job.free
        assert free is not None
        toys, own, own_failed = common, job.of_their_own(number, point), 0
        if own:
            data = draw(here.model, theta, self._stream(point, 1), own)
            fits = here.best(data, theta[None], own)
            free = np.append(free, np.where(fits.status == FAILED, np.nan, fits.twice_nll))
            toys, own_failed = common.with_own(theta, data), int(np.sum(fits.status == FAILED))
        weights = toys.weights(theta[None])[0]
        uniform = self._stream(point, 0).random(len(weights))
        usable = np.where(np.isfinite(free), weights, 0.0)
        kept, weight = thinned(usable, job.wanted(number) + own, uniform)
        effective = float(effective_number(weights))
        total = float(weights.sum())
        return _Chosen(
            toys.data.columns(kept), free[kept], weight, own, own_failed, effective, total
        )

    def _stream(self, point: int, what: int) -> np.random.Generator:
        """Random numbers of a point, which choose among toys (0) or draw its own (1)."""
        seeds = np.random.SeedSequence((self.job.before.seed, point), spawn_key=(what,))
        return np.random.default_rng(seeds)
