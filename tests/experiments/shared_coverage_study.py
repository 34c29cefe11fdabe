"""Coverage of Feldman-Cousins regions in planes, with toys that all points share.

Each pseudo-experiment of CsI[Na], drawn at a point of a plane of couplings, is profiled on a grid,
has anchors and toys of its own, and its p-value at the true point is held against the level: what
the package does, of which the other points are left out, since they do not matter for coverage.

    python tests/experiments/shared_coverage_study.py               the table of docs/coverage.md
    python tests/experiments/shared_coverage_study.py 100 250 1     fewer, toys of each, one case
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.experiments import load
from cevns.inference.model.data import draw
from cevns.inference.model.expectation import parameter_point
from cevns.inference.model.grid import Grid
from cevns.inference.scan.feldman_cousins import prepare
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.toys.shared_job import SharedFits, weighted
from cevns.inference.toys.toy_result import LEVELS
from cevns.inference.work.checkpoint import BlockKey

N = 1000
"""Pseudo-experiments: the error of a coverage of 68.3 (90) % is 1.5 (0.9) %."""
TOYS = 250


@dataclass(frozen=True)
class Case:
    """A point of a plane of 13 x 13 points."""

    truth: dict[str, float]

    @property
    def label(self) -> str:
        return ", ".join(f"{name} = {value:g}" for name, value in self.truth.items())


CASES = (
    Case({"eps_ee_u": 0.0, "eps_ee_d": 0.0}),
    Case({"eps_ee_u": 0.2, "eps_ee_d": 0.0}),  # near the saddle between two mirror solutions
    Case({"eps_ee_u": 0.0, "eps_mumu_u": 0.0}),
)


def grid_of(case: Case) -> Grid:
    ranges = {name: np.linspace(-0.4, 0.8, 13) for name in case.truth}
    return scan_plan(load("coherent-csi-2021"), "nsi", ranges).within_ranges().grid


def p_values(case: Case, n: int, toys: int = TOYS, seed: int = 1):
    """P-values at the truth, one a pseudo-experiment."""
    grid = grid_of(case)
    model = grid.family.model({})
    truth = parameter_point(model, case.truth)
    data = draw(model, truth, np.random.default_rng((seed, 1)), n)
    at = int(np.argmin(np.abs(grid.points - list(case.truth.values())).sum(axis=1)))
    for i in range(n):
        scan = profile_scan(grid, data=data.columns(i))
        job, _ = prepare(scan, toys, seed=seed + 1000 * i, cl=0.9, at="anchors", audit=0.0)
        if job.stands[at] < 0:  # excluded without toys
            yield 0.0
            continue
        first, blocks = BlockFits(job.before), {}
        for key in job.before.first():
            blocks[key] = first.block(key)[0]
        job = job.with_free(blocks)
        fits, wanted = SharedFits(job).start(), [BlockKey(0, 0, (int(job.stands[at]),))]
        for key in wanted:  # which grows
            block = fits(key)[0]
            wanted += job.follow(key, block, {})
        yield weighted(block)[0].p_value(scan.rise[at])[0]


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N
    toys = int(sys.argv[2]) if len(sys.argv) > 2 else TOYS
    cases = CASES if len(sys.argv) < 4 else (CASES[int(sys.argv[3])],)
    print(f"{n} pseudo-experiments, {toys} toys of each")
    for case in cases:
        started, p = time.perf_counter(), []
        with threadpool_limits(1):
            for value in p_values(case, n, toys):
                p.append(value)
                if len(p) % 50 == 0 or len(p) == n:
                    found = [f"{100 * np.mean(np.array(p) > 1 - level):.1f}" for level in LEVELS]
                    seconds = time.perf_counter() - started
                    print(case.label, len(p), *found, f"{seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
