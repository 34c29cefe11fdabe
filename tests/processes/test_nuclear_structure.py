from __future__ import annotations

import math

import numpy as np
import pytest

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import form_factor, form_factors, isotopes, material, nuclide
from cevns.nuclear.radial_moments import radial_moments
from cevns.nuclear.radii import point_proton_radius, proton_distribution_radius
from cevns.processes import (
    Combined,
    StandardModel,
    differential_cross_section,
    interaction,
    kinematics,
)
from cevns.processes.form_factor_expansion import FormFactorExpansion
from cevns.processes.ingredients.elements import ELEMENTS
from cevns.processes.ingredients.neutron_form_factor import Neutrons
from cevns.processes.neutron_radius import NeutronRadius
from cevns.processes.neutron_skin import NeutronSkin
from cevns.processes.nsi import NSI
from cevns.rates import recoil_spectrum
from cevns.rates.fold import Fold
from cevns.sources import SNS

SOURCE = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
NODES = np.array([0.5, 5.0, 14.0, 20.0, 40.0])
CS, IODINE = nuclide("Cs133"), nuclide("I127")
MODELS = ("klein-nystrand", "helm", "helm-rms", "symmetrised-fermi")


def fold(process, model="klein-nystrand", target="CsI"):
    return Fold(SOURCE, process, material(target), 14.6, form_factor(model), NODES)


def sm_with_radii(target, radii, model, **more):
    spectra = recoil_spectrum(
        SOURCE, target, 14.6, NODES, form_factor=model, radii=radii,
        interaction=StandardModel(), **more,
    )  # fmt: skip
    return np.stack(list(spectra.values()))


def close(own, expected, tolerance=1e-10):
    # near the end point terms cancel: relative to the flavour's spectrum
    return (np.abs(own - expected) <= tolerance * expected.max(axis=-1, keepdims=True)).all()


# -- radius ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_radii_are_those_of_a_direct_computation(model):
    values = {"r_n_cs": 5.3, "r_n_i": 4.9}
    own = fold(interaction("neutron-radius"), model).spectrum(values)
    default = form_factor(model).default_rms_radius
    radii = {"Cs133": (default(CS), 5.3), "I127": (default(IODINE), 4.9)}
    assert close(own, sm_with_radii("CsI", radii, model))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", ["CsI", "Ge", "Ar", "Xe", "NaI", "Si"])
@pytest.mark.parametrize("name", ["neutron-radius", "neutron-skin", "form-factor-expansion"])
def test_nominal_values_are_the_standard_model_isotope_by_isotope(name, target, model):
    process = fold(interaction(name), model, target)
    sm = fold(StandardModel(), model, target).spectrum()
    assert close(process.spectrum(), sm, 1e-14)
    nominal = {p.name: p.value for p in process.interaction.parameters}
    assert close(process.spectrum(nominal), sm, 1e-12)


def test_a_compound_shares_one_radius():
    process = interaction("neutron-radius-common")
    assert process.parameters.names == ("sin2_theta_w", "r_n_csi")
    default = form_factor("helm-rms").default_rms_radius
    radii = {x.name: (default(x), 5.5) for x in (CS, IODINE)}
    own = fold(process, "helm-rms").spectrum({"r_n_csi": 5.5})
    assert close(own, sm_with_radii("CsI", radii, "helm-rms"))


def test_isotopes_keep_their_ratios():
    helm = form_factor("helm-rms")
    extension = NeutronRadius(("Ge",), model="helm-rms")
    mean = sum(x.abundance * x.charge_radius_fm for x in isotopes("Ge"))
    mean /= sum(x.abundance for x in isotopes("Ge"))
    assert extension.parameters["r_n_ge"].value == pytest.approx(mean, rel=1e-14)
    for x in isotopes("Ge"):
        own = extension.neutron_rms_fm(x, {"r_n_ge": 1.1 * mean})
        assert own == pytest.approx(1.1 * helm.default_rms_radius(x), rel=1e-14)


def test_the_radius_is_with_the_weak_mixing_angle_in_one_model():
    process = interaction("neutron-radius", elements=("CsI",))
    values = {"r_n_csi": np.array([4.7, 5.3]), "sin2_theta_w": np.array([0.20, 0.26])}
    own = fold(process).spectrum(values)
    default = form_factor("klein-nystrand").default_rms_radius
    for i in range(2):
        radii = {x.name: (default(x), values["r_n_csi"][i]) for x in (CS, IODINE)}
        angle = {"sin2_theta_w": values["sin2_theta_w"][i]}
        assert close(own[i], sm_with_radii("CsI", radii, "klein-nystrand", values=angle))


def test_one_array_moves_one_nucleus():
    own = fold(interaction("neutron-radius")).spectrum({"r_n_cs": np.array([4.8, 5.0, 5.2])})
    assert own.shape == (3, 3, NODES.size)
    one = fold(interaction("neutron-radius")).spectrum({"r_n_cs": 5.2})
    assert np.allclose(own[2], one, rtol=1e-14, atol=0)


