"""Backgrounds of lines, multiples of one another, and exponentials whose slope is fitted."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numerical import differences
from scipy.integrate import quad
from scipy.stats import norm

import cevns
from cevns.exceptions import SchemaError
from cevns.experiments import load

FILE = """\
schema: 1
name: mine
source: {kind: sns, distance: 20 m, protons: 1.0e22}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63}
  resolution: {kind: gaussian, noise: 0.1 keVee, stochastic: 0.05}
axes: {energy: {unit: keVee, edges: [0.5, 0.8, 1, 1.2, 1.4, 2, 3, 5]}}
backgrounds:
  l:
    count: "{free: 400}"
    energy: {kind: lines, energies: [1.3 keVee, 700 eVee], intensities: [1, 0.3]}
  m: {count: 0.2 +/- 0.05, strength: [l, 0.5], energy: {kind: lines, energies: [0.4 keVee]}}
  neutrons: {count: "{free: 3000}", energy: {kind: exponential, scale: 0.8 keVee, slope: steepness}}
parameters:
  steepness: {free: 1.0, acts_on: function}
""".replace('"', "")
EDGES = np.array([0.5, 0.8, 1.0, 1.2, 1.4, 2.0, 3.0, 5.0])


@pytest.fixture
def write(written):
    return partial(written, FILE)


def sigma(kevee):
    return np.sqrt(0.1**2 + 0.05**2 * kevee)


def test_lines_are_as_wide_as_the_resolution(write):
    shapes = load(write()).inputs.channels[""].backgrounds
    both = sum(
        size * np.diff(norm.cdf(EDGES, energy, sigma(energy)))
        for energy, size in ((1.3, 1.0), (0.7, 0.3))
    )
    assert shapes["l"].ravel() == pytest.approx(both / both.sum(), rel=1e-12)
    below = np.diff(norm.cdf(EDGES, 0.4, sigma(0.4)))  # a line whose tail alone is seen
    assert shapes["m"].ravel() == pytest.approx(below / below.sum(), rel=1e-9)


def test_lines_are_equal_where_nothing_is_said(write):
    said = write((", intensities: [1, 0.3]", ", intensities: [2, 2]"))
    equal = load(said).inputs.channels[""].backgrounds["l"]
    silent = load(write((", intensities: [1, 0.3]", ""))).inputs.channels[""].backgrounds["l"]
    assert silent == pytest.approx(equal)


def test_lines_of_a_perfect_detector_are_in_their_bins(write):
    sharp = write(
        (
            "resolution: {kind: gaussian, noise: 0.1 keVee, stochastic: 0.05}",
            "resolution: {kind: none}",
        ),
        ("0.4 keVee", "0.6 keVee"),
    )
    found = load(sharp).inputs.channels[""].backgrounds["l"].ravel()
    assert found == pytest.approx(np.array([0.3, 0, 0, 1.0, 0, 0, 0]) / 1.3)


def test_a_background_is_a_multiple_of_another(write):
    model = load(write()).model()
    theta = model.parameters.values.copy()
    for count, ratio in ((400.0, 0.2), (800.0, 0.2), (400.0, 0.3)):
        theta[model.parameters.position("l")] = count
        theta[model.parameters.position("m")] = ratio
        found = model.components(theta)["m"].sum()
        assert found == pytest.approx(count * ratio * 0.5, rel=1e-12)


@pytest.mark.parametrize("steepness", [0.0, 1e-12, 0.4, 1.0, 2.5, -0.7])
def test_an_exponential_of_any_slope(write, steepness):
    """exp(-p E/scale), integrated by another program; the count stays that of the region."""
    model = load(write()).model()
    theta = model.parameters.values.copy()
    theta[model.parameters.position("steepness")] = steepness
    found = model.components(theta)["neutrons"]
    bins = [quad(lambda e: np.exp(-steepness * e / 0.8), a, b)[0] for a, b in pairwise(EDGES)]
    assert found == pytest.approx(3000.0 * np.array(bins) / sum(bins), rel=1e-8)


def test_nominal_slope_is_that_of_the_fixed_shape(write):
    fixed = load(
        write(
            (", slope: steepness", ""),
            ("parameters:\n  steepness: {free: 1.0, acts_on: function}\n", ""),
        )
    )
    one, other = (e.model() for e in (fixed, load(write())))
    name = "neutrons"
    assert other.components(other.parameters.values)[name] == pytest.approx(
        one.components(one.parameters.values)[name], rel=1e-12
    )


def test_slopes_of_the_expectation(write):
    """Derivatives by every parameter against central differences."""
    model = load(write()).model()
    theta = model.parameters.values[None] * np.array([[1.03], [0.9]])
    _, slopes = model.linearise(theta)
    # central differences of central differences, of counts of hundreds
    assert slopes == pytest.approx(differences(model, theta), rel=1e-6, abs=1e-6)


def test_a_fit_finds_slope_and_ratio(write):
    """Data made of another slope and another ratio, fitted from the nominal ones."""
    study = cevns.load(write())
    model = study.model()
    theta = model.parameters.values.copy()
    for name, value in (("steepness", 1.3), ("m", 0.22), ("l", 500.0)):
        theta[model.parameters.position(name)] = value
    found = cevns.inference.fit(model.with_observed(model.expected(theta)), minos="none")
    assert found["steepness"].value == pytest.approx(1.3, rel=0.02)
    assert found["l"].value == pytest.approx(500.0, rel=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[1, 0.3]", "[1]"), "2 energies have 1 intensities; give one for each"),
        (("[1, 0.3]", "[1, 0]"), "greater than 0"),
        (("700 eVee", "0.7"), "without a unit"),
        (("700 eVee", "-0.7 keVee"), "greater than 0"),
        (("slope: steepness", "slope: other"), "'steepness' acts on a function, but no function"),
        (("[l, 0.5]", "[m, 0.5]"), "'m' is itself proportional to another background"),
        (("[l, 0.5]", "[k, 0.5]"), "'k' is used by a strength"),
    ],
)
def test_slips(write, change, message):
    with pytest.raises(SchemaError, match=message):
        load(write(change))
