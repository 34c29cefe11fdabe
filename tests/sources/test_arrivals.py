"""Arrivals: shares of bins against integrals of densities, slopes against differences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import brentq

from cevns.constants import TAU_MUON_US, TAU_PION_US
from cevns.exceptions import InputError, UnknownNameError
from cevns.sources import SNS
from cevns.sources.arrivals import arrival, arrivals

YEAR = 365.25


def kepler(t, e, t0, period):
    """(a/r)^2 sqrt(1 - e^2), Kepler's equation solved by bisection."""
    mean = 2 * np.pi * (t - t0) / period
    u = brentq(lambda u: u - e * np.sin(u) - mean, mean - 1.0, mean + 1.0, xtol=1e-14)
    return np.sqrt(1 - e * e) / (1 - e * np.cos(u)) ** 2


CASES = {
    "steady": (arrival("steady", begin_d=0.0, end_d=50.0), lambda t: 1 / 50),
    "periodic": (
        arrival("periodic", amplitude=0.3, maximum_d=20.0, period_d=40.0, begin_d=0.0, end_d=50.0),
        lambda t: (1 + 0.3 * np.cos(2 * np.pi * (t - 20) / 40)) / 50,
    ),
    "orbit": (
        arrival(
            "orbit", eccentricity=0.25, perihelion_d=20.0, period_d=40.0, begin_d=0.0, end_d=50.0
        ),
        lambda t: kepler(t, 0.25, 20.0, 40.0) / 50,
    ),
    "history": (
        arrival("history", edges_d=(0.0, 12.0, 30.0, 50.0), power=(1.0, 0.2, 0.7)),
        lambda t: np.array([1.0, 0.2, 0.7])[np.searchsorted([12.0, 30.0], t)] / 50,
    ),
    "burst": (
        arrival("burst", decay_s=5.0, rise_s=0.5, begin_s=3.0),
        lambda t: (t > 3) * (1 - np.exp(-(t - 3) / 0.5)) * np.exp(-(t - 3) / 5) / (5 - 5 / 11),
    ),
    "train": (
        arrival("train", fwhm_us=8.0, shape="flat", bunches=2, spacing_us=20.0, mean_us=20.0),
        lambda t: np.where((abs(t - 10) < 4) | (abs(t - 30) < 4), 1 / 16, 0.0),
    ),
    "pulsed": (
        arrival("pulsed", sigma_us=2.0, lives_us=(), mean_us=20.0),
        lambda t: np.exp(-(((t - 20) / 2) ** 2) / 2) / (2 * np.sqrt(2 * np.pi)),
    ),
}
EDGES = np.array([0.0, 4.0, 12.0, 17.0, 30.0, 49.0])


def test_every_arrival_is_tested():
    assert tuple(sorted(CASES)) == arrivals()
    with pytest.raises(UnknownNameError, match="unknown arrival 'stedy': did you mean 'steady'"):
        arrival("stedy")


@pytest.mark.parametrize("name", CASES)
def test_shares_are_integrals_of_the_rate(name):
    model, density = CASES[name]
    got, slopes = model.shares(EDGES)
    own = [
        quad(density, a, b, points=[p for p in (3.0, 12.0, 30.0) if a < p < b], limit=200)[0]
        for a, b in pairwise(EDGES)
    ]
    assert_allclose(got, own, rtol=1e-7, atol=1e-12)
    assert set(slopes) == set(model.parameters.names)


@pytest.mark.parametrize("name", ["periodic", "orbit", "burst", "pulsed"])
def test_slopes_and_batches(name):
    model, _ = CASES[name]
    for parameter in model.parameters:
        at = parameter.value + np.array([[0.01], [0.2]])
        share, slopes = model.shares(EDGES, {parameter.name: at})
        assert share.shape == (2, 1, EDGES.size - 1)
        up, down = (model.shares(EDGES, {parameter.name: at + h})[0] for h in (1e-6, -1e-6))
        assert_allclose(slopes[parameter.name], (up - down) / 2e-6, atol=2e-8)
        assert_allclose(share[1, 0], model.shares(EDGES, {parameter.name: at[1, 0]})[0], rtol=1e-14)


def test_without_a_time_axis_the_whole_exposure_counts():
    assert CASES["steady"][0].live_share()[0] == 1.0
    assert CASES["pulsed"][0].live_share() == (1.0, {})
    assert CASES["history"][0].live_share()[0] == pytest.approx((12 + 18 * 0.2 + 20 * 0.7) / 50)
    # whole periods have the mean rate, whatever the amplitude
    for amplitude in (0.0, 0.5):
        whole = arrival("periodic", amplitude=amplitude, maximum_d=7.0, begin_d=0.0, end_d=2 * YEAR)
        share, slopes = whole.live_share()
        assert share == pytest.approx(1.0, abs=1e-12)
        assert slopes["amplitude"] == pytest.approx(0.0, abs=1e-12)


def test_the_sns_is_two_pulses():
    sns = SNS(distance_m=19.3, protons=1e23, pulse_sigma_us=0.2)
    edges = np.linspace(0.0, 6.0, 13)
    for flavour, lives in (("nu_mu", (TAU_PION_US,)), ("nu_e", (TAU_PION_US, TAU_MUON_US))):
        pulsed = arrival("pulsed", sigma_us=0.2, lives_us=lives)
        share, _ = pulsed.shares(edges, {"t0": 0.5})
        assert_allclose(share, np.diff(sns.time_cdf(flavour, edges, 0.5)), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("steady", {"begin_d": 0.0}, "give both, or neither"),
        ("steady", {"begin_d": 2.0, "end_d": 1.0}, "is empty: it must end after it begins"),
        ("periodic", {"period_d": 0.0}, "period in d must be positive"),
        ("orbit", {"eccentricity": 0.7}, "between 0 and 0.5, such as 0.01671"),
        ("orbit", {"eccentricity": float("nan")}, "between 0 and 0.5"),
        ("orbit", {"period_d": 0.0}, "period in d must be positive"),
        ("history", {"edges_d": (0.0, 1.0), "power": (1.0, 2.0)}, "2 powers needs 3 edges, not 2"),
        ("history", {"edges_d": (1.0, 0.0), "power": (1.0,)}, "must be finite and increase"),
        ("history", {"edges_d": (0.0, 1.0), "power": (-1.0,)}, "finite and not negative"),
        ("burst", {"decay_s": 0.0}, "decay time of the burst in s must be positive"),
        ("pulsed", {"sigma_us": 1.0, "lives_us": (1.0, 1.0)}, "different lifetimes"),
    ],
)
def test_what_is_refused(name, options, said):
    with pytest.raises(InputError, match=said):
        arrival(name, **options)
    with pytest.raises(InputError, match="the edges must be two or more increasing numbers"):
        CASES[name][0].shares([1.0, 1.0])
