"""Shapes and what multiplies them: interpolation, derivatives, tabulated against exact, bending."""

from __future__ import annotations

import numpy as np
import pytest
from csi_like import template
from hypothesis import given
from hypothesis import strategies as st
from own_functions import FunctionFactor

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference import Channel, Component, Model, fit
from cevns.inference.model.shapes import Morph, fixed
from cevns.inference.statistics.poisson import bend
from cevns.parameters import Gaussian, Parameter, Parameters

QUESTIONS = ("count", "cross-section")


def points(model, n=4, seed=1, size=0.7):
    scale = np.array([p.scale for p in model.parameters])
    return model.parameters.values + size * scale * np.random.default_rng(seed).normal(
        size=(n, len(scale))
    )


# -- an experiment's signal, tabulated -----------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_derivatives_agree_with_differences(question):
    _, model = template(question)
    theta = points(model)
    mu, jac = model.linearise(theta)
    scale = np.array([p.scale for p in model.parameters])
    steps = 1e-4 * np.diag(scale)
    up, down = (model.expected(theta[:, None] + s * steps) for s in (1.0, -1.0))
    expected = (up - down) / 2e-4  # of a move by one sigma
    assert mu == pytest.approx(model.expected(theta), rel=1e-13)  # the same sum, another order
    # central differences: 1e-8 relative of the largest move of a bin by one sigma
    assert np.abs(jac * scale[:, None] - expected).max() < 1e-7 * np.abs(expected).max()


@pytest.mark.parametrize("question", QUESTIONS)
def test_gradient_is_the_transposed_jacobian(question):
    _, model = template(question)
    theta = points(model)
    vector = np.random.default_rng(3).normal(size=(99, len(theta)))
    point = model.at(model.channels[0], np.ascontiguousarray(theta.T))
    mu, jac = model.linearise(theta)
    assert pytest.approx(mu, rel=1e-14) == point.mean.T
    expected = np.einsum("bki,ib->kb", jac, vector)
    found = point.gradient(model.parameters.names, vector)
    # rounding of sums of 99 products
    assert found == pytest.approx(expected, abs=1e-12 * np.abs(expected).max())


def test_count_is_the_count_whatever_the_shape():
    _, model = template("count")
    for t in points(model, size=2.0):
        assert model.components(t)["cevns"].sum() == pytest.approx(t[0], rel=1e-13)


@pytest.mark.parametrize("question", QUESTIONS)
def test_fits_of_tabulated_and_exact_model_agree(question):
    exact, model = template(question, data=True)
    a, b = fit(exact), fit(model)
    # the error of the table within 1 sigma, 3e-3 in -2 ln L, moves an estimate by 0.03 sigma
    for p in a:
        assert abs(b[p.name].value - p.value) < 0.03 * p.error, p.name
        assert b[p.name].error == pytest.approx(p.error, rel=0.02)
    assert b.twice_nll == pytest.approx(a.twice_nll, abs=0.01)


# -- templates and their variations --------------------------------------------------------------


def shape_model(down, up):
    """One bin of ten counts, one nuisance."""
    names = Parameters([Parameter("n", 1.0), Parameter("a", 0.0, constraint=Gaussian(0, 1))])
    odd, even = np.array([0.5 * (up - down)]), np.array([0.5 * (up + down) - 10.0])
    morph = Morph(np.array([10.0]), {"a": odd}, {"a": even}, {"a": (0.0, 1.0)})
    channel = Channel("one bin", np.zeros(1), (Component("g", morph, ("n",)),))
    return Model("one bin", names, (channel,))


def at(model, alpha):
    return float(model.expected(np.array([1.0, alpha]))[0])


@given(st.floats(5, 20), st.floats(5, 20))
def test_interpolation_is_c2_and_straight_outside(down, up):
    model = shape_model(down, up)
    h = 1e-3
    for x in (-1.0, 0.0, 1.0):
        left = [at(model, x - i * h) for i in range(4)]
        right = [at(model, x + i * h) for i in range(4)]
        # one-sided differences of second order: errors h^2 f''' and h f''' with |f'''| < 200
        slope_l = (3 * left[0] - 4 * left[1] + left[2]) / (2 * h)
        slope_r = (-3 * right[0] + 4 * right[1] - right[2]) / (2 * h)
        assert slope_l == pytest.approx(slope_r, abs=400 * h**2 + 1e-8)
        bend_l = (left[0] - 2 * left[1] + left[2]) / h**2
        bend_r = (right[0] - 2 * right[1] + right[2]) / h**2
        assert bend_l == pytest.approx(bend_r, abs=400 * h + 1e-6)
    for far in (4.0, -4.0):
        line = at(model, 1.25 * far) - 2 * at(model, 1.5 * far) + at(model, 1.75 * far)
        assert line == pytest.approx(0, abs=1e-10)  # rounding


