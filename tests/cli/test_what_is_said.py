"""What commands say: whole sentences, the true state of data, limits as limits."""

from __future__ import annotations

import json
from itertools import takewhile

import pytest

from cevns.cli import run
from cevns.cli.printed.fit_tables import other_digests
from cevns.cli.terminal.progress import progress_bar
from cevns.datasets import places


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", [("--help",), ("data", "--help")])
def test_no_command_is_cut_in_the_help(words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    lines = said(capsys, *words).splitlines()
    begins = [i for i, line in enumerate(lines) if line.endswith(":") and line != "Options:"]
    listed = [line for i in begins for line in takewhile(bool, lines[i + 1 :])]
    assert len(listed) >= (4 if "data" in words else 30)
    assert not [line for line in listed if line.endswith("...") or not line.endswith(".")]


def test_data_that_are_not_here_are_to_fetch(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path))
    monkeypatch.setattr(places, "cache_folder", lambda: tmp_path)
    rows = json.loads(said(capsys, "list", "experiments", "--json", "-"))["experiments"]
    state = {row["name"]: row["data"] for row in rows}
    assert state["coherent-lar-2020"] == "to fetch"
    assert state["xenonnt-2024"] == "to fetch"  # its counts are carried, its templates are not
    assert state["coherent-csi-2021"] == "carried"  # the package carries its tables
    assert state["ess-csi"] == "projection"
    # measurements whose data are not in the package are no projections
    assert state["coherent-lar-engineering"] == state["conus-2024"] == "not public"
    assert state["dresden-ii"] == "not carried"
    # and it is true: a fit ends with a sentence
    assert run(["fit", "coherent-lar-2020"]) == 2


def test_what_is_piped_follows_the_columns(monkeypatch, capsys):
    widths = {}
    for columns in ("60", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        widths[columns] = max(map(len, said(capsys, "list", "parameters").splitlines()))
    assert widths["60"] <= 60 < widths["120"] <= 120


def test_an_interval_from_the_bound_on_is_an_upper_limit(capsys):
    words = ("limit", "coherent-csi-2021", "--model", "magnetic-moment", "--parameter")
    assert "mu_nu_mu < 17." in said(capsys, *words, "mu_nu_mu=0:60:13")


def test_a_best_fit_outside_says_how_far_the_range_is_from_it(capsys):
    words = ("scan", "coherent-csi-2021", "--model", "nsi", "--parameter")
    far = said(capsys, *words, "eps_ee_u=0.15:0.2:4")
    assert "at the best scanned point -2 ln L is" in far
    assert "valley" not in far


def test_a_scan_is_drawn_with_json(tmp_path, capsys):
    file = tmp_path / "scan.h5"
    words = ("--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.4:4", "--out", str(file))
    said(capsys, "scan", "coherent-csi-2021", *words)
    record = json.loads(said(capsys, "plot", str(file), "--json", "-"))
    assert record["figures"] == [str(tmp_path / "scan.png")]
    assert "intervals" in record


def test_a_bar_without_a_total_counts_nothing(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("fits"):
        pass
    assert "?" not in capsys.readouterr().err.replace("\x1b[?25", "")


def test_foreign_digests_are_one_line():
    one, two = other_digests(["a" * 250]), other_digests(["a" * 250, "b" * 250])
    assert "1 file of" in one
    assert "2 files of" in two
    assert len(two) < 140
