"""Confidence regions from toys at every point of a grid.

Feldman and Cousins (Phys. Rev. D 57 (1998) 3873, physics/9711021) order data at a point by the
likelihood ratio q against the best fit inside the physical region, and take the critical value of
q from its distribution at that point instead of from a chi2. Nuisances have the values that fit
the data best at the point, in the toys too ("profiled"), and their auxiliary measurements are
drawn around those.

Coverage is exact at these values of the nuisances, not at all others. Along a structural axis
(a mass) q is taken against the best fit of the same slice: a raster scan, which at each mass
answers the question about the other parameter alone.

Points where -2 ln L lies more than `EXCLUDED` above its minimum are excluded without toys: their
p-value is below `P_BOUND`, and they have no critical value.

A point is accepted at confidence level cl where p > 1 - cl. The critical value q_c has the same
answer: the m-th smallest q with m = ceil(cl n) and, above it, what counts as a tie in p, so that
the data are accepted where q <= q_c. Without that, data that are as far off as the toys of the
quantile, which with small counts is the rule, were excluded by the last digit of a fit. The error
of q_c is half the distance between the order statistics one binomial standard deviation,
sqrt(n cl (1 - cl)), either side of m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import FitError, InputError
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import (
    EXCLUDED,
    P_BOUND,
    Running,
    ToyScan,
    check_arguments,
    check_profile,
    collect,
    count_failed,
    dataset,
    excluded,
    profile_inputs,
    run_scan,
)
from cevns.inference.toys.toy_job import QUICK, TIE, ToyJob, p_value
from cevns.inference.toys.toy_run import audited, check_audit, check_failed
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.inference.work.scan_store import ScanFile
from cevns.typing import Array

__all__ = [
    "AUDIT",
    "AUDIT_MOST",
    "LEVELS",
    "STOP_SIGMA",
    "FcScan",
    "assemble",
    "critical_value",
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
MAX_FAILURES = 1e-3
"""Largest tolerated fraction of toys with failed fits."""
LEVELS = np.concatenate([np.arange(0.0, 0.9, 0.02), np.arange(0.9, 1.0, 0.005)])
"""Levels of the stored quantiles of q."""


def critical_value(q: Array, cl: float) -> tuple[float, float]:
    """What a fraction `cl` of the toys does not exceed, with a tie above, and its error.

    Returns:
        The value, at most which q has a p-value above ``1 - cl``, and its error.

    Examples:
        >>> value, error = critical_value(np.arange(1000.0), 0.9)
        >>> value, round(error, 1)
        (899.01, 9.0)
    """
    n = q.size
    if not n:
        return math.nan, math.nan
    ordered = np.sort(q)
    m = min(n, math.ceil(cl * n - 1e-9))
    spread = math.sqrt(n * cl * (1.0 - cl))
    high = ordered[min(n, round(m + spread)) - 1]
    low = ordered[max(1, round(m - spread)) - 1]
    return float(ordered[m - 1]) + TIE, float(0.5 * (high - low))


class FcScan(ToyScan):
    """A Feldman-Cousins scan.

    At each point, ``(size,)``: `p_value` and its binomial error `p_error`; the value of q that
    bounds the accepted region, `critical`, and its error from the number of toys,
    `critical_error`; the toys whose fits succeeded, `n_toys`; quantiles of q over the toys at
    `levels`, ``(size, len(levels))``; and whether it is `excluded` without toys, where the p-value
    is a bound and the others are NaN. Of all toys: those with a failed fit, `failed`, those whose
    free fit ended above the one at the point, `outliers`, and the differences of -2 ln L between
    iminuit and ours for the audited ones, `audit`.
    """

    p_value = dataset("toys/p_value")
    p_error = dataset("toys/p_error")
    critical = dataset("toys/critical")
    critical_error = dataset("toys/critical_error")
    n_toys = dataset("toys/n")
    levels = dataset("toys/levels")
    quantiles = dataset("toys/quantiles")
    failed = dataset("toys/failed")
    outliers = dataset("toys/outliers")
    audit = dataset("toys/audit")
    excluded = dataset("toys/excluded")

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which points are in the confidence region, ``(size,)``."""
        accepted: NDArray[np.bool_] = self.q_data <= self.critical
        return accepted

    @property
    def deeper(self) -> int:
        """Audited toys for which iminuit found a deeper minimum elsewhere."""
        return int(np.sum(self.audit < -QUICK.deeper))


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
    max_failures: float = MAX_FAILURES,
    **running: Unpack[Running],
) -> FcScan:
    """Feldman-Cousins p-values and critical values on a grid.

    Args:
        grid: where.
        toys: toys of a point; the most, if `adaptive`.
        seed: master seed, not negative. Block b of point p draws from (seed, p, b).
        cl: confidence level of the critical values.
        data: by default the models' own.
        scan: profile scan of the same grid and data, if there is one already.
        adaptive: points whose p-value differs from ``1 - cl`` by more than `STOP_SIGMA` errors
            after their first block get no more toys, and those far out none at all.
        audit: fraction of the toys that is fitted again with iminuit from a random point of the
            grid; at most `AUDIT_MOST` toys.
        keep_toys: keep the statistic of every toy in the file, not only its quantiles.
        max_failures: largest tolerated fraction of toys with failed fits.
        running: see `cevns.inference.scan.toy_scan.Running`.

    Returns:
        The scan. Bit for bit the same for any number of workers and after any interruption,
        with the same versions and kind of CPU.

    Raises:
        InputError: if an argument is out of range, or `out` belongs to another run.
        DataError: if `out` is truncated.
        FitError: if more fits failed than tolerated, or the audit disagrees.
    """
    check_arguments("Feldman-Cousins", toys, seed, cl, running.get("workers"), least=1)
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"the audited fraction lies between 0 and 1, not {audit:g}")
    scan = profile_scan(grid, data=data) if scan is None else scan
    job, inputs = prepare(scan, toys, seed=seed, cl=cl, adaptive=adaptive, audit=audit)
    own = {
        "degrees": grid.degrees,
        "toys kept": keep_toys,
        "excluded above": EXCLUDED,
        "p-value of the excluded below": P_BOUND,
    }
    judging = partial(judge, max_failures=max_failures)
    return FcScan(run_scan(job, own, inputs, assemble, judging, method="fc", cl=cl, **running))


