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
    words = ["--at", "epsilon=1e-4", "--component", "dm", "--threshold", "9keVnr"]
    words += ["--number", "500", "--out", str(path), "--json", "-"]
    assert run(["simulate", CSI, *MASSES, *words]) == 0
    found = json.loads(capsys.readouterr().out)
    lines = path.read_text().splitlines()
    assert lines[0] == "energy_mev,recoil_kev,cosine,time_us,species,nuclide"
    assert len(lines) == 501
    assert min(float(line.split(",")[1]) for line in lines[1:]) > 9.0
    assert found["expected"] == pytest.approx(52.3, rel=0.02)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["limit", CSI, *MASSES, "--free", "y_dm", "--free", "epsilon"], "is on one parameter"),
        (["flux", CSI, "--model", "dark-photon"], "needs the mass of chi"),
        (["rate", "conus-plus-2025", *MASSES], "come from protons on a target"),
        (["simulate", CSI, *MASSES, "--component", "dm"], "no event of this component"),
        (["simulate", CSI, "--threshold", "9"], "without a unit"),
        (["simulate", CSI, "coherent-ge-2024"], "of one experiment"),
    ],
)
def test_what_cannot_be_is_one_sentence(capsys, words, said):
    assert run(words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.err.count("\n") == 1