def test_a_declared_relative_radius_comes_on_top():
    process = fold(interaction("neutron-radius"))
    own = process.spectrum({"r_n_cs": 5.0, "r_n_i": 4.8}, neutron_radius=1.03)
    both = process.spectrum({"r_n_cs": 5.0 * 1.03, "r_n_i": 4.8 * 1.03})
    assert np.allclose(own, both, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("definition", "radius"),
    [
        ("point", point_proton_radius),
        ("distribution", proton_distribution_radius),
        ("charge", lambda x: x.charge_radius_fm),
        ({"Cs": 4.7, "I127": 4.6}, lambda x: {"Cs133": 4.7, "I127": 4.6}[x.name]),
    ],
)
def test_protons_may_be_stated(definition, radius):
    process = interaction("neutron-radius", proton=definition)
    own = fold(process, "helm").spectrum({"r_n_cs": 5.0, "r_n_i": 5.1})
    radii = {"Cs133": (radius(CS), 5.0), "I127": (radius(IODINE), 5.1)}
    assert close(own, sm_with_radii("CsI", radii, "helm"))
    slope = differential_cross_section(
        CS, 35.0, NODES, interaction=process, form_factor="helm", values={"r_n_cs": 5.0}
    )
    direct = differential_cross_section(
        CS, 35.0, NODES, form_factor="helm", proton_rms_fm=radius(CS), neutron_rms_fm=5.0
    )
    assert np.allclose(slope, direct, rtol=1e-14, atol=0)


def test_the_skin_is_beside_the_protons():
    own = fold(interaction("neutron-skin", proton="point"), "helm").spectrum(
        {"skin_cs": 0.2, "skin_i": 0.15}
    )
    radii = {x.name: (point_proton_radius(x), point_proton_radius(x) + s)
             for x, s in ((CS, 0.2), (IODINE, 0.15))}  # fmt: skip
    assert close(own, sm_with_radii("CsI", radii, "helm"))
    # neutrons are where the protons are at the nominal value, also where these are stated
    zero = fold(interaction("neutron-skin", proton="point"), "helm").spectrum()
    radii = {x.name: (point_proton_radius(x),) * 2 for x in (CS, IODINE)}
    assert close(zero, sm_with_radii("CsI", radii, "helm"))


# -- expansion -------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [3.0, 4.8, 6.0])
def test_radial_moments_are_those_of_the_closed_forms(radius):
    """Series of 3 j1(x)/x, of a gaussian and of 1/(1 + x^2), multiplied by hand."""
    sphere = [1.0, -1 / 10, 1 / 280, -1 / 15120]
    for name in ("helm", "klein-nystrand"):
        if name == "helm":
            r, s = math.sqrt(5 / 3 * (radius**2 - 3 * 0.81)), 0.9
            surface = [1.0, -(s**2) / 2, s**4 / 8, -(s**6) / 48]
        else:
            r, a = math.sqrt(5 / 3 * (radius**2 - 6 * 0.49)), 0.7
            surface = [1.0, -(a**2), a**4, -(a**6)]
        series = np.polynomial.polynomial.polymul([c * r ** (2 * k) for k, c in enumerate(sphere)],
                                                  surface)  # fmt: skip
        exact = [-6 * series[1], 120 * series[2], -5040 * series[3]]
        own = radial_moments(form_factor(name), radius)
        assert own[0] == pytest.approx(exact[0], rel=1e-12)
        assert own[1] == pytest.approx(exact[1], rel=1e-10)
        assert own[2] == pytest.approx(exact[2], rel=1e-8)


def series(x, roots, t_kev):
    q = kinematics.momentum_transfer_inv_fm(t_kev, x.mass_mev)
    return 1 - q**2 * roots[0] ** 2 / 6 + q**4 * roots[1] ** 4 / 120 - q**6 * roots[2] ** 6 / 5040


def test_the_truncated_expansion_is_its_series():
    """With g_V and F_p by hand: the vector cross section of a nucleus without axial part."""
    process = Combined(StandardModel(axial=False), (FormFactorExpansion(truncated=True),))
    roots = 5.2, 5.5, 5.7
    values = {f"r{k}_n_cs": r for k, r in zip((2, 4, 6), roots, strict=True)}
    own = differential_cross_section(CS, 35.0, NODES, interaction=process, values=values)
    sm = StandardModel(axial=False)
    model = form_factor("klein-nystrand")
    q = kinematics.momentum_transfer_inv_fm(NODES, CS.mass_mev)
    protons, neutrons = sm.vector("nu_mu", CS, {})
    f_p = model.evaluate(q, model.default_rms_radius(CS))
    amplitude = protons * f_p + neutrons * series(CS, roots, NODES)
    point = differential_cross_section(CS, 35.0, NODES, interaction=sm, form_factor="unity")
    expected = point * (amplitude / (protons + neutrons)) ** 2
    assert np.allclose(own, expected, rtol=1e-12, atol=0)


