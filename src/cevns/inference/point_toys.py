"""Toys at the points of a grid, tested there: the work behind Feldman-Cousins and CLs.

At a point the scanned parameters have their values and the others those that fit the data best
there (*profiled*); toys are drawn at those, counts and auxiliary measurements both. A toy's
statistic is

    q = -2 ln L(point; the others refitted) + 2 ln L(all refitted),

the second fit over the parameters of the models, so within a slice of structural axes. The
statistic for upper limits is zero where the estimate lies above the point, and below the value
without signal that value takes its place (q-tilde_mu of Cowan, Cranmer, Gross, Vitells,
arXiv:1007.1727, eq. 16).

A block is a number of toys of one point, with a random stream of its own. The first is small; what
it says may make the others unnecessary (`follow`), which depends on the point alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import numpy as np

from cevns.inference.batched import FAILED, BatchFit, BatchFitter
from cevns.inference.checkpoint import Block
from cevns.inference.data import Data
from cevns.inference.fit import fit
from cevns.inference.grid import Grid
from cevns.inference.likelihood import check_expectation
from cevns.inference.model import Model, digest
from cevns.inference.modes import Screen, best_fits
from cevns.typing import Array, IntArray

Statistic = Literal["two-sided", "upper"]

FIRST = 256
"""Toys of the first block of a point."""
BLOCK = 1024
"""Toys of the others at most."""
TIE = 1e-5
"""Difference of two values of q that counts as none: fits are that exact, counts are discrete."""
OUTLIER = 1e-3
"""How far the free fit may lie above the one at the point before it counts as an outlier."""
SCREENED = 100
"""Points of a grid that are screened for another minimum, at most."""
COMPILING_PAYS = 500_000
"""Toys from which the engine ``auto`` is jax: below, compiling takes longer than it saves."""
_KEPT = 8
"""Slices whose models and compiled fits a process keeps."""
POLICY = "profiled"
"""Where the toys have their nuisances: at the values that fit the data best at the point."""


def blocks_of_point(toys: int) -> int:
    """Blocks of a point with that many toys."""
    return 1 + -(-max(0, toys - FIRST) // BLOCK)


@dataclass(frozen=True, eq=False)
class PointToys:
    """All that determines the toys of a grid; the `cevns.inference.blocks.Job` of computing them.

    Blocks are numbered through hypotheses, points and blocks of a point, the last fastest.

    Args:
        grid: the points.
        theta: the profiled parameter vectors, ``(size, n_par)``.
        truth: where toys are drawn, ``(n_hypotheses, size, n_par)``.
        q_data: the statistic of the data, ``(size,)``.
        statistic: two-sided or for upper limits.
        null: value of the scanned parameter without signal, for upper limits.
        toys: toys of a point at most.
        seed: master seed.
        engine: ``numpy`` or ``jax``.
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
    engine: str
    stop: float | None
    stop_sigma: float
    audit: int
    data_digest: str

    @property
    def name(self) -> str:
        """Of the models, for messages."""
        return f"the family {self.grid.family.name!r}"

    @property
    def n_blocks(self) -> int:
        """Blocks of a point."""
        return blocks_of_point(self.toys)

    @property
    def n_hypotheses(self) -> int:
        """Hypotheses under which toys are drawn."""
        return len(self.truth)

    def place(self, key: int) -> tuple[int, int, int]:
        """Hypothesis, point and number of a block."""
        rest, block = divmod(key, self.n_blocks)
        hypothesis, point = divmod(rest, self.grid.size)
        return hypothesis, point, block

    def key(self, hypothesis: int, point: int, block: int) -> int:
        """The number of a block."""
        return (hypothesis * self.grid.size + point) * self.n_blocks + block

    def size(self, block: int) -> int:
        """Toys in a block of a point."""
        if block == 0:
            return min(FIRST, self.toys)
        return min(BLOCK, self.toys - FIRST - (block - 1) * BLOCK)

    def first(self, shard: tuple[int, int] | None = None) -> list[int]:
        """The first blocks of all points, or of the `i`-th share of `n`, slice by slice."""
        if not self.toys:
            return []
        i, n = (1, 1) if shard is None else shard
        points = np.concatenate([numbers for _, numbers in self.grid.slices()])
        return [
            self.key(h, int(p), 0)
            for p in points
            if p % n == i - 1
            for h in range(self.n_hypotheses)
        ]

    def follow(self, key: int, block: Block) -> list[int]:
        """The other blocks of a point after its first, if its p-value is near to that of a stop."""
        hypothesis, point, number = self.place(key)
        if number or self.n_blocks == 1:
            return []
        if self.stop is not None:
            q = block["q"][np.isfinite(block["q"])]
            p = np.mean(q >= self.q_data[point] - TIE) if q.size else self.stop
            error = np.sqrt(self.stop * (1.0 - self.stop) / max(1, q.size))
            if abs(p - self.stop) > self.stop_sigma * error:
                return []
        return [self.key(hypothesis, point, b) for b in range(1, self.n_blocks)]

    def audited(self, point: int) -> int:
        """Toys of the first block of a point to fit again."""
        n = self.grid.size
        return min((point + 1) * self.audit // n - point * self.audit // n, self.size(0))

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for blocks to belong together."""
        slices = self.grid.slices()
        ends = [slices[0][0]] + ([slices[-1][0]] if len(slices) > 1 else [])
        models = [self.grid.family.model(values) for values in ends]
        return {
            "family": self.grid.family.name,
            "axes": [a.name for a in self.grid.axes],
            "grid": [[float(v) for v in a.values] for a in self.grid.axes],
            "model digest": hashlib.sha256("".join(map(digest, models)).encode()).hexdigest(),
            "data digest": self.data_digest,
            "statistic": self.statistic,
            "nuisances of the toys": POLICY,
            "seed": self.seed,
            "toys": self.toys,
            "engine": self.engine,
            "stopped early around": self.stop,
            "stopped early at": self.stop_sigma,
            "audited toys": self.audit,
            "blocks": [FIRST, BLOCK],
            "version": version("cevns"),
        }

    def start(self) -> Callable[[int], Block]:
        """Draws and fits a block."""
        return _Runner(self).block


@dataclass(frozen=True, eq=False)
class _Slice:
    """The models' fits at one value of the structural axes."""

    plan: PointToys
    model: Model
    points: IntArray

    @cached_property
    def sigma(self) -> Array:
        constraints = [p.constraint for p in self.model.parameters]
        return np.array([c.sigma if c else 0.0 for c in constraints])[:, None]

    @cached_property
    def held(self) -> BatchFitter:
        """With the scanned parameters at their point."""
        return BatchFitter(self.model, fix=self.plan.grid.scanned, engine=self.plan.engine)

    @cached_property
    def free(self) -> BatchFitter:
        return BatchFitter(self.model, engine=self.plan.engine)

    @cached_property
    def screen(self) -> Screen:
        """Where free fits may begin: the profiled points of the slice."""
        shape = tuple(len(a) for a in self.plan.grid.axes if not a.structural)
        return Screen.of(self.model, self.plan.theta[self.points], shape, most=SCREENED)


class _Runner:
    """Runs blocks; built once a process. Keeps the slices that it worked on last."""

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
        """Statistics of the toys, NaN where a fit failed; the audit; the number of outliers."""
        plan = self.plan
        hypothesis, point, number = plan.place(key)
        here = self._slice(point)
        rng = np.random.default_rng(np.random.SeedSequence((plan.seed, point, number, hypothesis)))
        truth = plan.truth[hypothesis, point]
        counts, aux = _draw(here, truth, rng, plan.size(number))
        held = here.held.fit(counts, aux, plan.theta[point])
        free = best_fits(here.free, counts, aux, here.screen, truth=truth)
        rise = held.twice_nll - free.twice_nll
        failed = (held.status == FAILED) | (free.status == FAILED)
        q = np.maximum(rise, 0.0)
        if plan.statistic == "upper":
            q = self._upper(here, point, counts, aux, held, free)
        audited = plan.audited(point) if number == 0 and hypothesis == 0 else 0
        return {
            "q": np.where(failed, np.nan, q),
            "outliers": np.array([np.sum((rise < -OUTLIER) & ~failed)]),
            "audit": _audit(here, rng, audited, counts, aux, free),
        }

    def _upper(
        self,
        here: _Slice,
        point: int,
        counts: Array,
        aux: Array,
        held: BatchFit,
        free: BatchFit,
    ) -> Array:
        """The statistic for upper limits."""
        (name,) = self.plan.grid.scanned
        k = here.model.parameters.position(name)
        best, lowest = free.theta[:, k], free.twice_nll.copy()
        below = np.flatnonzero(best < self.plan.null)
        if below.size:
            start = self.plan.theta[point].copy()
            start[k] = self.plan.null
            without = here.held.fit(counts[:, below], aux[:, below], start)
            lowest[below] = without.twice_nll
        q = np.maximum(held.twice_nll - lowest, 0.0)
        above = best > self.plan.theta[point, k]
        result: Array = np.where(above, 0.0, q)
        return result


def _draw(here: _Slice, truth: Array, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    mu = np.asarray(here.model.expected(truth), dtype=float)
    check_expectation(mu, np.zeros_like(mu), f"toys of {here.model.name!r}")
    counts = rng.poisson(np.maximum(mu, 0.0)[:, None], (mu.size, size)).astype(float)
    noise = rng.standard_normal((len(truth), size))
    return counts, truth[:, None] + here.sigma * noise


def _audit(
    here: _Slice, rng: np.random.Generator, n: int, counts: Array, aux: Array, free: BatchFit
) -> Array:
    """`n` random toys again with iminuit: its -2 ln L minus ours, NaN where it failed.

    It begins at a random point of the grid, so that it may find minima that we do not know of.
    """
    differences = []
    chosen = np.sort(rng.choice(counts.shape[1], n, replace=False))
    starts = rng.integers(len(here.screen.theta), size=n)
    for i, start in zip(chosen, starts, strict=True):
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
