import itertools
import math

import numpy as np
import pytest
from csi_detector import EDGES, EFFICIENCY, QUENCHING, RESOLUTION
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from cevns.detectors import Efficiency, Resolution, ResponseTable, SharpResponse, bin_response
from cevns.detectors.efficiency import Morphed
from cevns.detectors.efficiency.sigmoid import Sigmoid
from cevns.detectors.efficiency.step_sigmoid import StepSigmoid
from cevns.detectors.efficiency.table import Table
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.resolution.gaussian import Gaussian
from cevns.detectors.resolution.none import Perfect
from cevns.detectors.resolution.poisson import Poisson
from cevns.detectors.responses.chain import Chain
from cevns.exceptions import CevnsWarning, InputError

CSI = ResponseTable.build(RESOLUTION, EFFICIENCY, EDGES, 8.0)
ARGON_EDGES = np.arange(0.0, 121.0, 10.0)
ARGON_EFFICIENCY = Table((0.0, 0.75, 2.25, 5.0, 12.0, 30.0), (0.0, 0.0, 0.3, 0.7, 0.93, 0.955))
PEAKS = CSI.evaluate(np.linspace(0.0, 8.0, 2001)).max(axis=0)


def by_quad(
    resolution: Resolution, efficiency: Efficiency, energy: float, low: float, high: float
) -> float:
    marks = resolution.landmarks(np.array([energy]))[0]
    cuts = sorted({low, high, *[c for c in (*efficiency.kinks, *marks) if low < c < high]})

    def integrand(x: float) -> float:
        return float(efficiency(x) * resolution.pdf(x, energy))

    return sum(
        quad(integrand, a, b, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(cuts)
    )


@settings(max_examples=60, deadline=None)
@given(energy=st.floats(1e-3, 8.0), b=st.integers(0, 8))
@example(energy=0.05, b=0)
@example(energy=0.3, b=0)
@example(energy=8.0, b=8)
def test_csi_table_against_quad(energy: float, b: int) -> None:
    expected = by_quad(RESOLUTION, EFFICIENCY, energy, EDGES[b], EDGES[b + 1])
    # the table is built to 1e-8 of each bin's peak
    assert abs(CSI.evaluate(energy)[b] - expected) < 1e-8 * PEAKS[b]
    direct = bin_response([energy], EDGES, RESOLUTION, EFFICIENCY)[0, b]
    assert abs(direct - expected) < 1e-11 * PEAKS[b]  # what quad promises, over ten pieces


@settings(max_examples=40, deadline=None)
@given(
    energy=st.floats(1e-3, 8.0),
    b=st.integers(0, 8),
    alpha=st.sampled_from([-4.0, -2.5, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]),
)
@example(energy=0.5, b=0, alpha=-1.0)
def test_efficiency_variations_against_quad(energy: float, b: int, alpha: float) -> None:
    plus, minus = EFFICIENCY.varied["efficiency"]
    expected = by_quad(
        RESOLUTION, Morphed(EFFICIENCY, plus, minus, alpha), energy, EDGES[b], EDGES[b + 1]
    )
    # a change is tabulated on a quarter of the knots: 4^4 x 1e-8 of the peak
    value = CSI.evaluate(np.array([energy]), np.array([alpha]))[0, b]
    assert abs(value - expected) < 3e-6 * PEAKS[b]


@settings(max_examples=40, deadline=None)
@given(energy=st.floats(0.2, 8.0), b=st.integers(1, 8), alpha=st.floats(-4.0, 4.0))
def test_efficiency_pulls_between_the_knots(energy: float, b: int, alpha: float) -> None:
    plus, minus = EFFICIENCY.varied["efficiency"]
    curve = Morphed(EFFICIENCY, plus, minus, alpha)
    expected = bin_response([energy], EDGES, RESOLUTION, curve)[0, b]
    value = CSI.evaluate(np.array([energy]), np.array([alpha]))[0, b]
    # twelve knots a sigma; d(alpha) is of sixth degree between them, and where the curve is
    # clamped (8-12 PE below -2 sigma) its content has a jump in the second derivative
    assert abs(value - expected) < 1e-4 * PEAKS[b]


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_threshold_bin_between_the_knots_of_the_pull(sign: float) -> None:
    """Half a sigma between knots left 14 % of the first bin, and negative counts."""
    from cevns.experiments import load

    csi = load("coherent-csi-2021")
    signal = csi.signal()
    energy = signal.quenching.electron_energy_kevee()
    recoils = csi.fold.spectrum().sum(axis=0)
    plus, minus = EFFICIENCY.varied["efficiency"]
    nominal = recoils @ bin_response(energy, EDGES, RESOLUTION, EFFICIENCY)
    for alpha in sign * np.linspace(0.013, 3.973, 67):
        curve = Morphed(EFFICIENCY, plus, minus, float(alpha))
        exact = recoils @ bin_response(energy, EDGES, RESOLUTION, curve)
        table = recoils @ csi.response.evaluate(energy, np.array([alpha]))
        # at a pull of 0, where one of the three curves begins to vanish, the content of the first
        # bin has a kink, which the spline rounds off over a twelfth of a sigma
        assert np.abs(table - exact).max() < 4e-5 * nominal.sum()
        assert abs(table[0] - exact[0]) < 5e-3 * nominal[0]
        assert table.min() > -3e-4 * nominal[0]


def test_a_morphed_efficiency_is_the_released_curve_at_one_sigma() -> None:
    x = np.linspace(0.0, 60.0, 601)
    plus, minus = EFFICIENCY.varied["efficiency"]
    for alpha, curve in ((0.0, EFFICIENCY), (1.0, plus), (-1.0, minus)):
        # rounding of a difference of curves
        np.testing.assert_allclose(
            Morphed(EFFICIENCY, plus, minus, alpha)(x), curve(x), rtol=0, atol=1e-15
        )
    far = Morphed(EFFICIENCY, plus, minus, -3.0)
    assert far(x).min() == 0.0
    # the threshold has moved into the second bin, behind those of the three curves, and is exact
    threshold = max(far.kinks)
    assert 8.0 < threshold < 12.0
    assert far(threshold - 1e-6) == 0.0
    assert far(threshold + 1e-6) > 0.0


@settings(max_examples=30, deadline=None)
@given(energy=st.floats(0.01, 130.0), b=st.integers(0, 11))
def test_argon_against_quad(energy: float, b: int) -> None:
    resolution = Gaussian(stochastic=0.58)
    expected = by_quad(resolution, ARGON_EFFICIENCY, energy, ARGON_EDGES[b], ARGON_EDGES[b + 1])
    direct = bin_response([energy], ARGON_EDGES, resolution, ARGON_EFFICIENCY)[0, b]
    assert abs(direct - expected) < 1e-10  # kinks at every point of the table: more pieces


@pytest.mark.parametrize("energy", [0.0, 1e-9, 1e-4, 0.01, 0.03, 0.1, 0.3, 1.0, 7.9])
@pytest.mark.parametrize(
    "resolution", [RESOLUTION, Gaussian(noise_kevee=0.1, stochastic=0.58), Poisson(13.35)]
)
def test_probability_is_conserved(resolution: Resolution, energy: float) -> None:
    edges = np.array([-20.0, *EDGES, 400.0])
    table = ResponseTable.build(resolution, Unity(), edges, 8.0)
    expected = np.diff(resolution.cdf(edges, energy))
    # at E -> 0 the gamma law has a branch point at x = 0, x^b with b -> 0
    direct = bin_response([energy], edges, resolution, Unity())[0]
    np.testing.assert_allclose(direct, expected, rtol=0, atol=1e-10)
    assert math.fsum(direct) == pytest.approx(1.0, abs=1e-10)
    # the sum of the eleven bins' interpolation errors
    assert table.evaluate(energy).sum() == pytest.approx(1.0, abs=1e-7)


def test_bin_centres_would_be_wrong_in_the_first_bin() -> None:
    energy = np.array([0.45])
    naive = EFFICIENCY(4.0) * np.diff(RESOLUTION.cdf(EDGES[:2], energy[0]))[0]
    assert naive == 0.0
    assert CSI.evaluate(energy)[0, 0] > 3e-3


def test_a_wide_bin_is_the_sum_of_its_parts() -> None:
    energy = np.linspace(0.0, 8.0, 50)
    wide = bin_response(energy, [0.0, 60.0], RESOLUTION, EFFICIENCY)[:, 0]
    narrow = bin_response(energy, EDGES, RESOLUTION, EFFICIENCY).sum(axis=1)
    np.testing.assert_allclose(wide, narrow, rtol=0, atol=1e-11)  # other panels, same integral


def test_a_steep_efficiency_in_a_wide_bin() -> None:
    steep = Sigmoid((1.0, 40.0, 17.3, 0.0))
    direct = bin_response([1.3], [0.0, 250.0], RESOLUTION, steep)[0, 0]
    cuts = [0.0, 16.0, 17.0, 17.3, 17.6, 18.6, 60.0, 250.0]
    expected = sum(
        quad(lambda x: float(steep(x) * RESOLUTION.pdf(x, 1.3)), a, b, epsabs=1e-14)[0]
        for a, b in itertools.pairwise(cuts)
    )
    assert direct == pytest.approx(expected, abs=1e-9)  # the efficiency is resolved to 1e-9


@settings(max_examples=40, deadline=None)
@given(energy=st.floats(0.02, 7.9))
def test_derivative(energy: float) -> None:
    value, slope, _ = CSI.evaluate_with_derivatives(np.array([energy]))
    np.testing.assert_array_equal(value[0], CSI.evaluate(energy))
    h = 1e-5 * energy
    exact = bin_response([energy - h, energy + h], EDGES, RESOLUTION, EFFICIENCY)
    # spline slope: a cubic spline's derivative is one order worse than its value; step error h^2
    np.testing.assert_allclose(slope[0], (exact[1] - exact[0]) / (2 * h), rtol=0, atol=2e-5)


def test_shapes_and_slopes_with_pulls() -> None:
    rng = np.random.default_rng(5)
    energy, pulls = rng.uniform(0.2, 7.0, (3, 4)), rng.uniform(-0.9, 2.0, (3, 1))
    value, slope, by_pull = CSI.evaluate_with_derivatives(energy, pulls)
    assert value.shape == slope.shape == (3, 4, 9)
    assert by_pull.shape == (3, 1, 4, 9)
    np.testing.assert_array_equal(value, CSI.evaluate(energy, pulls))
    h = 1e-5
    up, down = CSI.evaluate(energy, pulls + h), CSI.evaluate(energy, pulls - h)
    # step error h^2, rounding 1e-16/h
    np.testing.assert_allclose(by_pull[:, 0], (up - down) / (2 * h), rtol=0, atol=1e-9)
    up, down = CSI.evaluate(energy + h, pulls), CSI.evaluate(energy - h, pulls)
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=0, atol=1e-8)
    assert CSI.evaluate(1.0).shape == (9,)
    assert CSI.energy_max_kevee == pytest.approx(8.0, rel=1e-14)


