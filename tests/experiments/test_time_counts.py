"""Counts against time, and the energies of a recoil spectrum, as `predict` and `rate` show them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import brentq

from cevns.analysis.expected.rate_energies import rate_energies
from cevns.analysis.expected.recoil_rate import channel_counts, rates
from cevns.analysis.expected.time_counts import time_counts
from cevns.cli import run
from cevns.experiments import load

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
EDGES = [0.0, 30.0, 100.0, 182.625, 365.25]
SUN = """\
schema: 1
name: xenon-in-a-year
source: {kind: sun, branches: b8, live_time: 365.25 d, arrival: {kind: orbit, perihelion: 3 d}}
target: {material: Xe, mass: 1000 kg}
interaction: {kind: standard-model}
detector: {response: {kind: identity}}
axes:
  energy: {unit: keVnr, edges: [1, 2, 4]}
  time: {unit: d, edges: [0, 30, 100, 182.625, 365.25]}
backgrounds:
  flat: {count: 73.05 +/- 1, energy: {kind: flat}, time: {kind: exponential, rate: 0 /us}}
"""


@pytest.fixture
def sun(tmp_path):
    path = tmp_path / "year.yaml"
    path.write_text(SUN)
    return path


def inverse_square(day):
    """a^2/r^2 by Kepler's equation, here again."""
    e = 0.01671
    mean = 2.0 * np.pi * (day - 3.0) / 365.25
    u = brentq(lambda x: x - e * np.sin(x) - mean, mean - 1.0, mean + 1.0)
    return (1.0 - e * np.cos(u)) ** -2


def test_the_seasons_of_the_sun(sun):
    found = time_counts(load(sun))["xenon-in-a-year"]
    assert found.unit == "d"
    assert_allclose(found.edges, EDGES)
    parts = [quad(inverse_square, a, b)[0] for a, b in pairwise(EDGES)]
    total = channel_counts(load(sun))["xenon-in-a-year"]["cevns"]
    assert_allclose(found.expected["cevns"], total * np.array(parts) / sum(parts), rtol=1e-8)
    assert_allclose(found.per_unit["flat"], 0.2, rtol=1e-9)
    january, july = found.per_unit["cevns"][[0, 3]]
    assert 1.03 < january / july < 1.07


@pytest.mark.parametrize("command", ["predict", "rate"])
def test_commands_show_them(sun, capsys, command):
    assert run([command, str(sun), "--json", "-"]) == 0
    both = capsys.readouterr()
    record = json.loads(both.out)["channels"]["xenon-in-a-year"]
    assert record["time"]["unit"] == "d"
    assert record["time"]["edges"] == EDGES
    assert sum(record["time"]["expected"]["cevns"]) == pytest.approx(record["expected"]["cevns"])
    assert "expected counts against time" in both.err
    assert "cevns / d" in both.err
    assert "182.625 to 365.25" in both.err


def test_a_burst_is_shown_in_seconds():
    experiment = load(EXAMPLES / "supernova.yaml")
    (found,) = time_counts(experiment).values()
    assert found.unit == "s"
    assert found.edges.tolist() == pytest.approx([0.0, 0.1, 1.0, 10.0])
    (counts,) = channel_counts(experiment).values()
    for name, size in counts.items():
        assert found.expected[name].sum() == pytest.approx(size)


def test_none_of_a_pulsed_beam_or_without_an_axis():
    assert time_counts(load("coherent-csi-2021")) == {}
    assert time_counts(load("conus-plus-2025")) == {}


# -- energies -------------------------------------------------------------------------------------


def inside(density, low, high, end):
    """Share of the recoils between two energies, by quadrature on its own."""
    fine = np.geomspace(1e-9 * end, end, 40001)
    counts = density(fine)
    part = (fine >= low) & (fine <= high)
    return np.trapezoid(counts[part], fine[part]) / np.trapezoid(counts, fine)


def test_the_sun_in_xenon_is_logarithmic():
    result = rates(load(EXAMPLES / "solar-xenon.yaml"))["solar-xenon"]
    grid, total = result.recoil_energy_kev, result.rate_per_kev["total"]
    assert result.logarithmic
    assert grid[-1] < 2.5  # and not 5.75, the end of hep
    assert_allclose(np.diff(np.log(grid)), np.log(grid[1] / grid[0]))
    assert (total > 1e-4 * total[-1]).all()
    experiment = result.experiment
    share = inside(lambda t: experiment.recoil_density(t).sum(axis=0), grid[0], grid[-1], 5.8)
    assert 0.998 < share < 1.0


def test_a_beam_keeps_all_of_its_range():
    result = rates(load("coherent-csi-2021"))["coherent-csi-2021"]
    assert not result.logarithmic
    assert result.recoil_energy_kev[0] == 0.0
    assert result.recoil_energy_kev[-1] == pytest.approx(47.17, abs=0.05)  # Al: 2 E^2/(M + 2 E)


@pytest.mark.parametrize("tau", [0.3, 1.0, 30.0])
def test_where_a_grid_ends(tau):
    """An exponential to 100 keV: all but a thousandth are below ln(1000) tau."""
    panels = [np.array([0.0, 1.0, 5.0, 20.0, 100.0])]
    grid, log = rate_energies(panels, lambda t: np.exp(-t / tau), 11)
    assert not log
    needed = np.log(1000.0) * tau
    if needed > 50.0:
        assert grid[-1] == 100.0
    else:
        assert needed <= grid[-1] <= 1.35 * needed


def test_a_grid_of_nothing():
    grid, log = rate_energies([np.array([0.0, 3.0])], np.zeros_like, 4)
    assert not log
    assert grid.tolist() == [0.0, 1.0, 2.0, 3.0]


HALO = """\
schema: 1
name: wind
source: {kind: halo, live_time: 300 d, first_day: 1, begin: 10 d, end: 380 d}
target: {material: Ge, mass: 100 kg}
interaction: {kind: wimp-si, form_factor: helm}
detector: {response: {kind: identity}}
axes: {energy: {unit: keVnr, edges: [0, 200]}}
parameters:
  sigma_si: {value: 1e-44, acts_on: interaction}
"""


def test_the_spectrum_is_at_the_values_of_the_file(tmp_path):
    """The cross section of the file, whose nominal value in the process is zero; all is seen."""
    path = tmp_path / "wind.yaml"
    path.write_text(HALO)
    (found,) = rates(load(path), points=4000).values()
    total = np.trapezoid(found.rate_per_kev["total"], found.recoil_energy_kev)
    assert total == pytest.approx(found.expected["cevns"], rel=2e-3)
    timed = tmp_path / "timed.yaml"
    timed.write_text(
        HALO.replace("[0, 200]}}", "[0, 200]}, time: {unit: d, edges: [10, 100, 380]}}")
    )
    (counts,) = time_counts(load(timed)).values()
    assert counts.expected["cevns"].sum() == pytest.approx(found.expected["cevns"], rel=1e-6)
