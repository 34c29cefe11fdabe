"""Directions as a detector measures them: closed forms, drawn directions, tables, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import vonmises_fisher

from cevns.detectors.framework.angular_response import (
    AngularResponse,
    angular_table,
    legendre_bins,
)
from cevns.exceptions import DataError, InputError


@pytest.mark.parametrize("sigma", [1.0, 20.0, 30.0, 90.0, 180.0])
def test_closed_forms(sigma):
    kappa = math.radians(sigma) ** -2
    first = 1.0 / math.tanh(kappa) - 1.0 / kappa
    found = AngularResponse(sigma).factors([1.0], 3)[:, 0]
    assert found[:3] == pytest.approx([1.0, first, 1.0 - 3.0 * first / kappa], rel=1e-9)
    # the mean of P_3 over the density itself
    x, w = np.polynomial.legendre.leggauss(400)
    # nodes where a sharp density is
    c = 1.0 - (1.0 - x) * min(1.0, 40.0 / kappa)
    density = np.exp(kappa * (c - 1.0)) * w
    third = (density @ (2.5 * c**3 - 1.5 * c)) / density.sum()
    assert found[3] == pytest.approx(third, rel=1e-8)


def test_small_spread_is_a_gaussian_of_two_directions():
    sigma = 2.0
    found = AngularResponse(sigma).factors([1.0], 1)[1, 0]
    assert found == pytest.approx(1.0 - math.radians(sigma) ** 2, rel=1e-6)  # <delta^2>/2


def test_head_tail_turns_odd_moments():
    full, part, none = (AngularResponse(30.0, h).factors([1.0], 4)[:, 0] for h in (1.0, 0.75, 0.5))
    assert part[::2] == pytest.approx(full[::2], rel=1e-12)
    assert part[1::2] == pytest.approx(0.5 * full[1::2], rel=1e-12)
    assert none[1::2] == pytest.approx(0.0, abs=1e-12)


def test_drawn_directions():
    # true directions at one cosine to the beam, smeared on the sphere, heads lost at random
    rng = np.random.default_rng(7)
    size, c = 200_000, 0.6
    kappa = math.radians(30.0) ** -2
    true = np.array([math.sqrt(1.0 - c * c), 0.0, c])
    drawn = vonmises_fisher(true, kappa).rvs(size, random_state=rng)
    drawn *= np.where(rng.uniform(size=size) < 0.8, 1.0, -1.0)[:, None]
    response = AngularResponse(30.0, 0.8)
    order = response.order([1.0])
    moments = np.polynomial.legendre.legvander(np.array([c]), order)[0]
    edges = np.linspace(-1.0, 1.0, 11)
    shares = (moments * response.factors(1.0, order)) @ legendre_bins(edges, order)
    counted = np.histogram(drawn[:, 2], edges)[0] / size
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)
    assert shares == pytest.approx(counted, abs=0.0025)


def test_bins_of_a_legendre_series():
    found = legendre_bins([-1.0, -0.2, 0.3, 1.0], 5)
    x, w = np.polynomial.legendre.leggauss(20)
    for k, (low, high) in enumerate(((-1.0, -0.2), (-0.2, 0.3), (0.3, 1.0))):
        c = low + (high - low) * (x + 1.0) / 2.0
        for degree in range(6):
            polynomial = np.polynomial.legendre.Legendre.basis(degree)(c)
            whole = (2 * degree + 1) / 2.0 * (w @ polynomial) * (high - low) / 2.0
            assert found[degree, k] == pytest.approx(whole, abs=1e-12)


def test_resolution_of_a_table(tmp_path):
    path = tmp_path / "gas.csv"
    path.write_text("recoil_energy_kev,resolution_deg\n5,60\n10,40\n50,15\n", encoding="utf-8")
    found = angular_table(path)
    assert found.sigma_deg([1.0, 7.5, 100.0]).tolist() == [60.0, 50.0, 15.0]
    assert "constant beyond" in found.said
    sharp = AngularResponse(40.0).factors([10.0], 2)
    assert found.factors([10.0], 2) == pytest.approx(sharp)


def test_bad_input(tmp_path):
    for sigma in (0.0, -1.0, 180.1, float("nan")):
        with pytest.raises(InputError, match="angular resolution"):
            AngularResponse(sigma)
    for h in (0.4, 1.01, float("nan")):
        with pytest.raises(InputError, match="correct sense of a track"):
            AngularResponse(30.0, h)
    with pytest.raises(InputError, match="angular resolution of 0 degrees"):
        AngularResponse(lambda t: 0.0 * t).factors([1.0], 1)
    path = tmp_path / "bad.csv"
    path.write_text("recoil_energy_kev,resolution_deg\n10,60\n5,40\n", encoding="utf-8")
    with pytest.raises((DataError, InputError), match="increase"):
        angular_table(path)
    with pytest.raises(InputError, match="that increase"):
        legendre_bins([0.0, -1.0], 2)
