"""The contracts of a model: statistics, shapes, strengths, supports, stacked models, floors.

Each contract is held by a toy implementation whose answer is known in another way: by hand, by
scipy, or by differences of the likelihood itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from own_functions import FunctionFactor
from scipy import stats

from cevns.exceptions import InputError
from cevns.inference import fit, function_model
from cevns.inference.factors.interpolated import Interpolated
from cevns.inference.factors.linear import Linear
from cevns.inference.factors.log_normal import LogNormal
from cevns.inference.factors.power import Power
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.expectation import Model
from cevns.inference.model.factors import NamedFactor, Values
from cevns.inference.model.joining import join
from cevns.inference.model.mapped import Mapped
from cevns.inference.model.rows import OuterRows
from cevns.inference.model.shapes import (
    ComputedShape,
    FunctionShape,
    GridShape,
    Morph,
    Stacked,
    fixed,
)
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.inference.statistics.poisson import Poisson
from cevns.inference.statistics.unbinned import Unbinned
from cevns.morphing import ParameterGrid
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.typing import Array

RNG = np.random.default_rng(8)
N = 6


def parameters(*names: str) -> Parameters:
    """Constrained pulls called as told, and positive free counts called n..."""
    out = []
    for name in names:
        if name.startswith("n"):
            out.append(Parameter(name, 5.0, lower=0.0, role="poi"))
        else:
            out.append(Parameter(name, 0.1, constraint=Gaussian(0.0, 1.0)))
    return Parameters(out)


def morph() -> Morph:
    nominal = RNG.uniform(5.0, 9.0, N)
    return Morph(
        nominal,
        {"a": RNG.uniform(-1, 1, N), "b": RNG.uniform(-1, 1, N)},
        {"a": RNG.uniform(-0.5, 0.5, N)},
        {"a": (0.0, 1.0), "b": (0.5, 2.0)},
    )


@dataclass(frozen=True, eq=False)
class Outer(ComputedShape):
    """Energies that move with a times arrival times that move with t0, over (3, 2) cells."""

    held: frozenset[str] = frozenset()
    n_bins = N
    parameters = ("a", "t0")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(n for n in self.parameters if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> Outer:
        return Outer(self.held | frozenset(names))

    def rows(self, values: Values, like: np.ndarray) -> OuterRows:
        a, t0 = values["a"] + like, values["t0"] + like
        energy = np.stack([np.array([[4.0], [3.0], [2.0]]) + e * a for e in (0.3, 0.6)])
        slope = np.stack([e * np.ones((3, 1)) + 0 * a for e in (0.3, 0.6)])
        time = np.stack([np.stack([1.0 + 0.1 * t0, 2.0 - 0.1 * t0]), np.stack([t0 * 0 + 1.0] * 2)])
        moved = np.stack([np.stack([0.1 + 0 * t0, -0.1 + 0 * t0]), np.zeros((2, t0.size))])
        rows = [energy] if "a" in self.held else [energy, slope]
        return OuterRows(np.stack(rows), time, None if "t0" in self.held else moved)


def function() -> FunctionShape:
    x = np.linspace(0.5, 1.5, N)
    return FunctionShape(
        ("a", "b"), N, lambda at: 6.0 + at[:, :1] * x + np.exp(0.2 * at[:, 1:]) * x**2
    )


def mapped() -> Mapped:
    return Mapped(morph(), RNG.uniform(0.2, 1.0, (N, N)))


def channel(*components: Component, **options: object) -> Channel:
    return Channel("c", RNG.poisson(12.0, N).astype(float), components, **options)  # type: ignore[arg-type]


MODELS = {
    "templates": (
        channel(Component("s", morph(), ("n1",)), Component("b", fixed(np.ones(N)))),
        "n1 a b",
    ),
    "normalised": (
        channel(
            Component("s", morph(), ("n1",), normalised=True), Component("b", fixed(np.ones(N)))
        ),
        "n1 a b",
    ),
    "outer": (channel(Component("s", Outer(), ("n1", 0.2))), "n1 a t0"),
    "outer, normalised, over templates": (
        channel(
            Component("s", Outer(), ("n1",), normalised=True),
            Component("b", morph(), ("n2", LogNormal("c", 1.1))),
        ),
        "n1 n2 a b c t0",
    ),
    "function over templates": (
        channel(Component("s", function(), (Linear("c", 0.1),)), Component("b", morph(), ("n1",))),
        "n1 a b c",
    ),
    "two computed shapes": (
        channel(
            Component("s", function(), ("n1",)),
            Component("o", Outer()),
            Component("b", fixed(np.ones(N)), ("n2",)),
        ),
        "n1 n2 a b t0",
    ),
    "mapped": (channel(Component("s", mapped(), (0.3, "n1"))), "n1 a b"),
    "functions of parameters": (
        channel(
            Component(
                "s",
                fixed(np.arange(1.0, N + 1)),
                (Interpolated("a", 0.8, 1.3, code=4), Interpolated("b", 0.9, 1.2)),
            ),
            Component(
                "b", fixed(np.ones(N)), (FunctionFactor(("a", "c"), lambda v: 2.0 + v[0] * v[1]),)
            ),
        ),
        "a b c",
    ),
    "covariance": (
        channel(
            Component("s", morph(), ("n1",)),
            statistic=GaussianValues(covariance=np.diag(np.arange(1.0, N + 1)) + 0.3),
        ),
        "n1 a b",
    ),
    "two-sided": (
        channel(
            Component("s", morph(), ("n1",)),
            statistic=GaussianValues(up=np.full(N, 2.0), down=np.full(N, 3.0)),
        ),
        "n1 a b",
    ),
    "unbinned": (
        Channel("c", np.ones(N), (Component("s", function(), ("n1",)),), statistic=Unbinned()),
        "n1 a b",
    ),
}


def made(name: str) -> Model:
    c, names = MODELS[name]
    return Model(name, parameters(*names.split()), (c,))


def points(model: Model, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameter points, data and auxiliary measurements, batch last."""
    theta = model.parameters.values[:, None] + RNG.uniform(-0.4, 0.4, (len(model.parameters), n))
    counts = np.repeat(model.observed[:, None], n, axis=1)
    return theta, counts, RNG.uniform(-0.3, 0.3, theta.shape)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_that_of_the_value(name: str) -> None:
    model = made(name)
    target = Objective(model)
    theta, counts, aux = points(model, 5)
    value, gradient, _ = target.evaluate(theta, Data(counts, aux))
    assert_allclose(target.gradient(theta, Data(counts, aux)), gradient, rtol=1e-12, atol=1e-12)
    assert_allclose(target.values(theta, Data(counts, aux)), value, rtol=1e-13)
    for k in range(len(theta)):
        step = np.zeros_like(theta)
        step[k] = 1e-5
        up, down = (target.values(theta + s * step, Data(counts, aux)) for s in (1.0, -1.0))
        assert_allclose(gradient[k], (up - down) / 2e-5, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", MODELS)
def test_curvature_is_made_of_the_derivatives_of_the_expectation(name: str) -> None:
    model = made(name)
    theta, counts, aux = points(model, 4)
    _, _, curvature = Objective(model).evaluate(theta, Data(counts, aux))
    mu, jacobian = model.linearise(theta.T)
    assert_allclose(mu, model.expected(theta.T), rtol=1e-13)
    c = model.channels[0]
    _, _, weight = c.statistic.evaluate(mu.T, counts, np.zeros((N, 1)))
    if c.statistic.transform is not None:
        jacobian = jacobian @ c.statistic.transform.T
    wanted = 2.0 * np.einsum("bki,ib,bli->klb", jacobian, weight, jacobian)
    pulls = np.diag([2.0 if p.constraint else 0.0 for p in model.parameters])
    assert_allclose(curvature, wanted + pulls[:, :, None], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_slopes_of_what_a_fit_holds_are_left_out_and_the_others_are_the_same(name: str) -> None:
    model = made(name)
    theta, counts, aux = points(model, 3)
    held = [p.name for p in model.parameters][1:2]
    free = [i for i, p in enumerate(model.parameters) if p.name not in held]
    all_of_it = Objective(model).evaluate(theta, Data(counts, aux))
    without = Objective(model, frozenset(held)).evaluate(theta, Data(counts, aux))
    assert_allclose(without[0], all_of_it[0], rtol=1e-13)
    assert_allclose(without[1][free], all_of_it[1][free], rtol=1e-12, atol=1e-12)
    kept = np.ix_(free, free)
    assert_allclose(without[2][kept], all_of_it[2][kept], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["templates", "function over templates", "covariance"])
def test_components_add_up_to_the_expectation(name: str) -> None:
    model = made(name)
    theta = model.parameters.values
    total = sum(model.components(theta).values())
    assert_allclose(total, model.expected(theta), rtol=1e-13)


def test_many_data_sets_are_cut_where_their_bins_leave_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = made("outer, normalised, over templates")
    theta, counts, aux = points(model, 100)
    whole = Objective(model).evaluate(theta, Data(counts, aux))
    monkeypatch.setattr("cevns.inference.minimum.objectives._IN_CACHE", 1)
    for a, b in zip(Objective(model).evaluate(theta, Data(counts, aux)), whole, strict=True):
        assert_allclose(a, b, rtol=1e-12)


# -- statistics --------------------------------------------------------------------------------


def test_poisson_is_the_probability_of_the_counts() -> None:
    statistic = Poisson()
    mu, n = np.array([[3.0], [7.0]]), np.array([[2.0], [9.0]])
    value = statistic.evaluate(mu, n, np.zeros((2, 1)))[0] + statistic.constant(n)
    probability = stats.poisson.logpmf(n, mu) - stats.poisson.logpmf(n, n)
    assert_allclose(value, -2.0 * probability.sum(axis=0), rtol=1e-13)


def test_covariance_is_the_multivariate_normal() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    statistic = GaussianValues(covariance=covariance)
    mu, x = np.array([[1.0], [2.0]]), np.array([[1.5], [0.3]])
    value = statistic.evaluate(mu, x, np.zeros((2, 1)))[0]
    normal = stats.multivariate_normal(mean=mu[:, 0], cov=covariance)
    assert_allclose(value, -2.0 * (normal.logpdf(x[:, 0]) - normal.logpdf(mu[:, 0])), rtol=1e-13)


def test_covariance_is_that_of_pseudo_data() -> None:
    covariance = np.array([[2.0, -0.7], [-0.7, 1.0]])
    drawn = GaussianValues(covariance=covariance).draw(
        np.array([5.0, 1.0]), np.random.default_rng(1), 40_000
    )
    assert_allclose(np.cov(drawn), covariance, atol=0.05)


def test_two_sided_error_is_that_on_the_side_of_the_expectation() -> None:
    statistic = GaussianValues(up=np.array([2.0]), down=np.array([4.0]))
    x = np.array([[10.0, 10.0]])
    value = statistic.evaluate(np.array([[12.0, 6.0]]), x, np.zeros((1, 1)))[0]
    assert_allclose(value, [1.0, 1.0])


def test_information_of_two_sided_errors_is_the_mean_of_both_sides() -> None:
    statistic = GaussianValues(up=np.array([2.0]), down=np.array([4.0]))
    mu, none = np.array([[7.0]]), np.zeros((1, 1))
    assert_allclose(statistic.information(mu, none), [[(1 / 4 + 1 / 16) / 2]])
    # half the second derivative of -2 ln L, of data on either side with equal chance
    step = np.array([-1.0, 0.0, 1.0])
    bent = [np.diff(statistic.value(mu + step, mu + away, none), 2) / 2 for away in (-3.0, 3.0)]
    assert_allclose(statistic.information(mu, none)[0], np.mean(bent, axis=0))


def test_limit_is_half_a_gaussian_and_cannot_be_drawn() -> None:
    limit = GaussianValues(up=np.array([2.0]), down=np.array([np.inf]))
    value = limit.evaluate(np.array([[12.0, 3.0]]), np.array([[10.0, 10.0]]), np.zeros((1, 1)))[0]
    assert_allclose(value, [1.0, 0.0])
    assert not limit.can_draw


def test_events_are_the_extended_likelihood() -> None:
    # density nu exp(-x/a)/a: the best total is the number of events, the best a their mean
    x = np.array([0.3, 1.1, 0.2, 2.4, 0.9])

    def density(at: np.ndarray) -> np.ndarray:
        nu, a = at[:, :1], at[:, 1:]
        return np.concatenate([nu, nu * np.exp(-x / a) / a], axis=1)

    shape = FunctionShape(("nu", "a"), 6, density)
    events = Channel("e", np.ones(6), (Component("s", shape),), statistic=Unbinned())
    model = Model(
        "events",
        Parameters([Parameter("nu", 5.0, lower=0.0), Parameter("a", x.mean(), lower=0.01)]),
        (events,),
    )
    theta = np.array([[5.0], [x.mean()]])
    value, gradient, _ = Objective(model).evaluate(theta, Data(np.ones((6, 1)), theta))
    assert_allclose(gradient, 0.0, atol=1e-6)
    logarithms = np.log(5.0 / x.mean()) - x / x.mean()
    assert_allclose(value, 10.0 - 2.0 * logarithms.sum(), rtol=1e-12)


def test_information_of_events_is_half_the_second_derivative() -> None:
    statistic = Unbinned()
    mu = np.array([[5.0], [2.0], [3.0], [4.0]])  # the total, and the densities at three events
    for k in range(len(mu)):
        step = np.zeros_like(mu)
        step[k] = 1e-3
        low, at, high = (statistic.value(mu + s * step, np.ones((4, 1)), mu) for s in (-1, 0, 1))
        bent = (low - 2.0 * at + high) / (2.0 * 1e-6)
        # the differences leave 1e-6 of the fourth derivative
        assert_allclose(statistic.information(mu, mu)[k], bent, atol=1e-5)


@pytest.mark.parametrize("name", ["templates", "covariance", "unbinned"])
def test_likelihood_is_linear_in_the_data_but_for_what_they_alone_decide(name: str) -> None:
    target = Objective(made(name))
    theta, counts, aux = points(made(name), 5)
    constant, slope = target.linear(theta)
    found = target.values(theta, Data(counts, aux)) - target.pulls(theta, aux)[0]
    rest = found - constant - np.sum(slope * counts, axis=0)
    assert_allclose(rest, rest[0], atol=1e-10)


def test_event_list_has_no_pseudo_data() -> None:
    model = made("unbinned")
    assert not all(c.statistic.can_draw for c in model.channels)
    with pytest.raises(InputError, match="Asimov"):
        asimov(model)


def test_correlated_constraint_is_a_gaussian_channel_of_the_parameters() -> None:
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]])
    unit = [Component(n, fixed(np.eye(2)[i]), (n,)) for i, n in enumerate("ab")]
    auxiliary = Channel(
        "calibration", np.zeros(2), tuple(unit), statistic=GaussianValues(covariance=covariance)
    )
    free = Parameters([Parameter(n, 0.0, typical=1.0) for n in "ab"])
    model = Model("m", free, (auxiliary,))
    information = Objective(model).information(np.zeros((2, 1)))[:, :, 0]
    assert_allclose(np.linalg.inv(information), covariance, rtol=1e-12)


