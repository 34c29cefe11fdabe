from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV
from cevns.exceptions import InputError
from cevns.propagation import Extent, Oscillation
from cevns.rates.moments import weighted_moments
from cevns.sources import SNS, Source

SOURCE = SNS(distance_m=19.3, protons=3.198e23)
LOW = np.array([0.3, 2.0, 11.0, 29.0, 29.8, 45.0, 52.7, 60.0])
K = np.arange(3.0)[:, None]


class Steps(Source):
    """A spectrum of histogram bins, which no kink announces."""

    flavours = ("nu_e",)
    recoil_kinks = (50.0,)
    edges = np.array([0.0, 7.3, 13.1, 28.9, 29.6, 41.0, 50.0])
    density = np.array([1.0, 3.0, 2.0, 40.0, 1.0, 0.3]) / 88.63

    def spectrum(self, flavour, energy):
        i = np.clip(np.searchsorted(self.edges, energy, side="right") - 1, 0, 5)
        return np.where(energy < 50.0, self.density[i], 0.0)

    def lines(self, flavour):
        return ()

    def end_point_mev(self, flavour):
        return 50.0

    def moments(self, flavour, e_min):
        return self.exact(e_min, 0.0)

    def exact(self, e_min, power):
        """Moments with the weight E^power."""
        low = np.maximum(self.edges[:-1], np.atleast_1d(np.asarray(e_min, float))[:, None])
        high = np.maximum(self.edges[1:], low)
        out = []
        for k in range(3):
            n = power - k + 1.0
            part = np.log(high / low) if n == 0 else (high**n - low**n) / n
            out.append((part * self.density).sum(axis=1))
        return np.stack(out)


@pytest.mark.parametrize("flavour", SOURCE.flavours)
def test_a_weight_of_one_gives_the_moments(flavour):
    own = weighted_moments(SOURCE, flavour, LOW, np.ones_like)
    exact = SOURCE.moments(flavour, LOW)
    # both are sums of about ten pieces, each good to rounding
    assert np.allclose(own, exact, rtol=1e-13, atol=0)
    assert np.array_equal(weighted_moments(SOURCE, flavour, LOW), exact)


@pytest.mark.parametrize("flavour", ["nu_e", "nubar_mu"])
def test_powers_shift_the_moments(flavour):
    own = weighted_moments(SOURCE, flavour, LOW, lambda e: 1e3 / e)
    assert np.allclose(own[:2], 1e3 * SOURCE.moments(flavour, LOW)[1:], rtol=1e-13, atol=0)


def test_lines_are_exact():
    h = Oscillation(1.3, 19.3)
    own = weighted_moments(SOURCE, "nu_mu", LOW, h)
    value = float(h(np.array([E_PION_LINE_MEV]))[0])
    expected = (LOW <= E_PION_LINE_MEV) * value * E_PION_LINE_MEV**-K
    assert np.allclose(own, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("dm2", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("extents", [(), (Extent(0.5),)])
@pytest.mark.parametrize("e_min", [2.0, 15.0, 50.0])
def test_oscillations_against_an_integral_over_one_over_energy(dm2, extents, e_min):
    h = Oscillation(dm2, 19.3, extents)

    def integrand(u, k):
        e = np.array([1.0 / u])
        return float((SOURCE.spectrum("nu_e", e) * h(e))[0]) * u ** (k - 2)

    # in u = 1/E the phase is linear: panels of a radian
    span = 1.0 / e_min - 1.0 / E_MICHEL_MAX_MEV
    n = int(2.54 * dm2 * 19.3 * span) + 2
    edges = 1.0 / E_MICHEL_MAX_MEV + span * np.linspace(0.0, 1.0, n)
    own = weighted_moments(SOURCE, "nu_e", e_min, h)
    size = SOURCE.moments("nu_e", e_min)
    for k in range(3):
        direct = sum(
            quad(integrand, a, b, (k,), epsabs=0, epsrel=1e-12)[0]
            for a, b in itertools.pairwise(edges)
        )
        assert abs(own[k] - direct) < 1e-11 * size[k]


def test_fast_oscillations_average_to_a_half():
    own = weighted_moments(SOURCE, "nu_e", LOW[:5], Oscillation(1e4, 19.3, (Extent(0.5),)))
    # what is left of them falls with dm2: E/(2 phi) sinc(k d) of the spectrum
    assert np.allclose(own, 0.5 * SOURCE.moments("nu_e", LOW[:5]), rtol=1e-4, atol=0)


def test_zero_energy_is_reached():
    h = Oscillation(1.0, 19.3, (Extent(0.5),))
    at_zero = weighted_moments(SOURCE, "nu_e", 0.0, h)[0]
    near = weighted_moments(SOURCE, "nu_e", 1e-3, h)[0]
    # the oscillations below 1e-3 MeV, too fast to matter, are left at 1e-13 a piece
    assert at_zero == pytest.approx(near, rel=1e-11)


def test_steps_that_no_kink_announces():
    source = Steps()
    own = weighted_moments(source, "nu_e", LOW, np.sqrt)
    assert np.allclose(own, source.exact(LOW, 0.5), rtol=1e-11, atol=1e-14)


def test_shape_follows_the_lower_ends():
    h = Oscillation(1.0, 19.3)
    grid = LOW.reshape(2, 4)
    own = weighted_moments(SOURCE, "nu_e", grid, h)
    assert own.shape == (3, 2, 4)
    # the pieces between lower ends differ: rounding
    assert np.allclose(own[:, 0, 1], weighted_moments(SOURCE, "nu_e", LOW[1], h), rtol=1e-13)


def test_a_weight_that_cannot_be_integrated_is_refused():
    with pytest.raises(InputError, match="oscillates too fast"):
        weighted_moments(SOURCE, "nu_e", 1.0, lambda e: np.sin(1e9 * e))
