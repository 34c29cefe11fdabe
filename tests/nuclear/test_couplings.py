from __future__ import annotations

import math

import numpy as np
import pytest

from cevns.constants import (
    ALPHA,
    G_FERMI_MEV,
    HBARC2_MEV2_CM2,
    M_ELECTRON_MEV,
    M_MUON_MEV,
    M_TAU_MEV,
)
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import coupling_schemes, couplings
from cevns.nuclear.couplings import barranco_couplings, charge_radius_shift

M_W_MEV = 80379.0
MASSES = {"e": M_ELECTRON_MEV, "mu": M_MUON_MEV, "tau": M_TAU_MEV}


def _charge_radius_cm2(lepton):
    """Standard Model neutrino charge radius, -(G_F/(2 sqrt2 pi^2)) [3 - 2 ln(m^2/M_W^2)]."""
    log = 3.0 - 2.0 * math.log(MASSES[lepton] ** 2 / M_W_MEV**2)
    return -G_FERMI_MEV * HBARC2_MEV2_CM2 / (2 * math.sqrt(2) * math.pi**2) * log


@pytest.mark.parametrize(
    ("scheme", "proton", "neutron"),
    [
        ("tree-lowE", 0.02286, -0.5),
        ("tree-MZ", 0.03756, -0.5),
        ("barranco2005", 0.0304, -0.5122),
        ("pdg2011", 0.0306, -0.5120),
        ("pdg2012", 0.0307, -0.5120),
        ("scholberg2021", 0.0298, -0.5117),
        ("erler-su", 0.0298, -0.5117),
        ("cadeddu2022", 0.0300, -0.5117),
        ("cadeddu2020", 0.0318, -0.5094),
    ],
)
def test_the_named_schemes(scheme, proton, neutron):
    c = couplings(scheme)
    # values as published, half a unit of the last digit
    assert c.gv_p("mu") == pytest.approx(proton, abs=5e-5 if scheme == "erler-su" else 5e-6)
    assert c.gv_n == neutron
    assert c.ga_p > 0 > c.ga_n
    assert c.source


def test_schemes_are_found_in_any_spelling():
    assert couplings("TREE_LOWE") is couplings("tree-lowE")
    assert couplings(couplings("erler_su")).name == "erler-su"
    assert len(coupling_schemes()) == 9
    with pytest.raises(UnknownNameError, match="did you mean 'cadeddu202"):
        couplings("cadeddu2021")


def test_flavour_dependence_of_erler_and_su():
    c = couplings("erler-su")
    # as quoted, to four decimals
    assert [round(c.gv_p(x), 4) for x in ("e", "mu", "tau")] == [0.0381, 0.0298, 0.0254]


@pytest.mark.parametrize(
    ("lepton", "radius", "shift"),
    [("e", -0.83e-32, 0.0197), ("mu", -0.48e-32, 0.0114), ("tau", -0.30e-32, 0.0071)],
)
def test_the_charge_radius_is_the_flavour_dependence(lepton, radius, shift):
    own = _charge_radius_cm2(lepton)
    assert own == pytest.approx(radius, abs=5e-35)  # two decimals as published
    assert charge_radius_shift(own) == pytest.approx(shift, abs=5e-5)  # four decimals
    # identity with -2 phi = (alpha/(3 pi)) [ln(M_W^2/m^2) + 3/2] of the radiative corrections
    phi = ALPHA / (3 * math.pi) * (math.log(M_W_MEV**2 / MASSES[lepton] ** 2) + 1.5)
    assert charge_radius_shift(own) == pytest.approx(phi, rel=1e-12)
    erler_su = couplings("erler-su").gv_p(lepton) - 0.01836
    # the scheme's own numbers use a slightly other M_W and alpha
    assert charge_radius_shift(own) == pytest.approx(erler_su, abs=1e-5)


def test_the_barranco_formula():
    proton, neutron = barranco_couplings()
    assert (round(proton, 4), round(neutron, 4)) == (0.0304, -0.5122)
    # without corrections it is the tree level
    tree = barranco_couplings(
        0.23, rho=1, kappa=1, lambda_ul=0, lambda_dl=0, lambda_dr=0, lambda_ur=0
    )
    assert tree == pytest.approx((0.5 - 0.46, -0.5), rel=1e-14)
    with pytest.raises(InputError, match="between 0 and 1"):
        barranco_couplings(1.2)


def test_the_mixing_angle_moves_the_tree_level_term():
    c = couplings("scholberg2021")
    assert c.gv_p("mu", 0.23857) == c.gv_p("mu")
    assert c.gv_p("mu", 0.22857) == pytest.approx(0.0298 + 0.02, rel=1e-13)
    assert np.allclose(c.gv_p("mu", np.array([0.23857, 0.22857])), [0.0298, 0.0498], rtol=1e-13)
    # the tree-level scheme follows 1/2 - 2 s2 exactly
    assert couplings("tree-lowE").gv_p("e", 0.25) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), np.array([0.2, 2.0])])
def test_an_unphysical_mixing_angle_is_refused(bad):
    with pytest.raises(InputError, match="sin2_theta_w must lie between 0 and 1"):
        couplings("tree-lowE").gv_p("e", bad)


def test_an_unknown_lepton_is_refused():
    with pytest.raises(UnknownNameError, match="unknown lepton"):
        couplings("tree-lowE").gv_p("nu_e")


def test_the_weak_charge_at_tree_level():
    # Q_W = N - (1 - 4 s2) Z
    assert couplings("tree-lowE").weak_charge(18, 22) == pytest.approx(
        22 - (1 - 4 * 0.23857) * 18, rel=1e-13
    )
