"""Profile scans: against iminuit, Asimov data, several minima, raster scans, refinement."""

from __future__ import annotations

import numpy as np
import pytest
from csi_like import template
from mirror_like import mirror
from scan_models import PLANE_COVARIANCE, Mediators, mediator, plane, ring

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference import Likelihood, asimov, fit, observed
from cevns.inference.minimum import batch as batched
from cevns.inference.minimum.batch import FAILED, BatchFitter
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.scan.refine import refined_scan
from cevns.inference.scan.regions import contour
from cevns.inference.scan.scan_slice import Effort, Slice


def grid_of(model, **ranges):
    return Grid.of(model, {k: np.linspace(*v) for k, v in ranges.items()})


def test_conditional_minima_are_those_of_iminuit():
    _, model = template("cross-section", True)
    grid = grid_of(model, scale=(0.4, 1.8, 12), t0=(0.43, 0.52, 9))
    scan = profile_scan(grid)
    assert (scan.status < FAILED).all()
    assert scan.map.shape == (12, 9)
    for i in range(0, grid.size, 17):
        held = dict(zip(grid.scanned, grid.points[i], strict=True))
        for start in ({}, scan.theta[i]):
            one = fit(model, fix=held, start=start, minos="none")
            difference = one.twice_nll - scan.twice_nll[i]
            # iminuit stops at edm 2e-5; begun at our minimum it stays there
            assert -1e-6 < difference < (1e-6 if len(start) else 2e-5)
        at = [model.parameters.position(n) for n in grid.scanned]
        assert (scan.theta[i][at] == grid.points[i]).all()
    best = fit(model, minos="none")
    assert -2e-5 < scan.best.twice_nll - best.twice_nll < 1e-6
    assert scan.best_fit()["scale"].value == pytest.approx(best["scale"].value, rel=1e-3)
    assert (scan.rise >= 0).all()


def test_asimov_returns_the_truth():
    _, model = template("cross-section")
    truth = {"scale": 1.2, "t0": 0.46}
    grid = grid_of(model, scale=(0.6, 1.8, 13), t0=(0.43, 0.49, 7))
    scan = profile_scan(grid, data=asimov(model, truth))
    lowest = int(np.argmin(scan.rise))
    assert grid.points[lowest] == pytest.approx([1.2, 0.46])
    assert scan.rise[lowest] == pytest.approx(0, abs=1e-7)
    assert scan.best.twice_nll == pytest.approx(0, abs=1e-7)
    # edm below 1e-7: 3e-4 standard deviations
    assert scan.best.theta == pytest.approx(model.parameters.at(truth).values, abs=1e-2)
    expected = float(Likelihood.of(model, asimov(model, truth)).twice_nll(scan.theta[0]))
    assert scan.twice_nll[0] == pytest.approx(expected, abs=1e-8)


def test_gaussian_plane():
    model = plane()
    scan = profile_scan(grid_of(model, a=(-1, 1, 11), b=(-1, 1, 9)))
    inverse = np.linalg.inv(PLANE_COVARIANCE)
    chi2 = np.einsum("pi,ij,pj->p", scan.grid.points, inverse, scan.grid.points)
    # counts of 1e8: the third derivative enters with 1e-4
    assert scan.rise == pytest.approx(chi2, rel=1e-3, abs=1e-5)


def test_nothing_but_the_axes_is_free():
    model = ring()
    scan = profile_scan(grid_of(model, x=(-1.5, 1.5, 7), y=(-1.5, 1.5, 5)))
    mu = model.expected(scan.grid.points)[:, 0]
    assert scan.twice_nll == pytest.approx(2 * (mu - 150 + 150 * np.log(150 / mu)), abs=1e-9)
    assert scan.best.twice_nll == pytest.approx(0, abs=1e-6)


def test_the_deepest_of_several_minima_is_profiled():
    # the coupling that is not scanned has two solutions, and which is deeper changes on the way
    model = mirror(0.1)
    k = model.parameters.position("eps_mu")
    scan = profile_scan(grid_of(model, eps_e=(-0.4, 1.4, 10)))
    fitter = BatchFitter(model, fix=["eps_e"])
    brute = np.full(10, np.inf)
    for other in np.linspace(-0.3, 1.3, 9):
        start = scan.theta.T.copy()
        start[k] = other
        brute = np.minimum(brute, fitter.fit(observed(model), start).valid_nll)
    assert scan.twice_nll == pytest.approx(brute, abs=1e-6)
    assert len(scan.best.minima) >= 2
    assert (np.diff(scan.best.minima_twice_nll) >= 0).all()


