"""Scattering on electrons against the printed cross section and textbook totals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.processes import (
    ElectronScattering,
    electron_scattering,
    interaction,
    matters_at_electrons,
)

FLAVOURS = ("nu_e", "nu_mu", "nu_tau", "nubar_e", "nubar_mu", "nubar_tau")


def by_hand(energy, recoil_kev, flavour, s2=0.23857, shift=0.0, other=0.0, mu=0.0):
    """cm2/keV; the chiral form, g_L = (g_V + g_A)/2 and g_R = (g_V - g_A)/2."""
    m, t = M_ELECTRON_MEV, 1e-3 * recoil_kev
    left = s2 + (0.5 if flavour.endswith("_e") else -0.5) + shift / 2
    right = s2 + shift / 2
    if flavour.startswith("nubar"):
        left, right = right, left
    y = t / energy
    chiral = left**2 + right**2 * (1 - y) ** 2 - left * right * m * t / energy**2
    chiral += (other / 2) ** 2 * (1 + (1 - y) ** 2 - m * t / energy**2)
    weak = 2 * G_FERMI_MEV**2 * m / math.pi * chiral
    photon = math.pi * ALPHA**2 / m**2 * mu**2 * (1 / t - 1 / energy)
    return (weak + photon) * HBARC2_MEV2_CM2 * 1e-3


def limit(energy):
    return 2e3 * energy**2 / (M_ELECTRON_MEV + 2 * energy)


@given(st.sampled_from(FLAVOURS), st.floats(0.5, 60.0), st.floats(1e-6, 0.99), st.floats(0.1, 0.4))
def test_the_standard_model_by_hand(flavour, energy, fraction, s2):
    recoil = fraction * limit(energy)
    own = ElectronScattering().differential_cross_section(
        energy, recoil, flavour, {"sin2_theta_w": s2}
    )
    largest = by_hand(energy, 1e-9, flavour, s2)
    assert own == pytest.approx(max(by_hand(energy, recoil, flavour, s2), 0.0), abs=1e-13 * largest)


# textbook totals over E for E >> m_e, 1e-45 cm2/MeV (Giunti and Kim, tab. 5.2, from memory:
# 9.5, 1.6, 4.0, 1.3), rounded to two digits and with s2 = 0.23
@pytest.mark.parametrize(
    ("flavour", "total", "digit"),
    [("nu_e", 9.5, 0.05), ("nu_mu", 1.55, 0.05), ("nubar_e", 4.0, 0.05), ("nubar_mu", 1.34, 0.05)],
)
def test_totals(flavour, total, digit):
    energy = 2000.0  # corrections are of order m_e/E
    own, _ = quad(
        lambda t: 1e45 * float(
            ElectronScattering().differential_cross_section(
                energy, t, flavour, {"sin2_theta_w": 0.23}
            )
        ),
        0.0, limit(energy), epsrel=1e-9,
    )  # fmt: skip
    assert own / energy == pytest.approx(total, abs=digit)


@given(st.sampled_from(FLAVOURS), st.floats(1.0, 60.0), st.floats(0.1, 100.0), st.floats(-5.0, 5.0))
def test_the_millicharge_and_the_charge_radius_shift_the_vector_coupling(flavour, energy, t, q):
    own_pair, other = {"e": ("ee", "etau"), "mu": ("mumu", "emu"), "tau": ("tautau", "mutau")}[
        flavour.split("_")[1]
    ]
    q2 = 2e-3 * M_ELECTRON_MEV * t
    # the electron's charge is -1: the shift of g_V^e is minus that of a proton's g_V
    shift = -4 * math.pi * ALPHA * 1e-10 * q / (math.sqrt(2) * G_FERMI_MEV * q2)
    process = electron_scattering(interaction("millicharge"))
    values = {f"millicharge_{own_pair}": q, f"millicharge_{other}": 2.0 * q}
    expected = by_hand(energy, t, flavour, shift=shift, other=2.0 * shift)
    mine = process.differential_cross_section(energy, t, flavour, values)
    size = by_hand(energy, t, flavour) + by_hand(energy, t, flavour, other=shift)
    assert mine == pytest.approx(expected, abs=1e-11 * size)
    # <r^2> = -6 q/Q^2, in 1e-32 cm2
    radius = -6.0 * 1e-10 * q / q2 * HBARC2_MEV2_CM2 / 1e-32
    radii = {f"charge_radius_{own_pair}": radius, f"charge_radius_{other}": 2.0 * radius}
    process = electron_scattering(interaction("charge-radius"))
    assert process.differential_cross_section(energy, t, flavour, radii) == pytest.approx(
        expected, abs=1e-9 * size
    )


@given(st.sampled_from(FLAVOURS), st.floats(1.0, 60.0), st.floats(1e-4, 100.0))
def test_the_magnetic_moment_by_hand(flavour, energy, t):
    process = electron_scattering(interaction("magnetic-moment"))
    own = process.differential_cross_section(energy, t, flavour, {"mu_nu": 3.0})
    assert own == pytest.approx(by_hand(energy, t, flavour, mu=3e-10), rel=1e-11, abs=0.0)


def test_the_magnetic_moment_diverges_as_the_logarithm_of_t():
    process = electron_scattering(interaction("magnetic-moment"))
    extra = process.differential_cross_section(30.0, 1e-6, "nu_e", {"mu_nu_e": 1.0})
    # pi r_e^2 mu^2, the weak part is 1e-8 of it here
    assert 1e-6 * extra == pytest.approx(math.pi * 2.8179403e-13**2 * 1e-20, rel=1e-6, abs=0.0)


def test_what_does_nothing_at_electrons_leaves_the_standard_model():
    process = interaction("nsi")
    assert not matters_at_electrons(process)
    t = np.geomspace(0.1, 1e3, 5)
    plain = ElectronScattering().differential_cross_section(20.0, t, "nu_mu")
    own = electron_scattering(process).differential_cross_section(
        20.0, t, "nu_mu", {"eps_ee_u": 1.0}
    )
    assert own.tolist() == plain.tolist()
    for name in ("magnetic-moment", "millicharge", "charge-radius", "nsi+millicharge"):
        assert matters_at_electrons(interaction(name))
    assert not matters_at_electrons(interaction("standard-model"))


def test_extensions_meet_at_electrons():
    """Equal and opposite amplitudes of two extensions cancel."""
    process = electron_scattering(interaction("millicharge+charge-radius"))
    t, q = 2.0, 0.3
    radius = 6e-10 * q / (2e-3 * M_ELECTRON_MEV * t) * HBARC2_MEV2_CM2 / 1e-32
    values = {"millicharge_mumu": q, "charge_radius_mumu": radius}
    own = process.differential_cross_section(30.0, t, "nubar_mu", values)
    alone = process.differential_cross_section(30.0, t, "nubar_mu", {"millicharge_mumu": q})
    assert alone > 1e3 * own
    assert own == pytest.approx(by_hand(30.0, t, "nubar_mu"), abs=1e-9 * float(alone))


def test_weights_have_the_shape_of_the_point():
    process = electron_scattering(interaction("magnetic-moment"))
    assert process.weights("nu_e", {"mu_nu_mu": np.ones((2, 3))}).shape == (4, 2, 3)


def test_a_process_of_ones_own_must_say_what_it_does():
    class Mine:
        name = "mine"

    with pytest.raises(InputError, match="does not define scattering on electrons"):
        electron_scattering(Mine())