def test_beyond_the_ends() -> None:
    np.testing.assert_array_equal(CSI.evaluate(50.0), CSI.evaluate(8.0))
    assert np.all(CSI.evaluate(0.0) == CSI.evaluate(-1.0))
    assert np.abs(CSI.evaluate(0.0)).max() < 1e-12
    with np.errstate(invalid="ignore"):
        assert np.isnan(CSI.evaluate(math.nan)).all()


def test_the_table_reaches_as_far_as_the_quenching_pulls() -> None:
    curve = QUENCHING.on(np.linspace(0.0, 46.0, 100))
    corners = np.array([[a, b] for a in (-6, 6) for b in (-6, 6)])
    assert curve.electron_energy_kevee(corners).max() <= curve.largest_kevee(6.0)


@pytest.mark.parametrize(("where", "shift"), [("count", 0.0), ("centre", 0.5)])
def test_poisson_is_a_sum_over_photo_electrons(where, shift) -> None:
    from scipy.stats import poisson

    acceptance = StepSigmoid((0.6655, 0.4942, 10.8507))
    edges = np.arange(4.0, 31.0, 2.0)
    table = ResponseTable.build(Poisson(13.348, efficiency_at=where), acceptance, edges, 6.0)
    for energy in (0.2, 1.0, 2.345):
        k = np.arange(4, 30)
        each = poisson.pmf(k, 13.348 * energy) * acceptance(k + shift)
        # the accuracy the table is built to; peaks are of order 0.1
        np.testing.assert_allclose(
            table.evaluate(energy), each.reshape(-1, 2).sum(axis=1), rtol=0, atol=2e-9
        )


