"""The first CsI[Na] observation: the published numbers, by the choices its file names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import gammaln

import cevns
from cevns.exceptions import SchemaError
from cevns.experiments import load

NAME = "coherent-csi-2017"
SHAPE = dict.fromkeys(("qf.csi.flat", "acceptance.k1", "acceptance.k2", "acceptance.x0"))
SSB_TIME = "backgrounds.ssb.time"


@pytest.fixture(scope="module")
def fitted() -> cevns.analysis.measurement.Measurement:
    return cevns.load(NAME).fit()


def test_published_result(fitted):
    # arXiv:1708.01294: 134 +- 22 found, 6.7 sigma; the ranges are 0.4 of the published error and
    # 5 % of the significance
    assert 125 < fitted.fit["cevns"].value < 143
    assert fitted.fit["cevns"].error == pytest.approx(22, rel=0.1)
    assert 6.4 < fitted.z < 7.0
    assert fitted.observed.sum() == 547
    assert fitted.fit["brn"].error == pytest.approx(0.25 * 5.42, rel=0.02)  # data say nothing


def test_events_before_the_beam_are_those_of_the_release(fitted):
    # arXiv:1804.09459: 405 anti-coincident events in the region, beside the 547 above
    assert fitted.experiment.inputs.anticoincident == 405


def test_published_prediction(fitted):
    # 173 +- 48 published: 5 % for the choices that are named in the file
    assert fitted.experiment.prediction() == pytest.approx(173, rel=0.05)
    assert fitted.components["cevns"].prediction_error == pytest.approx(48, rel=0.15)


def test_prediction_by_hand():
    """Poisson sums over 1-PE bins times the acceptance, on a fine grid of recoil energies."""
    experiment = load(NAME)
    t = np.linspace(1e-3, 55, 22001)
    spectrum = cevns.recoil_spectrum(experiment.source, "CsI", 14.57, t)
    k = np.arange(6, 30)
    mean = 13.348 * 0.0878 * t[:, None]
    pmf = np.exp(k * np.log(mean) - mean - gammaln(k + 1.0))
    acceptance = 0.6655 / (1 + np.exp(-0.4942 * (k + 0.5 - 10.8507)))
    seen = pmf @ acceptance
    within = {}
    for flavour in experiment.source.flavours:  # 0 to 6 us
        cdf = experiment.source.time_cdf(flavour, np.array([0.0, 6.0]), 0.6922)
        within[flavour] = cdf[1] - cdf[0]
    total = sum(np.trapezoid(spectrum[f] * seen, t) * within[f] for f in within)
    # trapezium on 2.5 eV: 1e-5 where the spectrum kinks
    assert experiment.prediction() == pytest.approx(total, rel=2e-5)


@pytest.mark.parametrize(
    ("time", "count", "z"),
    [
        # other treatments of the steady-state times, measured with an independent code with the
        # signal shape held: N and sqrt(-2 delta lnL), each to its last digit and a half
        ("{file: coherent-csi-2017/ac-time.csv, role: ac-time}", 129.7, 6.25),
        ("{kind: exponential, rate: 0.0494 /us}", 135.7, 6.92),
        ("{kind: exponential, rate: 0 /us}", 148.0, 7.8),
    ],
)
def test_other_steady_state_times(time, count, z):
    result = cevns.load(NAME, overrides={SSB_TIME: time}).fit(fix=SHAPE, minos="none")
    assert result.fit["cevns"].value == pytest.approx(count, abs=0.5)
    assert result.z == pytest.approx(z, abs=0.03)


def test_slope_of_the_steady_state(fitted):
    inside = cevns.load(NAME, overrides={f"{SSB_TIME}.end": "6 us"}).fit(fix=SHAPE, minos="none")
    assert inside.fit["cevns"].value == pytest.approx(121, abs=0.6)  # as above
    # the background falls as its fitted exponential: 0.059 to 0.062 /us over 12 us
    ssb = fitted.expected()["ssb"].sum(axis=0)
    rates = -np.log(ssb[1:] / ssb[:-1]) / 0.5
    assert rates == pytest.approx(0.0586, abs=1e-4)


def test_photo_electron_conventions():
    """Where k photo-electrons count: 6 to 13 % near the threshold, so the file names it."""

    def prediction(**changes: str) -> float:
        experiment = load(NAME, overrides={k.replace("__", "."): v for k, v in changes.items()})
        return experiment.prediction()

    nominal = prediction()
    at_k = prediction(detector__resolution__efficiency_at="count")
    assert at_k / nominal == pytest.approx(0.937, abs=0.002)
    assert prediction(
        source__protons="{beam_energy: 7.47594 GWh, proton_energy: 1 GeV}"
    ) == pytest.approx(161, abs=1)
    assert prediction(interaction__form_factor="helm") / nominal == pytest.approx(1.065, abs=0.01)


def test_times_reproduce_the_released_shapes(public_release):
    """The gaussian pulse of the file gives the released arrival times of the neutrinos."""
    from cevns.datasets import csi2017

    data = csi2017.load(public_release)
    source, edges = load(NAME).source, csi2017.TIME_EDGES_US
    # three filled bins and two numbers: a shape that is not this gaussian would show
    prompt = np.diff(source.time_cdf("nu_mu", edges, 0.6922))
    assert prompt == pytest.approx(data.prompt.content, abs=3e-4)
    # the release normalises to 12 us; its bins agree to a few per mille of the total
    delayed = np.diff(source.time_cdf("nu_e", edges, 0.6922))
    assert delayed / delayed.sum() == pytest.approx(data.delayed.content, abs=2e-3)


def test_release_and_carried_tables_agree(public_release, fitted):
    again = cevns.load(NAME, data=public_release).fit()
    assert again.experiment.inputs.origin == "--data"
    # the tables hold ten digits
    assert again.fit["cevns"].value == pytest.approx(fitted.fit["cevns"].value, rel=1e-6)
    assert again.z == pytest.approx(fitted.z, rel=1e-6)


def test_each_names_the_other_as_the_same_data():
    first, second = (load(n).declaration for n in (NAME, "coherent-csi-2021"))
    assert second.name in first.overlaps
    assert first.name in second.overlaps


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("{kind: exponentialfit, file: a.csv}", "did you mean 'exponential-fit'"),
        ("{kind: exponential-fit}", "file"),
        ("{kind: exponential-fit, file: coherent-csi-2017/ac-time.csv, end: 5 kg}", "kg"),
        ("{kind: exponential-fit, file: a.csv, efficiency: true}", "efficiency"),
    ],
)
def test_slips_in_the_time_of_a_background(time, message):
    with pytest.raises(SchemaError, match=message):
        load(NAME, overrides={SSB_TIME: time})


def test_signal_alone_needs_no_data():
    experiment = load(NAME)
    bare = experiment.declaration.model_copy(update={"backgrounds": {}, "data": None})
    alone = dataclasses.replace(experiment, declaration=bare)
    assert alone.predict() == {"cevns": experiment.predict()["cevns"]}


@pytest.fixture
def public_release() -> object:
    import os
    from pathlib import Path

    folder = os.environ.get("CEVNS_DATA")
    if not folder or not (Path(folder) / NAME).is_dir():
        pytest.skip(f"CEVNS_DATA does not name a folder with the public release {NAME}")
    return Path(folder) / NAME
