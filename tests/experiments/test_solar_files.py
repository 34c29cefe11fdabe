"""Experiment files with neutrinos of the Sun and the sky: counts, pulls, choices, electrons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import cevns
from cevns.analysis.expected.fluxes import fluxes
from cevns.cli.app import app
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.nuclear import material
from cevns.nuclear.electron_shells import free_electrons
from cevns.processes import interaction
from cevns.rates import recoil_spectrum
from cevns.rates.fold import panel_nodes
from cevns.sources import source

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "solar-xenon.yaml"
TREE = interaction("standard-model", couplings="tree-lowE", axial=False)


def integrated(kind, low, high, **fields):
    """Events per tonne and year, by many panels."""
    made = source(kind, live_time_d=365.25, **fields)
    energy, weight = panel_nodes(np.geomspace(low, high, 200), 8)
    rows = recoil_spectrum(
        made, material("Xe"), 1000.0, energy, interaction=TREE, form_factor="helm"
    )
    return float(sum(row @ weight for row in rows.values()))


def test_counts_of_the_example():
    """Nodes of the file follow the kinks of the sources, which reach from 0.4 MeV to 1 GeV."""
    found = load(EXAMPLE).predict()
    assert found["cevns"] == pytest.approx(integrated("sun", 0.5, 5.0, fluxes="sno-8b"), rel=1e-4)
    assert found["atmosphere"] == pytest.approx(integrated("atmospheric", 0.5, 5.0), rel=1e-3)
    assert found["relic"] == pytest.approx(integrated("dsnb", 0.5, 5.0), rel=1e-3)


def test_a_pull_moves_the_counts_of_its_branch():
    model = load(EXAMPLE).model("cross-section")
    usual = np.asarray(model.expected(model.parameters.values)).sum()
    for name, branch, error in (("flux_b8", "b8", 0.0381), ("flux_hep", "hep", 0.3)):
        moved = np.asarray(model.expected(model.parameters.at({name: 1.0}).values)).sum()
        alone = integrated("sun", 0.5, 5.0, branches=branch, fluxes="sno-8b")
        assert moved - usual == pytest.approx(error * alone, rel=1e-3)


def test_results_name_the_fluxes():
    experiment = load(EXAMPLE)
    physics = experiment.physics
    assert physics["source"] == "sun"
    assert physics["fluxes"] == "sno-8b"
    assert physics["oscillation"] == "msw"
    assert physics["atmospheric_spectra.atmosphere"] == "by-flavour"
    result = CliRunner().invoke(app, ["fit", str(EXAMPLE), "--asimov"])
    said = " ".join(result.output.split())
    assert "fluxes sno-8b, oscillation msw" in said
    assert "components: atmospheric_spectra.atmosphere by-flavour" in said


def test_no_other_source_has_choices():
    assert load("nucleus-10g").choices == {}


def test_flux_by_species_and_branch():
    emission = fluxes(load(EXAMPLE))["solar-xenon"].emission
    assert emission.totals["b8_cm2_s"] == 5.25e6
    assert sum(emission.flux_cm2_s.values()) == pytest.approx(sum(emission.totals.values()))
    result = CliRunner().invoke(app, ["flux", str(EXAMPLE)])
    assert "b8: 5.25e+06 /cm2/s, all species" in result.output
    assert "dsnb: 85.7 /cm2/s, all species" in result.output


def test_small_cross_sections_are_printed_with_their_digits():
    arguments = ["xsec", "Xe132", "--source", str(EXAMPLE), "--form-factor", "helm"]
    result = CliRunner().invoke(app, [*arguments, "--couplings", "tree-lowE"])
    assert result.exit_code == 0, result.output
    (row,) = (line.split() for line in result.output.splitlines() if "Xe132" in line)
    assert all(len(cell.replace("0.0", "")) >= 3 for cell in row[1:])


def test_the_seasons_of_a_file(tmp_path):
    """Half a year around the perihelion has more of the flux than the other half."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = (
        text[: text.index("components:")]
        + "parameters: {flux_b8: {constraint: 0 +/- 1, acts_on: source}}\n"
    )
    text = text.replace("fluxes: sno-8b}", "arrival: {kind: orbit, perihelion: 3 d}}")
    text = text.replace(
        "width: 0.25}}", "width: 4.5}}\n  time: {unit: d, edges: [-88.3125, 94.3125, 276.9375]}"
    )
    path = tmp_path / "seasons.yaml"
    path.write_text(text, encoding="utf-8")
    winter, summer = np.asarray(load(path).signal().evaluate({"flux_b8": 0.0})).reshape(2)
    e, quarter = 0.01671, np.pi / 2
    # by the equation of the centre: half a period about the perihelion sweeps pi + 4 e
    assert winter / (winter + summer) == pytest.approx(
        0.5 + 2 * e * np.sin(quarter) / np.pi, abs=2e-5
    )


