"""Toys at the points of a grid, tested there: the work behind Feldman-Cousins and CLs.

At a point the scanned parameters have their values and the others those that fit the data best
there (*profiled*); toys are drawn at those, counts and auxiliary measurements both. A toy's
statistic is

    q = -2 ln L(point; the others refitted) + 2 ln L(all refitted),

the second fit over the parameters of the models, so within a slice of structural axes. The
statistic for upper limits is zero where the estimate lies above the point, and below the value
without signal that value takes its place (q-tilde_mu of Cowan, Cranmer, Gross, Vitells,
arXiv:1007.1727, eq. 16).

A block holds a number of toys of each of some neighbouring points, with a random stream for each
point. The first block is small; what it says may make the others unnecessary for some of its
points (`follow`), whoever computes them and in whatever order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from cevns.inference.model.data import DRAWS
from cevns.inference.model.expectation import digest
from cevns.inference.model.grid import Grid
from cevns.inference.work.checkpoint import Block
from cevns.records import VERSION
from cevns.typing import ENGINE, Array, IntArray

__all__ = [
    "BLOCK",
    "FIRST",
    "GROUP",
    "POLICY",
    "TIE",
    "Place",
    "PointToys",
    "model_digest",
]

Statistic = Literal["two-sided", "upper"]

FIRST = 256
"""Toys of a point in its first block."""
BLOCK = 1024
"""Toys of a point in another block at most."""
GROUP = 8
"""Neighbouring points whose toys are fitted together: the few slow fits of each then share the
cost of many small steps."""
TIE = 1e-2
"""Difference of two values of q that counts as none: that to which toys are fitted. Counts are
discrete, and a toy equal to the data must count as far off as they are; where q is continuous a
p-value of 0.1 grows by 6e-4 for one parameter and 5e-4 for two."""
POLICY = "profiled"
"""Where the toys have their nuisances: at the values that fit the data best at the point."""


class Place(NamedTuple):
    """What a block is.

    Args:
        hypothesis: under which its toys are drawn.
        group: of points.
        members: which points of the group, as bits.
        block: its number; the first is small.
    """

    hypothesis: int
    group: int
    members: int
    block: int


def model_digest(grid: Grid) -> str:
    """SHA-256 of the models at the ends of a grid."""
    slices = grid.slices()
    ends = [slices[0][0]] + ([slices[-1][0]] if len(slices) > 1 else [])
    models = [grid.family.model(values) for values in ends]
    return hashlib.sha256("".join(map(digest, models)).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class PointToys:
    """All that determines the toys of a grid; the `Job` of computing them.

    Args:
        grid: the points.
        theta: the profiled parameter vectors, ``(size, n_par)``.
        truth: where toys are drawn, ``(n_hypotheses, size, n_par)``.
        q_data: the statistic of the data, ``(size,)``.
        statistic: two-sided or for upper limits.
        null: value of the scanned parameter without signal, for upper limits.
        toys: toys of a point at most.
        seed: master seed.
        stop: p-value around which all toys are wanted; None for all toys everywhere.
        stop_sigma: distance from it, in binomial errors, at which the first block is enough.
        audit: toys that are fitted again with iminuit, spread over the points.
        data_digest: of the data.
    """

    grid: Grid
    theta: Array
    truth: Array
    q_data: Array
    statistic: Statistic
    null: float
    toys: int
    seed: int
    stop: float | None
    stop_sigma: float
    audit: int
    data_digest: str

    @property
    def name(self) -> str:
        """Of the models, for messages."""
        return f"the family {self.grid.family.name!r}"

    @property
    def n_hypotheses(self) -> int:
        """Hypotheses under which toys are drawn."""
        return len(self.truth)

    @property
    def n_blocks(self) -> int:
        """Blocks of a group."""
        return 1 + -(-max(0, self.toys - FIRST) // BLOCK)

    @cached_property
    def groups(self) -> list[IntArray]:
        """Points that are fitted together, of one slice each."""
        return [
            points[at : at + GROUP]
            for _, points in self.grid.slices()
            for at in range(0, len(points), GROUP)
        ]

    def key(self, place: Place) -> int:
        """The number of a block."""
        group = place.hypothesis * len(self.groups) + place.group
        return (group * (1 << GROUP) + place.members) * self.n_blocks + place.block

    def place(self, key: int) -> Place:
        """What the number of a block means."""
        rest, block = divmod(key, self.n_blocks)
        rest, members = divmod(rest, (1 << GROUP))
        hypothesis, group = divmod(rest, len(self.groups))
        return Place(hypothesis, group, members, block)

    def points(self, place: Place) -> IntArray:
        """Points of a block."""
        return np.array(
            [p for i, p in enumerate(self.groups[place.group]) if place.members >> i & 1]
        )

    def each(self, place: Place) -> int:
        """Toys of a block for each of its points."""
        if place.block == 0:
            return min(FIRST, self.toys)
        return min(BLOCK, self.toys - FIRST - (place.block - 1) * BLOCK)

    def size(self, key: int) -> int:
        """Toys of a block."""
        place = self.place(key)
        return self.each(place) * len(self.points(place))

    def first(self, shard: tuple[int, int] | None = None) -> list[int]:
        """The first blocks of all groups, or of the `i`-th share of `n` of them."""
        if not self.toys:
            return []
        i, n = (1, 1) if shard is None else shard
        return [
            self.key(Place(h, g, (1 << len(group)) - 1, 0))
            for g, group in enumerate(self.groups)
            if g % n == i - 1
            for h in range(self.n_hypotheses)
        ]

    def follow(self, key: int, block: Block) -> list[int]:
        """The other blocks of a group after its first, for the points that need more toys."""
        place = self.place(key)
        if place.block or self.n_blocks == 1:
            return []
        q = block["q"].reshape(-1, self.each(place))
        members = 0
        for i, (point, mine) in enumerate(zip(self.points(place), q, strict=True)):
            if self._needs_more(int(point), mine[np.isfinite(mine)]):
                members |= 1 << i
        if not members:
            return []
        return [self.key(place._replace(members=members, block=b)) for b in range(1, self.n_blocks)]

    def _needs_more(self, point: int, q: Array) -> bool:
        """Whether the p-value of a point is near to that of a stop."""
        if self.stop is None or not q.size:
            return True
        p = np.mean(q >= self.q_data[point] - TIE)
        error = np.sqrt(self.stop * (1.0 - self.stop) / q.size)
        return bool(abs(p - self.stop) <= self.stop_sigma * error)

    def audited(self, point: int) -> int:
        """Toys of the first block of a point to fit again."""
        n = self.grid.size
        return min((point + 1) * self.audit // n - point * self.audit // n, FIRST, self.toys)

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for blocks to belong together."""
        return {
            "family": self.grid.family.name,
            "axes": [a.name for a in self.grid.axes],
            "grid": [[float(v) for v in a.values] for a in self.grid.axes],
            "model digest": model_digest(self.grid),
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
            "blocks": [FIRST, BLOCK, GROUP],
            "version": VERSION,
        }

    def start(self) -> Callable[[int], Block]:
        """Draws and fits a block."""
        from cevns.inference.toys.point_fits import PointFits

        return PointFits(self).block