# -- strengths ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1, 4])
def test_interpolation_codes_are_those_of_pyhf(code: int) -> None:
    pyhf = pytest.importorskip("pyhf")
    interpolator = pyhf.interpolators.get(code)([[[[0.8], [1.0], [1.3]]]])
    alphas = np.linspace(-2.0, 2.0, 9)
    wanted = np.ravel(interpolator(pyhf.tensorlib.astensor([alphas.tolist()])))
    found = Interpolated("a", 0.8, 1.3, code=code).value({"a": alphas})
    assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize(
    "factor",
    [
        Linear("a", 0.3, 0.2),
        LogNormal("a", 1.4),
        Interpolated("a", 0.8, 1.3, code=1),
        Interpolated("a", 0.8, 1.3, code=4),
        Power("a", 3.0, 2.0),
        Power("a", 0.4),
        Power("a", -1.0),
    ],
    ids=repr,
)
def test_slopes_of_functions_are_differences_of_their_values(factor: NamedFactor) -> None:
    at = np.linspace(max(factor.lower, -2.0) + 0.1, 2.5, 9)
    up, down = (factor.value({"a": at + s}) for s in (1e-6, -1e-6))
    assert_allclose(factor.slopes({"a": at})["a"], (up - down) / 2e-6, rtol=1e-7)


