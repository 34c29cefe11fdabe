from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.constants import CEVNS_PREFACTOR_CM2, G_FERMI_MEV, HBARC2_MEV2_CM2
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import coupling_schemes, couplings, form_factor, form_factors, nuclide, nuclides
from cevns.processes import (
    StandardModel,
    differential_cross_section,
    interaction,
    interactions,
    kinematics,
    nuclear_factors,
    total_cross_section,
)

FLAVOURS = ("nu_e", "nu_mu", "nu_tau", "nubar_e", "nubar_mu", "nubar_tau")
VECTOR = StandardModel(axial=False)
# every nuclide a surface fits on: the proton and helium-3 have too small a charge radius
NUCLIDES = st.sampled_from([x for x in nuclides() if x.charge_radius_fm > 2.1])


def printed(target, energy, recoil_kev, flavour, scheme, f_p=1.0, f_n=1.0):
    """Equation of hep-ph/0508299 written as printed, in cm2/keV."""
    c, t, m = couplings(scheme), 1e-3 * recoil_kev, target.mass_mev
    gv = c.gv_p(flavour.split("_")[1]) * target.z * f_p + c.gv_n * target.n * f_n
    ga = (c.ga_p * (target.z % 2) + c.ga_n * (target.n % 2)) * f_n
    if flavour.startswith("nubar"):
        ga = -ga
    bracket = (gv + ga) ** 2 + (gv - ga) ** 2 * (1 - t / energy) ** 2
    bracket -= (gv**2 - ga**2) * m * t / energy**2
    prefactor = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * m / (2 * math.pi)
    return prefactor * bracket * 1e-3


def test_the_interactions_are_the_files():
    assert "standard-model" in interactions()
    assert not any(name.startswith("_") or name == "kinematics" for name in interactions())
    assert interaction("Standard_Model", axial=False) == VECTOR
    with pytest.raises(UnknownNameError, match="unknown interaction"):
        interaction("standart-model-2")


def test_the_prefactor():
    # hbar c from the SI: J s times m/s over J/eV, and G_F of CODATA 2018, in MeV and cm
    hbar_c = 1.054571817e-34 * 299_792_458 / 1.602176634e-19 * 1e-4
    expected = (1.1663787e-11 * hbar_c) ** 2 / (2.0 * math.pi)
    assert pytest.approx(expected, rel=1e-8, abs=0.0) == CEVNS_PREFACTOR_CM2
    # public codes state 8.43103e-45: 2e-5 more, a digit of G_F
    assert pytest.approx(8.43103e-45, rel=2.5e-5, abs=0.0) == CEVNS_PREFACTOR_CM2


@given(
    NUCLIDES,
    st.sampled_from(FLAVOURS),
    st.sampled_from(coupling_schemes()),
    st.floats(1.0, 100.0),
    st.floats(0.0, 1.0),
)
def test_the_terms_sum_to_the_printed_cross_section(target, flavour, scheme, energy, fraction):
    recoil = fraction * float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    own = differential_cross_section(
        target, energy, recoil, flavour, interaction=StandardModel(scheme), form_factor="unity"
    )
    largest = printed(target, energy, 0.0, flavour, scheme)
    # rounding, relative to the value at T = 0: at the kinematic limit the terms cancel
    assert own == pytest.approx(
        max(0.0, printed(target, energy, recoil, flavour, scheme)), abs=1e-13 * largest
    )


@given(NUCLIDES, st.sampled_from(FLAVOURS), st.floats(0.1, 100.0), st.floats(0.0, 2.0),
       st.sampled_from(form_factors()))  # fmt: skip
def test_never_negative_and_zero_above_the_limit(target, flavour, energy, fraction, model):
    limit = float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    own = differential_cross_section(target, energy, fraction * limit, flavour, form_factor=model)
    assert own >= 0.0
    if fraction > 1.0 + 1e-12:
        assert own == 0.0


@given(NUCLIDES, st.sampled_from(["e", "mu", "tau"]), st.floats(1.0, 100.0), st.floats(0.0, 1.0))
def test_antineutrinos_see_no_difference_without_spin(target, family, energy, fraction):
    recoil = fraction * float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    nu, nubar = (
        differential_cross_section(target, energy, recoil, f"{kind}_{family}")
        for kind in ("nu", "nubar")
    )
    if target.spin == 0.0:
        assert nu == nubar
    else:
        # the interference, 4 G_V G_A (2 x - x^2) G_F^2 M/(2 pi) with x = T/E;
        # 2 |G_V| = |Q_W| and |G_A| <= 0.5121
        x = 1e-3 * recoil / energy
        weak = abs(VECTOR.scheme.weak_charge(target.z, target.n, family))
        bound = 4 * 0.5121 * weak * x * 1e-3 * CEVNS_PREFACTOR_CM2 * target.mass_mev
        assert abs(nu - nubar) <= bound * (1 + 1e-9) + 1e-13 * nu


