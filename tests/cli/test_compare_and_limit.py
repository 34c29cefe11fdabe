"""``cevns compare``, ``cevns limit``, ``cevns list results``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cevns.cli.app import app

RUNNER = CliRunner()


def record(*arguments: str) -> dict:
    done = RUNNER.invoke(app, [*arguments, "--json", "-"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_compare_with_figure(tmp_path):
    pytest.importorskip("mplhep")
    figure = tmp_path / "changes.svg"
    found = record("compare", "coherent-csi-2017", "coherent-csi-2021", "--plot", str(figure))
    assert found["steps"][0]["change"] == "protons on target"
    assert found["figures"] == [str(figure)]
    text = figure.read_text()
    assert "<svg" in text


def test_compare_shows_both_predictions():
    done = RUNNER.invoke(
        app, ["compare", "coherent-csi-2017", "coherent-csi-2021"], env={"COLUMNS": "100"}
    )
    assert done.exit_code == 0
    for word in ("168.5", "331.4", "quenching", "expected significance", "405 ± 20.1"):
        assert word in done.stdout


def test_compare_shows_bin_edges_whole_at_80_columns():
    done = RUNNER.invoke(
        app, ["compare", "coherent-csi-2017", "coherent-csi-2021"], env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0
    assert "..." not in done.stdout
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    first = next(i for i, line in enumerate(lines) if "energy region" in line)
    before, after = (
        " ".join(" ".join(line[a:b] for line in lines[first : first + 3]).split())
        for a, b in ((18, 36), (36, 53))
    )
    assert before == "6 to 30 in steps of 2"
    assert after == "[0, 8, 12, 16, 20, 24, 32, 40, 50, 60]"


def test_limit():
    found = record("limit", "coherent-lar-engineering", "--events", "7.4")
    assert found["origin"] == "given"
    assert found["ratio_to_prediction"] == pytest.approx(7.4 / found["predicted_events"])
    # the published events of an experiment without data are taken where nothing else is given
    assert record("limit", "coherent-lar-engineering")["events"] == found["events"] == 7.4
    done = RUNNER.invoke(app, ["limit", "coherent-ge-2024"])
    assert "one-sided profile likelihood, of the observed counts" in done.stdout


DARK = [
    "coherent-csi-2021-dm",
    "--model",
    "dark-photon",
    "--at",
    "m_chi=10MeV",
    "--at",
    "alpha_d=0.5",
]
DARK += ["--at", "mass_ratio=3", "--set", "components.dm.source.pi0_per_proton=0.44"]


@pytest.mark.slow
def test_a_limit_on_dark_matter_with_a_changed_source_and_a_held_pulse():
    found = record("limit", *DARK, "--free", "y_dm", "--fix", "t0")
    # four times the pi0 are half of Y
    assert found["upper_limit"] * 1e11 == pytest.approx(0.5 * 3.27, rel=0.01)
    assert found["overrides"] == {"components.dm.source.pi0_per_proton": "0.44"}
    held = record("limit", *DARK, "--parameter", "y_dm=5e-12:5e-11:9:log", "--fix", "t0")
    assert held["upper_limit"] / found["upper_limit"] == pytest.approx(1.0, rel=5e-3)
    assert held["model"] == "dark-photon"


def test_a_limit_on_dark_matter_is_on_one_parameter():
    done = RUNNER.invoke(app, ["limit", *DARK, "--free", "y_dm", "--free", "epsilon"])
    assert done.exit_code != 0
    assert "this limit is on one parameter" in str(done.exception or done.output)


def test_results():
    rows = record("list", "results")["results"]
    assert [r["events"] for r in rows if r["name"] == "coherent-ge-2026"] == ["124 +14 -12"]


@pytest.mark.parametrize(
    "name", [pytest.param("csi-2017", marks=pytest.mark.slow), "ge2024", "lar-engineering"]
)
def test_published_numbers_agree(name):
    rows = record("reproduce", name)["rows"]
    assert rows
    assert all(row["agrees"] is not False for row in rows)
