"""``cevns scan --parameter target.mass=...``: table, files, figures, and what is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

CRYO = "coherent-cryocsi"
MASS = ("scan", CRYO, "--parameter", "target.mass=5kg:20kg:3:log")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_table_file_curves_and_figure(cevns, here: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("h5py")
    done = cevns(*MASS, "--out", "mass.h5", "--plots", "figures", "--json", "mass.json")
    assert done.code == 0, done.err
    assert re.search(r"target\.mass \[kg\] +signal", done.out)
    rows = [line for line in done.out.splitlines() if line.startswith(" ")]
    assert len(rows) > 5
    assert all(len(line) <= 80 for line in rows)
    record = json.loads((here / "mass.json").read_text())
    assert record["values"] == pytest.approx([5.0, 10.0, 20.0])
    single = cevns("sensitivity", CRYO, "--topic", "cross-section", "--variant", "none",
                   "--set", "target.mass=10 kg", "--json", "-")  # fmt: skip
    assert record["expected"]["error"][1] == json.loads(single.out)["error"]
    lines = (here / "figures" / "scan-target-mass.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [float(r["error"]) for r in rows] == record["expected"]["error"]
    assert "upper_limit" not in rows[0]
    drawn = cevns("plot", "mass.h5", "--overlay", "mass.h5", "--title", "Ours", "--out", "m.svg")
    assert drawn.code == 0, drawn.err
    text = (here / "m.svg").read_text()
    assert "Ours" in text
    assert cevns("plot", "mass.h5", "--out", "m.csv").code == 0
    assert (here / "m.csv").read_text() == "\n".join(lines) + "\n"
    assert "field of the experiment file" in cevns("inspect", "mass.h5").out
    assert cevns("cite", "mass.h5").code == 0


def test_a_limit_against_time(cevns) -> None:
    done = cevns("scan", CRYO, "--model", "magnetic-moment", "--free", "mu_nu_mu",
                 "--parameter", "source.years=1:4:2", "--json", "-")  # fmt: skip
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["quantity"]["kind"] == "limit"
    short, long = record["expected"]["upper_limit"]
    # a background-limited square of the moment would fall with the root of time
    assert short > long > short / 4**0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parameter", "target.mass=1kg:3m:3"), "is a unit of"),
        (("--parameter", "target.mass=3kg:1kg:3"), "is no range"),
        (("--parameter", "target.mass"), "needs a range"),
        (("--parameter", "target.mass=0kg:1kg:3:log"), "starts above 0"),
        (("--parameter", "target.mass=1kg:2kg:2000"), "1,000 at most"),
        (("--parameter", "target.mass=1kg:2kg:2", "--method", "fc"), "leave it out"),
        (("--parameter", "target.mass=1kg:2kg:2", "--model", "nsi"), "--free"),
        (
            ("--parameter", "target.mass=1kg:2kg:2", "--parameter", "sin2_theta_w=0.2:0.3:3"),
            r"scanned alone.*--free \(sin2_theta_w\)",
        ),
        (("--parameter", "target.mass=1kg:2kg:2", "--label", "x=y", "--plots", "f"), "--label"),
    ],
)
def test_refusals(cevns, arguments: tuple[str, ...], message: str) -> None:
    done = cevns("scan", CRYO, *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert re.search(message, done.err), done.err


def test_a_limit_is_of_parameters(cevns) -> None:
    done = cevns("limit", CRYO, "--asimov", "--parameter", "target.mass=1kg:2kg:2")
    assert done.code == 2
    assert "'cevns scan' has limits against it" in done.err


def test_figures_of_another_field_are_not_overlaid(cevns, here: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("h5py")
    two = ("--out", "time.h5", "--parameter", "source.distance=10m:20m:2")
    assert cevns("scan", CRYO, *two).code == 0
    assert cevns(*MASS, "--out", "mass.h5").code == 0
    done = cevns("plot", "mass.h5", "--overlay", "time.h5")
    assert done.code == 2
    assert "time.h5 is not a scan of cross_section_scale over target.mass" in done.err
    assert not (here / "mass.png").exists()
    # before anything is computed
    early = cevns(*MASS, "--plots", "figures", "--overlay", "time.h5")
    assert early.code == 2
    assert early.out == ""
    assert early.err.endswith("overlay such a scan\n")
