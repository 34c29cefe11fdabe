"""Light mediators: formulas written again by hand, limits, signs, and the fold of templates."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, M_MUON_MEV, M_TAU_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import couplings, form_factor, material, nuclide
from cevns.processes import (
    Combined,
    StandardModel,
    differential_cross_section,
    interaction,
    interactions,
    kinematics,
)
from cevns.processes.light_scalar import LightScalar
from cevns.processes.light_vector import LightVector
from cevns.processes.nsi import NSI
from cevns.processes.tensor import LightTensor
from cevns.rates.fold import Fold
from cevns.sources import SNS

SM = StandardModel(axial=False)
ROOT2_GF = math.sqrt(2.0) * G_FERMI_MEV
FLAVOURS = ("nu_e", "nu_mu", "nubar_mu")


def combined(*extensions, base=SM):
    return Combined(base, extensions)


def vector_by_hand(target, energy, recoil, charges, g, mass, f=1.0, lepton="mu", half=1.0):
    """G_F^2 M/(4 pi) 4 G_V^2 (1 - T/E - M T/(2 E^2) + T^2/(2 E^2)), cm2/keV; x_nu, x_u, x_d."""
    m, t = target.mass_mev, 1e-3 * recoil
    c = couplings("scholberg2021")
    x_nu, u, d = charges
    quarks = target.z * (2 * u + d) + target.n * (u + 2 * d)
    gv = c.gv_p(lepton) * target.z + c.gv_n * target.n
    gv = gv + half * g * g * x_nu * quarks / (ROOT2_GF * (2 * m * t + mass**2))
    bracket = 1 - t / energy - m * t / (2 * energy**2) + t**2 / (2 * energy**2)
    scale = G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * m / math.pi * 1e-3
    return scale * gv**2 * bracket * f**2


def scalar_by_hand(target, energy, recoil, q_s, g, mass, f=1.0):
    m, t = target.mass_mev, 1e-3 * recoil
    rate = g**4 * q_s**2 / (4 * math.pi) * m**2 * t / (energy**2 * (2 * m * t + mass**2) ** 2)
    return rate * f**2 * HBARC2_MEV2_CM2 * 1e-3


def tensor_by_hand(target, energy, recoil, q_t, g, mass, f=1.0):
    m, t = target.mass_mev, 1e-3 * recoil
    bracket = (1 - t / (2 * energy)) ** 2 - m * t / (4 * energy**2)
    rate = 4 * m / math.pi * g**4 * q_t**2 / (2 * m * t + mass**2) ** 2 * bracket
    return rate * f**2 * HBARC2_MEV2_CM2 * 1e-3


@pytest.mark.parametrize("name", ["Ar40", "Ge73", "Cs133"])
@pytest.mark.parametrize("mass", [0.1, 10.0, 1e3])
@pytest.mark.parametrize(
    ("model", "charges"),
    [("vector-universal", (1, 1, 1)), ("vector-b-l", (-1, 1 / 3, 1 / 3))],
)
def test_the_vector_formula(name, mass, model, charges):
    target, g = nuclide(name), 1e-4 * max(1.0, mass / 10)
    recoil = np.linspace(0.1, 0.8 * kinematics.maximum_recoil_kev(40.0, target.mass_mev), 7)
    process = dataclasses.replace(interaction(model, m_zprime=mass), base=SM)
    own = differential_cross_section(
        target, 40.0, recoil, interaction=process, values={"g_zprime": g}, form_factor="unity"
    )
    expected = vector_by_hand(target, 40.0, recoil, charges, g, mass)
    # near the zero of the amplitude terms cancel: relative to the sum without interference
    size = vector_by_hand(target, 40.0, recoil, charges, 0.0, mass)
    assert np.allclose(own, expected, rtol=1e-12, atol=1e-13 * size.max())


def test_the_public_code_of_kavanagh():
    # its line: G_V = 1 - 1e6 (sqrt2/G_F) (3 A g^2/Q_v)/(q^2 + m^2), Q_v = N - (1 - 4 s2) Z
    target, g2, mass = nuclide("Cs133"), 1e-9, 30.0
    q2 = 2 * target.mass_mev * 8e-3
    weak = couplings("scholberg2021").weak_charge(target.z, target.n)
    g_fermi_gev = G_FERMI_MEV * 1e6
    factor = 1 - 1e6 * (math.sqrt(2) / g_fermi_gev) * (3 * target.a * g2 / weak) / (q2 + mass**2)
    process = combined(LightVector(mass))
    new, sm = (
        differential_cross_section(
            target, 40.0, 8.0, interaction=process, values={"g_zprime": math.sqrt(x)}
        )
        for x in (g2, 0.0)
    )
    assert new / sm == pytest.approx(factor**2, rel=1e-12)
    assert new < sm  # universal: destructive


def test_signs_of_the_interference():
    target, values = nuclide("Cs133"), {"g_zprime": 1e-6}

    def change(model, flavour):
        process = combined(model)
        new, sm = (
            float(differential_cross_section(target, 40.0, 8.0, flavour, interaction=process,
                                             values=v)) for v in (values, {})
        )  # fmt: skip
        return np.sign(new - sm)

    assert [change(LightVector(10.0), f) for f in FLAVOURS] == [-1, -1, -1]
    assert [change(LightVector(10.0, "B-L"), f) for f in FLAVOURS] == [1, 1, 1]
    loops = LightVector(10.0, "L_mu-L_tau")
    assert [change(loops, f) for f in (*FLAVOURS, "nu_tau")] == [0, -1, -1, 1]
    printed = dataclasses.replace(loops, loop_sign=-1)
    assert [change(printed, f) for f in (*FLAVOURS, "nu_tau")] == [0, 1, 1, -1]


def test_the_two_normalisations_differ_by_two():
    # half the amplitude: g larger by sqrt2 gives the same cross section
    ours, talk = (combined(LightVector(20.0, normalisation=n)) for n in ("lagrangian", "talk"))
    a = differential_cross_section("I127", 40.0, 9.0, interaction=ours, values={"g_zprime": 1e-4})
    b = differential_cross_section(
        "I127", 40.0, 9.0, interaction=talk, values={"g_zprime": math.sqrt(2) * 1e-4}
    )
    assert a == pytest.approx(b, rel=1e-13, abs=0.0)
    # and at one g: 3 A g^2/(2 sqrt2 G_F (..)) as printed in the talk
    target = nuclide("I127")
    c = differential_cross_section(
        target, 40.0, 9.0, interaction=talk, values={"g_zprime": 1e-4}, form_factor="unity"
    )
    expected = vector_by_hand(target, 40.0, 9.0, (1, 1, 1), 1e-4, 20.0, half=0.5)
    assert c == pytest.approx(expected, rel=1e-12, abs=0.0)


@given(st.floats(1e-3, 10.0), st.sampled_from(["universal", "B-L", "B-3L_mu", "B-L_e-2L_mu"]))
@settings(max_examples=30)
def test_a_heavy_vector_is_nsi(recoil, name):
    target, mass = nuclide("Ar40"), 1e6
    model = LightVector(mass, name)
    x, g = model.assignment, 1.0
    for flavour, family in (("nu_e", "e"), ("nu_mu", "mu")):
        eps = {
            f"eps_{family}{family}_{q}": g * g * x.neutrino(family) * x_q / (ROOT2_GF * mass**2)
            for q, x_q in (("u", x.u), ("d", x.d))
        }
        a = differential_cross_section(
            target, 50.0, recoil, flavour, interaction=combined(model), values={"g_zprime": g}
        )
        b = differential_cross_section(
            target, 50.0, recoil, flavour, interaction=combined(NSI()), values=eps
        )
        # Q^2/M^2 is 7e-10 at 10 keV; twice that, times the share of the new amplitude (< 3)
        q2 = 2e-3 * target.mass_mev * recoil
        assert a == pytest.approx(b, rel=6 * q2 / mass**2 + 1e-13, abs=0.0)


def test_a_light_vector_has_no_mass():
    # M << Q: the mass drops out, and the new amplitude alone falls like 1/T
    target = nuclide("Cs133")
    a, b = (
        differential_cross_section(
            target, 40.0, 5.0, interaction=combined(LightVector(m)), values={"g_zprime": 1e-4}
        )
        for m in (1e-6, 1e-3)
    )
    assert a == pytest.approx(b, rel=1e-8, abs=0.0)  # (1e-3/35)^2 = 8e-10, on an interference
    strong = [
        differential_cross_section(
            target, 40.0, t, interaction=combined(LightVector(1e-6)), form_factor="unity",
            values={"g_zprime": 1.0},
        ) for t in (0.1, 0.2)
    ]  # fmt: skip
    bracket = [1 - 1e-3 * t * (target.mass_mev / 3200 + 1 / 40) for t in (0.1, 0.2)]
    # the Standard Model amplitude is 1e-8 of the new one
    assert strong[0] / strong[1] == pytest.approx(4 * bracket[0] / bracket[1], rel=1e-6)


def test_the_universal_rate_returns_where_the_amplitude_changes_sign():
    # delta G_V = -2 G_V at Q << M: g^2/M^2 = 2 |G_V| sqrt2 G_F/(3 A), the second strip of all
    # published universal-mediator maps. Exact for F_p = F_n up to Q^2/M^2.
    target, mass = nuclide("Cs133"), 1e5
    proton, neutron = SM.vector("nu_mu", target, {})
    g = math.sqrt(-2 * (proton + neutron) * ROOT2_GF * mass**2 / (3 * target.a))
    recoil = np.linspace(0.0, 20.0, 9)
    process = combined(LightVector(mass))
    sm = differential_cross_section(target, 50.0, recoil, interaction=process)
    new = differential_cross_section(
        target, 50.0, recoil, interaction=process, values={"g_zprime": g}
    )
    assert np.allclose(new, sm, rtol=8 * 5e3 / mass**2, atol=0)
    # the degenerate eps of NSI, u and d together: |G_V| 2/(3 A) = 0.19 for Cs (own calculation)
    assert g * g / (ROOT2_GF * mass**2) == pytest.approx(0.192, abs=1e-3)


@pytest.mark.parametrize("mass", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("charges", [("quarks", None), ("14A+1.1Z", None), ("nucleons", None)])
def test_the_scalar_formula(mass, charges):
    target, g = nuclide("Ge74"), 1e-5 * max(1.0, mass / 30)
    recoil = np.linspace(0.0, 0.9 * kinematics.maximum_recoil_kev(30.0, target.mass_mev), 9)
    process = combined(LightScalar(mass, charges[0]))
    own, sm = (
        differential_cross_section(
            target, 30.0, recoil, interaction=process, values=v, form_factor="unity"
        )
        for v in ({"g_scalar": g}, {})
    )
    proton = 938.27209 * (0.0208 / 2.2 + 0.0411 / 4.7)
    neutron = 939.56542 * (0.0189 / 2.2 + 0.0451 / 4.7)
    q_s = {
        "quarks": target.z * proton + target.n * neutron,
        "14A+1.1Z": 14 * target.a + 1.1 * target.z,
        "nucleons": target.a,
    }[charges[0]]
    expected = scalar_by_hand(target, 30.0, recoil, q_s, g, mass)
    assert np.allclose(own - sm, expected, rtol=1e-11, atol=1e-14 * sm.max())
    assert own[0] == sm[0]  # nothing at T = 0


@pytest.mark.parametrize("mass", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("name", ["Ar40", "Cs133", "Xe129"])
@pytest.mark.parametrize("nucleus", ["spin", "coherent"])
def test_the_tensor_formula(mass, name, nucleus):
    target, g = nuclide(name), 1e-4 * max(1.0, mass / 30)
    recoil = np.linspace(0.0, 0.9 * kinematics.maximum_recoil_kev(30.0, target.mass_mev), 9)
    process = combined(LightTensor(mass, nucleus))
    own, sm = (
        differential_cross_section(
            target, 30.0, recoil, interaction=process, values=v, form_factor="unity"
        )
        for v in ({"g_tensor": g}, {})
    )
    unpaired = {"Ar40": 0, "Cs133": 1, "Xe129": 1}[name]
    q_t = 0.58 * (unpaired if nucleus == "spin" else target.a)
    expected = tensor_by_hand(target, 30.0, recoil, q_t, g, mass)
    assert np.allclose(own - sm, expected, rtol=1e-10, atol=1e-14 * sm.max())
    # at T = 0: 4 M c^2/pi
    point = 4e-3 * target.mass_mev / math.pi * g**4 * q_t**2 / mass**4 * HBARC2_MEV2_CM2
    assert own[0] - sm[0] == pytest.approx(point, rel=1e-10, abs=1e-14 * sm[0])


# Dirac algebra in the chiral basis, written here: an independent derivation of all brackets
_S = [
    np.array(s, dtype=complex) for s in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
]
_1, _0 = np.eye(2), np.zeros((2, 2))
GAMMA = [np.block([[_0, _1], [_1, _0]])] + [np.block([[_0, s], [-s, _0]]) for s in _S]
P_L = np.diag([1, 1, 0, 0]).astype(complex)
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
SIGMA = [[0.5j * (a @ b - b @ a) for b in GAMMA] for a in GAMMA]


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def traced(kind, m, energy, t):
    """d(sigma)/dT, MeV^-3, of unit contact couplings, for a nucleus of spin 1/2."""
    out, cos = energy - t, 1 - m * t / (energy * (energy - t))
    sin = math.sqrt(1 - cos**2)
    k, k2 = np.array([energy, 0, 0, energy]), np.array([out, out * sin, 0, out * cos])
    p = np.array([m, 0, 0, 0])
    p2 = k + p - k2
    if kind == "scalar":
        vertices = [(P_L, np.eye(4), 1.0)]
    elif kind == "vector":
        vertices = [(GAMMA[i] @ P_L, GAMMA[i], METRIC[i, i]) for i in range(4)]
    else:
        vertices = [
            (SIGMA[i][j] @ P_L, SIGMA[i][j], METRIC[i, i] * METRIC[j, j])
            for i in range(4) for j in range(4)
        ]  # fmt: skip

    def bar(v):
        return GAMMA[0] @ v.conj().T @ GAMMA[0]

    total = 0.0
    for a, b, s in vertices:
        for a2, b2, s2 in vertices:
            lepton = np.trace(slash(k2) @ a @ slash(k) @ bar(a2))
            heavy = np.trace((slash(p2) + m * np.eye(4)) @ b @ (slash(p) + m * np.eye(4)) @ bar(b2))
            total += s * s2 * lepton * heavy / 2  # one helicity of the neutrino, two of the nucleus
    return total.real / (32 * math.pi * m * energy**2)


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.95])
def test_traces_give_the_brackets(fraction):
    # a light nucleus, so that recoil terms count; energies such that T/E and M T/E^2 both do
    m, energy = 900.0, 200.0
    t = fraction * 2 * energy**2 / (m + 2 * energy)
    # scalar: with the factor 1 + T/(2 M) that the package leaves out
    expected = m**2 * t / (4 * math.pi * energy**2) * (1 + t / (2 * m))
    assert traced("scalar", m, energy, t) == pytest.approx(expected, rel=1e-12)
    expected = m / (4 * math.pi) * 2 * (1 - t / energy - m * t / (2 * energy**2)
                                        + t**2 / (2 * energy**2))  # fmt: skip
    assert traced("vector", m, energy, t) == pytest.approx(expected, rel=1e-12)
    expected = 4 * m / math.pi * ((1 - t / (2 * energy)) ** 2 - m * t / (4 * energy**2))
    assert traced("tensor", m, energy, t) == pytest.approx(expected, rel=1e-12)


def by_quadrature(source, material_, process, values, recoil_kev, mass_kg):
    """Counts/keV at one recoil energy by Gauss-Legendre over the source's spectrum."""
    atoms = material_.nuclei_per_kg()
    total = 0.0
    for flavour in source.flavours:
        for target, _ in material_.atoms:
            e_min = float(kinematics.minimum_energy_mev(recoil_kev, target.mass_mev))
            sigma = sum(
                weight
                * float(differential_cross_section(target, e, recoil_kev, flavour,
                                                   interaction=process, values=values))
                for e, weight in source.lines(flavour) if e > e_min
            )  # fmt: skip
            end = source.end_point_mev(flavour)
            if not source.lines(flavour) and e_min < end:
                x, w = np.polynomial.legendre.leggauss(60)  # polynomials in E times 1/E^2
                e = e_min + (end - e_min) * (x + 1) / 2
                slope = differential_cross_section(
                    target, e, recoil_kev, flavour, interaction=process, values=values
                )
                sigma += float((source.spectrum(flavour, e) * slope * w).sum() * (end - e_min) / 2)
            total += sigma * atoms[target.name] * mass_kg * source.fluence_cm2(flavour)
    return total


