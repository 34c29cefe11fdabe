"""One bin, by hand: -2 ln L = 2 [mu + b - n ln(mu + b)] decides every number."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

import cevns
from cevns.inference.fitting.intervals import interval, profile

FILE = """
schema: 1
name: one-bin
source: {{kind: sns, distance: 20 m, protons: 1e20}}
target: {{material: Ge, mass: 10 kg}}
detector: {{efficiency: {{recoil: {{kind: step, threshold: 2}}}}}}
backgrounds: {{b: {{count: {b} +/- 1e-6}}}}
data: {{counts: {n}}}
"""
B = 0.5
Z2 = 1.6423744151498  # of a one-sided 90 % limit
COUNTS = (0, 1, 3, 7)


def rise(n: int, mu: float) -> float:
    """-2 ln L above its minimum for mu >= 0."""
    best = max(n - B, 0.0) + B
    log = n * math.log((mu + B) / best) if n else 0.0
    return 2.0 * (mu + B - best - log)


def crossing(n: int, goal: float) -> float:
    """Where it has risen by so much, above the minimum."""
    return float(brentq(lambda mu: rise(n, mu) - goal, max(n - B, 0.0), 100.0, xtol=1e-12))


@pytest.fixture(params=COUNTS)
def n(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def study(folder: Path, n: int) -> cevns.Study:
    path = folder / "one-bin.yaml"
    path.write_text(FILE.format(b=B, n=n), encoding="utf-8")
    return cevns.load(path)


def test_best_fit_and_upper_error(tmp_path: Path, n: int) -> None:
    """No event and half an expected: 0.0 +0.5, not 0.0 +- 0.0."""
    poi = study(tmp_path, n).fit().poi
    assert poi is not None
    # fits end at 1e-4 of an error
    assert poi.value == pytest.approx(max(n - B, 0.0), abs=1e-3)
    assert poi.error_up == pytest.approx(crossing(n, 1.0) - max(n - B, 0.0), abs=2e-3)


def test_upper_limit(tmp_path: Path, n: int) -> None:
    found = study(tmp_path, n).limit().events
    assert found == pytest.approx(crossing(n, Z2), rel=2e-4)
    if n == 0:
        assert found == pytest.approx(0.82, abs=2e-3)


def test_interval_and_profile(tmp_path: Path, n: int) -> None:
    model = study(tmp_path, n).model("count")
    found = interval(model, "cevns", level=0.9)
    assert found.upper == pytest.approx(crossing(n, 2.7055434540954), rel=3e-4)
    assert found.lower_is_bound == (n < 3)
    curve = profile(model, "cevns")
    np.testing.assert_allclose(curve.rise, [rise(n, mu) for mu in curve.values], atol=2e-4)
    assert curve.rise[-1] > 3.0
