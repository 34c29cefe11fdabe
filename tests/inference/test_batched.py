"""The batched fitter: agreement with iminuit, bounds, conditional fits, statuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from csi_like import template
from mirror_like import mirror
from scan_models import counting_model
from test_fit import counting

from cevns.exceptions import InputError
from cevns.inference import Channel, Component, Data, Likelihood, Model, fit
from cevns.inference.minimum import linalg, newton
from cevns.inference.minimum.batch import CONVERGED, FAILED, MINUIT, STATUS, BatchFitter
from cevns.inference.minimum.bounded import EDM_GOAL, BoundedProblem
from cevns.inference.minimum.newton import minimise
from cevns.inference.minimum.objectives import Objective
from cevns.inference.minimum.quasi_newton import common_metric, descend
from cevns.inference.model.shapes import fixed
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.parameters import Parameter, Parameters

QUESTIONS = ("count", "cross-section")


def toys(model, n, seed=5, truth=None):
    rng = np.random.default_rng(seed)
    theta = model.parameters.values if truth is None else truth
    sigma = np.array([p.constraint.sigma if p.constraint else 0.0 for p in model.parameters])
    counts = rng.poisson(model.expected(theta), (n, len(model.observed))).astype(float)
    return counts.T.copy(), (theta + sigma * rng.normal(size=(n, len(theta)))).T.copy()


@pytest.mark.parametrize("question", QUESTIONS)
def test_agrees_with_iminuit(question):
    _, model = template(question)
    counts, aux = toys(model, 15)
    batch = BatchFitter(model).fit(Data(counts, aux), model.parameters.values)
    assert (batch.status < FAILED).all()
    assert (batch.edm < EDM_GOAL).all()
    ratios, efficiency = [], []
    for i in range(15):
        result = fit(model, data=Data(counts[:, i], aux[:, i]), minos="none")
        difference = 0.5 * (batch.twice_nll[i] - result.twice_nll)
        # iminuit stops at edm 2e-5 in -2 ln L: its minimum may lie 1e-5 above ours in -ln L
        assert -1e-5 < difference < 1e-6
        for k, p in enumerate(result):
            assert abs(batch.theta[i, k] - p.value) < 0.01 * p.error
            if not p.at_bound:
                some = efficiency if p.name == "efficiency" else ratios
                some.append(batch.errors[i, k] / p.error)
    # Gauss-Newton against HESSE: they differ by the second derivative of the model, which for
    # the pulse time of a single toy is a few percent and averages out
    assert np.mean(ratios) == pytest.approx(1, abs=0.01)
    assert np.std(ratios) < 0.05
    # variations of the efficiency are far from mirror images of each other: the second derivative
    # is large, and on the same side for all toys
    assert np.mean(efficiency) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("question", QUESTIONS)
def test_value_is_the_likelihood_of_the_single_fit(question):
    _, model = template(question)
    counts, aux = toys(model, 5)
    batch = BatchFitter(model).fit(Data(counts, aux), model.parameters.values)
    for i in range(5):
        likelihood = Likelihood.of(model, Data(counts[:, i], aux[:, i]))
        # both sum 99 terms of order 10 to 1000
        assert batch.twice_nll[i] == pytest.approx(
            float(likelihood.twice_nll(batch.theta[i])), abs=1e-9
        )


@pytest.mark.parametrize("kind", ["template", "exact"])
def test_gradient_and_curvature_agree_with_differences(kind):
    exact, fast = template("cross-section")
    model = fast if kind == "template" else exact
    target = Objective(model)
    counts, aux = toys(model, 3)
    scale = np.array([p.scale for p in model.parameters])
    theta = (model.parameters.values + 0.4 * scale)[:, None] * np.ones(3)
    data = Data(counts, aux)
    value, gradient, curvature = target.evaluate(theta, data)
    assert target.gradient(theta, data) == pytest.approx(gradient, rel=1e-10, abs=1e-10)
    for k, s in enumerate(scale):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-4 * s
        down[k] -= 1e-4 * s
        slope = (target.evaluate(up, data)[0] - target.evaluate(down, data)[0]) / 2e-4
        # rounding of a value of 1e4 over the step: 1e-12 * 1e4 / 1e-4
        assert gradient[k] * s == pytest.approx(slope, abs=1e-3)
    single = Likelihood.of(model, Data(counts[:, 0], aux[:, 0]))
    whole = value[0] + Objective(model).constant(counts)[0]
    assert whole == pytest.approx(float(single.twice_nll(theta[:, 0])))
    # with counts equal to the expectation Gauss-Newton is twice the Fisher information
    mu = model.expected(theta[:, 0])
    _, _, expected = target.evaluate(theta[:, :1], Data(mu[:, None], theta[:, :1]))
    fisher = single.fisher(theta[:, 0])
    assert expected[..., 0] == pytest.approx(2 * fisher, rel=2e-4)  # _TRACE adds 1e-4
    assert curvature.shape == (10, 10, 3)


def test_exact_model_and_its_templates_give_nearly_the_same_fits():
    exact, fast = template("count")
    counts, aux = toys(exact, 30)
    a = BatchFitter(exact).fit(Data(counts, aux), exact.parameters.values)
    b = BatchFitter(fast).fit(Data(counts, aux), exact.parameters.values)
    assert (a.edm < EDM_GOAL).all()
    # template error within 2 sigma of the nominal point
    assert b.twice_nll == pytest.approx(a.twice_nll, abs=0.1)


def test_conditional_fit_holds_values_and_lies_above():
    _, model = template("count")
    counts, aux = toys(model, 60)
    truth = model.parameters.values
    best = BatchFitter(model).fit(Data(counts, aux), truth)
    held = BatchFitter(model, fix=["cevns"]).fit(Data(counts, aux), truth)
    assert (held.theta[:, 0] == truth[0]).all()
    assert (held.errors[:, 0] == 0).all()
    assert (held.twice_nll - best.twice_nll > -2 * EDM_GOAL).all()
    one = fit(model, data=Data(counts[:, 0], aux[:, 0]), fix={"cevns": truth[0]}, minos="none")
    assert held.twice_nll[0] == pytest.approx(one.twice_nll, abs=2e-5)  # iminuit's edm goal


def test_bounds_hold_and_the_solution_is_the_constrained_one():
    # without signal half of the estimates want to be negative: they end at the bound
    _, model = template("count")
    truth = model.parameters.at({"cevns": 0.0}).values
    counts, aux = toys(model, 60, truth=truth)
    batch = BatchFitter(model).fit(Data(counts, aux), truth)
    signal = batch.theta[:, 0]
    assert (signal >= 0).all()
    at_bound = signal == 0
    assert 0.25 < at_bound.mean() < 0.75  # half, binomial error 0.065
    assert (batch.errors[at_bound, 0] == 0).all()
    for i in np.flatnonzero(at_bound)[:5]:
        result = fit(model, data=Data(counts[:, i], aux[:, i]), minos="none", hesse=False)
        assert batch.twice_nll[i] < result.twice_nll + 2e-5


def few_counts():
    """16 events: empty bins, asymmetric likelihoods, bounds."""
    _, model = template("count")
    small = [
        p.at(0.01 * p.value) if p.role in ("poi", "normalisation") else p for p in model.parameters
    ]
    small = [
        replace(p, constraint=replace(p.constraint, mean=p.value, sigma=0.1 * p.constraint.sigma))
        if p.role == "normalisation"
        else p
        for p in small
    ]
    return model.with_parameters(Parameters(small))


@pytest.mark.slow
def test_few_counts():
    model = few_counts()
    counts, aux = toys(model, 200)
    batch = BatchFitter(model).fit(Data(counts, aux), model.parameters.values)
    assert (batch.status < FAILED).all()
    for i in range(0, 200, 25):
        result = fit(
            model,
            data=Data(counts[:, i], aux[:, i]),
            start=model.parameters.values,
            minos="none",
            raise_on_failure=False,
        )
        assert batch.twice_nll[i] < result.twice_nll + 2e-5


def test_fits_are_coarse_beyond_what_is_excluded_and_only_there():
    model = few_counts()
    counts, aux = toys(model, 100)
    start, fitter = model.parameters.values, BatchFitter(model)
    found = fitter.fit(Data(counts, aux), start, rescue=False)
    assert (found.status < FAILED).all()
    border = np.median(found.twice_nll)
    coarse = fitter.fit(Data(counts, aux), start, rescue=False, excluded=border)
    assert (coarse.status < FAILED).all()
    # a thousandth of what lies beyond, and nothing before; distances are known to a factor of two
    beyond = 2e-3 * np.maximum(found.twice_nll - border, 0.0) + 2 * EDM_GOAL
    assert (coarse.twice_nll < found.twice_nll + beyond).all()


def test_a_metric_is_made_only_where_many_fits_share_it(monkeypatch):
    """It costs as much as a fit."""
    made = []

    def counted(problem, theta):
        made.append(theta)
        return common_metric(problem, theta)

    monkeypatch.setattr("cevns.inference.minimum.batch.common_metric", counted)
    model = counting(25)
    counts, aux = toys(model, 100)
    alike = np.repeat(model.parameters.values[:, None], 100, axis=1)
    BatchFitter(model).fit(Data(counts, aux), alike, rescue=False)
    assert len(made) == 1
    BatchFitter(model).fit(Data(counts, aux), alike * np.linspace(0.99, 1.01, 100), rescue=False)
    assert len(made) == 1


def test_every_fit_has_a_status_and_a_bad_one_says_so():
    # counts where nothing is ever expected are impossible: nothing may hide that
    parameters = counting(1.0, lower=0.0, background=0.0, sigma=1e-3).parameters
    model = counting_model("nothing", parameters, [0.0], s=(np.zeros(1), "s", "b"))
    counts = np.array([[3.0, 0.0]])
    aux = np.zeros((2, 2))
    for fix in (["s"], ["s", "b"]):
        batch = BatchFitter(model, fix=fix).fit(Data(counts, aux), np.array([0.0, 0.0]))
        assert batch.status[0] == FAILED
        assert batch.status[1] != FAILED
    assert STATUS[CONVERGED] == "converged"


def test_leaves_a_point_where_the_counts_are_impossible():
    # 2 (b - 3 ln b) + (b / sigma)^2 has its minimum at b (1 + b / sigma^2) = 3
    model = counting(1.0, lower=0.0, background=0.0, sigma=1e-3)
    batch = BatchFitter(model, fix=["s"]).fit(Data(np.array([3.0]), np.zeros(2)), np.zeros(2))
    assert batch.status[0] != FAILED
    assert batch.theta[0, 1] == pytest.approx(np.sqrt(3) * 1e-3, rel=1e-3)


@pytest.mark.parametrize("loss", [0.0, 0.5, 2.0])
def test_coupling_that_enters_squared_where_its_slope_vanishes(loss):
    # x = 0.5 switches a flavour off; data below the rest want it there, where the first
    # derivative of the expectation is zero and only the second holds the minimum
    model = mirror(tilt=0.0)
    parameters = model.parameters
    off = parameters.at({"eps_e": 0.5}).values
    counts = np.round(model.expected(off)) - loss * (model.expected(parameters.values) > 20)
    start = parameters.at({"eps_e": 0.35}).values
    batch = BatchFitter(model).fit(Data(counts, off), np.repeat(start[:, None], 2, axis=1))
    assert (batch.status < MINUIT).all()
    one = fit(model, data=Data(counts, off), start=off, minos="none", raise_on_failure=False)
    assert batch.twice_nll[0] < one.twice_nll + 2e-5


def test_nothing_free_is_the_value_of_the_likelihood():
    _, model = template("count")
    counts, aux = toys(model, 4)
    theta = model.parameters.values
    batch = BatchFitter(model, fix=model.parameters.names).fit(Data(counts, aux), theta)
    values = [
        float(Likelihood.of(model, Data(counts[:, i], aux[:, i])).twice_nll(theta))
        for i in range(4)
    ]
    assert batch.twice_nll == pytest.approx(values, abs=1e-9)  # rounding of 99 terms
    assert (batch.theta == theta).all()
    assert (batch.errors == 0).all()
    assert (batch.status == CONVERGED).all()


def test_one_data_set_with_a_value_held_for_each_fit():
    _, model = template("count")
    counts, aux = (a[:, 0] for a in toys(model, 1))
    held = np.linspace(150.0, 500.0, 40)
    start = np.repeat(model.parameters.values[:, None], 40, axis=1)
    start[0] = held
    batch = BatchFitter(model, fix=["cevns"]).fit(Data(counts, aux), start)
    assert (batch.status < FAILED).all()
    assert (batch.theta[:, 0] == held).all()
    for i in range(0, 40, 8):
        one = fit(model, data=Data(counts, aux), fix={"cevns": held[i]}, minos="none")
        # iminuit stops at edm 2e-5: its minimum may lie a little above ours
        assert -1e-6 < one.twice_nll - batch.twice_nll[i] < 2e-5
    # from anywhere else the same minima
    rng = np.random.default_rng(3)
    sigma = np.array([p.scale for p in model.parameters])[:, None]
    away = start + 0.5 * sigma * rng.normal(size=start.shape)
    away[0] = held
    again = BatchFitter(model, fix=["cevns"]).fit(Data(counts, aux), away)
    assert again.twice_nll == pytest.approx(batch.twice_nll, abs=1e-6)


def test_columns_that_do_not_agree_are_refused():
    _, model = template("count")
    counts, aux = toys(model, 3)
    with pytest.raises(InputError, match="3, 3, 2 columns"):
        BatchFitter(model).fit(Data(counts, aux), np.ones((len(model.parameters), 2)))


def test_quasi_newton_and_guarded_steps_reach_the_same_minimum():
    _, model = template("cross-section")
    counts, aux = toys(model, 20)
    start = np.repeat(model.parameters.values[:, None], 20, axis=1)
    problem = BoundedProblem(Objective(model), tuple(range(10)))
    with linalg.quiet_division():
        metric = common_metric(problem, model.parameters.values)
        quick = descend(problem, start, Data(counts, aux), metric, 30)
        a = minimise(problem, quick, Data(counts, aux), 0)
        b = minimise(problem, start, Data(counts, aux), 100)
    assert (a.edm < EDM_GOAL).all()
    assert (b.edm < EDM_GOAL).all()
    assert a.value == pytest.approx(b.value, abs=2 * EDM_GOAL)


def test_decrease_is_predicted_where_the_objective_is_a_parabola():
    """Whole, damped and shortened steps of a linear model with Gaussian errors."""
    slopes = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0]])
    components = [Component(n, fixed(slopes[:, k]), (n,)) for k, n in enumerate("ab")]
    measured = GaussianValues(up=np.array([1.0, 2.0, 0.5]))
    values = Channel("values", np.zeros(3), tuple(components), statistic=measured)
    model = Model("parabola", Parameters([Parameter(n, 0.0, typical=1.0) for n in "ab"]), (values,))
    problem = BoundedProblem(Objective(model), (0, 1))
    start = np.array([[1.0, -2.0, 0.5], [0.3, 1.0, -4.0]])
    data = Data(np.ones((3, 3)), np.zeros((2, 3)))
    begin = newton._evaluate(problem, start, data, exact=False)
    damping, fraction = np.array([0.0, 0.7, 0.0]), np.array([1.0, 1.0, 0.4])
    step = newton._next_step(problem, begin, damping, fraction)
    moved = problem.move(start, step.step, step.directions)
    decrease = begin.value - problem.evaluate(moved, data)[0]
    assert step.predicted == pytest.approx(decrease, rel=1e-10)


def test_small_linear_systems():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(7, 5, 5))
    matrix = np.moveaxis(root @ np.swapaxes(root, 1, 2) + 0.1 * np.eye(5), 0, -1)
    right = rng.normal(size=(5, 7))
    columns, definite = linalg.cholesky(matrix)
    assert definite.all()
    solution = linalg.solve(columns, right)
    inverse = np.linalg.inv(np.moveaxis(matrix, -1, 0))
    # condition number of these matrices is below 1e4
    expected = (inverse @ right.T[:, :, None])[:, :, 0]
    assert np.abs(solution.T - expected).max() < 1e-9 * np.abs(expected).max()
    diagonal = np.diagonal(inverse, axis1=1, axis2=2)
    found = linalg.inverse_diagonal(columns).T
    assert np.abs(found / diagonal - 1).max() < 1e-9
    with linalg.quiet_division():
        assert not linalg.cholesky(-matrix)[1].any()
