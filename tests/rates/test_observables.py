"""Observables beside rates, against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.processes import interaction
from cevns.rates.observable import Predicted
from cevns.rates.observables.weak_charge import WeakCharge


def test_weak_charge_of_caesium() -> None:
    process = interaction("standard-model")
    charge = WeakCharge("Cs133")
    assert charge.parameters(process) == ("sin2_theta_w",)
    at = {"sin2_theta_w": np.array([0.23857, 0.23867])}
    low, high = charge.value(process, at)
    # official -73.23(1), arXiv:2101.10095; the review's rounded couplings give -73.22
    assert low == pytest.approx(-73.23, abs=0.015)
    assert (high - low) / 1e-4 == pytest.approx(-219.7, abs=0.1)


def test_weak_charge_of_lead_moves_with_its_protons() -> None:
    charge, process = WeakCharge("Pb208"), interaction("standard-model")
    ends = [charge.value(process, {"sin2_theta_w": np.array([s])})[0] for s in (0.238, 0.239)]
    assert (ends[1] - ends[0]) / 1e-3 == pytest.approx(-327.6, abs=0.1)


def test_neutrons_farther_out_make_the_charge_seem_smaller() -> None:
    process = interaction("neutron-radius")
    charge = WeakCharge("Cs133")
    assert set(charge.parameters(process)) == {"sin2_theta_w", "r_n_cs"}
    predicted = Predicted(charge, process, ("r_n_cs",))
    radii = np.linspace(4.0, 7.0, 301)
    values = predicted(radii[:, None])[:, 0]
    # the PDG value -72.82(42) alone: R_n(Cs) = 5.34 +- 0.40 fm; the paper on it (arXiv:1808.10202)
    # has 5.42 +- 0.31 with COHERENT
    best, low, high = (np.interp(q, values, radii) for q in (-72.82, -73.24, -72.40))
    assert best == pytest.approx(5.34, abs=0.05)
    assert 0.5 * (high - low) == pytest.approx(0.40, abs=0.02)


def test_new_interactions_of_neutrinos_do_not_move_it() -> None:
    process = interaction("nsi")
    assert WeakCharge("Cs133").parameters(process) == ("sin2_theta_w",)
