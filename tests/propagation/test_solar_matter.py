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
    with pytest.raises(InputError, match=f"{name} is a squared sine, between 0 and 1"):
        replace(USUAL, **{name: value})


@pytest.mark.parametrize("value", [0.0, -7.5e-5, 7.5, float("inf")])
def test_the_difference_of_masses_in_its_range(value):
    with pytest.raises(InputError, match="dm21_ev2 in eV2"):
        replace(USUAL, dm21_ev2=value)
