"""Upper limits by CLs, asymptotic and from toys.

The statistic is q-tilde_mu, which grows when the data have less signal than mu (Cowan, Cranmer,
Gross, Vitells, arXiv:1007.1727, eq. 16); mu is excluded at confidence level cl where
``CL_s = p_{s+b} / CL_b <= 1 - cl`` (Read, J. Phys. G 28 (2002) 2693; `cls_values`). Where the data
cannot tell signal from none, nothing is excluded. Toys of the signal hypothesis are drawn at the
nuisances that fit the data best at the point, those of the null hypothesis at the ones that fit
them best without signal.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import InputError
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cls_values import SIGMAS, assemble
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.scan.toy_scan import (
    Running,
    ToyScan,
    check_arguments,
    check_profile,
    dataset,
    profile_inputs,
    run_scan,
)
from cevns.inference.toys.toy_job import ToyJob
from cevns.inference.toys.toy_run import check_failed
from cevns.inference.work.scan_store import ScanFile
from cevns.records import Result
from cevns.typing import Array

__all__ = ["ClsScan", "cls_scan", "judge", "toys_for_band"]

_BEYOND = 10
"""Toys beyond the end of a band, from which on it is known."""


def toys_for_band(sigma: int) -> int:
    """Toys of a point that know the expected band of so many standard deviations.

    The end of a band is a quantile of the toys of the null hypothesis: ten must lie beyond it.

    Examples:
        >>> toys_for_band(1), toys_for_band(2)
        (64, 440)
    """
    from scipy.special import ndtr

    return math.ceil(_BEYOND / float(ndtr(-sigma)))


class ClsScan(Result, ToyScan):
    """CLs on a grid of one parameter, at one or more values of a structural axis.

    At each point, ``(size,)``: `p_signal` is p_{s+b}, `p_null` CL_b, `cls` their ratio and
    `cls_error` its error from the number of toys, zero without toys. CLs expected under the null
    hypothesis, for fluctuations of the limit by -2 ... +2 standard deviations, is `expected`,
    ``(5, size)``.
    """

    p_signal = dataset("cls/p_signal")
    p_null = dataset("cls/p_null")
    cls = dataset("cls/cls")
    cls_error = dataset("cls/cls_error")
    expected = dataset("cls/expected")

    @property
    def method(self) -> str:
        """How the probabilities were found: ``asymptotic`` or ``toys``."""
        return "toys" if self.file.run["toys"] else "asymptotic"

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which points are not excluded, ``(size,)``."""
        accepted: NDArray[np.bool_] = self.cls > 1.0 - self.cl
        return accepted

    @property
    def bands(self) -> tuple[int, ...]:
        """Of how many standard deviations the toys know the expected bands, from the widest.

        See `toys_for_band`; none are needed without toys.
        """
        toys = self.file.run["toys"]
        return tuple(n for n in (2, 1) if not toys or toys >= toys_for_band(n))

    def floored(self, values: Array) -> Array:
        """Probabilities as far down as toys know them: none of n says that it is below about 1/n.

        Args:
            values: of CLs, or of what is expected of it.
        """
        toys = self.file.run["toys"]
        return np.maximum(values, 1.0 / toys if toys else 1e-300)

    def upper(self, values: Array | None = None) -> Array:
        """The upper limit of each slice, by interpolation of the logarithm of CLs.

        Args:
            values: in place of CLs, ``(size,)``: a row of `expected`, or `p_signal` for the
                limit without CLs.

        Returns:
            ``(n_slices,)``; NaN where no point of the slice is accepted, infinite where the last
            one is: the limit is not on the grid.
        """
        run = self.file.run
        column = run["axes"].index(run["limited"])
        table = (self.cls if values is None else values).reshape(self.shape)
        rows = np.moveaxis(table, column, -1).reshape(-1, self.shape[column])
        x, log = self.axes[run["limited"]], run["logarithmic axes"][column]
        return np.array(
            [_last_crossing(x, self.floored(row), 1.0 - self.cl, log=log) for row in rows]
        )

    def to_dict(self) -> dict[str, Any]:
        """A summary as plain values."""
        return {
            "limited": self.file.run["limited"],
            "method": self.method,
            "null": self.file.run["null"],
            "upper": _plain(self.upper()),
            "expected": {
                f"{s:+.0f}": _plain(self.upper(row))
                for s, row in zip(SIGMAS, self.expected, strict=True)
            },
        }


