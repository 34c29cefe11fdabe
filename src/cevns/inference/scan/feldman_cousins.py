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
answer: the smallest q up to which a share cl of the toys lies and, above it, what counts as a tie
in p, so that the data are accepted where q <= q_c. Without that, data that are as far off as the
toys of the quantile, which with small counts is the rule, were excluded by the last digit of a fit.
The error of q_c is half the distance between the quantiles one standard deviation of the share
either side of cl.

In a plane the toys are those of a few anchors, which all points share by weights
(`cevns.inference.toys.mixture`): a tenth of the fits. Each toy then counts at many points, so that
the errors of neighbouring points are correlated, and a border moves as one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, Unpack, get_args

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import FitError, InputError, UnknownNameError
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Grid
from cevns.inference.scan.anchors import shared_job
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
from cevns.inference.toys.shared_job import SharedJob, weighted
from cevns.inference.toys.toy_job import QUICK, Sizes, ToyJob
from cevns.inference.toys.toy_run import audited, check_audit, check_failed
from cevns.inference.toys.weighted_toys import WeightedToys
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.inference.work.scan_store import ScanFile
from cevns.typing import Array

__all__ = [
    "AUDIT",
    "AUDIT_MOST",
    "LEVELS",
    "SHARED_FROM",
    "STOP_SIGMA",
    "TOYS_AT",
    "FcScan",
    "ToysAt",
    "assemble",
    "construction",
    "feldman_cousins",
    "judge",
    "prepare",
]

ToysAt = Literal["anchors", "every-point"]
TOYS_AT: tuple[ToysAt, ...] = get_args(ToysAt)
STOP_SIGMA = 4.0
"""Distance of a p-value from the border, in its errors, at which shared toys are enough."""
SHARED_FROM = 100
"""Points of a plane above which toys are shared: for fewer, and along a line, nothing is gained."""
AUDIT = 1e-3
"""Fraction of the toys that is fitted again with iminuit."""
AUDIT_MOST = 50
"""Toys that are audited at most in a scan."""
MAX_FAILURES = 1e-3
"""Largest tolerated fraction of toys with failed fits."""
LEVELS = np.concatenate([np.arange(0.0, 0.9, 0.02), np.arange(0.9, 1.0, 0.005)])
"""Levels of the stored quantiles of q."""


class FcScan(ToyScan):
    """A Feldman-Cousins scan.

    At each point, ``(size,)``: `p_value` and its error `p_error`; the value of q that bounds the
    accepted region, `critical`, and its error from the number of toys, `critical_error`; the toys
    whose fits succeeded, `n_toys`, and how many drawn at the point itself would know the border as
    well, `equivalent`; quantiles of q over the toys at `levels`, ``(size, len(levels))``; and
    whether it is `excluded` without toys, where the p-value is a bound and the others are NaN. Of
    all toys: those with a failed fit, `failed`, those whose free fit ended above the one at the
    point, `outliers`, and the differences of -2 ln L between iminuit and ours for the audited ones,
    `audit`.
    """

    p_value = dataset("toys/p_value")
    p_error = dataset("toys/p_error")
    critical = dataset("toys/critical")
    critical_error = dataset("toys/critical_error")
    n_toys = dataset("toys/n")
    equivalent = dataset("toys/equivalent")
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
    toys_at: str | None = None,
    adaptive: bool = True,
    audit: float = AUDIT,
    keep_toys: bool = False,
    max_failures: float = MAX_FAILURES,
    **running: Unpack[Running],
) -> FcScan:
    """Feldman-Cousins p-values and critical values on a grid.

    Args:
        grid: where.
        toys: toys of a point; the most, if `adaptive`. Shared toys know the border as well as that.
        seed: master seed, not negative. Block b of point p draws from (seed, p, b).
        cl: confidence level of the critical values.
        data: by default the models' own.
        scan: profile scan of the same grid and data, if there is one already.
        toys_at: ``anchors``, whose toys all points of a plane share, or ``every-point``; by default
            the former for planes of more than `SHARED_FROM` points.
        adaptive: with toys at every point, those that a binomial test tells from the border have
            no more of them, and those far out none at all.
        audit: fraction of the toys that is fitted again with iminuit from a random point of the
            grid; at most `AUDIT_MOST` toys. Of shared toys, where each fit serves all points,
            it is that number unless the fraction is zero.
        keep_toys: keep the statistic of every toy in the file, not only its quantiles.
        max_failures: largest tolerated fraction of toys with failed fits.
        running: see `cevns.inference.scan.toy_scan.Running`.

    Returns:
        The scan. Bit for bit the same for any number of workers and after any interruption,
        with the same versions and kind of CPU.

    Raises:
        InputError: if an argument is out of range, toys cannot be shared on this grid, or `out`
            belongs to another run.
        DataError: if `out` is truncated.
        FitError: if more fits failed than tolerated, or the audit disagrees.
    """
    check_arguments("Feldman-Cousins", toys, seed, cl, running.get("workers"), least=1)
    if not 0.0 <= audit <= 1.0:
        raise InputError(f"the audited fraction lies between 0 and 1, not {audit:g}")
    chosen = construction(grid, toys_at, adaptive=adaptive)
    scan = profile_scan(grid, data=data) if scan is None else scan
    job, inputs = prepare(scan, toys, seed=seed, cl=cl, at=chosen, adaptive=adaptive, audit=audit)
    own = {
        "degrees": grid.degrees,
        "toys at": chosen,
        "toys kept": keep_toys,
        "excluded above": EXCLUDED,
        "p-value of the excluded below": P_BOUND,
    }
    judging = partial(judge, max_failures=max_failures)
    return FcScan(run_scan(job, own, inputs, assemble, judging, method="fc", cl=cl, **running))