def test_poisson_with_edges_between_integers() -> None:
    model = Poisson(10.0)
    edges = np.array([1.25, 1.75, 4.5])
    np.testing.assert_allclose(
        bin_response([0.3], edges, model, Unity())[0], np.diff(model.cdf(edges, 0.3)), rtol=1e-12
    )


def test_perfect_resolution() -> None:
    sharp = SharpResponse([0.0, 8.0, 16.0], Perfect(13.35), EFFICIENCY)
    value = sharp.evaluate([[0.55, 1.0, 5.0]])
    assert value.shape == (1, 3, 2)
    np.testing.assert_allclose(
        value[0],
        [[EFFICIENCY(0.55 * 13.35), 0.0], [0.0, EFFICIENCY(13.35)], [0.0, 0.0]],
        rtol=1e-14,
    )
    assert sharp.parameters == {}
    np.testing.assert_allclose(
        sharp.kinks_kevee, [0.0, EFFICIENCY.kinks[0] / 13.35, 8 / 13.35, 16 / 13.35]
    )
    np.testing.assert_array_equal(
        bin_response([0.55, 1.0, 5.0], [0.0, 8.0, 16.0], Perfect(13.35), EFFICIENCY), value[0]
    )


def test_a_bin_that_is_never_filled() -> None:
    table = ResponseTable.build(RESOLUTION, EFFICIENCY, [0.0, 20.0, 2000.0, 2500.0], 2.0)
    assert np.abs(table.evaluate([0.5, 2.0])[:, 2]).max() < 1e-15


