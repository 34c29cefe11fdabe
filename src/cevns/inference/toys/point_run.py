"""Running the toys of a grid: with files, shares of it for batch queues, and progress."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.model.data import Data, observed
from cevns.inference.model.grid import Grid
from cevns.inference.toys.point_toys import PointToys
from cevns.inference.work.blocks import run_blocks
from cevns.inference.work.checkpoint import Block, Checkpoint, join, split
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.typing import Array

__all__ = [
    "Assemble",
    "Progress",
    "axis_datasets",
    "check_failed",
    "data_digest",
    "finished",
    "run_points",
]

Progress = Callable[[int, int, float], None]
"""Told the toys done, those wanted as far as known, and toys a second."""
Assemble = Callable[[Mapping[str, Any], Mapping[str, Array], Mapping[int, Block]], dict[str, Array]]
"""From a run's fingerprint, its inputs and its blocks to the datasets of the result."""


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


def run_points(
    plan: PointToys,
    run: Mapping[str, Any],
    inputs: Mapping[str, Array],
    assemble: Assemble,
    *,
    out: Path | str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> ScanFile:
    """The toys of a grid, from a file as far as they are there, and into it.

    Args:
        plan: the toys.
        run: fingerprint of the result, that of the plan included.
        inputs: datasets that are known without toys.
        assemble: makes the other datasets.
        out: file; the same call resumes an interrupted run from it.
        workers: see `cevns.inference.work.blocks.run_blocks`.
        executor: likewise.
        shard: compute only share i of n, for `cevns.inference.scan.merge.merge`; needs `out`, which
            then holds the blocks. The other points have no toys in the result.
        progress: told how it goes.

    Returns:
        The scan.

    Raises:
        InputError: if the file belongs to another run, or the share does not exist.
        DataError: if the file is truncated.
        OutputError: if it cannot be written.
    """
    _check_shard(shard, out, len(plan.groups), plan.toys)
    target = None if out is None else check_target(out)
    mine = {**run, "shard": list(shard) if shard else None}
    if target and target.exists():
        there = read_scan(target, mine)
        if not shard:
            return there
        return finished(run, inputs, split(there.group("blocks")), assemble, there.notes)
    store = None if target is None else Checkpoint(target, mine)
    blocks = store.load() if store else {}
    wanted = plan.first(shard)
    wanted += [k for key in wanted if key in blocks for k in plan.follow(key, blocks[key])]
    meter = _Meter(plan, wanted, blocks, progress)
    todo = [key for key in wanted if key not in blocks]
    if todo:
        if store:
            store.prepare()
        try:
            for done in run_blocks(
                plan,
                todo,
                workers=workers,
                executor=executor,
                follow=lambda d: meter.more(plan.follow(d.key, d.result)),
            ):
                if store:
                    store.add(done.key, done.result)
                blocks[done.key] = done.result
                meter.done(done.key, done.worker)
        except BaseException as error:
            if store:
                store.flush()  # an interrupted run resumes from here
                error.add_note(
                    f"{len(blocks)} blocks are kept in {store.folder}; the same command resumes"
                )
            raise
    result = finished(run, inputs, blocks, assemble, meter.notes())
    if target and store:
        write_scan(target, _share(mine, inputs, blocks, shard, result.notes) if shard else result)
        store.remove()
    return result


def finished(
    run: Mapping[str, Any],
    inputs: Mapping[str, Array],
    blocks: Mapping[int, Block],
    assemble: Assemble,
    notes: Mapping[str, Any],
) -> ScanFile:
    """A scan from its blocks."""
    return ScanFile(run, {**inputs, **assemble(run, inputs, blocks)}, notes)


def _share(
    run: Mapping[str, Any],
    inputs: Mapping[str, Array],
    blocks: Mapping[int, Block],
    shard: tuple[int, int],
    notes: Mapping[str, Any],
) -> ScanFile:
    """The file of a share holds the blocks themselves."""
    stored = {f"blocks/{name}": array for name, array in join(blocks).items()}
    return ScanFile(run, {**inputs, **stored}, notes, shard)


def _check_shard(
    shard: tuple[int, int] | None, out: Path | str | None, groups: int, toys: int
) -> None:
    """Raise if there is no such share.

    Raises:
        InputError: the message says which there are.
    """
    if shard is None:
        return
    i, n = shard
    if not 1 <= i <= n <= groups:
        raise InputError(
            f"there is no share {i}/{n}; shares count from 1/n to n/n, and the grid has {groups} "
            "groups of points to be shared"
        )
    if not toys:
        raise InputError("a scan without toys is too small to be computed in shares")
    if out is None:
        raise InputError(f"the share {i}/{n} needs a file to be merged from; say where")


def axis_datasets(grid: Grid) -> dict[str, Array]:
    """Values of the axes."""
    return {f"axis/{a.name}": a.values for a in grid.axes}


def data_digest(grid: Grid, data: Data | None) -> str:
    """SHA-256 of the data."""
    data = observed(grid.family.model(grid.slices()[0][0])) if data is None else data
    numbers = np.concatenate([data.counts, data.auxiliary])
    return hashlib.sha256(" ".join(f"{v:.9e}" for v in numbers).encode()).hexdigest()


class _Meter:
    """Counts toys and seconds."""

    def __init__(
        self,
        plan: PointToys,
        wanted: list[int],
        blocks: Mapping[int, Block],
        progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._done = sum(plan.size(key) for key in blocks)
        self._total = sum(map(self._plan.size, wanted))
        self._progress = progress
        self._new = 0
        self._hosts: set[str] = set()
        self._workers: set[str] = set()
        self._started = time.perf_counter()

    def more(self, keys: list[int]) -> list[int]:
        self._total += sum(map(self._plan.size, keys))
        return keys

    def done(self, key: int, worker: str) -> None:
        self._new += self._plan.size(key)
        self._done += self._plan.size(key)
        self._workers.add(worker)
        self._hosts.add(worker.rpartition(":")[0])
        if self._progress:
            self._progress(self._done, self._total, self._new / self._seconds)

    @property
    def _seconds(self) -> float:
        return max(1e-9, time.perf_counter() - self._started)

    def notes(self) -> dict[str, Any]:
        """When, where and how fast."""
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "hosts": sorted(self._hosts) or [platform.node()],
            "workers": len(self._workers),
            "wall_s": self._seconds,
            "toys_computed": self._new,
            "toys_per_second": self._new / self._seconds if self._new else None,
        }
