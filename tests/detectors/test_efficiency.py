import math
import re

import numpy as np
import pytest
from csi_detector import EFFICIENCY
from hypothesis import given, settings
from hypothesis import strategies as st

from cevns import registry
from cevns.detectors import Efficiency, Variation, efficiency_model
from cevns.detectors.efficiency.error_function import ErrorFunction
from cevns.detectors.efficiency.exponential import Exponential
from cevns.detectors.efficiency.sigmoid import Sigmoid
from cevns.detectors.efficiency.step import Step
from cevns.detectors.efficiency.step_sigmoid import StepSigmoid
from cevns.detectors.efficiency.table import Table
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.response import bin_response
from cevns.detectors.resolution.gaussian import Gaussian
from cevns.exceptions import DataError, InputError

CURVES: dict[str, Efficiency] = {
    "error-function": ErrorFunction(20.0, 4.0),
    "exponential": Exponential(0.52, 0.0494),
    "sigmoid": EFFICIENCY,
    "step": Step(0.5, 0.9),
    "step-sigmoid": StepSigmoid((0.6655, 0.4942, 10.8507)),
    "table": Table((0.0, 3.0, 10.0), (0.1, 0.7, 0.6)),
    "unity": Unity(),
}


def test_every_file_is_a_tested_curve() -> None:
    assert set(registry.names("cevns.detectors.efficiency")) == set(CURVES)
    for name, curve in CURVES.items():
        assert efficiency_model(name) is type(curve)


@pytest.mark.parametrize("name", CURVES)
@settings(deadline=None)  # the first call may import
@given(x=st.floats(-1e6, 1e6))
def test_a_probability(name: str, x: float) -> None:
    assert 0.0 <= CURVES[name](x) <= 1.0


@pytest.mark.parametrize("name", CURVES)
def test_smooth_away_from_kinks(name: str) -> None:
    curve = CURVES[name]
    x = np.linspace(-1.0, 70.0, 7101) + 0.0013
    h = 1e-3
    jump = np.abs(curve(x + h) - 2.0 * curve(x) + curve(x - h))
    clear = np.all([np.abs(x - k) > 2 * h for k in curve.kinks], axis=0)
    # h^2 times a second derivative below 0.05 per PE^2
    assert np.all(jump[clear] < 5e-8) if curve.kinks else jump.max() < 5e-8


def test_sigmoid_of_the_release(csi2021) -> None:
    text = (csi2021 / "effCoefficients.txt").read_text()
    rows = [
        tuple(map(float, row.split())) for row in text.splitlines() if re.match(r"\s*[-\d]", row)
    ]
    assert rows[0] == EFFICIENCY.coefficients
    assert EFFICIENCY.variations["efficiency"] == Variation(rows[1], rows[2])
    a, b, c, d = rows[0]
    x = np.linspace(8.0, 60.0, 50)
    # the same formula
    np.testing.assert_allclose(EFFICIENCY(x), a / (1 + np.exp(-b * (x - c))) + d, rtol=1e-13)


def test_sigmoid_vanishes_over_most_of_the_first_bin() -> None:
    (kink,) = EFFICIENCY.kinks
    assert 7.0 < kink < 8.0
    assert EFFICIENCY(kink - 1e-6) == 0.0
    assert 0.0 < EFFICIENCY(kink + 1e-6) < 1e-6
    saturated = Sigmoid((1.5, 0.3, 5.0, -0.1))
    zero, one = saturated.kinks
    assert saturated(zero) == pytest.approx(0.0, abs=1e-15)
    assert saturated(one) == pytest.approx(1.0, abs=1e-15)
    plus, minus = EFFICIENCY.varied["efficiency"]
    assert plus(12.0) > EFFICIENCY(12.0) > minus(12.0)
    assert np.isfinite(EFFICIENCY([-1e9, 1e9])).all()


def test_step_sigmoid_is_the_2017_acceptance() -> None:
    curve = StepSigmoid((0.6655, 0.4942, 10.8507))

    def logistic(x: float) -> float:
        return 0.6655 / (1.0 + math.exp(-0.4942 * (x - 10.8507)))

    assert curve(4.999) == 0.0
    for x, step in ((5.0, 0.5), (5.9, 0.5), (6.0, 1.0), (20.0, 1.0)):
        assert curve(x) == pytest.approx(step * logistic(x), rel=1e-12)


