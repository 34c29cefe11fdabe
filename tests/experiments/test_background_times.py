"""Arrival times of the neutron backgrounds: released shapes times the efficiency in time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cevns.datasets import read_table
from cevns.experiments import load
from cevns.experiments.declaration.loader import CATALOGUE

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
