"""Running toys: those of any job, with files, shares and progress; those of a fit."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from cevns import files
from cevns.exceptions import FitError, InputError, OutputError
from cevns.inference.model.expectation import Model, parameter_point, single_poi
from cevns.inference.model.grid import Grid
from cevns.inference.toys.block_fits import BlockFits, Seconds
from cevns.inference.toys.toy_job import QUOTED, Sizes, ToyJob
from cevns.inference.toys.toy_result import ToyResult
from cevns.inference.work.blocks import Job, run_blocks
from cevns.inference.work.checkpoint import (
    Block,
    BlockKey,
    Checkpoint,
    read_blocks,
    write_blocks,
)
from cevns.typing import Array

__all__ = [
    "AUDIT_MOST",
    "BLOCK",
    "TOYS_MOST",
    "Computed",
    "Fits",
    "Progress",
    "Toys",
    "all_blocks",
    "audited",
    "check_audit",
    "check_failed",
    "compute",
    "run_toys",
]

Progress = Callable[[int, int, float], None]
"""Told the toys done, those that will probably be wanted, and toys a second."""

BLOCK = 4096
"""Toys of a fit in a block."""
AUDIT_FRACTION = 0.01
AUDIT_MOST = 2000
"""Toys of a fit that are audited at most: a share of 0.5 % with a deeper minimum is then known
to a third of itself, and the time stays small beside that of the toys of a long run."""
TOYS_MOST = 10**9
"""Toys of a run at most: with a few parameters their results fill some hundred gigabytes."""
_DEEPER = 0.01
"""Share of the audited toys, or one of them, that may have a deeper minimum."""


@dataclass(frozen=True, eq=False)
class Computed:
    """Blocks of a job, and what it took to compute those that were not in files.

    Args:
        blocks: all of them.
        times: toys, worker and seconds of each new block.
        wall_s: seconds by the clock.
    """

    blocks: dict[BlockKey, Block]
    times: list[tuple[int, str, Seconds]]
    wall_s: float

    def notes(self) -> dict[str, Any]:
        """When, where and how fast."""
        workers = {worker for _, worker, _ in self.times}
        new = sum(size for size, _, _ in self.times)
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "hosts": sorted({w.rpartition(":")[0] for w in workers}) or [platform.node()],
            "workers": len(workers),
            "wall_s": self.wall_s,
            "toys_computed": new,
            "toys_per_second": new / self.wall_s if new else None,
        }


class Toys(Protocol):
    """Toys that are computed in blocks."""

    def first(self, shard: tuple[int, int] | None) -> list[BlockKey]:
        """The blocks that are wanted in any case; of a share, if one is wanted."""

    def follow(
        self, key: BlockKey, block: Block, before: Mapping[BlockKey, Block]
    ) -> list[BlockKey]:
        """Those that are wanted after a block, from it and those before it."""

    def size(self, key: BlockKey) -> int:
        """Toys of a block, for the progress."""

    def likely(self, key: BlockKey) -> int:
        """Toys that probably follow a block that is not known yet, likewise."""

    def complete(self, key: BlockKey, block: Block) -> bool:
        """Whether a block is whole."""


class Fits(Job[BlockKey, tuple[Block, Seconds]], Protocol):
    """What draws and fits toys."""

    @property
    def job(self) -> Toys:
        """Which."""


def all_blocks(
    job: Toys, blocks: Mapping[BlockKey, Block], shard: tuple[int, int] | None
) -> list[BlockKey]:
    """The blocks that are wanted as far as some of them say."""
    wanted = job.first(shard)
    for key in wanted:  # which grows
        if key in blocks:
            wanted += job.follow(key, blocks[key], blocks)
    return wanted


def compute(
    work: Fits,
    *,
    store: Checkpoint | None = None,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Computed:
    """The blocks of a job, from part files as far as they are there, and into them.

    Args:
        work: what draws and fits the toys.
        store: part files; the same call resumes an interrupted run from them.
        shard: compute only share i of n.
        workers: see `cevns.inference.work.blocks.run_blocks`.
        executor: likewise.
        progress: told how it goes.

    Raises:
        InputError: if a part belongs to another run.
        DataError: if a part is truncated.
        OutputError: if one cannot be written.
    """
    started, job = time.perf_counter(), work.job
    blocks = store.load() if store else {}
    wanted = all_blocks(job, blocks, shard)
    todo = [key for key in wanted if key not in blocks]
    done, total = (sum(map(job.size, keys)) for keys in (blocks, wanted))
    ahead = sum(map(job.likely, todo))
    times: list[tuple[int, str, Seconds]] = []

    def seconds() -> float:
        return max(1e-9, time.perf_counter() - started)

    def more(key: BlockKey, block: Block) -> list[BlockKey]:
        nonlocal total, ahead
        keys = job.follow(key, block, blocks)
        total += sum(map(job.size, keys))
        ahead += sum(map(job.likely, keys)) - job.likely(key)
        return keys

    if todo and store:
        store.prepare()
    new = 0
    try:
        for each in run_blocks(
            work,
            todo,
            workers=workers,
            executor=executor,
            follow=lambda d: more(d.key, d.result[0]),
        ):
            blocks[each.key], took = each.result
            if store:
                store.add(each.key, blocks[each.key])
            size = job.size(each.key)
            times.append((size, each.worker, took))
            done, new = done + size, new + size
            if progress:
                progress(done, total + ahead, new / seconds())
    except BaseException as error:
        if store:
            store.flush()  # an interrupted run resumes from here
            error.add_note(
                f"{done} of {total} toys are kept in {store.folder}; the same command resumes"
            )
        raise
    if store:
        store.flush()  # all is kept also where the result cannot be written
    return Computed(blocks, times, seconds())


def check_failed(failed: int, toys: int, most: float) -> None:
    """Raise if more toys have a failed fit than tolerated.

    Raises:
        FitError: the message says how many.
    """
    if failed > most * max(1, toys):
        raise FitError(
            f"{failed} of {toys} toys have a failed fit, more than the tolerated fraction "
            f"{most:g}; the model may be degenerate or its counts too small for its bounds"
        )


def check_audit(deeper: int, audited: int, advice: str) -> None:
    """Raise if iminuit found a deeper minimum for more toys than chance allows.

    Raises:
        FitError: the message ends with the advice.
    """
    if deeper > max(1.0, _DEEPER * audited):
        raise FitError(
            f"iminuit found a deeper minimum for {deeper} of {audited} audited toys: {advice}"
        )


def audited(fraction: float, toys: int, most: int) -> int:
    """Toys that are audited: a fraction, at least one where any are wanted."""
    return max(1, min(round(fraction * toys), most)) if fraction > 0 else 0


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
    """Draw and fit toy experiments: do the fit's errors and intervals mean what they say?

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
            f"toys: {n:.3g} toys are more than the maximum of {TOYS_MOST:.0e}, which "
            "is limited by memory and computing time; ask for fewer"
        )
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"toys: the audited fraction lies between 0 and 1, not {audit:g}")
    if workers is not None and workers < 1:
        raise InputError(f"toys: workers={workers}; use at least one")
    at, poi = parameter_point(model, truth), single_poi(model, poi)
    positions = [model.parameters.position(name) for name in fix]
    held = model.parameters.fix({model.parameters[k].name: float(at[k]) for k in positions})
    if not held.free:
        raise InputError(f"toys of {model.name!r}: all parameters are fixed; free one")
    value = float(at[model.parameters.position(poi)])
    job = ToyJob(
        grid=Grid.of(model.with_parameters(held), {poi: [value]}),
        truth=at[None, None],
        toys=n,
        seed=seed,
        statistic="fits",
        held=coverage,
        audit=audited(audit, n, AUDIT_MOST),
        precision=QUOTED,
        sizes=Sizes((BLOCK,), BLOCK, 1),
        point=point,
    )
    run = {
        "model": model.name,
        "true values": at.tolist(),
        "parameter of interest": poi,
        "fixed parameters": sorted(model.parameters[k].name for k in positions),
        "number of toys": n,
        "point": point,
        "coverage": coverage,
        **job.fingerprint(),
    }
    store = _store(out, run)
    with files.claimed(store.target if store else None):
        if store and store.target.exists():
            found = Computed(read_blocks(store.target, run), [], 0.0)
        else:
            found = compute(
                BlockFits(job),
                store=store,
                workers=workers,
                executor=executor,
                progress=None if progress is None else lambda done, total, _: progress(done, total),
            )
            if store:
                write_blocks(store.target, run, found.blocks, new=True)
                store.remove()
    result = ToyResult.build(job, poi, found.blocks, found.times, found.wall_s)
    check_failed(result.statuses["failed"], n, max_failures)
    audit_of_all = result.audit
    check_audit(
        audit_of_all["deeper_minima"],
        audit_of_all["n"],
        "the likelihood has minima that are not reached from the starting points of the toys",
    )
    return result


def _store(out: Path | str | None, run: Mapping[str, Any]) -> Checkpoint | None:
    """Where the toys of a fit are kept.

    Raises:
        OutputError: if the name does not end in ``.npz``.
    """
    if out is None:
        return None
    target = Path(out)
    if target.suffix != ".npz":
        raise OutputError(f"{target}: toys are written as .npz; name the file so")
    return Checkpoint(target, run)
