"""CLs: closed forms, exact sums, toys beside the asymptotic form, bands; sensitivities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, poisson
from test_feldman_cousins import scaled

from cevns.exceptions import InputError
from cevns.inference.fitting.upper_limits import poisson_upper_limit
from cevns.inference.model.data import asimov
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cls import cls_scan
from cevns.inference.scan.profile_scan import profile_scan

_MANY = 1e8
BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # fluctuations of the usual bands


def gauss_grid(x0, values):
    """One measurement of unit width at x0 with x >= 0; skewed by a ten thousandth only."""
    counts = _MANY + np.sqrt(_MANY) * x0
    return Grid.of(scaled(counts, _MANY, np.sqrt(_MANY)), {"x": values})


def poisson_grid(n, values, background):
    return Grid.of(scaled(n, background), {"x": values})


@pytest.mark.parametrize("x0", [-1.5, 0.0, 0.8, 2.5])
def test_asymptotic_limit_of_a_gaussian(x0):
    # arXiv:1007.1727 eqs 59-66 lead to mu_up = x + Phi^-1(1 - alpha Phi(x)), the CLs limit of a
    # Gaussian; for x < 0 q-tilde replaces x by the bound and so does the distribution
    scan = cls_scan(gauss_grid(x0, np.linspace(0.02, 6, 300)), cl=0.9)
    expected = x0 + norm.ppf(1 - 0.1 * norm.cdf(x0))
    assert scan.upper() == pytest.approx([expected], abs=2e-3)  # 0.02 between points
    assert np.all(scan.accepted == (np.linspace(0.02, 6, 300) < scan.upper()))


def test_asymptotic_bands_of_a_gaussian():
    scan = cls_scan(gauss_grid(0.3, np.linspace(0.02, 6, 300)), cl=0.95)
    found = [scan.upper(row)[0] for row in scan.expected]
    # arXiv:1007.1727 eq. 88 with CLs: N + Phi^-1(1 - alpha Phi(N))
    wanted = [s + norm.ppf(1 - 0.05 * norm.cdf(s)) for s in BANDS]
    assert found == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize(("n", "background"), [(0, 3.0), (3, 1.0), (4, 3.0)])
def test_toys_give_the_poisson_limit(n, background):
    # for one bin q-tilde falls with n: CLs is the ratio of P(k <= n), as limits.py has it
    values = np.linspace(0.5, 9.0, 18)
    scan = cls_scan(poisson_grid(n, values, background), toys=4000, seed=2, workers=1)
    below = values > max(0, n - background)
    signal = poisson.cdf(n, values + background)
    none = poisson.cdf(n, background)
    error = np.sqrt(signal * (1 - signal) / 4000)
    assert np.all(np.abs(scan.p_signal - signal)[below] < 4 * error[below] + 1e-12)
    error = np.sqrt(none * (1 - none) / 4000)
    assert np.all(np.abs(scan.p_null - none)[below] < 4 * error + 1e-12)
    limit = poisson_upper_limit(n, background)
    near = int(np.argmin(np.abs(values - limit)))
    slope = abs(scan.cls[near + 1] - scan.cls[near - 1]) / (values[near + 1] - values[near - 1])
    assert scan.upper()[0] == pytest.approx(limit, abs=4 * scan.cls_error[near] / slope)


def test_toys_agree_with_the_asymptotic_form_where_counts_are_many():
    grid = gauss_grid(0.5, np.linspace(0.5, 4, 8))
    toys = cls_scan(grid, toys=3000, seed=1, workers=1)
    formula = cls_scan(grid)
    assert np.all(np.abs(toys.cls - formula.cls)[1:] < 4 * toys.cls_error[1:])
    # bands: an error of 0.03 of a quantile of 3000 toys at two standard deviations. Above 0.4 the
    # estimate lies near the point: toys have q = 0 and CLs = 1 where the formula goes on.
    low = formula.expected < 0.4
    assert toys.expected[low] == pytest.approx(formula.expected[low], abs=0.06)
    assert toys.method == "toys"
    assert formula.method == "asymptotic"


def test_limit_without_cls_is_stronger():
    scan = cls_scan(gauss_grid(-1.0, np.linspace(0.02, 6, 300)), cl=0.9)
    assert scan.upper(scan.p_signal)[0] < scan.upper()[0]


def test_limit_beyond_the_grid_is_said():
    assert cls_scan(gauss_grid(0.0, np.array([0.1, 0.2]))).upper() == [np.inf]
    assert np.isnan(cls_scan(gauss_grid(0.0, np.array([10.0, 11.0]))).upper()).all()
    assert cls_scan(gauss_grid(0.0, np.array([0.1, 0.2]))).to_dict()["upper"] == [None]


def test_cls_of_two_parameters_is_refused():
    from csi_like import template

    model = template("cross-section", True)[1]
    grid = Grid.of(model, {"scale": [0.9, 1.1], "t0": [0.45, 0.5]})
    with pytest.raises(InputError, match="one parameter at a time"):
        cls_scan(grid)
    with pytest.raises(InputError, match="not negative"):
        cls_scan(gauss_grid(0.0, np.array([1.0, 2.0])), toys=-1)


def test_file_and_resumption(tmp_path):
    grid = poisson_grid(3, np.linspace(1.0, 8.0, 5), 1.0)
    path = tmp_path / "cls.h5"
    first = cls_scan(grid, toys=300, seed=2, workers=1, out=path)
    again = cls_scan(grid, toys=300, seed=2, out=path)
    assert np.array_equal(first.cls, again.cls)
    with pytest.raises(InputError, match="seed is 2, not 3"):
        cls_scan(grid, toys=300, seed=3, out=path)
    asymptotic = cls_scan(grid, out=tmp_path / "formula.h5")
    assert np.array_equal(asymptotic.cls, cls_scan(grid, out=tmp_path / "formula.h5").cls)


# -- sensitivities -------------------------------------------------------------------------------


def test_profile_of_asimov_data_is_a_parabola_about_the_truth():
    grid = gauss_grid(0.0, np.linspace(0.0, 40.0, 401))
    scan = profile_scan(grid, data=asimov(grid.family, {"x": 20.0}))
    x = grid.points[:, 0]
    # the width of the counts grows by 2e-3 over the range; rounding of 1e8 counts
    assert scan.rise == pytest.approx((x - 20) ** 2, rel=5e-3, abs=1e-4)
    assert scan.best.theta == pytest.approx([20.0], abs=1e-3)