@given(st.floats(5, 20), st.floats(5, 20))
def test_interpolation_meets_its_variations(down, up):
    model = shape_model(down, up)
    assert at(model, 1.0) == pytest.approx(up, rel=1e-13)
    assert at(model, -1.0) == pytest.approx(down, rel=1e-13)
    assert at(model, 0.0) == 10.0


def test_symmetric_variation_stays_linear():
    model = shape_model(8.0, 12.0)
    for alpha in (-2.5, -0.3, 0.7, 4.0):
        assert at(model, alpha) == pytest.approx(10 + 2 * alpha, rel=1e-14)


@given(st.floats(0.01, 10), st.floats(-50, 50))
def test_bend_is_positive_monotonic_and_c2(floor, mu):
    value, slope, curvature = (float(a) for a in bend(np.array(mu), np.array(floor)))
    assert value >= 0.5 * floor
    assert 0 <= slope <= 1
    h = 1e-4 * floor
    up, down = bend(np.array(mu + h), np.array(floor)), bend(np.array(mu - h), np.array(floor))
    # differences: error h^2 times the third derivative (below 30/floor^2), and rounding
    assert slope == pytest.approx(float(up[0] - down[0]) / (2 * h), abs=1e-6 + 1e-11 * abs(mu) / h)
    assert curvature * floor == pytest.approx(float(up[1] - down[1]) / (2 * h) * floor, abs=1e-2)
    if mu >= floor:
        assert (value, slope, curvature) == (mu, 1.0, 0.0)


def test_bend_without_floor_cuts_at_zero():
    value, slope, _ = bend(np.array([-1.0, 0.5]), np.zeros(2))
    assert value.tolist() == [0.0, 0.5]
    assert slope.tolist() == [0.0, 1.0]


# -- declarations -------------------------------------------------------------------------------


def test_function_as_coefficient():
    def square(values):
        return values[0] ** 2 * np.exp(values[1])

    def derivative(v):
        return np.stack([2 * v[0] * np.exp(v[1]), v[0] ** 2 * np.exp(v[1])])

    names = Parameters([Parameter("s", 2.0), Parameter("t", 0.3), Parameter("n", 3.0)])
    counts = np.array([1.0, 2.0])
    theta = names.values[None]
    for slopes in (None, derivative):
        strength = ("n", "s", FunctionFactor(("s", "t"), square, slopes))
        channel = Channel("c", np.zeros(2), (Component("g", fixed(counts), strength),))
        mu, jac = Model("f", names, (channel,)).linearise(theta)
        assert mu[0] == pytest.approx(3 * 2**3 * np.exp(0.3) * counts, rel=1e-14)
        expected = [3 * 3 * 2**2, 3 * 2**3, 2**3] * np.exp(0.3)[None]
        # the function's derivative by central differences is good to 1e-9
        assert jac[0, :, 0] == pytest.approx(expected, rel=1e-8)


def test_wrong_declarations():
    one, two = np.ones(1), np.ones(2)
    with pytest.raises(InputError, match="'g' has 2 bins where the data have 1"):
        Channel("c", one, (Component("g", fixed(two)),))
    with pytest.raises(InputError, match="at least one component"):
        Channel("c", one, ())
    with pytest.raises(InputError, match="the floor needs one value for each bin"):
        Channel("c", one, (Component("g", fixed(one)),), floor=two)
    with pytest.raises(InputError, match="do not fill axes"):
        Channel("c", two, (Component("g", fixed(two)),), shape=(2, 2))
    for odd, units in (({"a": two}, {"a": (0.0, 1.0)}), ({"a": one}, {})):
        with pytest.raises(InputError, match="the variation 'a'"):
            Morph(one, odd, {}, units)
    channel = Channel("c", one, (Component("g", fixed(one), ("efficiency",)),))
    with pytest.raises(UnknownNameError, match="efficiency"):
        Model("m", Parameters([Parameter("effic", 1.0)]), (channel,))
    with pytest.raises(InputError, match="two channels have the same name"):
        Model("m", Parameters([Parameter("efficiency", 1.0)]), (channel, channel))
    _, model = template("count")
    with pytest.raises(InputError, match="4 observed counts for 99 bins"):
        model.with_observed(np.zeros(4))
