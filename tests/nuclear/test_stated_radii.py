"""Radii of protons and neutrons that a file states in place of the form-factor model's."""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns.exceptions import InputError, SchemaError
from cevns.nuclear import form_factor, nuclide
from cevns.nuclear.stated_radii import StatedRadii
from cevns.processes import differential_cross_section, interaction
from cevns.processes.framework.abilities import factors_at
from cevns.processes.neutron_skin import NeutronSkin

HELM = form_factor("helm")
STATED = StatedRadii(HELM, (("Cs", 4.821, 5.09), ("I127", 4.766, 5.03)))
RADII = "{Cs: {protons: 4.821 fm, neutrons: 5.09 fm}, I: {protons: 4.766 fm, neutrons: 5.03 fm}}"


def test_each_nucleon_has_its_radius():
    cs, q = nuclide("Cs133"), np.linspace(0.0, 0.5, 11)
    found = factors_at(interaction("standard-model"), STATED, cs, q, {})
    assert found["p"] == pytest.approx(HELM.evaluate(q, 4.821), rel=1e-14)
    assert found["n"] == pytest.approx(HELM.evaluate(q, 5.09), rel=1e-14)
    assert np.all(found["n"][1:] < found["p"][1:])


def test_others_keep_those_of_the_model():
    xe = nuclide("Xe132")
    assert STATED.default_rms_radius(xe) == HELM.default_rms_radius(xe)
    assert STATED.default_proton_rms_radius(xe) == HELM.default_rms_radius(xe)


def test_cross_section_is_that_of_radii_given_by_hand():
    cs, t = nuclide("Cs133"), np.array([1.0, 5.0, 15.0])
    stated, given = (
        differential_cross_section(cs, 30.0, t, form_factor=model, **radii)
        for model, radii in (
            (STATED, {}),
            (HELM, {"proton_rms_fm": 4.821, "neutron_rms_fm": 5.09}),
        )
    )
    assert stated == pytest.approx(given, rel=1e-12)


def test_events_of_a_file():
    """320.4 of three independent programs; 331.4 with Klein-Nystrand and common couplings."""
    study = cevns.load(
        "coherent-csi-2021",
        overrides={
            "interaction.form_factor": "helm",
            "interaction.radii": RADII,
            "interaction.couplings": "cadeddu2022",
            "interaction.axial": "false",
        },
    )
    predicted = study.predict()["coherent-csi-2021"]["cevns"]
    assert predicted == pytest.approx(320.4, rel=5e-3)
    assert "Cs 4.821, 5.09 fm" in study.provenance()["physics"]["radii"]


def test_nominal_radius_and_skin_are_the_stated_ones():
    """New physics that moves the neutrons starts where the Standard Model is."""
    process = interaction("neutron-radius").for_form_factor(STATED)
    assert process.parameters["r_n_cs"].value == pytest.approx(5.09)
    skin = NeutronSkin(("Cs", "I")).for_form_factor(STATED)
    assert skin.parameters["skin_cs"].value == pytest.approx(5.09 - 4.821)
    radius = skin.neutron_rms_fm(nuclide("Cs133"), {"skin_cs": 0.3})
    assert radius == pytest.approx(5.121)


@pytest.mark.parametrize(
    ("radii", "said"),
    [
        ("{Cs: {protons: 0.5 fm, neutrons: 5 fm}}", "describes rms radii between 1.71"),
        ("{Cs: {protons: 4.8 fm}}", "missing"),
        ("{Cs: {protons: 4.8, neutrons: 5}}", "unit"),
    ],
)
def test_what_is_refused(radii: str, said: str):
    with pytest.raises((InputError, SchemaError), match=said):
        cevns.load("coherent-csi-2021", overrides={"interaction.radii": radii}).predict()
