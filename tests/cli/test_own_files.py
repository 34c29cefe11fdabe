"""From nothing to a result of one's own: init, validate, show, rate and fit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cevns.cli import run
from cevns.cli.terminal.completion import EXPERIMENTS, INTERACTIONS, TEMPLATES
from cevns.experiments import catalogue
from cevns.experiments.declaration.loader import combinations
from cevns.experiments.own_file import templates
from cevns.processes import interactions


def words(text: str) -> int:
    return run(text.split())


def result(capsys: pytest.CaptureFixture[str], text: str) -> dict:
    capsys.readouterr()
    assert words(f"{text} --json -") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_three_commands_to_a_projection_of_a_reactor_detector(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "reactor", "--set", "target.mass=2 kg", "--out", "my.yaml"]) == 0
    made = result(capsys, "rate my.yaml --plots figures")
    fitted = result(capsys, "fit my.yaml --asimov --plots figures")
    assert {"my.yaml", "figures"} == {p.name for p in tmp_path.iterdir()}
    for record in (made, fitted):
        assert all(Path(f).stat().st_size > 5000 for f in record["figures"])
    assert {Path(f).stem for f in made["figures"]} == {"recoil-spectrum", "flux"}
    assert "projections" in {Path(f).stem.rpartition("-")[2] for f in fitted["figures"]}
    # twice the mass of half the template's: half of the events, a significance that is there
    assert fitted["components"]["cevns"]["prediction"] == pytest.approx(677.2 / 2, rel=1e-3)
    assert fitted["significance"] > 5.0


def test_a_changed_file_keeps_its_comments(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    assert run(["init", "beam", "--set", "source.distance=25 m", "--out", str(path)]) == 0
    text = path.read_text()
    assert "name: mine " in text
    assert "distance: 25 m                 # from the beam target" in text
    assert words(f"validate {path}") == 0
    # a file that is there is somebody's work
    assert words(f"init sun --out {path}") == 2
    assert path.read_text() == text
    capsys.readouterr()


def test_a_shipped_file_comes_with_its_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path))
    path = tmp_path / "here" / "csi-own.yaml"
    path.parent.mkdir()
    assert words(f"init --from coherent-csi-2021 --out {path}") == 0
    assert (path.parent / "coherent-csi-2021" / "brn-pe.csv").is_file()
    capsys.readouterr()
    shipped = result(capsys, "predict coherent-csi-2021")
    own = result(capsys, f"predict {path}")
    assert own["expected"] == shipped["expected"]
    assert [f["sha256"] for f in own["inputs"]["files"][1:]] == [
        f["sha256"] for f in shipped["inputs"]["files"][1:]
    ]
    # the same data under another name are not counted twice
    assert words(f"fit {path} coherent-csi-2021") == 2
    assert "hold the same data" in capsys.readouterr().err


def test_a_file_whose_release_is_elsewhere_can_be_begun_from(tmp_path, monkeypatch):
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path))
    path = tmp_path / "2020.yaml"
    assert words(f"init --from coherent-lar-2020 --out {path}") == 0
    assert 'name: "2020"' in path.read_text()  # YAML would read a number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("init --out x.yaml", "beam, reactor, sun"),
        ("init reactr --out x.yaml", "did you mean 'reactor'"),
        ("init reactor --out x.txt", "ends in .yaml"),
        ("init reactor --set target.mas=2 --out x.yaml", "did you mean 'mass'"),
        ("init reactor --set detector.quenching.z=54 --out x.yaml", "nuclei with Z = 54"),
        ("init reactor --out my+file.yaml", "--name"),
        ("init --from global --out x.yaml", "several experiments"),
        ("init beam --from neon --out x.yaml", "name a template"),
        ("init reactor --name Bad+Name --out x.yaml", "is not a valid name"),
        ("validate", "--schema"),
        ("validate --schema x.yaml", "--schema only prints"),
        ("show no-such", "unknown experiment"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(text, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert words(text) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert said in errors[0]
    assert not list(tmp_path.iterdir())


def test_validate_says_all_slips_of_all_files(tmp_path, capsys):
    for name, mass in (("a", "1"), ("b", "2 m")):
        text = f"schema: 1\nname: {name}\nsource: {{kind: sun, live_time: 1 d}}\nfoo: 1\n"
        (tmp_path / f"{name}.yaml").write_text(f"{text}target: {{material: Ge, mass: {mass}}}\n")
    assert words(f"validate {tmp_path}/a.yaml {tmp_path}/b.yaml neon") == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 4
    assert said.out == "neon: valid\n"
    assert words(f"validate {tmp_path}/a.yaml --json -") == 2
    (slipped,) = json.loads(capsys.readouterr().out)["slips"].values()
    assert [(s["line"], s["field"]) for s in slipped] == [(4, "foo"), (5, "target.mass")]


def test_expected_counts_are_called_so_and_what_an_error_includes_is_said(folder, capsys):
    """The fit frees the count, the scan over the mass has the error of the flux in it."""
    assert words("init reactor --out my.yaml") == 0
    capsys.readouterr()
    assert words("show my.yaml") == 0
    shown = capsys.readouterr().out
    assert re.search(r"exposure +live_time +300 d", shown)
    assert "{" not in shown
    assert words("fit my.yaml --asimov") == 0
    said = capsys.readouterr().out
    assert "observed" not in said
    assert re.search(r"Asimov data +9317", said)
    assert "is expected to be rejected at 17.44 sigma" in said
    assert "there is no goodness of fit" in said
    assert "does not include uncertainties of the predicted count alone: reactor.flux" in said
    assert words("fit my.yaml --asimov --poi cross-section") == 0
    assert "predicted count alone" not in capsys.readouterr().out
    assert words("scan my.yaml --parameter target.mass=1kg:4kg:2:log") == 0
    said = capsys.readouterr().out
    assert "signal and background are those of my.on; my.off has no signal" in said
    assert "the error includes the uncertainties of ge.lindhard_k, continuum, reactor.flux" in said
    assert re.search(r"677\.2 +7200 +11\.0 % ", said)


def test_expected_counts_with_a_background_held_elsewhere_have_a_goodness(folder, capsys):
    assert words("init reactor --out my.yaml") == 0
    capsys.readouterr()
    assert words("fit my.yaml --asimov --fix continuum=6000") == 0
    said = capsys.readouterr().out
    assert "there is no goodness of fit" not in said
    assert "Pearson" in said


def test_the_schema_is_json(capsys):
    assert words("validate --schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "cevns experiment file"


@pytest.mark.parametrize("name", ["coherent-csi-2021", "conus-plus-2025", "xenonnt-2026"])
def test_what_is_shown_fits_80_columns(name, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert words(f"show {name}") == 0
    lines = capsys.readouterr().out.splitlines()
    tables = [x for x in lines if not x.startswith(("note:", "no data", "data:"))]
    assert max(map(len, tables)) <= 80
    assert any("source " in x for x in tables)
    assert any("SHA-256" in x for x in tables)


def test_axes_are_shown_in_the_unit_of_the_file(capsys):
    water = result(capsys, "show coherent-d2o")["axes"][""]["energy"]
    assert water == {"unit": "MeVee", "from": 22.7, "to": 58.0, "bins": 18}


@pytest.mark.slow
def test_show_in_json_and_figures(tmp_path, capsys):
    folder = tmp_path / "figures"
    found = result(capsys, f"show coherent-csi-2021 --plots {folder}")
    assert found["sections"]["source"]["distance"] == "19.3 m"
    assert found["axes"][""]["energy"] == {"unit": "PE", "from": 0.0, "to": 60.0, "bins": 9}
    assert {p["name"]: p["error"] for p in found["parameters"]}["sns.flux"] == 0.1
    assert sum(found["observed"].values()) == 1578.0
    names = {"flux", "quenching", "resolution", "efficiency", "recoil-spectrum"}
    assert {Path(f).stem for f in found["figures"]} == names == {p.stem for p in folder.iterdir()}


@pytest.mark.parametrize("command", ["rate ess-csi ess-ge", "show ess-csi ess-ge"])
def test_figures_of_each_follow_the_options_of_figures(command, tmp_path, capsys):
    pytest.importorskip("mplhep")
    found = result(capsys, f"{command} --plots {tmp_path} --format svg --title Mine")
    for name, record in found["experiments"].items():
        assert f"{name}-flux.svg" in {Path(f).name for f in record["figures"]}
        assert all("Mine" in Path(f).read_text(encoding="utf-8") for f in record["figures"])
    assert words(f"{command} --format svg") == 2
    assert "--format applies to the figures; add --plots DIR" in capsys.readouterr().err


def test_names_are_completed():
    assert EXPERIMENTS("") == [*catalogue(), *combinations()]
    assert EXPERIMENTS("conus") == [n for n in catalogue() if n.startswith("conus")]
    assert tuple(INTERACTIONS("")) == interactions()
    assert tuple(TEMPLATES("")) == templates()


def completed(line: str) -> list[str]:
    """What a shell is offered for the last word of a line."""
    asked = {
        "_CEVNS_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cevns"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_shell_is_answered():
    names = [n for n in catalogue() if n.startswith("coherent-csi")]
    assert completed("cevns fit coherent-csi") == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fit csi", "did you mean 'coherent-csi-2021'"),
        ("fit lar", "did you mean 'coherent-lar-2020'"),
        ("fit coherent-csi-2021 --free eps_ee_u", "--model nsi has it"),
        ("scan coherent-csi-2021 --parameter mu_nu_mu=0:1:3", "--model magnetic-moment has it"),
        ("scan neon --parameter x=0:1:3 --method Feldman_Cousins", "did you mean 'fc'"),
        ("limit coherent-csi-2021 --method feldman-cousins", "did you mean 'fc'"),
        ("limit coherent-csi-2021 --cl 90", "90 % is written 0.9"),
    ],
)
def test_near_misses(text, said, capsys):
    assert words(text) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert said in error


def test_init_makes_no_folder(tmp_path, capsys):
    out = tmp_path / "none" / "mine.yaml"
    assert run(["init", "beam", "--out", str(out)]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not out.parent.exists()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("export coherent-csi-2021 --to h", {"histfactory", "hs3", "hepdata"}),
        ("scan coherent-csi-2021 --method p", {"profile"}),
        ("fit coherent-csi-2021 --poi cross", {"cross-section", "cross-section-scale"}),
        ("fit coherent-csi-2021 --format p", {"png", "pdf"}),
        ("list coup", {"couplings"}),
        ("list parameters --model light-s", {"light-scalar"}),
        ("sensitivity x --topic neu", {"neutron-radius"}),
        ("xsec --couplings tree-l", {"tree-lowE"}),
        ("inspect sc", {"scans/", "scan.h5"}),
        ("plot scans/o", {"scans/one.h5"}),
    ],
)
def test_closed_sets_of_names_and_files_are_completed(typed, offered, tmp_path, monkeypatch):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "one.h5").touch()
    (tmp_path / "scan.h5").touch()
    monkeypatch.chdir(tmp_path)
    assert offered <= set(completed(f"cevns {typed}"))


def test_variations_are_shown_with_their_numbers(capsys):
    assert words("show coherent-csi-2021") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "plus [0.0613632, 3.51547, -85.5548, 595.562]" in shown
    assert "minus [0.0495624, 5.09815, -137.858, 1085.2]" in shown


def test_toys_are_counted_by_the_option_of_the_other_commands(capsys):
    found = [
        result(capsys, f"toys coherent-ar-10 {option} 5 --workers 1") for option in ("--toys", "-n")
    ]
    assert [f["toys"]["n"] if "toys" in f else f["n"] for f in found] == [5, 5]


def test_combinations_are_no_experiments_but_are_offered(capsys):
    assert words("fit no-such-thing") == 2
    said = capsys.readouterr().err
    known, _, apart = said.partition("combinations: ")
    assert "global" not in known.split("Known: ")[1]
    assert "global" in apart
    assert words("fit globall") == 2
    assert "did you mean 'global'" in capsys.readouterr().err


@pytest.mark.parametrize("columns", ["72", None])
def test_long_lists_of_names_end_between_names(columns, monkeypatch, capsys):
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", columns)
    assert words("list") == 0
    said = capsys.readouterr().out
    longest = 72 if columns else 100
    names = said.partition("\nexperiments")[2].partition("\n\n")[0].splitlines()[1:]
    assert max(map(len, names)) <= longest
    assert " ".join(" ".join(names).split()) == ", ".join(catalogue())
    assert (len(names) == len(catalogue())) == (columns is None)
