"""One bin by toys: Feldman-Cousins and CLs against sums of Poisson probabilities.

With 0.5 background events and no parameter to profile, what the toys estimate is known exactly.
Counts are discrete: at each point some toys are just as far off as the data, and in n = 0 most.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson
from test_one_bin import COUNTS, B, rise, study

from cevns.inference.model.grid import Grid
from cevns.inference.scan.cls import cls_scan
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.scan.regions import confidence_set
from cevns.inference.toys.toy_job import TIE
from cevns.typing import Array

TOYS = 2000
CL = 0.9
POSSIBLE = np.arange(80)
FOUR = 4.0 * np.sqrt(CL * (1.0 - CL) / TOYS)
"""Errors of a p-value at the border by which toys may be off."""
REACH = {0: 3.0, 1: 6.0, 3: 10.0, 7: 16.0}
EXACT = {0: (0.0, 1.93), 1: (0.0, 3.85), 3: (0.60, 6.92), 7: (3.06, 12.03)}
"""Feldman and Cousins at 90 %."""


def p_exact(n: int, mu: float) -> float:
    """Probability of all counts that are at least as far off as n."""
    q = np.array([rise(int(k), mu) for k in POSSIBLE])
    return float(poisson.pmf(POSSIBLE, mu + B)[q >= rise(n, mu) - 1e-9].sum())


def acceptable(n: int, x: Array, by: float) -> Array:
    """Points whose exact p-value lies above that of the border, moved by so much."""
    return np.array([p_exact(n, float(mu)) for mu in x]) > 1.0 - CL + by


@pytest.mark.parametrize("n", COUNTS)
def test_feldman_cousins(tmp_path: Path, n: int) -> None:
    x = np.linspace(0.0, REACH[n], 31)
    step = x[1]
    grid = Grid.of(study(tmp_path, n).model("count"), {"cevns": x})
    found = feldman_cousins(grid, TOYS, seed=1, cl=CL, workers=1)
    # the region is that of the p-values, and the exact one where toys can tell
    pieces = confidence_set(x, found.q_data, found.critical).intervals
    within = np.any([(low <= x) & (x <= high) for low, high in pieces], axis=0)
    np.testing.assert_array_equal(within, found.accepted)
    np.testing.assert_array_equal(within, found.p_value > 1.0 - CL + 1e-9)
    assert within[acceptable(n, x, FOUR)].all()
    assert not within[~acceptable(n, x, -FOUR)].any()
    # and its ends lie where the exact p-value is that of the border, to the toys' error and a step
    fine = np.linspace(0.0, REACH[n], 1601)
    exact = fine[acceptable(n, fine, 0.0)][[0, -1]]
    assert exact == pytest.approx(EXACT[n], abs=0.011)
    sure, possible = (fine[acceptable(n, fine, by)][[0, -1]] for by in (FOUR, -FOUR))
    assert possible[0] - step <= pieces[0][0] <= sure[0] + step
    assert sure[1] - step <= pieces[-1][1] <= possible[1] + step


def cls_exact(n: int, mu: float) -> float:
    """At most n events, with signal and without; one where the estimate is above, to a tie."""
    if mu <= n - B or rise(n, mu) <= TIE:
        return 1.0
    return float(poisson.cdf(n, mu + B) / poisson.cdf(n, B))


@pytest.mark.parametrize(
    "n", [COUNTS[0], *(pytest.param(n, marks=pytest.mark.slow) for n in COUNTS[1:])]
)
def test_cls(tmp_path: Path, n: int) -> None:
    x = np.linspace(0.0, REACH[n], 31)
    grid = Grid.of(study(tmp_path, n).model("count"), {"cevns": x})
    found = cls_scan(grid, cl=CL, toys=TOYS, seed=1, workers=1)
    exact = np.array([cls_exact(n, float(mu)) for mu in x])
    np.testing.assert_allclose((found.cls - exact) / found.cls_error, 0.0, atol=4.0)
    fine = np.linspace(0.0, REACH[n], 1601)
    values = np.array([cls_exact(n, float(mu)) for mu in fine])
    sure, possible = (fine[values > 1.0 - CL + by][-1] for by in (FOUR, -FOUR))
    assert sure - x[1] <= found.upper()[0] <= possible + x[1]
