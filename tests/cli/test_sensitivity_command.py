"""``cevns sensitivity`` as it is typed: one topic, the table of all, what is refused."""

from __future__ import annotations

import json

import pytest

from cevns.cli import run

CRYO, ARGON = "coherent-cryocsi", "coherent-ar-750"


def test_one_topic(capsys):
    words = ["--topic", "sin2-theta-w", "--years", "3", "--flux-error", "5%"]
    assert run(["sensitivity", CRYO, *words, "--json", "-"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["error"] == pytest.approx(0.0111, rel=0.02)
    assert found["quantity"] == "sin2_theta_w"
    low, high = found["interval_90"]
    assert low < 0.2386 < high
    said = found["assumptions"][CRYO]
    assert said["variant"] == "sensitivity"
    assert said["power"] == "2 MW of 1.3 GeV"
    assert said["distance"] == "19.3 m"
    assert said["mass"] == "10 kg CsI"
    assert said["threshold"].startswith("0.1 keVee")
    assert "measured in ac, 4 times as long" in said["backgrounds"]
    assert said["exposure"] == "3 years"
    assert said["flux error"] == "5 %"
    assert "variant: sensitivity" in captured.err


def test_lists_make_a_table_and_files_a_joint_number(capsys):
    words = ["--topic", "cross-section", "--years", "1,3", "--flux-error", "10%,2%"]
    assert run(["sensitivity", CRYO, ARGON, *words, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["expected"]) == 3 * 2 * 2
    joint = [x for x in found["expected"] if x["of"] == "joint"]
    assert all(x["error"] > x["error_if_independent"] for x in joint)
    assert found["error"] == joint[0]["error"]
    assert found["significance"] > 40


def test_another_variant_and_the_file_as_it_is(capsys):
    numbers = {}
    for variant in (None, "underground", "none"):
        words = [] if variant is None else ["--variant", variant]
        words = [*words, "--topic", "cross-section", "--json", "-"]
        assert run(["sensitivity", ARGON, *words]) == 0
        found = json.loads(capsys.readouterr().out)
        numbers[variant] = found["error"]
        said = found["assumptions"][ARGON]
        assert said["variant"] == {
            None: "sensitivity",
            "none": "none, the file without changes",
        }.get(variant, variant)
    assert numbers["underground"] < numbers[None] < numbers["none"]


def test_an_exposure_factor_for_measured_experiments(capsys):
    words = ["--topic", "cross-section", "--exposure-factor", "4", "--json", "-"]
    assert run(["sensitivity", "coherent-csi-2021", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["assumptions"]["coherent-csi-2021"]["exposure"] == "that of the file, times 4"
    assert found["expected"][0]["signal"] == pytest.approx(4 * 331, rel=0.01)


@pytest.mark.slow
def test_the_table_of_all_fits_eighty_columns(capsys, tmp_path):
    pytest.importorskip("mplhep")
    words = ["--matrix", "--years", "3", "--flux-error", "5%", "--plots", str(tmp_path)]
    record = tmp_path / "matrix.json"
    assert run(["sensitivity", CRYO, *words, "--json", str(record)]) == 0
    lines = capsys.readouterr().out.splitlines()
    numbers = next(i for i, line in enumerate(lines) if line.startswith(CRYO))
    assert all(len(line) <= 80 for line in lines[: numbers + 2])
    assert "sns-ppu, 2 MW of 1.3 GeV, 19.3 m, > 0.1 keVee" in lines[numbers]
    assert lines[numbers + 1].split()[:2] == ["6.4%", "0.011"]
    found = json.loads(record.read_text())
    assert found["rows"][0]["topics"]["cross-section"]["number"] == pytest.approx(0.0644, rel=0.02)
    assert (tmp_path / "sensitivity-matrix.png").stat().st_size > 10_000


def test_a_figure_of_one_topic(tmp_path, capsys):
    pytest.importorskip("mplhep")
    words = ["--topic", "cross-section", "--years", "1,5", "--plots", str(tmp_path)]
    assert run(["sensitivity", CRYO, *words]) == 0
    assert "figure:" in capsys.readouterr().out
    assert (tmp_path / "sensitivity-cross-section.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([CRYO], "select a topic with --topic"),
        ([CRYO, "--topic", "nsi", "--matrix"], "not both"),
        (["--topic", "nsi"], "name at least one experiment"),
        ([CRYO, "--topic", "weak"], "unknown topic 'weak'"),
        ([CRYO, "--topic", "nsi", "--years", "3a"], "'3a' is not a number"),
        ([CRYO, "--topic", "nsi", "--years", "0"], "give a positive number"),
        ([CRYO, "--topic", "nsi", "--flux-error", "5"], "write 5%?"),
        ([CRYO, "--topic", "nsi", "--flux-error", "five"], "write 10%,5%,2%"),
        ([CRYO, "--topic", "sterile", "--at", "dm2_41"], "write NAME=NUMBER"),
        ([CRYO, "--topic", "nsi", "--variant", "warm"], "unknown variant 'warm'"),
        ([CRYO, "--matrix", "--years", "1,3"], "one number of years"),
        ([CRYO, "--matrix", "--exposure-factor", "2"], "apply to one --topic"),
        (["--matrix", "--variant", "underground"], "--variant applies to named experiments"),
        (["coherent-csi-2021", "--topic", "nsi", "--years", "3"], "years are not defined"),
    ],
)
def test_what_is_refused(words, said, capsys):
    assert run(["sensitivity", *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
