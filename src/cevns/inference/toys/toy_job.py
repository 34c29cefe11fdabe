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
point, seeded by (seed, point, number of the block, hypothesis). After each block a test may find
that some of its points need no more (`ToyJob.follow`), whoever computes them and in whatever order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import ceil
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
    "GROUP",
    "GROUPS",
    "POLICY",
    "QUICK",
    "QUOTED",
    "STAGES",
    "TAIL",
    "TIE",
    "Precision",
    "Sizes",
    "ToyJob",
]

Statistic = Literal["two-sided", "upper", "fits", "free"]

STAGES = (256, 512)
"""Toys of a point of a scan after each of its first blocks. With 8, 16, 32 and 96 before there are
half as many toys, but what a block costs beside them outweighs that, and the ends of intervals,
which lie between points that are decided, are known half as well."""
BLOCK = 512
"""Toys of a point of a scan in another block at most."""
GROUP = 16
"""Neighbouring points whose toys are fitted together, at most: the few slow fits of each then share
the cost of many small steps."""
GROUPS = 16
"""Groups into which fewer points are cut, so that processes share the work and progress is told
often: a toy then takes up to half as long again."""
TAIL = 6e-5
"""Chance, on either side, of so many or so few toys beyond the data at a point on the border, below
which a point needs no more toys."""
TIE = 1e-2
"""Difference of two values of q, or of two minima, that counts as none: that to which toys are
fitted. Counts are discrete, and a toy equal to the data must count as far off as they are; where q
is continuous a p-value of 0.1 grows by 6e-4 for one parameter and 5e-4 for two."""
POLICY = "profiled"
"""Where the toys have their nuisances: at the values that fit the data best at the point."""


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
        stages: of each point after its first blocks.
        more: of each point in another block at most.
        group: points whose toys are fitted together.
    """

    stages: tuple[int, ...] = STAGES
    more: int = BLOCK
    group: int = GROUP

    @classmethod
    def of(cls, points: int) -> Sizes:
        """Those of a scan of so many points.

        Examples:
            >>> Sizes.of(19).group, Sizes.of(100).group, Sizes.of(1600).group
            (2, 7, 16)
        """
        return cls(group=max(1, min(GROUP, ceil(points / GROUPS))))


@dataclass(frozen=True, eq=False)
class ToyJob:
    """All that determines the toys of a grid.

    Args:
        grid: the points.
        truth: where toys are drawn, ``(n_hypotheses, size, n_par)``; under the first hypothesis
            that is at the points.
        toys: toys of a point at most, under each hypothesis.
        seed: master seed.
        statistic: what is kept of a toy: q, two-sided or for upper limits, the fits themselves, or
            -2 ln L of the free fit.
        null: value of the scanned parameter without signal, for upper limits.
        held: whether toys are fitted with the scanned parameters held too; q needs it.
        q_data: the statistic of the data, ``(size,)``; for `stop`.
        stop: p-value around which all toys are wanted; None for all toys everywhere.
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
    audit: int = 0
    data_digest: str = ""
    precision: Precision = QUICK
    sizes: Sizes = Sizes()  # noqa: RUF009
    point: int = 0
    excluded: BoolArray | None = None

    @cached_property
    def _wanted(self) -> BoolArray:
        """Points that have toys, ``(size,)``."""
        return np.ones(self.grid.size, dtype=bool) if self.excluded is None else ~self.excluded

    @cached_property
    def n_blocks(self) -> int:
        """Blocks of a group."""
        return next(n for n in count(1) if self._before(n) >= self.toys)

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
        stages, further = (0, *self.sizes.stages), number - len(self.sizes.stages)
        if further < 0:
            return min(self.toys, stages[number])
        return min(self.toys, stages[-1] + further * self.sizes.more)

    def each(self, number: int) -> int:
        """Toys of a block for each of its points."""
        return self._before(number + 1) - self._before(number)

    def size(self, key: BlockKey) -> int:
        """Toys of a block."""
        return self.each(key.number) * len(key.points)

    def complete(self, key: BlockKey, block: Block) -> bool:
        """Whether a block has all of its toys."""
        return len(block["q"]) == self.size(key)

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

    def follow(
        self, key: BlockKey, block: Block, before: Mapping[BlockKey, Block]
    ) -> list[BlockKey]:
        """The next block of a group, for the points that need more toys.

        Args:
            key: of a block.
            block: what it holds.
            before: blocks, all earlier ones of its points among them.
        """
        if self.stop is None or key.number + 1 >= self.n_blocks:
            return []
        mine = set(key.points)
        earlier = [
            (other, found)
            for other, found in before.items()
            if other.hypothesis == key.hypothesis
            and other.number < key.number
            and mine <= set(other.points)
        ]
        beyond, toys = np.zeros((2, len(mine)), dtype=np.int64)
        for other, found in [(key, block), *earlier]:
            q = found["q"].reshape(len(other.points), -1)
            q = q[[other.points.index(p) for p in key.points]]
            toys += np.sum(np.isfinite(q), axis=1)
            if self.q_data is not None:
                beyond += np.sum(q >= self.q_data[list(key.points), None] - TIE, axis=1)
        points = np.array(key.points)[self._undecided(beyond, toys, self.stop)]
        more = key._replace(number=key.number + 1, points=tuple(points.tolist()))
        return [more] if points.size else []

    def likely(self, key: BlockKey) -> int:
        """Toys that probably follow a block that is not known yet: as many as by chi2's p-values.

        Only progress is told by them.
        """
        if self.stop is None or self.q_data is None:
            return 0
        from scipy.special import chdtrc

        p = chdtrc(self.grid.degrees, self.q_data[list(key.points)])
        total = 0
        for number in range(key.number + 1, self.n_blocks):
            toys = np.full(len(p), self._before(number))
            p = p[self._undecided(np.rint(p * toys), toys, self.stop)]
            total += self.each(number) * len(p)
        return total

    def _undecided(self, beyond: IntArray | Array, toys: IntArray, stop: float) -> BoolArray:
        """Whether so many of the toys may lie beyond the data at a point on the border."""
        if self.q_data is None:
            return np.ones(len(toys), dtype=bool)
        from scipy.special import bdtr, bdtrc

        few = bdtr(beyond.astype(float), toys, stop)
        many = np.where(beyond > 0, bdtrc(beyond - 1.0, toys, stop), 1.0)
        undecided: BoolArray = (few >= TAIL) & (many >= TAIL) | (toys == 0)
        return undecided

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
            "stopped early below a chance of": TAIL,
            "audited toys": self.audit,
            "blocks": [list(self.sizes.stages), *self.sizes[1:]],
            "version": VERSION,
        }