# -- a shape for each of many structural points -------------------------------------------------


def test_two_hundred_masses_are_fitted_in_one_batch() -> None:
    # one fit of 200 models, each with its own template, beside each model fitted alone
    from cevns.inference.minimum.batch import BatchFitter

    masses = np.linspace(1.0, 200.0, 200)
    x = np.linspace(0.0, 1.0, 12)
    templates = 40.0 * np.exp(-x * masses[:, None] / 20.0)
    background = Component("b", fixed(np.full(12, 30.0)), ("norm",))
    start = Parameters(
        [
            Parameter("s", 1.0, role="poi"),
            Parameter("norm", 1.0, constraint=Gaussian(1.0, 0.1)),
            Parameter("mass", 1.0, fixed=True),
        ]
    )
    stacked = Channel(
        "c",
        RNG.poisson(45.0, 12).astype(float),
        (Component("wimp", Stacked("mass", masses, templates), ("s",)), background),
    )
    model = Model("stack", start, (stacked,))
    begin = np.repeat(start.values[:, None], 200, axis=1)
    begin[2] = masses
    together = BatchFitter(model).fit(observed(model), begin)
    for k in (0, 57, 199):
        alone = replace(
            stacked, components=(Component("wimp", fixed(templates[k]), ("s",)), background)
        )
        parameters = Parameters(p for p in start if p.name != "mass")
        found = fit(Model("alone", parameters, (alone,)), minos="none")
        assert together.theta[k, 0] == pytest.approx(found["s"].value, abs=1e-3)
        assert together.twice_nll[k] == pytest.approx(found.twice_nll, abs=1e-4)
    with pytest.raises(InputError, match=r"no template for mass = 1\.5"):
        model.expected(np.array([1.0, 1.0, 1.5]))


