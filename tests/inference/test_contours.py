"""Contours: areas known in closed form, pieces, borders, logarithmic axes."""

from __future__ import annotations

import numpy as np
import pytest
from scan_models import PLANE_COVARIANCE, plane, ring

from cevns.exceptions import InputError, MissingExtraError
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.scan.regions import contour
from cevns.parameters import Parameter

pytest.importorskip("contourpy")


def axes(x, y, log=False):
    return (
        Axis(Parameter("x", float(x[0])), x, log=log),
        Axis(Parameter("y", float(y[0])), y, log=log),
    )


def test_area_of_a_gaussian_ellipse():
    model = plane()
    sigma = np.sqrt(np.diag(PLANE_COVARIANCE))
    ranges = {n: np.linspace(-4 * s, 4 * s, 121) for n, s in zip("ab", sigma, strict=True)}
    scan = profile_scan(Grid.of(model, ranges))
    for cl in (0.6827, 0.9, 0.99):
        level = levels(cl, 2)
        found = contour(scan.grid.axes, scan.map, level)
        expected = np.pi * level * np.sqrt(np.linalg.det(PLANE_COVARIANCE))
        # straight lines through 121 points of a parabola: the second order of the step
        assert found.area == pytest.approx(expected, rel=3e-3)
        (piece,) = found.pieces
        (curve,) = found.curves
        assert curve.closed
        assert not piece.at_border
        # the ellipse reaches sqrt(level) standard deviations
        reach = np.sqrt(level) * sigma
        assert piece.box == pytest.approx((-reach[0], reach[0], -reach[1], reach[1]), rel=3e-3)
        assert found.contains(0, 0)
        assert not found.contains(1.1 * reach[0], 0)


def test_a_ring_has_a_hole():
    scan = profile_scan(Grid.of(ring(), {n: np.linspace(-1.6, 1.6, 161) for n in "xy"}))
    level = 2.0
    found = contour(scan.grid.axes, scan.map, level)
    (piece,) = found.pieces
    assert len(piece.holes) == 1
    assert len(found.curves) == 2
    mu = np.linspace(60, 300, 400_001)
    inside = mu[2 * (mu - 150 + 150 * np.log(150 / mu)) < level]
    # area = pi (R^2 - r^2) and mu = 50 + 100 r^2; a chord of a curve with f'' = 530, f' = 46 over
    # a step of 0.02 moves each edge by up to 6e-4 of a width of 0.17
    assert found.area == pytest.approx(np.pi * (inside[-1] - inside[0]) / 100, rel=7e-3)
    assert found.contains(1, 0)
    assert not found.contains(0, 0)


def test_two_pieces_and_one_that_the_border_cuts():
    x = np.linspace(-2, 2, 201)
    y = np.linspace(-1, 1, 101)
    values = np.minimum(
        ((x[:, None] + 1) ** 2 + y**2) / 0.3**2, ((x[:, None] - 2) ** 2 + y**2) / 0.5**2
    )
    found = contour(axes(x, y), values, 1.0)
    assert [p.at_border for p in found.pieces] == [True, False]
    assert [p.area for p in found.pieces] == pytest.approx(
        [0.5 * np.pi * 0.25, np.pi * 0.09], rel=5e-3
    )
    assert not found.closed
    assert sorted(c.closed for c in found.curves) == [False, True]
    assert found.to_dict()["pieces"][1]["box"] == pytest.approx([-1.3, -0.7, -0.3, 0.3], abs=1e-3)


def test_logarithmic_axes_are_contoured_in_the_logarithm():
    x = np.geomspace(1e-3, 1e3, 61)
    u = np.log10(x)
    found = contour(axes(x, x, log=True), u[:, None] ** 2 + u**2, 1.0)
    # a circle of one decade
    assert found.area == pytest.approx(np.pi * np.log(10) ** 2, rel=5e-3)
    (piece,) = found.pieces
    assert piece.box == pytest.approx((0.1, 10, 0.1, 10), rel=1e-6)


def test_map_of_critical_values():
    x = np.linspace(-3, 3, 121)
    radius2 = x[:, None] ** 2 + x**2
    critical = 1.0 + 0.75 * radius2  # r^2 = 1 + 0.75 r^2 at r = 2
    found = contour(axes(x, x), radius2, critical)
    assert found.area == pytest.approx(4 * np.pi, rel=5e-3)


def test_infinite_points_are_outside():
    x = np.linspace(-1, 1, 41)
    values = x[:, None] ** 2 + x**2
    values[x > 0.5] = np.inf
    values[0, 0] = np.nan
    found = contour(axes(x, x), values, 4.0)
    assert found.pieces[0].box[1] == pytest.approx(0.5, abs=1e-3)
    everything = contour(axes(x, x), np.zeros((41, 41)), 1.0)
    assert everything.area == pytest.approx(4.0)
    assert everything.curves == ()
    nothing = contour(axes(x, x), np.full((41, 41), 2.0), 1.0)
    assert nothing.area == 0
    assert nothing.pieces == ()


def test_bad_contours(monkeypatch):
    x = np.linspace(0, 1, 3)
    with pytest.raises(InputError, match="needs a map of shape"):
        contour(axes(x, x), np.zeros((2, 3)), 1.0)
    with pytest.raises(InputError, match="two values along each axis"):
        contour(axes(x, x[:1]), np.zeros((3, 1)), 1.0)
    with pytest.raises(InputError, match="finite level"):
        contour(axes(x, x), np.zeros((3, 3)), np.nan)
    monkeypatch.setattr("cevns.inference.scan.regions.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"cevns\[scan\]"):
        contour(axes(x, x), np.zeros((3, 3)), 1.0)