def test_a_deeper_basin_spreads_from_where_it_is_found():
    model = mirror(0.1)
    k = model.parameters.position("eps_mu")
    values = np.linspace(0.25, 0.75, 15)
    work = Slice(Grid.of(model, {"eps_e": values}), {}, np.arange(15), None)
    shallow, deep = (
        work.fit(np.arange(15), np.tile(model.parameters.at({"eps_mu": y}).values, (15, 1)))
        for y in (0.0, 0.93)
    )
    if shallow.valid_nll.sum() < deep.valid_nll.sum():
        shallow, deep = deep, shallow
    assert (shallow.valid_nll > deep.valid_nll + 1e-4).all()
    assert (np.abs(shallow.theta[:, k] - deep.theta[:, k]) > 0.5).all()
    found = work.nothing(model.parameters.values)
    work.keep_lower(found, np.arange(15), shallow.theta)
    work.keep_lower(found, np.array([7]), deep.theta[[7]])
    sweeps, lowered = work._sweep(found)
    assert sweeps == 7  # from the middle to both ends
    assert lowered == 14
    assert found.valid_nll == pytest.approx(deep.valid_nll, abs=1e-6)


def test_raster_scan_has_a_minimum_for_each_structure():
    family = Mediators()
    masses = [0.5, 1.0, 5.0]
    grid = Grid.of(family, {"mass": masses, "g": np.linspace(0, 3, 13)})
    told: list[tuple[int, int]] = []
    scan = profile_scan(grid, progress=lambda *done: told.append(done))
    assert told == [(13, 39), (26, 39), (39, 39)]
    assert [b.structure["mass"] for b in scan.best_by_slice] == masses
    for row, mass, best in zip(scan.map, masses, scan.best_by_slice, strict=True):
        free = fit(family.model({"mass": mass}), minos="none", raise_on_failure=False)
        assert best.twice_nll <= free.twice_nll + 1e-6
        one = profile_scan(Grid.of(family.model({"mass": mass}), {"g": grid.axes[1].values}))
        assert row == pytest.approx(one.rise, abs=1e-9)
    gap = (scan.twice_nll - scan.best.twice_nll).reshape(3, 13) - scan.map
    depths = [b.twice_nll - scan.best.twice_nll for b in scan.best_by_slice]
    assert gap == pytest.approx(np.repeat(depths, 13).reshape(3, 13), abs=1e-9)
    assert min(depths) == 0
    # the other order of the axes is the same scan
    turned = profile_scan(Grid.of(family, {"g": grid.axes[1].values, "mass": masses}))
    assert pytest.approx(scan.map, abs=1e-9) == turned.map.T


def test_ends_in_slices_do_not_depend_on_the_grid():
    ends = []
    for n in (6, 13):
        grid = Grid.of(Mediators(), {"mass": [0.5, 1.0, 5.0], "g": np.linspace(0, 3, n)})
        allowed = profile_scan(grid, level=1.0).allowed
        ends.append([end for pieces in allowed for piece in pieces.intervals for end in piece])
    assert len(ends[0]) >= 6
    assert ends[0] == pytest.approx(ends[1], abs=3e-4)  # 1e-4 of pieces up to three wide
    # as the line at each mass alone
    values = np.linspace(0, 3, 13)
    line = profile_scan(Grid.of(Mediators().model({"mass": 0.5}), {"g": values}), level=1.0)
    assert line.allowed[0].intervals[0] == pytest.approx(ends[1][:2], abs=3e-4)


def test_rise_between_the_points():
    _, model = template("count", True)
    scan = profile_scan(grid_of(model, cevns=(150, 500, 15)))
    assert scan.rise_at(300.0) == pytest.approx(scan.rise[6], abs=1e-6)
    one = fit(model, fix={"cevns": 313.0}, minos="none").twice_nll - scan.best.twice_nll
    assert scan.rise_at(313.0) == pytest.approx(one, abs=2e-5)
    with pytest.raises(InputError, match="has 1 values, not 2"):
        scan.rise_at(300.0, 0.47)
    raster = profile_scan(Grid.of(Mediators(), {"mass": [0.5, 1.0], "g": [0.0, 1.0, 2.0]}))
    assert raster.rise_at(1.0, 2.0) == pytest.approx(raster.rise[5], abs=1e-6)
    with pytest.raises(InputError, match="not a value of the structural axis 'mass'"):
        raster.rise_at(0.7, 1.0)