@pytest.mark.parametrize("name", ["C12", "Ar40", "Ge76"])
def test_spin_zero_in_its_familiar_form(name):
    # G_F^2 M/(4 pi) Q_W^2 (1 - T/T_max) F^2; (1.2) has T^2/(2 E^2) more, at most 2 (E/M)^2
    target, energy = nuclide(name), 30.0
    limit = float(kinematics.maximum_recoil_kev(energy, target.mass_mev))
    recoil = np.linspace(0.0, 0.9 * limit, 10)
    q = kinematics.momentum_transfer_inv_fm(recoil, target.mass_mev)
    model = form_factor("helm")
    f = model.evaluate(q, model.default_rms_radius(target))
    weak = couplings("scholberg2021").weak_charge(target.z, target.n)
    scale = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * target.mass_mev / (4 * math.pi) * 1e-3
    familiar = scale * weak**2 * (1 - recoil / limit) * f**2
    own = differential_cross_section(name, energy, recoil, form_factor="helm")
    extra = 0.5 * (1e-3 * recoil / energy) ** 2 * scale * weak**2 * f**2
    assert np.allclose(own - extra, familiar, rtol=1e-12, atol=0)
    # at 0.9 of the limit: 0.9^2 * 2 (E/M)^2/(1 - 0.9), for C12 1.2e-4
    assert np.allclose(own, familiar, rtol=20 * (energy / target.mass_mev) ** 2, atol=0)