MODELS = {
    "universal": (LightVector(10.0), {"g_zprime": 1e-4}),
    "b-l": (LightVector(10.0, "B-L"), {"g_zprime": 1e-4}),
    "l-mu-l-tau": (LightVector(10.0, "L_mu-L_tau"), {"g_zprime": 1e-3}),
    "scalar": (LightScalar(10.0), {"g_scalar": 3e-5}),
    "tensor": (LightTensor(10.0), {"g_tensor": 3e-4}),
    "shorthand": (LightTensor(10.0, "coherent"), {"g_tensor": 3e-5}),
}


@pytest.mark.parametrize("name", MODELS)
def test_templates_equal_direct_folding(name):
    extension, values = MODELS[name]
    process = combined(extension, base=StandardModel())
    source, target = SNS(distance_m=19.3, protons=1e23), material("CsI")
    nodes = np.array([0.3, 2.0, 7.5, 15.0, 31.0])
    fold = Fold(source, process, target, 14.6, form_factor("klein-nystrand"), nodes_kev=nodes)
    own = fold.spectrum(values).sum(axis=0)
    expected = [by_quadrature(source, target, process, values, t, 14.6) for t in nodes]
    assert np.allclose(own, expected, rtol=1e-10, atol=0)
    # a grid of couplings in one call is the same as one by one, zero is the Standard Model
    (key, g), = values.items()  # fmt: skip
    many = fold.spectrum({key: np.array([0.0, g])}).sum(axis=-2)
    assert np.allclose(many[1], own, rtol=1e-13)
    alone = Fold(source, StandardModel(), target, 14.6, form_factor("klein-nystrand"),
                 nodes_kev=nodes).spectrum().sum(axis=0)  # fmt: skip
    assert np.allclose(many[0], alone, rtol=1e-13)


