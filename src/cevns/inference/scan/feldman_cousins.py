"""Confidence regions from toys at every point of a grid.

Feldman and Cousins (Phys. Rev. D 57 (1998) 3873, physics/9711021) order data at a point by the
likelihood ratio q against the best fit inside the physical region, and take the critical value of
q from its distribution at that point instead of from a chi2. Nuisances have the values that fit
the data best at the point, in the toys too ("profiled"), and their auxiliary measurements are
drawn around those.

Coverage is exact at these values of the nuisances, not at all others. Along a structural axis
(a mass) q is taken against the best fit of the same slice: a raster scan, which at each mass
answers the question about the other parameter alone.

A point is accepted at confidence level cl where p > 1 - cl. The critical value q_c is the sample
quantile with the same answer: the m-th smallest q with m = ceil(cl n), so that the data are
accepted where q <= q_c. Its error is half the distance between the order statistics one binomial
standard deviation, sqrt(n cl (1 - cl)), either side of m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import InputError
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import (
    ToyScan,
    check_arguments,
    check_profile,
    collect,
    count_failed,
    p_value,
    profile_inputs,
    run_scan,
)
from cevns.inference.toys.toy_job import QUICK, ToyJob
from cevns.inference.toys.toy_run import Progress, check_audit, check_failed
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.inference.work.scan_store import ScanFile
from cevns.typing import Array, IntArray

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
LEVELS = np.concatenate([np.arange(0.0, 0.9, 0.02), np.arange(0.9, 1.0, 0.005)])
"""Levels of the stored quantiles of q."""


def critical_value(q: Array, cl: float) -> tuple[float, float]:
    """The value of q that a fraction `cl` of the toys does not exceed, and its error.

    Examples:
        >>> value, error = critical_value(np.arange(1000.0), 0.9)
        >>> value, round(error, 1)
        (899.0, 9.0)
    """
    n = q.size
    if not n:
        return math.nan, math.nan
    ordered = np.sort(q)
    m = min(n, math.ceil(cl * n - 1e-9))
    spread = math.sqrt(n * cl * (1.0 - cl))
    high = ordered[min(n, round(m + spread)) - 1]
    low = ordered[max(1, round(m - spread)) - 1]
    return float(ordered[m - 1]), float(0.5 * (high - low))


@dataclass(frozen=True, eq=False)
class FcScan(ToyScan):
    """A Feldman-Cousins scan; what it shares with others is in `ToyScan`.

    Args:
        p_value: share of toys at least as far off.
        p_error: its binomial error.
        critical: value of q that bounds the accepted region at `cl`.
        critical_error: its error from the number of toys.
        n_toys: toys of each point whose fits succeeded.
        theta: where the toys were drawn, ``(size, n_par)``.
        best_twice_nll: -2 ln L there, ``(n_slices,)``.
        quantiles: of q over the toys at `levels`, ``(size, len(levels))``.
        levels: the levels.
        degrees: of freedom of q by Wilks' theorem.
        policy: where the nuisances of the toys are.
        outliers: toys whose free fit ended above the one at the point, in all.
        audit: differences of -2 ln L between iminuit and ours for the audited toys.
    """

    p_value: Array = field(repr=False)
    p_error: Array = field(repr=False)
    critical: Array = field(repr=False)
    critical_error: Array = field(repr=False)
    n_toys: IntArray = field(repr=False)
    theta: Array = field(repr=False)
    best_twice_nll: Array = field(repr=False)
    quantiles: Array = field(repr=False)
    levels: Array = field(repr=False)
    degrees: int
    policy: str
    outliers: int
    audit: Array = field(repr=False)

    @classmethod
    def of(cls, file: ScanFile) -> FcScan:
        """The scan that a file holds."""
        toys = file.group("toys")
        same = ("p_value", "p_error", "critical", "critical_error", "quantiles", "levels", "audit")
        return cls(
            **{**cls.common(file, "toys"), **{name: toys[name] for name in same}},
            theta=file.datasets["profile/theta"],
            best_twice_nll=file.datasets["profile/best_twice_nll"],
            n_toys=np.asarray(toys["n"], dtype=np.int64),
            outliers=int(toys["outliers"]),
            degrees=file.run["degrees"],
            policy=file.run["nuisances of the toys"],
        )

    @property
    def best_fit(self) -> Array:
        """The best fit of all slices, ``(n_par,)``."""
        best: Array = self.best[int(np.argmin(self.best_twice_nll))]
        return best

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which points are in the confidence region, ``(size,)``."""
        return self.p_value > 1.0 - self.cl

    @property
    def wilks_critical(self) -> float:
        """The critical value if q were distributed as chi2."""
        from scipy.stats import chi2

        return float(chi2.ppf(self.cl, self.degrees))

    @property
    def wilks_p_value(self) -> Array:
        """The p-values if it were."""
        from scipy.stats import chi2

        return np.asarray(chi2.sf(self.q_data, self.degrees))

    @property
    def wilks_accepted(self) -> NDArray[np.bool_]:
        """Which points would be in the confidence region."""
        return self.q_data <= self.wilks_critical

    @property
    def deeper(self) -> int:
        """Audited toys for which iminuit found a deeper minimum elsewhere."""
        return int(np.sum(self.audit < -QUICK.deeper))

    def to_dict(self) -> dict[str, Any]:
        """A summary as plain values."""
        return {
            **self.summary(),
            "best": dict(zip(self.parameters, self.best_fit.tolist(), strict=True)),
            "nuisances_of_the_toys": self.policy,
            "toys": int(self.n_toys.sum()),
            "accepted_points": int(self.accepted.sum()),
            "accepted_points_wilks": int(self.wilks_accepted.sum()),
            "critical_value_wilks": self.wilks_critical,
            "critical_value_range": [float(self.critical.min()), float(self.critical.max())],
            "failed": self.failed,
            "outliers": self.outliers,
            "audited": int(self.audit.size),
            "audited_deeper": self.deeper,
        }


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
    check_arguments("Feldman-Cousins", toys, seed, cl, workers, least=1)
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"the audited fraction lies between 0 and 1, not {audit:g}")
    job, inputs = prepare(
        grid,
        toys,
        seed=seed,
        cl=cl,
        data=data,
        scan=scan,
        adaptive=adaptive,
        audit=audit,
    )
    file = run_scan(
        job,
        {"degrees": grid.degrees, "toys kept": keep_toys},
        inputs,
        assemble,
        method="fc",
        cl=cl,
        label=label,
        out=out,
        workers=workers,
        executor=executor,
        shard=shard,
        progress=progress,
    )
    result = FcScan.of(file)
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
) -> tuple[ToyJob, dict[str, Array]]:
    """The toys of a scan, and what is known without them."""
    every = grid.size * toys
    scan = profile_scan(grid, data=data) if scan is None else scan
    check_profile(scan)
    q_data = np.maximum(scan.rise, 0.0)
    job = ToyJob(
        grid=grid,
        truth=scan.theta[None],
        toys=toys,
        seed=seed,
        q_data=q_data,
        stop=1.0 - cl if adaptive else None,
        stop_sigma=STOP_SIGMA,
        audit=max(1, min(round(audit * every), AUDIT_MOST)) if audit > 0 else 0,
        data_digest=grid.data_digest(data),
    )
    best = np.array([b.twice_nll for b in scan.best_by_slice])
    return job, {**profile_inputs(scan, q_data), "profile/best_twice_nll": best}


def judge(result: FcScan, max_failures: float) -> None:
    """Raise if the toys cannot be trusted.

    Raises:
        FitError: if more fits failed than tolerated, or the audit finds deeper minima.
    """
    total = int(result.n_toys.sum()) + result.failed
    check_failed(result.failed, total, max_failures)
    check_audit(
        result.deeper,
        result.audit.size,
        "the likelihood has minima that the grid does not show; make it finer or wider",
    )


def assemble(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """The datasets of a Feldman-Cousins scan from its toys."""
    q_data = inputs["profile/q"]
    toys = collect(len(q_data), blocks)
    p, p_error = np.array([p_value(q, d) for q, d in zip(toys, q_data, strict=True)]).T
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
