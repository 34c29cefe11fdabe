"""Posteriors against closed forms and integrals; priors; seeds; resuming; real data."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from csi_like import template, with_data
from scipy import integrate, interpolate, stats

from cevns.exceptions import CevnsWarning, InputError, MissingExtraError, UnknownNameError
from cevns.inference import Data, Likelihood, fit, function_model, interval
from cevns.inference.bayes.sampling import (
    BLOCK,
    BURN_IN,
    LONG,
    ChainState,
    Flat,
    FlatInLog,
    Gaussian,
    _Assessment,
    sample,
)
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.model.priors import under
from cevns.parameters import Parameter, Parameters

pytest.importorskip("emcee")
pytest.importorskip("arviz")


def binned(parameters, observed, counts):
    """Expected counts as a function of the parameters."""
    return function_model(
        "binned", parameters, observed, lambda theta: np.stack(counts(*theta.T), axis=-1)
    )


def counting(n, upper=200.0, **options):
    s = Parameter("s", 5.0, role="poi", lower=0.0, upper=upper, **options)
    return binned(Parameters([s]), np.array([float(n)]), lambda s: [s])


LINEAR = binned(
    Parameters(
        [
            Parameter("a", 1e6, lower=0.9e6, upper=1.1e6),
            Parameter("b", 1e6, lower=0.9e6, upper=1.1e6),
            Parameter("c", 0.0, constraint=Gaussian(0.0, 1.0)),
        ]
    ),
    np.array([3.0e6, 2.002e6, 1.001e6, 3.003e6]),
    lambda a, b, c: [2 * a + b, a + b, b + 2000 * c, a + 2 * b - 1000 * c],
)
"""So many counts that Poisson is Gaussian: skewness 1e-3."""


def gaussian_answer(model):
    """Mean and covariance of a linear model with Gaussian errors, by least squares."""
    theta = model.parameters.values
    mu = model.expected(theta)
    design = np.stack([model.expected(theta + e) - mu for e in np.eye(3)], axis=-1)
    weight = 1.0 / model.observed
    prior = np.diag([0.0, 0.0, 1.0])
    covariance = np.linalg.inv(design.T * weight @ design + prior)
    right = design.T * weight @ (model.observed - mu) + prior @ (0.0 - theta)
    return theta + covariance @ right, covariance


@pytest.fixture(scope="module")
def linear():
    return sample(LINEAR, seed=3, walkers=64, effective=4000)


def test_gaussian_model(linear):
    mean, covariance = gaussian_answer(LINEAR)
    sigma = np.sqrt(np.diagonal(covariance))
    assert linear.converged
    # the mean of a slightly skewed posterior lies about a thousandth of sigma off; MC error first
    assert np.all(np.abs(linear.mean - mean) < 4 * linear.mean_error + 2e-3 * sigma)
    # a variance from n independent draws has the relative error sqrt(2/n); four of them
    error = 4 * np.sqrt(2 / linear.effective_sample_size.min())
    off = (linear.covariance - covariance) / np.outer(sigma, sigma)
    assert np.abs(off).max() < error
    assert error < 0.1  # so that the line above says something


def test_diagnostics(linear):
    assert np.all(linear.r_hat < 1.05)
    assert 0.15 < linear.acceptance < 0.8
    assert len(linear.samples) >= 50 * linear.autocorrelation.max()
    assert linear.effective_sample_size.min() >= 4000
    assert linear.burn_in >= 5 * linear.autocorrelation.max() * 0.5
    # errors of means of halves of the chain agree with the error claimed
    halves = [
        linear.samples[: len(linear.samples) // 2],
        linear.samples[len(linear.samples) // 2 :],
    ]
    difference = np.diff([h.mean(axis=(0, 1)) for h in halves], axis=0)[0]
    assert np.all(np.abs(difference) < 4 * 2 * linear.mean_error)


@pytest.mark.parametrize("n", [0, 7])
def test_poisson_counting(n):
    """Flat prior and n counts: a gamma distribution with shape n + 1."""
    posterior = sample(counting(n), seed=1, walkers=64)
    truth = stats.gamma(n + 1)
    assert abs(posterior.mean[0] - truth.mean()) < 4 * posterior.mean_error[0]
    size = posterior.effective_sample_size[0]
    for level in (0.683, 0.9):
        low, high = posterior.equal_tailed("s", level)
        for found, p in ((low, 0.5 * (1 - level)), (high, 0.5 * (1 + level))):
            # error of a quantile from independent draws
            x = truth.ppf(p)
            assert abs(found - x) < 4 * np.sqrt(p * (1 - p) / size) / truth.pdf(x)
        ((low, high),) = posterior.highest_density("s", level)
        # its probability to the MC error, four of them; the density at its ends to the noise of a
        # histogram smoothed over a fifth of a standard deviation
        error = 4 * np.sqrt(level * (1 - level) / size)
        assert truth.cdf(high) - truth.cdf(low) == pytest.approx(level, abs=error + 0.005)
        if n == 0:
            assert low == 0.0
        else:
            assert truth.pdf(low) == pytest.approx(truth.pdf(high), rel=0.15)


def mirrored(tilt):
    """Two solutions about g = +-1; the second bin prefers one of them."""
    g = Parameter("g", 0.9, role="poi", lower=-4.0, upper=4.0)
    b = Parameter("b", 1.0, constraint=Gaussian(1.0, 0.05))
    return binned(
        Parameters([g, b]),
        np.array([140.0, 53.0]),
        lambda g, b: [40 * b + 100 * g * g, 50 + tilt * g],
    )


@pytest.mark.parametrize("tilt", [0.0, 6.0])
def test_mirror_solutions(tilt):
    model = mirrored(tilt)
    posterior = sample(model, seed=5, walkers=64)
    assert len(posterior.modes) == 2
    assert posterior.converged

    def density(b, g):
        return np.exp(-0.5 * Likelihood.of(model).twice_nll(np.array([g, b])))

    masses = [
        integrate.dblquad(density, *ends, 0.7, 1.3, epsrel=1e-6)[0]
        for ends in ((-1.6, -0.5), (0.5, 1.6))
    ]
    truth = masses[1] / sum(masses)
    if tilt == 0:
        assert truth == pytest.approx(0.5)
    else:
        assert 0.02 < truth < 0.98
        assert abs(truth - 0.5) > 0.05
    share, error = posterior.probability("g", 0.0, 4.0)
    assert error < 0.01
    assert abs(share - truth) < 4 * error
    # a region of 90 % has both; they are far apart
    pieces = posterior.highest_density("g", 0.9)
    assert len(pieces) == 2
    assert pieces[0][1] < -0.8
    assert pieces[1][0] > 0.8
    inside = sum(posterior.probability("g", *piece)[0] for piece in pieces)
    assert inside == pytest.approx(0.9, abs=0.01)  # edges of a cell


def test_jump_keeps_the_posterior_when_modes_have_other_widths():
    """The Jacobian of a jump matters when one mode is wide and the other narrow."""

    def counts(g):
        return [100.0 + np.where(g < 0, 40.0 * (g + 2), 200.0 * (g - 2)) ** 2 / 40.0]

    g = Parameter("g", -2.0, role="poi", lower=-5.0, upper=5.0)
    model = binned(Parameters([g]), np.array([90.0]), counts)
    posterior = sample(model, seed=2, walkers=64)

    def density(x):
        return np.exp(-0.5 * Likelihood.of(model).twice_nll(np.array([x])))

    masses = [integrate.quad(density, *ends, limit=200)[0] for ends in ((-5, 0), (0, 5))]
    # equally deep, the wide one is the heavier; fits stop at a hundredth of its width
    assert posterior.modes.ravel() == pytest.approx([-2.0, 2.0], abs=0.01)
    share, error = posterior.probability("g", 0.0, 5.0)
    assert masses[1] / sum(masses) == pytest.approx(1 / 6, abs=0.005)
    assert abs(share - masses[1] / sum(masses)) < 4 * error
    assert error < 0.01


# -- priors -----------------------------------------------------------------------------------


def test_gaussian_prior():
    """n counts and a Gaussian prior: the product, integrated."""
    posterior = sample(counting(7), seed=1, walkers=64, priors={"s": Gaussian(4.0, 1.0)})

    def density(s, power):
        return s**power * np.exp(7 * np.log(s) - s - 0.5 * (s - 4.0) ** 2)

    norm, first = (integrate.quad(density, 0, 30, args=(k,))[0] for k in (0, 1))
    assert abs(posterior.mean[0] - first / norm) < 4 * posterior.mean_error[0]
    assert posterior.to_dict()["parameters"][0]["prior"] == {
        "shape": "gaussian",
        "mean": 4.0,
        "sigma": 1.0,
        "range": [0.0, 200.0],
    }


def test_prior_flat_in_the_logarithm():
    """Density 1/s lowers the shape of the gamma distribution by one."""
    prior = FlatInLog(1e-3, 150.0)
    posterior = sample(counting(7), seed=1, walkers=64, priors={"s": prior})
    assert abs(posterior.mean[0] - 7.0) < 4 * posterior.mean_error[0]
    # without counts a region of highest density in ln(s) begins at the prior's lower end: this is
    # what such a prior does
    empty = sample(counting(0), seed=1, walkers=64, priors={"s": prior})
    ((low, high),) = empty.highest_density("s", 0.9)
    assert low == pytest.approx(1e-3)

    def mass(end):
        return integrate.quad(lambda u: np.exp(-np.exp(u)), np.log(1e-3), np.log(end))[0]

    error = 4 * np.sqrt(0.09 / empty.effective_sample_size[0])
    assert mass(high) / mass(150.0) == pytest.approx(0.9, abs=error + 0.005)


def test_narrower_flat_prior():
    posterior = sample(counting(7), seed=1, walkers=64, priors={"s": Flat(0.0, 6.0)})
    truth = stats.gamma(8)
    mean = truth.expect(lambda x: x, lb=0, ub=6, conditional=True)
    assert abs(posterior.mean[0] - mean) < 4 * posterior.mean_error[0]
    assert posterior.samples.max() <= 6.0


UNBOUNDED = counting(7, upper=np.inf)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (UNBOUNDED, {}, "'s'.*cannot be normalised.*Flat"),
        (UNBOUNDED, {"priors": {"s": FlatInLog(1.0)}}, "'s'.*cannot be normalised"),
        (UNBOUNDED, {"priors": {"s": FlatInLog(0.0, 5.0)}}, "above 0"),
        (counting(7), {"priors": {"s": Flat(0.0, 300.0)}}, "inside the bounds"),
        (LINEAR, {"priors": {"c": Flat(0.0, 1.0)}}, "'c' already has a prior"),
        (counting(7), {"fix": {"s": None}}, "all parameters are fixed"),
        (LINEAR, {"fix": {"a": None}, "priors": {"a": Flat()}}, "'a' is fixed"),
        (counting(7), {"seed": -1}, "seed"),
        (counting(7), {"walkers": 9}, "even number"),
        (LINEAR, {"walkers": 4}, "at least 8"),
    ],
)
def test_bad_input(model, options, message):
    with pytest.raises(InputError, match=message):
        sample(model, **{"seed": 1, **options})


def test_unknown_parameter():
    with pytest.raises(UnknownNameError, match="did you mean"):
        sample(counting(7), seed=1, priors={"ss": Flat()})


def test_likelihood_that_is_not_a_number():
    s = Parameter("s", 5.0, lower=-3.0, upper=10.0)
    model = binned(Parameters([s]), np.array([4.0]), lambda s: [np.where(s < -1, np.nan, abs(s))])
    with pytest.raises(InputError, match="not a number at s=-"):
        sample(model, seed=1, walkers=64)


def test_ctrl_c_prints_nothing(monkeypatch, capfd):
    called = []

    def interrupted(self, theta):
        called.append(theta)
        if len(called) > 20:
            raise KeyboardInterrupt
        return np.zeros(len(theta))

    monkeypatch.setattr("cevns.inference.bayes.log_posterior.LogPosterior.__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample(counting(7), seed=1, walkers=64)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("package", ["emcee", "arviz"])
def test_missing_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*cevns\[bayes\]"):
        sample(counting(7), seed=1)


def test_arviz_one_is_refused(monkeypatch):
    import arviz

    monkeypatch.setattr(arviz, "__version__", "1.2.0")
    with pytest.raises(InputError, match="below version 1"):
        sample(counting(7), seed=1)


def test_data_move_the_counts_and_not_the_priors():
    model = counting(3)
    data = Data(np.array([7.0]), np.array([99.0]))
    prior = {"s": Gaussian(4.0, 1.0)}
    one = sample(model, seed=1, walkers=64, data=data, priors=prior)
    other = sample(counting(7), seed=1, walkers=64, priors=prior)
    assert np.array_equal(one.samples, other.samples)


def test_a_model_under_priors_is_the_same_model():
    model = with_data()
    stated, logarithmic = under(model, {"cevns": FlatInLog(10.0, 900.0)}, {"t0": 0.5})
    assert logarithmic == ("cevns",)
    assert (stated.parameters["cevns"].lower, stated.parameters["cevns"].upper) == (10.0, 900.0)
    theta = stated.parameters.values
    assert theta[stated.parameters.position("t0")] == 0.5
    assert Likelihood.of(stated).twice_nll(theta) == Likelihood.of(model).twice_nll(theta)


# -- reproducible, interruptible ------------------------------------------------------------------


def test_the_seed_decides_all():
    np.random.seed(1)  # noqa: NPY002 - the global generator must not matter
    first = sample(mirrored(0.0), seed=5, walkers=32, max_steps=2 * BLOCK, effective=1)
    np.random.seed(2)  # noqa: NPY002
    again = sample(mirrored(0.0), seed=5, walkers=32, max_steps=2 * BLOCK, effective=1)
    assert np.array_equal(first.state.coordinates, again.state.coordinates)
    assert np.array_equal(first.log_posterior, again.log_posterior)
    other = sample(mirrored(0.0), seed=6, walkers=32, max_steps=2 * BLOCK, effective=1)
    assert not np.array_equal(first.state.coordinates, other.state.coordinates)


pytestmark = pytest.mark.filterwarnings("ignore:the chain of:cevns.exceptions.CevnsWarning")


def test_short_chain_says_so():
    with pytest.warns(CevnsWarning, match="has 250 steps and needs about"):
        short = sample(mirrored(0.0), seed=5, walkers=32, max_steps=BLOCK)
    assert not short.converged
    assert short.to_dict()["converged"] is False


class _Stopped(KeyboardInterrupt):
    pass


@pytest.mark.slow
def test_interrupted_and_resumed_is_bit_for_bit_the_same(tmp_path):
    model = mirrored(6.0)
    options = {"seed": 5, "walkers": 32, "effective": 20_000}
    undisturbed = sample(model, **options)
    saved = tmp_path / "chain.npz"
    calls = []

    def stop(state):
        np.savez(saved, **state.arrays())
        calls.append(len(state))
        if len(calls) % 2 == 0:
            raise _Stopped

    state = None
    for _ in range(100):
        try:
            resumed = sample(model, **options, state=state, checkpoint=stop)
            break
        except _Stopped:
            with np.load(saved) as arrays:
                state = ChainState.from_arrays(arrays)
    assert len(calls) >= 4
    assert np.array_equal(resumed.state.coordinates, undisturbed.state.coordinates)
    assert np.array_equal(resumed.samples, undisturbed.samples)
    assert resumed.acceptance == undisturbed.acceptance
    assert resumed.to_dict() == undisturbed.to_dict()


def test_a_chain_is_continued_for_more():
    model = counting(7)
    short = sample(model, seed=1, walkers=32, max_steps=2 * BLOCK)
    longer = sample(model, seed=1, walkers=32, max_steps=4 * BLOCK, state=short.state)
    assert len(longer.state) > len(short.state)
    assert np.array_equal(longer.state.coordinates[: 2 * BLOCK], short.state.coordinates)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 2}, "seed is 1, not 2"),
        ({"walkers": 16}, "walkers is 32, not 16"),
        ({"priors": {"s": Flat(0.0, 50.0)}}, "model digest"),
        ({"priors": {"s": FlatInLog(1e-3, 200.0)}}, "digest"),
        ({"data": Data(np.array([8.0]), np.array([0.0]))}, "data digest"),
    ],
)
def test_another_chain_is_refused(change, named):
    model = counting(7)
    short = sample(model, seed=1, walkers=32, max_steps=BLOCK)
    with pytest.raises(InputError, match=named):
        sample(model, **{"seed": 1, "walkers": 32, "state": short.state, **change})


def test_truncated_state():
    state = sample(counting(7), seed=1, walkers=32, max_steps=BLOCK).state
    arrays = state.arrays()
    with pytest.raises(InputError, match="truncated"):
        ChainState.from_arrays({**arrays, "coordinates": arrays["coordinates"][:10]})
    del arrays["random_key"]
    with pytest.raises(InputError, match=r"incomplete.*random_key"):
        ChainState.from_arrays(arrays)


def test_progress():
    calls = []
    posterior = sample(
        counting(7), seed=1, walkers=32, progress=lambda done, total: calls.append((done, total))
    )
    done = [d for d, _ in calls]
    assert done[-1] == len(posterior.state)
    assert all(b - a == BLOCK for a, b in pairwise(done))
    assert all(total >= d for d, total in calls)


# -- what it hands out --------------------------------------------------------------------------


def test_arviz(linear):
    data = linear.to_arviz()
    assert set(data.posterior.data_vars) == {"a", "b", "c"}
    assert data.posterior["a"].shape == linear.samples.shape[1::-1]
    assert np.array_equal(data.posterior["b"].values, linear.chains("b").T)
    assert data.posterior.attrs["model"] == "binned"
    assert np.array_equal(data.sample_stats["lp"].values, linear.log_posterior.T)


def test_to_dict_is_json(linear):
    out = json.loads(json.dumps(linear.to_dict(), allow_nan=False))
    assert [row["name"] for row in out["parameters"]] == ["a", "b", "c"]
    assert out["parameters"][2]["prior"]["range"] == [None, None]
    assert out["method"] == "bayes"


def test_region_of_two_parameters(linear):
    """The 90 % region of a Gaussian is the ellipse of chi2 = 4.605."""
    mean, covariance = gaussian_answer(LINEAR)
    sigma = np.sqrt(np.diagonal(covariance))
    ranges = {
        name: mean[k] + sigma[k] * np.linspace(-4, 4, 41) for k, name in enumerate(("a", "b"))
    }
    grid = Grid.of(LINEAR, ranges)
    found = linear.region(grid)
    assert found.probability.shape == (41, 41)
    assert found.probability.sum() == pytest.approx(1.0)
    assert found.outside < 2e-3
    away = grid.points - mean[:2]
    chi2 = np.sum(away @ np.linalg.inv(covariance[:2, :2]) * away, axis=1).reshape(41, 41)
    for level in (0.683, 0.9):
        inside = found.credibility <= level
        truth = chi2 <= stats.chi2(2).ppf(level)
        # area of the region: smoothing and the noise of its border
        assert inside.sum() == pytest.approx(truth.sum(), rel=0.05)
        assert np.sum(inside != truth) < 0.15 * truth.sum()
        assert np.array_equal(inside, found.density >= found.threshold(level))
    json.dumps(found.to_dict(), allow_nan=False)


def test_names_that_are_not_sampled(linear):
    with pytest.raises(UnknownNameError, match="sampled parameter"):
        linear.equal_tailed("d", 0.9)
    held = sample(LINEAR, seed=1, walkers=32, fix={"b": None}, max_steps=BLOCK)
    assert held.names == ("a", "c")
    with pytest.raises(UnknownNameError, match="sampled parameter 'b'"):
        held.chains("b")
    with pytest.raises(InputError, match="level"):
        linear.highest_density("a", 1.5)


@dataclass(frozen=True, eq=False)
class Masses:
    """A family with a structural parameter."""

    name: str = "masses"
    parameters: Parameters = LINEAR.parameters
    structure: Parameters = field(default_factory=lambda: Parameters([Parameter("m", 1.0)]))

    def model(self, structure):
        return LINEAR


def test_structural_axis_is_refused(linear):
    grid = Grid.of(Masses(), {"m": [1.0, 2.0], "a": [1e6, 1.001e6]})
    with pytest.raises(InputError, match="'m' is structural"):
        linear.region(grid)


def test_region_along_a_logarithmic_axis():
    """A prior flat in the logarithm and no counts: a flat density over ln(s) far below one."""
    model = counting(0)
    posterior = sample(model, seed=1, walkers=64, priors={"s": FlatInLog(1e-6, 150.0)})
    axis = Axis.between(posterior.parameters["s"], 1e-6, 1e-2, 21, log=True)
    found = posterior.region(Grid(model, (axis,)))
    assert found.density == pytest.approx(np.full(21, found.density.mean()), rel=0.1)
    assert 0.2 < found.outside < 0.5


# -- a whole measurement --------------------------------------------------------------------------


@pytest.mark.slow
def test_csi_like_count_against_the_profile():
    _, model = template(data=True)
    posterior = sample(model, seed=1)
    for level in (0.6826894921370859, 0.9):
        profile = interval(model, "cevns", level=level)
        ((low, high),) = posterior.highest_density("cevns", level)
        width = profile.upper - profile.lower
        # 300 counts: the posterior is Gaussian but for a skewness of a few percent, to which the
        # efficiency, whose variations are not mirror images, adds 2.5 %; MC errors are 1 %
        assert low == pytest.approx(profile.lower, abs=0.05 * width)
        assert high == pytest.approx(profile.upper, abs=0.05 * width)


@pytest.fixture(scope="module")
def csi():
    from cevns.experiments import load

    return load("coherent-csi-2021")


@pytest.mark.slow
def test_weak_mixing_angle_of_csi(csi, capsys):
    from cevns.analysis.coupling_families import CouplingFamily

    model = CouplingFamily(csi, "standard-model", ("sin2_theta_w",)).model({})
    posterior = sample(model, seed=1)
    assert posterior.converged
    for level in (0.6826894921370859, 0.9):
        profile = interval(model, "sin2_theta_w", level=level)
        width = profile.upper - profile.lower
        ((low, high),) = posterior.highest_density("sin2_theta_w", level)
        # a flux error of 10 % that multiplies makes the marginal differ from the profile: the
        # ends move by a few percent of the width, not more
        assert low == pytest.approx(profile.lower, abs=0.06 * width)
        assert high == pytest.approx(profile.upper, abs=0.06 * width)
    # one call for all walkers against a loop over points
    likelihood = Likelihood.of(model)
    points = posterior.flat[:100]
    started = time.perf_counter()
    one_by_one = [likelihood.twice_nll(theta) for theta in points]
    loop = len(points) / (time.perf_counter() - started)
    assert np.allclose(one_by_one, -2 * posterior.log_posterior.ravel()[:100], rtol=1e-9)
    speed = posterior.timing["evaluations_per_second"]
    with capsys.disabled():
        print(f"\nCsI, sin2_theta_w: {speed:.0f} evaluations/s, in a loop {loop:.0f}")
    assert speed > 3 * loop


@pytest.mark.slow
def test_nsi_of_csi_has_its_mirror_solution(csi):
    """Two pieces: the weak charge of caesium and iodine, and the same with the other sign."""
    from cevns.analysis.coupling_families import CouplingFamily

    model = CouplingFamily(csi, "nsi", ("eps_ee_u",)).model({})
    fix = {"t0": 0.474}
    posterior = sample(model, seed=2, fix=fix, effective=3000)
    assert posterior.converged
    assert len(posterior.modes) == 2
    share, error = posterior.probability("eps_ee_u", 0.2, 5.0)
    assert abs(share - 0.5) < 0.02 + 4 * error  # Cs and I turn at nearly the same epsilon
    pieces = posterior.highest_density("eps_ee_u", 0.9)
    # profile intervals of an independent calculation with the same fixed pulse time
    expected = ((-0.06, 0.09), (0.32, 0.47))
    assert np.array(pieces) == pytest.approx(np.array(expected), abs=0.02)
    # the marginal by Laplace: exp(-profile/2) sqrt(det C) of the nuisances, without a sampler
    values = np.arange(-0.25, 0.6501, 0.01)
    log_density = []
    for value in values:
        held = fit(model, fix={**fix, "eps_ee_u": float(value)}, minos="none")
        free = list(model.parameters.fix({**fix, "eps_ee_u": None}).free)
        log_det = np.linalg.slogdet(held.covariance[np.ix_(free, free)])[1]
        log_density.append(-0.5 * held.twice_nll + 0.5 * log_det)
    fine = np.linspace(values[0], values[-1], 20_001)
    density = np.exp(
        interpolate.CubicSpline(values, np.array(log_density) - max(log_density))(fine)
    )
    ordered = np.sort(density)[::-1]
    threshold = ordered[np.searchsorted(np.cumsum(ordered) / ordered.sum(), 0.9)]
    ends = fine[np.flatnonzero(np.diff(density >= threshold))]
    # 10,000 independent draws place an end to about 0.002; Laplace is good to as much
    assert np.ravel(pieces) == pytest.approx(ends, abs=0.006)


def test_a_chain_of_the_needed_length_is_enough():
    """Each step is on the other side of the last: the autocorrelation time is its least, one."""
    rng = np.random.default_rng(1)
    side = (-1.0) ** np.arange(BURN_IN + LONG)[:, None, None]
    steps = side * np.abs(rng.standard_normal((BURN_IN + LONG, 8, 2)))
    short, long = _Assessment(steps[:-1], 1), _Assessment(steps, 1)
    assert short.times.tolist() == long.times.tolist() == [1.0, 1.0]
    assert short.needed == BURN_IN + LONG
    assert not short.enough
    assert long.enough
