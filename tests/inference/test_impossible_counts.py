"""Counts where nothing is expected: their probability is zero, so -2 ln L is infinite."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.exceptions import InputError
from cevns.inference import Channel, Component, Data, Likelihood, Model, fit, function_model
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.shapes import fixed
from cevns.parameters import Gaussian, Parameter, Parameters

PARAMETERS = Parameters(
    [
        Parameter("line", 3.0, role="poi"),
        Parameter("flat", 1.0, constraint=Gaussian(1.0, 0.5)),
    ]
)
LINE, FLAT = np.array([0.0, 1.0, 4.0, 1.0]), np.array([2.0, 2.0, 2.0, 0.0])
OBSERVED = np.array([3.0, 4.0, 12.0, 2.0])


MODELS = {
    "function": function_model(
        "function",
        PARAMETERS,
        OBSERVED,
        lambda theta: theta[:, :1] * LINE + theta[:, 1:] * FLAT,
    ),
    "templates": Model(
        "templates",
        PARAMETERS,
        (
            Channel(
                "counts",
                OBSERVED,
                (
                    Component("line", fixed(LINE), ("line",)),
                    Component("flat", fixed(FLAT), ("flat",)),
                ),
            ),
        ),
    ),
}
# point, counts, -2 ln L without the constraint: mu where a bin is empty, nothing where mu < 0
POSSIBLE = [
    ((0.0, 1.0), (2, 2, 2, 0), 0.0),
    ((0.0, 1.0), (2, 2, 0, 0), 2.0 * 2.0),
    ((0.0, 0.0), (0, 0, 0, 0), 0.0),
    ((-1.0, 1.0), (2, 1, 0, 0), 0.0),
    ((2.0, 1.0), (2, 4, 10, 1), 2.0 * (2.0 - 1.0 + np.log(0.5))),
]
IMPOSSIBLE = [
    ((0.0, 1.0), (2, 2, 2, 1)),
    ((0.0, 1.0), (2, 2, 2, 0.001)),
    ((3.0, 0.0), (1, 3, 12, 3)),
    ((-1.0, 1.0), (2, 1, 1, 0)),  # less than nothing
    ((0.0, 0.0), (0, 1, 0, 0)),
]


AUX = np.array([0.0, 1.0])


def columns(*vectors):
    """Data sets as the minimiser has them, one a column."""
    return np.array(vectors, dtype=float).T


def quoted_for_many(model, theta, counts):
    """What is quoted of many data sets, by channel, here of one."""
    parts = Objective(model).quoted(columns(theta), Data(columns(counts), columns(AUX)))
    return float(sum(parts.values())[0])


def quoted(model, theta, counts):
    """What a record of a fit holds."""
    data = Data(np.array(counts, dtype=float), AUX)
    return float(Likelihood.of(model, data).twice_nll(np.array(theta)))


@pytest.mark.parametrize("way", [quoted_for_many, quoted])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("theta", "counts", "expected"), POSSIBLE)
def test_possible_counts(way, model, theta, counts, expected):
    pull = ((theta[1] - 1.0) / 0.5) ** 2
    assert way(model, theta, counts) == pytest.approx(expected + pull, abs=1e-12)


@pytest.mark.parametrize("way", [quoted_for_many, quoted])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("theta", "counts"), IMPOSSIBLE)
def test_impossible_counts(way, model, theta, counts):
    assert way(model, theta, counts) == np.inf


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("theta", "counts"), IMPOSSIBLE)
def test_minimisers_see_a_large_finite_value(model, theta, counts):
    objective = Objective(model)
    value, gradient, curvature = objective.evaluate(
        columns(theta), Data(columns(counts), columns(AUX))
    )
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert np.isfinite(curvature).all()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_one_impossible_data_set_does_not_touch_its_neighbours(model):
    """A batch of one point with possible and impossible counts."""
    counts = columns((2, 2, 2, 0), (2, 2, 2, 5), (2, 2, 0, 0))
    theta, aux = columns(*[(0.0, 1.0)] * 3), columns(*[AUX] * 3)
    objective = Objective(model)
    found = sum(objective.quoted(theta, Data(counts, aux)).values())
    assert found == pytest.approx([0.0, np.inf, 4.0], abs=1e-12)
    value, gradient, curvature = objective.evaluate(theta, Data(counts, aux))
    for k in (0, 2):
        alone = objective.evaluate(theta[:, :1], Data(counts[:, k : k + 1], aux[:, :1]))
        assert value[k] == pytest.approx(alone[0][0])
        assert gradient[:, k] == pytest.approx(alone[1][:, 0])
        assert curvature[:, :, k] == pytest.approx(alone[2][:, :, 0])


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_both_ways_agree_where_something_is_expected(model):
    rng = np.random.default_rng(3)
    for _ in range(20):
        theta = rng.uniform([0.1, 0.1], [5.0, 2.0])
        counts = rng.poisson(model.expected(theta))
        minimised = Objective(model).values(columns(theta), Data(columns(counts), columns(AUX)))
        whole = minimised + Objective(model).constant(columns(counts))
        assert float(whole[0]) == pytest.approx(quoted(model, theta, counts))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_fit_says_which_bin_is_impossible(model):
    impossible = Data(np.array([2.0, 2.0, 2.0, 7.0]), AUX)
    with pytest.raises(InputError, match="bin 3 holds 7 counts where"):
        fit(model, data=impossible, fix={"line": 0.0}, poi="flat")
