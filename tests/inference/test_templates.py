"""Template models: interpolation, derivatives, agreement with the exact model, builder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from csi_like import COUNTS, CsILike, template, with_data
from hypothesis import given
from hypothesis import strategies as st

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference import asimov, fit
from cevns.inference.model.cardinal_splines import CardinalSplines
from cevns.inference.model.expectation import LinearisedModel, differences
from cevns.inference.model.low_rank import Function, Group, ShapeNuisance, Template, TemplateModel
from cevns.inference.model.positivity import bend
from cevns.inference.model.template_builder import GroupSpec, build
from cevns.parameters import Gaussian, Parameter, Parameters

QUESTIONS = ("count", "cross-section")


class WithoutDerivative:
    """A model that hides its own derivative."""

    def __init__(self, model):
        self.parameters, self.expected = model.parameters, model.expected


def points(model, n=4, seed=1, size=0.7):
    scale = np.array([p.scale for p in model.parameters])
    return model.parameters.values + size * scale * np.random.default_rng(seed).normal(
        size=(n, len(scale))
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_derivatives_agree_with_differences(question):
    _, model = template(question)
    theta = points(model)
    mu, jac = model.linearise(theta)
    _, expected = differences(WithoutDerivative(model), theta)
    scale = np.array([p.scale for p in model.parameters])[:, None]
    assert mu == pytest.approx(model.expected(theta), rel=1e-13)  # the same sum, another order
    # central differences: 1e-9 relative of the largest move of a bin by one sigma
    assert np.abs((jac - expected) * scale).max() < 1e-7 * np.abs(expected * scale).max()


@pytest.mark.parametrize("question", QUESTIONS)
def test_pullback_is_the_transposed_jacobian(question):
    _, model = template(question)
    theta = points(model)
    vector = np.random.default_rng(3).normal(size=(99, len(theta)))
    mu, pullback = model.mean_and_pullback(theta.T)
    again, jac = model.mean_and_jacobian(theta.T)
    assert mu == pytest.approx(again, rel=1e-14)
    expected = np.einsum("kib,ib->kb", jac, vector)
    # rounding of sums of 99 products
    assert pullback(vector) == pytest.approx(expected, abs=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("question", QUESTIONS)
def test_template_equals_the_exact_model_at_its_variations(question):
    exact, model = template(question)
    for s in model.nuisances:
        for pull in s.knots or (-1.0, 0.0, 1.0):
            theta = exact.parameters.at({s.name: s.centre + pull * s.width}).values
            # equal by construction, but for rounding
            assert model.expected(theta) == pytest.approx(exact.expected(theta), rel=1e-11)


def test_count_is_the_count_whatever_the_shape():
    _, model = template("count")
    theta = points(model, size=2.0)
    for t in theta:
        assert model.components(t)["cevns"].sum() == pytest.approx(t[0], rel=1e-13)


@pytest.mark.parametrize("question", QUESTIONS)
def test_fits_of_template_and_exact_model_agree(question):
    exact, model = template(question, data=True)
    a, b = fit(exact), fit(model)
    # the template error within 1 sigma, 3e-3 in -2 ln L, moves an estimate by about 0.03 sigma
    for p in a:
        assert abs(b[p.name].value - p.value) < 0.03 * p.error, p.name
        assert b[p.name].error == pytest.approx(p.error, rel=0.02)
    assert b.twice_nll == pytest.approx(a.twice_nll, abs=model.accuracy.shift_3sigma)


def test_accuracy_is_what_it_says():
    exact, model = template("count")
    assert isinstance(model, LinearisedModel)
    assert "within 3 sigma" in str(model.accuracy)
    assert model.accuracy.shift_1sigma < 0.01
    assert model.accuracy.shift_3sigma < 0.1
    from cevns.inference.minimum.likelihood import Likelihood

    moved = {
        s.name: s.centre + model.accuracy.worst.get(s.name, 0.0) * s.width for s in model.nuisances
    }
    theta = exact.parameters.at(moved).values
    data = asimov(exact)
    shift = Likelihood.of(exact, data).twice_nll(theta) - Likelihood.of(model, data).twice_nll(
        theta
    )
    # at the reported point, on the exact model's data, the reported difference
    assert abs(shift) == pytest.approx(model.accuracy.shift_3sigma, rel=1e-6)


def test_cross_terms_only_where_they_matter():
    exact, with_crosses = template("count")
    without = build(exact, specs("count"), SHAPES, cross_term_shift=np.inf)
    assert without.accuracy.cross_terms == ()
    assert with_crosses.accuracy.cross_terms
    # what remains is the third order; the cross terms hold more than half of the difference
    assert with_crosses.accuracy.shift_3sigma < 0.5 * without.accuracy.shift_3sigma


SHAPES = ("qf.0", "qf.1", "efficiency", "t0")


def specs(question):
    from csi_like import specs as made

    return made(question)


# -- interpolation ------------------------------------------------------------------------------


def shape_model(variations, knots=()):
    """One bin, one nuisance."""
    names = Parameters([Parameter("n", 1.0), Parameter("a", 0.0, constraint=Gaussian(0, 1))])
    nuisance = ShapeNuisance("a", 0.0, 1.0, knots)
    nominal = 10.0
    if knots:
        templates = [
            Template("g", (("a", k),), np.array([v - nominal]))
            for k, v in zip(knots, variations, strict=True)
        ]
    else:
        down, up = variations
        templates = [
            Template("g", (("a", "linear"),), np.array([0.5 * (up - down)])),
            Template("g", (("a", "even"),), np.array([0.5 * (up + down) - nominal])),
        ]
    return TemplateModel(
        "one bin",
        names,
        np.zeros(1),
        (Group("g", ("n",)),),
        (nuisance,),
        (Template("g", (), np.array([nominal])), *templates),
    )


def at(model, alpha):
    return float(model.expected(np.array([1.0, alpha]))[0])


@given(st.floats(5, 20), st.floats(5, 20))
def test_interpolation_is_c2_and_straight_outside(down, up):
    for model, edges in (
        (shape_model((down, up)), (-1.0, 0.0, 1.0)),
        (shape_model((down, 10.0, up), (-1.0, 0.0, 1.0)), (-1.0, 0.0, 1.0)),
        (shape_model((down, up, 10.0, down), (-2.0, -1.0, 0.0, 1.5)), (-2.0, -1.0, 0.0, 1.5)),
    ):
        h = 1e-3
        for x in edges:
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
    model = shape_model((down, up))
    assert at(model, 1.0) == pytest.approx(up, rel=1e-13)
    assert at(model, -1.0) == pytest.approx(down, rel=1e-13)
    assert at(model, 0.0) == 10.0


def test_symmetric_variation_stays_linear():
    model = shape_model((8.0, 12.0))
    for alpha in (-2.5, -0.3, 0.7, 4.0):
        assert at(model, alpha) == pytest.approx(10 + 2 * alpha, rel=1e-14)


def test_splines_are_cardinal_and_agree_with_scipy():
    from scipy.interpolate import CubicSpline

    knots = (-3.0, -1.0, -0.5, 0.0, 1.0, 2.5)
    splines = CardinalSplines(knots)
    # the solution of a small linear system: rounding only
    assert splines.values(np.array(knots)) == pytest.approx(np.eye(6), abs=1e-12)
    x = np.linspace(-3, 2.5, 41)
    reference = CubicSpline(knots, np.eye(6), bc_type="natural")
    assert splines.values(x) == pytest.approx(reference(x).T, abs=1e-12)
    assert splines.slopes(x) == pytest.approx(reference(x, 1).T, abs=1e-11)


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

    names = Parameters([Parameter("s", 2.0), Parameter("t", 0.3), Parameter("n", 3.0)])
    counts = np.array([1.0, 2.0])
    models = [
        TemplateModel(
            "f",
            names,
            np.zeros(2),
            (Group("g", ("n", "s"), Function(("s", "t"), square, derivative)),),
            (),
            (Template("g", (), counts),),
        )
        for derivative in (
            None,
            lambda v: np.stack([2 * v[0] * np.exp(v[1]), v[0] ** 2 * np.exp(v[1])]),
        )
    ]
    theta = names.values[None]
    for model in models:
        mu, jac = model.linearise(theta)
        assert mu[0] == pytest.approx(3 * 2**3 * np.exp(0.3) * counts, rel=1e-14)
        expected = [3 * 3 * 2**2, 3 * 2**3, 2**3] * np.exp(0.3)[None]
        # the function's derivative by central differences is good to 1e-9
        assert jac[0, :, 0] == pytest.approx(expected, rel=1e-8)


def test_polynomial_dependence_is_taken_from_the_model():
    @dataclass(frozen=True)
    class Quadratic:
        name = "quadratic"
        observed = np.zeros(3)
        parameters = Parameters([Parameter("s2", 0.24, lower=0, upper=1), Parameter("b", 5.0)])

        def expected(self, theta):
            s2, b = theta[..., :1], theta[..., 1:]
            return (1.0 - 2.0 * s2 + 3.0 * s2**2) * np.array([1.0, 2.0, 3.0]) + b

        def components(self, theta):
            signal = (1.0 - 2.0 * theta[0] + 3.0 * theta[0] ** 2) * np.array([1.0, 2.0, 3.0])
            return {"signal": signal, "b": theta[1] * np.ones(3)}

    model = build(Quadratic(), (GroupSpec("signal", polynomial="s2"), GroupSpec("b", ("b",))), ())
    theta = np.array([[0.05, 4.0], [0.6, 6.0]])
    assert model.expected(theta) == pytest.approx(Quadratic().expected(theta), rel=1e-12)


def test_wrong_declarations():
    exact = CsILike("cross-section")
    with pytest.raises(InputError, match="the groups hold"):
        build(exact, (GroupSpec("ssb", ("ssb",)),), SHAPES)
    groups = specs("cross-section")
    with pytest.raises(UnknownNameError, match="efficiency"):
        build(exact, groups, ("effic",))
    wrong = replace(groups[0], factors=("scale", "flux", "t0"))
    with pytest.raises(InputError, match="not a product"):
        build(exact, (wrong, *groups[1:]), ("qf.0",))
    with pytest.raises(InputError, match="unknown group"):
        TemplateModel("x", exact.parameters, np.zeros(1), (), (), (Template("g", (), np.zeros(1)),))
    _, model = template("count")
    with pytest.raises(InputError, match="bins where the data have"):
        model.with_observed(np.zeros(4))


def test_groups_sum_components():
    exact, model = template("count")
    theta = exact.parameters.values
    signal = sum(exact.components(theta)[c] for c in COUNTS)
    assert model.components(theta)["cevns"] == pytest.approx(signal, rel=1e-12)
    assert with_data().observed.sum() > 0
