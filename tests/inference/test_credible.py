"""Credible regions and autocorrelation times of samples with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cevns.exceptions import InputError
from cevns.inference.bayes.autocorrelation import autocorrelation_time, mean_error
from cevns.inference.bayes.credible import credible_map, equal_tailed, highest_density
from cevns.inference.model.grid import Axis
from cevns.parameters import Parameter

N = 60_000


def draws(seed=1):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("level", [0.5, 0.683, 0.9, 0.95])
def test_gaussian(level):
    x = draws().normal(size=N)
    z = stats.norm.ppf(0.5 * (1 + level))
    ((low, high),) = highest_density(x, level)
    # the ends of a flat-topped region are loose, its length is not
    assert high - low == pytest.approx(2 * z, rel=0.015)
    assert (low, high) == pytest.approx((-z, z), abs=0.06)
    # four standard errors of a quantile
    error = 4 * np.sqrt(level * (1 - level) / N) / stats.norm.pdf(z)
    assert equal_tailed(x, level) == pytest.approx((-z, z), abs=error)


def test_two_far_and_narrow_pieces():
    """Modes 100 of their widths apart, one three times as heavy."""
    rng = draws()
    x = np.where(rng.random(N) < 0.75, rng.normal(-1, 0.02, N), rng.normal(1, 0.02, N))
    pieces = highest_density(x, 0.9)
    assert len(pieces) == 2
    # threshold t with 0.75 (1 - 2 Q(a)) + 0.25 (1 - 2 Q(b)) = 0.9 where the densities are equal
    a = np.linspace(1.2, 3, 20_001)
    b = np.sqrt(np.maximum(a**2 - 2 * np.log(3), 0))
    mass = 0.75 * (2 * stats.norm.cdf(a) - 1) + 0.25 * (2 * stats.norm.cdf(b) - 1)
    k = np.searchsorted(mass, 0.9)
    expected = (-1 - 0.02 * a[k], -1 + 0.02 * a[k], 1 - 0.02 * b[k], 1 + 0.02 * b[k])
    assert np.ravel(pieces) == pytest.approx(np.array(expected), abs=0.1 * 0.02)


def test_density_that_piles_up_at_a_bound():
    x = draws().exponential(size=N)
    ((low, high),) = highest_density(x, 0.9, lower=0.0)
    assert low == 0.0
    assert high == pytest.approx(np.log(10), rel=0.02)


def test_samples_inside_have_the_probability():
    """Whatever the smoothing does to the shape."""
    x = draws().gamma(1.5, size=N)
    for level in (0.3, 0.683, 0.95):
        pieces = highest_density(x, level, lower=0.0)
        inside = sum(np.mean((x >= a) & (x <= b)) for a, b in pieces)
        assert inside == pytest.approx(level, abs=0.005)  # half a cell at each end


def test_constant_and_bad_level():
    assert highest_density(np.full(10, 3.0), 0.9) == ((3.0, 3.0),)
    with pytest.raises(InputError, match="level"):
        equal_tailed(np.arange(3.0), 0.0)


def axis(n=41, low=-4.0, high=4.0, **bounds):
    return Axis.between(Parameter("x", 0.5, **bounds), low, high, n)


def test_map_of_a_flat_density_is_flat_at_bounds():
    """The cells at the ends are half as large; the density must not know."""
    x = draws().uniform(0, 1, (N // 10, 10, 1))
    found = credible_map(x, (axis(21, 0.0, 1.0, lower=0.0, upper=1.0),))
    assert found.outside == 0.0
    # widest smoothing: a few percent of noise
    assert found.density == pytest.approx(np.ones(21), abs=0.05)
    assert found.probability[[0, -1]] == pytest.approx(found.probability[1:-1].mean() / 2, rel=0.05)
    assert found.probability.sum() == pytest.approx(1.0)


def test_few_samples_do_not_fill_the_bound_where_a_density_vanishes():
    """Density 2x on [0, 1]: a kernel of width w puts 2 sqrt(2/pi) w at the bound."""
    there = [
        credible_map(
            np.sqrt(draws(seed).random((40, 4, 1))), (axis(41, 0.0, 1.0, lower=0.0, upper=1.0),)
        ).density[0]
        for seed in range(20)
    ]
    # kernels have a width of 8 % of the range at most; four errors of the mean
    most = 2 * np.sqrt(2 / np.pi) * 0.08
    assert np.mean(there) < most + 4 * np.std(there) / np.sqrt(20)


def test_samples_at_the_bounds_are_on_the_map():
    x = np.clip(draws().normal(0.5, 0.5, (800, 10, 1)), 0.0, 1.0)
    assert min(np.mean(x == 0.0), np.mean(x == 1.0)) > 0.1
    assert credible_map(x, (axis(21, 0.0, 1.0, lower=0.0, upper=1.0),)).outside == 0.0


def test_map_of_a_correlated_gaussian():
    """A narrow valley: correlation 0.95."""
    covariance = np.array([[1.0, 0.95], [0.95, 1.0]])
    x = draws().multivariate_normal([0, 0], covariance, (N // 10, 10))
    axes = (axis(61), Axis.between(Parameter("y", 0.0), -4.0, 4.0, 61))
    found = credible_map(x, axes)
    mesh = np.stack(np.meshgrid(axes[0].values, axes[1].values, indexing="ij"), axis=-1)
    chi2 = np.einsum("...i,ij,...j", mesh, np.linalg.inv(covariance), mesh)
    for level in (0.683, 0.9):
        truth = chi2 <= stats.chi2(2).ppf(level)
        # the valley is eight cells wide: smoothing over one of them adds a few percent
        assert np.sum(found.credibility <= level) == pytest.approx(truth.sum(), rel=0.08)
    # share of the exact distribution outside the square
    assert found.outside < 2e-4


def test_map_off_the_samples():
    x = np.full((80, 4, 1), 10.0) + draws().normal(size=(80, 4, 1)) * 0.1
    with pytest.raises(InputError, match="no sample lies on the grid"):
        credible_map(x, (axis(),))
    with pytest.raises(InputError, match="two values"):
        credible_map(x, (Axis(Parameter("x", 1.0), np.array([1.0])),))


# -- autocorrelation ------------------------------------------------------------------------------


@pytest.mark.parametrize("phi", [0.5, 0.9])
def test_autoregressive_chain(phi):
    """x_t = phi x_{t-1} + noise has tau = (1 + phi)/(1 - phi)."""
    rng = draws()
    noise = rng.normal(size=(4000, 40))
    x = np.empty_like(noise)
    x[0] = noise[0] / np.sqrt(1 - phi**2)
    for t in range(1, len(x)):
        x[t] = phi * x[t - 1] + noise[t]
    truth = (1 + phi) / (1 - phi)
    (found,) = autocorrelation_time(x[:, :, None])
    assert found == pytest.approx(truth, rel=0.05)
    # the error of the mean, exact for this chain up to its ends
    exact = np.sqrt(truth / (1 - phi**2) / x.size)
    assert mean_error(x[:, :, None])[0] == pytest.approx(exact, rel=0.05)
    emcee = pytest.importorskip("emcee")
    assert found == pytest.approx(emcee.autocorr.integrated_time(x)[0], rel=0.05)


def test_chains_that_stay_in_their_modes_are_not_independent():
    rng = draws()
    x = np.repeat([[-10.0, 10.0]], 2000, axis=0) + rng.normal(size=(2000, 2))
    assert autocorrelation_time(x[:, :, None])[0] > 200


def test_constant_chain():
    assert autocorrelation_time(np.ones((50, 4, 1)))[0] == 1.0
