from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from cevns.constants import E_PION_LINE_MEV, G_FERMI_MEV, HBARC2_MEV2_CM2
from cevns.exceptions import InputError
from cevns.nuclear import couplings, form_factor, material, nuclide
from cevns.parameters import Parameters
from cevns.particles import FLAVOURS, LEPTONS
from cevns.processes import (
    Combined,
    Extension,
    StandardModel,
    bounded,
    differential_cross_section,
    interaction,
    kinematics,
)
from cevns.processes.flavoured_cross_sections import FlavouredCrossSections
from cevns.processes.nsi import NSI
from cevns.processes.nsi_quark_mix import NSIQuarkMix, quark_couplings
from cevns.rates.fold import Fold
from cevns.sources import SNS

SOURCE = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
MODELS = ("nsi", "nsi-quark-mix", "flavoured-cross-sections", "nsi+flavoured-cross-sections")


class Same(Extension):
    """Has a parameter that NSI has."""

    name = "same"
    parameters = Parameters([bounded("eps-ee-u", "of another model")])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("axial", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_with_everything_nominal_it_is_the_standard_model(model, axial, given):
    both = interaction(model, axial=axial, couplings="erler-su")
    sm = StandardModel("erler-su", axial=axial)
    values = {p.name: p.value for p in both.parameters} if given else {}
    for target in map(nuclide, ("Ar40", "Cs133", "Ge73", "Na23")):
        for flavour in FLAVOURS:
            own, expected = both.weights(flavour, target, values), sm.weights(flavour, target, {})
            assert own.shape == expected.shape
            # the same products in another order: one rounding
            assert np.allclose(own, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("model", MODELS)
def test_with_everything_nominal_the_cross_section_is_the_same(model):
    recoil = np.linspace(0.0, 40.0, 23)
    for flavour in FLAVOURS:
        own, expected = (
            differential_cross_section("I127", 45.0, recoil, flavour, interaction=x)
            for x in (interaction(model), None)
        )
        assert np.allclose(own, expected, rtol=1e-14, atol=0)


def by_hand(target, energy, recoil_kev, flavour, amplitudes, factor=1.0):
    """hep-ph/0508299 with complex amplitudes to each final family, in cm2/keV.

    `amplitudes` gives the coefficients of Z and N beyond the Standard Model for each family.
    """
    c, t, m = couplings("scholberg2021"), 1e-3 * recoil_kev, target.mass_mev
    model = form_factor("klein-nystrand")
    q = kinematics.momentum_transfer_inv_fm(recoil_kev, m)
    f = model.evaluate(q, model.default_rms_radius(target))
    own, sign = flavour.split("_")[1], -1 if flavour.startswith("nubar") else 1
    ga = sign * (c.ga_p * (target.z % 2) + c.ga_n * (target.n % 2)) * f
    x, total = t / energy, 0.0
    for b in LEPTONS:
        p, n = amplitudes.get(b, (0.0, 0.0))
        if b == own:
            p, n = p + c.gv_p(own), n + c.gv_n
        gv = (p * target.z + n * target.n) * f
        total += abs(gv) ** 2 * (1 + (1 - x) ** 2 - m * t / energy**2)
        if b == own:
            total += ga**2 * (1 + (1 - x) ** 2 + m * t / energy**2)
            total += 2 * gv.real * ga * (1 - (1 - x) ** 2)
    return 1e-3 * G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * m / (2 * math.pi) * total * factor


def folded_by_quadrature(cross_section, flavour, recoil, target, nuclei):
    """Counts/keV: the integral over the spectrum of the source, by Gauss-Legendre."""
    low = kinematics.minimum_energy_mev(recoil, target.mass_mev)
    if flavour == "nu_mu":
        if low > E_PION_LINE_MEV:
            return 0.0
        mean = cross_section(target, E_PION_LINE_MEV, recoil, flavour)
    else:
        end = SOURCE.end_point_mev(flavour)
        if low >= end:
            return 0.0
        # the spectra are E^2 times a polynomial: with 1/E^2 a polynomial, and the sum is exact
        x, w = np.polynomial.legendre.leggauss(12)
        energy = low + (end - low) * (x + 1) / 2
        slopes = np.array([cross_section(target, e, recoil, flavour) for e in energy])
        mean = (SOURCE.spectrum(flavour, energy) * slopes * w).sum() * (end - low) / 2
    return mean * nuclei * SOURCE.fluence_cm2(flavour)


CASES = {
    "standard-model": ({}, lambda a: {}, lambda a: 1.0),
    "nsi": (
        {
            "eps_ee_u": 0.31,
            "eps_ee_d": -0.2,
            "eps_mumu_d": 0.27,
            "eps_emu_u": 0.13,
            "eps_emu_d_im": -0.21,
            "eps_mutau_u_im": 0.4,
            "eps_mutau_d": 0.08,
        },
        lambda a: {
            "e": {"e": (2 * 0.31 - 0.2, 0.31 - 2 * 0.2), "mu": (0.26 - 0.21j, 0.13 - 0.42j)},
            "mu": {
                "mu": (0.27, 0.54),
                "e": (0.26 - 0.21j, 0.13 - 0.42j),
                "tau": (0.08 + 0.8j, 0.16 + 0.4j),
            },
        }[a],
        lambda a: 1.0,
    ),
    "nsi-quark-mix": (
        {"eps_ee": 0.2, "eps_mumu": -0.1, "eps_etau_im": 0.3, "eta": -50.0},
        lambda a: {
            "e": {"e": _mix(0.2), "tau": _mix(0.3j)},
            "mu": {"mu": _mix(-0.1)},
        }[a],
        lambda a: 1.0,
    ),
    "nsi+flavoured-cross-sections": (
        {"eps_mumu_u": -0.1, "sigma_e": 1.3, "sigma_mu": 0.7},
        lambda a: {"e": {}, "mu": {"mu": (-0.2, -0.1)}}[a],
        lambda a: {"e": 1.3, "mu": 0.7}[a],
    ),
}


def _mix(eps):
    u, d = quark_couplings(-50.0)
    return (2 * u + d) * eps, (u + 2 * d) * eps


@pytest.mark.parametrize("model", CASES)
@pytest.mark.parametrize("formula", ["CsI", "Ge"])
@pytest.mark.parametrize("how", ["by hand", "differential_cross_section"])
def test_the_template_is_the_direct_fold(model, formula, how):
    values, amplitudes, factor = CASES[model]
    process = interaction(model)
    target = material(formula)
    nodes = np.array([0.02, 1.0, 5.0, 10.0, 14.0, 20.0, 35.0, 42.0])
    fold = Fold(SOURCE, process, target, 14.6, form_factor("klein-nystrand"), nodes)
    own = fold.spectrum(values)

    def direct(x, e, t, flavour):
        if how == "by hand":
            a = flavour.split("_")[1]
            return by_hand(x, e, t, flavour, amplitudes(a), factor(a))
        return float(
            differential_cross_section(x, e, t, flavour, interaction=process, values=values)
        )

    nuclei = target.nuclei_per_kg()
    for f, flavour in enumerate(fold.flavours):
        expected = [
            sum(
                folded_by_quadrature(direct, flavour, t, x, 14.6 * nuclei[x.name])
                for x in target.nuclides
            )
            for t in nodes
        ]
        # both are exact sums of polynomials: rounding, which grows where terms cancel towards the
        # end point
        assert own[f] == pytest.approx(expected, rel=1e-10)


def test_arrays_of_points_are_the_points():
    rng = np.random.default_rng(7)
    values = {n: rng.normal(size=(3, 2)) for n in ("eps_ee_u", "eps_emu_d", "eps_mumu_d")}
    fold = Fold(SOURCE, interaction("nsi"), material("CsI"), 1.0, form_factor("helm"))
    own = fold.spectrum(values)
    assert own.shape == (3, 2, 3, fold.nodes.size)
    for i in np.ndindex(3, 2):
        alone = fold.spectrum({n: float(v[i]) for n, v in values.items()})
        assert np.allclose(own[i], alone, rtol=1e-12, atol=1e-12 * alone.max())


def test_a_parameter_of_one_flavour_has_its_shape_for_all():
    both, ar = interaction("nsi"), nuclide("Ar40")
    for flavour in FLAVOURS:
        assert both.weights(flavour, ar, {"eps_ee_u": np.zeros(5)}).shape == (6, 5)


def test_amplitudes_of_two_extensions_add_before_they_are_squared():
    both, ar = interaction("nsi+nsi-quark-mix", axial=False), nuclide("Ar40")
    g = couplings("scholberg2021")
    # 0.1 from each to the same final state: p gets 0.1 (2 + sqrt5 cos eta), eta of d alone: 1
    own = both.weights(
        "nu_e", ar, {"eps_ee_u": 0.1, "eps_ee": 0.1, "eta": math.degrees(math.atan(2))}
    )
    p, n = ar.z * (g.gv_p("e") + 0.2 + 0.1), ar.n * (g.gv_n + 0.1 + 0.2)
    assert np.allclose(own, [p * p, 2 * p * n, n * n], rtol=1e-14)
    assert both.name == "nsi+nsi-quark-mix"


def test_flavoured_factors():
    both, cs = interaction("flavoured-cross-sections"), nuclide("Cs133")
    usual = StandardModel().weights("nubar_mu", cs, {})
    assert np.allclose(both.weights("nubar_mu", cs, {"sigma_mu": 0.4}), 0.4 * usual, rtol=1e-15)
    assert np.array_equal(both.weights("nubar_mu", cs, {"sigma_e": 0.4}), usual)
    assert np.all(both.weights("nu_tau", cs, {"sigma_tau": 0.0}) == 0.0)
    own = FlavouredCrossSections().parameters
    assert own.names == ("sigma_e", "sigma_mu", "sigma_tau")
    assert {(p.value, p.lower, p.upper) for p in own} == {(1.0, 0.0, math.inf)}


def test_a_parameter_of_two_extensions_is_refused():
    with pytest.raises(InputError, match=r"'eps-ee-u' is in both 'nsi' and 'same': rename it"):
        Combined(StandardModel(), (NSI(), Same()))
    with pytest.raises(InputError, match="given twice"):
        interaction("nsi+nsi")


def test_options_go_where_they_belong():
    assert interaction("nsi", axial=False).base.axial is False
    with pytest.raises(InputError, match="'nsi' has no option 'mass'"):
        interaction("nsi", mass=3.0)


def test_a_pickle_holds_nothing_derived():
    both = interaction("nsi+flavoured-cross-sections", couplings="erler-su")
    names = [t.name for t in both.terms]
    again = pickle.loads(pickle.dumps(both))
    assert set(vars(again)) == {"base", "extensions", "mixing"}
    assert again == both
    assert [t.name for t in again.terms] == names


@pytest.mark.parametrize("model", [NSI(), NSIQuarkMix(), FlavouredCrossSections()])
def test_every_parameter_is_described(model):
    descriptions = [p.description for p in model.parameters]
    assert all(len(d.split()) >= 4 for d in descriptions)
    assert len(set(descriptions)) == len(descriptions)
    assert all(p.shared and p.role == "poi" for p in model.parameters)
