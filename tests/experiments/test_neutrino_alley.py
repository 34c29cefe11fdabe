"""Detectors at stopped-pion sources: events a year, rates, and a monitor of beam neutrons.

Expected numbers are those of an independent program (analytic spectra of the decays, form factor of
Klein and Nystrand, the same couplings), which is to be met within a per cent.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load

PAGES = Path(__file__).resolve().parents[2] / "docs" / "measurements"
EVENTS = {  # events a year, or of the exposure of the file
    ("ess-csi", "sharp"): 8408,
    ("ess-xe", "sharp"): 7770,
    ("ess-ge", "sharp"): 1635,
    ("ess-si", "sharp"): 82,
    ("ess-ar", "sharp"): 1382,
    ("ess-ar", "c3f8-sharp"): 559,
    ("ccm120", "every-recoil"): 478,
    ("ccm120", ""): 50,
    ("ccm200", "every-recoil"): 6002,
    ("ccm200", ""): 2590,
    ("ccm200", "above-50-kevnr"): 625,
}
FILES = sorted({name for name, _ in EVENTS} | {"clovers", "coherent-mars"})


@cache
def prediction(name: str, variant: str = "") -> float:
    return load(name, overrides={"variant": variant} if variant else None).prediction()


@pytest.mark.parametrize(("name", "variant"), EVENTS)
def test_events_of_an_independent_program(name: str, variant: str) -> None:
    assert prediction(name, variant) == pytest.approx(EVENTS[name, variant], rel=0.01)


@pytest.mark.parametrize("name", FILES)
def test_conventions_and_a_page(name: str) -> None:
    declared = load(name).declaration
    assert declared.interaction.couplings == "scholberg2021"
    assert declared.interaction.form_factor == "klein-nystrand"
    assert not declared.interaction.axial
    assert f"`{name}`" in (PAGES / "neutrino-alley.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [n for n in FILES if n != "coherent-mars"])  # a monitor
def test_every_file_can_be_fitted(name: str) -> None:
    found = cevns.load(name).fit(poi="cross-section-scale", asimov=True).poi
    assert found.value == pytest.approx(1.0, abs=1e-6)
    assert found.error > 0.0


def test_resolution_matters_little_at_a_threshold() -> None:
    """It moves as many recoils up as down, but for the slope: below one per cent in all tables."""
    for name in ("ess-csi", "ess-xe", "ess-ge", "ess-si", "ess-ar"):
        assert prediction(name) == pytest.approx(prediction(name, "sharp"), rel=0.011)
        assert prediction(name) < prediction(name, "sharp")


@pytest.mark.parametrize(
    ("variant", "per_kg_day", "accuracy"), [("", 0.080, 0.03), ("every-recoil", 0.150, 0.03)]
)
def test_rate_of_clovers(variant: str, per_kg_day: float, accuracy: float) -> None:
    days = 5000.0 / 24.0
    found = prediction("clovers", variant) / (12.0 * days)
    assert found == pytest.approx(per_kg_day, rel=accuracy)


def test_the_threshold_behind_the_published_rate_of_clovers() -> None:
    """0.074 per kg and day (arXiv:2303.13423) is a threshold of 4.4 keVnr."""
    found = [
        load("clovers", overrides={"axes.energy.edges": f"[{low}, 50]"}).prediction() / 2500.0
        for low in (4.3, 4.6)
    ]
    assert found[0] > 0.074 > found[1]


def test_flux_at_clovers_is_sixty_per_cent_less() -> None:
    """As its abstract says of COHERENT's CsI: 0.42 with this yield, which is from memory."""
    clovers, coherent = load("clovers").source, load("coherent-mars").source
    here, there = (s.flux20_cm2_s * 20.0**2 for s in (clovers, coherent))
    assert (here / 10.5**2) / (there / 19.3**2) == pytest.approx(0.40, abs=0.025)


@pytest.mark.parametrize("name", ["ccm120", "ccm200"])
def test_the_axis_of_dark_matter_has_the_same_neutrinos(name: str) -> None:
    assert prediction(name, "dark-matter") == pytest.approx(prediction(name), rel=1e-4)


