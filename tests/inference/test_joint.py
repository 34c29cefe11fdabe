"""Joint models: one parameter a quantity, constraints once, channels that agree with the sum."""

from __future__ import annotations

import pickle
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from csi_like import template
from lar_like import FLUX, lar_like
from scan_models import counting_model

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference import Data, Model, asimov, fit
from cevns.inference.minimum.batch import STATUS, BatchFitter
from cevns.inference.minimum.information import information_shares
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import draw
from cevns.inference.model.expectation import constraint_arrays
from cevns.inference.model.joining import join, shared_parameters
from cevns.inference.toys.toy_run import run_toys
from cevns.parameters import Gaussian, Parameter, Parameters

SCALE = ("scale", "signal")
SIGMA = 0.1


def counting(n, *, shared=True, constraint=Gaussian(1.0, SIGMA), value=1.0, unit=""):  # noqa: B008
    """One bin that expects signal x flux counts."""
    parameters = [
        Parameter("signal", n, role="poi", lower=0.0),
        Parameter("flux", value, unit=unit, constraint=constraint, shared=shared, lower=0.0),
    ]
    return counting_model("one bin", parameters, [n], signal=(np.ones(1), "signal", "flux"))


@pytest.fixture(scope="module")
def parts():
    """A 99-bin model, with its scale called a cross section, and a 960-bin model."""
    csi = template("cross-section")[1]
    (channel,) = csi.channels
    scale, *others = csi.parameters
    rename = {own: name for own, name in channel.rename.items() if name != "scale"}
    parameters = Parameters([replace(scale, name="cross_section"), *others])
    return {
        "csi": Model(csi.name, parameters, (replace(channel, rename=rename),)),
        "lar": lar_like(),
    }


@pytest.fixture(scope="module")
def both(parts):
    """Both with a common scale and a common flux."""
    named = {"flux": "sns.flux"}
    return join(parts, common={"csi": named}, scale=("cross_section_scale", "cross_section"))


def differences(model, theta):
    """Derivatives by central differences, ``(B, n_par, n_bins)``."""
    steps = 1e-5 * np.diag([p.scale for p in model.parameters])
    up, down = (model.expected(theta[:, None] + s * steps) for s in (1.0, -1.0))
    return (up - down) / (2.0 * steps.diagonal()[:, None])


def test_names_and_numbers(parts, both):
    csi, lar = parts.values()
    # the scale and the flux are one parameter each
    assert len(both.parameters) == len(csi.parameters) + len(lar.parameters) - 2
    assert both.parameters.names[:2] == ("cross_section_scale", "sns.flux")
    assert "csi.t0" in both.parameters.names
    common = {"cross_section_scale": ("csi", "lar"), "sns.flux": ("csi", "lar")}
    assert shared_parameters(both) == common
    assert both.observed.shape == (99 + 960,)


def test_expectation_is_that_of_the_parts(parts, both):
    theta = both.parameters.at({"cross_section_scale": 1.3, "sns.flux": 0.9}).values
    lar = parts["lar"]
    own = lar.parameters.at({"cross_section": 1.3 * 18.0, "sns.flux": 0.9}).values
    np.testing.assert_array_equal(both.expected(theta)[99:], lar.expected(own))
    components = both.components(theta)
    np.testing.assert_allclose(sum(components.values()), both.expected(theta), rtol=1e-13)
    assert not components["lar.brn"][:99].any()
    batch = np.stack([theta, both.parameters.values])
    np.testing.assert_allclose(both.expected(batch)[0], both.expected(theta), rtol=1e-13)


def test_remembered_expectations_are_those_of_their_point(both):
    theta = both.parameters.values
    first = both.expected(theta).copy()
    moved = theta.copy()
    moved[0] = 1.5
    assert not np.allclose(both.expected(moved), first)
    np.testing.assert_array_equal(both.expected(theta), first)
    copy = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(copy.expected(theta), first)


