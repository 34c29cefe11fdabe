"""All minima along couplings, against valleys that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.inference import function_model
from cevns.inference.fitting.local_minima import local_minima
from cevns.inference.minimum.starts import couplings
from cevns.parameters import Gaussian, Parameter, Parameters


def rate(counts, function, *parameters, typical=0.1):
    known = [Parameter(n, 0.0, lower=-5.0, upper=5.0, typical=typical) for n in parameters]
    flux = Parameter("flux", 1.0, constraint=Gaussian(1.0, 0.05))
    return function_model("rate", Parameters([*known, flux]), np.array(counts), function)


def at(found, *columns):
    return np.array([m.theta[list(columns)] for m in found])


def test_two_couplings_have_four():
    """(1 - a)^2 = 1.44 and (1 - b)^2 = 0.81: a is -0.2 or 2.2, b is 0.1 or 1.9."""
    model = rate([1440.0, 810.0], lambda x: 1000.0 * (1.0 - x[:, :2]) ** 2 * x[:, 2:], "a", "b")
    found = local_minima(model, model.parameters.values)
    wanted = {(-0.2, 0.1), (-0.2, 1.9), (2.2, 0.1), (2.2, 1.9)}
    assert {tuple(v) for v in at(found, 0, 1).round(3).tolist()} == wanted
    assert [m.twice_nll for m in found] == pytest.approx([0.0] * 4, abs=1e-4)
    # as deep as each other: the nearest to the start is the first
    assert at(found, 0, 1)[0] == pytest.approx([-0.2, 0.1], abs=1e-3)
    start = np.array([2.5, 2.5, 1.0])
    assert at(local_minima(model, start), 0, 1)[0] == pytest.approx([2.2, 1.9], abs=1e-3)


def test_the_deepest_is_first():
    """Two counts of other charges meet in the far valley only."""
    model = rate(
        [121.0, 144.0],
        lambda x: 100.0 * np.stack([(1 - x[:, 0]) ** 2, (0.9 - x[:, 0]) ** 2], 1) * x[:, 1:],
        "a",
    )
    found = local_minima(model, model.parameters.values)
    assert found[0].theta[0] == pytest.approx(2.1, abs=1e-3)
    assert found[0].twice_nll == pytest.approx(0.0, abs=1e-4)
    assert found[1].theta[0] < 0.0
    assert found[1].twice_nll > found[0].twice_nll + 1.0


def test_the_top_between_two_is_none():
    """1 + a^2 is stationary at zero, where a fit that begins there stays."""
    model = rate([1250.0], lambda x: 1000.0 * (1.0 + x[:, :1] ** 2) * x[:, 1:], "a")
    found = local_minima(model, model.parameters.values)
    assert np.sort(at(found, 0)[:, 0]) == pytest.approx([-0.5, 0.5], abs=1e-3)


def test_none_without_couplings():
    model = rate([100.0], lambda x: 100.0 * (1.0 + x[:, :1]) * x[:, 1:], "a", typical=None)
    assert couplings(model) == ()
    assert local_minima(model, model.parameters.values) == ()
