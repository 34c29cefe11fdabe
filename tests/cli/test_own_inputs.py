"""What a command reads is not overwritten by what it writes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from cevns.cli.app import app
from cevns.cli.terminal.own_inputs import OUTPUTS

FIT = {"version": "0.1.0", "engine": "numpy", "citations": [], "numbers": [1, 2]}
TABLE = "coherent-csi-2021/ac-energy-1pe.csv"


@pytest.fixture
def inputs(folder: Path) -> dict[str, bytes]:
    """A folder of inputs, and what is in them."""
    (folder / "fit.json").write_text(json.dumps(FIT))
    (folder / "scan.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (folder / "patch.yaml").write_text("components: {}\n")
    os.link(folder / "mine.yaml", folder / "linked.yaml")
    (folder / "pointing.json").symlink_to(folder / "fit.json")
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ("report", "fit.json", "--out", "fit.json"),
        ("report", "mine.yaml", "--asimov", "--out", "mine.yaml"),
        ("report", "scan.h5", "--out", "scan.h5"),
        ("report", "mine.yaml", "scan.h5", "--json", "scan.h5"),
        ("report", "fit.json", "--json", "pointing.json"),
        ("export", "mine.yaml", "--asimov", "--to", "csv", "--out", "mine.yaml"),
        ("export", "mine.yaml", "--to", "hepdata", "--out", "new", "--scan", "scan.h5",
         "--json", "scan.h5"),
        ("fit", "mine.yaml", "--asimov", "--json", "mine.yaml"),
        ("fit", "mine.yaml", "--asimov", "--json", "linked.yaml"),
        ("fit", "mine.yaml", "--asimov", "--json", "./coherent-csi-2021/../mine.yaml"),
        ("fit", "mine.yaml", "--model", "nsi+patch.yaml", "--json", "patch.yaml"),
        ("fit", "mine.yaml", "--json", TABLE),
        ("fit", "coherent-csi-2021", "--set", "detector.quenching.file=fit.json",
         "--json", "fit.json"),
        ("cite", "mine.yaml", "--json", "mine.yaml"),
        ("validate", "mine.yaml", "--json", "mine.yaml"),
        ("plot", "scan.h5", "--json", "scan.h5"),
        ("inspect", "fit.json", "--table", "numbers", "--out", "fit.json"),
        ("merge", "scan.h5", "--out", "scan.h5"),
        ("fit", "mine.yaml", "--json", "new.json", "--json", "mine.yaml"),
        ("compare", "fit.json", "mine.yaml", "--plot", "mine.yaml"),
    ],
)  # fmt: skip
def test_an_input_is_not_overwritten(words, cevns, folder, inputs):
    done = cevns(*words)
    assert done.code == 2
    errors = done.err.splitlines()
    assert len(errors) == 1, done.err
    option, file = words[-2:]
    reader = "mine.yaml" if file == TABLE else "this command"
    said = f"{option} {Path(file)} would overwrite a file that {reader} reads; name another file"
    assert said in errors[0]
    assert {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == inputs


def test_two_outputs_are_two_files(cevns, folder):
    words = ("report", "mine.yaml", "--out", "new.html", "--json", "./new.html")
    done = cevns(*words)
    assert done.code == 2
    assert "--json and --out both name new.html; give each of them its own file" in done.err
    assert not (folder / "new.html").exists()


def test_outputs_of_earlier_runs_are_replaced(cevns, folder):
    (folder / "old.json").write_text("old")
    shutil.copy(folder / "mine.yaml", folder / "other.yaml")
    assert cevns("validate", "mine.yaml", "--json", "old.json").code == 0
    assert json.loads((folder / "old.json").read_text())["slips"] == {"mine.yaml": []}
    assert cevns("validate", "mine.yaml", "--json", "other.yaml").code == 0


@pytest.mark.parametrize("name", ["q.pdf", "q.json", "q.png"])
def test_a_report_is_an_html_file(name, cevns, folder):
    pytest.importorskip("jinja2")
    done = cevns("report", "mine.yaml", "--asimov", "--out", name)
    assert done.code == 2
    assert f"{name}: a report is an HTML file; name one that ends in .html" in done.err
    assert not (folder / name).exists()


def test_every_file_that_is_written_is_known() -> None:
    """A new option of a file is read or written: add it to `OUTPUTS`, or here to what is read."""
    read = {"data", "efficiency", "experiment", "file", "files", "fluxes", "like", "limits",
            "overlay", "release", "resolution", "scan", "scan_file", "scheduler", "shares",
            "sky_map", "target", "what"}  # fmt: skip
    folders = {"plots"}
    marks = ("FILE", "PATH", ".h5", "DIR", "CSV")
    found = set()

    def collect(command: Any) -> None:
        for each in getattr(command, "commands", {}).values():
            collect(each)
        for p in command.params:
            if any(mark in str(p.metavar or "") for mark in marks):
                found.add(p.name)

    collect(typer.main.get_command(app))
    assert found == read | folders | set(OUTPUTS)