@pytest.mark.parametrize("name", ["Ar40", "Ge72", "Cs133", "Pb208"])
@pytest.mark.parametrize("energy", [1.0, 10.0, 50.0])
def test_total_cross_section_of_a_point_nucleus(name, energy):
    # G_F^2 Q_W^2 E^2/(4 pi) to leading order; the next is -2 E/M
    target = nuclide(name)
    weak = couplings("scholberg2021").weak_charge(target.z, target.n)
    leading = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * weak**2 * energy**2 / (4 * math.pi)
    own = total_cross_section(name, energy, interaction=VECTOR, form_factor="unity")
    assert own == pytest.approx(leading, rel=2.1 * energy / target.mass_mev, abs=0.0)
    # exact integral of the bracket over 0..T_max
    m, t = target.mass_mev, 2 * energy**2 / (target.mass_mev + 2 * energy)
    exact = t - t**2 / (2 * energy) + t**3 / (6 * energy**2) - m * t**2 / (4 * energy**2)
    scale = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * m * weak**2 / (4 * math.pi)
    assert own == pytest.approx(scale * exact, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("model", ["helm", "klein-nystrand", "symmetrised-fermi", "fermi"])
@pytest.mark.parametrize("energy", [5.0, 52.8, 200.0])
def test_total_cross_section_is_the_integral_of_the_differential_one(model, energy):
    limit = float(kinematics.maximum_recoil_kev(energy, nuclide("Cs133").mass_mev))
    scale = 1e38  # quad has an absolute floor
    expected = quad(
        lambda t: scale
        * float(differential_cross_section("Cs133", energy, t, "nubar_e", form_factor=model)),
        0.0, limit, epsabs=0, epsrel=1e-9, limit=200,
    )[0] / scale  # fmt: skip
    own = total_cross_section("Cs133", energy, "nubar_e", form_factor=model)
    assert own == pytest.approx(expected, rel=1e-8, abs=0.0)  # ten times what quad was asked


def test_total_cross_section_takes_arrays():
    energies = np.array([[0.0, 1.0], [30.0, 52.8]])
    own = total_cross_section("Ar40", energies)
    assert own.shape == (2, 2)
    assert own[0, 0] == 0.0
    assert own[1, 0] == pytest.approx(float(total_cross_section("Ar40", 30.0)), rel=1e-10, abs=0.0)


def test_separate_radii_enter_their_own_amplitudes():
    target, energy, recoil = nuclide("Cs133"), 40.0, 8.0
    q = kinematics.momentum_transfer_inv_fm(recoil, target.mass_mev)
    helm = form_factor("helm")
    own = differential_cross_section(
        target, energy, recoil, "nubar_mu", form_factor=helm, proton_rms_fm=4.7, neutron_rms_fm=5.1
    )
    f_p, f_n = float(helm.evaluate(q, 4.7)), float(helm.evaluate(q, 5.1))
    assert own == pytest.approx(
        printed(target, energy, recoil, "nubar_mu", "scholberg2021", f_p, f_n), rel=1e-13, abs=0.0
    )
    half = nuclear_factors(helm, target, q, neutron_rms_fm=5.1)
    assert half["p"] == helm.evaluate(q, helm.default_rms_radius(target))
    assert half["n"] == f_n


@pytest.mark.parametrize(
    ("name", "low", "high"), [("Na23", 0.015, 0.025), ("I127", 0.0, 1e-3), ("Cs133", 0.0, 1e-3)]
)
def test_size_of_the_axial_part(name, low, high):
    # known sizes, averaged over the flux of a stopped-pion source: Na 2 % with F_A = F_V (one
    # figure; 2.5 % with F_A = 1), I and Cs below 1e-3
    from cevns.rates import flux_averaged_cross_section
    from cevns.sources import SNS

    source = SNS(distance_m=19.3, protons=1e23)
    with_, without = (
        flux_averaged_cross_section(source, name, interaction=StandardModel(axial=axial)).mean_cm2
        for axial in (True, False)
    )
    assert low < with_ / without - 1 < high


def test_the_flavour_asymmetry_on_argon():
    # g_V^p(e) - g_V^p(mu) = 0.0083 makes nu_e smaller by 2 Z 0.0083/|G_V| = 2.8 % (one decimal)
    sm = StandardModel("erler-su")
    e, mu = (float(total_cross_section("Ar40", 30.0, f, interaction=sm)) for f in ("nu_e", "nu_mu"))
    assert e / mu - 1 == pytest.approx(-0.028, abs=1e-3)


def test_the_mixing_angle_enters_through_the_weights():
    sm, ar = StandardModel("tree-lowE"), nuclide("Ar40")
    s2 = np.array([0.2, 0.23857, 0.25])
    w = sm.weights("nu_e", ar, {"sin2_theta_w": s2})
    assert w.shape == (len(sm.terms), 3)
    assert np.allclose(w[:, 1], sm.weights("nu_e", ar, {}), rtol=1e-14)
    # tree level: pp is [Z (1/2 - 2 s2)]^2, pn twice the product, nn [N/2]^2
    assert np.allclose(w[0], (18 * (0.5 - 2 * s2)) ** 2, rtol=1e-12, atol=1e-25)
    assert np.allclose(w[1], -2 * 18 * (0.5 - 2 * s2) * 11, rtol=1e-12, atol=1e-12)
    assert np.allclose(w[2], 121.0, rtol=1e-15)
    assert sm.parameters["sin2-theta-w"].value == 0.23857
    assert sm.parameters["sin2-theta-w"].fixed
    with pytest.raises(InputError, match="between 0 and 1"):
        sm.weights("nu_e", ar, {"sin2_theta_w": 1.3})


def test_coefficients_carry_the_units_of_their_power():
    # a_k in cm2/keV MeV^k: at T = 0 only k = 0 is left, 2 G_F^2 M/(2 pi) for G_V^2
    ar = nuclide("Ar40")
    for term in StandardModel().terms[:3]:
        a = term.coefficients(np.array([0.0, 10.0]), ar)
        assert a.shape == (3, 2)
        assert a[0, 0] == pytest.approx(
            2e-3 * CEVNS_PREFACTOR_CM2 * ar.mass_mev, rel=1e-14, abs=0.0
        )
        assert a[1:, 0].tolist() == [0.0, 0.0]
        assert a[2, 1] == pytest.approx(
            1e-3 * CEVNS_PREFACTOR_CM2 * ar.mass_mev * (1e-4 - ar.mass_mev * 1e-2),
            rel=1e-14,
            abs=0.0,
        )


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_bad_energies_are_refused(bad):
    with pytest.raises(InputError, match="neutrino energy in MeV must be finite"):
        differential_cross_section("Ar40", bad, 1.0)
    with pytest.raises(InputError, match="recoil energy in keV must be finite"):
        differential_cross_section("Ar40", 30.0, [1.0, bad])
    with pytest.raises(InputError, match="neutrino energy in MeV must be finite"):
        total_cross_section("Ar40", bad)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="unknown flavour"):
        differential_cross_section("Ar40", 30.0, 1.0, "nu_x")
    with pytest.raises(UnknownNameError, match="unknown coupling scheme"):
        StandardModel("scholberg2020")
