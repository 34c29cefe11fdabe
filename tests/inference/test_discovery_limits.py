"""Expected significance, discovery limits and the index of the fog, without any physics."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from iminuit import Minuit

from cevns.exceptions import InputError
from cevns.inference.discovery import (
    AsimovSearch,
    discovery_limits,
    indices,
    strengths_at_index,
)

BINS = np.linspace(0.0, 5.0, 40)
BACKGROUNDS = np.stack([400.0 * np.exp(-2.0 * BINS), 30.0 * np.exp(-0.7 * BINS), 0.2 + 0 * BINS])
ERRORS = np.array([0.02, 0.15, 0.4])
SIGNALS = np.stack(
    [np.exp(-1.1 * BINS), BINS * np.exp(-0.9 * BINS), np.exp(-0.5 * (BINS - 3) ** 2)]
)


@pytest.fixture(scope="module")
def search():
    return AsimovSearch(BACKGROUNDS, ERRORS)


def direct(signal, exposure, theta):
    """The statistic as it is written."""
    b = exposure * (BACKGROUNDS * (1.0 + ERRORS * theta)[:, None]).sum(axis=0)
    data = exposure * (signal + BACKGROUNDS.sum(axis=0))
    return 2.0 * np.sum(b - data + data * np.log(data / b)) + np.sum(theta**2)


@pytest.mark.parametrize("exposure", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("strength", [1e-2, 1.0, 50.0])
def test_q0_is_the_minimum_that_minuit_finds(search, strength, exposure):
    for signal in strength * SIGNALS:
        found = search.profile(signal, exposure)
        fit = Minuit(partial(direct, signal, exposure), np.zeros(3))
        fit.errordef, fit.tol, fit.strategy = 1.0, 1e-6, 2
        fit.limits = [(-(1.0 - 1e-6) / e, None) for e in ERRORS]
        fit.migrad(ncall=20000)
        fit.migrad(ncall=20000)
        assert found.q0[0] == pytest.approx(fit.fval, rel=2e-5, abs=2e-9)
        # `direct` is a difference of numbers as large as the data, of which it has the rounding
        rounding = 2.0 * np.finfo(float).eps * exposure * (signal + BACKGROUNDS.sum(axis=0)).sum()
        assert found.q0[0] <= fit.fval * (1 + 1e-9) + 1e-10 + rounding
        assert found.pulls[0] == pytest.approx(np.array(fit.values), abs=5e-3)


def test_a_background_does_not_become_negative(search):
    """Far beyond discovery a flat background would be pulled below zero: it stays at nothing."""
    found = search.profile(50.0 * SIGNALS[:1], 1e3)
    assert found.pulls[0, 2] == pytest.approx(-1.0 / ERRORS[2], rel=1e-5)
    assert found.q0[0] > 1e3


def test_derivatives_are_those_of_q0(search):
    signal, step = 0.3 * SIGNALS, 1e-5
    at = search.profile(signal, 20.0)
    up, down = (search.profile(signal * np.exp(h), 20.0).q0 for h in (step, -step))
    assert at.slope == pytest.approx((up - down) / (2 * step), rel=1e-7)
    up, down = (search.profile(signal, 20.0 * np.exp(h)).q0 for h in (step, -step))
    assert at.exposure_slope == pytest.approx((up - down) / (2 * step), rel=1e-7)


def test_the_closed_index_is_the_slope_of_the_limit(search):
    """n = -(d ln sigma/d ln M)^-1 by central differences along q0 = 9."""
    for exposure in (0.1, 10.0, 1e4):
        at = discovery_limits(search, SIGNALS, exposure)
        step = 1e-3
        up, down = (
            np.log(discovery_limits(search, SIGNALS, exposure * np.exp(h)).strength)
            for h in (step, -step)
        )
        assert at.index == pytest.approx(-2 * step / (up - down), rel=1e-5)


def test_errors_that_are_left_out_of_the_index_are_seen(search):
    """The planted slip: the pulls' own part is no part of what grows with the exposure."""
    at = discovery_limits(search, SIGNALS, 10.0)
    found = search.profile(at.strength[:, None] * SIGNALS, 10.0)
    wrong = found.slope / found.q0
    assert (np.abs(wrong / at.index - 1.0) > 1e-2).all()


def test_exposure_and_limit_are_inverse(search):
    at = discovery_limits(search, SIGNALS, [0.3, 5.0, 700.0])
    exposure, found = search.exposure_for(at.strength[:, None] * SIGNALS, 9.0, np.ones(3))
    assert exposure == pytest.approx([0.3, 5.0, 700.0], rel=1e-6)
    assert found.q0 == pytest.approx(9.0, rel=1e-7)


def test_gaussian_limit():
    """Large counts and a small signal: q0 = (M sigma)^2 s^T V^-1 s, V the covariance of counts."""
    search = AsimovSearch(1e4 * BACKGROUNDS, ERRORS * 0.01)
    total = 1e4 * BACKGROUNDS.sum(axis=0)
    moved = 1e4 * (ERRORS * 0.01)[:, None] * BACKGROUNDS
    covariance = np.diag(3.0 * total) + 9.0 * moved.T @ moved
    for signal in SIGNALS:
        expected = 9.0 * signal @ np.linalg.solve(covariance, signal)
        assert search.profile(signal, 3.0).q0[0] == pytest.approx(expected, rel=2e-2)
    weak = 1e-3 * SIGNALS
    expected = [9.0 * s @ np.linalg.solve(covariance, s) for s in weak]
    assert search.profile(weak, 3.0).q0 == pytest.approx(expected, rel=1e-3)


