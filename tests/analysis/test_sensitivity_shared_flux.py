"""Expected errors of experiments beside what measures their flux, and what the flux is."""

from __future__ import annotations

import math

import pytest

import cevns
from cevns.analysis.sensitivity.assumptions import flux_names
from cevns.analysis.sensitivity.matrix import projected, sensitivity_matrix
from cevns.analysis.sensitivity.topic import Quantity, topics
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.report.drawing import style
from cevns.report.gallery import sensitivities

CRYO, WATER, LEAD = "coherent-cryocsi", "coherent-d2o", "coherent-nubes-pb"
IODIDE = "coherent-nai-3t"
VARIANT = {"variant": "sensitivity"}


def test_a_flux_of_neutrons_is_none_of_neutrinos():
    assert flux_names(load("ess-csi")) == ("ess.flux",)
    assert flux_names(load("coherent-mars")) == ()
    assert flux_names(load(WATER)) == ("sns.flux",)
    # its error does not become that of the neutrons
    study = cevns.load("ess-csi")
    (said,) = study.sensitivity("cross-section", flux_error=[0.05]).assumptions.values()
    assert "ess.brn.flux 1.0 +/- 1.0" in said["nuisances"]
    with pytest.raises(InputError, match=r"measures sns\.brn\.flux and no CEvNS"):
        cevns.load("coherent-mars").sensitivity("cross-section", flux_error=[0.05])


def test_heavy_water_stands_beside_every_topic_of_cevns():
    both = cevns.load(CRYO, WATER, overrides=VARIANT)
    angle = both.sensitivity("sin2-theta-w")
    assert angle.names == (CRYO, "joint")
    alone, joint = (angle.at(of=name).error or 0.0 for name in angle.names)
    # ten per cent of the flux become less than five, and the angle goes with the rate
    assert 0.4 * alone < joint < 0.6 * alone
    assert angle.assumptions[WATER]["asked"].startswith("nothing")
    assert "asked" not in angle.assumptions[CRYO]
    radius = both.sensitivity("neutron-radius")
    assert radius.quantities[1].free == "r_n_csi"  # not that of deuterium and oxygen
    axial = both.sensitivity("axial")
    assert axial.at(of="joint").error == pytest.approx(axial.at(of=CRYO).error, rel=0.5)
    scale = both.sensitivity("cross-section")
    assert scale.names == (CRYO, "joint")


def test_what_counts_a_reaction_answers_no_question_of_cevns():
    water = cevns.load(WATER)
    for name in topics():
        if name in ("cross-section", "inelastic"):
            assert water.sensitivity(name).headline.error is not None
        else:
            with pytest.raises(InputError, match="also name an experiment of CEvNS"):
                water.sensitivity(name)


def test_channels_of_several_detectors_with_one_flux():
    names = (LEAD, WATER)
    found = cevns.load(*names).sensitivity("inelastic", flux_error=[0.10])
    assert found.names == (*names, "joint")
    assert {q.name for q in found.quantities} == {
        "pb208_cc_scale", "pb208_nc_scale", "d_cc_scale", "o16_cc_scale",
    }  # fmt: skip
    # one count of lead, (1817 + 1037) c + (293 + 126) n times the flux: its error goes into that
    # of c by 3274/2855; two years of heavy water know the flux to 4.76 per cent (`cevns fit
    # coherent-d2o --set variant=alone --free sns.flux --asimov`)
    alone, joint = (found.at("pb208_cc_scale", of=of).error or 0.0 for of in (LEAD, "joint"))
    flux = 1.0 / math.sqrt(0.1**-2 + 0.0476**-2)
    lever = (3273.54 / 2854.78) ** 2
    assert alone**2 - joint**2 == pytest.approx(lever * (0.1**2 - flux**2), rel=5e-3)
    d_alone = found.at("d_cc_scale", of=WATER).error or 0.0
    assert d_alone == pytest.approx(0.1, rel=0.1)  # alone it does not know the flux
    d_joint = found.at("d_cc_scale", of="joint").error or 0.0
    assert d_joint == pytest.approx(d_alone, rel=0.05)  # nor does lead, good to 30 %
    # what has no channel of its own is in the joint fit alone
    more = cevns.load(CRYO, LEAD).sensitivity("inelastic")
    assert more.names == (LEAD, "joint")
    with pytest.raises(InputError, match="in any of them"):
        cevns.load(CRYO, "coherent-ge-1").sensitivity("inelastic")


def test_a_threshold_of_some_mev_is_said_in_mev():
    (said,) = cevns.load(WATER).sensitivity("cross-section").assumptions.values()
    assert said["threshold"] == "22.7 MeVee, efficiency 1 above it"


@pytest.mark.parametrize(("name", "a_year"), [("coherent-ar-750", 353.2), (IODIDE, 2914.0)])
def test_charged_currents_in_the_rows_of_the_matrix(name, a_year):
    """Statistics and five per cent of the flux; the independent program's counts a year."""
    assert (name, "sensitivity-inelastic") in projected()
    study = cevns.load(name, overrides={"variant": "sensitivity-inelastic"})
    power = 1.503 if name == "coherent-ar-750" else 1.0  # 2 MW of 1.3 GeV over 1.4 MW of 1 GeV
    (counts,) = study.predict()[name].values()
    assert counts == pytest.approx(power * a_year, rel=0.02)  # 1 % is outside of the axis
    found = study.sensitivity("inelastic", years=[3], flux_error=[0.05]).headline
    assert found.error == pytest.approx(math.sqrt(0.05**2 + 1.0 / (3.0 * counts)), rel=1e-3)


def test_the_figure_of_the_matrix_writes_symbols():
    pytest.importorskip("mplhep", reason="mplhep is not installed (extra 'plots')")
    topics_shown = ["sin2-theta-w", "inelastic", "dark-matter", "neutron-radius"]
    found = sensitivity_matrix(
        [load(CRYO, overrides=VARIANT), load(WATER), load(LEAD)], topics=topics_shown
    )
    said = [t.get_text() for t in found.plot().axes[0].texts]
    assert {r"$\sin^2\theta_W$", "inel [%]", "$Y$", "$R_A$ [%]"} <= set(said)


def test_the_gallery_has_all_numbers_of_the_figure_of_the_matrix(monkeypatch):
    pytest.importorskip("mplhep", reason="mplhep is not installed (extra 'plots')")
    topics_shown = ["inelastic", "cross-section", "magnetic-moment", "dark-matter"]
    found = sensitivity_matrix(
        [load(CRYO, overrides=VARIANT), load(WATER)], topics=topics_shown, years=2.0
    )
    monkeypatch.setattr(sensitivities, "matrix", lambda: found)
    monkeypatch.setattr(sensitivities, "projected", lambda: ((CRYO, "sensitivity"), (WATER, "")))
    table = sensitivities.table()
    assert not [row for row in table.rows if not row[4]]
    moment = next(row for row in table.rows if row[1] == "mu_nu_mu")
    assert moment[0] == CRYO
    assert moment[4] == "1e-10 mu_B"
    shown = {c.written.removeprefix("< ").removesuffix(" %")
             for r in found.rows for c in r.cells.values() if c is not None}  # fmt: skip
    assert {Quantity("", "").written(row[3]) for row in table.rows} == shown
    said = [t.get_text() for t in sensitivities.figure().axes[0].texts]
    assert shown <= set(said)
    assert [t for t in said if t.endswith(f"[{style.unit_text('1e-10 mu_B')}]")], said
