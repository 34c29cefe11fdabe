"""From one prediction to another: the steps are complete, and each is what its field says."""

from __future__ import annotations

import math

import pytest

from cevns.analysis.changes import _predict, _signal_only, compare
from cevns.exceptions import MissingExtraError
from cevns.experiments import load
from cevns.experiments.declaration.loader import CATALOGUE


@pytest.fixture(scope="module")
def changes():
    return compare(load("coherent-csi-2017"), load("coherent-csi-2021"))


def test_it_starts_and_ends_at_the_two_predictions(changes):
    first, second = (load(f"coherent-csi-{y}").prediction() for y in (2017, 2021))
    assert changes.start == pytest.approx(first, rel=1e-8)
    # without pulls the response is tabulated alone: bins are good to 1e-9
    assert changes.end == pytest.approx(second, rel=1e-8)
    product = math.prod(s.ratio for s in changes.steps)
    assert product == pytest.approx(second / first, rel=1e-8)


def test_what_only_scales_is_the_ratio_of_its_numbers(changes):
    ratio = {s.label: s.ratio for s in changes.steps}
    assert ratio["protons on target"] == pytest.approx(3.198 / 1.76, rel=1e-9)
    assert ratio["neutrinos per proton"] == pytest.approx(0.0848 / 0.08, rel=1e-9)
    # a step is folded on its own nodes, good to 1e-9 a bin
    assert ratio["target"] == pytest.approx(14.6 / 14.57, rel=1e-8)
    assert "distance" not in ratio  # both at 19.3 m
    assert "cross section" not in ratio


def test_what_changed_in_words(changes):
    labels = [s.label for s in changes.steps]
    assert labels[3:] == [
        "quenching",
        "light yield and resolution",
        "efficiency",
        "energy region",
        "time window and efficiency",
    ]
    quenching = changes.steps[3]
    assert quenching.before["detector.quenching.value"] == "0.0878"
    assert quenching.after["detector.quenching.kind"] == "polynomial"
    assert changes.backgrounds()["nin"] == ("", "5.6 ± 2")
    assert changes.backgrounds()["ssb"][0] == "405 ± 20.1"


def test_expected_significance_grows(changes):
    before, after = changes.expected_z
    assert 7.5 < before < 9  # 168 events over 405 in 144 bins
    assert 11.5 < after < 12.5


def test_back_again(changes):
    back = compare(changes.second, changes.first)
    assert back.end == pytest.approx(changes.start, rel=1e-9)
    one, other = ({s.label: s.ratio for s in c.steps} for c in (changes, back))
    assert one["protons on target"] * other["protons on target"] == pytest.approx(1, rel=1e-9)


def test_an_experiment_and_itself():
    same = compare(load("coherent-csi-2017"), load("coherent-csi-2017"))
    assert same.steps == ()
    assert same.end == same.start


def test_other_sections_go_over_as_everything_else():
    """Between nuclei nothing is left behind, and a projection has no significance."""
    ge = load("coherent-ge-2024")
    there = compare(load("coherent-lar-engineering"), ge)
    assert there.end == pytest.approx(ge.prediction(), rel=1e-8)
    assert there.expected_z[0] is None


def test_what_makes_no_experiment_alone_goes_with_the_next_change():
    """A resolution in keVee with a region in PE is impossible: both go over at once."""
    ge = load("coherent-ge-2024")
    there = compare(load("coherent-csi-2017"), ge)
    assert there.end == pytest.approx(ge.prediction(), rel=1e-8)
    (both,) = [s for s in there.steps if "light yield and resolution" in s.label]
    assert "energy region" in both.label


def test_an_error_that_no_later_change_repairs_is_raised(changes, monkeypatch):
    """Only what comes of half a change is left to the next one."""
    failed = []

    def predict(experiment, values):
        if experiment is changes.first and values["axes"] != changes.second.document.values["axes"]:
            failed.append(experiment)
        if len(failed) == 2:  # the step after the start
            raise MissingExtraError("uproot", "root", "a flux file")
        return _predict(experiment, values)

    monkeypatch.setattr("cevns.analysis.changes._predict", predict)
    with pytest.raises(MissingExtraError):
        compare(changes.first, changes.second)


def test_record(changes):
    record = changes.to_dict()
    assert record["second_prediction"] == changes.end
    assert record["steps"][0]["after"] == {"source.protons": "3.198e+23"}


def test_a_released_signal_template_is_replaced_by_first_principles():
    """Its parts cannot be exchanged; 122.4 is what the file's detector predicts."""
    lar = load("coherent-lar-2020")
    assert _predict(lar, _signal_only(lar.document.values)) == pytest.approx(122.4, abs=0.1)


def test_fields_of_a_source_go_one_by_one():
    """Power and distance of a reactor by themselves; a free background has no error."""
    curve = {"detector.quenching": "{kind: lindhard, z: 32, a: 72.63, k: 0.162}"}  # without a pull
    first, second = load("conus-2020"), load("texono-2025", overrides=curve)
    found = compare(first, second)
    ratio = {s.label: s.ratio for s in found.steps}
    assert ratio["power"] == pytest.approx(2.9 / 3.9, rel=1e-9)
    assert ratio["distance"] == pytest.approx((17.1 / 28) ** 2, rel=1e-9)
    assert 1.01 < ratio["fractions"] < 1.03  # more U-235, of which a fission gives most
    assert math.prod(ratio.values()) == pytest.approx(found.end / found.start, rel=1e-9)
    assert found.end == pytest.approx(second.prediction(), rel=1e-9)
    assert found.backgrounds()["background"] == ("870.507 (free)", "")


def test_sources_of_two_kinds_go_over_whole():
    found = compare(load("coherent-ge-2024"), load("conus-2020"))
    assert "source" in found.steps[0].label
    assert found.end == pytest.approx(load("conus-2020").prediction(), rel=1e-9)


def test_pulls_of_the_spectra_play_no_part(tmp_path):
    """Huber's errors are not those of BESTIOLE, and a file on the way may have both."""
    text = CATALOGUE.joinpath("conus-2020.yaml").read_text(encoding="utf-8")
    pull = "parameters:\n  huber.normalisation: {constraint: 0 +/- 1, acts_on: source}\n"
    for name, spectra, pulls in (("hm", "hm-bestiole", pull), ("summed", "bestiole", "")):
        other = text.replace("name: conus-2020", f"name: {name}")
        other = other.replace("kind: reactor", f"kind: reactor\n  spectra: {spectra}") + pulls
        (tmp_path / f"{name}.yaml").write_text(other, encoding="utf-8")
    first, second = (load(tmp_path / f"{name}.yaml") for name in ("hm", "summed"))
    found = compare(first, second)
    assert [s.label for s in found.steps] == ["spectra"]
    assert found.end == pytest.approx(second.prediction(), rel=1e-9)