def construction(grid: Grid, toys_at: str | None, *, adaptive: bool = True) -> ToysAt:
    """Where the toys of a grid are drawn: as asked, else where that is cheapest.

    Raises:
        InputError: if there is no such place, or toys cannot be shared on the grid.
    """
    if toys_at is None:
        plane = grid.degrees == 2 and grid.size > SHARED_FROM and adaptive
        return "anchors" if plane else "every-point"
    places: dict[str, ToysAt] = {place: place for place in TOYS_AT}
    at = places.get(toys_at.strip().casefold())
    if at is None:
        raise UnknownNameError("place of toys", toys_at, TOYS_AT)
    if at == "anchors" and (grid.raster or not adaptive):
        raise InputError(
            "toys cannot be shared "
            + (
                f"between values of {grid.raster[0]}, each of which has a separate free fit"
                if grid.raster
                else "where all points are to have all toys"
            )
            + "; draw them at every-point"
        )
    return at


def judge(file: ScanFile, max_failures: float = MAX_FAILURES) -> None:
    """Raise if a scan is not to be used.

    Raises:
        FitError: if more fits failed than tolerated, the audit disagrees, or what was excluded
            without toys might not be.
    """
    scan = FcScan(file)
    failed, tried = (int(file.datasets[f"toys/{name}"]) for name in ("failed", "tried"))
    if "toys/anchors_failed" in file.datasets:  # each of these is missing at all points
        of_anchors = int(file.datasets["toys/anchors_failed"])
        check_failed(of_anchors, _drawn_at_anchors(file.run), max_failures)
        failed -= of_anchors
    check_failed(failed, tried, max_failures)
    check_audit(
        scan.deeper,
        scan.audit.size,
        "the likelihood has minima that the grid does not show; make it finer or wider",
    )
    largest = float(np.nanmax(scan.critical, initial=0.0))
    if scan.excluded.any() and largest > EXCLUDED:
        raise FitError(
            f"critical values reach {largest:.1f}, but points were excluded without toys where "
            f"-2 ln L lies more than {EXCLUDED:g} above its minimum; use a lower confidence level"
        )


def prepare(
    scan: ProfileScan,
    toys: int,
    *,
    seed: int,
    cl: float,
    at: ToysAt = "every-point",
    adaptive: bool = True,
    audit: float = AUDIT,
) -> tuple[ToyJob | SharedJob, dict[str, Array]]:
    """The toys of a scan, and what is known without them: its profile, and what needs none."""
    if adaptive:
        out = excluded(scan, cl)
    else:
        check_profile(scan)
        out = np.zeros(scan.grid.size, dtype=bool)
    if out.all():
        raise FitError(
            f"all points of the grid lie more than {EXCLUDED:g} above the minimum of -2 ln L, so "
            "none needs toys; use a finer grid, or a range around the best fit"
        )
    best = np.array([b.twice_nll for b in scan.best_by_slice])
    inputs = {
        **profile_inputs(scan, scan.rise),
        "profile/best_twice_nll": best,
        "toys/excluded": out,
    }
    if at == "anchors":
        job = shared_job(
            scan,
            ~out,
            toys,
            seed=seed,
            stop=1.0 - cl,
            stop_sigma=STOP_SIGMA,
            audit=lambda n: min(n, AUDIT_MOST) if audit else 0,
        )
        return job, {**inputs, "toys/stands": job.stands, "toys/own": job.own}
    each = ToyJob(
        grid=scan.grid,
        truth=scan.theta[None],
        toys=toys,
        seed=seed,
        q_data=scan.rise,
        stop=1.0 - cl if adaptive else None,
        audit=audited(audit, int(np.sum(~out)) * toys, AUDIT_MOST),
        data_digest=scan.grid.data_digest(scan.data),
        # along structural axes each slice has a model of its own, whose points stay together
        sizes=Sizes() if scan.grid.raster else Sizes.of(int(np.sum(~out))),
        excluded=out,
    )
    return each, inputs


