"""``cevns relic`` as it is typed: JSON, tables, figures, and one sentence for what cannot be."""

from __future__ import annotations

import json

import pytest

from cevns.cli import run

POINT = ("--model", "dark-photon", "--at", "m_chi=10MeV", "--at", "m_v=30MeV")
MODELS = ("dark-photon", "dark-photon-dirac", "dark-photon-majorana", "dark-photon-pseudo-dirac")


def record(capsys, *words):
    assert run(["relic", *map(str, words), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_point_as_json(capsys):
    found = record(capsys, *POINT, "--at", "alpha_d=0.5")
    assert found["y_dm"] / 1.34e-11 == pytest.approx(1.0, abs=0.02)
    assert found["epsilon"] ** 2 * 0.5 / 81.0 / found["y_dm"] == pytest.approx(1.0, abs=1e-9)
    assert (found["m_chi_mev"], found["m_v_mev"], found["alpha_d"]) == (10.0, 30.0, 0.5)
    assert found["omega_h2"] == 0.12
    assert 15.0 < found["freeze_out_x"] < 20.0
    assert found["notes"] == []


def test_the_ratio_stands_for_the_mass_of_the_mediator(capsys):
    one = record(capsys, *POINT)
    other = record(capsys, "--model", "dark_photon", "--at", "m_chi=0.01GeV", "--ratio", "3")
    assert one["y_dm"] == other["y_dm"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("factor", "word"), [(0.5, "over-abundant"), (2.0, "under-abundant")])
def test_a_given_coupling_is_judged(capsys, model, factor, word):
    words = ("--model", model, "--at", "m_chi=10MeV", "--ratio", "3")
    y = record(capsys, *words)["y_dm"]
    given = record(capsys, *words, "--y-dm", factor * y)["given"]
    assert given["omega_h2"] * factor / 0.12 == pytest.approx(1.0, abs=0.12)  # nearly 1/Y
    assert given["verdict"].startswith(word)
    assert ("below the thermal target" in given["verdict"]) == (word == "over-abundant")


def test_on_the_line_it_is_all_of_dark_matter(capsys):
    y = record(capsys, *POINT)["y_dm"]
    assert record(capsys, *POINT, "--y-dm", y)["given"]["verdict"].startswith("all of dark matter")


def test_lines_over_masses(capsys, tmp_path):
    figure = tmp_path / "relic.png"
    found = record(
        capsys, "--model", MODELS[0], "--model", MODELS[2], "--masses", "3MeV:30MeV:3:log",
        "--ratio", "3", "--figure", figure,
    )  # fmt: skip
    assert [line["model"] for line in found["lines"]] == [MODELS[0], MODELS[2]]
    rising = [p["y_dm"] for p in found["lines"][0]["points"]]
    assert rising == sorted(rising)
    assert found["figure"] == str(figure)
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_baryonic_mediator_has_its_own_coupling(capsys, tmp_path):
    figure = tmp_path / "relic.svg"
    found = record(
        capsys, "--model", "leptophobic", "--at", "m_chi=200MeV", "--ratio", "3", "--figure", figure
    )
    assert found["y_dm"] is None
    assert 1e-7 < found["alpha_b"] < 1e-4
    assert figure.stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ((*POINT[:4], "--ratio", "1.5"), "chi chi -> V V in the thermal tail"),
        ((*POINT[:4], "--ratio", "2.1"), "m_v is within 10 % of 2 m_chi"),
        (("--model", MODELS[1], *POINT[2:]), "cosmic microwave background"),
    ],
)
def test_what_is_left_out_is_said(capsys, words, note):
    assert any(note in said for said in record(capsys, *words)["notes"])
    assert run(["relic", *words]) == 0
    assert note in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--at", "m_chi=10MeV"), "the mass of the mediator has no default"),
        (("--at", "m_chi=10MeV", "--at", "m_v=30MeV", "--ratio", "3"), "and not both"),
        (("--ratio", "3"), "the mass of chi has no default"),
        (("--at", "m_chi=10MeV", "--masses", "1MeV,2MeV", "--ratio", "3"), "and not both"),
        (("--at", "m_chi=10MeV", "--at", "m_v=9MeV"), "annihilate to two mediators"),
        (("--at", "m_chi=10MeV", "--at", "m_v=20MeV"), "twice m_chi"),
        (("--at", "m_chi=-10MeV", "--ratio", "3"), "must be positive"),
        (("--at", "m_chi=10", "--ratio", "3"), "a number without a unit"),
        (("--at", "m_chi=10cm", "--ratio", "3"), "'cm' is a unit of length"),
        (("--at", "m_chi=10MeV", "--at", "m_chi=2MeV", "--ratio", "3"), "given twice"),
        (("--at", "m_chi", "--ratio", "3"), "write NAME=VALUE"),
        (("--at", "m_x=10MeV", "--ratio", "3"), "unknown parameter of --at"),
        (("--at", "m_chi=10MeV", "--at", "alpha_d=4", "--ratio", "3"), "alpha_d is 4, above 1"),
        (("--at", "m_chi=10MeV", "--ratio", "nan"), "ratio m_v/m_chi must be positive"),
        (("--at", "m_chi=10MeV", "--ratio", "3", "--y-dm", "0"), "y_dm must be positive"),
        (("--at", "m_chi=10MeV", "--ratio", "3", "--y-dm", "1"), "a kinetic mixing of 12.7"),
        (("--at", "m_chi=10MeV", "--ratio", "3", "--y-dm", "1e-21"), "not in equilibrium"),
        (("--at", "m_chi=0.4MeV", "--ratio", "3"), "no annihilation channel is open at tree level"),
        (("--masses", "10MeV:1MeV:3", "--ratio", "3"), "from a lower to a higher"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(capsys, words, message):
    assert run(["relic", "--model", "dark-photon", *words]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("cevns: ")
    assert message in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "dark-foton", "--ratio", "3"), "did you mean 'dark-photon'"),
        (("--model", "leptophobic", "--ratio", "3"), "pi0 gamma, the lightest hadrons"),
    ],
)
def test_a_model_that_is_none_here(capsys, words, message):
    assert run(["relic", "--at", "m_chi=10MeV", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_baryonic_mediator_has_no_y(capsys):
    words = ("--model", "leptophobic", "--at", "m_chi=100MeV", "--ratio", "3", "--y-dm", "1e-10")
    assert run(["relic", *words]) == 2
    assert "its coupling is alpha_b" in capsys.readouterr().err
