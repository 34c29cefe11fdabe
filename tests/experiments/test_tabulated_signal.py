"""The tabulated signal against the exact one, and the objective that fits of both minimise."""

import numpy as np
import pytest
from numerical import differences

import cevns
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference import Data, Likelihood, asimov
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.expectation import constraint_arrays

QUESTIONS = ("count", "cross-section", "sin2-theta-w")
RADIUS = {"parameters.form_factor": "{constraint: 1.00 +/- 0.05, acts_on: neutron-radius}"}


def somewhere(model, n, size, seed=3):
    """Points up to `size` prior widths away in every nuisance, less in the efficiency."""
    rng = np.random.default_rng(seed)
    points = np.tile(model.parameters.values, (n, 1))
    for i, p in enumerate(model.parameters):
        if p.role == "nuisance":
            reach = 0.4 if p.name == "efficiency" else 1.0  # the data hold it that well
            points[:, i] += p.scale * rng.uniform(-size, size, n) * reach
    return points


@pytest.fixture(scope="module")
def experiment():
    return load("coherent-csi-2021")


@pytest.mark.parametrize("question", QUESTIONS)
def test_tabulated_against_exact(experiment, question):
    exact = experiment.model(question)
    model = fast_form(exact)[0]
    points = somewhere(exact, 100, 1.0)
    data = asimov(exact)
    values = [Likelihood.of(m, data).twice_nll(points) for m in (exact, model)]
    # half of what the fast form promises
    assert np.abs(values[0] - values[1]).max() < 5e-3
    nominal = exact.parameters.values
    # the nominal response is one of those that the table is made of
    np.testing.assert_allclose(model.expected(nominal), exact.expected(nominal), rtol=1e-11)


def test_couplings_are_exact_in_the_table(experiment):
    exact = experiment.model("sin2-theta-w")
    model = fast_form(exact)[0]
    for angle in (0.05, 0.2, 0.5, 0.9):
        point = exact.parameters.at({"sin2_theta_w": angle}).values
        # a quadratic form, and pulls are at zero: nothing is approximate
        np.testing.assert_allclose(model.expected(point), exact.expected(point), rtol=1e-11)


def test_radius_and_couplings_together_are_in_the_table():
    exact = cevns.load("coherent-csi-2021", overrides=RADIUS).model("sin2-theta-w")
    model = fast_form(exact)[0]
    for radius in (0.8, 0.95, 1.2):
        point = exact.parameters.at({"form_factor": radius, "sin2_theta_w": 0.3}).values
        # at zero pulls the tabulated response is the exact one; radii are interpolated
        np.testing.assert_allclose(model.expected(point), exact.expected(point), rtol=1e-9)


@pytest.mark.parametrize("form", ["exact", "tabulated"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_derivatives_and_objective(question, form):
    exact = cevns.load("coherent-csi-2021", overrides=RADIUS).model(question)
    model = exact if form == "exact" else fast_form(exact)[0]
    points = somewhere(model, 6, 1.5)
    mu, jac = model.linearise(points)
    by_differences = differences(model, points)
    scale = np.abs(by_differences).max(axis=(0, 2), keepdims=True) + 1e-300
    assert np.abs((jac - by_differences) / scale).max() < 1e-6  # rounding of differences
    counts = np.random.default_rng(0).poisson(mu).astype(float).T
    aux = np.tile(model.parameters.values, (6, 1)).T
    # the structure of the signal is used to the full: here are plain sums over the bins
    mean, weight = (a[:, None] for a in constraint_arrays(model.parameters))
    gradient = np.einsum("bki,ib->kb", jac, 1.0 - counts / mu.T) + weight * (points.T - mean)
    # the trace that keeps the matrix of empty bins definite is part of it
    curvature = np.einsum("bki,ib,bli->klb", jac, (counts / mu.T + 1e-4) / mu.T, jac)
    curvature += np.diag(weight[:, 0])[:, :, None]
    found = Objective(model).evaluate(points.T, Data(counts, aux))
    value = found[0] + Objective(model).constant(counts)
    nll = [
        float(Likelihood.of(model, Data(counts[:, i], aux[:, i])).twice_nll(points[i]))
        for i in range(6)
    ]
    wanted = np.array(nll), 2.0 * gradient, 2.0 * curvature
    for a, b in zip((value, *found[1:]), wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * np.abs(b).max())
    gradient = Objective(model).gradient(points.T, Data(counts, aux))
    np.testing.assert_allclose(gradient, wanted[1], atol=1e-8)


def test_the_error_of_the_table_is_reported(experiment):
    model, error = fast_form(experiment.model())
    assert error.small
    assert 0.0 < error.shift < 0.01
    assert 0.0 < error.count < 1e-4
    assert "-2lnL differs by at most" in str(error)
    assert model.parameters.names == experiment.model().parameters.names