def test_refined_grid_is_the_full_grid_along_the_contour():
    model = mirror(0.1)
    level = levels(0.9, 2)
    coarse = grid_of(model, eps_e=(-0.5, 1.5, 9), eps_mu=(-0.5, 1.5, 9))
    scan = refined_scan(coarse, [level], depth=3)
    assert scan.grid.shape == (65, 65)
    assert scan.computed.mean() < 0.5
    full = profile_scan(scan.grid)
    assert scan.twice_nll[scan.computed] == pytest.approx(full.twice_nll[scan.computed], abs=1e-6)
    # no point is on the wrong side of the level, computed or filled
    assert ((scan.rise < level) == (full.rise < level)).all()
    ours, theirs = (contour(s.grid.axes, s.map, level) for s in (scan, full))
    # fits begun elsewhere agree to 1e-6
    assert ours.area == pytest.approx(theirs.area, rel=1e-6)
    assert len(ours.pieces) == len(theirs.pieces) > 1


def test_refined_curve_and_raster():
    _, model = template("count", True)
    scan = refined_scan(grid_of(model, cevns=(100, 600, 6)), [1.0], depth=4)
    assert scan.grid.shape == (81,)
    assert 6 < scan.computed.sum() < 50
    full = profile_scan(scan.grid)
    assert scan.rise[scan.computed] == pytest.approx(full.rise[scan.computed], abs=1e-6)
    grid = Grid.of(Mediators(), {"mass": [0.5, 2.0], "g": np.linspace(0, 4, 5)})
    raster = refined_scan(grid, [2.7], depth=2)
    assert raster.grid.shape == (2, 17)
    assert raster.rise[raster.computed] == pytest.approx(
        profile_scan(raster.grid).rise[raster.computed], abs=1e-6
    )


def test_iminuit_is_not_asked_while_exploring(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(batched, "fit", never)
    model = ring(5.0)  # below the background: the minimum is the origin
    out = BatchFitter(model).fit(observed(model), np.full((2, 1), np.nan), rescue=False)
    assert out.status[0] == FAILED


def test_levels_are_chi2_quantiles():
    # W.-M. Yao et al., Review of Particle Physics, table of coverage probabilities
    assert levels(0.6827, 1) == pytest.approx(1.00, abs=0.005)
    assert levels(0.90, 2) == pytest.approx(4.61, abs=0.005)
    assert levels(0.9545, 2) == pytest.approx(6.18, abs=0.005)
    with pytest.raises(InputError, match="between 0 and 1"):
        levels(90, 2)
    with pytest.raises(InputError, match="at least one parameter"):
        levels(0.9, 0)


def test_bad_scans_are_refused():
    model = ring()
    with pytest.raises(UnknownNameError):
        grid_of(model, q=(0, 1, 3))
    held = model.with_parameters(model.parameters.fix({"x": 0.5}))
    with pytest.raises(InputError, match="'x' is fixed"):
        profile_scan(grid_of(held, x=(0, 1, 3)))
    with pytest.raises(InputError, match="positive levels"):
        refined_scan(grid_of(model, x=(0, 1, 3)), [])
    with pytest.raises(InputError, match="two or more can be refined"):
        refined_scan(grid_of(model, x=(0, 1, 1)), [1.0])
    with pytest.raises(InputError, match="counts must be finite"):
        mediator().with_observed(np.full(10, np.inf))


def test_effort_of_two_slices():
    a, b = Effort(fits=30, sweeps=2, lowered=5, failed=1), Effort(70, 4, 1, 2)
    assert a + b == b + a == Effort(fits=100, sweeps=4, lowered=6, failed=3)


def test_a_lower_fit_without_convergence_makes_its_point_unsure(monkeypatch):
    grid = grid_of(mirror(), eps_e=(0.2, 0.8, 9))
    usual = Slice.fit
    sure = profile_scan(grid)

    def lower(self, points, theta, **how):
        found = usual(self, points, theta, **how)
        at = np.flatnonzero(points == 3)[1:]  # after the first one, which converges
        found.twice_nll[at] = sure.twice_nll[3] - 0.2
        found.status[at] = FAILED
        return found

    monkeypatch.setattr(Slice, "fit", lower)
    scan = profile_scan(grid)
    assert not sure.unsure.any()
    assert np.flatnonzero(scan.unsure).tolist() == [3]
    assert scan.twice_nll == pytest.approx(sure.twice_nll, abs=1e-6)
    assert refined_scan(grid, [1.0], depth=1).unsure[::2].tolist() == scan.unsure.tolist()
