"""What a scan with toys costs, before it runs.

A few points of the grid are profiled and some toys of them drawn and fitted, in a second or so;
the rest is arithmetic. How many points lie near the border is not known beforehand, so that there
is a least and a most. So it is with the points that are excluded without toys: at least those of
the few that are not, at most their neighbours too. Where toys are shared the anchors are those of
the few points, of which a finer grid may need more.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc

from cevns.exceptions import InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.scan.anchors import shared_job, toys_of_an_anchor
from cevns.inference.scan.feldman_cousins import STOP_SIGMA, construction
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import EXCLUDED, P_BOUND
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.toys.shared_job import SharedJob
from cevns.inference.toys.toy_job import STAGES, Sizes, ToyJob
from cevns.inference.work.blocks import available_cores, one_blas_thread
from cevns.records import Result
from cevns.typing import Array, BoolArray

__all__ = ["LONG_H", "Cost", "by_toys", "plan"]

LONG_H = 24.0
"""Hours on the cores that are there above which something should be lowered."""
_SAMPLE = 64
"""Toys of each of a few points whose fits are timed."""
_PLANE = 13
"""Points along each axis of a plane that are profiled."""
_WINDOW = 4.0
"""Factor of the p-value by which points that may lie near the border differ from it, by Wilks."""
_FEW = 100
"""Toys that show how many anchors there are."""
_RESULT_COPIES = 3
"""Copies of the toys' statistics that the process which collects them holds at its end."""