def test_a_trigger_with_gaussian_noise() -> None:
    """It is a sharp threshold seen through the noise: erfc, and a resolution with a step."""
    half, width = 0.02, 0.004
    curve = ErrorFunction(half, width, plateau=0.9)
    energy = np.array([0.0, 0.012, 0.02, 0.023, 0.1])
    for x, found in zip(energy, curve(energy), strict=True):
        assert found == pytest.approx(
            0.45 * math.erfc(-(x - half) / (math.sqrt(2.0) * width)), rel=1e-12
        )
    noise = Gaussian(noise_kevee=width)
    seen = bin_response(energy, [half, 10.0], noise, Step(half, 0.9))[:, 0]
    np.testing.assert_allclose(seen, curve(energy), rtol=1e-9, atol=1e-15)
    # a bin thousands of times wider than the rise: the efficiency is folded inside it, and two
    # noises add in quadrature
    both = bin_response(energy, [-1.0, 10.0], noise, ErrorFunction(half, 0.3 * width))[:, 0]
    beside = ErrorFunction(half, math.hypot(width, 0.3 * width))(energy)
    np.testing.assert_allclose(both, beside, rtol=1e-8, atol=1e-15)
    # a rise that begins at the edge of such a bin: both noises positive together
    cut = bin_response([half], [half, 10.0], noise, ErrorFunction(half, 0.02 * width))[0, 0]
    assert cut == pytest.approx(0.25 + math.asin(1.0 / math.hypot(1.0, 0.02)) / (2.0 * math.pi))


def test_table_from_csv(tmp_path) -> None:
    path = tmp_path / "efficiency.csv"
    path.write_text("x,efficiency\n0,0.0\n10,0.5\n")
    assert Table.from_csv(path)(5.0) == 0.25
    path.write_text("low,high,efficiency\n0,1,0.2\n1,3,0.5\n")
    assert Table.from_csv(path)([0.5, 1.0, 2.9, 3.0, -1.0]).tolist() == [0.2, 0.5, 0.5, 0.0, 0.0]
    path.write_text("low,high,efficiency\n0,1,0.2\n2,3,0.5\n")
    with pytest.raises(DataError, match="do not join"):
        Table.from_csv(path)
    path.write_text("keVee,efficiency\n0,1\n")
    with pytest.raises(DataError, match="needs a column 'x'"):
        Table.from_csv(path)


def test_table_variations() -> None:
    curve = Table((0.0, 1.0), (0.5, 0.6), variations={"e": Variation((0.6, 0.7), (0.4, 0.5))})
    plus, minus = curve.varied["e"]
    assert plus(1.0) == 0.7
    assert minus(0.0) == 0.4


def test_refusals() -> None:
    good = (1.0, 1.0, 1.0, 0.0)
    for make in (
        lambda: Sigmoid((1.0, 1.0, 1.0)),
        lambda: Sigmoid((1.0, -1.0, 1.0, 0.0)),
        lambda: Sigmoid(good, variations={"e": Variation((1.0,), good)}),
        lambda: StepSigmoid((1.5, 1.0, 1.0)),
        lambda: StepSigmoid((0.5, 1.0, 1.0), steps=(6.0, 5.0)),
        lambda: ErrorFunction(math.nan, 1.0),
        lambda: ErrorFunction(20.0, 0.0),
        lambda: ErrorFunction(20.0, 4.0, plateau=1.1),
        lambda: Exponential(0.5, -1.0),
        lambda: Exponential(math.nan, 1.0),
        lambda: Table((0.0, 1.0), (0.5, 1.5)),
        lambda: Table((1.0, 0.0), (0.5, 0.5)),
        lambda: Table((0.0, 1.0, 2.0, 3.0), (0.5, 0.5)),
        lambda: Table((0.0, 1.0), (math.nan, 0.5)),
    ):
        with pytest.raises(InputError):
            make()
