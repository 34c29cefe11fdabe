"""Magnetic moment, millicharge and charge radius against the formulas written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.nuclear import couplings, form_factor, material, nuclide
from cevns.processes import StandardModel, differential_cross_section, interaction, kinematics
from cevns.processes.charge_radius import STANDARD_MODEL_CM2
from cevns.rates.fold import Fold
from cevns.sources.sns import SNS

FLAVOURS = st.sampled_from(["nu_e", "nu_mu", "nu_tau", "nubar_e", "nubar_mu", "nubar_tau"])
TARGETS = st.sampled_from([nuclide(x) for x in ("Ar40", "Cs133", "Na23", "Xe132")])
SCHEME = couplings("scholberg2021")
PAIRS = {
    "e": ("ee", "emu", "etau"),
    "mu": ("mumu", "emu", "mutau"),
    "tau": ("tautau", "etau", "mutau"),
}


def by_hand(target, energy, recoil_kev, flavour, shift=0.0, others=(), mu=0.0):
    """The nuclear cross section without form factors, g_V^p shifted; cm2/keV."""
    m, t = target.mass_mev, 1e-3 * recoil_kev
    c = SCHEME
    sign = -1 if flavour.startswith("nubar") else 1
    gv = (c.gv_p(flavour.split("_")[1]) + shift) * target.z + c.gv_n * target.n
    ga = sign * (c.ga_p * (target.z % 2) + c.ga_n * (target.n % 2))
    bracket = (gv + ga) ** 2 + (gv - ga) ** 2 * (1 - t / energy) ** 2
    bracket -= (gv**2 - ga**2) * m * t / energy**2
    kinematic = 1 + (1 - t / energy) ** 2 - m * t / energy**2
    bracket += sum((target.z * o) ** 2 for o in others) * kinematic
    weak = G_FERMI_MEV**2 * m / (2 * math.pi) * bracket
    photon = math.pi * ALPHA**2 * target.z**2 * mu**2 / M_ELECTRON_MEV**2
    photon *= (1 - t / energy) / t + t / (4 * energy**2)
    return (weak + photon) * HBARC2_MEV2_CM2 * 1e-3


def own(name, target, energy, recoil, flavour, values):
    return differential_cross_section(
        target, energy, recoil, flavour,
        interaction=interaction(name), form_factor="unity", values=values,
    )  # fmt: skip


POINT = (TARGETS, FLAVOURS, st.floats(5.0, 60.0), st.floats(0.01, 0.9))


@given(*POINT, st.floats(0.0, 300.0), st.floats(0.0, 300.0))
def test_the_magnetic_moment_by_hand(target, flavour, energy, fraction, flavoured, common):
    recoil = fraction * float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    values = {f"mu_nu_{flavour.split('_')[1]}": flavoured, "mu_nu": common}
    mu = math.hypot(flavoured, common) * 1e-10
    assert own("magnetic-moment", target, energy, recoil, flavour, values) == pytest.approx(
        by_hand(target, energy, recoil, flavour, mu=mu), rel=1e-12, abs=0.0
    )
    others = {f"mu_nu_{a}": flavoured for a in ("e", "mu", "tau") if not flavour.endswith(a)}
    assert own("magnetic-moment", target, energy, recoil, flavour, others) == pytest.approx(
        by_hand(target, energy, recoil, flavour), rel=1e-12, abs=0.0
    )


def test_the_magnetic_moment_diverges_as_the_logarithm_of_t():
    # T d(sigma)/dT -> pi r_e^2 Z^2 mu^2 with the classical electron radius 2.8179403 fm
    cs = nuclide("Cs133")
    limit = math.pi * (2.8179403e-13) ** 2 * cs.z**2 * 1e-18
    for recoil, tolerance in ((1e-3, 1e-3), (1e-6, 1e-5)):
        values = {"mu_nu": 10.0}
        extra = own("magnetic-moment", cs, 30.0, recoil, "nu_mu", values)
        extra = extra - own("magnetic-moment", cs, 30.0, recoil, "nu_mu", {})
        assert recoil * extra == pytest.approx(limit, rel=tolerance, abs=0.0)
    assert np.isfinite(own("magnetic-moment", cs, 30.0, 0.0, "nu_mu", {"mu_nu": 10.0}))


@given(*POINT, st.floats(-500.0, 500.0), st.floats(-500.0, 500.0), st.floats(-500.0, 500.0))
def test_the_millicharge_by_hand(target, flavour, energy, fraction, q_own, q_one, q_two):
    recoil = fraction * float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    q2 = 2e-3 * target.mass_mev * recoil
    names = PAIRS[flavour.split("_")[1]]
    values = dict(zip((f"millicharge_{p}" for p in names), (q_own, q_one, q_two), strict=True))
    # 4 pi alpha q/(sqrt2 G_F Q^2): e^2 q over the normalisation of the weak amplitude
    shift, one, two = (
        4 * math.pi * ALPHA * 1e-10 * q / (math.sqrt(2) * G_FERMI_MEV * q2)
        for q in (q_own, q_one, q_two)
    )
    expected = by_hand(target, energy, recoil, flavour, shift, (one, two))
    # rounding where the photon cancels the weak amplitude: relative to the squares of each
    size = by_hand(target, energy, recoil, flavour) + by_hand(
        target, energy, recoil, flavour, 0.0, (shift, one, two)
    )
    assert own("millicharge", target, energy, recoil, flavour, values) == pytest.approx(
        expected, abs=1e-11 * size
    )


@pytest.mark.parametrize("flavour", ["nu_mu", "nubar_mu"])
def test_a_positive_charge_takes_from_the_rate_of_neutrinos_and_antineutrinos(flavour):
    # argon 40 has no spin: nothing else tells neutrinos from antineutrinos
    argon = nuclide("Ar40")
    rates = [
        float(own("millicharge", argon, 40.0, 20.0, flavour, {"millicharge_mumu": q}))
        for q in (-10.0, 0.0, 10.0)
    ]
    assert rates[0] > rates[1] > rates[2]
    assert rates[1] == pytest.approx(
        float(own("millicharge", argon, 40.0, 20.0, "nu_mu", {})), rel=1e-12, abs=0.0
    )


@given(*POINT, st.floats(-50.0, 50.0), st.floats(-50.0, 50.0))
def test_the_charge_radius_is_a_charge_that_grows_with_q2(
    target, flavour, energy, fraction, diagonal, transition
):
    recoil = fraction * float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    q2 = 2e-3 * target.mass_mev * recoil
    pairs = PAIRS[flavour.split("_")[1]][:2]
    radii = dict(zip((f"charge_radius_{p}" for p in pairs), (diagonal, transition), strict=True))
    # q = -Q^2 <r^2>/6, the radius in MeV^-2
    factor = -q2 / 6.0 * 1e-32 / HBARC2_MEV2_CM2 / 1e-10
    charges = dict(
        zip(
            (f"millicharge_{p}" for p in pairs),
            (diagonal * factor, transition * factor),
            strict=True,
        )
    )
    a = own("charge-radius", target, energy, recoil, flavour, radii)
    b = own("millicharge", target, energy, recoil, flavour, charges)
    size = by_hand(target, energy, recoil, flavour)
    assert a == pytest.approx(b, rel=1e-9, abs=1e-10 * size)
    both = own("charge-radius+millicharge", target, energy, recoil, flavour,
               {**radii, **{k: -v for k, v in charges.items()}})  # fmt: skip
    # equal and opposite amplitudes: the Standard Model again
    assert both == pytest.approx(size, rel=1e-9, abs=1e-10 * (size + a))


def test_the_standard_model_radii_are_their_formula():
    # -G_F/(2 sqrt2 pi^2) [3 - 2 ln(m_l^2/M_W^2)], M_W = 80.38 GeV; given to two digits
    for lepton, mass in (("e", 0.511e-3), ("mu", 0.10566), ("tau", 1.77686)):
        radius = -1.1663787e-5 / (2 * math.sqrt(2) * math.pi**2)
        radius *= (3 - 2 * math.log(mass**2 / 80.38**2)) * 0.3893794e-27
        assert STANDARD_MODEL_CM2[lepton] == pytest.approx(radius, abs=0.005e-32)


def test_the_radius_that_tree_level_lacks_is_that_of_the_flavour_dependent_scheme():
    # the shift of g_V^p by the Standard Model radii, and the part of erler-su that carries them
    scheme = couplings("erler-su")
    values = {f"charge_radius_{a}{a}": 1e32 * r for a, r in STANDARD_MODEL_CM2.items()}
    process = interaction("charge-radius", couplings="tree-lowE", axial=False)
    hydrogen = nuclide("H1")
    shift = {
        a: math.sqrt(float(process.weights(f"nu_{a}", hydrogen, values)[0]))
        - couplings("tree-lowE").gv_p(a)
        for a in ("e", "mu", "tau")
    }
    for a, b in (("e", "mu"), ("mu", "tau")):
        # radii of two digits: 0.005e-32 cm2 of each is 1e-4
        expected = scheme.gv_p(a) - scheme.gv_p(b)
        assert shift[a] - shift[b] == pytest.approx(expected, abs=3e-4)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("magnetic-moment", {"mu_nu_e": 30.0, "mu_nu_mu": 20.0}),
        ("millicharge", {"millicharge_ee": 80.0, "millicharge_emu": 60.0}),
        ("charge-radius", {"charge_radius_ee": 20.0, "charge_radius_emu": -15.0}),
    ],
)  # fmt: skip
def test_the_fold_is_the_integral_over_the_flux(name, values):
    source = SNS(distance_m=20.0, protons=1e23, yield_per_flavour=0.09)
    target = material("Ar40")
    recoils = np.array([0.5, 5.0, 40.0])
    fold = Fold(source, interaction(name), target, 10.0, form_factor("helm"), recoils)
    density = fold.spectrum(values)
    atoms = 10.0 * target.nuclei_per_kg()["Ar40"]
    for f, flavour in enumerate(fold.flavours):
        for j, recoil in enumerate(recoils):

            def slope(energy, recoil=recoil, flavour=flavour):
                return 1e40 * differential_cross_section(
                    "Ar40", energy, recoil, flavour,
                    interaction=interaction(name), form_factor="helm", values=values,
                )  # fmt: skip

            lowest = float(kinematics.minimum_energy_mev(recoil, nuclide("Ar40").mass_mev))
            total = sum(w * float(slope(e)) for e, w in source.lines(flavour))
            if not source.lines(flavour):
                total, _ = quad(
                    lambda e, f=flavour, s=slope: float(s(e) * source.spectrum(f, e)),
                    lowest, source.end_point_mev(flavour), epsabs=0.0, epsrel=1e-12,
                )  # fmt: skip
            expected = total * 1e-40 * atoms * source.fluence_cm2(flavour)
            assert density[f, j] == pytest.approx(expected, rel=1e-10)


def test_at_nothing_it_is_the_standard_model():
    target = nuclide("I127")
    plain = differential_cross_section(target, 40.0, 6.0, "nu_e", interaction=StandardModel())
    for name in ("magnetic-moment", "millicharge", "charge-radius",
                 "magnetic-moment+millicharge+charge-radius"):  # fmt: skip
        mine = differential_cross_section(target, 40.0, 6.0, "nu_e", interaction=interaction(name))
        assert mine == pytest.approx(float(plain), rel=1e-14, abs=0.0)