def test_refusals() -> None:
    for make, message in (
        (lambda: ResponseTable.build(RESOLUTION, EFFICIENCY, [0, 8, 8], 8.0), "must increase"),
        (lambda: ResponseTable.build(RESOLUTION, EFFICIENCY, [0.0, math.nan], 8.0), "finite"),
        (lambda: ResponseTable.build(RESOLUTION, EFFICIENCY, EDGES, -1.0), "positive"),
        (lambda: ResponseTable.build(Perfect(), EFFICIENCY, EDGES, 8.0), "SharpResponse"),
        (lambda: bin_response([-1.0], EDGES, RESOLUTION, EFFICIENCY), "not negative"),
        (
            lambda: ResponseTable.build(Gaussian(noise_kevee=1e-4), Unity(), [1.0, 2.0], 8.0),
            "not smooth enough",
        ),
    ):
        with pytest.raises(InputError, match=message):
            make()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (Table((2.0, 50.0), (0.1, 0.9)), "defined from 2 to 50 .* 0.1 and 0.9 are taken"),
        (Table((0.0, 20.0, 40.0), (0.1, 0.9)), "defined from 0 to 40 .* 0.1 and 0 are taken"),
    ],
)
def test_an_efficiency_that_ends_inside_the_axis_is_said(table: Table, says: str) -> None:
    curve = Constant(0.1).on(np.linspace(0.0, 50.0, 11))
    with pytest.warns(CevnsWarning, match=says):
        Chain().on(np.array([0.0, 10.0, 60.0]), RESOLUTION, table, curve)
    Chain().on(np.array([table.x[0], 10.0, table.x[-1]]), RESOLUTION, table, curve)
