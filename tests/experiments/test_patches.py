"""New physics as a file: what ``--model FILE.yaml`` adds to the experiment of another file."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.cli import main
from cevns.exceptions import InputError, SchemaError, UnknownNameError

EXPERIMENT = """
schema: 1
name: ge-beam
interaction: {kind: standard-model}
source: {kind: sns, distance: 19.3 m, protons: 3.2e23, yield_per_flavour: 0.08}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157}
  resolution: {kind: gaussian, noise: 100 eVee}
axes:
  energy: {unit: keVee, edges: [0.5, 1, 1.5, 2, 3, 4, 6]}
backgrounds:
  flat: {count: 50 +/- 5, energy: {kind: flat}}
"""
PATCH = """
components:
  second:
    title: a second, weaker source
    source: {kind: sns, distance: 38.6 m, protons: 3.2e23, yield_per_flavour: 0.08}
    strength: [second_strength]
parameters:
  second_strength: {acts_on: component, free: 0.0}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ge-beam.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    return path


def patch(tmp_path: Path, text: str = PATCH, name: str = "second.yaml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_component_comes_with_its_own_source(file: Path, tmp_path: Path) -> None:
    plain = cevns.load(file)
    both = cevns.load(file, models=patch(tmp_path))
    model = both.model()
    assert model.parameters.names == ("cevns", "flat", "second_strength")
    theta = np.array([100.0, 50.0, 1.0])
    totals = model.totals(theta)
    # at twice the distance a quarter of what the first source gives
    assert totals["second"] == pytest.approx(plain.predict()["ge-beam"]["cevns"] / 4, rel=1e-9)
    assert totals["cevns"] == pytest.approx(100.0)


def test_strength_is_asked_for_with_the_rest_as_declared(file: Path, tmp_path: Path) -> None:
    study = cevns.load(file, models=patch(tmp_path))
    found = study.fit(free=("second_strength",), asimov=True).fit
    p = found["second_strength"]
    model = study.model(free=("second_strength",))
    assert model.parameters["second_strength"].role == "poi"
    assert "cevns" not in model.parameters.names  # it stands where it is predicted
    theta = model.parameters.values
    mu, s = model.expected(theta), model.components(theta + np.eye(2)[0])["second"]
    b = model.components(theta)["flat"] / 50.0
    slopes = np.stack([s, b])
    information = slopes / mu @ slopes.T + np.diag([0.0, 1 / 25.0])
    expected = np.sqrt(np.linalg.inv(information)[0, 0])
    assert p.value == pytest.approx(0.0, abs=1e-6 * expected)
    assert p.error == pytest.approx(expected, rel=1e-4)  # though it lies on its bound
    # a bound at zero leaves the upper error, whose -2 ln L is a parabola to a few per cent
    assert p.error_up == pytest.approx(expected, rel=0.05)


def test_prediction_and_rate_at_a_strength(file: Path, tmp_path: Path) -> None:
    added = patch(tmp_path)
    study = cevns.load(file, models=added)
    nominal = study.predict()["ge-beam"]
    moved = study.predict(at={"second_strength": 2.0})["ge-beam"]
    assert nominal["second"] == 0.0
    assert moved["second"] == pytest.approx(0.5 * nominal["cevns"], rel=1e-9)
    assert moved["cevns"] == pytest.approx(nominal["cevns"], rel=1e-9)
    rate = study.rate(at={"second_strength": 2.0})["ge-beam"]
    assert rate.expected["second"] == pytest.approx(moved["second"])
    record = rate.to_dict()
    assert record["patches"] == ["second.yaml"]  # the name, without the folders of a machine
    digests = {f["name"]: f["sha256"] for f in record["inputs"]["files"] if f["role"] == "patch"}
    assert digests == {"second.yaml": sha256(Path(added).read_bytes()).hexdigest()}
    assert str(tmp_path) not in json.dumps(record)


def test_patches_combine_with_each_other_and_with_an_interaction(
    file: Path, tmp_path: Path
) -> None:
    third = patch(tmp_path, PATCH.replace("second", "third"), "third.yaml")
    study = cevns.load(file, models=f"{patch(tmp_path)}+nsi+{third}")
    model = study.model(free=("eps_ee_u", "third_strength"))
    assert model.parameters.names[:3] == ("eps_ee_u", "third_strength", "flat")
    assert {"second", "third"} <= set(model.totals(model.parameters.values))
    assert study.experiments[0].provenance()["patches"] == ["second.yaml", "third.yaml"]


def test_interaction_of_a_patch_takes_the_place_of_the_declared_one(
    file: Path, tmp_path: Path
) -> None:
    helm = patch(tmp_path, "interaction: {form_factor: helm}\n")
    changed = cevns.load(file, models=helm).predict()["ge-beam"]["cevns"]
    direct = cevns.load(file, overrides={"interaction.form_factor": "helm"})
    assert changed == direct.predict()["ge-beam"]["cevns"]
    assert changed != cevns.load(file).predict()["ge-beam"]["cevns"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("components:", "component:", r"second.yaml.*line 2.*did you mean 'components'"),
        ("distance: 38.6 m", "distance: 38.6 kg", r"second.yaml.*line 5.*kg"),
        ("[second_strength]", "[]", r"no 'strength' has it"),
        ("strength: [", "strengths: [", r"second.yaml.*line 6.*did you mean 'strength'"),
        (PATCH, "components: {}\n", "the patch is empty"),
        (PATCH, "components: 3\n", "expected a section"),
    ],
)
def test_slips_name_the_patch(
    file: Path, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    text = PATCH.replace(old, new)
    assert text != PATCH
    with pytest.raises((SchemaError, InputError), match=sentence):
        cevns.load(file, models=patch(tmp_path, text)).model()


def test_what_is_there_already_is_not_added(file: Path, tmp_path: Path) -> None:
    twice = f"{patch(tmp_path)}+{patch(tmp_path, name='again.yaml')}"
    with pytest.raises(SchemaError, match=r"again.yaml.*already has this name"):
        cevns.load(file, models=twice)
    with pytest.raises(UnknownNameError, match="second_strengths"):
        cevns.load(file, models=patch(tmp_path)).fit(free=("second_strengths",), asimov=True)


def test_command_line(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fit.json"
    arguments = ["fit", str(file), "--model", patch(tmp_path), "--free", "second_strength"]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--asimov", "--json", str(out)])
    assert stop.value.code == 0
    assert "second_strength" in capsys.readouterr().out
    assert json.loads(out.read_text())["poi"]["name"] == "second_strength"


def test_prior_of_a_component_is_that_of_its_strength(file: Path, tmp_path: Path) -> None:
    study = cevns.load(file, models=patch(tmp_path))
    free = study.fit(free=("second_strength",), asimov=True, minos="none").only
    assert free.components["second"].prediction_error == np.inf
    assert free.components["second"].predicted == "0.0 (free)"
    text = PATCH.replace("free: 0.0", "constraint: 2.0 +/- 0.5")
    held = cevns.load(file, models=patch(tmp_path, text)).fit(asimov=True, minos="none").only
    second = held.components["second"]
    assert second.prediction_error == pytest.approx(0.25 * second.prediction)


def test_a_patch_may_derive_a_strength_and_correlate(file: Path, tmp_path: Path) -> None:
    text = PATCH.replace("[second_strength]", "[second_strength, calibration]").replace(
        "second_strength: {acts_on: component, free: 0.0}",
        "coupling: {acts_on: function, free: 0.5}\n"
        "  calibration: {acts_on: component, constraint: 1.0 +/- 0.1}",
    ) + (
        "derived:\n  second_strength: {kind: power, parameter: coupling, exponent: 4}\n"
        "correlations:\n"
        "  - {parameters: [flat, calibration], covariance: [[25, 0.2], [0.2, 0.01]]}\n"
    )
    model = cevns.load(file, models=patch(tmp_path, text)).model("cross-section")
    assert "second_strength" not in model.parameters.names
    theta = model.parameters.at({"coupling": 1.0}).values
    half = model.parameters.at({"coupling": 0.5}).values
    assert model.totals(half)["second"] == pytest.approx(model.totals(theta)["second"] / 16)
    (together,) = [c for c in model.channels if c.auxiliary]
    assert together.observed.tolist() == [50.0, 1.0]
    with pytest.raises(SchemaError, match=r"correlations.*expected a list"):
        cevns.load(file, models=patch(tmp_path, "correlations: {a: 1}\n", "wrong.yaml"))
