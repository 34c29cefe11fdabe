"""Confidence regions from toys at every point of a grid.

Feldman and Cousins (Phys. Rev. D 57 (1998) 3873, physics/9711021) order data at a point by the
likelihood ratio q against the best fit inside the physical region, and take the critical value of
q from its distribution at that point instead of from a chi2. Nuisances have the values that fit
the data best at the point, in the toys too ("profiled"), and their auxiliary measurements are
drawn around those.

Coverage is exact at these values of the nuisances, not at all others. Along a structural axis
(a mass) q is taken against the best fit of the same slice: a raster scan, which at each mass
answers the question about the other parameter alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import ToyScan, assemble
from cevns.inference.toys.point_run import (
    Progress,
    axis_datasets,
    check_failed,
    data_digest,
    run_points,
)
from cevns.inference.toys.point_toys import PointToys
from cevns.typing import Array

__all__ = [
    "AUDIT",
    "AUDIT_MOST",
    "STOP_SIGMA",
    "check_profile",
    "feldman_cousins",
    "judge",
    "prepare",
]

STOP_SIGMA = 4.0
"""Distance of a p-value from the boundary, in binomial errors, at which a point needs no more
toys: the chance that a point on the boundary is stopped is 6e-5, and it is a point whose answer
is then decided by its first toys."""
AUDIT = 1e-3
"""Fraction of the toys that is fitted again with iminuit."""
AUDIT_MOST = 50
"""Toys that are audited at most in a scan."""


def feldman_cousins(
    grid: Grid,
    toys: int,
    *,
    seed: int,
    cl: float = 0.9,
    data: Data | None = None,
    scan: ProfileScan | None = None,
    adaptive: bool = True,
    audit: float = AUDIT,
    keep_toys: bool = False,
    label: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
    max_failures: float = 1e-3,
) -> ToyScan:
    """Feldman-Cousins p-values and critical values on a grid.

    Args:
        grid: where.
        toys: toys of a point; the most, if `adaptive`.
        seed: master seed, not negative. Block b of point p draws from (seed, p, b).
        cl: confidence level of the critical values.
        data: by default the models' own.
        scan: profile scan of the same grid and data, if there is one already.
        adaptive: points whose p-value differs from ``1 - cl`` by more than `STOP_SIGMA` errors
            after their first block get no more toys.
        audit: fraction of the toys that is fitted again with iminuit from a random point of the
            grid; at most `AUDIT_MOST` toys.
        keep_toys: keep the statistic of every toy in the file, not only its quantiles.
        label: plain values that are part of the scan's identity, like the experiment's name.
        out: HDF5 file for the scan; the same call resumes an interrupted one from it.
        workers: processes; by default one a core where that pays. One means in this process.
        executor: any `concurrent.futures.Executor` in place of the process pool.
        shard: compute only share i of n, into `out`; see `cevns.inference.scan.merge.merge`. The
            other points have no toys in the result.
        progress: told toys done, toys wanted as far as known, and toys a second.
        max_failures: largest tolerated fraction of toys with failed fits.

    Returns:
        The scan. Bit for bit the same for any number of workers and after any interruption,
        with the same versions and kind of CPU.

    Raises:
        InputError: if an argument is out of range, or `out` belongs to another run.
        DataError: if `out` is truncated.
        FitError: if more fits failed than tolerated, or the audit disagrees.
    """
    if toys < 1 or seed < 0:
        raise InputError(f"Feldman-Cousins: toys={toys}, seed={seed}; use toys > 0 and seed >= 0")
    if workers is not None and workers < 1:
        raise InputError(f"Feldman-Cousins: workers={workers}; use at least one")
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"the audited fraction lies between 0 and 1, not {audit:g}")
    check_level(cl)
    plan, inputs = prepare(
        grid,
        toys,
        seed=seed,
        cl=cl,
        data=data,
        scan=scan,
        adaptive=adaptive,
        audit=audit,
    )
    run = {
        "method": "fc",
        **(label or {}),
        "confidence level": cl,
        **plan.fingerprint(),
        "parameters": list(grid.family.parameters.names),
        "degrees": grid.degrees,
        "toys kept": keep_toys,
    }
    file = run_points(
        plan,
        run,
        inputs,
        assemble,
        out=out,
        workers=workers,
        executor=executor,
        shard=shard,
        progress=progress,
    )
    result = ToyScan.of(file)
    judge(result, max_failures)
    return result


def prepare(
    grid: Grid,
    toys: int,
    *,
    seed: int,
    cl: float,
    data: Data | None,
    scan: ProfileScan | None,
    adaptive: bool,
    audit: float,
) -> tuple[PointToys, dict[str, Array]]:
    """The toys of a scan, and what is known without them."""
    every = grid.size * toys
    scan = profile_scan(grid, data=data) if scan is None else scan
    check_profile(scan)
    q_data = np.maximum(scan.rise, 0.0)
    plan = PointToys(
        grid=grid,
        theta=scan.theta,
        truth=scan.theta[None],
        q_data=q_data,
        statistic="two-sided",
        null=0.0,
        toys=toys,
        seed=seed,
        stop=1.0 - cl if adaptive else None,
        stop_sigma=STOP_SIGMA,
        audit=max(1, min(round(audit * every), AUDIT_MOST)) if audit > 0 else 0,
        data_digest=data_digest(grid, data),
    )
    inputs = {
        **axis_datasets(grid),
        "profile/q": q_data,
        "profile/theta": scan.theta,
        "profile/best": np.array([b.theta for b in scan.best_by_slice]),
        "profile/best_twice_nll": np.array([b.twice_nll for b in scan.best_by_slice]),
    }
    return plan, inputs


def check_profile(scan: ProfileScan) -> None:
    """Raise if toys could not be drawn at each point.

    Raises:
        FitError: if a point has no converged fit.
    """
    if scan.effort.failed:
        i = int(np.argmax(scan.status == FAILED))
        at = dict(zip((a.name for a in scan.grid.axes), scan.grid.points[i].tolist(), strict=True))
        raise FitError(
            f"the fit fails at {scan.effort.failed} points of the grid, for example at {at}: there "
            "is nothing to draw toys from; choose another range"
        )


def judge(result: ToyScan, max_failures: float) -> None:
    """Raise if the toys cannot be trusted.

    Raises:
        FitError: if more fits failed than tolerated, or the audit finds deeper minima.
    """
    total = int(result.n_toys.sum()) + result.failed
    check_failed(result.failed, total, max_failures)
    if result.deeper > max(1.0, 0.02 * result.audit.size):
        raise FitError(
            f"iminuit found a deeper minimum for {result.deeper} of {result.audit.size} audited "
            "toys: the likelihood has minima that the grid does not show; make it finer or wider"
        )
