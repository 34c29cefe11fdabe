"""The command that a report of a scan gives makes the same scan."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cevns
from cevns.analysis import Scan
from cevns.cli import run
from cevns.report.document.scan_sections import scan_part

pytest.importorskip("mplhep", reason="the extra 'report' is not installed")
pytest.importorskip("h5py", reason="the extra 'scan' is not installed")

CSI = "coherent-csi-2021"


def words_of(scan: Scan) -> tuple[list[str], str]:
    """The command of a report, and what is said of it."""
    section = scan_part(scan, "f0").reproduce
    return shlex.split(section.code["Command line"]), section.texts[0]


@pytest.mark.parametrize(
    ("model", "axes", "more", "said"),
    [
        (
            "light-vector",
            {"g_zprime": np.linspace(0.0, 4e-5, 5)},
            {"at": {"m_zprime": 10.0}, "fix": {"t0": 0.5, "form_factor": None}, "refine": 1},
            ["g_zprime=0.0:4e-05:5 ", "--at m_zprime=10MeV", "--fix t0=0.5 ",
             "--fix form_factor=1", "--refine 1"],
        ),
        (
            "nsi",
            {"eps_ee_u": np.linspace(-0.2, 0.2, 3)},
            {"free": ["eps_mumu_u"], "at": {"eps_ee_d": 0.1}, "asimov": True},
            ["eps_ee_u=-0.2:0.2:3 ", "--free eps_mumu_u", "--at eps_ee_d=0.1", "--asimov"],
        ),
    ],
)  # fmt: skip
def test_the_command_has_all_that_was_held(
    model: str, axes: Any, more: dict[str, Any], said: list[str], tmp_path: Path
) -> None:
    found = cevns.load(CSI, models=model).scan(axes, out=tmp_path / "s.h5", workers=1, **more)
    words, _ = words_of(found)
    assert all(s in shlex.join(words) for s in said)
    words[words.index("--out") + 1] = str(tmp_path / "again.h5")
    assert run(words[1:]) == 0
    again = Scan.read(tmp_path / "again.h5")
    assert again.axes[0] == pytest.approx(found.axes[0], rel=1e-9)
    assert again.q == pytest.approx(found.q, abs=1e-3)
    assert again.to_dict()["held"] == found.to_dict()["held"]
    assert words_of(again)[0][:-1] == words[:-1]


def test_values_without_equal_steps_are_said(tmp_path: Path) -> None:
    values = [-0.2, 0.0, 0.1, 0.4]
    found = cevns.load(CSI, models="nsi").scan({"eps_ee_u": values}, out=tmp_path / "s.h5")
    assert "The values of eps_ee_u have no equal steps" in words_of(found)[1]
    found = cevns.load(CSI, models="nsi").scan({"eps_ee_u": np.geomspace(0.1, 0.4, 3)})
    assert "eps_ee_u=0.1:0.4:3:log" in words_of(found)[0]


def test_what_another_run_costs_is_for_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.h5"
    words = ["--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.4:5", "--out", str(file)]
    assert run(["scan", CSI, *words]) == 0
    assert "'--method fc' would take about" in capsys.readouterr().out
    assert run(["inspect", str(file)]) == 0
    assert "--method fc" not in capsys.readouterr().out
    found = Scan.read(file)
    assert "--method fc" not in str(found)
    assert not any("--plan" in line for s in scan_part(found, "f0").sections for line in s.lines)


def test_a_folder_of_the_name_of_an_experiment_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / CSI).mkdir()
    assert run(["report", CSI, "--extract"]) == 2
    assert capsys.readouterr().err == f"cevns: {CSI} is a folder; name a file\n"