def judge(file: ScanFile, max_failures: float = MAX_FAILURES) -> None:
    """Raise if a scan is not to be used.

    Raises:
        FitError: if more fits failed than tolerated, the audit disagrees, or what was excluded
            without toys might not be.
    """
    scan = FcScan(file)
    failed = int(scan.failed)
    check_failed(failed, int(scan.n_toys.sum()) + failed, max_failures)
    check_audit(
        scan.deeper,
        scan.audit.size,
        "the likelihood has minima that the grid does not show; make it finer or wider",
    )
    largest = float(np.nanmax(scan.critical, initial=0.0))
    if scan.excluded.any() and largest > EXCLUDED:
        raise FitError(
            f"critical values reach {largest:.1f}, but points were excluded without toys where "
            f"-2 ln L lies more than {EXCLUDED:g} above its minimum; ask for a lower confidence "
            "level"
        )


def prepare(
    scan: ProfileScan, toys: int, *, seed: int, cl: float, adaptive: bool, audit: float
) -> tuple[ToyJob, dict[str, Array]]:
    """The toys of a scan, and what is known without them: its profile, and what needs none."""
    if adaptive:
        out = excluded(scan, cl)
    else:
        check_profile(scan)
        out = np.zeros(scan.grid.size, dtype=bool)
    q_data = np.maximum(scan.rise, 0.0)
    job = ToyJob(
        grid=scan.grid,
        truth=scan.theta[None],
        toys=toys,
        seed=seed,
        q_data=q_data,
        stop=1.0 - cl if adaptive else None,
        stop_sigma=STOP_SIGMA,
        audit=audited(audit, int(np.sum(~out)) * toys, AUDIT_MOST),
        data_digest=scan.grid.data_digest(scan.data),
        excluded=out,
    )
    best = np.array([b.twice_nll for b in scan.best_by_slice])
    known = {"profile/best_twice_nll": best, "toys/excluded": out}
    return job, {**profile_inputs(scan, q_data), **known}


def assemble(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """The datasets of a Feldman-Cousins scan from its toys."""
    q_data = inputs["profile/q"]
    toys = collect(len(q_data), blocks)
    p, p_error = np.array([p_value(q, d) for q, d in zip(toys, q_data, strict=True)]).T
    p[inputs["toys/excluded"]], p_error[inputs["toys/excluded"]] = P_BOUND, 0.0
    critical, critical_error = np.array(
        [critical_value(q, run["confidence level"]) for q in toys]
    ).T
    nothing = np.full(len(LEVELS), np.nan)
    keys = sorted(blocks)
    out = {
        "n": np.array([q.size for q in toys]),
        "p_value": p,
        "p_error": p_error,
        "critical": critical,
        "critical_error": critical_error,
        "levels": LEVELS,
        "quantiles": np.array([np.quantile(q, LEVELS) if q.size else nothing for q in toys]),
        "failed": count_failed(blocks),
        "outliers": np.array(sum(int(blocks[k]["outliers"].sum()) for k in keys)),
        "audit": np.concatenate([np.zeros(0), *(blocks[k]["audit"] for k in keys)]),
    }
    if run["toys kept"]:
        out |= {
            "q": np.concatenate(toys),
            "start": np.concatenate([[0], np.cumsum(out["n"])]),
        }
    return {f"toys/{name}": array for name, array in out.items()}
