"""Reports of fits of likelihood files: their parameters, and counts by channel and sample."""

from __future__ import annotations

import json
import shlex
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import cevns
from cevns.cli import run
from cevns.report import document

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytest.importorskip("mplhep", reason="the extra 'report' is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace of the CsI[Na] count and the result of a fit of it."""
    made = tmp_path_factory.mktemp("files")
    cevns.load("coherent-csi-2021").export("histfactory", made / "w.json")
    words = ("--asimov", "--fix", "t0=0.25", "--minos", "none", "--set", "normsys=code1")
    assert run(["fit", str(made / "w.json"), *words, "--json", str(made / "fit.json")]) == 0
    return made


def test_a_fit_of_a_file_is_reported_with_its_channels(folder: Path) -> None:
    page = document.compose(folder / "fit.json")
    record = json.loads((folder / "fit.json").read_text())
    samples = record["channels"]["coherent-csi-2021"]["samples"]
    text = unescape(page.html)
    assert page.title == "Fit of w"
    assert "mu = 0 is expected to be rejected at 1" in page.answers[0]
    assert "coherent-csi-2021: events" in text
    for name, counts in samples.items():
        assert f"{name},{counts['nominal']},{counts['fit']}" in text
    assert "background-only" not in page.answers[0]
    assert page.record == record


def test_its_command_makes_the_same_fit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cevns.report.document.record_part import record_parts

    record: dict[str, Any] = json.loads((folder / "fit.json").read_text())
    (part,) = record_parts(record, "f0")
    words = shlex.split(part.reproduce.code["Command line"])
    assert words[0] == "cevns"
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert run([*words[1:], "--json", "-"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {**again, "inputs": {}} == {**record, "inputs": {}}


def test_a_result_of_an_earlier_version_has_no_role_of_its_file(folder: Path) -> None:
    record = json.loads((folder / "fit.json").read_text())
    del record["inputs"]["files"][0]["role"]
    assert record["inputs"]["files"][0]["sha256"] in document.compose(record).html
