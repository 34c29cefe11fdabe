"""The quoted fit: closure, errors, conditional fits, intervals, significance, diagnoses."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from csi_like import csi_like, with_data
from scan_models import counting_model

from cevns.exceptions import FitError, InputError, UnknownNameError
from cevns.inference import Data, Likelihood, asimov, fit, interval, profile, significance
from cevns.inference.factors.interpolated import Interpolated
from cevns.inference.fitting.intervals import endpoint
from cevns.inference.fitting.levels import threshold
from cevns.inference.model.expectation import digest
from cevns.inference.statistics.poisson import Poisson
from cevns.parameters import Gaussian, Parameter


def counting(n, sigma=3.0, background=10.0, lower=-np.inf, constrained=True):
    """One bin: n observed, s + b expected, b constrained."""
    constraint = Gaussian(background, sigma) if constrained else None
    parameters = [
        Parameter("s", 1.0, role="poi", lower=lower),
        Parameter("b", background, constraint=constraint),
    ]
    one = np.ones(1)
    return counting_model("counting", parameters, [n], s=(one, "s"), b=(one, "b"))


def test_fit_of_one_bin_is_the_textbook():
    # s = n - b, b = its prior; Var(s) = n + sigma_b^2 (both exact at the maximum)
    result = fit(counting(25))
    # the minimiser stops at edm 2e-5, that is 0.005 standard deviations
    assert result["s"].value == pytest.approx(15, abs=0.01 * np.sqrt(34))
    assert result["s"].error == pytest.approx(np.sqrt(25 + 9), rel=1e-3)  # HESSE's step accuracy
    assert result["b"].pull == pytest.approx(0, abs=0.01)
    # a background more is a signal less: Cov(s, b) = -sigma_b^2
    correlation = np.array([[1.0, -3.0 / np.sqrt(34)], [-3.0 / np.sqrt(34), 1.0]])
    assert result.correlation == pytest.approx(correlation, abs=1e-3)
    assert result.ndof == 0
    assert result.counts("b") == pytest.approx(10, abs=0.05)


def test_minos_errors_are_where_the_profile_rises_by_one():
    model = with_data()
    result = fit(model)
    up = fit(model, fix={"cevns": result["cevns"].value + result["cevns"].error_up})
    down = fit(model, fix={"cevns": result["cevns"].value - result["cevns"].error_down})
    # MINOS finds the crossing to 0.01 in -2lnL (its own tolerance)
    assert up.twice_nll - result.twice_nll == pytest.approx(1, abs=0.01)
    assert down.twice_nll - result.twice_nll == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("question", ["count", "cross-section"])
def test_asimov_closure(question):
    model = csi_like(question)
    poi = model.parameters[0]
    truth = {poi.name: 1.1 * poi.value, "t0": 0.49, "qf.0": 0.5, "efficiency": -0.7}
    data = asimov(model, truth)
    result = fit(model, data=data)
    assert result.twice_nll < 2e-5  # the minimiser's edm goal; the minimum is exactly zero
    for p in result:
        expected = truth.get(p.name, p.parameter.value)
        # edm 2e-5 is 0.0045 standard deviations
        assert abs(p.value - expected) < 0.01 * p.error, p.name
    information = np.linalg.inv(Likelihood.of(model, data).fisher(result.theta))
    errors = [p.error for p in result]
    # on Asimov data the observed information is the expected one; HESSE differentiates twice
    assert errors == pytest.approx(np.sqrt(np.diag(information)), rel=2e-3)


def test_gradient_agrees_with_differences():
    model = with_data("cross-section")
    likelihood = Likelihood.of(model)
    theta = model.parameters.values + 0.3 * np.array([p.scale for p in model.parameters])
    gradient = likelihood.gradient(theta)
    value = float(likelihood.twice_nll(theta))
    assert likelihood.minimised(theta) == pytest.approx(value, rel=1e-14)
    for k, p in enumerate(model.parameters):
        step = 1e-4 * p.scale
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        slope = float(likelihood.twice_nll(up) - likelihood.twice_nll(down)) / (2 * step)
        # rounding of q ~ 100 over the step: 1e-14 * 100 / 1e-4 = 1e-8 sigma, plus truncation
        assert gradient[k] * p.scale == pytest.approx(slope * p.scale, abs=1e-5)


def test_deviance_of_empty_and_impossible_bins():
    none = np.zeros((1, 1))
    for mu, deviance in ((3.0, 6.0), (0.0, 0.0)):
        value = Poisson().value(np.full((1, 1), mu), none, none) + Poisson().constant(none)
        assert value == [deviance]
    with pytest.raises(InputError, match=r"bin 0 holds 5 counts where 0 are expected"):
        fit(counting(5, background=0.0, sigma=1.0), start={"s": 0.0})
    with pytest.raises(InputError, match="bin 1 holds"):
        Data(np.array([1.0, np.nan]), np.zeros(2))


def test_deviance_is_batched():
    model = with_data()
    likelihood = Likelihood.of(model)
    theta = model.parameters.values + np.random.default_rng(0).normal(size=(3, 4, 8)) * 0.01
    values = likelihood.twice_nll(theta)
    assert values.shape == (3, 4)
    # rounding of a value of 1e4 that the saturated one is taken from
    assert values[1, 2] == pytest.approx(float(likelihood.twice_nll(theta[1, 2])), abs=1e-11)


def test_conditional_fit_holds_the_parameter():
    model = with_data()
    result = fit(model, fix={"cevns": 0})
    assert result["cevns"].fixed
    assert result["cevns"].value == 0
    assert result["cevns"].error == 0
    assert "cevns" not in result.free
    assert result.ndof == 99
    assert np.all(result.correlation[0, 1:] == 0)
    everything = fit(model, fix={p.name: None for p in model.parameters})
    nominal = float(Likelihood.of(model).twice_nll(model.parameters.values))
    assert everything.twice_nll == nominal


def test_significance_of_one_bin_is_the_formula():
    # known background: Z = sqrt(2 [n ln(n/b) - (n - b)]) (arXiv:1007.1727 eq. 97)
    n, b = 25.0, 10.0
    found = significance(counting(n, sigma=1e-4))
    assert found.z == pytest.approx(np.sqrt(2 * (n * np.log(n / b) - (n - b))), rel=1e-4)
    assert found.p_value == pytest.approx(NormalDist().cdf(-found.z), rel=1e-9)  # rounding
    assert significance(counting(5)).z is None  # a deficit has no significance
    best = fit(counting(25), poi="s")
    at_best = significance(counting(25), null=best["s"].value, best=best)
    assert at_best.z is None  # nor has what does not exceed the null value


def test_interval_of_one_bin_without_background():
    from scipy.optimize import brentq

    def rise(s):  # the profile of one bin without background, in closed form
        return 2 * (s - 9 + 9 * np.log(9 / s)) - 1

    found = interval(counting(9, background=0.0, sigma=1e-5, lower=0.0))
    # the ends are searched to 1e-4 errors; the minimum is known to edm 2e-5
    expected = (brentq(rise, 1, 9), brentq(rise, 9, 20))
    assert (found.lower, found.upper) == pytest.approx(expected, abs=2e-3)


def test_interval_agrees_with_minos_and_stops_at_a_bound():
    model = with_data()
    best = fit(model)
    found = interval(model, best=best)
    p = best["cevns"]
    # MINOS solves for the crossing to 1 % of an error
    assert found.upper - p.value == pytest.approx(p.error_up, rel=0.01)
    assert p.value - found.lower == pytest.approx(p.error_down, rel=0.01)
    low = interval(counting(10, lower=0.0))
    assert low.lower_is_bound
    assert low.lower == 0.0


@pytest.mark.parametrize("error", [0.0, 1e-12, 1e-11, 1e-9, 4e-7, 1.0])
def test_the_end_beside_a_bound_does_not_depend_on_the_error_there(error):
    """A rate that goes with the square has no curvature at zero, so that HESSE finds any error."""
    y = Parameter("y", 0.0, lower=0.0, upper=1e-3, typical=1e-11, role="poi")
    model = counting_model("square", [y], [900.0], s=(np.array([1e24]), "y", "y"), b=([900.0],))
    best = fit(model, minos="none")
    fitted = {n: replace(p, value=0.0, error=error) for n, p in best.fitted.items()}
    upper, is_bound = endpoint(model, "y", 1, threshold(0.9), replace(best, fitted=fitted), None)
    s = 1e24 * upper**2
    assert not is_bound
    assert 2.0 * (s - 900.0 * np.log1p(s / 900.0)) == pytest.approx(threshold(0.9), rel=2e-3)


def test_profile_curve_refines_and_is_a_parabola_near_the_minimum():
    model = with_data()
    curve = profile(model, "cevns")
    assert np.all(np.diff(curve.values) > 0)
    best = curve.best["cevns"]
    z = (curve.values - best.value) / best.error
    near = np.abs(z) < 0.6
    # skewness: the third-order term is about 0.03 z^3 here (MINOS asymmetry 3 %)
    assert curve.rise[near] == pytest.approx(z[near] ** 2, abs=0.03)
    assert curve.theta.shape == (curve.values.size, 8)
    given = profile(model, "cevns", values=np.array([300.0, 350.0]), best=curve.best)
    assert given.values.tolist() == [300.0, 350.0]


def test_threshold():
    assert threshold(0.6826894921370859) == pytest.approx(1, abs=1e-12)
    with pytest.raises(InputError, match="between 0 and 1"):
        threshold(90)


def test_degenerate_fit_says_what_is_wrong():
    model = counting(25, constrained=False)  # s and b cannot be told apart
    with pytest.raises(FitError, match="degenerate"):
        fit(model)
    result = fit(model, raise_on_failure=False)
    assert not result.valid
    assert "NOT VALID" in str(result)


def test_record_prints_and_serialises():
    result = fit(with_data(), minos="all")
    table = str(result)
    assert "*cevns" in table
    assert "/ 98 dof" in table
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["poi"]["name"] == "cevns"
    assert plain["parameters"]["ssb"]["prior"] == {"mean": 1286, "sigma": 27}
    assert plain["parameters"]["t0"]["error_up"] > 0
    assert len(plain["correlation"]["matrix"]) == 8
    # by the closed form of the model at the fitted values, each component for itself
    exact = with_data().components(result.theta)
    assert plain["components"] == pytest.approx({k: v.sum() for k, v in exact.items()})
    assert plain["components"]["ssb"] == pytest.approx(plain["parameters"]["ssb"]["value"])
    with pytest.raises(UnknownNameError, match="did you mean 'cevns'"):
        result["cevn"]


def test_bad_arguments():
    model = with_data()
    with pytest.raises(UnknownNameError):
        fit(model, fix={"sbb": 1})
    with pytest.raises(InputError, match="outside its bounds"):
        fit(model, fix={"ssb": -1})
    with pytest.raises(InputError, match="minos="):
        fit(model, minos="some")
    with pytest.raises(InputError, match="the data have"):
        fit(model, data=Data(np.ones(3), np.zeros(8)))


def test_digest_sees_data_parameters_and_shapes():
    model = with_data()
    assert digest(model) == digest(with_data())
    assert digest(model) != digest(with_data(seed=8))
    assert digest(model) != digest(with_data("cross-section"))


def test_digest_sees_what_only_a_downward_pull_shows():
    """Two models that agree at and above the nominal point, and not below it."""

    def asymmetric(down):
        parameters = [Parameter("a", 0.0, constraint=Gaussian(0.0, 1.0))]
        strength = Interpolated("a", down, 1.2)
        return counting_model("asymmetric", parameters, [10.0], b=(10.0 * np.ones(1), strength))

    first, second = asymmetric(0.9), asymmetric(0.8)
    above = np.array([[0.0], [0.5], [1.0]])
    assert (first.expected(above) == second.expected(above)).all()
    assert digest(first) != digest(second)
