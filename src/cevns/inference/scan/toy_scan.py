"""What scans with toys share: their record, counting toys, and running one.

With n toys at a point of which k have a q at least as large as the data's, the p-value is k/n.
A result that its toys do not bear is refused: its file says so, and reading it as a result fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from cevns import files
from cevns.exceptions import DataError, FitError, InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.expectation import Model
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.scan.profile_scan import ProfileScan
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.toys.shared_job import SharedFits, SharedJob
from cevns.inference.toys.toy_job import Sizes, ToyJob
from cevns.inference.toys.toy_run import Progress, all_blocks, compute
from cevns.inference.work.checkpoint import Block, BlockKey, Checkpoint, blocks_of, join
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.parameters import Parameter, Parameters
from cevns.typing import Array, BoolArray

__all__ = [
    "EXCLUDED",
    "P_BOUND",
    "Assemble",
    "Judge",
    "Running",
    "ToyScan",
    "check_arguments",
    "check_profile",
    "collect",
    "count_failed",
    "dataset",
    "excluded",
    "finished",
    "judged",
    "known",
    "profile_inputs",
    "run_scan",
    "share_blocks",
]

Assemble = Callable[
    [Mapping[str, Any], Mapping[str, Array], Mapping[BlockKey, Block]], dict[str, Array]
]
"""From a run's fingerprint, its inputs and its blocks to the datasets of the result."""
Judge = Callable[[ScanFile], None]
"""Raises `FitError` where a result is not to be used."""

EXCLUDED = 25.0
"""-2 ln L above the minimum beyond which a point is excluded without toys."""
P_BOUND = 1e-4
"""Below which the p-value of such a point lies. By chi2 it is below 6e-7 with one degree of freedom
and 4e-6 with two, by Chernoff's bound below 8e-6 for a single count of any size; couplings with
mirror solutions may act as further degrees, of which four would give 5e-5."""


class Running(TypedDict, total=False):
    """Where and how a scan with toys runs, which does not change its numbers.

    Args:
        label: plain values that are part of the scan's identity, like the experiment's name.
        out: HDF5 file for the scan; the same call resumes an interrupted one from it.
        workers: processes; by default one a core where that pays. One means in this process.
        executor: any `concurrent.futures.Executor` in place of the process pool.
        shard: compute only share i of n, into `out`; see `cevns.inference.scan.merge.merge`. The
            other points have no toys in the result.
        progress: told toys done, toys that will probably be wanted, and toys a second.
    """

    label: Mapping[str, Any] | None
    out: Path | str | None
    workers: int | None
    executor: Executor | None
    shard: tuple[int, int] | None
    progress: Progress | None


# -- the record ----------------------------------------------------------------------------------


def dataset(name: str) -> property:
    """The attribute of a scan that is a dataset of its file."""
    return property(lambda scan: scan.file.datasets[name], doc=f"The dataset ``{name}``.")


@dataclass(frozen=True, eq=False)
class ToyScan:
    """A scan with toys: what its file holds, by name.

    The statistic of the data at each point is `q_data`, ``(size,)``; the best fit of each slice
    `best`, ``(n_slices, n_par)``.

    Args:
        file: fingerprint, datasets and notes, as they stand in the HDF5 file.
    """

    file: ScanFile
    q_data = dataset("profile/q")
    best = dataset("profile/best")

    @property
    def axes(self) -> dict[str, Array]:
        """Scanned values of each parameter or structural axis."""
        return {name: self.file.datasets[f"axis/{name}"] for name in self.file.run["axes"]}

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def cl(self) -> float:
        """Confidence level."""
        return float(self.file.run["confidence level"])


# -- counting toys -------------------------------------------------------------------------------


def collect(size: int, blocks: Mapping[BlockKey, Block], hypothesis: int = 0) -> list[Array]:
    """Statistics of the toys of each point, those of failed fits left out."""
    parts: list[list[Array]] = [[np.zeros(0)] for _ in range(size)]
    for key in sorted(blocks):
        if key.hypothesis != hypothesis:
            continue
        pieces = np.split(blocks[key]["q"], len(key.points))
        for point, q in zip(key.points, pieces, strict=True):
            parts[point].append(q[np.isfinite(q)])
    return [np.concatenate(p) for p in parts]


def count_failed(blocks: Mapping[BlockKey, Block]) -> Array:
    """Toys with a failed fit, a dataset of one number."""
    return np.array(sum(int(np.sum(np.isnan(b["q"]))) for b in blocks.values()))


# -- running a scan ------------------------------------------------------------------------------


