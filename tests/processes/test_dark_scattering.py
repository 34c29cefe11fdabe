"""Scattering of chi by a dark photon or a leptophobic mediator: traces, totals, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.constants import ALPHA, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.dark_sector.dark_models import dark_models
from cevns.exceptions import InputError, SpeciesError
from cevns.nuclear import nuclide
from cevns.processes import process
from cevns.processes.dark_matter.dark_scattering import recoil_form

CS = nuclide("Cs133")

# -- traces with explicit matrices -------------------------------------------------------------

_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)
_ONE, _NONE = np.eye(2), np.zeros((2, 2))
GAMMA = [np.block([[_ONE, _NONE], [_NONE, -_ONE]]).astype(complex)] + [
    np.block([[_NONE, s], [-s, _NONE]]) for s in _PAULI
]
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def slash(p):
    return sum(METRIC[m, m] * p[m] * GAMMA[m] for m in range(4))


def momenta(chi_mev, mass_mev, energy_mev, recoil_mev):
    """Four-momenta before and after, of chi and of the target at rest."""
    p = np.sqrt(energy_mev**2 - chi_mev**2)
    out = np.sqrt(recoil_mev * (recoil_mev + 2.0 * mass_mev))
    after = energy_mev - recoil_mev
    along = (p**2 + out**2 - (after**2 - chi_mev**2)) / (2.0 * p)
    across = np.sqrt(max(out**2 - along**2, 0.0))
    k, k2 = np.array([energy_mev, 0, 0, p]), np.array([after, -across, 0, p - along])
    q, q2 = np.array([mass_mev, 0, 0, 0.0]), np.array([mass_mev + recoil_mev, across, 0, along])
    return k, k2, q, q2


def fermion(k, k2, m, axial=False):
    """Spin-averaged tensor of a fermion's current, contravariant."""
    gammas = [g @ GAMMA5 if axial else g for g in GAMMA]
    one = np.eye(4)
    bar = [GAMMA[0] @ g.conj().T @ GAMMA[0] for g in gammas]
    return 0.5 * np.array(
        [
            [np.trace((slash(k2) + m * one) @ a @ (slash(k) + m * one) @ b) for b in bar]
            for a in gammas
        ]
    )


def scalar(k, k2):
    return np.outer(k + k2, k + k2)


@pytest.mark.parametrize("chi", ["scalar", "dirac", "majorana"])
@pytest.mark.parametrize(("target", "mass"), [("nucleus", 300.0), ("electron", 0.6)])
@pytest.mark.parametrize(("chi_mev", "energy"), [(10.0, 90.0), (0.2, 3.0)])
def test_recoil_forms_are_traces(chi, target, mass, chi_mev, energy):
    # d(sigma)/dT = |M|^2/(32 pi M p^2), |M|^2 = e^2 g^2 L H/(q^2 - m_V^2)^2
    top = 2.0 * mass * (energy**2 - chi_mev**2) / (mass**2 + chi_mev**2 + 2.0 * mass * energy)
    for recoil in (0.1 * top, 0.7 * top):
        k, k2, q, q2 = momenta(chi_mev, mass, energy, recoil)
        dark = scalar(k, k2) if chi == "scalar" else fermion(k, k2, chi_mev, chi == "majorana")
        seen = scalar(q, q2) if target == "nucleus" else fermion(q, q2, mass)
        squared = np.einsum("ab,cd,ac,bd->", dark, seen, METRIC, METRIC).real
        # in units of e^2 g^2 = 16 pi^2 alpha alpha_D: 16 pi^2/(32 pi M) L H = 4 pi X
        form = recoil_form(chi, target, energy, recoil, chi_mev, mass)
        assert float(form) == pytest.approx(squared / (8.0 * mass), rel=1e-11)


def test_spins_of_a_nucleus_hardly_matter():
    # DARK_MATTER.md section 5: T^2/(4 E^2) and m_chi^2 T/(2 M E^2), below 1e-4
    energy, chi_mev = 100.0, 10.0
    for recoil in (0.01, 0.1):
        for chi in ("scalar", "dirac", "majorana"):
            zero, half = (
                float(recoil_form(chi, t, energy, recoil, chi_mev, CS.mass_mev))
                for t in ("nucleus", "electron")
            )
            assert half / zero == pytest.approx(1.0, abs=1e-4)


