"""The running weak mixing angle: published ends, the closed solution, the unbroken theory."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cevns.constants import SIN2_THETA_W_0, SIN2_THETA_W_MZ
from cevns.report.global_fit import running_angle as running


def test_the_angle_at_zero_is_the_published_one():
    """From M_Z, alpha(0) and alpha(M_Z) alone: 0.23867(16) and 0.23868(5)(2)."""
    low, z = running.running_angle([0.0, running.M_Z_GEV])
    assert z == pytest.approx(SIN2_THETA_W_MZ, abs=1e-9)
    # hep-ph/0409169 had 0.23120 at M_Z (from memory); orders left out are worth 0.00002
    assert low == pytest.approx(0.23867, abs=5e-5)
    assert low == pytest.approx(0.23868, abs=math.hypot(5e-5, 2e-5))
    assert low == pytest.approx(SIN2_THETA_W_0, abs=2e-4)  # of which the couplings are made


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_how_strange_quarks_share_is_worth_a_ten_thousandth(ratio, monkeypatch):
    usual = float(running.running_angle(0.0))
    monkeypatch.setattr(running, "_STRANGE_OVER_LIGHT", ratio)
    light = running._light_quarks.__wrapped__()
    changed = running._down(light)[2, -1]
    assert 3e-5 < abs(changed - usual) < 1.2e-4


def test_it_falls_to_the_w_and_rises_above():
    q = np.geomspace(1e-3, 80.0, 60)
    assert np.all(np.diff(running.running_angle(q)) < 0.0)
    assert np.all(np.diff(running.running_angle(np.geomspace(80.5, 5e3, 60))) > 0.0)
    # what E158 compares with at 0.16 GeV (from memory): 0.2381 +- 0.0006
    assert float(running.running_angle(0.161)) == pytest.approx(0.2381, abs=6e-4)
    assert running.running_angle(np.full((2, 3), 0.05)).shape == (2, 3)


def test_with_one_set_of_particles_it_is_the_closed_solution():
    """s^2 = s_0^2 alpha/alpha_0 + lambda_1 (1 - alpha/alpha_0), at any order of QCD."""
    light = running._light_quarks()
    # e, mu, u, d, s: sum N Q T = 3, sum N Q^2 = 4, with quarks once
    start, end = 1.2, 0.2
    _, inverse, angle = running._piece(
        start, end, 134.0, 0.236, running._quarks(light), bosons=False
    )
    ratio = inverse[0] / inverse[-1]
    lambda_1 = 3.0 / (2.0 * 4.0)
    assert angle[-1] == pytest.approx(0.236 * ratio + lambda_1 * (1.0 - ratio), abs=1e-9)
    drop = 2.0 / (3.0 * math.pi) * 4.0 * math.log(start / end)
    assert inverse[-1] - inverse[0] == pytest.approx(drop, rel=1e-9)


def test_far_above_it_is_the_running_of_both_gauge_couplings(monkeypatch):
    """1/alpha_2 and 1/alpha_Y rise and fall with 19/6 and -41/6 over 2 pi, without a Higgs boson
    of its own: the neutral one has no charge."""
    monkeypatch.setattr(running, "_alpha_s", lambda scale: 0.0)
    start, end = 500.0, 5000.0
    _, inverse, angle = running._piece(start, end, 127.0, 0.24, running._quarks(0.1), bosons=True)
    log = math.log(end / start)
    second, hyper = inverse * angle, inverse * (1.0 - angle)
    assert second[-1] - second[0] == pytest.approx(19.0 / 6.0 / (2.0 * math.pi) * log, rel=1e-6)
    assert hyper[-1] - hyper[0] == pytest.approx(-41.0 / 6.0 / (2.0 * math.pi) * log, rel=1e-6)


def test_hypercharge_goes_on_where_the_w_stops():
    pieces = running._down(running._light_quarks())
    (step,) = np.flatnonzero(np.diff(pieces[0]) == 0.0)[:1]
    _, inverse, angle = pieces[:, step : step + 2]
    assert inverse[0] - inverse[1] == pytest.approx(1.0 / (6.0 * math.pi))
    assert (inverse * (1.0 - angle))[0] == pytest.approx((inverse * (1.0 - angle))[1], rel=1e-12)


def test_the_strong_coupling():
    """One loop from 0.118: 0.21 at the mass of b and 0.33 at that of c (memory: 0.22, 0.38)."""
    assert running._alpha_s(running.M_Z_GEV) == pytest.approx(0.118, rel=1e-12)
    assert running._alpha_s(4.18) == pytest.approx(0.22, abs=0.02)
    assert running._alpha_s(1.27) == pytest.approx(0.36, abs=0.05)
    assert running._alpha_s(500.0) < 0.1
