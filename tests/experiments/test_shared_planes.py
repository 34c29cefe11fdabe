"""Feldman-Cousins planes of CsI[Na] with shared toys, against toys at every point.

The planes, tolerances and budgets are those of the method's study: eps_ee_u against eps_ee_d, whose
points are alike along lines, and eps_ee_u against eps_mumu_u, with four mirror solutions.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.experiments import load, load_joint
from cevns.inference.scan.feldman_cousins import feldman_cousins, prepare
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.toy_scan import collect
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.toys.toy_job import Sizes
from cevns.inference.work.blocks import one_blas_thread

pytestmark = pytest.mark.slow

PLANES = [
    pytest.param(second, marks=pytest.mark.xdist_group(second))
    for second in ("eps_ee_d", "eps_mumu_u")
]
"""Tests of one plane share its toys, and so one process of pytest-xdist."""
BIAS = {0.9: 0.003, 0.683: 0.006}
"""By level. At 68.3 % too the method's study asks for 0.003, which this sample cannot tell: its
mean has an error of 0.0025, of the shared toys 0.0022 and of the reference 0.0012. That of the page
on coverage, with 14,000 toys of a point and three or six seeds, is -0.0012 +- 0.0016 in one plane
and +0.0003 +- 0.0011 in the other."""
BRUTE = 8000
POINTS = 20
SEEDS = range(1, 6)


@cache
def profiled(second: str, n: int = 12) -> ProfileScan:
    ranges = {name: np.linspace(-0.5, 0.8, n) for name in ("eps_ee_u", second)}
    return profile_scan(scan_plan(load("coherent-csi-2021"), "nsi", ranges).within_ranges().grid)


@cache
def shared(second: str, seed: int, toys: int = 1000, n: int = 12):
    scan = profiled(second, n)
    return feldman_cousins(scan.grid, toys, seed=seed, scan=scan, toys_at="anchors", workers=1)


def beyond(scan, chosen, toys, level):
    """Share of the toys of points beyond the critical values of a scan, less what it should be."""
    critical = [np.interp(level, scan.levels, scan.quantiles[k]) for k in chosen]
    shares = [np.mean(q > c) for q, c in zip(toys, critical, strict=True)]
    return np.array(shares) - (1.0 - level)


@cache
def brute(second: str):
    """Points spread over the plane, the most interesting among them, and q of toys drawn there."""
    scan = profiled(second)
    inside = np.flatnonzero(scan.rise < 16)
    chosen = inside[np.argsort(scan.rise[inside])][:: max(1, len(inside) // POINTS)][:POINTS]
    job, _ = prepare(scan, BRUTE, seed=99, cl=0.9, adaptive=False, audit=0.0)
    without = ~np.isin(np.arange(scan.grid.size), chosen)
    job = replace(job, excluded=without, sizes=Sizes((1000,), 1000, 8))
    work = BlockFits(job)
    with one_blas_thread():
        blocks = {key: work.block(key)[0] for key in job.first()}
    return chosen, [collect(scan.grid.size, blocks)[k] for k in chosen]


@pytest.mark.parametrize("second", PLANES)
def test_p_values_are_those_of_toys_at_every_point(second):
    """The mean over the points, which share toys: beside its error there is no bias."""
    chosen, toys = brute(second)
    assert len(chosen) == POINTS
    fine = shared(second, 11, 4000)
    for level, most in BIAS.items():
        bias = beyond(fine, chosen, toys, level).mean()
        assert abs(bias) < most, (level, bias)


@pytest.mark.parametrize("second", PLANES)
def test_scatter_of_seeds_is_the_error_that_is_told(second):
    chosen, toys = brute(second)
    scans = [shared(second, seed) for seed in SEEDS]
    off = np.array([beyond(scan, chosen, toys, 0.9) for scan in scans])
    variance = 0.09 / np.array([scan.equivalent[chosen] for scan in scans])
    chi2 = np.mean(off**2 / (variance + 0.09 / BRUTE))
    assert 0.5 < chi2 < 1.6, chi2
    ratio = np.sqrt(np.mean(off.var(axis=0, ddof=1)) / np.mean(variance))
    assert 0.7 < ratio < 1.4, ratio


@pytest.mark.xdist_group("eps_mumu_u")
def test_two_seeds_agree_but_near_the_border():
    one, two = shared("eps_mumu_u", 1), shared("eps_mumu_u", 2)
    differ = one.accepted != two.accepted
    near = np.abs(one.p_value - 0.1) < 4 * np.hypot(one.p_error, two.p_error)
    assert not np.any(differ & ~near & ~one.excluded)


@pytest.mark.parametrize(
    ("second", "most"),
    [
        pytest.param("eps_ee_d", 270_000, marks=pytest.mark.xdist_group("eps_ee_d")),
        pytest.param("eps_mumu_u", 320_000, marks=pytest.mark.xdist_group("eps_mumu_u")),
    ],
)
def test_fits_and_equivalent_toys_of_a_map(second, most):
    scan = shared(second, 1, n=40)
    assert scan.file.datasets["toys/fits"] < most
    border = ~scan.excluded & (np.abs(scan.p_value - 0.1) < 4 * scan.p_error)
    assert border.sum() > 8
    assert scan.equivalent[border].min() >= 1000
    assert scan.failed == 0
    assert scan.deeper == 0


@pytest.mark.parametrize(
    "names", [("coherent-csi-2021", "coherent-ge-2024"), ("coherent-lar-2020",)]
)
def test_joint_and_released_templates(names):
    """Several experiments, and one whose data and backgrounds are released templates."""
    subject = load_joint(names) if len(names) > 1 else load(names[0])
    ranges = {"eps_ee_u": np.linspace(-0.3, 0.6, 25)}
    scan = profile_scan(scan_plan(subject, "nsi", ranges).within_ranges().grid)
    settings = {"seed": 3, "scan": scan, "workers": 1, "audit": 0.0}
    one = feldman_cousins(scan.grid, 250, toys_at="anchors", **settings)
    all_ = feldman_cousins(scan.grid, 250, toys_at="every-point", adaptive=False, **settings)
    used = ~one.excluded & ~all_.excluded
    assert used.sum() > 10
    error = np.hypot(one.p_error, all_.p_error).clip(4e-3)  # one toy of 250
    pulls = (one.p_value - all_.p_value)[used] / error[used]
    assert np.abs(pulls).max() < 4.0
    assert 0.3 < np.sqrt(np.mean(pulls**2)) < 1.4
    # neighbours share toys: their mean is not known better than one of them
    assert abs(np.mean((one.p_value - all_.p_value)[used])) < 0.02
