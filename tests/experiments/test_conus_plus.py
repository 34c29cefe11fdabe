"""CONUS+ with the reactor on and off: counts of an independent program, errors by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cevns
from cevns import registry
from cevns.inference.model.expectation import summed
from cevns.sources.reactor import Reactor

NAME = "conus-plus-2025"


def count(**changes):
    study = cevns.load(NAME, overrides={k.replace("__", "."): v for k, v in changes.items()})
    return study.predict()[NAME]["cevns"]


@pytest.fixture(scope="module")
def study():
    return cevns.load(NAME)


def test_counts_of_the_detectors(study):
    """1.19, 0.94 and 0.74 per kg and day above 160, 170 and 180 eVee; 310 in all, tree level."""
    channels = study.model().totals_by_channel(study.model().parameters.values)
    on = {name.rpartition(".")[2]: found for name, found in channels.items()}
    for channel, kg, days, rate in (
        ("c3-on", 0.94, 110, 1.19),
        ("c5-on", 0.94, 119, 0.94),
        ("c2-on", 0.95, 117, 0.74),
    ):
        assert on[channel]["cevns"] == pytest.approx(rate * kg * days, rel=0.01)
        assert "cevns" not in on[channel.replace("on", "off")]
    assert summed(channels)["cevns"] == pytest.approx(310.0, rel=0.03)


# (what is changed, counts of an independent program): 3 %
CHANGED = {
    "couplings 0.0298": ({"interaction__couplings": "scholberg2021"}, 318),
    "couplings of nu_e": ({"interaction__couplings": "cadeddu2022"}, 310),
    "BESTIOLE": ({"source__spectra": "bestiole"}, 303),
    "Daya Bay": ({"source__spectra": "hm-dayabay"}, 304),
    "Silaeva": ({"source__spectra": "silaeva"}, 315),
    "Vogel-Engel": ({"source__spectra": "vogel-engel"}, 304),
    "Kopeikin": ({"source__spectra": "kopeikin"}, 266),
    "cut at 8 MeV": ({"source__spectra": "hm"}, 265),
}


@pytest.mark.parametrize("what", CHANGED)
def test_counts_with_other_physics(what):
    changes, own = CHANGED[what]
    assert count(**changes) == pytest.approx(own, rel=0.03)


@pytest.mark.parametrize("spectra", registry.names("cevns.sources.reactor_spectra"))
def test_few_kinks_are_enough(spectra, monkeypatch):
    """Recoil panels between all steps of the tables give the same counts."""
    few = count(source__spectra=spectra)
    end = Reactor(1.0, 10.0, 1.0, spectra=spectra).end_point_mev("nubar_e")
    monkeypatch.setattr(Reactor, "recoil_kinks", (*np.arange(0.25, end, 0.25).tolist(), end))
    assert few == pytest.approx(count(source__spectra=spectra), rel=1e-5)


def test_published_prediction_is_within_its_error(study):
    """347 +- 59, of which 5 eVee in the energy scale are 12 %."""
    fit = study.fit(asimov=True).only
    assert abs(count() - 347.0) < 59.0
    assert fit.components["cevns"].prediction_error / count() == pytest.approx(0.17, abs=0.02)


def test_energy_scale_and_quenching(study):
    """350 and 275 for 5 eVee, 286 and 335 for 0.004 in k: relative to 310 within two points."""
    model = study.model(free=("sin2_theta_w",))
    nominal = count()
    for name, pull, own in (
        ("energy-scale", 1.0, 350),
        ("energy-scale", -1.0, 275),
        ("ge.lindhard_k", 1.0, 335),
        ("ge.lindhard_k", -1.0, 286),
    ):
        values = model.parameters.values.copy()
        values[model.parameters.position(name)] = pull
        found = summed(model.totals_by_channel(values))["cevns"] / nominal
        assert found == pytest.approx(own / 310, abs=0.02), name


def test_error_to_expect(study):
    """47 with the background known, 49 with a free scale: 86 is published, from real spectra."""
    free = study.fit(asimov=True).poi
    assert free.error == pytest.approx(49.0, abs=3.0)
    held = dict.fromkeys(("c2", "c3", "c5", "ge.lindhard_k", "energy-scale"))
    fixed = study.fit(asimov=True, fix=held).poi
    assert fixed.error == pytest.approx(47.0, abs=3.0)
    # by hand, from the counts of each bin
    model = study.model()
    values = model.parameters.values.copy()
    expected = model.expected(values)
    values[model.parameters.position("cevns")] = 0.0
    background = model.expected(values)
    signal = expected - background
    known = signal.sum() / math.sqrt(np.sum(signal**2 / expected))
    assert fixed.error == pytest.approx(known, rel=0.01)
    # a background of its own in each bin, known from the time with the reactor off: 108
    ratio = 327 / 60
    alone = signal.sum() / math.sqrt(np.sum(signal**2 / (expected + ratio * background)))
    assert alone == pytest.approx(108.0, abs=6.0)
