"""The profile of a scan: -2 ln L minimised over everything else at each point of its grid."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cevns import files
from cevns.analysis.scanning.scan_plan import ScanPlan
from cevns.analysis.scanning.scan_record import Scan
from cevns.inference.scan.cost import by_toys
from cevns.inference.scan.profile_scan import ProfileScan, levels, profile_scan
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.typing import ENGINE

__all__ = ["profile"]


def profile(
    plan: ScanPlan,
    *,
    out: Path | str | None,
    refine: int = 0,
    progress: Callable[..., None] | None = None,
) -> Scan:
    """A profile scan; see `cevns.analysis.scanning.scan_task.scan`."""
    target = None if out is None else check_target(out)
    with files.claimed(target):
        return _profile(plan, target, refine, progress)


def _profile(
    plan: ScanPlan, target: Path | None, refine: int, progress: Callable[..., None] | None
) -> Scan:
    started = time.perf_counter()
    run = plan.fingerprint("profile") | {"refined": refine}
    if target is not None and target.exists():
        return Scan(read_scan(target, run))
    level, one_parameter = levels(plan.cl, plan.grid.degrees), plan.grid.degrees == 1

    def told(done: int, size: int) -> None:
        if progress is not None:
            progress(done, size, done / max(time.perf_counter() - started, 1e-9))

    if refine:
        from cevns.inference.scan.refine import refined_scan

        found = refined_scan(plan.grid, [level], depth=refine, data=plan.data, progress=told)
    else:
        found = profile_scan(
            plan.grid, data=plan.data, level=level if one_parameter else None, progress=told
        )
    datasets = {
        **found.grid.datasets(),
        "profile/q": found.rise,
        "profile/twice_nll": found.twice_nll,
        "profile/theta": found.theta,
        "profile/unsure": found.unsure,
        "profile/best": found.best.theta,
        "profile/best_twice_nll": np.array([b.twice_nll for b in found.best_by_slice]),
        "profile/best_by_slice": np.stack([b.theta for b in found.best_by_slice]),
    }
    if found.computed is not None:
        datasets["profile/computed"] = found.computed
    if found.best.structure:
        datasets["profile/best_structure"] = np.array(list(found.best.structure.values()))
    if one_parameter:
        n_slices = len(found.best_by_slice)
        sets = found.allowed or [found.allowed_in(k, level) for k in range(n_slices)]
        ends = [(k, *ends) for k, pieces in enumerate(sets) for ends in pieces.intervals]
        rows = np.array(ends).reshape(-1, 3)
        datasets["region/intervals"] = rows[:, 1:]
        if plan.grid.raster:
            datasets["region/slice"] = rows[:, 0].astype(int)
    cost = {} if refine else _by_toys(found, plan)
    notes = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "seconds": round(time.perf_counter() - started, 3),
        "fits": found.effort.fits,
        "engine": ENGINE,
        **cost,
    }
    file = ScanFile(run, datasets, notes)
    if target is not None:
        write_scan(target, file, new=True)
    return Scan(file)


def _by_toys(found: ProfileScan, plan: ScanPlan) -> dict[str, int]:
    """Fits that Feldman-Cousins would take on the same grid; nothing where no toys can be drawn."""
    models = (found.grid.family.model(structure) for structure, _ in found.grid.slices()[:1])
    if not all(c.statistic.can_draw for model in models for c in model.channels):
        return {}
    return {"fits by toys": by_toys(found, plan.cl)}
