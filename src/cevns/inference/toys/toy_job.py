"""What determines toys: at which points, how many, from which seed, and how well they are fitted.

Toys belong to points of a grid: at a point the scanned parameters have their values, and the
others those that fit the data best there (*profiled*); toys are drawn at those, counts and
auxiliary measurements both. Toys of a fit are toys of a grid with one point. A toy's statistic is

    q = -2 ln L(point; the others refitted) + 2 ln L(all refitted),

the second fit over the parameters of the models, so within a slice of structural axes. The
statistic for upper limits is zero where the estimate lies above the point, and below the value
without signal that value takes its place (q-tilde_mu of Cowan, Cranmer, Gross, Vitells,
arXiv:1007.1727, eq. 16).

A block holds a number of toys of each of some neighbouring points, with a random stream for each
point, seeded by (seed, point, number of the block, hypothesis). The first block may make the
others unnecessary for some of its points (`ToyJob.follow`), whoever computes them and in whatever
order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from cevns.inference.minimum.batch import EDM_GOAL
from cevns.inference.model.data import DRAWS
from cevns.inference.model.grid import Grid
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.records import VERSION
from cevns.typing import ENGINE, Array, BoolArray, IntArray

__all__ = [
    "BLOCK",
    "FIRST",
    "GROUP",
    "POLICY",
    "QUICK",
    "QUOTED",
    "TIE",
    "Precision",
    "Sizes",
    "ToyJob",
    "p_value",
]

Statistic = Literal["two-sided", "upper", "fits"]

FIRST = 256
"""Toys of a point of a scan in its first block."""
BLOCK = 1024
"""Toys of a point of a scan in another block at most."""
GROUP = 8
"""Neighbouring points whose toys are fitted together: the few slow fits of each then share the
cost of many small steps."""
TIE = 1e-2
"""Difference of two values of q, or of two minima, that counts as none: that to which toys are
fitted. Counts are discrete, and a toy equal to the data must count as far off as they are; where q
is continuous a p-value of 0.1 grows by 6e-4 for one parameter and 5e-4 for two."""
POLICY = "profiled"
"""Where the toys have their nuisances: at the values that fit the data best at the point."""


def p_value(q: Array, q_data: float) -> tuple[float, float]:
    """Share of toys at least as far off as the data, and its binomial error.

    Examples:
        >>> p_value(np.array([0.0, 1.0, 2.0, 3.0]), 2.0)[0]
        0.5
    """
    if not q.size:
        return math.nan, math.nan
    p = float(np.mean(q >= q_data - TIE))
    return p, math.sqrt(max(p * (1.0 - p), 1.0 / q.size) / q.size)


@dataclass(frozen=True)
class Precision:
    """How well toys are fitted, in units of -2 ln L.

    Args:
        free: distance to the minimum at which a fit of all parameters has converged.
        held: that of fits with the scanned parameters held, which have no valleys.
        enough: that at which the few toys are taken as they are that do not get there.
    """

    free: float
    held: float
    enough: float

    @property
    def same(self) -> float:
        """Up to which difference two minima are as good as each other: never less than `TIE`.

        Starts are left out that gain no more. Mirror solutions of couplings often differ by less;
        a coverage of 68 % is then off by a quarter of a percent at most.
        """
        return max(self.enough, TIE)

    @property
    def deeper(self) -> float:
        """How much lower iminuit must end for another minimum: twice what ours may lie above."""
        return 2.0 * self.same


QUICK = Precision(free=5e-3, held=1e-3, enough=0.01)
"""For p-values. A thousand toys tell a critical value to a tenth; along the valleys of degenerate
couplings the last digits of a minimum take most of the time, and what is left is 1e-4 for nine
toys of ten."""
QUOTED = Precision(free=EDM_GOAL, held=EDM_GOAL, enough=EDM_GOAL)
"""For estimates and their errors, that of every fit that is quoted: a distance of 1e-2 would be a
tenth of an error in the pulls."""


class Sizes(NamedTuple):
    """Toys of a block.

    Args:
        first: of each point in the first block.
        more: of each point in another block at most.
        group: points whose toys are fitted together.
    """

    first: int = FIRST
    more: int = BLOCK
    group: int = GROUP


SCAN = Sizes()
"""Those of a scan."""


@dataclass(frozen=True, eq=False)
class ToyJob:
    """All that determines the toys of a grid.

    Args:
        grid: the points.
        truth: where toys are drawn, ``(n_hypotheses, size, n_par)``; under the first hypothesis
            that is at the points.
        toys: toys of a point at most, under each hypothesis.
        seed: master seed.
        statistic: what is kept of a toy: q, two-sided or for upper limits, or the fits themselves.
        null: value of the scanned parameter without signal, for upper limits.
        held: whether toys are fitted with the scanned parameters held too; q needs it.
        q_data: the statistic of the data, ``(size,)``; for `stop`.
        stop: p-value around which all toys are wanted; None for all toys everywhere.
        stop_sigma: distance from it, in binomial errors, at which the first block is enough.
        audit: toys that are fitted again with iminuit, spread over the points and blocks.
        data_digest: of the data.
        precision: of the fits.
        sizes: of the blocks.
        point: number of the first point in the seeds.
        excluded: points that need no toys, ``(size,)``; none by default.
    """

    grid: Grid
    truth: Array
    toys: int
    seed: int
    statistic: Statistic = "two-sided"
    null: float = 0.0
    held: bool = True
    q_data: Array | None = None
    stop: float | None = None
    stop_sigma: float = 0.0
    audit: int = 0
    data_digest: str = ""
    precision: Precision = QUICK
    sizes: Sizes = SCAN
    point: int = 0
    excluded: BoolArray | None = None

    @cached_property
    def _wanted(self) -> BoolArray:
        """Points that have toys, ``(size,)``."""
        return np.ones(self.grid.size, dtype=bool) if self.excluded is None else ~self.excluded

    @property
    def n_blocks(self) -> int:
        """Blocks of a group."""
        return 1 + -(-max(0, self.toys - self.sizes.first) // self.sizes.more)

    @cached_property
    def groups(self) -> list[tuple[int, ...]]:
        """Points that are fitted together, of one slice each."""
        slices = [points[self._wanted[points]] for _, points in self.grid.slices()]
        return [
            tuple(points[at : at + self.sizes.group].tolist())
            for points in slices
            for at in range(0, len(points), self.sizes.group)
        ]

    def _before(self, number: int) -> int:
        """Toys of a point in the blocks before one."""
        if number == 0:
            return 0
        return min(self.toys, self.sizes.first + (number - 1) * self.sizes.more)

    def each(self, number: int) -> int:
        """Toys of a block for each of its points."""
        return self._before(number + 1) - self._before(number)

    def size(self, key: BlockKey) -> int:
        """Toys of a block."""
        return self.each(key.number) * len(key.points)

    def first(self, shard: tuple[int, int] | None = None) -> list[BlockKey]:
        """The blocks that are wanted whatever the toys say, or the `i`-th share of `n` of them."""
        if not self.toys:
            return []
        i, n = (1, 1) if shard is None else shard
        return [
            BlockKey(h, number, group)
            for g, group in enumerate(self.groups)
            if g % n == i - 1
            for h in range(len(self.truth))
            for number in range(self.n_blocks if self.stop is None else 1)
        ]

    def follow(self, key: BlockKey, block: Block) -> list[BlockKey]:
        """The other blocks of a group after its first, for the points that need more toys."""
        if self.stop is None or key.number or self.n_blocks == 1:
            return []
        q = block["q"].reshape(len(key.points), -1)
        points = tuple(
            point
            for point, mine in zip(key.points, q, strict=True)
            if self._needs_more(point, mine[np.isfinite(mine)], self.stop)
        )
        if not points:
            return []
        return [key._replace(number=b, points=points) for b in range(1, self.n_blocks)]

    def _needs_more(self, point: int, q: Array, stop: float) -> bool:
        """Whether the p-value of a point is near to that of a stop."""
        if self.q_data is None or not q.size:
            return True
        p = np.mean(q >= self.q_data[point] - TIE)
        error = np.sqrt(stop * (1.0 - stop) / q.size)
        return bool(abs(p - stop) <= self.stop_sigma * error)

    def audited(self, key: BlockKey) -> list[int]:
        """Toys of each point of a block to fit again: even shares of all that surely come."""
        if key.hypothesis:
            return [0] * len(key.points)
        sure = self._before(self.n_blocks if self.stop is None else 1)

        def until(number: int, point: int) -> int:
            before = int(np.count_nonzero(self._wanted[:point]))
            toys = before * sure + min(self._before(number), sure)
            return toys * self.audit // (int(np.count_nonzero(self._wanted)) * sure)

        return [
            min(until(key.number + 1, p) - until(key.number, p), self.each(key.number))
            for p in key.points
        ]

    def stream(self, key: BlockKey, point: int) -> np.random.Generator:
        """Random numbers of a point in a block."""
        seeds = self.seed, self.point + point, key.number, key.hypothesis
        return np.random.default_rng(np.random.SeedSequence(seeds))

    def slice_numbers(self) -> IntArray:
        """The number of the slice of each point, ``(size,)``."""
        out = np.empty(self.grid.size, dtype=np.int64)
        for i, (_, points) in enumerate(self.grid.slices()):
            out[points] = i
        return out

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for blocks to belong together."""
        return {
            "family": self.grid.family.name,
            "axes": [a.name for a in self.grid.axes],
            "grid": [[float(v) for v in a.values] for a in self.grid.axes],
            "model digest": self.grid.digest(),
            "data digest": self.data_digest,
            "statistic": self.statistic,
            "nuisances of the toys": POLICY,
            "seed": self.seed,
            "order of draws": DRAWS,
            "toys": self.toys,
            "engine": ENGINE,
            "stopped early around": self.stop,
            "stopped early at": self.stop_sigma,
            "audited toys": self.audit,
            "blocks": list(self.sizes),
            "version": VERSION,
        }
