"""What a scan with toys costs, before it runs.

A few points of the grid are profiled and some toys of them drawn and fitted, in a second or so;
the rest is arithmetic. With `adaptive` toys the number of points near the boundary is not known
beforehand, so that there is a least and a most. So it is with the points that are excluded without
toys: at least those of the few that are not, at most their neighbours too.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import EXCLUDED, P_BOUND
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.toys.toy_job import FIRST, ToyJob
from cevns.inference.work.blocks import available_cores, one_blas_thread
from cevns.typing import BoolArray

__all__ = ["LONG_H", "Cost", "plan"]

LONG_H = 24.0
"""Hours on the cores that are there above which something should be lowered."""
_RESULT_COPIES = 3
"""Copies of the toys' statistics that the process which collects them holds at its end."""


@dataclass(frozen=True)
class Cost:
    """The cost of a scan.

    Args:
        points: of the grid.
        points_least: points that need toys at least, by the few that were profiled.
        points_most: points that need them at most.
        toys_least: toys if no point needs more than its first block.
        toys_most: toys if all points need all.
        fits_most: their fits.
        per_point: toys of a point at most.
        toy_s: seconds a toy on one core, drawing and fits.
        profile_s: seconds of the profile scan on one core.
        worker_bytes: memory of a worker process.
        result_bytes: memory of the results, in the process that collects them.
        cores: cores assumed.
        cl: confidence level.
    """

    points: int
    points_least: int
    points_most: int
    toys_least: int
    toys_most: int
    fits_most: int
    per_point: int
    toy_s: float
    profile_s: float
    worker_bytes: int
    result_bytes: int
    cores: int
    cl: float

    def hours(self, toys: int) -> float:
        """Core-hours with so many toys."""
        return (self.profile_s + toys * self.toy_s) / 3600.0

    @property
    def core_hours_least(self) -> float:
        """Core-hours with the least number of toys."""
        return self.hours(self.toys_least)

    @property
    def core_hours_most(self) -> float:
        """Core-hours with the largest number of toys."""
        return self.hours(self.toys_most)

    @property
    def wall_hours_most(self) -> float:
        """Hours on the assumed cores; the profile scan runs on one."""
        return (self.profile_s + self.toys_most * self.toy_s / self.cores) / 3600.0

    @property
    def advice(self) -> list[str]:
        """What to lower, in sentences; empty where the scan ends within a day."""
        if self.wall_hours_most <= LONG_H:
            return []
        share = LONG_H / self.wall_hours_most
        fewer = max(1, int(self.per_point * share))
        error = math.sqrt(self.cl * (1.0 - self.cl) / fewer)
        coarser = max(2, int(self.points * share))
        return [
            f"on {self.cores} cores this takes up to {_hours(self.wall_hours_most)}",
            f"to end within a day, lower the toys of a point from {self.per_point:,} to {fewer:,}",
            f"(p-values at the boundary are then known to {error:.2g}),",
            f"or the points of the grid from {self.points:,} to {coarser:,},",
            f"or use {math.ceil(self.cores / share):,} cores: --scheduler, or --shard i/n",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self),
            "core_hours_least": self.core_hours_least,
            "core_hours_most": self.core_hours_most,
            "wall_hours_most": self.wall_hours_most,
            "advice": self.advice,
        }

    def __str__(self) -> str:
        """The cost as text."""
        toys = f"{self.toys_most:,}"
        time_ = _hours(self.core_hours_most)
        if self.toys_least < self.toys_most:
            toys = f"{self.toys_least:,} to {toys}"
            time_ = f"{_hours(self.core_hours_least)} to {time_}"
        memory = self.worker_bytes / 1e9, self.result_bytes / 1e9
        lines = [
            f"{self.points:,} points, up to {self.per_point:,} toys each: {toys} toys",
            f"up to {self.fits_most:,} fits",
            f"{time_} of one core at {1.0 / self.toy_s:,.0f} toys/s",
            f"up to {_hours(self.wall_hours_most)} on {self.cores} cores",
            f"memory: {memory[0]:.1f} GB a worker, {memory[1]:.2g} GB for the results",
        ]
        if self.points_least < self.points:
            far = self.points - self.points_most, self.points - self.points_least
            lines.insert(1, f"about {far[0]:,} to {far[1]:,} points are far out and need no toys")
        return "\n".join([*lines, *self.advice])