def electrons_by_sums(oscillation):
    """pp on electrons of xenon between 2 and 30 keV, from the cross section of each flavour.

    d(sigma)/dT = 2 G_F^2 m/pi [gL^2 + gR^2 (1 - T/E)^2 - gL gR m T/E^2] (hbar c)^2.
    """
    mass, sine = 0.51099895, 0.23857
    size = 2.0 * (1.1663787e-11) ** 2 * mass / np.pi * 3.8937937e-22 * 1e-3  # cm2/keV
    sun = source("sun", live_time_d=365.25, branches="pp", oscillation="none")
    middle = (np.arange(20_000) + 0.5) * 0.42341 / 20_000
    flux = sun.spectrum("nu_e", middle) * sun.fluence_cm2("nu_e") * 0.42341 / 20_000
    stay = np.ones_like(middle)
    if oscillation == "msw":
        stay = source("sun", live_time_d=365.25, branches="pp").survival("pp", middle)
    total = 0.0
    for kev in np.arange(2.005, 30.0, 0.01):
        t = kev * 1e-3
        possible = middle > 0.5 * (t + np.sqrt(t * t + 2.0 * mass * t))
        for left, share in ((0.5 + sine, stay), (-0.5 + sine, 1.0 - stay)):
            section = left**2 + sine**2 * (1 - t / middle) ** 2
            section = section - left * sine * mass * t / middle**2
            total += (flux * share * section)[possible].sum() * free_electrons("Xe", kev) * 0.01
    return size * total * sum(material("Xe").nuclei_per_kg().values()) * 1000.0


@pytest.mark.parametrize("oscillation", ["msw", "none"])
def test_electrons_of_a_file(tmp_path, oscillation):
    """Each species with its coupling: 76.9 per tonne and year; all as nu_e half as many more."""
    path = tmp_path / "electrons.yaml"
    path.write_text(
        f"""\
schema: 1
name: electrons
live_time: 365.25 d
source: {{kind: sun, branches: [pp], oscillation: {oscillation}}}
target: {{material: Xe, mass: 1 t}}
interaction: {{electrons: true}}
detector: {{quenching: {{kind: lindhard, z: 54, a: 131.3}}, response: {{kind: identity}}}}
axes: {{energy: {{unit: keVee, edges: [2, 5, 10, 30]}}}}
""",
        encoding="utf-8",
    )
    found = load(path).predict()["cevns"]
    assert found == pytest.approx(electrons_by_sums(oscillation), rel=1e-3)
    assert found == pytest.approx({"msw": 76.86, "none": 118.57}[oscillation], rel=1e-3)


def test_a_fitted_flux_holds_its_own_pull():
    """Of one branch; the sum of several is nothing that a detector with a threshold knows."""
    with pytest.raises(InputError, match="sums several fluxes: declare one of them"):
        cevns.load(EXAMPLE).fit("flux", asimov=True)
    one = {"source": "{kind: sun, fluxes: sno-8b, branches: [b8]}", "components": "{}"}
    one["parameters"] = "{flux_b8: {constraint: 0 +/- 1, acts_on: source}}"
    fit = cevns.load(EXAMPLE, overrides=one).fit("flux", asimov=True)
    assert fit.fit["flux_b8"].fixed
    assert fit.poi.value == pytest.approx(5.25e6, rel=1e-6)
    events = sum(c.fit for r in fit.results.values() for c in r.components.values())
    assert fit.poi.error / fit.poi.value == pytest.approx(events**-0.5, rel=1e-3)


def test_a_bound_at_the_best_fit_is_not_stepped_over():
    """The mixing angle of a limit on the flux ends at zero."""
    fit = cevns.load("xenon1t-2020").fit("sin2-theta-w", minos="none")
    assert 0.0 <= fit.poi.value < 1e-3