def test_derived_parameter_stands_in_place_of_an_argument() -> None:
    # the signal goes with the fourth power of a coupling; y = coupling^4 is fitted in its place
    shape = fixed(np.linspace(1.0, 2.0, N))
    signal = Component("s", shape, (FunctionFactor(("g",), lambda v: v[0] ** 4),))
    channel_of_y = Channel(
        "c",
        3.0 * shape.nominal,
        (signal,),
        derived={"g": FunctionFactor(("y",), lambda v: v[0] ** 0.25)},
    )
    model = Model("y", Parameters([Parameter("y", 1.0, lower=1e-6, role="poi")]), (channel_of_y,))
    assert fit(model)["y"].value == pytest.approx(3.0, abs=5e-3)
    theta, counts, aux = points(model, 3)
    gradient = Objective(model).gradient(theta, Data(counts, aux))
    up, down = (Objective(model).values(theta + s, Data(counts, aux)) for s in (1e-5, -1e-5))
    assert_allclose(gradient[0], (up - down) / 2e-5, rtol=1e-5)


def test_floor_is_relative_to_what_a_bin_expects() -> None:
    # bins of 1e-30 counts keep their own shape: no absolute floor reaches them
    tiny = 1e-30 * np.arange(1.0, N + 1)
    counts = Channel("c", np.zeros(N), (Component("s", fixed(tiny), ("n1",)),))
    model = Model("tiny", parameters("n1"), (counts,))
    value = Objective(model).values(np.array([[2.0]]), Data(np.zeros((N, 1)), np.zeros((1, 1))))
    assert_allclose(value, 2.0 * 2.0 * tiny.sum(), rtol=1e-12)


