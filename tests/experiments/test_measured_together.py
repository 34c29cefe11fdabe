"""Correlated and external measurements, and factors on the signal, in every question and fit.

The experiment is one bin, so that the answers are those of error propagation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import cevns
from cevns.analysis.shifts import prediction_error
from cevns.exceptions import CevnsError
from cevns.experiments import load

FILE = """
schema: 1
name: one-bin
source: {kind: sns, distance: 20 m, protons: 1e25}
target: {material: Ge, mass: 20 kg}
detector: {efficiency: {recoil: {kind: step, threshold: 2}}}
backgrounds: {b: {count: 30000 +/- 1, strength: [cal]}}
parameters:
  flux: {constraint: 1.0 +/- 0.1, acts_on: signal, shared: true}
  cal: {constraint: 1.0 +/- 0.1, acts_on: component, shared: true}
correlations:
  - parameters: [flux, cal]
    covariance: [[0.010, 0.006], [0.006, 0.010]]
"""


def written(folder: Path, text: str = FILE, name: str = "one-bin") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("one-bin", name), encoding="utf-8")
    return path


def test_a_parameter_keeps_its_measurement_where_the_other_has_no_effect(tmp_path: Path) -> None:
    background = cevns.load(written(tmp_path)).fit(asimov=True, minos="none").components["b"]
    assert background.prediction_error == pytest.approx(np.hypot(1.0, 3000.0))
    # the count does not depend on the flux: of the covariance the calibration's own part is left
    poi = cevns.load(written(tmp_path)).fit(asimov=True, minos="none").poi
    assert poi.error == pytest.approx(np.sqrt(poi.value + 30000 + 3000**2), rel=1e-3)


def test_correlated_measurement_counts_once_in_a_joint_fit(tmp_path: Path) -> None:
    one, two = written(tmp_path, name="one"), written(tmp_path, name="two")
    alone = cevns.load(one).fit("cross-section-scale", asimov=True, minos="none")
    both = cevns.load(one, two).fit(asimov=True, minos="none")
    correlated = [c for c in both.model.channels if c.auxiliary]
    assert len(correlated) == 1
    # the flux is common: two experiments know the scale no better than it is known
    assert both.fit["flux"].error == pytest.approx(0.1, rel=0.05)
    assert alone.fit["flux"].error == pytest.approx(0.1, rel=0.05)
    # what stands with the first file is known to the second alone too
    for name in ("one", "two"):
        contribution = both.results[name].contribution
        assert contribution is not None
        assert contribution.alone is not None
        assert contribution.alone.error == pytest.approx(alone.poi.error, rel=1e-3)


def test_covariances_of_shared_parameters_must_agree(tmp_path: Path) -> None:
    one = written(tmp_path, name="one")
    two = written(tmp_path, FILE.replace("0.006", "0.005"), name="two")
    with pytest.raises(CevnsError, match="the covariance of flux, cal is another one"):
        cevns.load(one, two).model()


def test_prediction_has_the_error_of_correlated_factors(tmp_path: Path) -> None:
    text = FILE.replace("strength: [cal]", "").replace("schema: 1", "schema: 1\nstrength: [cal]")
    text = text.replace("count: 30000 +/- 1, ", "count: 30000 +/- 1")
    file = written(tmp_path, text)
    experiment = load(file)
    # relative variance of a product: 0.01 + 0.01 + 2 x 0.006
    expected = pytest.approx(np.sqrt(0.032), rel=1e-3)
    assert prediction_error(experiment) / experiment.prediction() == expected
    assert cevns.load(file).systematics(asimov=True).prediction_error == expected


@pytest.mark.parametrize("question", ["count", "cross-section"])
def test_factors_on_the_signal_are_in_its_prediction(tmp_path: Path, question: str) -> None:
    text = FILE[: FILE.index("correlations")].replace("strength: [cal]", "strength: [cal, half]")
    plain = load(written(tmp_path, text.replace(", half", ""), "plain")).prediction()
    signal = "schema: 1\nstrength: [half, {kind: linear, parameter: a, width: 0.2, centre: -1}]"
    text = text.replace("schema: 1", signal).replace(
        "parameters:",
        "parameters:\n  half: {constraint: 0.5 +/- 0.1, acts_on: component}\n"
        "  a: {constraint: 0 +/- 1, acts_on: function}",
    )
    experiment = load(written(tmp_path, text))
    model = experiment.model(question)
    assert model.totals(model.parameters.values)["cevns"] == pytest.approx(0.5 * 1.2 * plain)
    assert experiment.prediction() == pytest.approx(0.5 * 1.2 * plain)
    steps = cevns.load(tmp_path / "plain.yaml", experiment.path).compare()["one-bin"].steps
    assert all(s.ratio == pytest.approx(1.0) for s in steps)  # nominal detector and source


def test_arrival_of_another_source_is_its_own(tmp_path: Path) -> None:
    text = FILE[: FILE.index("correlations")].replace(
        "source: {kind: sns, distance: 20 m, protons: 1e25}",
        "source:\n  kind: sns\n  distance: 20 m\n  protons: 1e25\n"
        "  arrival: {kind: periodic, begin: 0 d, end: 180 d, amplitude: 0.1, maximum: 90 d}",
    )
    text = text.replace(
        "parameters:", "parameters:\n  amplitude: {constraint: 0.1 +/- 0.02, acts_on: arrival}"
    )
    text += (
        "components:\n  second:\n    source: {kind: sns, distance: 40 m, protons: 1e25, "
        "arrival: {kind: steady, begin: 0 d, end: 180 d}}\n"
    )
    model = load(written(tmp_path, text)).model("cross-section")
    moved = model.parameters.at({"amplitude": 0.2}).values
    before, after = (model.totals(t) for t in (model.parameters.values, moved))
    assert after["second"] == before["second"]
    assert after["cevns"] > 1.01 * before["cevns"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("schema: 1", "schema: 1\nstrength: [flux]", "acts on the signal already"),
        ("[cal]", "[cal, cal]", "multiply it twice"),
        ("[0.006, 0.010]]", "[0.002, 0.010]]", "not symmetric"),
        ("0.006", "0.02", "not positive definite"),
        ("[flux, cal]", "[cal, cal]", "given twice"),
        ("[0.010, 0.006], [0.006, 0.010]", "[0.010]", "2 rows of 2"),
        ("\ndetector:", "\naxes: {cells: c.csv}\ndetector:", "declare an axis"),
        ("\ndetector:", "\ndata: {counts: 803.5}\ndetector:", "not whole numbers"),
    ],
)
def test_slips(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with refused(sentence):
        load(written(tmp_path, FILE.replace(old, new))).model()


def test_external_measurement_has_one_name(tmp_path: Path) -> None:
    entry = "{observable: {kind: weak-charge, nuclide: Cs133}, measured: -72.82 +/- 0.42}"
    twice = written(tmp_path, f"{FILE}external: {{a: {entry}, b: {entry}}}\n", "twice")
    with pytest.raises(CevnsError, match="under two names"):
        load(twice)
    one = written(tmp_path, f"{FILE}external: {{a: {entry}}}\n", "one")
    two = written(tmp_path, f"{FILE}external: {{b: {entry}}}\n", "two")
    with pytest.raises(CevnsError, match="has a different name in two"):
        cevns.load(one, two).model()


def test_the_count_of_a_background_is_measured_together_with_a_factor(tmp_path: Path) -> None:
    """A calibration that moves the background and is correlated with its count."""
    text = (
        FILE.replace("[flux, cal]", "[b, cal]")
        .replace("[[0.010, 0.006], [0.006, 0.010]]", "[[90000.0, -24.0], [-24.0, 0.010]]")
        .replace("30000 +/- 1", "30000 +/- 300")
    )
    fit = cevns.load(written(tmp_path, text)).fit(asimov=True, minos="none")
    # by error propagation: the product of count and factor
    slopes = np.array([1.0, 30000.0])
    covariance = np.array([[90000.0, -24.0], [-24.0, 0.010]])
    expected = np.sqrt(slopes @ covariance @ slopes)
    assert fit.components["b"].prediction_error == pytest.approx(expected, rel=1e-6)
    total = fit.poi.value + 30000
    assert fit.poi.error == pytest.approx(np.sqrt(total + expected**2), rel=1e-3)


def test_a_covariance_that_a_question_halves_in_one_file_only_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path, name="one")
    two = written(tmp_path, FILE.replace("[cal]", "[cal, flux]"), name="two")
    study = cevns.load(one, two)
    with refused("flux, cal have one covariance.*leaves cal of them in one and flux, cal in two"):
        study.model("count")
    assert len([c for c in study.model("cross-section-scale").channels if c.auxiliary]) == 1


def test_numbers_are_factors(tmp_path: Path) -> None:
    plain = load(written(tmp_path))
    text = FILE.replace("strength: [cal]", "strength: [cal, 0.5]") + "strength: [2.0]\n"
    other = load(written(tmp_path, text, "other"))
    assert other.prediction() == pytest.approx(2.0 * plain.prediction(), rel=1e-12)
    model = other.model("cross-section")
    assert model.totals(model.parameters.values)["b"] == pytest.approx(15000.0)
    count = cevns.load(tmp_path / "other.yaml").fit(asimov=True, minos="none").poi
    assert count.value == pytest.approx(2.0 * plain.prediction(), rel=1e-6)
    with refused(r"'strength\.0': must be greater than 0, got -2.0"):
        load(written(tmp_path, FILE + "strength: [-2.0]\n", "wrong"))


def test_a_variant_may_hold_a_section(tmp_path: Path) -> None:
    text = FILE + (
        "variants:\n  heavy: {target: {material: Ge, mass: 40 kg}, "
        "detector.efficiency.recoil: {kind: step, threshold: 2, plateau: 0.5}}\n"
    )
    path = written(tmp_path, text)
    heavy = load(path, overrides={"variant": "heavy"})
    assert heavy.prediction() == pytest.approx(load(path).prediction(), rel=1e-12)
    assert heavy.declaration.target.mass == 40.0
