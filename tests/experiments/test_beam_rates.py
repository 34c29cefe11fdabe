"""Backgrounds that follow the beam, live time of beam pulses, and what a beam says to others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cevns.analysis.events.event_sample import recoil_events
from cevns.constants import TAU_MUON_US, TAU_PION_US
from cevns.detectors.efficiency.unity import Unity
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.prediction.arrival_tables import pulsed
from cevns.parameters import Parameter
from cevns.sources.stopped_pion import StoppedPion

FILE = """\
schema: 1
name: crystal
title: ten kilograms of CsI
source: {SOURCE}
target: {material: CsI, mass: 10 kg}
detector: {response: {kind: identity}}
axes:
  energy: {unit: keVnr, edges: [4, 10, 20, 40]}
  time: {unit: us, edges: [0, 1, 2, 4, 6]}
backgrounds:
  steady: {rate: RATE, energy: {kind: flat}, time: {kind: exponential, rate: 0 /us}}
parameters:
  t0: {value: 500 ns, acts_on: pulse-time}
"""
YEAR = "{kind: stopped-pion, facility: sns-2013-23, distance: 19.3 m}"
BY_HAND = "{kind: sns, distance: 19.3 m, protons: 1.573e23}"
PROTONS = (
    "{kind: stopped-pion, distance: 20 m, protons: 1e23, yield_per_flavour: 0.1, pulse_fwhm: 1 us}"
)
LIVE = ("title:", "live_time: 3 d\ntitle:")
TIME = "  time: {unit: us, edges: [0, 1, 2, 4, 6]}\n"


def experiment(tmp_path, source=YEAR, rate="1 +/- 0.1 /keV/kg/d", **changes):
    text = FILE.replace("{SOURCE}", source).replace("RATE", rate)
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "crystal.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("rate", "count"),
    [
        ("0.135 +/- 0.03 /kg/GWh", 0.135 * 10 * 7),
        ("0.135 +/- 0.03 /GWh", 0.135 * 7),
        ("0.135 +/- 0.03 /keV/kg/GWh", 0.135 * 10 * 7 * 36),
        ("0.135 +/- 0.03 /GWh/kg", 0.135 * 10 * 7),
        ("0.135 +/- 0.03 /keV/GWh", 0.135 * 36 * 7),
        # 60 windows a second of 6 us in 5000 h are 0.075 d
        ("2 +/- 1 /kg/d", 2 * 10 * 0.075),
        ("2 +/- 1 /keV/kg/d", 2 * 10 * 0.075 * 36),
    ],
)
def test_counts_of_rates(tmp_path, rate, count):
    made = experiment(tmp_path, rate=rate)
    assert made.declaration.backgrounds["steady"].count.value == pytest.approx(count)
    assert made.predict()["steady"] == pytest.approx(count)


def test_the_error_of_a_rate_scales_as_the_rate(tmp_path):
    found = experiment(tmp_path, rate="0.135 +/- 0.03 /kg/GWh").declaration.backgrounds["steady"]
    assert found.count.sigma == pytest.approx(0.03 * 70)


def test_a_live_time_of_the_file_wins(tmp_path):
    made = experiment(tmp_path, rate="2 +/- 1 /kg/d", live=LIVE)
    assert made.predict()["steady"] == pytest.approx(60.0)


def test_twice_the_years_are_twice_the_windows_and_the_energy(tmp_path):
    two = YEAR.replace("}", ", years: 2}")
    for rate in ("2 +/- 1 /kg/d", "2 +/- 1 /kg/GWh"):
        once, twice = (experiment(tmp_path, s, rate).predict()["steady"] for s in (YEAR, two))
        assert twice == pytest.approx(2 * once)


@pytest.mark.parametrize(
    ("source", "rate", "changes", "said"),
    [
        (BY_HAND, "1 +/- 0.1 /kg/GWh", {}, "a rate per GWh needs the exposure of the beam"),
        (BY_HAND, "1 +/- 0.1 /kg/d", {}, "a rate needs the 'live_time'"),
        (YEAR, "1 +/- 0.1 /kg/d", {"t": (TIME, "")}, "a rate needs the 'live_time'"),
        (PROTONS, "1 +/- 0.1 /kg/GWh", {}, "an exposure in GWh needs proton_energy"),
        (PROTONS, "1 +/- 0.1 /kg/d", {}, "number of beam pulses needs repetition"),
        (YEAR.replace("facility", "place"), "1 +/- 0.1 /kg/d", {}, "no such field 'place'"),
        (YEAR.replace("19.3 m", "19.3"), "1 +/- 0.1 /kg/d", {}, "distance: .*without a unit"),
        (YEAR.replace("}", ", bunches: x}"), "1 +/- 0.1 /kg/d", {}, "source.bunches: .*integer"),
        (YEAR, "1 +/- 0.1 /kg/MWh", {}, "needs one of the units /d, /GWh"),
        (YEAR, "1 +/- 0.1 /kg/d", {"t": ("4, 6]", "4, 60000]")}, "time between two pulses"),
    ],
)
def test_rates_without_their_exposure(tmp_path, source, rate, changes, said):
    with pytest.raises(SchemaError, match=said):
        experiment(tmp_path, source, rate, **changes)


@pytest.mark.parametrize("facility", ["sns-2013-23", "mlf", "lujan", "ess"])
def test_time_bins_are_those_of_the_distribution(facility):
    """Also where the pulse ends sharply, which no quadrature of its density resolves."""
    source = StoppedPion(20.0, facility)
    edges = np.array([-5.0, 0.0, 0.3, 1.0, 2.0, 6.0]) * (1.0 if facility != "ess" else 300.0)
    moved = Parameter("t0", 0.5, lower=-0.5, upper=1.5)
    for flavour, table in zip(source.flavours, pulsed(source, edges, Unity(), moved), strict=True):
        for t0 in (-0.4, 0.5, 1.234):
            exact = np.diff(source.time_cdf(flavour, edges, t0))
            assert table.evaluate(t0) == pytest.approx(exact, abs=2e-6)


def test_an_efficiency_in_time_needs_a_pulse_without_sharp_ends(tmp_path):
    lujan = YEAR.replace("sns-2013-23", "lujan")
    cut = (
        "{response",
        "{efficiency: {time: {kind: exponential, start: 1 us, rate: 0.1 /us}}, response",
    )
    made = experiment(tmp_path, lujan, cut=cut)
    with pytest.raises(InputError, match="use a Gaussian pulse"):
        made.predict()
    assert made.with_changes({"source.pulse": "gaussian"}).predict()["cevns"] > 0.0


@pytest.mark.parametrize("facility", ["sns-2013-23", "mlf", "lujan"])
def test_a_background_with_the_pulse_has_the_times_of_nu_mu(tmp_path, facility):
    """Between two bunches nu_mu is not the densest flavour."""
    made = experiment(
        tmp_path,
        YEAR.replace("sns-2013-23", facility),
        time=("time: {kind: exponential, rate: 0 /us}", "time: {kind: pulse}"),
    )
    (measured,) = made.inputs.channels.values()
    found = measured.backgrounds["steady"].sum(axis=0)
    edges = np.array([0.0, 1.0, 2.0, 4.0, 6.0])
    exact = np.diff(made.source.time_cdf("nu_mu", edges, 0.5))
    assert found / found.sum() == pytest.approx(exact / exact.sum(), abs=1e-6)


@pytest.mark.parametrize("facility", ["mlf", "ess"])
def test_drawn_times_are_those_of_the_train(tmp_path, facility):
    made = experiment(tmp_path, YEAR.replace("sns-2013-23", facility))
    drawn = recoil_events(made).draw(20_000, np.random.default_rng(5))
    pulse = made.source.after(())
    lives = {14: (TAU_PION_US,), 12: (TAU_PION_US, TAU_MUON_US), -14: (TAU_PION_US, TAU_MUON_US)}
    for code, times in lives.items():
        mine = drawn["time_us"][drawn["neutrino_pdg"] == code] - 0.5
        sigma = np.sqrt(pulse.rms_us**2 + sum(t * t for t in times))
        assert abs(mine.mean() - sum(times)) < 5.0 * sigma / np.sqrt(mine.size)
        assert mine.std() == pytest.approx(sigma, rel=0.05)


def test_what_dark_matter_takes_from_the_beam(tmp_path):
    made = experiment(tmp_path).with_patch(patch(tmp_path))
    taken = made.declaration.components["dm"].source
    assert taken.fields["protons"] == pytest.approx(1.5729e23, rel=1e-4)
    assert taken.fields["distance"] == "19.3 m"
    assert taken.fields["beam"] == "sns-1gev"
    assert taken.fields["angle"] == "90.0 deg"
    width = float(taken.fields["pulse_sigma"].removesuffix(" us"))
    assert width == pytest.approx(0.35 / 2.35482, rel=1e-5)


def test_dark_matter_of_a_beam_that_cannot_say_it(tmp_path):
    ess = experiment(tmp_path, YEAR.replace("sns-2013-23", "ess"))
    with pytest.raises(InputError, match="does not define pulse_sigma and beam"):
        ess.with_patch(patch(tmp_path))
    said = patch(tmp_path, ", beam: mlf-3gev, pulse_sigma: 1 us")
    assert ess.with_patch(said).declaration.components["dm"].source.fields["beam"] == "mlf-3gev"


def patch(tmp_path, fields=""):
    path = tmp_path / "dark.yaml"
    path.write_text(
        "components:\n  dm:\n    title: dark matter\n"
        f"    source: {{kind: meson-decay{fields}}}\n    interaction: {{kind: dark-photon}}\n",
        encoding="utf-8",
    )
    return path


def histograms(folder, energy_mev, flavours):
    """Flux of one energy, with the times of a decay of 12 ns (kaons)."""
    folder.mkdir()
    for name in flavours:
        energies = np.arange(0.5, 260.0)
        rows = "".join(f"{e},{1000.0 * (abs(e - energy_mev) < 0.6)}\n" for e in energies)
        (folder / f"ke{name}_export.csv").write_text(f"# bin_center_MeV,counts\n{rows}")
        times = np.arange(1.0, 200.0, 2.0)
        counts = np.exp(-times / 12.4)
        rows = "".join(
            f"{t},{c}\n" for t, c in zip(times, 1000.0 * counts / counts.sum(), strict=True)
        )
        (folder / f"t{name}_export.csv").write_text(f"# bin_center_ns,counts\n{rows}")


def page_blocks():
    text = (Path(__file__).parents[2] / "docs" / "stopped-pion-sources.md").read_text("utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_kaons_beside_the_pions_as_the_page_has_them(tmp_path):
    (block,) = [b for b in page_blocks() if "kaons:" in b]
    histograms(tmp_path / "kaon-flux", 236.0, ["NuMu"])
    line = next(x for x in FILE.splitlines() if x.startswith("source"))
    made = experiment(tmp_path, file=(line.replace("{SOURCE}", YEAR), block))
    counts = made.predict()
    assert 0.0 < counts["kaons"] < 0.1 * counts["cevns"]
    double = made.with_changes({"components.kaons.source.yield_per_flavour": "0.008"})
    assert double.predict()["kaons"] == pytest.approx(2 * counts["kaons"])


def test_histograms_in_place_of_the_pions_as_the_page_has_them(tmp_path):
    (block,) = [b for b in page_blocks() if "path: flux" in b]
    histograms(tmp_path / "flux", 30.0, ["NuMu", "NuE", "AntiNuMu"])
    line = next(x for x in FILE.splitlines() if x.startswith("source"))
    made = experiment(
        tmp_path,
        file=(line.replace("{SOURCE}", YEAR), block),
        counted=("rate: 1 +/- 0.1 /keV/kg/d", "count: 10 +/- 1"),
    )
    pions = StoppedPion(19.3, "sns-ppu", years=3, yield_per_flavour=0.1231)
    assert made.source.fluence_cm2("nu_mu") == pytest.approx(pions.fluence_cm2("nu_mu"), rel=1e-12)
    assert made.predict()["cevns"] > 0.0


@pytest.mark.parametrize(
    ("protons", "said"),
    [
        ("{facility: mlf, weeks: 1}", "'weeks' has no place here"),
        ("{facility: mlf, years: many}", "years: 'many' is not a number"),
        ("{facility: daedalus}", "has no hours of beam a year"),
        ("{facility: lampf}", "unknown stopped-pion facility 'lampf'"),
    ],
)
def test_protons_of_a_facility_that_cannot_be(tmp_path, protons, said):
    made = experiment(tmp_path, BY_HAND.replace("1.573e23", protons), "1 +/- 0.1 /kg/d", live=LIVE)
    with pytest.raises(SchemaError, match=said):
        made.predict()


def test_the_sources_of_the_pages_can_be_made(tmp_path):
    short = [b for b in page_blocks() if b.startswith("source: {")]
    assert len(short) == 3
    line = next(x for x in FILE.splitlines() if x.startswith("source"))
    made = experiment(tmp_path, file=(line.replace("{SOURCE}", YEAR), short[0].strip()))
    assert made.source.exposure_gwh == pytest.approx(30.0)
