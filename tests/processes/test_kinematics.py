from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns.constants import HBARC_MEV_FM, M_PROTON_MEV
from cevns.exceptions import InputError
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


# -- kinematics as an object of the process -------------------------------------------------------


def scanned_maximum_kev(energy: float, beam: float, target: float) -> float:
    """Largest recoil, keV, over all angles: four-vectors boosted from the centre of mass."""
    momentum = np.sqrt((energy - beam) * (energy + beam))
    s = beam**2 + target**2 + 2.0 * target * energy
    beta, gamma = momentum / (energy + target), (energy + target) / np.sqrt(s)
    inside = target * momentum / np.sqrt(s)  # momentum of either in the centre of mass
    cosines = np.linspace(-1.0, 1.0, 2001)
    recoils = gamma * (np.hypot(inside, target) + beta * inside * cosines) - target
    return 1e3 * float(recoils.max())


@given(MASSES, st.floats(0.1, 300.0), st.floats(1e-3, 300.0))
def test_massive_kinematics_against_a_scan_of_four_vectors(target, beam, kinetic):
    massive = kinematics.Massive(beam)
    largest = float(massive.maximum_recoil_kev(beam + kinetic, target))
    # the boost subtracts the target's mass: rounding of 1e-16 M
    assert largest == pytest.approx(
        scanned_maximum_kev(beam + kinetic, beam, target), abs=1e-9 * target
    )
    assert massive.minimum_energy_mev(largest, target) == pytest.approx(beam + kinetic, rel=1e-12)


@given(MASSES, st.floats(1e-3, 300.0))
def test_massless_limit_to_machine_precision(target, energy):
    massless, massive = kinematics.Massless(), kinematics.Massive(0.0)
    largest = massless.maximum_recoil_kev(energy, target)
    assert massive.maximum_recoil_kev(energy, target) == pytest.approx(largest, rel=4e-16)
    assert massive.minimum_energy_mev(largest, target) == pytest.approx(
        massless.minimum_energy_mev(largest, target), rel=4e-16
    )


def test_a_particle_at_rest_gives_no_recoil():
    massive = kinematics.Massive(20.0)
    assert massive.maximum_recoil_kev([5.0, 20.0], 1e5).tolist() == [0.0, 0.0]
    assert massive.minimum_energy_mev(0.0, 1e5) == pytest.approx(20.0, rel=1e-15)
    with pytest.raises(InputError, match="must be finite and not negative: -1"):
        kinematics.Massive(-1.0)
