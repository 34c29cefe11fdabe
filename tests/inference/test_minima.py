"""Toys with several minima: the screening is the likelihood, and the deepest minimum is found."""

from __future__ import annotations

import numpy as np
import pytest
from csi_like import template
from mirror_like import mirror
from scan_models import ring

from cevns.exceptions import InputError
from cevns.inference import Likelihood
from cevns.inference.minimum.batch import FAILED, BatchFitter
from cevns.inference.minimum.minima import (
    Screen,
    basins,
    improvements,
    lowest_neighbour,
    spread,
)
from cevns.inference.minimum.starts import best_of_starts
from cevns.inference.model.data import draw
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import profile_scan

N = 1200


def toys(model, theta, n, seed=4):
    return draw(model, theta, np.random.default_rng(seed), n)


def deepest(screen, data, truth):
    at = np.repeat(truth[:, None], data.counts.shape[1], axis=1)
    return best_of_starts(BatchFitter(screen.model), screen, data, at, tolerance=1e-4)


def scanned(model, n=25, **ranges):
    grid = Grid.of(model, {k: np.linspace(*v, n) for k, v in ranges.items()})
    return profile_scan(grid)


@pytest.fixture(scope="module")
def bimodal():
    model = mirror(0.1)
    scan = scanned(model, eps_e=(-0.6, 1.6), eps_mu=(-0.6, 1.6))
    return model, scan, Screen.of(model, scan.theta, scan.grid.shape)


def test_screened_values_are_those_of_the_likelihood(bimodal):
    model, scan, screen = bimodal
    data = toys(model, scan.best.theta, 5)
    values = screen.values(data)
    for i in range(5):
        exact = Likelihood.of(model, data.columns(i)).twice_nll(screen.theta)
        difference = values[i] - exact
        # single precision of sums of a few thousand
        near = exact < exact.min() + 50
        assert np.ptp(difference[near]) < 5e-3
        assert (
            screen.choose(data)[i, 0] == np.argmin(exact)
            or np.ptp(exact[[screen.choose(data)[i, 0], np.argmin(exact)]]) < 1e-2
        )


@pytest.mark.parametrize("tilt", [pytest.param(0.02, marks=pytest.mark.slow), 0.1])
def test_the_deepest_minimum_is_found(tilt):
    model = mirror(tilt)
    scan = scanned(model, eps_e=(-0.6, 1.6), eps_mu=(-0.6, 1.6))
    screen = Screen.of(model, scan.theta, scan.grid.shape)
    names = ("eps_e", "eps_mu")
    at = [model.parameters.position(n) for n in names]
    data = toys(model, scan.best.theta, N)
    fitter = BatchFitter(model)
    found = deepest(screen, data, scan.best.theta)
    brute = np.full(N, np.inf)
    for x in (0.1, 0.9):
        for y in (0.0, 1.0 / (1.0 + 0.5 * tilt)):
            start = scan.best.theta.copy()
            start[at] = x, y
            again = fitter.fit(data, start, rescue=False)
            brute = np.minimum(brute, np.where(again.status < FAILED, again.twice_nll, np.inf))
    assert (found.status < FAILED).all()
    missed = found.twice_nll > brute + 1e-3
    assert missed.sum() <= 1  # less than one in a thousand


def test_one_start_misses(bimodal):
    model, scan, screen = bimodal
    data = toys(model, scan.best.theta, N)
    fitter = BatchFitter(model)
    found = deepest(screen, data, scan.best.theta)
    at_truth = fitter.fit(data, scan.best.theta)
    assert (at_truth.twice_nll > found.twice_nll + 1e-3).mean() > 0.05


def test_sizes_agree(bimodal):
    model, scan, screen = bimodal
    data = toys(model, scan.best.theta, 300)
    whole = deepest(screen, data, scan.best.theta)
    part = deepest(screen, data.columns(slice(5, 9)), scan.best.theta)
    assert part.twice_nll == pytest.approx(whole.twice_nll[5:9], abs=1e-6)
    assert part.theta.shape == (4, len(model.parameters))