def test_the_spectrum_of_loops_by_hand():
    # nu_mu line of 29.79 MeV on one nucleus, the mixing integrated by scipy
    from scipy.integrate import quad

    target, g, mass, t = nuclide("I127"), 1e-3, 10.0, 6.0
    q2 = 2e-3 * target.mass_mev * t

    def integrand(x):
        y = x * (1 - x)
        return y * math.log((M_TAU_MEV**2 + y * q2) / (M_MUON_MEV**2 + y * q2))

    kappa = 2 * ALPHA / math.pi * quad(integrand, 0, 1, epsabs=0, epsrel=1e-12)[0]
    own = differential_cross_section(
        target, 29.79, t, "nu_mu", interaction=combined(LightVector(mass, "L_mu-L_tau")),
        values={"g_zprime": g}, form_factor="unity",
    )  # fmt: skip
    # kappa for every proton: charges (1, 2/3, -1/3) times kappa
    expected = vector_by_hand(target, 29.79, t, (kappa, 2 / 3, -1 / 3), g, mass)
    assert own == pytest.approx(expected, rel=1e-11, abs=0.0)


def test_structure_changes_the_mass():
    both = combined(LightVector(100.0, "B-L"), LightScalar(50.0))
    other = both.with_structure({"m_zprime": 5.0})
    assert (other.structure["m_zprime"].value, other.structure["m_scalar"].value) == (5.0, 50.0)
    assert other.extensions[0].assignment.name == "B-L"
    values = {"g_zprime": 1e-4, "g_scalar": 1e-5}
    direct = combined(LightVector(5.0, "B-L"), LightScalar(50.0))
    a, b = (
        differential_cross_section("Ar40", 30.0, 9.0, interaction=i, values=values)
        for i in (other, direct)
    )
    assert a == b
    fixed = interaction("vector-b-l").with_structure({"m-zprime": 5.0})
    assert fixed.extensions[0].m_zprime == 5.0
    assert (
        combined(LightTensor()).with_structure({"m_tensor": 3.0}).structure["m_tensor"].value == 3
    )


