"""Charge assignments, and the mixing with the photon by loops of charged leptons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import (
    ALPHA,
    G_FERMI_MEV,
    HBARC2_MEV2_CM2,
    M_ELECTRON_MEV,
    M_MUON_MEV,
    M_TAU_MEV,
)
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.couplings import charge_radius_shift, couplings
from cevns.processes.ingredients.charges import Charges, charge_assignments, charges
from cevns.processes.ingredients.lepton_loops import induced_charge
from cevns.processes.light_vector import LightVector

MASSES = (M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV)


@pytest.mark.parametrize("name", charge_assignments())
def test_assignments_are_free_of_anomalies(name):
    # with right-handed neutrinos the one condition left is SU(2)^2 U(1): the doublets of three
    # families, 3 (3 colours x baryon number/3) and the leptons, sum to zero
    x = charges(name)
    if name == "universal":
        assert set(x.leptons) == {x.u, x.d, x.nu_e, x.nu_mu, x.nu_tau} == {1.0}
        return
    if name != "B_y+L_mu+L_tau":  # its baryon number differs by family
        assert 3 * x.proton + sum(x.leptons) == pytest.approx(0.0, abs=1e-12)
    assert x.leptons == (x.nu_e, x.nu_mu, x.nu_tau)
    assert x.proton == x.neutron


def test_names_and_own_charges():
    assert charges("b_l") is charges("B-L")
    assert charges("l_mu-L_TAU").by_loop
    own = Charges("own", u=0.5)
    assert charges(own) is own
    with pytest.raises(UnknownNameError, match="unknown charge assignment"):
        charges("B-LL")
    with pytest.raises(InputError, match="finite only if the charges of e, mu and tau sum to zero"):
        Charges("L_mu", mu=1.0, nu_mu=1.0)
    with pytest.raises(InputError, match="every charge must be a finite number"):
        Charges("x", u=float("nan"))


@given(
    st.sampled_from([(0.0, 1.0, -1.0), (1.0, -1.0, 0.0), (1.0, 0.0, -1.0)]),
    st.floats(0.0, 1e6),
)
def test_the_mixing_is_its_integral(leptons, q2):
    def integrand(x):
        y = x * (1 - x)
        return y * sum(
            c * math.log((m**2 + y * q2) / M_TAU_MEV**2)
            for c, m in zip(leptons, MASSES, strict=True)
        )

    # the integrand bends at x = m_e^2/Q^2: points there
    knots = sorted({min(0.5, 10.0**-k) for k in range(8)} | {1 - 10.0**-k for k in range(1, 8)})
    expected = -2 * ALPHA / math.pi * sum(
        quad(integrand, a, b, epsabs=1e-16, epsrel=1e-12)[0]
        for a, b in zip([0.0, *knots], [*knots, 1.0], strict=True)
    )  # fmt: skip
    # 48 nodes: 1e-10 of the largest value up to 1 GeV
    assert induced_charge(leptons, q2) == pytest.approx(expected, rel=1e-9)


def test_the_mixing_at_zero_and_at_large_momentum():
    mu_tau = (0.0, 1.0, -1.0)
    zero = ALPHA / (3 * math.pi) * math.log(M_TAU_MEV**2 / M_MUON_MEV**2)
    assert induced_charge(mu_tau, 0.0) == pytest.approx(zero, rel=1e-14)
    assert induced_charge(mu_tau, 2500.0, running=False) == pytest.approx(zero, rel=1e-14)
    # literature: the kinetic mixing is g/70 (one digit), e g/(12 pi^2) ln(..)
    epsilon = math.sqrt(4 * math.pi * ALPHA) / (12 * math.pi**2)
    epsilon *= math.log(M_TAU_MEV**2 / M_MUON_MEV**2)
    assert 1 / epsilon == pytest.approx(70, abs=1.0)
    assert zero == pytest.approx(math.sqrt(4 * math.pi * ALPHA) * epsilon, rel=1e-12)
    # first order in Q^2: -(alpha/(3 pi)) Q^2/(5 m_mu^2), 0.8 % at 50 MeV; next order 6 % of it
    slope = ALPHA / (3 * math.pi) * 2500 / (5 * M_MUON_MEV**2)
    assert zero - induced_charge(mu_tau, 2500.0) == pytest.approx(slope, rel=0.06)
    assert slope / zero == pytest.approx(0.008, abs=5e-4)
    # L_e - L_mu at 50 MeV: the constant is 3.3 times too large (own calculation, two digits)
    e_mu = (1.0, -1.0, 0.0)
    constant = induced_charge(e_mu, 2500.0, running=False)
    assert constant / induced_charge(e_mu, 2500.0) == pytest.approx(3.3, abs=0.05)
    # the electron at Q >> m_e: ln(Q^2/m_e^2) - 5/3 instead of ln(m^2/m_e^2)
    q2 = 100.0**2
    running = induced_charge((1.0, 0.0, -1.0), q2)
    large = math.log(M_TAU_MEV**2 / q2) + 5 / 3  # the tau's own running is Q^2/(5 m_tau^2) = 6e-4
    assert running == pytest.approx(ALPHA / (3 * math.pi) * large, rel=1e-3)


def test_the_sign_is_that_of_the_charge_radius():
    # In the Standard Model W exchange is a contact coupling +1 of nu_l with its own lepton, and
    # g_V^p of nu_e exceeds that of nu_mu by the same loop: kappa of L_e - L_mu at Q = 0.
    difference = float(induced_charge((1.0, -1.0, 0.0), 0.0, running=False))
    scheme = couplings("erler-su")
    # 0.0083 there, of which the rest is a W box with the other masses: equal to 1 %
    assert difference == pytest.approx(scheme.gv_p("e") - scheme.gv_p("mu"), rel=0.01)
    # <r^2> = -(G_F/(2 sqrt2 pi^2)) (-2) ln(m_mu^2/m_e^2) and its shift: the same to rounding
    radius = -G_FERMI_MEV / (2 * math.sqrt(2) * math.pi**2) * HBARC2_MEV2_CM2
    radius *= 2 * math.log(M_MUON_MEV**2 / M_ELECTRON_MEV**2)
    assert charge_radius_shift(radius) == pytest.approx(difference, rel=1e-12)


def test_electrons_feel_the_mixing():
    model = LightVector(10.0, "L_mu-L_tau", loop_sign=-1)
    q2 = np.array([0.0, 1.0, 2500.0])
    assert np.array_equal(model.mixing(q2), -induced_charge((0.0, 1.0, -1.0), q2))
    assert model.assignment.e == 0.0
    assert not LightVector(10.0, "B-L").mixing(q2).any()
    assert LightVector(10.0, "B-L").assignment.e == -1.0
