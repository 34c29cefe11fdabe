"""Arrival times of the neutron backgrounds: released shapes times the efficiency in time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from cevns.datasets import read_table
from cevns.exceptions import InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.declaration.loader import CATALOGUE
from cevns.report.projections import steady_state

NAME = "coherent-csi-2021"
START, RATE = 0.520, 0.0494  # us, 1/us: the release's efficiency, one up to START
EDGES = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])


def survival(low, high, start=START, rate=RATE):
    """Mean over bins of an efficiency that falls as exp(-rate (t - start)) after start."""

    def primitive(t):
        late = np.maximum(t - start, 0.0)
        return np.minimum(t, start) - np.expm1(-rate * late) / rate

    return (primitive(high) - primitive(low)) / (high - low)


def rows(name):
    table = read_table(CATALOGUE / NAME / f"{name}-time.csv")
    return table["time_low_us"], table["time_high_us"], table["content"]


def along_time(low, high, content):
    """Contents in the analysis bins, which hold the table's bins whole; normalised to one."""
    middle = 0.5 * (low + high)
    counts = np.histogram(middle, EDGES, weights=content)[0]
    return counts / counts.sum()


def time_shape(experiment, name):
    """What the model has, from its public expectation."""
    model = experiment.model("count")
    counts = model.components(model.parameters.values)[name].reshape(9, 11)
    return counts.sum(axis=0) / counts.sum()


@pytest.mark.parametrize("name", ["brn", "nin"])
def test_carried_times_with_the_efficiency(csi, name):
    low, high, content = rows(name)
    expected = along_time(low, high, content * survival(low, high))
    # a quadrature over the bin of the table that holds the start is good to 3e-5 of it
    assert_allclose(time_shape(csi, name), expected, rtol=3e-5)
    # what the efficiency does to the shape is far beyond that
    without = along_time(low, high, content)
    assert np.abs(expected - without).max() > 1e-3


@pytest.mark.parametrize("name", ["brn", "nin"])
def test_released_times_with_the_efficiency(release, name):
    """The released bins of 10 ns; one that an analysis edge cuts shares its content by width."""
    folder = release / NAME
    content = np.loadtxt(folder / f"{name}Trec.txt")[:, 1]
    edges = np.linspace(-0.25, 6.25, len(content) + 1)
    seen = content * survival(edges[:-1], edges[1:])
    cumulative = np.interp(EDGES, edges, np.concatenate([[0.0], np.cumsum(seen)]))
    expected = np.diff(cumulative) / (cumulative[-1] - cumulative[0])
    shape = time_shape(load(NAME, data=folder), name)
    assert_allclose(shape, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_another_efficiency(carried, rate):
    """One that no number of the release can stand for."""
    curve = f"{{kind: exponential, start: 0.5 us, rate: {rate} /us}}"
    changed = load(NAME, overrides={"detector.efficiency.time": curve})
    for name in ("brn", "nin"):
        low, high, content = rows(name)
        expected = along_time(low, high, content * survival(low, high, 0.5, rate))
        assert_allclose(time_shape(changed, name), expected, rtol=1e-7)


def test_only_where_the_file_asks_for_it(csi, carried):
    raw = load(NAME, overrides={"backgrounds.nin.time.efficiency": "false"})
    assert_allclose(time_shape(raw, "nin"), along_time(*rows("nin")), rtol=1e-12)
    assert_allclose(time_shape(raw, "brn"), time_shape(csi, "brn"), rtol=1e-12)
    # the steady-state background declares its own fall
    fall = np.exp(-RATE * EDGES[:-1]) - np.exp(-RATE * EDGES[1:])
    assert_allclose(time_shape(csi, "ssb"), fall / fall.sum(), rtol=1e-12)


def test_a_gaussian_pulse_of_beam_neutrons(carried):
    shape = "{kind: gaussian, mean: 500 ns, sigma: 150 ns}"
    changed = load(NAME, overrides={"backgrounds.brn.time": shape})
    share = np.diff(ndtr((EDGES - 0.5) / 0.15))
    assert_allclose(time_shape(changed, "brn"), share / share.sum(), rtol=1e-12)


def test_the_pulse_itself_is_the_prompt_flavour_at_its_nominal_time(carried):
    changed = load(NAME, overrides={"backgrounds.brn.time": "{kind: pulse}"})
    share = np.diff(changed.source.time_cdf("nu_mu", EDGES, 0.474))
    assert_allclose(time_shape(changed, "brn"), share / share.sum(), rtol=1e-6, atol=1e-9)


def test_a_pulse_needs_a_pulse_time(carried):
    changes = {
        "backgrounds.brn.time": "{kind: pulse}",
        "parameters.t0": "{value: 1.0, acts_on: signal}",
    }
    with pytest.raises(InputError, match=r"a beam pulse and a parameter that acts on pulse-time"):
        _ = load(NAME, overrides=changes).inputs


@pytest.mark.parametrize("fields", ["mean: 500 ns, sigma: 0 ns", "mean: 500, sigma: 150 ns"])
def test_a_gaussian_needs_a_width_and_units(carried, fields):
    with pytest.raises(SchemaError, match=r"backgrounds\.brn\.time"):
        load(NAME, overrides={"backgrounds.brn.time": f"{{kind: gaussian, {fields}}}"})


@pytest.mark.parametrize(
    ("changes", "steady"),
    [
        ({}, ("ssb",)),
        ({"backgrounds.ssb.steady": "false"}, ()),
        ({"backgrounds.nin.time": "{kind: exponential, rate: 0.5 /us}"}, ("ssb",)),
        ({"backgrounds.nin.time": "{kind: exponential, rate: 0 /us}"}, ("ssb", "nin")),
        (
            {
                "backgrounds.nin.time": "{kind: exponential, rate: 0 /us}",
                "backgrounds.nin.steady": "false",
            },
            ("ssb",),
        ),
        ({"backgrounds.nin.steady": "true"}, ("ssb", "nin")),
    ],
)
def test_the_declaration_says_which_background_is_steady(carried, changes, steady):
    """An exponential in time may follow the beam; figures subtract what does not."""
    assert set(steady_state(load(NAME, overrides=changes))) == set(steady)