def test_linearise_is_the_derivative(both):
    theta = both.parameters.values[None, :] * [[1.02]]
    mu, jac = both.linearise(theta)
    numeric = differences(both, theta)
    np.testing.assert_allclose(mu, both.expected(theta), rtol=1e-12)
    # central differences are good to 1e-9 of the largest slope of a parameter
    largest = np.abs(numeric).max(axis=-1, keepdims=True)
    assert (np.abs(jac - numeric) < 1e-7 * largest).all()


def test_channels_agree_with_the_linearisation(both):
    """Two independent ways to value, gradient and curvature."""
    rng = np.random.default_rng(3)
    parameters = both.parameters
    sigma = np.array([p.scale for p in parameters])[:, None]
    theta = parameters.values[:, None] + 0.3 * sigma * rng.uniform(-1, 1, (len(parameters), 70))
    counts = rng.poisson(both.expected(parameters.values)[:, None], (1059, 70)).astype(float)
    aux = theta + 0.1 * sigma
    target = Objective(both)
    weight = target.inverse_variance[:, None]
    mu, jacobian = both.linearise(theta.T)
    found = [
        p.channel.statistic.evaluate(mu.T[p.bins], counts[p.bins], p.floor) for p in target.parts
    ]
    residual, curvature = (np.concatenate([f[k] for f in found]) for k in (1, 2))
    plain = (
        sum(f[0] for f in found) + np.sum(weight * (theta - aux) ** 2, axis=0),
        2 * np.einsum("bki,ib->kb", jacobian, residual) + 2 * weight * (theta - aux),
        2 * np.einsum("bki,ib,bli->klb", jacobian, curvature, jacobian, optimize=True)
        + 2 * np.diag(weight[:, 0])[:, :, None],
    )
    parts = target.evaluate(theta, Data(counts, aux))
    for a, b in zip(plain, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.abs(a).max())  # rounding
    np.testing.assert_allclose(target.gradient(theta, Data(counts, aux)), parts[1], rtol=1e-9)


def test_a_shared_constraint_counts_once():
    """One flux: its error adds to the combined one. Two fluxes: each experiment has its own."""
    n = 400.0, 900.0
    shared = join({"a": counting(n[0]), "b": counting(n[1])}, scale=SCALE)
    local = join(
        {"a": counting(n[0], shared=False), "b": counting(n[1], shared=False)}, scale=SCALE
    )
    assert shared.parameters.names == ("scale", "flux")
    assert local.parameters.names == ("scale", "a.flux", "b.flux")
    once = sqrt(1.0 / sum(n) + SIGMA**2)
    independent = 1.0 / sqrt(sum(1.0 / (1.0 / m + SIGMA**2) for m in n))
    # HESSE differentiates numerically: a relative 1e-3 of the error
    assert fit(shared)["scale"].error == pytest.approx(once, rel=1e-3)
    assert fit(local)["scale"].error == pytest.approx(independent, rel=1e-3)
    # the constraint is in the sum of the squared pulls once
    theta = np.array([1.0, 1.2])
    weight = constraint_arrays(shared.parameters)[1]
    assert weight @ (theta - 1.0) ** 2 == pytest.approx((0.2 / SIGMA) ** 2)


def test_information_shares_of_counting_experiments():
    """Profiling the flux leaves 1/(1 + N sigma^2) of the information to the counts."""
    n = 40.0, 160.0
    model = join({"a": counting(n[0]), "b": counting(n[1])}, scale=SCALE)
    shares = information_shares(model, model.parameters.values, "scale")
    left = 1.0 / (1.0 + sum(n) * SIGMA**2)
    assert shares == pytest.approx(
        {"a": left * n[0] / sum(n), "b": left * n[1] / sum(n), "shared constraints": 1.0 - left}
    )
    held = information_shares(model, model.parameters.values, "scale", ["flux"])
    assert held == pytest.approx({"a": 0.2, "b": 0.8, "shared constraints": 0.0})
    with pytest.raises(InputError, match="'scale' is fixed"):
        information_shares(model, model.parameters.values, "scale", ["scale"])