def test_quoted_is_infinite_where_nothing_is_expected_and_minimised_is_not() -> None:
    from cevns.inference import Likelihood

    counts = Channel("c", np.ones(N), (Component("s", fixed(np.ones(N)), ("n1",)),))
    model = Model("signal alone", parameters("n1"), (counts,))
    likelihood = Likelihood.of(model)
    assert likelihood.twice_nll(np.array([0.0])) == np.inf
    assert np.isfinite(likelihood.minimised(np.array([0.0])))
    assert likelihood.minimised(np.array([0.0])) > 40.0 * N


# -- several channels ---------------------------------------------------------------------------


def test_channels_add_up() -> None:
    one, two = (made(n) for n in ("templates", "outer"))
    both = join({"one": one, "two": two})
    theta = both.parameters.values
    from cevns.inference import Likelihood

    found = Likelihood.of(both).by_channel(theta)
    assert found["one"] == pytest.approx(Likelihood.of(one).by_channel(one.parameters.values)["c"])
    assert found["two"] == pytest.approx(Likelihood.of(two).by_channel(two.parameters.values)["c"])
    assert sum(found.values()) == pytest.approx(float(Likelihood.of(both).twice_nll(theta)))


def test_common_scale_stands_for_the_nominal_value() -> None:
    one, two = (made(n) for n in ("templates", "mapped"))
    both = join({"one": one, "two": two}, scale=("k", "n1"))
    point = both.parameters.at({"k": 0.4}).values
    own = one.parameters.at({"n1": 2.0}).values
    assert_allclose(both.expected(point)[: one.n_bins], one.expected(own), rtol=1e-13)
    mu, jacobian = both.linearise(point[None])
    step = 1e-6
    up = both.expected(both.parameters.at({"k": 0.4 + step}).values)
    assert_allclose(jacobian[0, both.parameters.position("k")], (up - mu[0]) / step, rtol=1e-5)


