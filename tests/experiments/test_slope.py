"""The slope of an exponential in bins, against a direct search of its likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from cevns.exceptions import InputError
from cevns.experiments.forms.integrals import exponential_bins
from cevns.experiments.inputs.slope import _moments, fit_exponential

EDGES = 0.5 * np.arange(25)


def direct(edges: np.ndarray, counts: np.ndarray) -> float:
    """Minimum of the multinomial likelihood, integrals in closed form."""

    def minus_log(rate: float) -> float:
        p = exponential_bins(rate, edges)
        return -float(counts @ np.log(p / p.sum()))

    return float(minimize_scalar(minus_log, bounds=(-3, 3), options={"xatol": 1e-10}).x)


@pytest.mark.parametrize("true", [-0.3, 0.0, 0.06, 1.5])
def test_it_is_the_maximum_of_the_likelihood(true):
    rng = np.random.default_rng(5)
    counts = rng.poisson(700 * exponential_bins(true, EDGES) / exponential_bins(true, EDGES).sum())
    fitted = fit_exponential(EDGES, counts)
    # Brent's search of a flat minimum is good to the square root of rounding
    assert fitted.rate == pytest.approx(direct(EDGES, counts), abs=2e-6)
    assert abs(fitted.rate - true) < 4 * fitted.error  # 4 sigma, one fixed seed a case
    assert fitted.events == counts.sum()


def test_expected_counts_give_the_rate_back_and_the_fisher_error():
    for rate in (0.0, 1e-5, 0.0586, 0.7):
        mu = 1e4 * exponential_bins(rate, EDGES)
        fitted = fit_exponential(EDGES, mu)
        assert fitted.rate == pytest.approx(rate, abs=1e-10)  # the score has this single zero
        h = 1e-4

        def minus_log(r, mu=mu):
            p = exponential_bins(r, EDGES)
            return -float(mu @ np.log(p / p.sum()))

        second = (minus_log(rate + h) - 2 * minus_log(rate) + minus_log(rate - h)) / h**2
        assert fitted.error == pytest.approx(second**-0.5, rel=1e-4)  # of the difference


@given(rate=st.floats(-5, 5), low=st.floats(0, 5), width=st.floats(1e-3, 5))
def test_bins_and_moments_are_integrals(rate, low, width):
    def f(t):
        return np.exp(-rate * t)

    whole = quad(f, low, low + width, epsabs=0, epsrel=1e-12)[0]
    assert exponential_bins(rate, [low, low + width])[0] / whole == pytest.approx(1.0, rel=1e-9)
    mean, variance = (m[0] for m in _moments(rate, np.array([low, low + width])))
    first = quad(lambda t: t * f(t), low, low + width, epsabs=0, epsrel=1e-12)[0] / whole
    assert mean == pytest.approx(first, rel=1e-9)
    second = quad(lambda t: (t - first) ** 2 * f(t), low, low + width, epsabs=0, epsrel=1e-12)
    # 1/x^2 - 1/(4 sinh^2(x/2)) cancels to 1e-16/x^2 above the series, x > 1e-3; the series
    # itself leaves x^4/6048 relative to 1/12
    assert variance == pytest.approx(second[0] / whole, rel=3e-8, abs=1e-9 * width**2)


def test_a_part_of_the_table_is_that_part():
    rng = np.random.default_rng(1)
    counts = rng.poisson(30.0, 24)
    part = fit_exponential(EDGES, counts, 1.0, 6.0)
    alone = fit_exponential(EDGES[2:13], counts[2:12])
    assert part.rate == pytest.approx(alone.rate, abs=1e-12)
    assert part.events == counts[2:12].sum()


@pytest.mark.parametrize(("start", "end"), [(0.0, 5.7), (0.0, 0.5), (3.0, 1.0), (-1.0, 6.0)])
def test_a_range_that_cuts_or_is_too_short_is_refused(start, end):
    with pytest.raises(InputError, match="choose at least two of the bins"):
        fit_exponential(EDGES, np.ones(24), start, end)


def test_all_events_in_one_end_have_no_slope():
    with pytest.raises(InputError, match="all events are in the first or in the last bin"):
        fit_exponential([0, 1, 2], [5, 0])
