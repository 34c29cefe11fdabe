"""``cevns directions`` as it is typed: JSON, tables, figures, one sentence for what cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cevns.cli import run

B8 = ("--branch", "b8")


def record(capsys, *words):
    assert run(["directions", *map(str, words), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_moments_as_json(capsys):
    found = record(
        capsys, "He", *B8, "--couplings", "scholberg2021", "--threshold", "0keVnr",
        "--threshold", "6keVnr", "--head-tail", "0.75",
    )  # fmt: skip
    assert found["target"] == "He"
    assert found["detector"] == {"resolution": "30 deg", "head_tail": 0.75}
    assert found["physics"]["fluxes"] == "fog"
    assert found["physics"]["branches"] == ["b8"]
    all_, above = found["directions"]
    assert all_["ideal"]["mean_cos"] == pytest.approx(0.533, abs=0.005)
    assert all_["ideal"]["events_for_3_sigma"]["vectors"] == pytest.approx(10.5, abs=0.1)
    assert above["threshold_kevnr"] == 6.0
    assert above["ideal"]["mean_cos"] == pytest.approx(0.640, abs=0.005)
    assert above["ideal"]["median_deg"] == pytest.approx(50.2, abs=0.5)
    assert above["measured"]["mean_cos"] == pytest.approx(0.640 * 0.7271 / 2, abs=0.002)
    assert len(found["cos_edges"]) == len(above["measured"]["counts"]) + 1 == 21
    assert sum(above["measured"]["counts"]) == pytest.approx(above["events"], rel=1e-6)
    assert sum(above["ideal"]["counts"]) == pytest.approx(above["events"], rel=1e-6)


def test_exposure_multiplies_counts(capsys):
    one, ten = (
        record(capsys, "F", *B8, "--threshold", "1keVnr", "--exposure", e)["directions"][0]
        for e in ("1tyr", "10 t yr")
    )
    assert ten["events"] == pytest.approx(10 * one["events"])
    assert ten["measured"]["mean_cos"] == one["measured"]["mean_cos"]


def test_axes_alone(capsys):
    found = record(capsys, "Xe", *B8, "--threshold", "1keVnr", "--head-tail", "0.5")
    needed = found["directions"][0]["measured"]["events_for_3_sigma"]
    assert needed["vectors"] is None
    assert needed["axes"] == pytest.approx(46, abs=1)


@pytest.mark.parametrize(
    ("source", "threshold", "mean"),
    [("sns", "10keVnr", 0.726), ("coherent-csi-2021", "10keVnr", 0.726)],
)
def test_beams(capsys, source, threshold, mean):
    found = record(capsys, "CsI", "--source", source, "--threshold", threshold)
    assert found["directions"][0]["ideal"]["mean_cos"] == pytest.approx(mean, abs=0.005)
    assert "fluxes" not in found["physics"]


def test_reactors(capsys):
    found = record(capsys, "Ge", "--source", "conus-plus-2025", "--threshold", "0.1keVnr")
    row = found["directions"][0]
    assert found["exposure"] == "1 t yr"
    assert 0.5 < row["ideal"]["mean_cos"] < 0.9
    assert row["events"] > 1e5


def test_limits(capsys):
    found = record(
        capsys, "Xe", "--threshold", "0.25keVnr", "--masses", "6GeV,9GeV", "--exposure", "100tyr"
    )
    rows = found["discovery_limits"]["rows"]
    assert [row["mass_gev"] for row in rows] == [6.0, 9.0]
    assert [row["ratio"] for row in rows] == pytest.approx([0.12, 0.49], abs=0.01)
    said = found["discovery_limits"]["conventions"]
    assert said["nuclides"] == ["Xe131"]
    assert said["window_kevnr"] == [0.25, 200.0]
    assert "atmospheric" in said["isotropic"]


@pytest.mark.slow
def test_limits_without_directions_are_those_of_the_fog(capsys):
    words = ("--masses", "6GeV", "--exposure", "10tyr", "--threshold", "1keVnr")
    both = record(capsys, "Xe", *words)["discovery_limits"]["rows"][0]
    assert run(["fog", "Xe", *words, "--json", "-"]) == 0
    fog = json.loads(capsys.readouterr().out)["discovery_limits"][0]
    assert both["energies_alone_cm2"] == pytest.approx(fog["cross_section_cm2"], rel=1e-9)


def test_table(capsys):
    assert run(["directions", "He", *B8, "--threshold", "6keVnr", "--bins", "4"]) == 0
    shown = capsys.readouterr().out
    for word in ("30 deg", "tree-lowE", "fluxes fog", "0.640", "1 t yr", "N vectors"):
        assert word in shown


def test_a_table_of_resolutions(capsys, tmp_path):
    path = tmp_path / "gas.csv"
    path.write_text("recoil_energy_kev,resolution_deg\n6,60\n50,15\n", encoding="utf-8")
    found = record(capsys, "He", *B8, "--threshold", "6keVnr", "--resolution", path)
    assert "gas.csv" in found["detector"]["resolution"]
    sixty, fifteen = (
        record(capsys, "He", *B8, "--threshold", "6keVnr", "--resolution", f"{s}deg")
        for s in (60, 15)
    )
    ends = [r["directions"][0]["measured"]["mean_cos"] for r in (sixty, found, fifteen)]
    assert np.all(np.diff(ends) > 0.0)


@pytest.mark.slow
def test_figures(capsys, tmp_path):
    pytest.importorskip("mplhep")
    plot, sky = tmp_path / "a.png", tmp_path / "b.pdf"
    words = ("He", *B8, "--threshold", "1keVnr", "--masses", "9GeV", "--bins", "10")
    found = record(capsys, *words, "--plot", plot, "--map", sky)
    assert found["figure"] == str(plot)
    assert found["map"] == str(sky)
    assert plot.stat().st_size > 10_000
    assert sky.stat().st_size > 5_000
    one = ("--date", "2026-06-21", "--coordinates", "equatorial")
    found = record(capsys, "F", *B8, *one, "--map", tmp_path / "c.png")
    assert found["map"]
    assert found["map_time"] == "2026-06-21 00:00 UTC"
    assert run(["directions", "F", *B8, *one, "--map", str(tmp_path / "c.svg")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "c.svg (2026-06-21 00:00 UTC)" in shown
    assert run(["directions", "F", *B8, "--map", str(tmp_path / "e.svg")]) == 0
    assert "e.svg (mean of a year)" in " ".join(capsys.readouterr().out.split())
    beam = ("CsI", "--source", "sns", "--threshold", "5keVnr", "--plot", tmp_path / "d.png")
    assert record(capsys, *beam)["figure"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("He", "--threshold", "1keVee"), "'keVee' is a unit of electron-equivalent energy"),
        (("He", "--threshold", "5"), "a number without a unit"),
        (("He", "--threshold", "900keVnr"), "no recoil of He is above the threshold of 900 keV"),
        (("He", "--threshold=-1keVnr"), "threshold in keV must be finite and at least 0"),
        (("He", "--resolution", "0deg"), "an angular resolution of 0 degrees is outside"),
        (("He", "--resolution", "200deg"), "an angular resolution of 200 degrees is outside"),
        (("He", "--resolution", "30"), "a number without a unit; write 30deg"),
        (("He", "--resolution", "wide"), "write an angle such as 30deg"),
        (("He", "--resolution", "none.csv"), "none.csv"),
        (("He", "--head-tail", "0.4"), "between 0.5 and 1, not 0.4"),
        (("He", "--head-tail", "1.1"), "between 0.5 and 1, not 1.1"),
        (("Qq",), "Qq"),
        (("He", "--source", "moon"), "source"),
        (("He", "--source", "dsnb"), "--source dsnb: these neutrinos are isotropic"),
        (("He", "--source", "Atmospheric"), "these neutrinos are isotropic"),
        (("He", "--source", "reactor"), "needs its own settings"),
        (("He", "--date", "2026-06-21"), "--date applies to the map of the sky; add --map"),
        (("He", "--source", "sns", *B8), "--branch applies to the Sun"),
        (("He", "--branch", "b9"), "branch"),
        (("He", "--fluxes", "mine"), "fluxes"),
        (("He", "--bins", "1"), "1 bins of the cosine"),
        (("CsI", "--source", "sns", "--exposure", "1tyr"), "follow its protons"),
        (("CsI", "--source", "sns", "--masses", "6GeV"), "computed for solar neutrinos only"),
        (("CsI", "--source", "sns", "--map", "x.png"), "for the sun only"),
        (("He", "--exposure", "0tyr"), "exposure"),
        (("He", "--exposure", "5"), "without a unit"),
        (("He", "--masses", "1e9GeV"), "masses are between"),
        (("He", "--date", "midsummer", "--map", "x.png"), "is not a date"),
        (("He", "--coordinates", "polar"), "galactic or equatorial"),
        (("He", "--plot", "/no/such/place.png"), "/no/such"),
    ],
)
def test_bad_input_is_one_sentence(capsys, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    assert run(["directions", *words]) == 2
    found = capsys.readouterr()
    assert said in found.err
    assert "Traceback" not in found.err
    assert len([x for x in found.err.splitlines() if x.startswith("cevns: ")]) == 1


def test_neutrinos_from_all_sides(capsys, tmp_path):
    path = tmp_path / "relic.yaml"
    path.write_text(
        "schema: 1\nname: relic\ntitle: relic\nlive_time: 365.25 d\nsource: {kind: dsnb}\n"
        "target: {material: Ar, mass: 1 t}\ndetector: {response: {kind: identity}}\n"
        "axes: {energy: {unit: keVnr, edges: [1, 10]}}\n",
        encoding="utf-8",
    )
    assert run(["directions", "Ar", "--source", str(path)]) == 2
    assert "are isotropic" in capsys.readouterr().err