def test_what_is_felt_may_be_small_and_need_another_coupling() -> None:
    """A fourth power is 1e-16 of the counts at its typical size; one of a product is zero."""
    known = Parameters(
        Parameter(n, 0.0, lower=0.0, role="poi", typical=1.0) for n in ("g", "a", "b", "nothing")
    )

    def counts(theta: Array) -> Array:
        g, a, b, nothing = theta.T
        some = 7.0 * (1.0 + 0.1 * a * b + 1e-16 * g**4)
        # the order of a sum may depend on a parameter without effect
        return np.stack([some, some + nothing - nothing], axis=1)

    model = function_model("counts", known, np.array([7.0, 7.0]), counts)
    assert {n: model.feels(n) for n in known.names} == {
        "g": True, "a": True, "b": True, "nothing": False,
    }  # fmt: skip
    without = model.with_parameters(known.fix({"b": 0.0}))
    assert not without.feels("a")


def test_measured_background_is_shared_and_free() -> None:
    # ON and OFF: the background is known from OFF alone
    flat = fixed(np.ones(N))
    signal = fixed(np.linspace(2.0, 0.0, N))
    on = Channel(
        "on",
        np.full(N, 110.0) + signal.nominal,
        (Component("cevns", signal, ("n1",)), Component("b", flat, ("n2", 1.0))),
    )
    off = Channel("off", np.full(N, 220.0), (Component("b", flat, ("n2", 2.0)),))
    start = Parameters(
        [Parameter("n1", 0.5, lower=0.0, role="poi"), Parameter("n2", 90.0, lower=0.0)]
    )
    found = fit(Model("on-off", start, (on, off)))
    assert found["n2"].value == pytest.approx(110.0, rel=1e-4)
    assert found["n1"].value == pytest.approx(1.0, rel=1e-2)


def test_kept_weights_follow_every_parameter_of_a_shape():
    # single points are asked for in turn, batches at once: the same numbers
    grid = ParameterGrid({"g": np.array([-1.0, 0.0, 1.0])})
    shape = GridShape(grid, RNG.uniform(5.0, 9.0, (3, N)))
    components = (Component("s", morph(), ("n",)), Component("t", shape, (2.0,)))
    model = Model("m", parameters("n", "a", "b", "g"), (Channel("c", np.ones(N), components),))
    points = np.repeat(np.array([[5.0], [0.1], [0.1], [0.1]]), 9, axis=1)
    for column, (row, value) in enumerate(
        [(0, 6.0), (1, 0.4), (0, 5.0), (2, -0.7), (2, -0.7), (3, 0.5), (3, -0.5), (1, -2.0)], 1
    ):
        points[:, column] = points[:, column - 1]
        points[row, column] = value
    singly = np.stack([model.expected(p) for p in points.T])
    assert_allclose(singly, model.expected(points.T), rtol=1e-14)