@dataclass(frozen=True)
class Cost(Result):
    """The cost of a scan.

    Args:
        points: of the grid.
        points_least: points that need toys at least, by the few that were profiled.
        points_most: points that need them at most.
        anchors: points whose toys are shared; none if each point has toys of its own.
        toys_least: toys of all points if none needs more than its first block.
        toys_most: toys of all points if all that may lie near the border need all.
        fits_most: fits at most.
        per_point: toys of a point that are asked for.
        toy_s: seconds a toy of a point on one core, drawing and fits.
        before_s: seconds of the profile scan on one core, and of the free fits of the anchors.
        worker_bytes: memory of a worker process.
        result_bytes: memory of the results, in the process that collects them.
        cores: cores assumed.
        cl: confidence level.
    """

    points: int
    points_least: int
    points_most: int
    anchors: int
    toys_least: int
    toys_most: int
    fits_most: int
    per_point: int
    toy_s: float
    before_s: float
    worker_bytes: int
    result_bytes: int
    cores: int
    cl: float

    def hours(self, toys: int) -> float:
        """Core-hours with so many toys."""
        return (self.before_s + toys * self.toy_s) / 3600.0

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
        """Hours on the assumed cores; what comes before runs on one."""
        return (self.before_s + self.toys_most * self.toy_s / self.cores) / 3600.0

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
            f"to end within a day, reduce the toys per point from {self.per_point:,} to {fewer:,}",
            f"(the error of p-values at the boundary is then {error:.2g}),",
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
        what = f"{self.points:,} points, up to {self.per_point:,} toys each: {toys} toys"
        if self.anchors:
            what = (
                f"{self.points:,} points share the toys of {self.anchors} of them: {toys} fits "
                "at the points"
            )
        lines = [
            what,
            f"{'about' if self.anchors else 'up to'} {self.fits_most:,} fits in all",
            f"{time_} of one core at {1.0 / self.toy_s:,.0f} toys/s",
            f"up to {_hours(self.wall_hours_most)} on {self.cores} cores",
            f"memory: {memory[0]:.1f} GB a worker, {memory[1]:.2g} GB for the results",
        ]
        if self.points_least < self.points:
            far = self.points - self.points_most, self.points - self.points_least
            lines.insert(
                1,
                f"about {far[0]:,} to {far[1]:,} points are far from the best fit and need no toys",
            )
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
    toys_at: str | None = None,
    scan: ProfileScan | None = None,
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
        toys_at: see `cevns.inference.scan.feldman_cousins.feldman_cousins`.
        scan: profile of the whole grid, if there is one already.

    Raises:
        InputError: if an argument is out of range.
        FitError: if a fit does not converge.
    """
    if toys < 1 or (cores is not None and cores < 1):
        raise InputError(f"a plan needs toys > 0 and cores > 0, not {toys} and {cores}")
    check_level(cl)
    at = construction(grid, toys_at, adaptive=adaptive) if method == "fc" else "every-point"
    share = at == "anchors"
    profile_s = 0.0
    if scan is None:
        axes = tuple(_few(axis, _PLANE if share else 3) for axis in grid.axes)
        started = perf_counter()
        scan = profile_scan(Grid(grid.family, axes), data=data)
        profile_s = (perf_counter() - started) / scan.grid.size * grid.size
    least, most = _wanted(scan, cl, far_out=adaptive and method == "fc")
    sample = ToyJob(
        grid=scan.grid,
        truth=scan.theta[None],
        toys=_SAMPLE,
        seed=0,
        statistic="upper" if method == "cls" else "two-sided",
        sizes=Sizes((_SAMPLE,), _SAMPLE, 8),
        excluded=~least,
    )
    free_s, held_s = _seconds(sample)
    points_least, points_most = (round(w.mean() * grid.size) for w in (least, most))
    anchors = free = 0
    if share:
        job = _shared(scan, least, toys, cl)
        anchors, free = len(job.anchors), job.before.toys * len(job.anchors)
        toys_least, toys_most = _of_points(job, cl, grid.size / scan.grid.size)
    else:
        hypotheses = 2 if method == "cls" else 1
        first = min(toys, STAGES[0]) if adaptive and method == "fc" else toys
        toys_least = points_least * first * hypotheses
        toys_most = points_most * toys * hypotheses
    return Cost(
        points=grid.size,
        points_least=points_least,
        points_most=points_most,
        anchors=anchors,
        toys_least=toys_least,
        toys_most=toys_most,
        fits_most=free + toys_most if share else 2 * toys_most,
        per_point=toys,
        toy_s=held_s if share else free_s + held_s,
        before_s=profile_s + free * free_s,
        worker_bytes=_memory(),
        result_bytes=_RESULT_COPIES * 8 * toys_most,
        cores=cores or available_cores(),
        cl=cl,
    )


def by_toys(scan: ProfileScan, cl: float, toys: int = 1000) -> int:
    """Fits, about, that Feldman-Cousins would take where there is a profile, without measuring.

    Args:
        scan: the profile.
        cl: confidence level.
        toys: toys of a point.
    """
    wanted = _wanted(scan, cl, far_out=True)[0]
    if construction(scan.grid, None) == "anchors":
        few = _shared(scan, wanted, _FEW, cl)  # the anchors are as many as with more toys
        least, most = _of_points(few, cl, toys / _FEW)
        anchors = len(few.anchors)
        return round(0.5 * (least + most)) + anchors * toys_of_an_anchor(anchors, toys)
    near = wanted & _near(scan.rise, scan.grid.degrees, cl)
    return 2 * int(near.sum() * toys + (wanted & ~near).sum() * min(toys, STAGES[1]))


def _shared(scan: ProfileScan, wanted: BoolArray, toys: int, cl: float) -> SharedJob:
    """The shared toys of a plane."""
    return shared_job(
        scan, wanted, toys, seed=0, stop=1.0 - cl, stop_sigma=STOP_SIGMA, audit=lambda _: 0
    )


def _near(q: Array, degrees: int, cl: float) -> BoolArray:
    """Points that may lie near the border, by Wilks."""
    beyond = chdtrc(degrees, q)
    near: BoolArray = (beyond > (1.0 - cl) / _WINDOW) & (beyond < _WINDOW * (1.0 - cl))
    return near


def _of_points(job: SharedJob, cl: float, times: float) -> tuple[int, int]:
    """Shared toys of all points, so many times as many: at least, and at most."""
    points = list(job.members)
    assert job.before.q_data is not None
    near = _near(job.before.q_data[points], job.grid.degrees, cl)
    least = round(len(points) * times * job.wanted(0))
    return least, least + round(near.sum() * times * job.wanted(1))


def _seconds(job: ToyJob) -> tuple[float, float]:
    """Seconds of the free fit of a toy, and of the other one, once all is set up."""
    with one_blas_thread():
        run, keys = BlockFits(job).block, job.first()
        key = keys[len(keys) // 2]
        run(key)  # sets up
        took = run(key)[1]
        return took.fit / job.size(key), took.held / job.size(key)


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


def _few(axis: Axis, most: int) -> Axis:
    """The ends of an axis and points between."""
    chosen = np.unique(np.linspace(0, len(axis) - 1, most).astype(np.int64))
    return replace(axis, values=axis.values[chosen])


def _memory() -> int:
    """The largest memory of this process so far, in bytes: a worker holds the same things."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)
