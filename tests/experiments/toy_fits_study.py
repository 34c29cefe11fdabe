"""Fits of toys against another minimiser from ten starts: what test_toy_fits.py judges.

Four points: the count; sin2(theta_W); a mirror coupling where its counts are least, the saddle
between its two minima; a coupling at its bound. Toys are drawn and fitted as in scans by
Feldman-Cousins, with the tested parameter held and free. Each is fitted again from the truth and
nine random points: by the batched fits at the precision of quoted ones, all toys, and by L-BFGS-B
(scipy), which shares no line with our minimisers, the first some of them.

    python tests/experiments/toy_fits_study.py 2000 100     prints the table of docs/coverage.md
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from coverage_study import CASES, grid_of
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from cevns.inference import Likelihood, asimov
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import Data, draw
from cevns.inference.scan.feldman_cousins import prepare
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.block_fits import BlockFits

POINTS = ("count", "angle", "nsi-axis", "moment-0")
STARTS = 10
HIGHER = 0.01
"""By how much -2 ln L of our fit lies above the lowest of the others to be called higher."""


@dataclass(frozen=True, eq=False)
class Refits:
    """-2 ln L of our fits above the lowest of the others, ``(n,)``: negative where ours is lower.

    Args:
        label: of the point.
        held: with the parameter at its point.
        free: with all parameters.
        by_scipy: how many are fitted by L-BFGS-B.
        scipy_lower: by how much that is lower than the batched fits from ten starts at most.
    """

    label: str
    held: np.ndarray
    free: np.ndarray
    by_scipy: int
    scipy_lower: float

    def higher(self):
        """Fits that lie higher, with the parameter held and free."""
        return tuple(int(np.sum(above > HIGHER)) for above in (self.held, self.free))

    def row(self):
        held, free = self.higher()
        most = max(self.held.max(), self.free.max())
        return (
            f"| {self.label} | {held} of {self.held.size} | {free} of {self.free.size} | "
            f"{most:.3f} | {self.by_scipy} | {self.scipy_lower:.0e} |"
        )


def refits(case, n, by_scipy, seed):
    """Toys of one case, fitted again."""
    grid, model, truth = grid_of(case)
    scan = profile_scan(grid, data=asimov(model, truth))
    plan, _ = prepare(scan, n, seed=seed, cl=0.9, adaptive=False, audit=0)
    toys = BlockFits(plan).slice_of(0)
    data = draw(model, truth, np.random.default_rng((seed, 3)), n)
    k = model.parameters.position(case.parameter)
    rng = np.random.default_rng((seed, 4))
    above, scipy_lower = [], -np.inf
    for ours, fixed, within in (
        (toys.held.fit(data, np.repeat(truth[:, None], n, axis=1)), (case.parameter,), None),
        (toys.best(data, truth[None], n), (), case.within),
    ):
        fitter = BatchFitter(model, fix=fixed)
        begin = np.stack([starts(model, truth, k, within, rng) for _ in range(n)], axis=2)
        batched = [fitter.fit(data, start, rescue=False).valid_nll for start in begin]
        lowest = np.min(batched, axis=0)
        for i in range(by_scipy):
            likelihood = Likelihood.of(model, Data(data.counts[:, i], data.auxiliary[:, i]))
            free = np.array(fitter.free)
            found = min(lbfgsb(likelihood, start, free) for start in begin[:, :, i])
            scipy_lower = max(scipy_lower, lowest[i] - found)
            lowest[i] = min(lowest[i], found)
        above.append(ours.twice_nll - lowest)
    return Refits(case.label, *above, by_scipy, scipy_lower)


def starts(model, truth, k, within, rng):
    """The truth and nine points: pulls to two sigma, the parameter in its range, others by 20 %.

    Shape ``(STARTS, n_par)``.
    """
    free = np.array(model.parameters.free)
    out = np.tile(truth, (STARTS, 1))
    widths = [p.constraint.sigma if p.constraint else 0.2 * abs(p.value) for p in model.parameters]
    moves = rng.uniform(-2.0, 2.0, (STARTS - 1, len(free)))
    out[1:, free] += np.array(widths)[free] * moves
    out[1:, k] = truth[k] if within is None else rng.uniform(*within, STARTS - 1)
    return np.clip(out, *bounds(model))


def bounds(model):
    return [p.lower for p in model.parameters], [p.upper for p in model.parameters]


def lbfgsb(likelihood, start, free):
    """Lowest -2 ln L over the parameters at the positions `free`, each in its typical steps."""
    known = likelihood.model.parameters
    step = np.array([known[i].scale for i in free])
    low, high = (np.array(b)[free] / step for b in bounds(likelihood.model))

    def value_and_slope(x):
        theta = start.copy()
        theta[free] = x * step
        return likelihood.minimised(theta), likelihood.gradient(theta)[free] * step

    done = minimize(
        value_and_slope,
        start[free] / step,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-6},
    )
    return float(done.fun)


def main():
    n, by_scipy = map(int, sys.argv[1:] or (2000, 100))
    print("| point | held higher | free higher | by at most | by L-BFGS-B | lower by at most |")
    print("|---|---|---|---|---|---|")
    with threadpool_limits(1):
        for seed, name in enumerate(POINTS, start=300):  # not the seeds of the test
            print(refits(CASES[name], n, by_scipy, seed).row(), flush=True)


if __name__ == "__main__":
    main()
