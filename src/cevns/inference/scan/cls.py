"""Upper limits by CLs, asymptotic and from toys.

The statistic is q-tilde_mu, which grows when the data have less signal than mu (Cowan, Cranmer,
Gross, Vitells, arXiv:1007.1727, eq. 16); mu is excluded at confidence level cl where
``CL_s = p_{s+b} / CL_b <= 1 - cl`` (Read, J. Phys. G 28 (2002) 2693; `cls_values`). Where the data
cannot tell signal from none, nothing is excluded. Toys of the signal hypothesis are drawn at the
nuisances that fit the data best at the point, those of the null hypothesis at the ones that fit
them best without signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cls_result import ClsScan
from cevns.inference.scan.cls_values import assemble
from cevns.inference.scan.feldman_cousins import check_profile
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.scan.sensitivity import at_points
from cevns.inference.toys.point_run import (
    Progress,
    axis_datasets,
    check_failed,
    data_digest,
    run_points,
)
from cevns.inference.toys.point_toys import PointToys
from cevns.typing import Array

__all__ = ["cls_scan"]


def cls_scan(
    grid: Grid,
    *,
    cl: float = 0.9,
    toys: int = 0,
    seed: int = 0,
    null: float | None = None,
    data: Data | None = None,
    label: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
    max_failures: float = 1e-3,
) -> ClsScan:
    """CLs of one parameter on a grid.

    Args:
        grid: one parameter, and perhaps a structural axis.
        cl: confidence level of the limits.
        toys: toys of each point under each of the two hypotheses; none for the asymptotic form.
        seed: master seed of the toys.
        null: value of the parameter without signal; zero, or the bound nearest to it.
        data: by default the models' own.
        label: plain values that are part of the scan's identity, like the experiment's name.
        out: HDF5 file; the same call resumes an interrupted scan from it.
        workers: see `cevns.inference.scan.feldman_cousins.feldman_cousins`, as all that follow.
        executor: likewise.
        shard: likewise.
        progress: likewise.
        max_failures: likewise.

    Raises:
        InputError: if two parameters are scanned, or an argument is out of range.
        DataError: if `out` is truncated.
        FitError: if more fits failed than tolerated.
    """
    if grid.degrees != 1:
        raise InputError(
            f"CLs limits one parameter at a time, not {' and '.join(grid.scanned)}; scan one, or "
            "use the method fc"
        )
    if toys < 0 or seed < 0:
        raise InputError(f"CLs: toys={toys}, seed={seed}; use numbers that are not negative")
    if workers is not None and workers < 1:
        raise InputError(f"CLs: workers={workers}; use at least one")
    check_level(cl)
    parameter = grid.family.parameters[grid.scanned[0]]
    null = float(np.clip(0.0, parameter.lower, parameter.upper)) if null is None else null
    every = 2 * grid.size * toys
    inputs, truth = _inputs(grid, data, null)
    plan = PointToys(
        grid=grid,
        theta=truth[0],
        truth=truth,
        q_data=inputs["profile/q"],
        statistic="upper",
        null=null,
        toys=toys,
        seed=seed,
        stop=None,
        stop_sigma=0.0,
        audit=0,
        data_digest=data_digest(grid, data),
    )
    run = {
        "method": "cls",
        **(label or {}),
        "confidence level": cl,
        **plan.fingerprint(),
        "parameters": list(grid.family.parameters.names),
        "limited": parameter.name,
        "null": null,
        "logarithmic axes": [a.log for a in grid.axes],
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
    result = ClsScan.of(file)
    check_failed(result.failed, every, max_failures)
    return result


def _inputs(grid: Grid, data: Data | None, null: float) -> tuple[dict[str, Array], Array]:
    """The statistic of data and Asimov data, and where toys are drawn, ``(2, size, n_par)``."""
    name = grid.scanned[0]
    position = grid.family.parameters.position(name)
    scan = profile_scan(grid, data=data)
    check_profile(scan)
    truth = np.stack([scan.theta, scan.theta])
    q_data, q_asimov = np.empty(grid.size), np.empty(grid.size)
    for (structure, points), best in zip(grid.slices(), scan.best_by_slice, strict=True):
        model = grid.family.model(structure)
        mine = observed(model) if data is None else data
        held = BatchFitter(model, fix=(name,))
        without = best.theta.copy()
        without[position] = null
        none = held.fit(mine.counts, mine.auxiliary, without)
        # below the value without signal that value is the best one
        minimum = best.twice_nll if best.theta[position] >= null else float(none.twice_nll[0])
        q_data[points] = np.maximum(scan.twice_nll[points] - minimum, 0.0)
        truth[1, points] = none.theta[0]
        expectation = asimov(model, none.theta[0])
        again = held.fit(
            expectation.counts, expectation.auxiliary, at_points(grid, points, none.theta[0])
        )
        q_asimov[points] = np.maximum(again.twice_nll, 0.0)
        # the statistic is zero where the estimate lies above the point
        q_data[points[scan.theta[points, position] <= best.theta[position]]] = 0.0
        q_asimov[points[scan.theta[points, position] <= null]] = 0.0
    inputs = {
        **axis_datasets(grid),
        "profile/q": q_data,
        "profile/q_asimov": q_asimov,
        "profile/theta": truth[0],
        "profile/null": truth[1],
        "profile/best": np.array([b.theta for b in scan.best_by_slice]),
    }
    return inputs, truth
