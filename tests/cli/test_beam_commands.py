"""Dark matter of a beam as it is typed: flux, rate, limit, simulate, and what is refused."""

from __future__ import annotations

import json

import pytest

from cevns.cli import run

CSI = "coherent-csi-2021-dm"
MASSES = ("--model", "dark-photon", "--at", "m_chi=10MeV", "--at", "mass_ratio=3")


def test_the_flux_says_at_which_coupling(capsys):
    assert run(["flux", CSI, *MASSES, "--json", "-"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["components"]["dm"]["coupling"] == {"epsilon": 1.0}
    assert found["held"] == {"m_chi": 10.0, "mass_ratio": 3.0}
    assert "fluxes of a unit coupling, epsilon = 1" in captured.err


def test_no_coupling_is_said(capsys):
    assert run(["predict", CSI, *MASSES]) == 0
    assert "dm has no events, for epsilon and y_dm are 0" in capsys.readouterr().out
    assert run(["predict", CSI, *MASSES, "--at", "y_dm=1e-11"]) == 0
    assert "no events" not in capsys.readouterr().out


def test_events_in_a_file(capsys, tmp_path):
    path = tmp_path / "events.csv"
    words = ["--at", "epsilon=1e-4", "--component", "dm", "--threshold", "9keVnr", "--truth"]
    words += ["--number", "500", "--out", str(path), "--json", "-"]
    assert run(["simulate", CSI, *MASSES, *words]) == 0
    found = json.loads(capsys.readouterr().out)
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    at = lines[0].split(",").index("recoil_energy_kev")
    assert len(lines) == 501
    assert min(float(line.split(",")[at]) for line in lines[1:]) > 9.0
    assert found["expected_events"] == pytest.approx(52.3, rel=0.02)
    assert (found["number"], found["poisson"], found["drawn"]) == (500, False, {"dm": 500})


def test_a_number_of_the_exposure_is_poisson(capsys):
    assert run(["simulate", "coherent-csi-2021", "--seed", "4", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["poisson"]
    assert found["expected_events"] == pytest.approx(331.4 + 1286 + 18.4 + 5.6 + 10.6, rel=0.02)
    assert found["number"] == pytest.approx(found["expected_events"], abs=200.0)
    assert sum(found["drawn"].values()) == found["number"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["limit", CSI, *MASSES, "--free", "y_dm", "--free", "epsilon"], "is on one parameter"),
        (["flux", CSI, "--model", "dark-photon"], "needs the mass of chi"),
        (["rate", "conus-plus-2025", *MASSES], "come from protons on a target"),
        (["simulate", CSI, *MASSES, "--component", "dm", "--truth"], "no event of this component"),
        (["simulate", CSI, *MASSES, "--component", "dm"], "no event of dm is expected"),
        (["simulate", CSI, "--component", "dark"], "unknown component 'dark'"),
        (["simulate", CSI, "--out", "events.txt"], "known are .csv"),
        (["simulate", CSI, "--out", "/no/such/folder/events.csv"], "there is no folder"),
        (["simulate", CSI, "-n", "0"], "greater than or equal to 1"),
        (["simulate", CSI, "--truth", "--every-recoil"], "leave one of them out"),
        (["simulate", "connie-2024", "--truth", "--component", "flat"], "unknown component"),
        (["simulate", CSI, "--threshold", "9"], "without a unit"),
        (["simulate", CSI, "coherent-ge-2024"], "for one experiment"),
    ],
)
def test_what_cannot_be_is_one_sentence(capsys, words, said):
    assert run(words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.err.count("\n") == 1


def test_what_is_counted_without_beam_is_said(cevns):
    said = cevns("predict", "coherent-ge-1").out
    assert "counts of all 2 channels" in said
    assert "coherent-ge-1.ac is counted without the source, with 4 times the exposure" in said
    assert "all 2 channels" not in cevns("predict", "clovers").out


def test_the_flux_of_a_beam_is_said_with_its_beam(cevns):
    said = cevns("flux", "coherent-ge-1").out
    assert "beam, GWh: 7\n" in said
    assert "protons on target: 1.573e+23" in said
    assert "each flavour at full power, per cm2 and s: 1.698e+07" in said


def test_a_published_ratio_is_no_number_of_events(cevns):
    assert "observed: 1 times the Standard Model" in cevns("show", "coherent-ge-2026").out
