"""The methods of a scan: each carries a plan out and makes the record."""

from __future__ import annotations

import platform
import time
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from cevns.analysis.scanning.scan_record import Scan
from cevns.inference.scan.profile_scan import ProfileScan, levels, profile_scan
from cevns.inference.toys.toy_run import Progress
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.records import VERSION
from cevns.typing import ENGINE, Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan

__all__ = ["by_toys", "polished_intervals", "profile", "profile_datasets"]


def profile(plan: ScanPlan, *, out: Path | str | None, refine: int = 0) -> Scan:
    """A profile scan; see `cevns.analysis.scanning.scan_task.scan`."""
    started = time.perf_counter()
    run = {
        "method": "profile",
        **plan.label(),
        "confidence level": plan.cl,
        "grid": [[float(v) for v in a.values] for a in plan.grid.axes],
        "parameters": list(plan.family.parameters.names),
        "degrees": plan.grid.degrees,
        "refined": refine,
        "model digest": plan.grid.digest(),
        "data digest": plan.grid.data_digest(plan.data),
        "version": VERSION,
    }
    target = None if out is None else check_target(out)
    if target is not None and target.exists():
        return Scan(read_scan(target, run))
    if refine:
        from cevns.inference.scan.refine import refined_scan

        level = levels(plan.cl, plan.grid.degrees)
        found = refined_scan(plan.grid, [level], depth=refine, data=plan.data)
    else:
        found = profile_scan(plan.grid, data=plan.data)
    datasets = {**found.grid.datasets(), **profile_datasets(found)}
    if len(plan.grid.axes) == 1:
        datasets["region/intervals"] = polished_intervals(plan, found)
    notes = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "seconds": round(time.perf_counter() - started, 3),
        "fits": found.effort.fits,
        "engine": ENGINE,
    }
    file = ScanFile(run, datasets, notes)
    if target is not None:
        write_scan(target, file)
    return Scan(file)


def profile_datasets(found: ProfileScan) -> dict[str, Array]:
    """What a profile scan leaves in a file."""
    out = {
        "profile/q": found.rise,
        "profile/twice_nll": found.twice_nll,
        "profile/theta": found.theta,
        "profile/best": found.best.theta,
        "profile/best_twice_nll": np.array([b.twice_nll for b in found.best_by_slice]),
        "profile/best_by_slice": np.stack([b.theta for b in found.best_by_slice]),
    }
    if found.computed is not None:
        out["profile/computed"] = found.computed
    if found.best.structure:
        out["profile/best_structure"] = np.array(list(found.best.structure.values()))
    return out


def polished_intervals(plan: ScanPlan, found: ProfileScan) -> Array:
    """Pieces of the confidence set, ``(n, 2)``, their ends found by further fits."""
    from cevns.inference.scan.regions import confidence_set

    (axis,) = found.grid.axes
    position = plan.family.parameters.position(axis.name)
    minima = tuple(float(v) for v in found.best.minima[:, position])
    found_set = confidence_set(
        axis.values, found.rise, levels(plan.cl, 1), rise=found.rise_at, extra=minima
    )
    return np.array(found_set.intervals).reshape(-1, 2)


def by_toys(
    plan: ScanPlan,
    method: Literal["fc", "cls"],
    *,
    toys: int,
    seed: int,
    out: Path | str | None,
    workers: int | None,
    executor: Executor | None,
    shard: tuple[int, int] | None,
    progress: Progress | None,
) -> Scan | None:
    """Feldman-Cousins or CLs; None for a share of a scan, which is in its file."""
    from cevns.inference.scan.cls import cls_scan
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    scan = feldman_cousins if method == "fc" else cls_scan
    found = scan(
        plan.grid,
        toys=toys,
        seed=seed,
        cl=plan.cl,
        data=plan.data,
        label=plan.label(),
        out=out,
        workers=workers,
        executor=executor,
        shard=shard,
        progress=progress,
    )
    return None if shard is not None else Scan(found.file)
