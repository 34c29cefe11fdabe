"""The orbit of the Earth: extremes, mean, shares and slopes against a numerical Kepler orbit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from cevns.exceptions import InputError
from cevns.sources.arrivals import arrival
from cevns.sources.arrivals.orbit import Orbit

E = 0.01671
YEAR = Orbit(begin_d=0.0, end_d=365.25, perihelion_d=3.0)


def rate(t, e=E, t0=3.0):
    """a^2 sqrt(1 - e^2)/r^2 with Kepler's equation solved by bisection."""
    mean = 2 * np.pi * ((t - t0) / 365.25)
    u = brentq(lambda u: u - e * np.sin(u) - mean, mean - 1.0, mean + 1.0, xtol=1e-14)
    return np.sqrt(1 - e * e) / (1 - e * np.cos(u)) ** 2


def test_maximum_ratio_and_mean():
    times = np.linspace(0.0, 365.25, 36526)
    density = YEAR.shares(times)[0] * 365.25 / np.diff(times)
    assert density.max() == pytest.approx(1.0341, abs=5e-5)
    assert density.max() / density.min() == pytest.approx(1.0691, abs=5e-5)
    assert times[np.argmax(density)] == pytest.approx(3.0, abs=0.02)
    assert density.mean() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("e", "t0"), [(E, 3.0), (0.3, -170.0), (0.0, 4.0)])
def test_shares_are_integrals_of_the_rate(e, t0):
    edges = [0.0, 17.0, 100.0, 220.0, 365.25, 700.0]
    found = Orbit(0.0, 730.5, e, t0).shares(edges)[0] * 730.5
    for k, share in enumerate(found):
        exact = quad(rate, edges[k], edges[k + 1], args=(e, t0), epsabs=1e-9, epsrel=1e-9)[0]
        assert share == pytest.approx(exact, rel=1e-8)


def test_slopes():
    edges, step = [0.0, 50.0, 180.0, 365.25], 1e-5
    _, slopes = YEAR.shares(edges)
    for name, value in (("eccentricity", E), ("t0", 3.0)):
        up, down = (YEAR.shares(edges, {name: value + s})[0] for s in (step, -step))
        assert slopes[name] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-10)


def test_many_points_at_once():
    values = {"eccentricity": np.array([0.0, E, 0.4]), "t0": np.array([0.0, 3.0, 100.0])}
    both, _ = YEAR.shares([0.0, 90.0, 365.25], values)
    assert both.shape == (3, 2)
    assert both[1] == pytest.approx(YEAR.shares([0.0, 90.0, 365.25])[0])
    assert both[0] == pytest.approx(np.array([90.0, 275.25]) / 365.25)


def test_a_cosine_of_twice_the_eccentricity_is_close():
    wave = arrival("periodic", amplitude=2 * E, maximum_d=3.0, begin_d=0.0, end_d=365.25)
    times = np.linspace(0.0, 365.25, 367)
    ratio = YEAR.shares(times)[0] / wave.shares(times)[0]
    assert 2e-4 < np.abs(ratio - 1).max() < 8e-4


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"eccentricity": 0.7}, "between 0 and 0.5, as 0.01671"),
        ({"eccentricity": -0.1}, "between 0 and 0.5"),
        ({"eccentricity": float("nan")}, "between 0 and 0.5"),
        ({"period_d": 0.0}, "period in d"),
        ({"begin_d": 3.0}, "give both, or neither"),
    ],
)
def test_refused(fields, said):
    with pytest.raises(InputError, match=said):
        Orbit(**fields)