def test_one_valley_is_one_basin():
    # counts against arrival time: correlated, but one minimum; the diagonal valley must not
    # count as several
    _, model = template("cross-section", True)
    scan = scanned(model, scale=(0.4, 1.8), t0=(0.42, 0.52))
    screen = Screen.of(model, scan.theta, scan.grid.shape)
    chosen = screen.choose(toys(model, scan.best.theta, 500))
    assert (chosen[:, 0] >= 0).all()
    assert (chosen[:, 1] >= 0).mean() < 0.01


def test_basins_of_a_curve():
    model = ring()
    held = model.with_parameters(model.parameters.fix({"y": 0.0}))
    scan = scanned(held, n=41, x=(-1.9, 1.9))
    screen = Screen.of(held, scan.theta, scan.grid.shape)
    data = toys(held, np.array([1.0, 0.0]), 50)
    chosen = screen.choose(data)
    x = np.sort(screen.theta[chosen[:, :2], 0], axis=1)
    # both solutions, and no third
    assert np.abs(x - [-1, 1]).max() < 0.35
    assert (chosen[:, 2:] == -1).all()
    near = basins(screen.values(data), screen.shape, 2, ridge=1e6)
    assert (near[:, 1] == -1).all()


def test_neighbours_include_the_diagonal():
    values = np.random.default_rng(1).normal(size=(3, 20))
    lowest = lowest_neighbour(values, (4, 5)).reshape(3, 4, 5)
    grid = values.reshape(3, 4, 5)
    for i in range(4):
        for j in range(5):
            box = grid[:, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            assert (lowest[:, i, j] == box.min(axis=(1, 2))).all()


def test_the_deepest_of_several_fits_of_each_data_set():
    values = np.array([5.0, 1.0, np.inf, 3.0])
    tried = np.array([4.0, 0.5, 2.0, np.inf, 2.9995, 3.5])
    lowered, fits = improvements(values, np.array([0, 1, 0, 2, 3, 3]), tried, 1e-3)
    assert (lowered.tolist(), fits.tolist()) == ([0, 1], [2, 1])


def test_points_far_from_each_other():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0], [0.0, 3e3], [0.1, 0.0]])
    # in units of the standard deviations (1.56 and 1200) the third and the fourth are the farthest
    assert sorted(spread(points, 3).tolist()) == [0, 2, 3]
    assert spread(points, 1).tolist() == [0]


def test_all_local_minima_of_a_line_its_ends_included():
    line = np.array([[0.0, 2.0, 1.0, 3.0, 3.0, 0.5]])
    assert basins(line, (6,), 4, ridge=0.0, margin=np.inf).tolist() == [[0, 5, 2, -1]]


def test_fits_in_place_of_others(bimodal):
    model, scan, _ = bimodal
    data = toys(model, scan.best.theta, 6)
    found = BatchFitter(model).fit(data, scan.best.theta)
    before, theta = found.twice_nll.copy(), found.theta[0].copy()
    found.put(np.array([1, 4]), found, np.array([0, 0]))
    assert (found.twice_nll[[0, 1, 4]] == before[0]).all()
    assert (found.theta[[0, 1, 4]] == theta).all()
    assert (found.twice_nll[[2, 3, 5]] == before[[2, 3, 5]]).all()


def test_thinning_keeps_the_shape(bimodal):
    model, scan, _ = bimodal
    screen = Screen.of(model, scan.theta, scan.grid.shape, most=100)
    assert np.prod(screen.shape) <= 100
    assert len(screen.theta) == np.prod(screen.shape)
    at = model.parameters.position("eps_e")
    x = screen.theta[:, at].reshape(screen.shape)
    assert (np.diff(x, axis=0) > 0).all()
    assert x[0, 0] + x[-1, 0] == pytest.approx(1.0, abs=1e-9)  # as far from either border


def test_bad_screens(bimodal):
    model, scan, _ = bimodal
    with pytest.raises(InputError, match="give one of shape"):
        Screen(model, scan.theta, (7, 3))
    broken = scan.theta.copy()
    broken[0, 0] = np.nan
    with pytest.raises(InputError, match="finite"):
        Screen(model, broken, scan.grid.shape)
