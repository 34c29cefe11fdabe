"""Samples with a detector against the expectation of the fit model, bin by bin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import chi2

from cevns import datasets, load
from cevns.analysis.events import stratified_sample as samples
from cevns.analysis.events.event_parts import BackgroundEvents
from cevns.analysis.events.event_sample import event_sample
from cevns.detectors.resolution.extracted_electrons import ExtractedElectrons
from cevns.detectors.resolution.gamma import Gamma
from cevns.detectors.resolution.gaussian import Gaussian
from cevns.detectors.resolution.poisson import Poisson
from cevns.exceptions import DataError, InputError, UnknownNameError

NUMBER = 1_000_000
MOMENT = 800.0
"""Of nu_mu, 1e-10 Bohr magnetons."""


def expectation(experiment):
    """Expected shape of each component, in the bins of all axes."""
    model = experiment.model("count")
    (channel,) = model.channels
    at = {n: model.parameters.values[[model.parameters.position(n)]] for n in channel.names}
    found = channel.at(at, np.zeros(1))
    return {c.name: found.component(k)[:, 0] for k, c in enumerate(channel.components)}


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("coherent-csi-2021", ("reconstructed_pe", "time_us")),
        ("coherent-lar-2020", ("reconstructed_kevee", "f90", "time_us")),
        ("coherent-csi-2017", ("reconstructed_pe", "time_us")),
    ],
)
def test_a_sample_is_what_the_model_expects(name, columns):
    """Chi2 of signal and backgrounds in the analysis bins, each above a probability of 1e-4."""
    try:
        sample = event_sample(load(name).experiments[0])
    except (DataError, InputError) as error:
        if "release" in str(error):
            pytest.skip(f"the public release is not at hand: {error}")
        raise
    view, wanted = sample.experiment, expectation(sample.experiment)
    every = (view.energy_edges, view.pulse_shape_edges, view.time_edges)
    edges = [e for e in every if e is not None]
    events = sample.draw(NUMBER, seed=3)
    assert sample.exceeded < 1.0
    assert set(sample.components) == {n for n, mu in wanted.items() if mu.sum() > 0.0}
    for k, component in enumerate(sample.components):
        mine = events["component"] == k
        share = wanted[component].sum() / sum(mu.sum() for mu in wanted.values())
        assert mine.sum() == pytest.approx(share * NUMBER, abs=5.0 * np.sqrt(share * NUMBER) + 1.0)
        counts = np.histogramdd([events[c][mine] for c in columns], edges)[0].ravel()
        assert counts.sum() == mine.sum()  # all are in the region
        expected = wanted[component] / wanted[component].sum() * mine.sum()
        some = expected > 5.0
        value = ((counts - expected)[some] ** 2 / expected[some]).sum()
        assert chi2.sf(value, some.sum() - 1) > 1e-4, component
        assert counts[~some].sum() == pytest.approx(
            expected[~some].sum(), abs=5.0 * np.sqrt(expected[~some].sum() + 1.0)
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"), [("conus-plus-2025", 200_000), ("xenonnt-2026", 40_000)]
)
def test_channels_and_released_tables_are_what_the_model_expects(name, number):
    """The signal in each channel, with its own detector; of XENONnT by tables of probabilities."""
    sample = event_sample(load(name).experiments[0], ["cevns"])
    events, model = sample.draw(number, seed=5), sample.experiment.model("count")
    values = model.parameters.values
    column = next(c for c in events if c.startswith("reconstructed"))
    for k, stratum in enumerate(sample.strata):
        channel = next(c for c in model.channels if c.name.endswith(f".{stratum.channel}"))
        at = {n: model.parameters.position(channel.joint_name(n)) for n in channel.names}
        found = channel.at({n: values[[i]] for n, i in at.items()}, np.zeros(1))
        expected = found.component(0)[:, 0]
        mine = events["channel"] == k
        edges = sample.experiment.views[stratum.channel].energy_edges
        counts = np.histogram(events[column][mine], edges)[0]
        expected = expected / expected.sum() * counts.sum()
        some = expected > 5.0
        value = ((counts - expected)[some] ** 2 / expected[some]).sum()
        assert chi2.sf(value, some.sum() - 1) > 1e-4, stratum.channel


def test_photo_electrons_have_their_moments():
    """Mean 13.35 E_ee and variance mean^2/(1 + 9.56 E_ee), five standard errors."""
    number = 400_000
    for energy in (0.3, 1.0, 4.0):
        found = Gamma(13.35, 9.56).draw(np.full(number, energy), np.random.default_rng(2))
        mean = 13.35 * energy
        spread = mean / np.sqrt(1.0 + 9.56 * energy)
        assert found.mean() == pytest.approx(mean, abs=5.0 * spread / np.sqrt(number))
        excess = 6.0 / (1.0 + 9.56 * energy)
        error = spread**2 * np.sqrt((2.0 + excess) / number)
        assert found.var() == pytest.approx(spread**2, abs=5.0 * error)


@pytest.mark.parametrize(
    "resolution",
    [
        Gamma(13.35, 9.56),
        Gaussian(noise_kevee=0.1, stochastic=0.58),
        Poisson(13.348),
        ExtractedElectrons(6.5, 0.54, 1000.0, 250.0),
    ],
    ids=lambda r: type(r).__name__,
)
def test_a_resolution_draws_its_own_distribution(resolution):
    number, energy = 40_000, 1.7
    found = np.sort(resolution.draw(np.full(number, energy), np.random.default_rng(5)))
    steps = np.arange(1, number + 1) / number
    assert np.abs(resolution.cdf(found, energy) - steps).max() < 2.0 / np.sqrt(number)


def test_the_general_draw_is_that_of_the_distribution():
    class Plain(Gamma):
        draw = Gamma.__mro__[1].draw

    number, energy = 50_000, 1.7
    found = np.sort(Plain(13.35, 9.56).draw(np.full(number, energy), np.random.default_rng(5)))
    steps = np.arange(1, number + 1) / number
    assert np.abs(Gamma(13.35, 9.56).cdf(found, energy) - steps).max() < 2.0 / np.sqrt(number)


def test_truth_and_detector_of_an_event_belong_together():
    """Quenching of the recoil, and the light of that energy."""
    sample = event_sample(load("coherent-csi-2021").experiments[0], ["cevns"])
    events = sample.draw(100_000, seed=5)
    t = 1e-3 * events["recoil_energy_kev"]
    a, b, c, d = 0.0554628, 4.30681, -111.707, 840.384
    quenched = 1e3 * t * (a + t * (b + t * (c + t * d)))
    assert events["electron_equivalent_kevee"] == pytest.approx(quenched, rel=1e-5, abs=1e-7)
    # above threshold effects the light is that of the energy
    bright = events["electron_equivalent_kevee"] > 2.2
    ratio = events["reconstructed_pe"][bright] / events["electron_equivalent_kevee"][bright]
    assert 12.5 < ratio.mean() < 13.35  # the axis cuts the upper tail


def test_every_recoil_keeps_what_is_not_recorded():
    csi = load("coherent-csi-2021").experiments[0]
    sample = event_sample(csi, ["cevns"], every=True)
    events = sample.draw(3000, seed=1)
    inside = events["in_region"] == 1.0
    assert inside.sum() == 3000
    # the share of all recoils up to 60 keVnr, where the quenching ends, that a fit would count
    expected = sample.expected / sample.strata[0].part.expected
    error = np.sqrt(expected / inside.size)
    assert inside.mean() == pytest.approx(expected, abs=5.0 * error)
    assert np.isnan(events["reconstructed_pe"][~inside]).any()
    assert np.isfinite(events["reconstructed_pe"][inside]).all()


def test_blocks_are_the_same_however_many_are_drawn(monkeypatch):
    monkeypatch.setattr(samples, "BLOCK", 256)
    csi = load("coherent-csi-2021").experiments[0]
    few, more = event_sample(csi).draw(256, 7), event_sample(csi).draw(1000, 7)
    other = event_sample(csi).draw(256, 8)
    for name, values in few.items():
        assert np.array_equal(values, more[name][:256], equal_nan=True)
    assert (few["reconstructed_pe"] != other["reconstructed_pe"]).any()
    assert more["event"].tolist() == list(range(1, 1001))


def test_new_physics_changes_the_number_and_the_recoils():
    """A magnetic moment: as many events as the fit model expects, and softer recoils."""
    study = load(
        "coherent-csi-2021", models="magnetic-moment", overrides={"interaction.electrons": "false"}
    )
    (experiment,) = study.experiments
    plain = event_sample(experiment, ["cevns"])
    moved = event_sample(experiment, ["cevns"], at={"mu_nu_mu": MOMENT})
    model = experiment.model(("mu_nu_mu",))
    theta = model.parameters.values.copy()
    theta[model.parameters.position("mu_nu_mu")] = MOMENT
    assert moved.expected == pytest.approx(model.totals(theta)["cevns"], rel=1e-9)
    assert moved.expected > 1.05 * plain.expected
    means = [s.draw(40_000, 1)["recoil_energy_kev"].mean() for s in (plain, moved)]
    assert means[1] < means[0]


def test_a_background_stays_in_its_bins_and_is_nowhere_negative():
    edges = np.array([0.0, 8.0, 12.0, 16.0, 20.0])
    content = np.array([1.0, 40.0, 100.0, 60.0])
    part = BackgroundEvents([("x", edges)], content)
    found = part.draw(201_000, np.random.default_rng(1))["x"]
    counts = np.histogram(found, edges)[0]
    assert counts == pytest.approx(1000.0 * content, abs=5.0 * np.sqrt(1000.0 * content).max())
    density = CubicSpline(edges, np.append(0.0, np.cumsum(content)))(found, 1)
    assert density.min() > 0.0  # though the middle of the first bin has a negative part
    assert (CubicSpline(edges, np.append(0.0, np.cumsum(content)))([4.0], 1) < 0.0).all()


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("coherent-csi-2021", {"components": ["dark"]}, "unknown component"),
        ("coherent-csi-2021", {"components": ["ssb"], "truth": True}, "component of recoils"),
        ("xenonnt-2024", {}, "draw only recoils with --truth"),
    ],
)
def test_what_cannot_be_sampled_is_one_sentence(name, more, said):
    if name == "xenonnt-2024" and datasets.find("xenonnt-cevns") is None:
        pytest.skip("the templates of XENONnT are not here: name their folder with CEVNS_DATA")
    with pytest.raises((InputError, UnknownNameError), match=said) as caught:
        event_sample(load(name).experiments[0], **more)
    assert "\n" not in str(caught.value)