def test_the_coefficients_are_the_moments_with_and_without_what_is_beyond():
    """F_n differs from the model's by the changes of the moments, exactly."""
    process = Combined(StandardModel(axial=False), (FormFactorExpansion(),))
    model = form_factor("helm")
    placed = process.for_form_factor(model)
    nominal = [placed.parameters[f"r{k}_n_cs"].value for k in (2, 4, 6)]
    assert nominal[0] == pytest.approx(model.default_rms_radius(CS), rel=1e-12)
    roots = (5.1, 5.4, nominal[2])
    values = {f"r{k}_n_cs": r for k, r in zip((2, 4, 6), roots, strict=True)}
    sm = StandardModel(axial=False)
    q = kinematics.momentum_transfer_inv_fm(NODES, CS.mass_mev)
    protons, neutrons = sm.vector("nu_mu", CS, {})
    f = model.evaluate(q, model.default_rms_radius(CS))
    f_n = f + series(CS, roots, NODES) - series(CS, nominal, NODES)
    point = differential_cross_section(CS, 35.0, NODES, interaction=sm, form_factor="unity")
    expected = point * ((protons * f + neutrons * f_n) / (protons + neutrons)) ** 2
    own = differential_cross_section(
        CS, 35.0, NODES, interaction=process, form_factor="helm", values=values
    )
    assert np.allclose(own, expected, rtol=1e-12, atol=0)


def test_a_small_change_of_the_radius_is_a_change_of_the_moments():
    """R_n of the model and moments that follow it: the same counts where q R is small."""
    model = form_factor("helm")
    low = np.array([0.5, 2.0, 5.0])
    moments = radial_moments(model, 5.0)
    values = {f"r{k}_n_cs": moments[i] ** (1 / k) for i, k in enumerate((2, 4, 6))}
    by_moments = differential_cross_section(
        CS, 35.0, low, interaction=interaction("form-factor-expansion"),
        form_factor="helm", values=values,
    )  # fmt: skip
    by_radius = differential_cross_section(CS, 35.0, low, form_factor="helm", neutron_rms_fm=5.0,
                                           interaction=StandardModel())  # fmt: skip
    # the eighth moment, whose share in F is 3e-6 (q R)^8/0.9^8, and the axial part keep their own
    assert np.allclose(by_moments, by_radius, rtol=1e-5, atol=0)


def test_other_extensions_see_the_same_neutrons():
    expansion = FormFactorExpansion(("Cs",), truncated=True)
    both = Combined(StandardModel(axial=False), (NSI(), expansion))
    eps = 0.1
    roots = [expansion.parameters[f"r{k}_n_cs"].value for k in (2, 4, 6)]
    own = differential_cross_section(CS, 35.0, 10.0, "nu_e", interaction=both,
                                     values={"eps_ee_d": eps})  # fmt: skip
    sm = StandardModel(axial=False)
    model = form_factor("klein-nystrand")
    q = kinematics.momentum_transfer_inv_fm(10.0, CS.mass_mev)
    p, n = sm.vector("nu_e", CS, {})
    f_p = float(model.evaluate(q, model.default_rms_radius(CS)))
    f_n = float(series(CS, roots, 10.0))
    amplitude = (p + CS.z * eps) * f_p + (n + 2 * CS.n * eps) * f_n
    point = differential_cross_section(CS, 35.0, 10.0, "nu_e", interaction=sm, form_factor="unity")
    assert float(own) == pytest.approx(
        float(point) * (amplitude / (p + n)) ** 2, rel=1e-12, abs=0.0
    )


# -- bad input -------------------------------------------------------------------------------------


def test_every_form_factor_takes_part():
    for model in form_factors():
        extension = NeutronRadius(("Cs",)).for_form_factor(form_factor(model))
        r = extension.parameters["r_n_cs"].value
        assert r == pytest.approx(form_factor(model).default_rms_radius(CS), rel=1e-14)


def test_bad_input():
    with pytest.raises(InputError, match="Cs133 is in both Cs and CsI"):
        NeutronRadius(("Cs", "CsI"))
    with pytest.raises(UnknownNameError, match="element"):
        NeutronSkin(("Uu",))
    with pytest.raises(UnknownNameError, match="proton radius"):
        NeutronRadius(proton="rms")
    with pytest.raises(InputError, match="proton radius of Cs in fm must be positive"):
        NeutronSkin(proton={"Cs": -1.0})
    both = interaction("neutron-radius+neutron-skin")
    with pytest.raises(
        InputError, match="two extensions define the radius of the neutrons of Cs133: use one"
    ):
        fold(both).spectrum({"r_n_cs": 5.0, "skin_cs": 0.1})


def test_two_expansions_are_refused():
    class Second(FormFactorExpansion):
        pass

    with pytest.raises(InputError, match="both define the form factor of the neutrons"):
        Neutrons.of((FormFactorExpansion(), Second()))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("model", ["klein-nystrand", "helm", "symmetrised-fermi"])
def test_the_lightest_isotope_is_described_at_the_least_radius(element, model):
    """A radius is the mean of an element; Ar36 is smaller than natural argon by 2.6 %."""
    radius = NeutronRadius((element,), model=model)
    (parameter,) = radius.parameters
    described = [
        radius.neutron_rms_fm(nuclide, {parameter.name: parameter.lower})
        for nuclide in material(element).nuclides
    ]
    assert min(described) == pytest.approx(form_factor(model).minimum_rms_fm + 0.01, abs=1e-12)