# -- totals ------------------------------------------------------------------------------------


def total(model, energy, above_kev, values=None):
    top = float(model.kinematics.maximum_recoil_kev(energy, CS.mass_mev))

    def one(u):
        return np.exp(u) * float(model.differential(np.exp(u), energy, CS, values or EPSILON))

    return quad(one, np.log(above_kev), np.log(top), epsabs=0.0, epsrel=1e-8, limit=400)[0]


EPSILON = {"epsilon": 1e-4}

# own values of DARK_MATTER.md section 5: cm2 with F = 1, Klein-Nystrand, and that above 9 keV
TOTALS = {
    ("dark-photon", 30.0, 10.0, 100.0): (5.926e-31, 4.231e-31, 4.817e-32),
    ("dark-photon-dirac", 30.0, 10.0, 100.0): (5.540e-31, 4.128e-31, 4.347e-32),
    ("dark-photon", 3.0, 1.0, 100.0): (6.000e-29, 5.934e-29, 7.648e-32),
    ("dark-photon", 30.0, 10.0, 50.0): (5.714e-31, 4.354e-31, 4.871e-32),
    ("dark-photon-dirac", 30.0, 10.0, 50.0): (4.847e-31, 3.938e-31, 3.042e-32),
}


@pytest.mark.parametrize(("point", "expected"), TOTALS.items())
def test_totals_on_caesium(point, expected):
    name, m_v, m_chi, energy = point
    free, kn = (
        process(name, form_factor=f).with_structure({"m_v": m_v, "m_chi": m_chi})
        for f in ("unity", "klein-nystrand")
    )
    found = total(free, energy, 1e-7), total(kn, energy, 1e-7), total(kn, energy, 9.0)
    # four digits are listed; the last has a threshold on a falling edge
    assert [f / e for f, e in zip(found, expected, strict=True)] == pytest.approx([1] * 3, abs=1e-3)


def test_scalar_total_has_a_closed_form_without_form_factor():
    # 2E >> T: sigma = 8 pi C E^2 M/p^2 int dT/(2MT + m^2)^2, to 1e-4 (T/E) at Cs
    model = process("dark-photon", form_factor="unity").with_structure({"m_v": 30.0, "m_chi": 1.0})
    energy, square = 40.0, 900.0
    top = 1e-3 * float(model.kinematics.maximum_recoil_kev(energy, CS.mass_mev))
    charge = ALPHA * 0.5 * 1e-8 * CS.z**2 * HBARC2_MEV2_CM2
    integral = top / (square * (2.0 * CS.mass_mev * top + square))
    expected = 8.0 * np.pi * charge * energy**2 * CS.mass_mev / (energy**2 - 1.0) * integral
    assert total(model, energy, 1e-8) / expected == pytest.approx(1.0, abs=5e-4)


# -- couplings ---------------------------------------------------------------------------------


def test_events_go_with_the_fourth_power_of_the_mixing():
    model = process("dark-photon").with_structure({"m_v": 30.0, "m_chi": 10.0})
    one, two = (float(model.scale({"epsilon": e})) for e in (1e-4, 2e-4))
    assert two / one == pytest.approx(16.0)
    # Y = eps^2 alpha_D/81 at R = 3
    assert float(model.scale({"y_dm": 1e-8 * 0.5 / 81.0})) / one == pytest.approx(1.0)
    kernel = model.kernel(np.array([10.0]), np.array([100.0]), "chi", CS, {"epsilon": 1e-4})
    once = model.differential(10.0, 100.0, CS, {"epsilon": 1e-4})
    assert float(kernel[0] / once) == pytest.approx(1e-8)


def test_mass_ratio_stands_for_the_mass_of_the_mediator():
    by_mass, by_ratio = (
        process("dark-photon").with_structure({"m_chi": 10.0, **v}).sector
        for v in ({"m_v": 30.0}, {"mass_ratio": 3.0})
    )
    assert by_mass == by_ratio
    by_mediator = process("dark-photon").with_structure({"m_v": 30.0, "mass_ratio": 3.0})
    assert by_mediator.sector == by_mass


