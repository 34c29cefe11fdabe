"""Arguments of the wrong type in Python: one sentence."""

import numpy as np
import pytest

import cevns
from cevns.exceptions import InputError
from cevns.processes import (
    Combined,
    StandardModel,
    differential_cross_section,
    interaction,
    total_cross_section,
)
from cevns.processes.nsi import NSI
from cevns.sources import SNS

MODULATED = """\
schema: 1
name: modulated
title: a reactor with a modulation, without an axis in time
source: {kind: sns, distance: 20 m, protons: 1e23, arrival: {kind: periodic, amplitude: 0.03}}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: constant, value: 0.2}
  resolution: {kind: gaussian, noise: 100 eVee, stochastic: 0.1}
axes: {energy: {unit: keVee, edges: [0.5, 1, 2, 4]}}
backgrounds: {flat: {count: 20 +/- 3, energy: {kind: flat}}}
parameters: {amplitude: {constraint: 0.03 +/- 0.02, acts_on: arrival}}
"""


@pytest.fixture(scope="module")
def study():
    return cevns.load("coherent-csi-2021")


def test_names_come_as_a_list(study):
    with pytest.raises(InputError, match=r"give a list of names, free=\['eps_ee_u'\]"):
        study.fit(free="eps_ee_u")


@pytest.mark.parametrize("fix", ["ssb", ["t0"]])
def test_what_is_held_comes_with_its_value(study, fix):
    with pytest.raises(InputError, match="give parameters with their values, or None to hold"):
        study.fit(fix=fix)


def test_several_models_are_one_text():
    with pytest.raises(InputError, match=r"join names with '\+'"):
        cevns.load("coherent-csi-2021", models=["nsi", "light-vector"])


@pytest.mark.parametrize(
    "given", [NSI(), (NSI(),), Combined(StandardModel(), (NSI(),)), interaction("nsi")]
)
def test_an_object_works_where_its_name_works(study, given):
    named = cevns.load("coherent-csi-2021", models="nsi")
    study = study.with_models(given)
    at = {"eps_ee_u": 0.1}
    assert study.predict(at=at) == named.predict(at=at)
    assert study.experiments[0].physics == named.experiments[0].physics
    one, other = (s.scan({"eps_ee_u": [-0.1, 0.0, 0.1]}) for s in (study, named))
    assert np.array_equal(*(r.file.datasets["profile/q"] for r in (one, other)))
    one, other = (s.fit(free=("eps_ee_u",), minos="none").fit for s in (study, named))
    assert one["eps_ee_u"].value == other["eps_ee_u"].value


def test_an_object_has_its_own_couplings(study):
    changed = study.with_models(Combined(StandardModel("tree-lowE", axial=False), (NSI(),)))
    physics = changed.experiments[0].physics
    assert (physics["couplings"], physics["axial"]) == ("tree-lowE", "left out")


@pytest.mark.parametrize("given", [3, NSI, (), (NSI(), 3)])
def test_what_is_no_interaction_is_said_in_a_sentence(study, given):
    with pytest.raises(InputError, match=r"is not an interaction: give an object"):
        study.with_models(given)


def test_cross_sections_take_an_extension():
    whole = interaction("nsi")
    sns = SNS(distance_m=19.3, protons=1e23)
    at = {"eps_ee_u": 0.1}
    for of in (
        lambda p: cevns.flux_averaged_cross_section(sns, "CsI", interaction=p, values=at).mean_cm2,
        lambda p: cevns.recoil_spectrum(sns, "CsI", 1.0, [5.0], interaction=p, values=at),
        lambda p: differential_cross_section("Cs133", 30.0, 5.0, interaction=p, values=at),
        lambda p: total_cross_section("Cs133", 30.0, interaction=p, values=at),
    ):
        assert of(NSI()) == of(whole)
        with pytest.raises(InputError, match=r"'nsi' is not an interaction"):
            of("nsi")


def test_a_modulation_without_an_axis_in_time_moves_nothing(tmp_path):
    path = tmp_path / "modulated.yaml"
    path.write_text(MODULATED)
    study = cevns.load(path)
    model = study.experiments[0].model("cross-section")
    place = model.parameters.names.index("amplitude")
    moved = model.parameters.values.copy()
    moved[place] = 0.06
    nominal = model.expected(model.parameters.values)
    assert nominal.sum() > 20.0
    assert (model.expected(moved) == nominal).all()
    # the second fit is that of a pulse's mean time, which nothing here has
    assert study.fit(asimov=True, minos="none").fixed_pulse_time is None


@pytest.mark.parametrize("kind", ["evil.py", "nsi+evil.py", "evil.py:Evil", "./evil", "../x/evil"])
@pytest.mark.parametrize("place", ["interaction", "component"])
def test_an_experiment_file_runs_no_python(tmp_path, kind, place):
    ran = tmp_path / "ran"
    (tmp_path / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: pass\n")
    section = f"interaction: {{kind: '{kind}'}}\n"
    if place == "component":
        section = f"components: {{second: {{{section.strip()}}}}}\n"
    path = tmp_path / "modulated.yaml"
    path.write_text(MODULATED + section)
    with pytest.raises(InputError, match="an experiment file does not execute Python"):
        cevns.load(path)
    with pytest.raises(InputError, match="an experiment file does not execute Python"):
        cevns.load("coherent-csi-2021", overrides={"interaction.kind": str(tmp_path / "evil.py")})
    patch = tmp_path / "patch.yaml"
    patch.write_text(section)
    with pytest.raises(InputError):
        cevns.load("coherent-csi-2021", models=str(patch))
    assert not ran.exists()


@pytest.mark.parametrize("length", [0, 7, 9])
def test_a_vector_has_the_length_of_the_parameters(study, length):
    model = study.model()
    said = f"a vector of length {length} where 8 parameters are: cevns, ssb,"
    for ask in (model.expected, model.components, model.totals):
        with pytest.raises(InputError, match=said):
            ask(np.zeros(length))
    with pytest.raises(InputError, match=said):
        model.linearise(np.zeros((2, length)))
    with pytest.raises(InputError, match="a vector of length 1 where 8"):
        model.expected(3.0)


def test_nobody_writes_into_data_that_are_kept(study):
    usual = study.fit(minos="none").fit["cevns"].value
    model, inputs = study.model(), study.experiments[0].inputs
    kept = [model.observed, *(c.observed for c in model.channels)]
    kept += [*inputs.observed.values(), *inputs.channels[""].backgrounds.values()]
    kept += [m.observed for m in inputs.channels.values()]
    for array in kept:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1e6
    assert study.fit(minos="none").fit["cevns"].value == usual


def test_data_that_are_given_are_copied(study):
    model = study.model()
    data = model.observed.copy()
    other = model.with_observed(data)
    data[...] = 1e6
    assert (other.observed == model.observed).all()
