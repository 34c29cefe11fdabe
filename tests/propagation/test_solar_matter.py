"""Adiabatic conversion in the Sun: published and independently computed survival probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cevns.constants import AVOGADRO
from cevns.exceptions import InputError
from cevns.propagation.solar_matter import SolarMixing

USUAL = SolarMixing()
# mean electron densities of where the branches are born, mol/cm3
B8, BE7, PEP, PP = 87.9, 79.6, 66.6, 60.6


@pytest.mark.parametrize(
    ("energy", "density", "expected"),
    [
        (1.0, B8, 0.520),
        (4.0, B8, 0.420),
        (8.0, B8, 0.344),
        (10.0, B8, 0.327),
        (15.0, B8, 0.309),
        (0.267, PP, 0.545),
        (0.8613, BE7, 0.527),
        (1.442, PEP, 0.517),
    ],
)
def test_survival_of_an_independent_program(energy, density, expected):
    """It averages over where the neutrinos are born, ours takes the mean density there.

    For 8B this makes up to 0.0015, for the others nothing that is seen.
    """
    accuracy = 1.6e-3 if density == B8 else 6e-4
    assert float(USUAL.survival(energy, density)) == pytest.approx(expected, abs=accuracy)


def test_from_the_centre_at_8_mev():
    """0.332 of a public three-flavour code (documentation of magnus, NuFIT 6.1)."""
    assert float(USUAL.survival(8.0, 101.0)) == pytest.approx(0.332, abs=3e-3)


def test_limits_of_vacuum_and_of_dense_matter():
    """Averaged vacuum oscillations at low energy; at high energy the state nu_2 leaves the Sun."""
    assert float(USUAL.survival(1e-6, B8)) == pytest.approx(USUAL.averaged, abs=1e-6)
    dense = 0.978**2 * 0.307 + 0.022**2
    assert float(USUAL.survival(1e5, B8)) == pytest.approx(dense, abs=1e-6)
    assert float(SolarMixing(0.5, 0.0).survival(1e-6, B8)) == pytest.approx(0.5, abs=1e-6)


def test_the_state_in_matter_is_an_eigenstate():
    """The mixing angle where the neutrino is born, from the diagonal form of the Hamiltonian."""
    energy, density = 6.0, B8
    electrons = density * AVOGADRO * (1.9732698e-5) ** 3  # eV^3
    v = np.sqrt(2.0) * 1.1663787e-23 * electrons * (1 - USUAL.sin2_theta13)
    theta = np.arcsin(np.sqrt(USUAL.sin2_theta12))
    k = USUAL.dm21_ev2 / (4.0 * energy * 1e6)
    matrix = k * np.array(
        [[-np.cos(2 * theta), np.sin(2 * theta)], [np.sin(2 * theta), np.cos(2 * theta)]]
    ) + np.diag([v, 0.0])
    _, states = np.linalg.eigh(matrix)
    light, heavy = states[0] ** 2  # of nu_e in both states of matter
    leaves = light * np.cos(theta) ** 2 + heavy * np.sin(theta) ** 2
    expected = (1 - 0.022) ** 2 * leaves + 0.022**2
    assert float(USUAL.survival(energy, density)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["sin2_theta12", "sin2_theta13", "sin2_theta23"])
@pytest.mark.parametrize("value", [-0.01, 1.2, float("nan")])
def test_a_squared_sine_lies_between_0_and_1(name, value):
    with pytest.raises(InputError, match=f"{name} is a squared sine between 0 and 1"):
        replace(USUAL, **{name: value})


@pytest.mark.parametrize("value", [0.0, -7.5e-5, 7.5, float("inf")])
def test_the_difference_of_masses_in_its_range(value):
    with pytest.raises(InputError, match="dm21_ev2 in eV2"):
        replace(USUAL, dm21_ev2=value)


# -- new interactions in the Sun ------------------------------------------------------------------


def mixing_matrix(mixing):
    """U by its elements (PDG review of neutrino masses and mixing)."""
    s12, s13, s23 = (
        np.sqrt(s) for s in (mixing.sin2_theta12, mixing.sin2_theta13, mixing.sin2_theta23)
    )
    c12, c13, c23 = (np.sqrt(1.0 - s * s) for s in (s12, s13, s23))
    phase = np.exp(1j * np.deg2rad(mixing.delta_cp_deg))
    return np.array(
        [
            [c12 * c13, s12 * c13, s13 / phase],
            [
                -s12 * c23 - c12 * s23 * s13 * phase,
                c12 * c23 - s12 * s23 * s13 * phase,
                s23 * c13,
            ],
            [
                s12 * s23 - c12 * c23 * s13 * phase,
                -c12 * s23 - s12 * c23 * s13 * phase,
                c23 * c13,
            ],
        ]
    )


def hamiltonian(energy, density, mixing, dm31_ev2):
    """Of three flavours, eV, ``(..., 3, 3)`` for densities ``(...)``."""
    u = mixing_matrix(mixing)
    v = np.sqrt(2.0) * 1.1663787e-23 * np.asarray(density) * AVOGADRO * (1.9732698e-5) ** 3
    eps = np.zeros((3, 3))
    place = {"e": 0, "mu": 1, "tau": 2}
    for name, value in mixing.matter_nsi.items():
        _, ab, q = name.split("_")
        a = next(x for x in place if ab.startswith(x))
        size = 2.45 if q == "u" else 1.9
        i, j = place[a], place[ab.removeprefix(a)]
        eps[i, j] += size * value
        if i != j:
            eps[j, i] += size * value
    masses = np.diag([0.0, mixing.dm21_ev2, dm31_ev2]) / (2e6 * energy)
    matter = np.diag([1.0, 0.0, 0.0]) + eps
    return u @ masses @ u.conj().T + v[..., None, None] * matter


def three_flavours(energy, density, mixing, dm31_ev2):
    """P_ee, P_emu, P_etau of adiabatic conversion, from eigenstates of three flavours."""
    return np.diagonal(three_states(energy, density, mixing, dm31_ev2)).real


def three_states(energy, density, mixing, dm31_ev2):
    """The density matrix of adiabatic conversion, from eigenstates of three flavours."""
    _, states = np.linalg.eigh(hamiltonian(energy, density, mixing, dm31_ev2))
    u = mixing_matrix(mixing)
    return (u * np.abs(states[0]) ** 2) @ u.conj().T


NSI = [
    {},
    {"eps_ee_u": 0.3},
    {"eps_ee_u": -0.4, "eps_mumu_d": 0.2},
    {"eps_tautau_d": 0.25},
    {"eps_emu_u": 0.1},
    {"eps_etau_d": -0.15},
    {"eps_mutau_u": 0.12},
    {
        "eps_ee_u": 0.1,
        "eps_emu_d": 0.05,
        "eps_etau_u": 0.08,
        "eps_mutau_d": -0.1,
        "eps_mumu_u": 0.2,
    },
]


@pytest.mark.parametrize("eps", NSI)
@pytest.mark.parametrize(("sin2_theta23", "delta"), [(0.5, 0.0), (0.57, 270.0), (0.4, 40.0)])
def test_new_interactions_against_three_flavours(eps, sin2_theta23, delta):
    """Two states are exact for a third that is heavy; at 2.5e-3 eV2 they are good to 0.004."""
    mixing = replace(USUAL, sin2_theta23=sin2_theta23, delta_cp_deg=delta, matter_nsi=eps)
    for energy in (0.3, 1.0, 3.0, 6.0, 10.0, 15.0):
        found = float(mixing.survival(energy, B8))
        assert found == pytest.approx(three_flavours(energy, B8, mixing, 25.0)[0], abs=2e-6)
        assert found == pytest.approx(three_flavours(energy, B8, mixing, 2.5e-3)[0], abs=4e-3)
        rho = mixing.density_matrix(energy, B8)
        assert np.allclose(rho, three_states(energy, B8, mixing, 25.0), atol=2e-6)
        assert np.allclose(rho, rho.conj().T, atol=1e-15)
        assert rho.trace() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("energy", "delta", "eps"),
    [(0.8613, 0.0, {}), (10.0, 270.0, {}), (8.0, 140.0, {"eps_ee_u": 0.2, "eps_etau_d": -0.1})],
)
def test_states_that_leave_a_sun_of_slabs(energy, delta, eps):
    """An electron neutrino carried through 20,000 slabs of constant density, three flavours.

    Density falls by e in a tenth of the solar radius. The third state is heavy, as the formula has
    it; with 2.5e-3 eV2 the shares move by up to 0.005.
    """
    mixing = replace(USUAL, delta_cp_deg=delta, matter_nsi=eps)
    radius_m, slabs = 6.957e8, 20_000
    edges = np.linspace(0.0, radius_m, slabs + 1)
    density = B8 * np.exp(-10.54 * 0.5 * (edges[1:] + edges[:-1]) / radius_m)
    levels, states = np.linalg.eigh(hamiltonian(energy, density, mixing, 0.25))
    length = radius_m / slabs / 1.9732698e-7  # 1/eV
    steps = (states * np.exp(-1j * levels * length)[:, None, :]) @ states.conj().swapaxes(1, 2)
    while len(steps) > 1:
        odd = steps[-1:] if len(steps) % 2 else steps[:0]
        steps = np.concatenate([steps[1::2] @ steps[: 2 * (len(steps) // 2) : 2], odd])
    leaves = np.abs(mixing_matrix(mixing).conj().T @ steps[0][:, 0]) ** 2
    assert leaves.sum() == pytest.approx(1.0, abs=1e-9)
    assert mixing.mass_states(energy, B8) == pytest.approx(leaves, abs=5e-4)


def test_flavours_are_the_diagonal_and_the_rest_is_large():
    energy = np.geomspace(0.1, 15.0, 30)
    rho = USUAL.density_matrix(energy, B8)
    for k in range(3):
        assert np.allclose(rho[:, k, k].real, USUAL.arriving(k, energy, B8), atol=1e-15)
    assert np.allclose(rho[:, 0, 0].real, USUAL.survival(energy, B8), atol=1e-15)
    # the phase and theta23 by default: nu_mu and nu_tau alike
    assert np.allclose(rho[:, 1, 1], rho[:, 2, 2], atol=1e-15)
    assert np.abs(rho[-1, 1, 2]) > 0.3


def test_equal_diagonal_coefficients_change_nothing():
    """A potential common to all flavours is a phase."""
    same = {f"eps_{a}_{q}": 0.7 for a in ("ee", "mumu", "tautau") for q in "ud"}
    energy = np.geomspace(0.1, 20.0, 50)
    found = replace(USUAL, matter_nsi=same).survival(energy, B8)
    assert found == pytest.approx(USUAL.survival(energy, B8), abs=1e-14)


def test_the_dark_solution_has_the_same_probabilities():
    """theta12 -> pi/2 - theta12 and eps_ee - eps_mumu -> -2 in units of the potential."""
    dark = replace(USUAL, sin2_theta12=0.693, matter_nsi={"eps_ee_u": -2.0 / 2.45})
    energy = np.geomspace(0.1, 20.0, 50)
    assert dark.survival(energy, B8) == pytest.approx(USUAL.survival(energy, B8), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"matter_nsi": {"eps_ee": 0.1}}, "coefficient in the Sun"),
        ({"matter_nsi": {"eps_ee_u": 50.0}}, "eps_ee_u in the Sun"),
        ({"neutrons_per_electron": -1.0}, "neutrons per electron"),
    ],
)
def test_new_interactions_that_are_refused(given, said):
    with pytest.raises(InputError, match=said):
        replace(USUAL, **given)
