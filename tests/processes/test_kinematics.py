from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns.constants import HBARC_MEV_FM, M_PROTON_MEV
from cevns.nuclear import nuclide, nuclides
from cevns.processes import kinematics

# largest recoil energy, keV, at 5 and 30 MeV, as printed in a talk of 2020 (A. Konovalov)
TALK = {
    "C12": (4.44, 159.0),
    "Na23": (2.32, 83.2),
    "Ar40": (1.33, 47.9),
    "Ge74": (0.72, 25.9),
    "Cs133": (0.40, 14.4),
}
MASSES = st.sampled_from([x.mass_mev for x in nuclides()])


@pytest.mark.parametrize("name", TALK)
def test_the_talk_took_the_mass_of_a_protons(name):
    mass = nuclide(name).a * M_PROTON_MEV
    low, high = kinematics.maximum_recoil_kev([5.0, 30.0], mass)
    assert f"{low:.2f}" == f"{TALK[name][0]:.2f}"
    assert f"{high:#.3g}".rstrip(".") == f"{TALK[name][1]:#.3g}".rstrip(".")


@pytest.mark.parametrize("name", TALK)
def test_true_masses_give_the_talk_within_a_per_cent(name):
    # the nuclear mass is 0.7-0.9 % below A proton masses; plus half a unit of the last digit
    own = kinematics.maximum_recoil_kev([5.0, 30.0], nuclide(name).mass_mev)
    assert own[0] == pytest.approx(TALK[name][0], rel=0.01, abs=5e-3)
    assert own[1] == pytest.approx(TALK[name][1], rel=0.01)


@given(MASSES, st.floats(1e-3, 300.0))
def test_minimum_energy_inverts_maximum_recoil(mass, energy):
    recoil = kinematics.maximum_recoil_kev(energy, mass)
    assert kinematics.minimum_energy_mev(recoil, mass) == pytest.approx(energy, rel=1e-12)


@given(MASSES, st.floats(1.0, 300.0), st.floats(0.0, 1.0))
def test_energy_and_momentum_are_conserved(mass, energy, fraction):
    recoil = fraction * kinematics.maximum_recoil_kev(energy, mass)
    t = 1e-3 * float(recoil)
    cos_nu = float(kinematics.cos_neutrino_angle(energy, recoil, mass))
    cos_n = float(kinematics.cos_recoil_angle(energy, recoil, mass))
    out, p = energy - t, np.sqrt(t * (t + 2 * mass))
    # rounding: cosines carry 1e-16 M/E of cancellation, at most 2e5
    assert out * cos_nu + p * cos_n == pytest.approx(energy, rel=1e-9)
    sines = [np.sqrt(max(0.0, 1 - c * c)) for c in (cos_nu, cos_n)]
    # sines of small angles lose half the digits
    assert out * sines[0] == pytest.approx(p * sines[1], abs=1e-5 * energy)


def test_limits():
    mass = nuclide("Ar40").mass_mev
    t_max = kinematics.maximum_recoil_kev(30.0, mass)
    assert kinematics.cos_neutrino_angle(30.0, t_max, mass) == pytest.approx(-1.0, abs=1e-12)
    assert kinematics.cos_recoil_angle(30.0, t_max, mass) == pytest.approx(1.0, abs=1e-12)
    assert kinematics.minimum_energy_mev(0.0, mass) == 0.0
    # heavy nucleus: T_max -> 2 E^2/M and E_min -> sqrt(M T/2), corrections E/M = 1e-3
    assert t_max == pytest.approx(2e3 * 900.0 / mass, rel=2e-3)


def test_momentum_transfer():
    mass = nuclide("Cs133").mass_mev
    q = kinematics.momentum_transfer_mev(10.0, mass)
    assert q == pytest.approx(np.sqrt(2 * mass * 0.010), rel=1e-14)
    assert kinematics.momentum_transfer_inv_fm(10.0, mass) == pytest.approx(q / HBARC_MEV_FM)
