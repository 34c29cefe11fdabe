"""Annihilation and its thermal average against formulas, plain quadrature and limits."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import k1e, kve

from cevns.constants import ALPHA, M_ELECTRON_MEV
from cevns.dark_sector import (
    ChiKind,
    Leptophobic,
    VectorPortal,
    chi_width_mev,
    visible_width_mev,
)
from cevns.dark_sector.annihilation import Annihilation
from cevns.dark_sector.thermal_average import ThermalAverage
from cevns.exceptions import InputError

EPS2 = 1e-9
VISIBLE = ALPHA * EPS2


def pair(kind=ChiKind.SCALAR, m_chi=10.0, ratio=3.0, alpha_d=0.5, portal=None):
    return Annihilation(kind, portal or VectorPortal(), m_chi, ratio * m_chi, alpha_d)


@pytest.mark.parametrize("kind", ChiKind)
@pytest.mark.parametrize("s", [420.0, 880.0, 2000.0])
def test_the_cross_section_is_that_of_the_reference(kind, s):
    # (4 pi/3) alpha alpha_D eps^2 s K sum_l beta_l (1 + 2 m_l^2/s)/(beta ((s-m^2)^2 + m^2 Gamma^2))
    one = pair(kind)
    beta = np.sqrt(1.0 - 400.0 / s)
    x = M_ELECTRON_MEV**2 / s
    leptons = np.sqrt(1.0 - 4.0 * x) * (1.0 + 2.0 * x)
    p_wave = kind in (ChiKind.SCALAR, ChiKind.MAJORANA)
    k = beta**2 if p_wave else 1.0 + 200.0 / s
    width = one.width_mev(VISIBLE)
    pole = (s - 900.0) ** 2 + 900.0 * width**2
    expected = 4.0 * np.pi / 3.0 * VISIBLE * 0.5 * s * k * leptons / (beta * pole)
    found = float(one.cross_section_mev2(s, VISIBLE))
    assert found / expected == pytest.approx(1.0, abs=1e-12)


def p_wave(one, x):
    """``(8 pi/3) alpha Y (R^4/(R^2-4)^2) <v^2>/m^2`` with ``<v^2> = 6/x``."""
    y = EPS2 * one.alpha_d / one.ratio**4
    shape = one.ratio**4 / (one.ratio**2 - 4.0) ** 2
    return 8.0 * np.pi / 3.0 * ALPHA * y * shape * 6.0 / x / one.m_chi_mev**2


@pytest.mark.parametrize(("x", "factor"), [(15, 1.62), (17, 1.46), (20, 1.34), (25, 1.25)])
def test_the_average_exceeds_the_velocity_expansion_at_three(x, factor):
    found = float(ThermalAverage(pair(), VISIBLE)(x)) / p_wave(pair(), x)
    assert found == pytest.approx(factor, abs=0.006)


@pytest.mark.parametrize("x", [200.0, 1000.0])
def test_a_heavy_mediator_leaves_the_p_wave(x):
    # relativistic corrections are of the order of 1/x
    one = pair(ratio=100.0, alpha_d=0.01)  # a narrow mediator, as the formula leaves out the width
    assert float(ThermalAverage(one, VISIBLE)(x)) / p_wave(one, x) == pytest.approx(
        1.0, abs=1.0 / x
    )


@pytest.mark.parametrize("kind", ChiKind)
@pytest.mark.parametrize(("ratio", "x"), [(2.2, 15.0), (3.0, 5.0), (3.0, 20.0), (3.0, 100.0)])
def test_the_average_is_the_plain_integral(kind, ratio, x):
    one = pair(kind, ratio=ratio)

    def slope(t):
        s = 400.0 + t * t
        scaled = k1e(np.sqrt(s) * x / 10.0) * np.exp(-(np.sqrt(s) / 10.0 - 2.0) * x)
        return 2.0 * t * float(one.flux_times_section(s, VISIBLE)) * np.sqrt(s) * scaled

    at = np.sqrt(one.m_v_mev**2 - 400.0)
    edges = [
        0.0,
        at / 3.0,
        0.97 * at,
        0.999 * at,
        at,
        1.001 * at,
        1.03 * at,
        2.0 * at,
        8.0 * at,
        400,
    ]
    edges.append(np.sqrt(4.0 * 105.6583755**2 - 400.0))
    edges.sort()
    total = sum(quad(slope, a, b, limit=300, epsrel=1e-11)[0] for a, b in pairwise(edges))
    expected = total * x / (8.0 * 10.0**5 * kve(2, x) ** 2)
    assert float(ThermalAverage(one, VISIBLE)(x)) / expected == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("alpha_d", [1e-8, 1e-12, 1e-16])
def test_a_narrow_mediator_is_a_line(alpha_d):
    # 1/((s-m^2)^2 + m^2 Gamma^2) is then pi/(m Gamma) delta(s - m^2)
    one, x, visible = pair(ChiKind.DIRAC, ratio=2.5, alpha_d=alpha_d), 20.0, 1e-20
    chi = float(chi_width_mev(one.kind, alpha_d, 10.0, 25.0))
    out = float(visible_width_mev(one.portal, visible, 25.0))
    line = 12.0 * np.pi * 625.0 * chi * out * np.pi / (25.0 * one.width_mev(visible))
    boltzmann = 25.0 * k1e(2.5 * x) * np.exp(-0.5 * x) * x / (8.0 * 10.0**5 * kve(2, x) ** 2)
    found = float(ThermalAverage(one, visible)(x)) / (line * boltzmann)
    assert found == pytest.approx(1.0, abs=3e-6)


@pytest.mark.parametrize("ratio", [1.5, 2.004, 2.1, 3.0, 30.0])
@pytest.mark.parametrize("kind", [ChiKind.SCALAR, ChiKind.DIRAC])
def test_more_nodes_change_nothing(kind, ratio):
    x = np.array([2.0, 20.0, 1e3, 1e6])
    rough, fine = (ThermalAverage(pair(kind, ratio=ratio), 1e-13, nodes=n)(x) for n in (12, 30))
    assert rough / fine == pytest.approx(np.ones(4), abs=1e-8)


def test_the_thermal_tail_to_two_mediators_is_that_of_detailed_balance():
    one = pair(ratio=1.5)
    n_ratio = 3.0 * 1.5**2 * kve(2, 30.0) * np.exp(-30.0) / (kve(2, 20.0) * np.exp(-20.0))
    expected = np.pi * 0.25 / 100.0 * n_ratio**2
    assert one.two_mediators_mev2(20.0) / expected == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratio": 0.9}, "two chi then annihilate to two mediators"),
        ({"ratio": 1.0}, "two chi then annihilate to two mediators"),
        ({"ratio": 2.0}, "twice m_chi = 10 MeV"),
        ({"m_chi": 0.4}, "portal below 0.511 MeV"),
        ({"m_chi": 1600.0}, "hadrons are described up to 3 GeV"),
        ({"m_chi": -1.0}, "m_chi in MeV must be positive"),
        ({"ratio": -3.0}, "m_v in MeV must be positive"),
        ({"alpha_d": 1.5}, "alpha_d is 1.5, above 1"),
        ({"alpha_d": 0.0}, "alpha_d must be positive"),
        ({"portal": Leptophobic()}, "no annihilation channel is open at tree level .* pi0 gamma"),
    ],
)
def test_where_the_model_is_not_defined_one_sentence_says_so(changes, message):
    with pytest.raises(InputError, match=message):
        pair(**changes)
