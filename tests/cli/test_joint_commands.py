"""Several experiments on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

NAME = "coherent-csi-2021"


@pytest.fixture
def future(folder: Path) -> Path:
    """A projection of twice the mass: the CsI file without its data."""
    path = folder / "future.yaml"
    text = (folder / "mine.yaml").read_text()
    text = text[: text.index("\ndata:")] + "\n"
    text = text.replace(f"name: {NAME}", "name: future").replace("mass: 14.6 kg", "mass: 29.2 kg")
    path.write_text(text)
    return path


def test_fit_prints_tables_and_json(cevns: Callable, future: Path) -> None:
    done = cevns("fit", NAME, future, "--asimov", "--width", "sns.flux=5%", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["question"] == "cross-section-scale"
    assert record["shared"]["qf.csi.0"] == [NAME, "future"]
    assert record["poi"]["value"] == pytest.approx(1.0, abs=1e-3)
    assert record["widths"][0]["poi"]["error"] < record["poi"]["error"]
    for words in ("shared: ", "who measures cross_section_scale", "with other constraints"):
        assert words in done.err


def test_counts_of_each(cevns: Callable, future: Path) -> None:
    done = cevns("fit", NAME, future, "--asimov", "--poi", "count", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["poi"] is None
    counts = [record["experiments"][n]["poi"]["value"] for n in (NAME, "future")]
    # twice the mass, twice the events; the minimum is good to a hundredth of an error
    assert counts[1] == pytest.approx(2 * counts[0], rel=2e-3)


def test_one_in_units_of_its_prediction(cevns: Callable) -> None:
    done = cevns("fit", NAME, "--poi", "cross-section-scale", "--json", "-")
    assert done.code == 0, done.err
    assert 0.85 < json.loads(done.out)["poi"]["value"] < 0.97


def test_profile_and_toys(cevns: Callable, future: Path) -> None:
    done = cevns("profile", NAME, future, "--asimov", "--points", "5", "--json", "-")
    assert done.code == 0, done.err
    assert json.loads(done.out)["parameter"] == "cross_section_scale"
    done = cevns("toys", NAME, future, "-n", "50", "--json", "-")
    assert done.code == 0, done.err
    assert set(json.loads(done.out)["experiments"]) == {NAME, "future"}


@pytest.mark.slow
def test_figures_of_each_and_of_the_joint_fit(cevns: Callable, future: Path) -> None:
    done = cevns("fit", NAME, future, "--asimov", "--plots", "figures", "--json", "-")
    assert done.code == 0, done.err
    drawn = {Path(f).stem for f in json.loads(done.out)["figures"]}
    each = {f"{n}-{what}" for n in (NAME, "future") for what in ("projections", "flux", "data2d")}
    assert each | {"pulls", "correlation", "profile"} <= drawn
    assert all((Path("figures") / f"{name}.png").stat().st_size > 1000 for name in drawn)


def test_before_any_fit(cevns: Callable, future: Path) -> None:
    done = cevns("predict", NAME, future, "--json", "-")
    assert done.code == 0, done.err
    blocks = json.loads(done.out)["experiments"]
    counts = [blocks[n]["expected"]["cevns"] for n in (NAME, "future")]
    assert counts[1] == pytest.approx(2 * counts[0], rel=1e-9)
    done = cevns("rate", NAME, future, "--model", "nsi", "--at", "eps_ee_u=0.1", "--json", "-")
    assert done.code == 0, done.err
    block = json.loads(done.out)["experiments"][NAME]
    assert block["physics"]["interaction"] == "nsi"
    assert block["expected"]["cevns"] < counts[0]


def test_systematics(cevns: Callable, future: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cevns("systematics", NAME, future, "--asimov", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert set(record["prediction_errors"]) == {NAME, "future"}
    assert "prediction future" in " ".join(done.err.split())


@pytest.mark.slow
def test_a_combination_and_a_coupling(cevns: Callable, future: Path) -> None:
    future.with_name("both.yaml").write_text(f"name: both\ncombination: [{NAME}, future.yaml]\n")
    asked = ("--model", "nsi", "--free", "eps_ee_u", "--at", "eps_mumu_u=0.05")
    done = cevns("fit", "both.yaml", *asked, "--asimov", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["poi"]["name"] == "eps_ee_u"
    assert record["parameters"]["eps_mumu_u"]["fixed"]
    assert set(record["experiments"]) == {NAME, "future"}


def test_changes_for_one_or_for_all(cevns: Callable, future: Path) -> None:
    both = (NAME, future, "--asimov", "--json", "-")
    done = cevns("fit", *both, "--set", "future:target.mass=50 kg")
    record = json.loads(done.out)
    assert record["experiments"]["future"]["overrides"] == {"target.mass": "50 kg"}
    assert record["experiments"][NAME]["overrides"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((NAME, NAME), "is given twice"),
        ((NAME, "mine.yaml"), "both called coherent-csi-2021"),
        ((NAME, "future.yaml"), "future declares no data"),
        ((NAME, "future.yaml", "--asimov", "--fix", "t0"), "unknown parameter 't0'"),
        ((NAME, "future.yaml", "--asimov", "--width", "sns.flux"), "write NAME=ERROR"),
        ((NAME, "future.yaml", "--asimov", "--width", "sns.flux=0%"), "must be positive"),
        ((NAME, "future.yaml", "--poi", "count", "--free", "sin2_theta_w"), "cannot be combined"),
        ((NAME, "--width", "sns.flux=5%"), "--width applies to joint fits"),
        (
            (NAME, "future.yaml", "--asimov", "--set", "future:parameters.sns.flux.constraint=2±1"),
            "'sns.flux' is 1 .* in coherent-csi-2021 and 2 .* in future",
        ),
        ((NAME, "future.yaml", "--asimov", "--set", "past:target.mass=3 kg"), "'past'"),
        ((NAME, "future.yaml", "--asimov", "--poi", "scale"), "unknown parameter of interest"),
    ],
)
def test_mistakes_are_one_sentence(
    cevns: Callable, future: Path, arguments: tuple[str, ...], said: str
) -> None:
    import re

    done = cevns("fit", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("cevns: ")
    assert done.err.count("\n") == 1, done.err
    assert re.search(said, done.err), done.err
