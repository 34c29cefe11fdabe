import itertools
import math

import numpy as np
import pytest
from csi_detector import TIME_EDGES
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import erfcx, ndtr

from cevns.detectors import TimeTable, time_bins
from cevns.detectors.efficiency.exponential import Exponential
from cevns.exceptions import InputError

SIGMA = 0.150
EFFICIENCY = Exponential(0.520, 0.0494)


def emg(tau):
    """A Gaussian pulse times an exponential decay (exponentially modified Gaussian)."""

    def pdf(t, t0):
        z = (SIGMA / tau - (t - t0) / SIGMA) / math.sqrt(2.0)
        gauss = np.exp(-0.5 * ((t - t0) / SIGMA) ** 2)
        # erfcx overflows at large negative z, where the plain exponential form is exact
        plain = np.exp(np.minimum(0.5 * (SIGMA / tau) ** 2 - (t - t0) / tau, 50.0)) * 2.0
        early = np.where(z > -5.0, z, 0.0)
        return np.where(z > -5.0, gauss * erfcx(early), plain) / (2.0 * tau)

    return pdf


PDFS = {"prompt": emg(0.026033), "delayed": emg(2.19698)}
TABLES = {k: TimeTable.build(p, TIME_EDGES, (0.3, 0.7), EFFICIENCY) for k, p in PDFS.items()}


@pytest.mark.parametrize("name", PDFS)
@settings(max_examples=25, deadline=None)
@given(t0=st.floats(0.3, 0.7), b=st.integers(0, 10))
def test_table_against_quad(name: str, t0: float, b: int) -> None:
    cuts = [TIME_EDGES[b], *np.clip([0.52, t0, t0 + 0.3], *TIME_EDGES[b : b + 2])]
    cuts = sorted({*cuts, TIME_EDGES[b + 1]})
    expected = sum(
        quad(lambda t: float(EFFICIENCY(t) * PDFS[name](t, t0)), x, y, epsabs=1e-14)[0]
        for x, y in itertools.pairwise(cuts)
    )
    # 1e-8 of the bin's peak over the range of t0, which is below 1; more for nearly empty bins
    assert abs(TABLES[name].evaluate(t0)[b] - expected) < 1e-8 * max(expected, 0.02)


def test_without_efficiency_it_is_the_cdf() -> None:
    def gauss(t, t0):
        return np.exp(-0.5 * ((t - t0) / SIGMA) ** 2) / (SIGMA * math.sqrt(2.0 * math.pi))

    t0 = np.array([0.31, 0.5, 0.66])
    expected = np.diff(ndtr((TIME_EDGES - t0[:, None]) / SIGMA))
    # the panels resolve the density to 1e-10 of its peak of 2.7 per us
    np.testing.assert_allclose(time_bins(gauss, TIME_EDGES, t0), expected, rtol=0, atol=1e-9)
    table = TimeTable.build(gauss, TIME_EDGES, (0.3, 0.7))
    np.testing.assert_allclose(table.evaluate(t0), expected, rtol=0, atol=1e-8)


def test_derivative_and_shapes() -> None:
    table = TABLES["prompt"]
    t0 = np.linspace(0.32, 0.68, 12).reshape(3, 4)
    value, slope = table.evaluate_with_derivative(t0)
    assert value.shape == slope.shape == (3, 4, 11)
    h = 1e-5
    up, down = (time_bins(PDFS["prompt"], TIME_EDGES, t0.ravel() + d, EFFICIENCY) for d in (h, -h))
    # a cubic spline's derivative is one order worse than its value: 1e-8/step
    np.testing.assert_allclose(slope.reshape(12, 11), (up - down) / (2 * h), rtol=0, atol=1e-6)
    assert table.t0_range_us == pytest.approx((0.3, 0.7), rel=1e-14)
    assert table.evaluate(0.5).shape == (table.n_bins,)


def test_histogram_with_kinks() -> None:
    heights = np.array([0.2, 1.1, 0.7])
    edges = np.array([0.0, 0.4, 0.9, 1.5])

    def histogram(t, t0):
        return np.append(heights, 0.0)[np.searchsorted(edges[1:], t - t0, side="right")]

    content = time_bins(histogram, [0.0, 0.5, 1.5], [0.0], kinks=edges)[0]
    np.testing.assert_allclose(content, [0.2 * 0.4 + 1.1 * 0.1, 1.1 * 0.4 + 0.7 * 0.6], rtol=1e-13)


def test_refusals() -> None:
    with pytest.raises(InputError, match="empty"):
        TimeTable.build(PDFS["prompt"], TIME_EDGES, (0.7, 0.3))
    with pytest.raises(InputError, match="increase"):
        TimeTable.build(PDFS["prompt"], [1.0, 0.0], (0.3, 0.7))
    with pytest.raises(InputError, match="finite"):
        time_bins(PDFS["prompt"], TIME_EDGES, [math.nan])
    with pytest.raises(InputError, match="not smooth enough"):
        TimeTable.build(lambda t, t0: np.where(t > t0, 1.0, 0.0), [0.0, 1.0], (0.3, 0.7))


def test_a_curve_that_is_noise_is_refused_at_once():
    noise = np.random.default_rng(1)

    def pdf(t, t0):
        return noise.random(np.broadcast_shapes(np.shape(t), np.shape(t0)))

    with pytest.raises(InputError, match="varies too strongly to be integrated"):
        time_bins(pdf, [0.0, 6.0], [0.5])