def _plain(values: Array) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _last_crossing(x: Array, values: Array, goal: float, *, log: bool) -> float:
    accepted = np.flatnonzero(values > goal)
    if not accepted.size:
        return np.nan
    i = int(accepted[-1])
    if i == len(x) - 1:
        return np.inf
    low, high = np.log(values[[i, i + 1]])
    share = (low - np.log(goal)) / (low - high)
    a, b = np.log(x[[i, i + 1]]) if log else x[[i, i + 1]]
    return float(np.exp(a + share * (b - a)) if log else a + share * (b - a))


def cls_scan(
    grid: Grid,
    *,
    cl: float = 0.9,
    toys: int = 0,
    seed: int = 0,
    null: float | None = None,
    data: Data | None = None,
    max_failures: float = 1e-3,
    **running: Unpack[Running],
) -> ClsScan:
    """CLs of one parameter on a grid.

    Args:
        grid: one parameter, and perhaps a structural axis.
        cl: confidence level of the limits.
        toys: toys of each point under each of the two hypotheses; none for the asymptotic form.
        seed: master seed of the toys.
        null: value of the parameter without signal; zero, or the bound nearest to it.
        data: by default the models' own.
        max_failures: largest tolerated fraction of toys with failed fits.
        running: see `cevns.inference.scan.toy_scan.Running`.

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
    check_arguments("CLs", toys, seed, cl, running.get("workers"), least=0)
    parameter = grid.family.parameters[grid.scanned[0]]
    null = float(np.clip(0.0, parameter.lower, parameter.upper)) if null is None else null
    inputs, truth = _inputs(grid, data, null)
    job = ToyJob(
        grid=grid,
        truth=truth,
        toys=toys,
        seed=seed,
        statistic="upper",
        null=null,
        data_digest=grid.data_digest(data),
    )
    logs = [a.log for a in grid.axes]
    own = {"limited": parameter.name, "null": null, "logarithmic axes": logs}
    judging = partial(judge, max_failures=max_failures)
    return ClsScan(run_scan(job, own, inputs, assemble, judging, method="cls", cl=cl, **running))


def judge(file: ScanFile, max_failures: float = 1e-3) -> None:
    """Raise if a scan is not to be used.

    Raises:
        FitError: if more fits failed than tolerated.
    """
    toys = 2 * file.datasets["profile/q"].size * file.run["toys"]
    check_failed(int(file.datasets["cls/failed"]), toys, max_failures)


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
        none = held.fit(mine, without)
        # below the value without signal that value is the best one
        minimum = best.twice_nll if best.theta[position] >= null else float(none.twice_nll[0])
        q_data[points] = np.maximum(scan.twice_nll[points] - minimum, 0.0)
        truth[1, points] = none.theta[0]
        expectation = asimov(model, none.theta[0])
        start = np.repeat(none.theta.T, len(points), axis=1)
        start[position] = scan.theta[points, position]
        again = held.fit(expectation, start)
        q_asimov[points] = np.maximum(again.twice_nll, 0.0)
        # the statistic is zero where the estimate lies above the point
        q_data[points[scan.theta[points, position] <= best.theta[position]]] = 0.0
        q_asimov[points[scan.theta[points, position] <= null]] = 0.0
    own = {"profile/q_asimov": q_asimov, "profile/null": truth[1]}
    return {**profile_inputs(scan, q_data), **own}, truth
