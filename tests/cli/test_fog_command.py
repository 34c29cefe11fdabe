"""``cevns fog`` as it is typed: JSON, tables, figures, and one sentence for what cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cevns.cli import run
from cevns.morphing import read_grid_table

FAST = ("--masses", "5.5GeV,50GeV")
TWO = """\
schema: 1
name: two
source: {kind: sun, live_time: 365.25 d}
target: {material: Xe, mass: 1 kg}
detector: {response: {kind: identity}}
axes: {energy: {unit: keVnr, edges: [1, 10]}}
channels:
  first: {}
  second: {target: {material: Ge, mass: 1 kg}}
"""


def record(capsys, *words):
    assert run(["fog", *map(str, words), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_floor_as_json(capsys):
    found = record(capsys, "Xe", *FAST)
    assert [sorted(row) for row in found["floor"]] == [
        ["cross_section_cm2", "exposure_tonne_year", "index", "mass_gev"]
    ] * 2
    assert [row["mass_gev"] for row in found["floor"]] == [5.5, 50.0]
    assert found["floor"][0]["cross_section_cm2"] / 1.396e-45 == pytest.approx(1.0, rel=0.01)
    assert found["floor"][1]["cross_section_cm2"] / 4.166e-49 == pytest.approx(1.0, rel=0.01)
    assert found["floor"][0]["exposure_tonne_year"] == pytest.approx(0.128, rel=0.02)
    physics = found["physics"]
    assert physics["nuclides"] == ["Xe131"]
    assert physics["window_kevnr"] == [1e-4, 200.0]
    assert physics["bins"] == 100
    assert physics["neutrinos"]["b8"] == {"flux_cm2_s": 5.16e6, "relative_error": 0.02}
    assert physics["halo"]["name"] == "fog"


def test_the_table_prints_the_conventions(capsys):
    assert (
        run(["fog", "Ge", *FAST, "--exposure", "1tyr,2tyr,5tyr,10tyr", "--billard", "--one-event"])
        == 0
    )
    shown = capsys.readouterr().out
    for word in ("Ge74", "v_esc 533", "5.16e+06 /cm2/s +- 2 %", "0.0001 to 200 keVnr", "tree-lowE"):
        assert word in shown
    assert "discovery limits, 3 sigma in the median" in shown
    assert "10 t yr" in shown
    assert "Billard: 90 %" in shown
    assert "between 10 and 13 GeV the published curve, of xenon, is up to 260 times higher" in shown
    table = [line for line in shown.splitlines() if line.strip().startswith(("5.5", "50"))]
    assert len(table) == 4
    assert max(len(line.rstrip()) for line in shown.splitlines() if "e-4" in line) <= 80


def test_what_is_asked_beside(capsys):
    found = record(
        capsys, "Xe", "--masses", "20GeV:1000GeV:5", "--exposure", "1 t yr", "--exposure",
        "100tyr", "--billard", "--one-event", "--map", "--cross-sections",
        "1e-49cm2:1e-45cm2:9",
    )  # fmt: skip
    assert len(found["discovery_limits"]) == 10
    assert {row["exposure_tonne_year"] for row in found["discovery_limits"]} == {1.0, 100.0}
    assert np.shape(found["map"]["index"]) == (9, 5)
    assert len(found["billard"]["floor"]) == 5
    assert "index" not in found["one_event"]["floor"][0]
    assert found["billard"]["exposures_tonne_year"][1] == pytest.approx(9080.0, rel=0.01)


def test_options_change_what_is_said_and_found(capsys, tmp_path):
    table = tmp_path / "efficiency.csv"
    table.write_text("x,efficiency\n0.5,0\n1,0.5\n5,0.8\n")
    usual = record(capsys, "Xe", *FAST)["floor"]
    for words, said in (
        (("--halo", "shm,v0=235"), ("halo", "name", "shm,v0=235")),
        (("--day", "152"), ("halo", "name", "fog, day 152")),
        (("--fluxes", "sno-8b"), ("fluxes", None, "sno-8b")),
        (("--threshold", "0.5keVnr"), ("window_kevnr", 0, 0.5)),
        (("--upper-edge", "50 keVnr"), ("window_kevnr", 1, 50.0)),
        (("--natural",), ("nuclides", 0, "Xe124")),
        (
            ("--efficiency", str(table)),
            ("efficiency", None, f"{table} (0.5 to 5 keVnr, constant beyond)"),
        ),
        (("--efficiency", "80%"), ("efficiency", None, "0.8")),
        (("--bins", "60"), ("bins", None, 60)),
        (("--couplings", "scholberg2021"), ("couplings", None, "scholberg2021")),
    ):
        found = record(capsys, "Xe", *FAST, *words)
        first, second, value = said
        what = found["physics"][first]
        assert (what if second is None else what[second]) == value
        named = [f["name"] for f in found["inputs"]["files"]]
        assert named == (["efficiency.csv"] if str(table) in words else [])
        both = [
            (a["cross_section_cm2"], a["exposure_tonne_year"])
            == (b["cross_section_cm2"], b["exposure_tonne_year"])
            for a, b in zip(found["floor"], usual, strict=True)
        ]
        assert not all(both), words


def test_a_detector(capsys):
    """Efficiency and threshold of an experiment: light WIMPs need more, and the table says so."""
    found = record(capsys, "Ar", "--masses", "50GeV", "--detector", "coherent-lar-2020")
    bare = record(capsys, "Ar", "--masses", "50GeV")
    assert found["physics"]["window_kevnr"][0] > 1.0
    assert "coherent-lar-2020" in found["physics"]["efficiency"]
    assert [f["role"] for f in found["inputs"]["files"]] == ["detector"]
    assert found["floor"][0]["exposure_tonne_year"] > bare["floor"][0]["exposure_tonne_year"]


def test_the_threshold_of_billard_is_where_the_window_begins(capsys):
    words = ("--masses", "5GeV,50GeV", "--billard")
    found = record(capsys, "Ar", *words, "--threshold", "1.25keVnr")
    assert found["billard"]["thresholds_kevnr"] == [1.25, 4.0]
    usual = record(capsys, "Ar", *words)
    assert usual["billard"]["thresholds_kevnr"] == [0.003, 4.0]
    # less exposure is needed for 500 neutrinos where more of them are seen
    first, second = (x["billard"]["exposures_tonne_year"] for x in (found, usual))
    assert first[0] > 10.0 * second[0]
    assert first[1] == second[1]
    assert run(["fog", "Ar", *words, "--detector", "coherent-lar-2020"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "from 1.265 keV," in shown
    assert "3 eV" not in shown
    assert run(["fog", "Ar", *words]) == 0
    assert "from 3 eV," in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "words",
    [
        ("fog", "Xe", *FAST, "--figure"),
        ("supernova", "Xe", "--distance", "10kpc", "--threshold", "1keVnr", "--figure"),
        ("directions", "He", "--map"),
        ("relic", "--model", "dark-photon", "--at", "m_chi=10MeV", "--figure"),
        ("compare", "xenonnt-2026", "lz-2025", "--plot"),
    ],
)
def test_the_suffix_of_a_figure_is_looked_at_first(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run([*words, "x.xyz"]) == 2
    shown = capsys.readouterr()
    assert "x.xyz: a figure is written as .png, .pdf or .svg" in shown.err
    assert shown.out == ""


def test_the_efficiency_of_released_templates(capsys):
    """Sums of the templates over their bins, in the mean over exposures, and nothing beyond."""
    from cevns.analysis.fog import window_of
    from cevns.experiments import load

    masses = ("--masses", "6GeV,50GeV")
    found = record(capsys, "Xe", *masses, "--detector", "xenonnt-2026")
    bare = record(capsys, "Xe", *masses)
    for mine, other in zip(found["floor"], bare["floor"], strict=True):
        assert mine["exposure_tonne_year"] > 2.0 * other["exposure_tonne_year"]
    assert found["floor"][1]["cross_section_cm2"] > 1.5 * bare["floor"][1]["cross_section_cm2"]
    low, high = found["physics"]["window_kevnr"]
    assert (low, high) == pytest.approx((0.5, 5.0), rel=0.005)

    folder = load("xenonnt-2026").path.parent / "xenonnt-2026"
    whole, exposure = 0.0, 0.0
    for run_name, tonnes in (("sr0", 1.174398), ("sr1", 2.342593), ("sr2", 3.249665)):
        file = folder / f"{run_name}-recoils.npz"
        read = read_grid_table(file, "recoils", along="recoil_energy_kev")
        assert read.along is not None
        (k,) = np.flatnonzero(np.isclose(read.along, 2.0))
        nominal = [int(np.flatnonzero(read.values[n] == 0.0)[0]) for n in read.values]
        whole += tonnes * read.content[(*nominal, k)].sum()
        exposure += tonnes
    window = window_of(detector="xenonnt-2026")
    assert window.efficiency is not None
    seen = window.efficiency(np.array([0.49, 2.0, 5.01]))
    assert seen[[0, 2]].tolist() == [0.0, 0.0]
    assert seen[1] == pytest.approx(whole / exposure, rel=1e-6)
    assert 0.01 < seen[1] < 0.9


def test_channels_of_several_materials_are_refused(capsys, tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    assert run(["fog", "Xe", *FAST, "--detector", str(path)]) == 2
    assert "two has channels of Xe and Ge, with different efficiencies" in capsys.readouterr().err


def test_the_target_is_the_material_of_the_detector(capsys):
    """Recoils of another nucleus have another quenching: what one keeps says nothing of the other.

    Isotopes do not matter. Of sodium iodide where iodine is not seen the target is sodium.
    """
    for target, detector, said in (
        ("Ge", "xenonnt-2026", "compute the fog of Xe, or name a detector of Ge"),
        ("CsI", "coherent-lar-2020", "compute the fog of Ar, or name a detector of CsI"),
        ("NaI", "neon", "compute the fog of Na, or name a detector of NaI"),
    ):
        assert run(["fog", target, *FAST, "--detector", detector]) == 2
        error = capsys.readouterr().err.strip().splitlines()
        assert len(error) == 1
        assert f"the efficiency is that of {detector} (" in error[0]
        assert f"but the target is {target}" in error[0]
        assert said in error[0]
    for words in (("Xe132",), ("Xe", "--natural")):
        found = record(capsys, *words, *FAST, "--detector", "xenonnt-2026")
        assert "xenonnt-2026" in found["physics"]["efficiency"]


def test_a_floor_that_is_not_reached_is_null(capsys, monkeypatch):
    """Without any error of a flux the index never passes two."""
    from cevns.analysis.fog import SkyNeutrinos

    monkeypatch.setattr(
        SkyNeutrinos, "changes", property(lambda sky: np.zeros((1, len(sky.names))))
    )
    found = record(capsys, "Xe", "--masses", "6GeV")
    assert found["floor"][0]["cross_section_cm2"] is None
    assert run(["fog", "Xe", "--masses", "6GeV"]) == 0
    assert "none" in capsys.readouterr().out


def test_the_figure(capsys, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    _ = matplotlib
    limit = tmp_path / "mine.csv"
    limit.write_text("# limit; a test\nmass_gev,sigma_cm2\n10,1e-45\n100,1e-47\n1000,1e-46\n")
    region = tmp_path / "region.csv"
    region.write_text(
        "# closed contour; a test\nmass_gev,sigma_cm2\n20,1e-44\n40,1e-44\n40,1e-43\n20,1e-44\n"
    )
    path = tmp_path / "fog.png"
    found = record(
        capsys, "Xe", "--masses", "1GeV:1000GeV:30", "--map", "--figure", path, "--limits", limit,
        "--limits", region, "--billard", "--one-event", "--exposure", "10tyr",
    )  # fmt: skip
    assert found["figure"] == str(path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_the_floor_stays_off_the_frame():
    pytest.importorskip("mplhep")
    from cevns.analysis.fog import FogCase, neutrino_fog

    found = neutrino_fog(FogCase("Xe"), [1.0, 6.0, 50.0, 1000.0])
    low, high = found.plot().axes[0].get_ylim()
    floor = found.floor.cross_section_cm2
    assert floor.min() / low == pytest.approx(2.0)
    assert high / floor.max() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Xe", "--masses", "1e-3GeV"), "masses are between 0.01 and 1e+06 GeV"),
        (("Xe", "--masses", "0.012GeV"), "gives no recoil of Xe above 0.0001 keV"),
        (("Xe", "--masses", "5"), "a number without a unit"),
        (("Xe", "--masses", "5kg"), "is a unit of mass"),
        (("Xe", "--masses", "5GeV:1GeV:10"), "from a lower to a higher value"),
        (("Xe", "--masses", "5GeV:10GeV"), "write 5.5GeV,50GeV or"),
        (("Xe", "--masses", "5GeV:10GeV:1"), "take 2 to"),
        (("Xe", "--masses", "-5GeV"), "must be above 0"),
        (("Xe", "--masses", "nanGeV"), "is not a finite number"),
        (("Xe", "--masses", "50GeV", "--threshold", "150keVnr"), "the lightest that does has 52.7"),
        (("Xe131x", *FAST), "is not a chemical formula"),
        (("Zz", *FAST), "Zz"),
        (("Xe", *FAST, "--halo", "nfw"), "halo"),
        (("Xe", *FAST, "--halo", "shm,v0=5"), "most probable speed"),
        (("Xe", *FAST, "--day", "400"), "a day of the year"),
        (("Xe", *FAST, "--fluxes", "b23"), "set of solar fluxes"),
        (("Xe", *FAST, "--fluxes", "missing.csv"), "missing.csv"),
        (("Xe", *FAST, "--threshold", "300keVnr"), "no recoil energy is between"),
        (("Xe", *FAST, "--threshold", "1keVee"), "electron-equivalent"),
        (("Xe", *FAST, "--threshold", "1"), "without a unit"),
        (("Xe", *FAST, "--upper-edge", "1e9keVnr"), "upper edge of the recoil energies"),
        (("Xe", *FAST, "--bins", "1"), "take 2 to 2000"),
        (("Xe", *FAST, "--efficiency", "1.2"), "not a probability"),
        (("Xe", *FAST, "--efficiency", "missing.csv"), "missing.csv"),
        (("Xe", *FAST, "--efficiency", "0.5", "--detector", "coherent-lar-2020"), "not both"),
        (("Xe", *FAST, "--detector", "nowhere"), "nowhere"),
        (("Xe", *FAST, "--detector", "pandax4t-2024"), "is a published summary: its file has no"),
        (("Xe", *FAST, "--detector", "xenon1t-2020"), "is a published summary: its file has no"),
        (("Xe", *FAST, "--detector", "lz-2025"), "lz-2025 has no efficiency here: "),
        (("Xe", *FAST, "--exposure", "10 kg"), "exposure"),
        (("Xe", *FAST, "--exposure", "0tyr"), "exposure in tonne years"),
        (("Xe", *FAST, "--map", "--cross-sections", "1e-45:1e-47:3"), "without a unit"),
        (("Xe", *FAST, "--limits", "missing.csv", "--figure", "x.png"), "missing.csv"),
        (("Xe", *FAST, "--limits", "lz_2024"), "only drawn in the figure; add --figure FILE"),
        (("Xe", *FAST, "--cross-sections", "1e-47cm2:1e-45cm2:3"), "add --map, or omit them"),
        (("Xe", *FAST, "--figure", "fog.txt"), ""),
        (("Xe", *FAST, "--couplings", "pdg1066"), "coupling scheme"),
        (("Xe", *FAST, "--form-factor", "cube"), "form factor"),
    ],
)
def test_one_sentence(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["fog", *words]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert said.casefold() in errors[0].casefold()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,efficiency\n300,0.1\n400,0.5\n", "given from 300 to 400 keV, and the window goes from"),
        ("x,efficiency\n1e-6,0.1\n1e-5,0.5\n", "x is the recoil energy in keVnr"),
        ("# note\nx,efficiency\n1,0.1\n\n2,1.5\n", "eff.csv, line 5: an efficiency of 1.5 is not"),
        ("x,efficiency\n1,0.1\n3,0.2\n2,0.5\n", "eff.csv, line 4: x = 2 is not above"),
        ("low,high,efficiency\n1,1,0.1\n", "eff.csv, line 2: a bin from 1 to 1 has no width"),
    ],
)
def test_an_efficiency_that_says_nothing_of_the_window(text, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eff.csv").write_text(text)
    assert run(["fog", "Xe", *FAST, "--efficiency", "eff.csv"]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert said in errors[0]


def test_a_file_of_several_sets_of_fluxes(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "b8,5e6,0.04,6e6,0.1\npp,6e10,0.01,6e10,0.01\n"
    head = "component,low_z_flux_cm2_s,low_z_rel_unc,high_z_flux_cm2_s,high_z_rel_unc\n"
    (tmp_path / "mine.csv").write_text(head + rows)
    (tmp_path / "one.csv").write_text("component,flux_cm2_s,rel_unc\nb8,5e6,0.04\n")
    for command in (["fog", "Xe", *FAST], ["directions", "He", "--branch", "b8"]):
        assert run([*command, "--fluxes", "mine.csv"]) == 2
        error = capsys.readouterr().err
        assert "it has the sets low_z, high_z: choose one" in error
        assert "--fluxes mine.csv:low_z" in error
        assert run([*command, "--fluxes", "mine.csv:mid"]) == 2
        assert "low_z, high_z" in capsys.readouterr().err
        assert run([*command, "--fluxes", "one.csv:mid"]) == 2
        assert "none called 'mid': leave the name out" in capsys.readouterr().err
    found = record(capsys, "Xe", *FAST, "--fluxes", "mine.csv:high_z")
    assert found["physics"]["fluxes"] == "mine.csv:high_z"
    assert found["physics"]["neutrinos"]["b8"] == {"flux_cm2_s": 6e6, "relative_error": 0.1}
    assert [f["name"] for f in found["inputs"]["files"]] == ["mine.csv"]
    assert record(capsys, "Xe", *FAST, "--fluxes", "mine.csv:low_z")["floor"] != found["floor"]


def test_limits_by_their_names(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    drawn = ("--figure", str(tmp_path / "fog.png"))
    assert run(["fog", "Xe", *FAST, "--limits", "lz_2024", *drawn]) == 2
    assert "set CEVNS_DATA" in capsys.readouterr().err
    folder = tmp_path / "wimp-limits"
    folder.mkdir()
    (folder / "lz_2024.csv").write_text("mass_gev,sigma_cm2\n10,-45\n100,-47\n")
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path))
    assert run(["fog", "Xe", *FAST, "--limits", "lz-2024", *drawn]) == 2
    assert "not positive; write them in cm2, not as logarithms" in capsys.readouterr().err
    assert run(["fog", "Xe", *FAST, "--limits", "lz-1066", *drawn]) == 2
    assert "lz_2024" in capsys.readouterr().err
    (folder / "lz_2024.csv").write_text("mass_gev,sigma_cm2\n10,1e-9\n100,1e-10\n")
    assert run(["fog", "Xe", *FAST, "--limits", "lz-2024", *drawn]) == 2
    assert "1 pb is 1e-36 cm2" in capsys.readouterr().err