def check_arguments(
    what: str, toys: int, seed: int, cl: float, workers: int | None, *, least: int
) -> None:
    """Raise if there is no such scan.

    Raises:
        InputError: the message says what is wrong.
    """
    if toys < least or seed < 0:
        which = "toys > 0 and seed >= 0" if least else "numbers that are not negative"
        raise InputError(f"{what}: toys={toys}, seed={seed}; use {which}")
    if workers is not None and workers < 1:
        raise InputError(f"{what}: workers={workers}; use at least one")
    check_level(cl)


def check_profile(scan: ProfileScan) -> None:
    """Raise if toys could not be drawn at each point.

    Raises:
        FitError: if a point has no converged fit.
    """
    _refuse(scan, scan.status == FAILED)


def excluded(scan: ProfileScan, cl: float) -> BoolArray:
    """Points that are excluded without toys, ``(size,)``.

    Those are far above the minimum of their slice, or have no converged fit and none but such
    neighbours. A level that `P_BOUND` does not decide excludes none.

    Raises:
        FitError: if a point without a converged fit has a neighbour that is not excluded.
    """
    failed = scan.status == FAILED
    wanted: BoolArray = ~failed & ((scan.rise <= EXCLUDED) | (1.0 - cl <= P_BOUND))
    _refuse(scan, failed & scan.grid.with_neighbours(wanted))
    return np.logical_not(wanted)


def _refuse(scan: ProfileScan, failed: BoolArray) -> None:
    """Raise if there is a point without the fit that its toys would need.

    Raises:
        FitError: naming one.
    """
    if not failed.any():
        return
    i = int(np.argmax(failed))
    at = dict(zip((a.name for a in scan.grid.axes), scan.grid.points[i].tolist(), strict=True))
    number = int(failed.sum())
    where = f"at {at}" if number == 1 else f"at {number} points of the grid, for example at {at}"
    raise FitError(f"the fit does not converge {where}: no toys can be drawn; choose another range")


def profile_inputs(scan: ProfileScan, q: Array) -> dict[str, Array]:
    """What is known of a scan without toys: the axes, the statistic and the fits of the data."""
    return {
        **scan.grid.datasets(),
        "profile/q": q,
        "profile/theta": scan.theta,
        "profile/unsure": scan.unsure,
        "profile/best": np.array([b.theta for b in scan.best_by_slice]),
    }


def run_scan(
    job: ToyJob | SharedJob,
    own: Mapping[str, Any],
    inputs: Mapping[str, Array],
    assemble: Assemble,
    judge: Judge,
    *,
    method: str,
    cl: float,
    **running: Unpack[Running],
) -> ScanFile:
    """The toys of a scan, from a file as far as they are there, and into it.

    Args:
        job: the toys. Those of anchors are fitted freely by whoever computes a share, too.
        own: what else the result depends on; plain JSON values.
        inputs: datasets that are known without toys.
        assemble: makes the other datasets.
        judge: of the result. One that is refused is written with a mark before that is raised.
        method: name of the method.
        cl: confidence level.
        running: see `Running`.

    Raises:
        InputError: if the file belongs to another run, or the share does not exist.
        DataError: if the file is truncated.
        OutputError: if it cannot be written.
        FitError: if the result is refused.
    """
    shard, out = running.get("shard"), running.get("out")
    _check_shard(shard, out, len(job.groups), job.toys)
    grid = job.grid
    run = {
        "method": method,
        **(running.get("label") or {}),
        "confidence level": cl,
        **own,
        **job.fingerprint(),
        "parameters": list(grid.family.parameters.names),
        **({"raster": list(grid.raster)} if grid.raster else {}),
    }
    target = None if out is None else check_target(out)
    mine = {**run, "shard": list(shard) if shard else None}
    with files.claimed(target):
        if target and target.exists():
            there = read_scan(target, mine)
            if shard:
                there = finished(
                    run, known(there), share_blocks(there, target), assemble, there.notes
                )
            judge(there)
            return there
        result = _computed(job, run, mine, inputs, assemble, judge, target, running)
        judge(result)
        return result


