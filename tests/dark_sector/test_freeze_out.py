"""The relic density: degrees of freedom, the Boltzmann equation, the table of an own program."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import kn

from cevns.constants import ALPHA
from cevns.dark_sector import ChiKind, Leptophobic, VectorPortal
from cevns.dark_sector import freeze_out as module
from cevns.dark_sector.annihilation import Annihilation
from cevns.dark_sector.degrees_of_freedom import energy_freedom, entropy_freedom, root_g_star
from cevns.dark_sector.freeze_out import FreezeOut, relic_alpha_visible
from cevns.dark_sector.overlay_planes import rescaled_y_dm
from cevns.dark_sector.thermal_average import ThermalAverage
from cevns.exceptions import InputError, UnknownNameError

PLANCK = 1.2209e22
# DARK_MATTER 7, columns "own", of a program that starts at x = 5 and ends at 1500
OWN = {
    "scalar": {
        3: 1.16e-12, 10: 1.34e-11, 30: 1.41e-10, 60: 6.23e-10, 100: 1.65e-9, 110: 1.45e-9,
        150: 2.25e-9, 200: 3.65e-9, 250: 5.00e-9,
    },
    "majorana": {
        3: 5.8e-13, 10: 6.74e-12, 30: 7.10e-11, 100: 8.27e-10, 150: 1.13e-9, 200: 1.83e-9,
        250: 2.51e-9,
    },
    "dirac": {
        3: 5.8e-14, 10: 5.9e-13, 30: 5.5e-12, 100: 6.4e-11, 150: 7.9e-11, 200: 1.26e-10,
        250: 1.73e-10,
    },
}  # fmt: skip
# of the figure of arXiv:2110.11453, which is met to 10 per cent at 10 and 30 MeV, to 30 elsewhere
PUBLISHED = {
    "scalar": {3: 1.18e-12, 10: 1.35e-11, 30: 1.39e-10, 60: 5.71e-10, 100: 1.31e-9, 150: 2.01e-9,
               200: 3.53e-9, 250: 4.36e-9},
    "majorana": {3: 5.97e-13, 10: 7.14e-12, 30: 6.85e-11, 100: 6.86e-10, 150: 1.00e-9,
                 200: 1.81e-9, 250: 2.18e-9},
    "pseudo-dirac": {3: 6.1e-14, 10: 7.0e-13, 30: 6.8e-12, 100: 6.8e-11, 150: 1.0e-10,
                     200: 1.77e-10, 250: 2.25e-10},
}  # fmt: skip


def pair(kind="scalar", m_chi=10.0, ratio=3.0, alpha_d=0.5):
    return Annihilation(ChiKind.of(kind), VectorPortal(), m_chi, ratio * m_chi, alpha_d)


def thermal(kind="scalar", m_chi=10.0, ratio=3.0, alpha_d=0.5):
    one = pair(kind, float(m_chi), ratio, alpha_d)
    return relic_alpha_visible(one) / ALPHA * alpha_d / ratio**4


@pytest.mark.parametrize(("kind", "m_chi"), [(k, m) for k, line in OWN.items() for m in line])
def test_the_line_is_that_of_the_own_program(kind, m_chi):
    assert thermal(kind, m_chi) / OWN[kind][m_chi] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("kind", "m_chi"), [(k, m) for k, line in PUBLISHED.items() for m in line])
def test_the_line_is_near_the_published_one(kind, m_chi):
    tolerance = 0.1 if kind == "scalar" and m_chi in (10, 30) else 0.3
    assert thermal(kind, m_chi) / PUBLISHED[kind][m_chi] == pytest.approx(1.0, abs=tolerance)


@pytest.mark.parametrize(("ratio", "expected"), [(2.5, 2.1e-12), (4.0, 2.8e-11), (10.0, 5.0e-11)])
def test_other_ratios_of_the_masses(ratio, expected):
    assert thermal(ratio=ratio) / expected == pytest.approx(1.0, abs=0.02)


def test_y_hardly_depends_on_alpha_d():
    found = [thermal(alpha_d=a) for a in (0.05, 0.5, 1.0)]
    assert found[0] < found[1] < found[2]  # a wider resonance
    assert (found[2] - found[0]) / found[1] == pytest.approx(0.02, abs=0.005)


def test_pseudo_dirac_of_equal_masses_is_dirac():
    assert thermal("pseudo-dirac") / thermal("dirac") == pytest.approx(1.0, abs=1e-6)


def test_the_line_bends_where_muons_open():
    # without them the line rises by (110/100)^2
    assert thermal(m_chi=110.0) / thermal(m_chi=100.0) == pytest.approx(1.45 / 1.65, abs=0.01)


@pytest.mark.parametrize(("t", "g"), [(1.0, 10.56), (10.0, 10.76), (100.0, 17.6)])
def test_degrees_of_freedom(t, g):
    assert float(energy_freedom(t)) == pytest.approx(g, rel=0.01)


def test_neutrinos_keep_their_heat():
    # 2 + (7/8) 2 N_eff (4/11)^(4/3) and 2 + (7/8) 6 (4/11) nearly, with N_eff = 3.044
    expected = 2.0 + 7.0 / 4.0 * 3.044 * (4.0 / 11.0) ** (4.0 / 3.0)
    assert float(energy_freedom(1e-3)) == pytest.approx(expected, rel=2e-3)
    assert float(entropy_freedom(1e-3)) == pytest.approx(2.0 + 5.25 * 4.0 / 11.0, rel=7e-3)


def test_one_state_is_one_when_it_has_no_mass():
    # before neutrinos decouple, electrons, photons and neutrinos alone: 2 + (7/8) (4 + 6)
    assert float(energy_freedom(7.0)) == pytest.approx(10.75, rel=1e-3)
    # all leptons but the tau, five quarks, gluons
    assert float(energy_freedom(3e3)) == pytest.approx(2 + 7 / 8 * (4 * 3 + 6 + 60) + 16, rel=0.05)


def test_root_g_star_is_of_the_slope_of_entropy():
    t, step = 60.0, 1.02
    h = [float(entropy_freedom(t * step**k)) for k in (-1, 0, 1)]
    slope = np.log(h[2] / h[0]) / (2.0 * np.log(step))
    expected = h[1] / np.sqrt(float(energy_freedom(t))) * (1.0 + slope / 3.0)
    assert float(root_g_star(t)) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("kind", ["scalar", "dirac", "majorana"])
def test_freeze_out_in_other_variables(kind):
    # dY/dx as it is written, to x = 1e5, by another method and without tables of rates
    one, m, visible = pair(kind), 10.0, 2e-11
    average = ThermalAverage(one, visible)
    share = 1.0 if kind == "majorana" else 0.5
    states = one.kind.degrees_of_freedom

    def equilibrium(x):
        h = float(entropy_freedom(m / x))
        return 45.0 / (4.0 * np.pi**4) * states * x**2 * kn(2, x) / h

    def slope(x, y):
        rate = np.sqrt(np.pi / 45.0) * PLANCK * m * float(root_g_star(m / x)) / x**2 * share
        return -rate * float(average(x)) * (y**2 - equilibrium(x) ** 2)

    start = equilibrium(12.0)
    found = solve_ivp(slope, (12.0, 1e5), [start], method="BDF", rtol=1e-6, atol=1e-6 * 1e-12)
    omega = m * 2891.2 * found.y[0, -1] / 1.05371e-2
    assert FreezeOut(one, visible).omega_h2 / omega == pytest.approx(1.0, abs=1e-3)


def test_the_analytic_estimate_of_a_p_wave():
    # Kolb and Turner 5.2 with c (c + 2) = n + 1 = 2: 1/Y_0 = 1/Y(x_f) + lambda/(2 x_f^2)
    one, visible, m = pair(ratio=30.0), 1e-7, 10.0
    sigma0 = float(ThermalAverage(one, visible)(1e3)) * 1e3
    freeze = FreezeOut(one, visible)
    g = float(energy_freedom(m / freeze.freeze_out_x))
    rate = np.sqrt(np.pi / 45.0) * PLANCK * m * np.sqrt(g) * sigma0 * 0.5
    a = 45.0 / (4.0 * np.pi**4) * np.sqrt(np.pi / 2.0) * 2.0 / g
    x = log = np.log(2.0 * a * rate)
    for _ in range(20):
        x = log - 1.5 * np.log(x)
    left = np.sqrt(3.0) * a * x**1.5 * np.exp(-x)
    estimate = 1.0 / (1.0 / left + rate / (2.0 * x**2))
    assert freeze.abundance / estimate == pytest.approx(1.0, abs=0.04)
    assert freeze.freeze_out_x == pytest.approx(x, abs=1.1)


@pytest.mark.parametrize(("kind", "ratio"), [("scalar", 3.0), ("dirac", 2.05), ("majorana", 1.6)])
def test_finer_steps_change_a_density_by_less_than_1e_4(monkeypatch, kind, ratio):
    one = pair(kind, ratio=ratio, alpha_d=0.01)
    visible = relic_alpha_visible(one)
    rough = FreezeOut(one, visible).omega_h2
    for name, value in {"_COARSE": 900, "_FINE": 20000, "_COUPLED": 1e5, "_GONE": 1e-12}.items():
        monkeypatch.setattr(module, name, value)
    fine = FreezeOut(one, visible, rtol=1e-9).omega_h2
    assert rough / fine == pytest.approx(1.0, abs=1e-4)
    assert fine == pytest.approx(0.12, rel=1e-4)


def test_a_stronger_coupling_leaves_less():
    one = pair()
    found = [FreezeOut(one, v).omega_h2 for v in (1e-12, 1e-11, 1e-10)]
    assert found[0] > 5.0 * found[1] > 25.0 * found[2]


def test_what_was_never_in_equilibrium_is_refused():
    with pytest.raises(InputError, match="use a larger coupling"):
        FreezeOut(pair(), 1e-20).omega_h2  # noqa: B018


def test_no_coupling_is_too_large_in_silence():
    with pytest.raises(InputError, match="for any epsilon below 1"):
        relic_alpha_visible(pair(ratio=1e4))


def test_baryonic_mediators_need_more_coupling_where_only_a_photon_is_open():
    def alpha_b(m_chi, ratio):
        return relic_alpha_visible(
            Annihilation(ChiKind.SCALAR, Leptophobic(), m_chi, ratio * m_chi, 0.5)
        )

    # pi0 gamma costs a power of alpha, three pions do not
    assert alpha_b(100.0, 3.0) > 50.0 * alpha_b(300.0, 3.0)


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("recoil", lambda eps2, alpha: eps2**2 * alpha),
        ("missing-energy", lambda eps2, alpha: eps2),
        ("off-shell", lambda eps2, alpha: eps2**2 * alpha**2),
    ],
)
def test_limits_move_between_planes_at_equal_events(rule, events):
    y = np.array([1e-11, 3e-10])
    moved = rescaled_y_dm(y, rule, alpha_d=0.5, to_alpha_d=0.1)
    before, after = events(y * 81.0 / 0.5, 0.5), events(moved * 81.0 / 0.1, 0.1)
    assert after / before == pytest.approx(np.ones(2), abs=1e-12)


def test_other_rules_and_couplings_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'recoil'"):
        rescaled_y_dm(1e-10, "recoils", alpha_d=0.5, to_alpha_d=0.1)
    with pytest.raises(InputError, match="above 1"):
        rescaled_y_dm(1e-10, "recoil", alpha_d=0.5, to_alpha_d=2.0)