def assemble(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """The datasets of a Feldman-Cousins scan from its toys."""
    keys = sorted(blocks)
    shared = run["toys at"] == "anchors"
    toys = (_shared if shared else _drawn)(inputs, blocks)
    q_data, cl = inputs["profile/q"], run["confidence level"]
    p, p_error = np.array([t.p_value(q) for t, q in zip(toys, q_data, strict=True)]).T
    p[inputs["toys/excluded"]], p_error[inputs["toys/excluded"]] = P_BOUND, 0.0
    critical, critical_error = np.array([t.critical(cl) for t in toys]).T
    out = {
        "n": np.array([len(t) for t in toys]),
        "p_value": p,
        "p_error": p_error,
        "critical": critical,
        "critical_error": critical_error,
        "equivalent": np.array([t.equivalent(cl) if len(t) else np.nan for t in toys]),
        "levels": LEVELS,
        "quantiles": np.array([t.quantiles(LEVELS) for t in toys]),
        "outliers": np.array(sum(int(blocks[k]["outliers"].sum()) for k in keys)),
        **(_of_shared(run, inputs, blocks) if shared else _of_points(blocks)),
    }
    if run["toys kept"]:
        out |= {
            "q": np.concatenate([t.q for t in toys]),
            "weight": np.concatenate([t.weights for t in toys]),
            "start": np.concatenate([[0], np.cumsum([t.q.size for t in toys])]),
        }
    return {f"toys/{name}": array for name, array in out.items()}


def _drawn(inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]) -> list[WeightedToys]:
    """The toys of each point that were drawn there."""
    return [WeightedToys(q) for q in collect(len(inputs["profile/q"]), blocks)]


def _shared(inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]) -> list[WeightedToys]:
    """The shared toys of each point, from the last block of the one that stands for it."""
    found: dict[int, WeightedToys] = {}
    for key in sorted(blocks, key=lambda k: k.number):
        found |= dict(zip(key.points, weighted(blocks[key]), strict=True))
    none = WeightedToys(np.zeros(0))
    return [found.get(int(k), none) for k in inputs["toys/stands"]]


def _of_points(blocks: Mapping[BlockKey, Block]) -> dict[str, Array]:
    """Fits of toys that were drawn at the points, those that failed, and their audit."""
    tried = sum(len(b["q"]) for b in blocks.values())
    audit = np.concatenate([np.zeros(0), *(blocks[k]["audit"] for k in sorted(blocks))])
    return {
        "failed": count_failed(blocks),
        "tried": np.array(tried),
        "fits": np.array(2 * tried),
        "audit": audit,
    }


def _of_shared(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """Fits of shared toys, those that failed, and how well their mixture describes each point."""
    last: dict[int, tuple[float, float, int]] = {}
    for key in sorted(blocks, key=lambda k: k.number):
        block = blocks[key]
        of_each = zip(*(block[n].tolist() for n in ("effective", "sum", "own")), strict=True)
        last |= dict(zip(key.points, of_each, strict=True))
    nothing = (np.nan, np.nan, 0)
    effective, total, own = np.array([last.get(int(k), nothing) for k in inputs["toys/stands"]]).T
    tried = sum(len(b["q"]) + int(b["own"].sum()) for b in blocks.values())
    failed = sum(int(np.isnan(b["q"]).sum() + b["own_failed"].sum()) for b in blocks.values())
    return {
        "failed": np.array(failed) + inputs["toys/anchors_failed"],
        "tried": np.array(tried),
        "fits": np.array(tried + _drawn_at_anchors(run)),
        "effective": effective,
        "sum": total,
        "own_at_last": own.astype(np.int64),
    }


def _drawn_at_anchors(run: Mapping[str, Any]) -> int:
    """Toys of all anchors."""
    return len(run["anchors"]) * int(run["toys of an anchor"])