def _computed(
    job: ToyJob | SharedJob,
    run: Mapping[str, Any],
    mine: Mapping[str, Any],
    inputs: Mapping[str, Array],
    assemble: Assemble,
    judge: Judge,
    target: Path | None,
    running: Running,
) -> ScanFile:
    """The result, which is in its file."""
    how: Any = {k: running.get(k) for k in ("workers", "executor")}
    tell = progress = running.get("progress")
    shard, notes = running.get("shard"), {}
    stores: dict[str, Checkpoint] = {}
    if target is not None:
        stores = {part: Checkpoint(target, mine, part) for part in ("", "anchors")}
        # parts of another run are refused before anything is computed
        stores["" if isinstance(job, SharedJob) else "anchors"].load()
    if isinstance(job, SharedJob):
        free, held = (sum(map(j.size, j.first())) for j in (job.before, job))
        held += sum(map(job.likely, job.first()))
        anchors = compute(
            BlockFits(job.before),
            store=stores.get("anchors"),
            progress=tell and (lambda done, total, rate: tell(done, total + held, rate)),
            **how,
        )
        progress = tell and (lambda done, total, rate: tell(done + free, total + free, rate))
        job = job.with_free(anchors.blocks)
        inputs = {**inputs, **of_anchors(job, inputs, anchors.blocks)}
        notes = {"anchors": anchors.notes()}
    work = SharedFits(job) if isinstance(job, SharedJob) else BlockFits(job)
    found = compute(work, store=stores.get(""), shard=shard, progress=progress, **how)
    notes |= found.notes()
    result = judged(finished(run, inputs, found.blocks, assemble, notes), judge)
    if target is not None:
        stored = result
        if shard:  # the blocks themselves
            blocks = {f"blocks/{name}": array for name, array in join(found.blocks).items()}
            stored = ScanFile(mine, {**inputs, **blocks}, result.notes)
        write_scan(target, stored, new=True)
        for each in stores.values():
            each.remove()
    return result


def of_anchors(
    job: SharedJob, inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """What the free fits of the anchors' toys say by themselves: audit and goodness of fit."""
    keys = sorted(blocks)
    best = inputs["profile/best"][0], float(inputs["profile/best_twice_nll"][0])
    return {
        "toys/anchors_failed": count_failed(blocks),
        "toys/audit": np.concatenate([np.zeros(0), *(blocks[k]["audit"] for k in keys)]),
        "toys/goodness_of_fit": np.array(job.goodness_of_fit(*best)),
    }


def known(share: ScanFile) -> dict[str, Array]:
    """The datasets of a share beside its blocks."""
    return {k: v for k, v in share.datasets.items() if not k.startswith("blocks/")}


def judged(result: ScanFile, judge: Judge) -> ScanFile:
    """The result, with the reason in its notes if it is refused."""
    try:
        judge(result)
    except FitError as error:
        return replace(result, notes={**result.notes, "refused": str(error)})
    return result


def finished(
    run: Mapping[str, Any],
    inputs: Mapping[str, Array],
    blocks: Mapping[BlockKey, Block],
    assemble: Assemble,
    notes: Mapping[str, Any],
) -> ScanFile:
    """A scan from its blocks."""
    return ScanFile(run, {**inputs, **assemble(run, inputs, blocks)}, notes)


def share_blocks(share: ScanFile, path: Path) -> dict[BlockKey, Block]:
    """The blocks of a share, which are those of its plan.

    Raises:
        DataError: if they are not complete or others, or an earlier version wrote them.
    """
    broken = DataError("its blocks are not those of its share; compute it again", path=path)
    blocks = blocks_of(share.group("blocks"), path, "its blocks are not complete; compute it again")
    try:
        plan = _plan(share)
        wanted = all_blocks(plan, blocks, share.shard)
        whole = set(wanted) == set(blocks) and all(plan.complete(k, blocks[k]) for k in wanted)
    except (LookupError, TypeError, ValueError):
        raise broken from None
    if not whole:
        raise broken
    return blocks


class _NoModels:
    """In place of the models of a scan that is known from its file only."""

    name = ""
    parameters = structure = Parameters([])

    def model(self, structure: Mapping[str, float]) -> Model:
        """There is none.

        Raises:
            LookupError: always.
        """
        raise LookupError(structure)


def _plan(share: ScanFile) -> ToyJob | SharedJob:
    """Which blocks a share has: its job, without models and what only they need.

    Raises:
        LookupError: if the file does not say all of it; `TypeError` or `ValueError` if it is wrong.
    """
    run, datasets = share.run, share.datasets
    without = datasets.get("toys/excluded")
    axes = [
        Axis(Parameter(name, values[0]), values, structural=name in run.get("raster", ()))
        for name, values in zip(run["axes"], run["grid"], strict=True)
    ]
    stages, more, group = run["blocks"]
    job = ToyJob(
        grid=Grid(_NoModels(), tuple(axes)),
        truth=np.empty((2 if run["statistic"] == "upper" else 1, 0, 0)),
        toys=run.get("toys of an anchor", run["toys"]),
        seed=run["seed"],
        q_data=datasets["profile/q"],
        stop=run["stopped early around"],
        sizes=Sizes(tuple(stages), more, group),
        excluded=None if without is None else without.astype(bool),
    )
    if run["statistic"] != "free":
        return job
    stands, own = (datasets[f"toys/{name}"].astype(np.int64) for name in ("stands", "own"))
    how = run["stopped early at"], run["anchors within"]
    return SharedJob(job, run["toys"], stands, own, *how)


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
        raise InputError(f"the share {i}/{n} needs an output file for merging; name one")
