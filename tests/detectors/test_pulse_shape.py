"""Pulse shapes: moments of the beta model, its bins and their morphing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln

from cevns.detectors import Variation
from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.detectors.pulse_shape.beta import Beta
from cevns.exceptions import InputError

F90 = np.linspace(0.5, 0.9, 9)
ENERGY = np.array([0.0, 10.0, 20.0, 30.0])
MODEL = Beta(
    (0.777, 0.221, 16.9, 11.8, 2.3),
    {"f90": Variation((0.794, 0.182, 23.7, 4.0, 2.6), (0.768, 0.272, 14.1, 20.4, 1.9))},
)


def density(model: Beta, energy: float, x: float) -> float:
    """The beta density written out; an independent derivation of the bins."""
    mean, size = float(model.mean(np.array(energy))), float(model.size(np.array(energy)))
    a, b = mean * size, (1 - mean) * size
    return float(np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b)))


@pytest.mark.parametrize("energy", [5.0, 25.0, 115.0])
def test_bins_are_integrals_of_the_density(energy):
    inside = quad(lambda x: density(MODEL, energy, x), 0.5, 0.9)[0]
    wanted = [quad(lambda x: density(MODEL, energy, x), a, b)[0] / inside for a, b in pairwise(F90)]
    found = MODEL.probabilities(np.array([energy]), F90)[0]
    assert found == pytest.approx(wanted, rel=1e-7, abs=1e-10)  # quad's own accuracy


@pytest.mark.parametrize("energy", [5.0, 45.0])
def test_moments_are_those_of_a_fraction_of_n(energy):
    mean, size = float(MODEL.mean(np.array(energy))), float(MODEL.size(np.array(energy)))
    first = quad(lambda x: x * density(MODEL, energy, x), 0, 1)[0]
    second = quad(lambda x: (x - mean) ** 2 * density(MODEL, energy, x), 0, 1)[0]
    assert first == pytest.approx(mean, rel=1e-8)
    assert second == pytest.approx(mean * (1 - mean) / (size + 1), rel=1e-8)


def test_limits_of_the_mean():
    assert MODEL.mean(np.array([0.0, 1e4])) == pytest.approx([0.777 - 0.221, 0.777])


def test_morphing_meets_the_variations_and_keeps_the_sum():
    bins = PulseShapeBins.build(MODEL, ENERGY, F90)
    centres = np.array([5.0, 15.0, 25.0])
    up, down = MODEL.varied["f90"]
    for pull, model in ((1.0, up), (0.0, MODEL), (-1.0, down)):
        found = bins.evaluate({"f90": np.array(pull)})
        assert found == pytest.approx(model.probabilities(centres, F90), abs=1e-14)
    pulls = np.linspace(-3, 3, 13)
    assert bins.evaluate({"f90": pulls}).sum(axis=-1) == pytest.approx(1.0, abs=1e-13)


def test_slopes_are_derivatives():
    bins = PulseShapeBins.build(MODEL, ENERGY, F90)
    for pull in (-1.7, -0.4, 0.0, 0.8, 2.2):
        step = 1e-5
        sides = [bins.evaluate({"f90": np.array(pull + s)}) for s in (step, -step)]
        slope = bins.slopes({"f90": np.array(pull)})["f90"]
        assert slope == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-9)


@pytest.mark.parametrize(
    ("coefficients", "says"),
    [
        ((0.7, 0.2, 10.0, 5.0), "five finite"),
        ((0.7, float("nan"), 10.0, 5.0, 2.0), "five finite"),
        ((1.2, 0.2, 10.0, 5.0, 2.0), "between 0 and 1"),
        ((0.7, 0.8, 10.0, 5.0, 2.0), "between 0 and 1"),
        ((0.7, 0.2, -1.0, 5.0, 2.0), "scale be positive"),
        ((0.7, 0.2, 10.0, 0.0, 2.0), "offset > 0"),
        ((0.7, 0.2, 10.0, 5.0, -2.0), "slope >= 0"),
    ],
)
def test_impossible_shapes(coefficients, says):
    with pytest.raises(InputError, match=says):
        Beta(coefficients)


def test_impossible_variation_and_bins():
    with pytest.raises(InputError, match="five finite"):
        Beta(MODEL.coefficients, {"f90": Variation(1.0, 2.0)})
    with pytest.raises(InputError, match="increase from 0 to 1"):
        MODEL.probabilities(np.array([5.0]), np.array([0.5, 1.2]))