def test_poisson_background_has_index_two():
    known = AsimovSearch(BACKGROUNDS, np.zeros(3))
    assert discovery_limits(known, SIGNALS, 1e8).index == pytest.approx(2.0, abs=1e-3)


def test_without_background_the_index_is_one():
    search = AsimovSearch(1e-12 * BACKGROUNDS, ERRORS)
    found = discovery_limits(search, SIGNALS, 1.0)
    assert found.index == pytest.approx(1.0, abs=0.06)
    # with ever less background ever closer: the logarithm of their ratio
    less = discovery_limits(AsimovSearch(1e-25 * BACKGROUNDS, ERRORS), SIGNALS, 1.0).index
    assert (less < found.index).all()
    assert (less > 1.0).all()
    assert less == pytest.approx(1.0, abs=0.03)


def test_one_bin_saturates_where_the_error_of_its_background_decides():
    """sigma stops at about 3 d b: the index grows without end."""
    search = AsimovSearch([[100.0]], [0.1])
    found = discovery_limits(search, [[1.0], [1.0]], [1e3, 1e6])
    assert found.index[1] > found.index[0] > 10.0
    assert found.strength[1] == pytest.approx(30.0, rel=0.05)


def test_correlated_errors_are_pulls_of_several_backgrounds(search):
    """A rotation of the pulls changes nothing; full correlation moves what moves together."""
    angle = 0.7
    turn = np.eye(3)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turned = AsimovSearch(BACKGROUNDS, turn @ np.diag(ERRORS))
    one, other = (s.profile(0.2 * SIGNALS, 30.0) for s in (search, turned))
    assert other.q0 == pytest.approx(one.q0, rel=1e-9)
    together = AsimovSearch(BACKGROUNDS, [[0.1, 0.1, 0.1]])
    as_one = AsimovSearch(BACKGROUNDS.sum(axis=0)[None], [0.1])
    assert together.profile(0.2 * SIGNALS, 30.0).q0 == pytest.approx(
        as_one.profile(0.2 * SIGNALS, 30.0).q0, rel=1e-9
    )


def test_the_floor_is_the_first_crossing_of_a_map(search):
    floor = strengths_at_index(search, SIGNALS)
    assert floor.index == pytest.approx(2.0, abs=1e-5)
    grid = np.geomspace(1e4, 1e-4, 801)
    n, exposure = indices(search, SIGNALS, grid)
    for k in range(3):
        first = int(np.argmax(n[:, k] >= 2.0))
        assert grid[first] <= floor.strength[k] * 1.0001
        assert floor.strength[k] <= grid[first - 1] * 1.0001
        assert (n[:first, k] < 2.0).all()
        near = np.interp(np.log(floor.strength[k]), np.log(grid[::-1]), np.log(exposure[::-1, k]))
        assert near == pytest.approx(np.log(floor.exposure[k]), abs=1e-3)


def test_no_floor_where_the_background_is_known():
    known = AsimovSearch(BACKGROUNDS, np.zeros(3))
    found = strengths_at_index(known, SIGNALS, index=2.2, largest_exposure=1e9)
    assert np.isnan(found.strength).all()


def test_a_background_that_is_not_there_has_no_pull():
    more = np.vstack([BACKGROUNDS, np.zeros(40)])
    found = AsimovSearch(more, [*ERRORS, 0.5]).profile(SIGNALS, 2.0)
    assert found.pulls[:, 3] == pytest.approx(0.0)
    assert found.q0 == pytest.approx(AsimovSearch(BACKGROUNDS, ERRORS).profile(SIGNALS, 2.0).q0)


@pytest.mark.parametrize(
    ("backgrounds", "errors", "said"),
    [
        ([[1.0, 2.0]], [0.1, 0.2], "1 backgrounds and 2 relative errors"),
        ([[1.0, -2.0]], [0.1], "is negative"),
        ([[1.0, np.nan]], [0.1], "not finite"),
        ([[1.0, 2.0]], [-0.1], "is negative"),
    ],
)
def test_bad_backgrounds(backgrounds, errors, said):
    with pytest.raises(InputError, match=said):
        AsimovSearch(backgrounds, errors)


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (np.ones((1, 3)), "has 3 bins, the backgrounds 40"),
        (np.zeros((1, 40)), "no events in the bins"),
        (-np.ones((1, 40)), "negative or not finite"),
    ],
)
def test_bad_signals(search, signal, said):
    for ask in (strengths_at_index, lambda s, x: discovery_limits(s, x, 1.0)):
        with pytest.raises(InputError, match=said):
            ask(search, signal)


def test_bad_questions(search):
    with pytest.raises(InputError, match="exposure and the statistic"):
        discovery_limits(search, SIGNALS, 0.0)
    with pytest.raises(InputError, match="above one"):
        strengths_at_index(search, SIGNALS, index=1.0)
    with pytest.raises(InputError, match="strength must be positive"):
        indices(search, SIGNALS, [1.0, 0.0])
