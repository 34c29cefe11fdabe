"""Counts where nothing is expected: their probability is zero, so -2 ln L is infinite."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from cevns.inference.model.low_rank import Group, Template, TemplateModel

from cevns.exceptions import InputError
from cevns.inference import Data, Likelihood, fit
from cevns.inference.minimum.objectives import objective, saturated
from cevns.parameters import Gaussian, Parameter, Parameters

PARAMETERS = Parameters(
    [
        Parameter("line", 3.0, role="poi"),
        Parameter("flat", 1.0, constraint=Gaussian(1.0, 0.5)),
    ]
)
LINE, FLAT = np.array([0.0, 1.0, 4.0, 1.0]), np.array([2.0, 2.0, 2.0, 0.0])
OBSERVED = np.array([3.0, 4.0, 12.0, 2.0])


@dataclass(frozen=True, eq=False)
class Plain:
    """The model as a function."""

    observed: np.ndarray = field(default_factory=lambda: OBSERVED)
    name: str = "plain"
    parameters: Parameters = PARAMETERS

    def expected(self, theta, xp=np):
        return theta[..., :1] * LINE + theta[..., 1:] * FLAT

    def components(self, theta):
        return {"line": theta[0] * LINE, "flat": theta[1] * FLAT}


MODELS = {
    "plain": Plain(),
    "templates": TemplateModel(
        "templates",
        PARAMETERS,
        OBSERVED,
        (Group("line", ("line",)), Group("flat", ("flat",))),
        (),
        (Template("line", (), LINE), Template("flat", (), FLAT)),
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


def batched(model, theta, counts):
    """What the batched fitter minimises, with the constant of the data."""
    theta, counts = (np.array([v], dtype=float).T for v in (theta, counts))
    with np.errstate(all="ignore"):  # the curvature overflows; the fitter ignores it too
        value = objective(model).evaluate(theta, counts, np.array([[0.0], [1.0]]))[0]
    return float((value + saturated(counts))[0])


def quoted(model, theta, counts):
    """What a record of a fit holds."""
    data = Data(np.array(counts, dtype=float), np.array([0.0, 1.0]))
    return float(Likelihood.of(model, data).twice_nll(np.array(theta)))


@pytest.mark.parametrize("way", [batched, quoted])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("theta", "counts", "expected"), POSSIBLE)
def test_possible_counts(way, model, theta, counts, expected):
    pull = ((theta[1] - 1.0) / 0.5) ** 2
    assert way(model, theta, counts) == pytest.approx(expected + pull, abs=1e-12)


@pytest.mark.parametrize(
    "way",
    [
        batched,
        pytest.param(
            quoted,
            marks=pytest.mark.xfail(
                strict=True,
                reason="ln(mu) is continued by its tangent below 1e-12, which is finite; "
                "to be infinite where a value is quoted",
            ),
        ),
    ],
)
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("theta", "counts"), IMPOSSIBLE)
def test_impossible_counts(way, model, theta, counts):
    assert way(model, theta, counts) == np.inf


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_one_impossible_data_set_does_not_touch_its_neighbours(model):
    """A batch of one point with possible and impossible counts."""
    counts = np.array([[2, 2, 2, 0], [2, 2, 2, 5], [2, 2, 0, 0]], dtype=float).T
    theta, aux = np.repeat([[0.0], [1.0]], 3, axis=1), np.repeat([[0.0], [1.0]], 3, axis=1)
    with np.errstate(all="ignore"):
        value, gradient, curvature = objective(model).evaluate(theta, counts, aux)
    assert value + saturated(counts) == pytest.approx([0.0, np.inf, 4.0], abs=1e-12)
    for k in (0, 2):
        alone = objective(model).evaluate(theta[:, :1], counts[:, k : k + 1], aux[:, :1])
        assert gradient[:, k] == pytest.approx(alone[1][:, 0])
        assert curvature[:, :, k] == pytest.approx(alone[2][:, :, 0])


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_both_ways_agree_where_something_is_expected(model):
    rng = np.random.default_rng(3)
    for _ in range(20):
        theta = rng.uniform([0.1, 0.1], [5.0, 2.0])
        counts = rng.poisson(model.expected(theta))
        assert batched(model, theta, counts) == pytest.approx(quoted(model, theta, counts))


def test_a_fit_says_which_bin_is_impossible():
    impossible = Data(np.array([2.0, 2.0, 2.0, 7.0]), np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="bin 3 holds 7 counts where"):
        fit(MODELS["plain"], data=impossible, fix={"line": 0.0}, poi="flat")
