"""Toy experiments: do the fit's errors and intervals mean what they say?

Counts are Poisson, auxiliary measurements are fluctuated too. Work comes in blocks of fixed size,
each with its own random stream seeded by (seed, point, block), so that the result does not depend
on who computed which block, with how many workers, or after how many interruptions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.batch import CHUNK, FAILED, BatchFitter
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import DRAWS, Data, draw
from cevns.inference.model.expectation import Model, digest, parameter_point, single_poi
from cevns.inference.toys.toy_result import ToyResult
from cevns.inference.work.blocks import run_blocks
from cevns.inference.work.checkpoint import Block
from cevns.inference.work.toy_store import ToyStore
from cevns.records import VERSION
from cevns.typing import ENGINE, Array, IntArray

__all__ = ["AUDIT_MOST", "BLOCK", "TOYS_MOST", "ToyPlan", "run_toys"]

BLOCK = 4096
"""Toys a block."""
AUDIT_FRACTION = 0.01
AUDIT_MOST = 2000
"""Toys that are audited at most in a run: a share of 0.5 % with a deeper minimum is then known
to a third of itself, and the time stays small beside that of the toys of a long run."""
TOYS_MOST = 10**9
"""Toys of a run at most: with a few parameters their results fill some hundred gigabytes."""


@dataclass(frozen=True, eq=False)
class ToyPlan:
    """All that determines the toys of one point.

    Args:
        model: the model.
        truth: true parameter vector, ``(n_par,)``.
        poi: parameter whose intervals are tested.
        fix: names of the parameters that the fits hold at their true values.
        n: number of toys.
        seed: master seed.
        point: number of the point in a scan; enters the seeds.
        coverage: fit each toy a second time with the parameter of interest at its true value.
        audit: fraction of toys that are fitted again with iminuit, up to `AUDIT_MOST` toys.
    """

    model: Model
    truth: Array
    poi: str
    fix: tuple[str, ...]
    n: int
    seed: int
    point: int
    coverage: bool
    audit: float

    @property
    def n_blocks(self) -> int:
        """Number of blocks; the last one may be short."""
        return -(-self.n // BLOCK)

    def size(self, block: int) -> int:
        """Toys in a block."""
        return min(BLOCK, self.n - block * BLOCK)

    @property
    def n_audited(self) -> int:
        """Toys to audit in the run: at least one, unless none is asked for."""
        if self.audit <= 0:
            return 0
        return max(1, min(round(self.audit * self.n), AUDIT_MOST))

    def audited(self, block: int) -> int:
        """Toys to audit in a block: the run's, spread evenly over the blocks."""
        before = block * BLOCK
        after = before + self.size(block)
        return after * self.n_audited // self.n - before * self.n_audited // self.n

    @property
    def name(self) -> str:
        """Of the model, for messages."""
        return f"model {self.model.name!r}"

    def start(self) -> Callable[[int], tuple[Block, dict[str, float]]]:
        """Draws and fits the toys of a block; with their timings."""
        return _Runner(self).block

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for toys to belong together."""
        return {
            "model": self.model.name,
            "model digest": digest(self.model),
            "true values": [float(v) for v in self.truth],
            "parameter of interest": self.poi,
            "fixed parameters": sorted(self.fix),
            "number of toys": self.n,
            "seed": self.seed,
            "order of draws": DRAWS,
            "point": self.point,
            "engine": ENGINE,
            "coverage": self.coverage,
            "audited toys": self.n_audited,
            "block": BLOCK,
            "version": VERSION,
        }


class _Runner:
    """Runs blocks of a plan; built once a process."""

    def __init__(self, plan: ToyPlan) -> None:
        self.plan = plan
        started = time.perf_counter()
        self.free = BatchFitter(plan.model, fix=plan.fix)
        if not self.free.free:
            raise InputError(f"toys of {plan.model.name!r}: all parameters are fixed; free one")
        fitters = [self.free]
        self.conditional: BatchFitter | None = None
        if plan.coverage and len(self.free.free) > 1:
            self.conditional = BatchFitter(plan.model, fix=(*plan.fix, plan.poi))
            fitters.append(self.conditional)
        # set up before the clock starts; these toys are thrown away
        rng = np.random.default_rng(0)
        counts, aux = self._draw(rng, 2 * CHUNK)
        for fitter in fitters:
            fitter.fit(counts, aux, plan.truth)
        self.compile_s = time.perf_counter() - started

    def _draw(self, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        return draw(self.plan.model, self.plan.truth, rng, size)

    def block(self, number: int) -> tuple[Block, dict[str, float]]:
        """One block: toys and timings."""
        plan = self.plan
        seeds = np.random.SeedSequence((plan.seed, plan.point, number))
        rng = np.random.default_rng(seeds)
        t0 = time.perf_counter()
        counts, aux = self._draw(rng, plan.size(number))
        best = self.free.fit(counts, aux, plan.truth)
        t1 = time.perf_counter()
        out: Block = {
            "theta": best.theta,
            "errors": best.errors,
            "twice_nll": best.twice_nll,
            "edm": best.edm,
            "status": best.status.astype(np.int8),
        }
        if plan.coverage:
            out["rise"], out["conditional_status"] = self._rise(counts, aux, best.twice_nll)
        t2 = time.perf_counter()
        out["audit"] = self._audit(
            rng, plan.audited(number), counts, aux, best.twice_nll, best.status
        )
        t3 = time.perf_counter()
        return out, {
            "fit_s": t1 - t0,
            "coverage_s": t2 - t1,
            "audit_s": t3 - t2,
            "compile_s": self.compile_s,
        }

    def _rise(self, counts: Array, aux: Array, best: Array) -> tuple[Array, Array]:
        """-2 ln L at the true value of the parameter of interest, above the minimum."""
        if self.conditional is None:  # nothing else is free: no fit needed
            theta = np.repeat(self.plan.truth[:, None], len(best), axis=1)
            value = sum(Objective(self.plan.model).quoted(theta, counts, aux).values())
            return np.asarray(value - best), np.zeros(len(best), dtype=np.int8)
        held = self.conditional.fit(counts, aux, self.plan.truth)
        return held.twice_nll - best, held.status.astype(np.int8)

    def _audit(
        self,
        rng: np.random.Generator,
        number: int,
        counts: Array,
        aux: Array,
        best: Array,
        status: IntArray,
    ) -> Array:
        """`number` random toys again with iminuit: its -2 ln L minus ours, NaN where it failed."""
        plan, size = self.plan, counts.shape[1]
        chosen = rng.choice(size, number, replace=False)
        fix = {name: plan.truth[plan.model.parameters.position(name)] for name in plan.fix}
        differences = []
        for i in np.sort(chosen):
            if status[i] == FAILED:
                continue
            result = fit(
                plan.model,
                data=Data(counts[:, i], aux[:, i]),
                fix=fix,
                start=plan.truth,
                minos="none",
                hesse=False,
                raise_on_failure=False,
            )
            differences.append(result.twice_nll - best[i] if result.valid else np.nan)
        return np.array(differences, dtype=float)


def run_toys(
    model: Model,
    n: int,
    *,
    seed: int,
    truth: Mapping[str, float] | Array | None = None,
    poi: str | None = None,
    fix: tuple[str, ...] = (),
    coverage: bool = True,
    audit: float = AUDIT_FRACTION,
    point: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    out: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
    max_failures: float = 1e-3,
) -> ToyResult:
    """Draw and fit toy experiments.

    Args:
        model: the model; a tabulated one is ten times faster than an exact one.
        n: number of toys, at most `TOYS_MOST`.
        seed: master seed, not negative.
        truth: true parameter point; nominal by default.
        poi: parameter whose intervals are tested; the model's own by default.
        fix: parameters held at their true values in all fits.
        coverage: test the coverage of the profile-likelihood intervals by a second fit.
        audit: fraction of the toys that is fitted again with iminuit; at most `AUDIT_MOST` toys
            in a run, chosen at random.
        point: number of the point in a scan; points have independent toys.
        workers: processes; by default one a core where that pays. One means in this process.
        executor: any `concurrent.futures.Executor` in place of the process pool.
        out: file for the toys; the same call resumes an interrupted run from it.
        progress: called with (toys done, n).
        max_failures: largest tolerated fraction of failed fits.

    Returns:
        The toys and what they show. Bit for bit the same for any number of workers and after
        any interruption, with the same versions and kind of CPU.

    Raises:
        InputError: if an argument is out of range, or `out` belongs to another run.
        DataError: if `out` is truncated.
        FitError: if more fits failed than tolerated, or the audit disagrees.
    """
    if n < 1 or seed < 0 or point < 0:
        raise InputError(f"toys: n={n}, seed={seed}, point={point}; use n > 0 and the others >= 0")
    if n > TOYS_MOST:
        raise InputError(
            f"toys: {n:.3g} toys are more than the {TOYS_MOST:.0e} whose results fit into memory "
            "and whose fits end within a day or so; ask for fewer"
        )
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"toys: the audited fraction lies between 0 and 1, not {audit:g}")
    if workers is not None and workers < 1:
        raise InputError(f"toys: workers={workers}; use at least one")
    plan = ToyPlan(
        model=model,
        truth=parameter_point(model, truth),
        poi=single_poi(model, poi),
        fix=tuple(model.parameters[name].name for name in fix),
        n=n,
        seed=seed,
        point=point,
        coverage=coverage,
        audit=audit,
    )
    started = time.perf_counter()
    store = None if out is None else ToyStore(out, plan.fingerprint())
    blocks: dict[int, Block] = store.load() if store else {}
    todo = [i for i in range(plan.n_blocks) if i not in blocks]
    times: list[tuple[int, str, dict[str, float]]] = []
    if todo:
        if store:
            store.prepare()
        done = sum(plan.size(i) for i in blocks)
        try:
            for each in run_blocks(plan, todo, workers=workers, executor=executor):
                block, timing = each.result
                if store:
                    store.add(each.key, block)
                blocks[each.key] = block
                times.append((plan.size(each.key), each.worker, timing))
                done += plan.size(each.key)
                if progress:
                    progress(done, n)
        except BaseException as error:
            if store:
                store.flush()  # an interrupted run resumes from here
                kept = sum(plan.size(i) for i in blocks)
                error.add_note(
                    f"{kept} of {n} toys are kept in {store.folder}; the same call resumes"
                )
            raise
        if store:
            store.finish(blocks)
    result = ToyResult.build(plan, blocks, times, time.perf_counter() - started)
    _judge(result, max_failures)
    return result


def _judge(result: ToyResult, max_failures: float) -> None:
    """Raise if the toys cannot be trusted.

    Raises:
        FitError: if more fits failed than tolerated, or the audit finds deeper minima.
    """
    failed = result.statuses["failed"]
    if failed > max_failures * result.n:
        raise FitError(
            f"{failed} of {result.n} toy fits failed, more than the tolerated fraction "
            f"{max_failures:g}; the model may be degenerate or its counts too small for its bounds"
        )
    deeper = result.audit["deeper_minima"]
    if deeper > max(1.0, 0.01 * result.audit["n"]):
        raise FitError(
            f"iminuit found a deeper minimum for {deeper} of {result.audit['n']} audited toys: the "
            "likelihood has several minima, which the batched fit does not search"
        )