def test_leptophobic_sees_all_nucleons():
    structure = {"m_chi": 10.0, "m_v": 30.0}
    dark = process("dark-photon").with_structure(structure)
    baryon = process("leptophobic").with_structure(structure)
    ratio = [
        float(m.differential(5.0, 80.0, CS, v))
        for m, v in ((baryon, {"alpha_b": ALPHA * 1e-8}), (dark, {"epsilon": 1e-4}))
    ]
    assert ratio[0] / ratio[1] == pytest.approx((CS.a / CS.z) ** 2)


def test_pseudo_dirac_without_splitting_is_dirac():
    structure = {"m_chi": 10.0, "m_v": 30.0}
    for portal, values in (("dark-photon", EPSILON), ("leptophobic", {"alpha_b": 1e-9})):
        pair, dirac = (
            process(portal + kind).with_structure(structure).differential(8.0, 70.0, CS, values)
            for kind in ("-pseudo-dirac", "-dirac")
        )
        assert float(pair) == float(dirac)


def test_electrons_of_an_atom():
    model = process("dark-photon-dirac-electrons").with_structure({"m_chi": 1.0, "m_v": 3.0})
    ar = nuclide("Ar40")
    heavy, light = (float(model.differential(t, 50.0, ar, EPSILON)) for t in (100.0, 1.0))
    form = [
        float(recoil_form("dirac", "electron", 50.0, 1e-3 * t, 1.0, M_ELECTRON_MEV))
        / (2.0 * M_ELECTRON_MEV * 1e-3 * t + 9.0) ** 2
        for t in (100.0, 1.0)
    ]
    # 18 electrons above the K edge of argon (3.2 keV), 16 below
    assert heavy / light == pytest.approx(18.0 / 16.0 * form[0] / form[1])
    # a chi of 50 MeV may give an electron nearly all it has
    assert 40e3 < float(model.kinematics.maximum_recoil_kev(50.0, ar.mass_mev)) < 50e3


def test_nothing_beyond_the_largest_recoil():
    model = process("dark-photon").with_structure({"m_chi": 10.0, "m_v": 30.0})
    top = float(model.kinematics.maximum_recoil_kev(50.0, CS.mass_mev))
    below, above = model.differential([0.999 * top, 1.001 * top], 50.0, CS, EPSILON)
    assert below > 0.0
    assert above == 0.0


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structure", "words"),
    [
        ({}, "m_chi=10MeV.*m_v=30MeV"),
        ({"m_chi": 10.0}, "mass_ratio=3.*which has no default"),
        ({"m_v": 30.0}, "the mass of chi"),
        ({"m_chi": 10.0, "m_v": 30.0, "mass_ratio": 3.0}, "not all three"),
        ({"m_chi": 10.0, "m_v": 30.0, "alpha_d": 2.0}, "alpha_d"),
        ({"m_chi": -1.0}, "m_chi"),
    ],
)
def test_what_a_model_needs(structure, words):
    with pytest.raises(InputError, match=words):
        _ = process("dark-photon").with_structure(structure).sector


def test_one_coupling_by_one_name():
    model = process("dark-photon").with_structure({"m_chi": 10.0, "m_v": 30.0})
    with pytest.raises(InputError, match="epsilon and y_dm"):
        model.scale({"epsilon": 1e-4, "y_dm": 1e-11})


def test_neutrinos_are_not_chi():
    model = process("leptophobic").with_structure({"m_chi": 10.0, "m_v": 30.0})
    with pytest.raises(SpeciesError, match="meson-decay"):
        model.kernel(np.ones(1), np.full(1, 50.0), "nu_mu", CS, {})


def test_models_are_those_of_the_relic_density():
    for model in dark_models():
        found = process(model.name).with_structure({"m_chi": 10.0, "m_v": 30.0})
        assert found.name == model.name
        assert found.sector.kind is model.kind
        assert (found.sector.portal == "leptophobic") == (model.portal.name == "leptophobic")
