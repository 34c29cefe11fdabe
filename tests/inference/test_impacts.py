"""Impacts and the statistical error, by hand and by another minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from cevns.exceptions import InputError
from cevns.inference import fit, function_model
from cevns.inference.fitting.impacts import impacts, statistical_error
from cevns.parameters import Gaussian, Parameter, Parameters

SIGNAL = np.array([8.0, 20.0, 40.0, 25.0, 7.0])
LEFT, FLAT = np.array([30.0, 18.0, 11.0, 7.0, 4.0]), np.full(5, 15.0)


PARAMETERS = Parameters(
    [
        Parameter("s", 1.0, role="poi"),
        Parameter("left", 1.0, constraint=Gaussian(1.0, 0.3), lower=0.0),
        Parameter("flat", 1.0, constraint=Gaussian(1.0, 0.4), lower=0.0),
        Parameter("gain", 0.0, constraint=Gaussian(0.0, 1.0)),
    ]
)
OBSERVED = np.array([58.0, 47.0, 73.0, 49.0, 23.0])


def counts(theta):
    """A line on two backgrounds; a gain acts on the line alone, not linearly."""
    s, left, flat, gain = (theta[..., k, None] for k in range(4))
    return s * np.exp(0.2 * gain) * SIGNAL + left * LEFT + flat * FLAT


MODEL = function_model("spectrum", PARAMETERS, OBSERVED, counts)


def twice_nll(theta):
    mu = theta[0] * np.exp(0.2 * theta[3]) * SIGNAL + theta[1] * LEFT + theta[2] * FLAT
    pulls = ((theta[1:] - [1.0, 1.0, 0.0]) / [0.3, 0.4, 1.0]) ** 2
    return 2.0 * np.sum(mu - OBSERVED * np.log(mu)) + pulls.sum()


def refit(**held):
    """Values at the minimum with some parameters held, by Nelder and Mead."""
    names = MODEL.parameters.names
    fixed = {names.index(n): v for n, v in held.items()}
    free = [k for k in range(4) if k not in fixed]

    def at(x):
        theta = np.empty(4)
        theta[free], theta[list(fixed)] = x, list(fixed.values())
        return theta

    start = MODEL.parameters.values[free]
    for _ in range(3):  # restarted: the simplex may flatten
        options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 10_000, "maxfev": 10_000}
        start = minimize(lambda x: twice_nll(at(x)), start, method="Nelder-Mead", options=options).x
    return at(start)


def error(theta, free):
    """Of the first of the free parameters, by second differences."""
    h = 1e-4
    steps = h * np.eye(4)[free]
    matrix = [
        [
            sum(a * b * twice_nll(theta + a * i + b * j) for a in (1, -1) for b in (1, -1))
            for j in steps
        ]
        for i in steps
    ]
    return float(np.sqrt(np.linalg.inv(np.array(matrix) / (8.0 * h * h))[0, 0]))


def test_impacts_are_those_of_a_refit():
    best = refit()
    errors = {n: fit(MODEL, minos="none")[n].error for n in MODEL.parameters.names[1:]}
    found = {i.name: i for i in impacts(MODEL)}
    assert set(found) == {"left", "flat", "gain"}
    full = error(best, [0, 1, 2, 3])
    for k, (name, sigma) in enumerate(errors.items(), start=1):
        # a step of the minimiser's tolerance: 0.005 of an error
        near = 0.005 * full
        up, down = (refit(**{name: best[k] + s * sigma})[0] - best[0] for s in (1, -1))
        assert found[name].up == pytest.approx(up, abs=near), name
        assert found[name].down == pytest.approx(down, abs=near), name
        assert found[name].size == max(abs(found[name].up), abs(found[name].down))
        held = error(best, [j for j in range(4) if j != k])
        assert found[name].share == pytest.approx(np.sqrt(full**2 - held**2), abs=near), name
        assert found[name].up < -5 * near  # more background or gain, less line
        assert found[name].down > 5 * near
    # with the line as a product its value goes as exp(-0.2 gain): up and down differ
    assert found["gain"].down > 1.15 * abs(found["gain"].up)


def test_impacts_are_ranked():
    sizes = [i.size for i in impacts(MODEL)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1.2 * sizes[-1]


def test_statistical_error_is_that_with_all_nuisances_held():
    best = refit()
    assert statistical_error(MODEL) == pytest.approx(error(best, [0]), rel=2e-3)
    assert statistical_error(MODEL) < 0.9 * fit(MODEL, minos="none")["s"].error
    # in quadrature with the shares it is the full error only without correlations; with one
    # nuisance there are none
    alone = {"left": best[1], "gain": best[3]}
    (flat,) = impacts(MODEL, fix=alone)
    total = fit(MODEL, fix=alone, minos="none")["s"].error
    # HESSE differentiates numerically: 1e-3 of each error
    assert np.hypot(flat.share, statistical_error(MODEL, fix=alone)) == pytest.approx(
        total, rel=2e-3
    )


def test_what_is_held_has_no_impact():
    found = impacts(MODEL, fix={"gain": 0.5})
    assert {i.name for i in found} == {"left", "flat"}
    free = {i.name: i for i in impacts(MODEL)}
    # the line is worth exp(0.1) as much, so its value moves by as much less
    scale = np.exp(0.2 * (refit()[3] - 0.5))
    for i in found:
        assert i.up == pytest.approx(free[i.name].up * scale, rel=0.05)
    with pytest.raises(InputError, match="'s' is fixed"):
        impacts(MODEL, fix={"s": 1.0})