def test_ccm200_excludes_disappearance() -> None:
    """With 10 % of flux the rate alone excludes sin2 2theta_mumu above half at high splittings.

    Averaged, muon neutrinos of both kinds lose s/2 of themselves and are 0.68 of the events: 1.645
    x 0.105 over 0.34 is 0.51, and the shape in energy adds to it.
    """
    study = cevns.load("ccm200", models="sterile")
    limit = study.upper_limit("sin2_2theta_mumu", at={"dm2_41": 30.0}, asimov=True).upper_limit
    assert 0.25 < limit < 0.55
    weak = study.upper_limit("sin2_2theta_mumu", at={"dm2_41": 1.687}, asimov=True).upper_limit
    assert weak < limit  # the first maximum lies in the window


CRYSTAL = """\
schema: 1
name: crystal
source: {kind: stopped-pion, facility: sns-2013-23, distance: 19.3 m}
target: {material: CsI, mass: 14.6 kg}
interaction: {couplings: scholberg2021, form_factor: klein-nystrand, axial: false}
detector: {response: {kind: identity}}
axes: {energy: {unit: keVnr, edges: [8, 10, 15, 20, 30, 40]}}
backgrounds:
  brn: {count: {exact: 40}, energy: {kind: exponential, scale: 37 keVnr}, strength: [sns.brn.flux]}
parameters:
  sns.brn.flux: {constraint: 1.00 +/- 0.30, acts_on: component, shared: true}
"""


def test_a_monitor_narrows_the_neutrons_of_a_detector(written) -> None:
    """The monitor knows the flux at the crystal to 10 % (place) and 1 % (counts)."""
    crystal = written(CRYSTAL)
    alone = _error(cevns.load(crystal), "sns.brn.flux")
    joint = _error(cevns.load(crystal, "coherent-mars"), "sns.brn.flux")
    assert joint < 0.5 * alone
    monitor = np.hypot(0.1, np.sqrt(11_000 + 32.0**2) / 10_000)
    # alone the crystal knows it by its prior and its spectrum; what the monitor knows comes beside
    assert joint == pytest.approx((alone**-2 + monitor**-2) ** -0.5, rel=0.01)


@pytest.mark.parametrize("words", [{}, {"asimov": True}, {"asimov": True, "poi": "sin2-theta-w"}])
def test_a_monitor_alone_says_what_it_measures(words) -> None:
    monitor = cevns.load("coherent-mars")
    with pytest.raises(InputError, match=r"coherent-mars measures sns\.brn\.flux and no CEvNS"):
        monitor.fit(**words)
    assert monitor.predict()["coherent-mars"]["brn"] == pytest.approx(10_000.0)


def test_what_a_monitor_measures_is_a_parameter_of_its_file() -> None:
    with pytest.raises(SchemaError, match=r"'brn\.flux' is no parameter of this file"):
        load("coherent-mars", overrides={"monitors": "brn.flux"})


def test_a_monitor_of_its_own_flux_does_not_help(written) -> None:
    crystal = written(CRYSTAL, ("sns.brn.flux", "crystal.brn.flux"))
    alone = _error(cevns.load(crystal), "crystal.brn.flux")
    joint = _error(cevns.load(crystal, "coherent-mars"), "crystal.brn.flux")
    assert joint == pytest.approx(alone, rel=1e-3)


def _error(study, name: str) -> float:
    fit = study.fit(poi="cross-section-scale", asimov=True).fit
    at = fit.names.index(name)
    return float(np.sqrt(fit.covariance[at, at]))


def test_neutrons_at_the_ess_are_one_quantity() -> None:
    """No timing: one bin, and beam neutrons that all detectors share."""
    for name in ("ess-csi", "ess-xe", "ess-ge", "ess-si", "ess-ar"):
        declared = load(name).declaration
        assert declared.axes.time is None
        assert declared.backgrounds["brn"].strength == ["ess.brn.flux"]
        assert declared.parameters["ess.brn.flux"].shared is True
        # 0.09 per kg and GWh on 25 GWh
        brn = declared.backgrounds["brn"].count
        assert brn.value == pytest.approx(0.09 * 25.0 * declared.target.mass, rel=2e-3)
        assert brn.sigma == 0.0


def test_live_time_of_the_ess_is_its_duty() -> None:
    ess = load("ess-csi")
    assert ess.source.duty == pytest.approx(4.0e-2, rel=2e-3)
    assert ess.declaration.live_time == pytest.approx(5000.0 / 24.0 * 4.0e-2, rel=1e-3)