def test_the_names():
    expected = {
        "light-vector", "vector-universal", "vector-b-l", "vector-l-mu-l-tau", "light-scalar",
        "tensor",
    }  # fmt: skip
    assert expected <= set(interactions())
    for name in expected:
        assert interaction(name).name == name
        assert len(interaction(name).structure) == 1


@pytest.mark.parametrize("make", [LightVector, LightScalar, LightTensor])
@pytest.mark.parametrize("mass", [0.0, -1.0, 2e6, float("nan"), float("inf")])
def test_bad_masses_are_refused(make, mass):
    with pytest.raises(InputError, match="MeV: the mass of a"):
        make(mass)


def test_bad_options_are_refused():
    with pytest.raises(UnknownNameError, match="unknown charge assignment"):
        LightVector(charges="B-M")
    with pytest.raises(InputError, match="normalisation is 'half'; choose lagrangian or talk"):
        LightVector(normalisation="half")
    with pytest.raises(InputError, match="loop_sign is 0; choose 1 or -1"):
        LightVector(loop_sign=0)
    with pytest.raises(UnknownNameError, match="unknown scalar charges"):
        LightScalar(charges="quark-s")
    with pytest.raises(UnknownNameError, match="unknown tensor charges"):
        LightTensor(charges="lattices")
    with pytest.raises(InputError, match="choose spin or coherent"):
        LightTensor(nucleus="both")
    with pytest.raises(UnknownNameError, match="unknown lepton"):
        LightScalar(leptons=("e", "x"))
    with pytest.raises(InputError, match="lies outside its bounds"):
        combined(LightVector()).with_structure({"m_zprime": 0.0})