def _hours(hours: float) -> str:
    if hours < 1.0 / 60.0:
        return f"{3600 * hours:.0f} s"
    if hours < 1.0:
        return f"{60 * hours:.0f} min"
    if hours < 1000.0:
        return f"{hours:.1f} h"
    return f"{hours / 24:,.0f} days"


def plan(
    grid: Grid,
    toys: int,
    *,
    method: Literal["fc", "cls"] = "fc",
    cl: float = 0.9,
    adaptive: bool = True,
    data: Data | None = None,
    cores: int | None = None,
) -> Cost:
    """The cost of a scan with toys, from a short measurement.

    Args:
        grid: where.
        toys: toys of a point (``fc``), or of a point and hypothesis (``cls``).
        method: ``fc`` or ``cls``.
        cl: confidence level.
        adaptive: whether clear points stop early (``fc``).
        data: by default the models' own.
        cores: cores to run on; those of this machine by default.

    Raises:
        InputError: if an argument is out of range.
        FitError: if a fit does not converge.
    """
    if toys < 1 or (cores is not None and cores < 1):
        raise InputError(f"a plan needs toys > 0 and cores > 0, not {toys} and {cores}")
    check_level(cl)
    hypotheses = 2 if method == "cls" else 1
    coarse = Grid(grid.family, tuple(_few(axis) for axis in grid.axes))
    started = perf_counter()
    scan = profile_scan(coarse, data=data)
    profile_s = (perf_counter() - started) / coarse.size * grid.size
    least, most = _wanted(scan, cl, far_out=adaptive and method == "fc")
    sample = ToyJob(
        grid=coarse,
        truth=scan.theta[None],
        toys=FIRST,
        seed=0,
        statistic="upper" if method == "cls" else "two-sided",
        excluded=~least,
    )
    points_least, points_most = (round(w.mean() * grid.size) for w in (least, most))
    toys_most = points_most * toys * hypotheses
    with one_blas_thread():
        run = BlockFits(sample).block
        key = sample.first()[0]
        run(key)  # sets up
        started = perf_counter()
        run(key)
        toy_s = (perf_counter() - started) / sample.size(key)
    first = min(toys, FIRST) if adaptive and method == "fc" else toys
    return Cost(
        points=grid.size,
        points_least=points_least,
        points_most=points_most,
        toys_least=points_least * first * hypotheses,
        toys_most=toys_most,
        fits_most=2 * toys_most,
        per_point=toys,
        toy_s=toy_s,
        profile_s=profile_s,
        worker_bytes=_memory(),
        result_bytes=_RESULT_COPIES * 8 * toys_most,
        cores=cores or available_cores(),
        cl=cl,
    )


def _wanted(scan: ProfileScan, cl: float, *, far_out: bool) -> tuple[BoolArray, BoolArray]:
    """Of the few points those that need toys, and the same with their neighbours.

    Args:
        scan: of the few points.
        cl: confidence level.
        far_out: whether points far out need none.
    """
    if not far_out or 1.0 - cl <= P_BOUND:
        least = np.isfinite(scan.twice_nll)
    else:
        least = scan.rise <= EXCLUDED
    least[np.argmin(scan.twice_nll)] = True
    return least, scan.grid.with_neighbours(least)


def _few(axis: Axis) -> Axis:
    """The ends and the middle of an axis."""
    chosen = np.unique([0, len(axis) // 2, len(axis) - 1])
    return replace(axis, values=axis.values[chosen])


def _memory() -> int:
    """The largest memory of this process so far, in bytes: a worker holds the same things."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)
