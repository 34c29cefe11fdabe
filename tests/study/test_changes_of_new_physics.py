"""Fields of what new physics lays over a file are changed by name, like those of the file."""

from __future__ import annotations

import pytest

import cevns
from cevns.exceptions import InputError, SchemaError, UnknownNameError

NAME, OTHER = "coherent-csi-2021-dm", "coherent-lar-engineering"
AT = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
ANGLE = "components.dm.source.angle"


def events(**options):
    return cevns.load(NAME, models="dark-photon", **options).predict(at=AT)[NAME]["dm"]


def test_a_change_reaches_the_component():
    plain = events()
    assert events(overrides={"components.dm.source.pi0_per_proton": "0.22"}) == pytest.approx(
        2 * plain, rel=1e-6
    )
    ahead = events(overrides={ANGLE: "0 deg"})
    assert ahead > 2 * plain
    # the same field of the source of the file, which the component takes over, and both
    assert events(overrides={"source.angle": "0 deg"}) == pytest.approx(ahead, rel=1e-6)
    both = {"source.angle": "0 deg", ANGLE: "90 deg"}
    assert events(overrides=both) == pytest.approx(plain, rel=1e-6)


def test_it_is_echoed_and_of_one_experiment_alone():
    study = cevns.load(
        NAME,
        OTHER,
        models="dark-photon",
        overrides={f"{NAME}:{ANGLE}": "70 deg", f"{OTHER}:target.mass": "20 kg"},
    )
    here, there = (e.provenance() for e in study.experiments)
    assert here["overrides"] == {ANGLE: "70 deg"}
    assert there["overrides"] == {"target.mass": "20 kg"}
    for e in study.experiments:
        assert e.provenance()["patches"] == ["--model dark-photon"]


def test_a_patch_of_the_user_is_changed_too(tmp_path):
    path = tmp_path / "dark.yaml"
    path.write_text(
        "components:\n  dark:\n    title: dark matter\n"
        "    source: {kind: meson-decay, distance: 19.3 m, protons: 1e23}\n"
        "    interaction: {kind: dark-photon}\n"
    )
    changed = {"components.dark.source.protons": "2e23"}
    counts = []
    for overrides in ({}, changed):
        study = cevns.load(NAME, models=str(path), overrides=overrides)
        counts.append(study.predict(at=AT)[NAME]["dark"])
    assert counts[1] == pytest.approx(2 * counts[0], rel=1e-9)


@pytest.mark.parametrize(
    ("overrides", "error", "said"),
    [
        ({"components.dm.source.bremstrahlung": "none"}, SchemaError, "did you mean 'brems"),
        ({"components.dark.source.angle": "70 deg"}, InputError, "no field 'components'"),
        ({"components.dm.sauce.angle": "70 deg"}, InputError, "did you mean 'source'"),
        ({f"elsewhere:{ANGLE}": "70 deg"}, UnknownNameError, "elsewhere"),
        ({ANGLE: "70"}, SchemaError, "deg"),
    ],
)
def test_slips_are_named(overrides, error, said):
    with pytest.raises(error, match=said):
        events(overrides=overrides)


def test_without_the_model_there_is_no_such_field():
    with pytest.raises(InputError, match="no field 'components'"):
        cevns.load(NAME, overrides={ANGLE: "70 deg"})


@pytest.mark.slow
def test_a_limit_holds_what_is_fixed():
    study = cevns.load(NAME, models="dark-photon")
    at = {"m_chi": 10.0, "mass_ratio": 3.0}
    free, held = (
        study.upper_limit("y_dm", at=at, fix=fix).upper_limit for fix in (None, {"t0": None})
    )
    assert held / free == pytest.approx(0.931, abs=0.005)
    later = study.upper_limit("y_dm", at=at, fix={"t0": 0.54}).upper_limit
    assert later / held == pytest.approx(4.10 / 3.23, rel=0.03)  # an independent program