def test_joint_fit_returns_the_truth(both):
    truth = {"cross_section_scale": 1.2, "sns.flux": 1.05, "lar.cevns_f90": 0.6, "csi.t0": 0.49}
    result = fit(both, data=asimov(both, truth), minos="none")
    for name, value in truth.items():
        # edm below 2e-5 leaves the minimum within sqrt(2e-5) = 0.005 errors
        assert abs(result[name].value - value) < 0.01 * result[name].error
    assert result.twice_nll == pytest.approx(0.0, abs=1e-4)


def test_batched_fits_agree_with_iminuit(both):
    rng = np.random.default_rng(11)
    theta = both.parameters.values
    toys = draw(both, theta, rng, 12)
    batch = BatchFitter(both).fit(toys, theta)
    assert {STATUS[s] for s in batch.status} <= {"converged", "second pass"}
    for i in range(12):
        one = fit(both, data=toys.columns(i), minos="none")
        # both stop within their edm goal, 2e-5 for iminuit
        assert batch.twice_nll[i] == pytest.approx(one.twice_nll, abs=2e-4)
        shift = (batch.theta[i, 0] - one.theta[0]) / one["cross_section_scale"].error
        assert abs(shift) < 0.02


def test_toys_of_a_960_bin_model_need_no_iminuit():
    """Weak shape nuisances and a background at its bound converge by themselves."""
    lar = lar_like()
    model = join({"a": lar}, scale=("cross_section_scale", "cross_section"))
    toys = run_toys(model, 600, seed=5, coverage=False, workers=1, audit=0.01)
    assert toys.statuses["failed"] == 0
    assert toys.statuses["iminuit"] <= 6  # a per cent
    pull = toys.pulls["cross_section_scale"]
    # skewed by a tenth of an error at these counts; 4 standard errors beside it
    assert abs(pull.mean) < 0.1 + 4 * pull.mean_error
    assert abs(pull.sd - 1.0) < 0.05 + 4 * pull.sd_error


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"constraint": Gaussian(1.0, 0.05)}, r"1 \+/- 0.1 in a and 1 \+/- 0.05 in b"),
        ({"constraint": None}, r"1 \+/- 0.1 in a and 1 in b"),
        ({"unit": "us"}, r"1 \+/- 0.1 in a and 1 \+/- 0.1 us in b"),
        ({"value": 1.1}, r"1 \+/- 0.1, starting at 1.1 in b"),
    ],
)
def test_conflicting_declarations_are_refused(other, said):
    with pytest.raises(InputError, match=f"shared parameter 'flux' is .*{said}"):
        join({"a": counting(10.0), "b": counting(10.0, **other)})


def test_other_mistakes():
    with pytest.raises(InputError, match="at least one model"):
        join({})
    with pytest.raises(UnknownNameError, match="'flix'"):
        join({"a": counting(10.0)}, common={"a": {"flix": "flux"}})
    with pytest.raises(InputError, match="cannot be the unit of a scale"):
        join({"a": counting(0.0)}, scale=SCALE)
    model = join({"a": counting(10.0)})
    with pytest.raises(InputError, match="not those of the model"):
        model.with_parameters(Parameters([Parameter("x", 1.0)]))


def test_bounds_are_those_of_both():
    a, b = lar_like(), lar_like(FLUX)
    narrow = [
        Parameter("sns.flux", 1.0, constraint=FLUX, shared=True, lower=0.5, upper=2.0)
        if p.name == "sns.flux"
        else p
        for p in b.parameters
    ]
    model = join({"a": a, "b": b.with_parameters(Parameters(narrow))})
    assert (model.parameters["sns.flux"].lower, model.parameters["sns.flux"].upper) == (0.5, 2.0)
