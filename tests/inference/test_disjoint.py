"""Confidence sets in pieces: edges against root finding, varying critical values, borders."""

from __future__ import annotations

import numpy as np
import pytest
from scan_models import ring
from scipy.optimize import brentq

from cevns.exceptions import InputError
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.scan.regions import Segment, confidence_set


def deviance(x, n=150.0):
    mu = 50 + 100 * x**2
    return 2 * (mu - n + n * np.log(n / mu))


def test_ring_cut_through_the_middle_has_two_intervals():
    model = ring()
    held = model.with_parameters(model.parameters.fix({"y": 0.0}))
    scan = profile_scan(Grid.of(held, {"x": np.linspace(-1.9, 1.9, 14)}))
    level = levels(0.9, 1)
    minima = tuple(scan.best.minima[:, 0])
    found = confidence_set(
        scan.grid.axes[0].values, scan.rise, level, rise=scan.rise_at, extra=minima
    )
    edges = [brentq(lambda x: deviance(x) - level, *b) for b in ((0.1, 1.0), (1.0, 1.9))]
    width = edges[1] - edges[0]
    # 14 points are 0.29 apart, more than the width of a piece: the minima find it
    assert width < 0.29
    assert len(found.pieces) == 2
    for piece, expected in zip(found.pieces, ([-edges[1], -edges[0]], edges), strict=True):
        assert [piece.lower, piece.upper] == pytest.approx(expected, abs=2e-4 * width)
    (low, high) = found.pieces
    assert low.lower < -1.0 < low.upper < 0.0 < high.lower < 1.0 < high.upper


def test_number_of_calls_stays_small():
    calls = []

    def rise(x):
        calls.append(x)
        return (x**4 - 1) ** 2

    x = np.linspace(-1.6, 1.6, 33)
    found = confidence_set(x, (x**4 - 1) ** 2, 0.25, rise=rise)
    assert found.intervals == pytest.approx(
        np.array([[-(1.5**0.25), -(0.5**0.25)], [0.5**0.25, 1.5**0.25]]), abs=3e-5
    )
    assert len(calls) < 8 * 4  # two that bracket and a few more, for four edges


def test_a_parabola_needs_no_polish():
    x = np.linspace(-3, 3, 13)
    found = confidence_set(x, (x - 0.1) ** 2, 1.0)
    # the root of a parabola is straight on either side of its minimum
    assert found.intervals == pytest.approx(np.array([[-0.9, 1.1]]), abs=1e-12)


def test_varying_critical_value():
    x = np.linspace(-3, 3, 601)
    found = confidence_set(x, x**2, 1.0 + 0.5 * (x > 0), rise=lambda v: v * v)
    # to 1e-4 of the width
    assert found.intervals == pytest.approx(np.array([[-1.0, np.sqrt(1.5)]]), abs=2.3e-4)


def test_ends_at_the_border_are_flagged():
    x = np.linspace(0, 4, 41)
    found = confidence_set(x, np.minimum(x**2, (x - 4) ** 2), 1.0)
    assert found.intervals == pytest.approx(np.array([[0.0, 1.0], [3.0, 4.0]]))
    assert [(p.lower_open, p.upper_open) for p in found.pieces] == [(True, False), (False, True)]
    assert confidence_set(x, x**2 + 5, 1.0).pieces == ()
    whole = confidence_set(x, 0 * x, 1.0)
    assert whole.pieces == (Segment(0.0, 4.0, lower_open=True, upper_open=True),)


def test_points_without_a_fit_are_outside():
    x = np.linspace(-2, 2, 41)
    q = np.where(x > 0.45, np.inf, x**2)
    q[0] = np.nan
    found = confidence_set(x, q, 1.0, rise=lambda v: v * v if v < 0.5 else np.inf)
    assert found.intervals == pytest.approx(np.array([[-1.0, 0.5]]), abs=1e-3)


def test_bad_sets():
    with pytest.raises(InputError, match="one statistic for each value"):
        confidence_set(np.arange(3.0), np.arange(4.0), 1.0)
    with pytest.raises(InputError, match="increasing"):
        confidence_set(np.array([0.0, 0.0, 1.0]), np.zeros(3), 1.0)
