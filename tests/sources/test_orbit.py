"""The orbit of the Earth: extremes and mean of the flux, and how close a cosine is."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.sources.arrivals import arrival
from cevns.sources.arrivals.orbit import Orbit

E = 0.01671
YEAR = Orbit(begin_d=0.0, end_d=365.25, perihelion_d=3.0)


def test_maximum_ratio_and_mean():
    times = np.linspace(0.0, 365.25, 36526)
    density = YEAR.shares(times)[0] * 365.25 / np.diff(times)
    assert density.max() == pytest.approx(1.0341, abs=5e-5)
    assert density.max() / density.min() == pytest.approx(1.0691, abs=5e-5)
    assert times[np.argmax(density)] == pytest.approx(3.0, abs=0.02)
    assert density.mean() == pytest.approx(1.0, abs=1e-12)


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
