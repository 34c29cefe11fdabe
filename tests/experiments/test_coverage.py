"""Do quoted intervals hold the truth as often as they say? From pseudo-experiments of CsI[Na]."""

from __future__ import annotations

import numpy as np
import pytest
from coverage_study import CASES, EACH, N, draw, grid_of, study
from scipy.stats import chi2, ks_2samp, kstest
from threadpoolctl import threadpool_limits

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.experiments import load, load_joint
from cevns.inference.model.data import Data
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.toy_result import LEVELS

REGULAR = ("count", "angle", "nsi")
# Couplings that enter squared, at the value where the counts are least: there an excess is fitted
# by a coupling and a deficit is not, as for a parameter at its bound.
AT_EDGE = ("nsi-axis", "moment-0")

# Wilks is not asked to be right; these are the coverages it should have, in percent.
# Far from an edge those of chi2. At one, those of half chi2 and half zero (Chernoff, Ann. Math.
# Stat. 25 (1954) 573): 0.5 + 0.683/2 and 0.5 + 0.9/2.
WILKS = dict.fromkeys(REGULAR, (68.3, 90.0)) | dict.fromkeys(AT_EDGE, (84.1, 95.0))


ERRORS = 4
"""Binomial errors by which a coverage may be off: of the 30 comparisons here one would be off by
three in every twelfth run of a right program, and by four in one of 500."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REGULAR, *AT_EDGE])  # the table has more
def test_coverage(name):
    with threadpool_limits(1):
        done = study(CASES[name], seed=1 + list(CASES).index(name))
    print(done.row())
    assert done.q.size == N >= 2000
    assert done.failed == 0
    feldman_cousins_is_nominal(done)
    wilks_is_as_it_should_be(done, WILKS[name])
    # the package's toys and independent pseudo-experiments are from one distribution; fits of toys
    # stop up to 1e-2 above their minimum (toy_fits_study.py), which near zero is all there is
    assert ks_2samp(np.maximum(done.q, 0.01), np.maximum(done.at_truth, 0.01)).pvalue > 1e-3
    for q in (done.q, done.at_truth):
        if name in REGULAR:
            assert kstest(np.maximum(q, 0.0), chi2(1).cdf).pvalue > 1e-3
        else:
            assert kstest(np.maximum(q, 0.0), chi2(1).cdf).pvalue < 1e-50
            # a deficit of counts leaves q near zero (0.19 is the edge to two digits only): above
            # that it is half chi2, to 4 binomial errors; and 5 % for counts with a spectrum
            assert np.mean(q > 0.3) == pytest.approx(0.5 * chi2.sf(0.3, 1), abs=0.04 + 0.05)


def feldman_cousins_is_nominal(done):
    for level in LEVELS:
        # exact but for the number of pseudo-experiments, were q distributed alike at all
        # nuisances; that it depends on them little is what this shows
        assert abs(done.expected(level) - level) < 1e-3
        assert abs(done.feldman_cousins(level) - done.expected(level)) < ERRORS * done.error(level)
        # at the true nuisances it is exact: binomial errors of both sets of toys
        at_truth = done.with_critical_value_at_truth(level)
        assert abs(at_truth - level) < ERRORS * done.error_at_truth(level)


def wilks_is_as_it_should_be(done, wanted):
    for level, percent in zip(LEVELS, wanted, strict=True):
        # binomial errors; and 1.5 % for what 331 counts on a background leave of order 1/n,
        # and for the edge being one of counts with a spectrum, not of one number
        assert abs(100 * done.wilks(level) - percent) < 100 * ERRORS * done.error(level) + 1.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nsi", "moment-0"])
def test_the_package_gives_the_same_statistic_for_data(name):
    """Its scan of a pseudo-experiment against the fits of the study, and p-values of its toys."""
    case = CASES[name]
    grid, model, truth = grid_of(case, points=31)
    (axis,) = grid.axes
    at = int(np.argmin(np.abs(axis.values - truth[model.parameters.position(axis.name)])))
    with threadpool_limits(1):
        done = study(case, n=12, seed=9)
    counts, aux = draw(model, truth, 12, (9, 1))
    for i in range(12):
        scan = profile_scan(grid, data=Data(counts[:, i], aux[:, i]))
        # both fit to 1e-7
        assert scan.rise[at] == pytest.approx(done.q[i], abs=1e-4)
    fc = feldman_cousins(
        grid, 400, seed=2, scan=scan, data=scan.data, adaptive=False, audit=0.0, workers=1
    )
    share = done.higher[i] / EACH
    error = np.sqrt(max(share * (1 - share), 1 / EACH) / EACH + fc.p_error[at] ** 2)
    assert abs(fc.p_value[at] - share) < 3 * error


EPS = np.linspace(-0.4, 0.8, 17)


@pytest.mark.slow
def test_argon_and_both_together(release, monkeypatch):
    """eps_ee_u of LAr alone, and of CsI[Na] and LAr, which share the flux."""
    monkeypatch.setenv("CEVNS_DATA", str(release))
    if not (release / "coherent-lar-2020").is_dir():
        pytest.skip("CEVNS_DATA does not hold the public release coherent-lar-2020")
    names = ("coherent-csi-2021", "coherent-lar-2020")
    scans = {}
    for held in ({}, {"sns.flux": None}):
        for subject in (*map(load, names), load_joint(names)):
            plan = scan_plan(subject, "nsi", {"eps_ee_u": EPS}, fix=held)
            scan = profile_scan(plan.grid, data=plan.data)
            assert scan.effort.failed == 0
            scans[subject.name, bool(held)] = scan
    joint = next(n for n, _ in scans if n not in names)
    # with the flux held nothing is shared, and -2 ln L adds up; fits of all to 1e-5 or better
    apart = sum(scans[n, True].twice_nll for n in names)
    assert scans[joint, True].twice_nll == pytest.approx(apart, abs=1e-3)
    # a shared flux has one constraint instead of two: not less than without sharing
    free = [scans[n, False].twice_nll for n in names]
    assert np.all(scans[joint, False].twice_nll >= np.maximum(*free))
    assert np.all(scans[joint, False].twice_nll <= scans[joint, True].twice_nll + 1e-4)
    for n in (*names, joint):
        # no NSI is inside the 90 % set of each, and both solutions of it are minima
        scan = scans[n, False]
        assert scan.rise_at(0.0) < 2.71
        inner = np.flatnonzero(
            (scan.rise[1:-1] < scan.rise[:-2]) & (scan.rise[1:-1] < scan.rise[2:])
        )
        assert len(inner) == 2
    # together they exclude more of the line than either
    width = {n: np.mean(scans[n, False].rise < 2.71) for n in (*names, joint)}
    assert width[joint] <= min(width[n] for n in names)
