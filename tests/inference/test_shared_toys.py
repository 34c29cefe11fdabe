"""Toys of a few anchors for all points: weights, guards, exact p-values, files, interruption."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from bad_fits import failing, shallow, spoil
from csi_like import template
from scan_models import counting_model
from scipy.stats import poisson

from cevns.exceptions import FitError, InputError, UnknownNameError
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.data import draw
from cevns.inference.model.grid import Grid
from cevns.inference.scan import feldman_cousins as module
from cevns.inference.scan.anchors import shared_job
from cevns.inference.scan.feldman_cousins import construction, feldman_cousins, prepare
from cevns.inference.scan.merge import merge
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.statistics.gaussian import Gaussian
from cevns.inference.statistics.on_off import OnOff
from cevns.inference.statistics.poisson import Poisson
from cevns.inference.toys import mixture as mixtures
from cevns.inference.toys.mixture import Mixture, farthest, log_density, stabilised, thinned
from cevns.inference.toys.shared_job import SharedFits, described, toys_of_anchors, weighted
from cevns.inference.toys.weighted_toys import WeightedToys
from cevns.inference.work.checkpoint import BlockKey
from cevns.parameters import Parameter

SETTINGS = {"seed": 3, "workers": 1, "audit": 0.0, "toys_at": "anchors"}
BACKGROUND, SLOPE, OBSERVED = np.array([3.0, 2.0]), np.array([1.0, 2.0]), np.array([5.0, 4.0])


def two_bins(n=12):
    """A plane without nuisances: x and y have a bin each, and may not be negative."""
    couplings = [Parameter(k, 1.0, role="poi", lower=0.0, upper=12.0) for k in "xy"]
    bins = np.diag(SLOPE)
    model = counting_model(
        "two bins", couplings, OBSERVED, x=(bins[0], "x"), y=(bins[1], "y"), b=(BACKGROUND,)
    )
    return Grid.of(model, {"x": np.linspace(0, 11, n), "y": np.linspace(0, 6, n)})


def exact_p(grid):
    """P(q >= q_data) at each point, by a sum over all counts."""
    k = np.arange(60)[:, None]

    def twice_nll(mu):
        return 2 * (mu - k * np.log(mu))

    lowest = twice_nll(np.maximum(k, BACKGROUND))
    out = []
    for point in grid.points:
        mu = BACKGROUND + SLOPE * point
        q = twice_nll(mu) - lowest
        of_data = sum(q[int(n), i] for i, n in enumerate(OBSERVED))
        chance = poisson.pmf(k, mu)
        both = q[:, None, 0] + q[None, :, 1]
        out.append((chance[:, None, 0] * chance[None, :, 1])[both >= of_data - 0.01].sum())
    return np.array(out)


def test_p_values_are_the_exact_sums():
    grid = two_bins()
    pulls = []
    for seed in range(3):
        scan = feldman_cousins(grid, 1000, **SETTINGS | {"seed": seed})
        used, exact = ~scan.excluded, exact_p(grid)
        pulls.append((scan.p_value - exact)[used] / np.maximum(scan.p_error[used], 1e-3))
    # neighbours share toys, so that of so many pulls none need be as high as 4.5
    assert np.abs(pulls).max() < 5.0
    assert 0.5 < np.std(pulls) < 1.4
    near = used & (np.abs(exact - 0.1) < 0.05)
    assert abs(np.mean((scan.p_value - exact)[near])) < 0.004
    # what is decided is right
    clear = used & (np.abs(exact - 0.1) > 4 * scan.p_error)
    assert np.array_equal(scan.accepted[clear], (exact > 0.1)[clear])
    assert clear.sum() > 0.8 * used.sum()
    assert scan.equivalent[used & scan.file.datasets["toys/p_value"].astype(bool)].min() > 200


def test_border_is_known_as_well_as_asked():
    scan = feldman_cousins(two_bins(), 400, **SETTINGS)
    near = ~scan.excluded & (np.abs(scan.p_value - 0.1) < 4 * scan.p_error)
    assert near.any()
    assert scan.equivalent[near].min() >= 400
    brute = feldman_cousins(two_bins(), 400, **SETTINGS | {"toys_at": "every-point"})
    assert scan.file.datasets["toys/fits"] < brute.file.datasets["toys/fits"]


# -- weights -------------------------------------------------------------------------------------


def drawn(model, theta, n=2000, seed=1):
    return [draw(model, t, np.random.default_rng((seed, i)), n) for i, t in enumerate(theta)]


def test_weights_are_those_of_the_densities():
    grid = two_bins()
    model = grid.family
    theta = np.array([[1.0, 1.0], [3.0, 2.0]])
    toys = Mixture.of(model, theta, drawn(model, theta, 500))
    at = np.array([2.0, 1.5])

    def density(point):
        mu = BACKGROUND + SLOPE * point
        return poisson.pmf(toys.data.counts, mu[:, None]).prod(axis=0)

    by_hand = density(at) / (500 * density(theta[0]) + 500 * density(theta[1]))
    assert toys.weights(at[None])[0] == pytest.approx(by_hand, rel=1e-9)
    effective, total = toys.quality(at[None])
    assert total[0] == pytest.approx(1.0, abs=5 / np.sqrt(effective[0]))
    # what is expected at the point is what toys there have
    mean = (by_hand * toys.data.counts).sum(axis=1) / by_hand.sum()
    mu = BACKGROUND + SLOPE * at
    assert mean == pytest.approx(mu, abs=4 * np.sqrt(mu.max() / effective[0]))


def test_auxiliary_measurements_have_weights_too():
    model = template("cross-section", True)[1]
    nominal = model.parameters.values
    k = next(i for i, p in enumerate(model.parameters) if p.constraint is not None)
    moved = nominal.copy()
    moved[k] += model.parameters[k].scale
    (data,) = drawn(model, nominal[None], 4000)
    weights = np.exp(np.diff(log_density(model, np.array([nominal, moved]), data), axis=0))[0]
    auxiliary = np.average(data.auxiliary[k], weights=weights)
    assert auxiliary == pytest.approx(moved[k], abs=0.2 * model.parameters[k].scale)
    distance = np.linalg.norm(np.diff(stabilised(model, np.array([nominal, moved])), axis=0))
    assert distance >= 1.0  # one error of the constraint, and what the counts see of it


STATISTICS = {
    "poisson": (Poisson(), np.array([4.0, 0.5])),
    "on-off": (OnOff(np.array([9.0, 2.0]), 3.0), np.array([4.0, 0.5])),
    "negative signal": (OnOff(np.array([9.0, 2.0]), 3.0), np.array([-1.0, -0.4])),
    "gaussian": (Gaussian(np.array([1.0, 2.0])), np.array([4.0, -0.5])),
    "two-sided": (Gaussian(np.array([1.0, 2.0]), np.array([0.6, 3.0])), np.array([4.0, -0.5])),
    "covariance": (
        Gaussian(covariance=np.array([[1.0, 0.6], [0.6, 2.0]])),
        np.array([4.0, -0.5]),
    ),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_density_of_every_statistic_is_that_it_draws_from(name):
    """Weights turn draws under one expectation into draws under another."""
    statistic, mu = STATISTICS[name]
    other = mu + np.array([0.3, 0.2])
    n = 200_000
    data = statistic.draw(mu, np.random.default_rng(1), n)
    ratio = np.diff(statistic.log_density(np.stack([mu, other], axis=1), data), axis=0)[0]
    weights = np.exp(ratio)
    if name == "two-sided":  # all constants count: errors do not depend on the expectation
        assert weights.mean() == pytest.approx(1.0, abs=5 * weights.std() / np.sqrt(n))
    direct = statistic.draw(other, np.random.default_rng(2), n)
    for moment in (1, 2):
        found = np.average(data**moment, axis=1, weights=weights)
        error = (data**moment).std(axis=1) / np.sqrt(n) * 3.0
        assert np.all(np.abs(found - (direct**moment).mean(axis=1)) < 4 * error)
    v = statistic.stabilised(np.stack([mu, mu + 1e-3], axis=1))
    assert np.linalg.norm(v[:, 1] - v[:, 0]) > 0.0


def test_thinning_leaves_sums_unbiased():
    rng = np.random.default_rng(5)
    weights = rng.lognormal(0.0, 2.0, 3000)
    values = rng.standard_normal(3000)
    found, numbers = [], []
    for seed in range(400):
        at, w = thinned(weights, 300, np.random.default_rng(seed).random(3000))
        found.append((w * values[at]).sum())
        numbers.append(len(at))
        assert np.all(np.isin(np.flatnonzero(weights > np.sort(weights)[-20]), at))
    error = np.std(found) / np.sqrt(400)
    assert np.mean(found) == pytest.approx((weights * values).sum(), abs=4 * error)
    assert np.mean(numbers) == pytest.approx(300, abs=3)
    everything, same = thinned(weights, 5000, np.full(3000, 0.999))
    assert len(everything) == 3000
    assert np.array_equal(same, weights)


def test_toys_without_weights_count_as_k_of_n():
    q = np.append(np.random.default_rng(2).chisquare(1, 999), np.nan)
    plain, weighty = WeightedToys(q), WeightedToys(q, np.full(1000, 0.37))
    k = int(np.sum(q >= 2.7 - 0.01))
    p, error = plain.p_value(2.7)
    assert p == pytest.approx(k / 999)
    assert error == pytest.approx(np.sqrt(p * (1 - p) / 999))
    assert weighty.p_value(2.7) == pytest.approx((p, error))
    assert plain.critical(0.9)[0] == pytest.approx(np.sort(q[:999])[899] + 0.01)
    assert plain.equivalent(0.9) == pytest.approx(999, rel=0.02)  # of ranks
    assert WeightedToys(np.zeros(0)).equivalent(0.9) == 0.0
    # what the toys do not reach they do not know
    assert WeightedToys(q[:5]).equivalent(0.99) < 5
    assert WeightedToys(q[:5]).critical(0.99)[1] == np.inf
    assert WeightedToys(q[:50]).equivalent(0.99) < 50
    assert np.isnan(WeightedToys(np.full(3, np.nan)).critical(0.9)[0])


# -- anchors and guards --------------------------------------------------------------------------


def test_every_point_has_an_anchor_near():
    places = np.random.default_rng(1).standard_normal((300, 5))
    chosen = farthest(places, 1.5, np.array([7]))
    near = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(axis=1)
    assert near.max() <= 1.5
    assert chosen[0] == 7
    apart = np.linalg.norm(places[chosen][:, None] - places[chosen][None], axis=2)
    assert apart[np.triu_indices(len(chosen), 1)].min() > 1.5
    some = farthest(places, 1.5, np.array([7]), among=np.arange(10))
    assert set(some) <= set(range(10))


def job_of(grid, radius, *, escalate, toys=1000):
    scan = profile_scan(grid)
    how = {"seed": 1, "stop": 0.1, "stop_sigma": 4.0, "audit": lambda _: 0}
    wanted = scan.rise < 25
    return scan, shared_job(scan, wanted, toys, radius=radius, escalate=escalate, **how)


def test_far_anchors_are_seen_and_more_are_taken():
    grid = two_bins()
    scan, few = job_of(grid, 6.0, escalate=False)
    model = grid.family
    wanted = scan.theta[few.stands >= 0]
    bad = ~described(toys_of_anchors(few.before, model), wanted, 1000)
    assert bad.mean() > 0.3
    _, more = job_of(grid, 6.0, escalate=True)
    assert len(more.anchors) > len(few.anchors)
    # what anchors do not describe has toys of its own
    still = ~described(toys_of_anchors(more.before, model), wanted, 1000)
    assert np.array_equal(more.own[few.stands >= 0] > 0, still)
    _, enough = job_of(grid, 1.0, escalate=True)
    assert not enough.own.any()


@pytest.mark.slow
def test_without_the_guard_p_values_are_wrong(monkeypatch):
    """And their own errors do not say so: single toys with large weights are not there yet."""
    grid, exact = two_bins(), exact_p(two_bins())
    pulls = {}
    for escalate in (True, False):

        def shared(*args, escalate=escalate, **how):
            return shared_job(*args, **how, radius=4.0, escalate=escalate)

        monkeypatch.setattr(module, "shared_job", shared)
        scan = feldman_cousins(grid, 1000, **SETTINGS | {"seed": 1})
        off = np.abs(scan.p_value - exact) / np.maximum(scan.p_error, 1e-3)
        pulls[escalate] = off[~scan.excluded].max()
    assert pulls[True] < 5.0
    assert pulls[False] > 8.0


def test_points_that_count_as_one():
    """Two couplings of which only the sum matters: the points of a diagonal are one."""
    couplings = [Parameter(k, 1.0, role="poi", lower=0.0, upper=12.0) for k in "xy"]
    one = np.ones(2)
    model = counting_model(
        "sum", couplings, [9.0, 11.0], x=(one, "x"), y=(one, "y"), b=(np.array([3.0, 4.0]),)
    )
    grid = Grid.of(model, {"x": np.arange(11.0), "y": np.arange(11.0)})
    job, _ = prepare(profile_scan(grid), 300, seed=1, cl=0.9, at="anchors", audit=0.0)
    total = grid.points.sum(axis=1)
    for stand, members in job.members.items():
        assert np.all(total[members] == total[stand])
    assert len(job.members) == len(np.unique(total[job.stands >= 0]))
    scan = feldman_cousins(grid, 300, **SETTINGS)
    alike = total == 8.0
    assert np.unique(scan.p_value[alike]).size == 1


def test_points_with_other_fits_are_not_one(monkeypatch):
    """The same expectation, but a nuisance acts on one of the two couplings only."""
    model = template("cross-section", True)[1]
    theta = np.tile(model.parameters.values, (3, 1))
    held = np.array([model.parameters.position("scale")])
    theta[2, held] += 0.3
    places = np.zeros((3, 2))  # as if their toys were the same
    assert mixtures.merged(model, theta, held, places).tolist() == [0, 0, 2]


# -- the same whoever computes it ----------------------------------------------------------------


@pytest.fixture(scope="module")
def plane():
    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 11), "t0": np.linspace(0.43, 0.52, 10)})


def same(a, b):
    assert a.file.datasets.keys() == b.file.datasets.keys()
    for name, array in a.file.datasets.items():
        assert array.tobytes() == b.file.datasets[name].tobytes(), name


def test_planes_share_toys_by_themselves(plane):
    assert construction(plane, None) == "anchors"
    assert construction(plane, None, adaptive=False) == "every-point"
    line = Grid.of(plane.family, {"scale": np.linspace(0.7, 1.5, 200)})
    assert construction(line, None) == "every-point"
    assert construction(line, " Anchors ") == "anchors"
    with pytest.raises(UnknownNameError, match="every-point"):
        construction(line, "somewhere")
    with pytest.raises(InputError, match="all points are to have all toys"):
        construction(plane, "anchors", adaptive=False)


@pytest.mark.slow
def test_interruption_and_files_change_nothing(plane, tmp_path):
    settings = {**SETTINGS, "toys_at": None}
    told, seen = [], []
    undisturbed = feldman_cousins(plane, 120, progress=lambda *a: told.append(a[:2]), **settings)
    # one count for the toys of the anchors and those of the points; what follows is an estimate
    assert all(a[0] < b[0] for a, b in pairwise(told))
    assert all(done <= total for done, total in told)
    assert told[-1][0] == told[-1][1]

    def stop(done, _, __):
        seen.append(done)
        if len(seen) == 4:
            raise KeyboardInterrupt

    path = tmp_path / "scan.h5"
    with pytest.raises(KeyboardInterrupt):
        feldman_cousins(plane, 120, out=path, progress=stop, **settings)
    assert list(tmp_path.glob("*.parts"))
    resumed = feldman_cousins(plane, 120, out=path, **settings)
    same(undisturbed, resumed)
    assert [p.name for p in tmp_path.iterdir()] == ["scan.h5"]
    same(undisturbed, feldman_cousins(plane, 120, out=path, **settings))
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        feldman_cousins(plane, 120, out=tmp_path / "other.h5", progress=stop, **settings)
    with pytest.raises(
        InputError, match="belongs to another run"
    ):  # before its parts are left behind
        feldman_cousins(plane, 120, out=tmp_path / "other.h5", **settings | {"seed": 8})
    with pytest.raises(InputError, match="toys at is anchors, not every-point"):
        feldman_cousins(plane, 120, out=path, **{**settings, "toys_at": "every-point"})


@pytest.mark.slow
def test_shares_are_the_whole(plane, tmp_path):
    whole = feldman_cousins(plane, 120, **SETTINGS)
    parts = [tmp_path / f"{i}.h5" for i in (1, 2)]
    for i, part in enumerate(parts, 1):
        share = feldman_cousins(plane, 120, out=part, shard=(i, 2), **SETTINGS)
        assert 0 < np.sum(share.n_toys > 0) < np.sum(whole.n_toys > 0)
    again = feldman_cousins(plane, 120, out=parts[1], shard=(2, 2), **SETTINGS)
    same(share, again)
    joined = merge(parts, tmp_path / "merged.h5")
    same(whole, replace(whole, file=joined))


def test_failed_fits_of_anchors_are_a_share_of_their_toys(plane, monkeypatch):
    """Each is missing at all points, however many toys the points have together."""

    def one_in_a_hundred(batch, each):
        batch.status[: len(batch.status) // 100] = FAILED

    spoil(monkeypatch, one_in_a_hundred)
    with pytest.raises(FitError, match=r"\d+ of \d+ toys have a failed fit") as raised:
        feldman_cousins(plane, 120, **SETTINGS)
    failed, drawn = (int(w) for w in str(raised.value).split() if w.isdigit())
    assert failed == pytest.approx(0.01 * drawn, rel=0.2)
    scan = feldman_cousins(plane, 120, max_failures=0.02, **SETTINGS)
    assert drawn == len(scan.file.run["anchors"]) * 400
    assert scan.failed == failed


def test_failed_fits_of_own_toys_are_told(plane, monkeypatch):
    job, _ = prepare(profile_scan(plane), 120, seed=3, cl=0.9, at="anchors", audit=0.0)
    free = np.zeros(len(job.anchors) * 400)
    group = job.groups[0][:2]
    own = np.where(np.isin(np.arange(plane.size), group), 120, 0)
    fits = SharedFits(replace(job, own=own, free=free)).start()
    spoil(monkeypatch, failing(60))
    block = fits(BlockKey(0, 0, group))[0]
    assert block["own"].tolist() == [120, 120]
    assert block["own_failed"].tolist() == [60, 60]


@pytest.mark.slow
def test_toys_of_their_own_describe_a_point(monkeypatch):
    """Anchors far away and no more of them: own toys, counted, and right p-values."""
    from cevns.inference.scan import anchors

    def shared(*args, **how):
        return shared_job(*args, **how, radius=9.0)

    monkeypatch.setattr(anchors, "_HALVED", 0)
    monkeypatch.setattr(module, "shared_job", shared)
    scan, exact = feldman_cousins(two_bins(), 600, **SETTINGS), exact_p(two_bins())
    own = scan.file.datasets["toys/own_at_last"] > 0
    assert own.sum() > 10
    error = np.maximum(scan.p_error, np.sqrt(exact * (1 - exact) / 600) + 1e-3)
    assert np.abs((scan.p_value - exact)[own] / error[own]).max() < 4.0
    assert scan.file.datasets["toys/effective"][own].min() > 300


@pytest.mark.parametrize("toys_at", ["anchors", "every-point"])
def test_a_grid_of_excluded_points_is_refused(toys_at):
    model = two_bins().family
    far = Grid.of(model, {"x": np.linspace(10, 12, 11), "y": np.linspace(10.5, 12, 11)})
    with pytest.raises(FitError, match="use a finer grid, or a range around the best fit"):
        feldman_cousins(far, 100, **SETTINGS | {"toys_at": toys_at})


@pytest.mark.slow
def test_audit_of_the_anchors(plane, monkeypatch):
    scan = feldman_cousins(plane, 120, **SETTINGS | {"audit": 1e-2})
    assert scan.audit.size > 10
    assert scan.deeper == 0
    spoil(monkeypatch, shallow)
    with pytest.raises(FitError, match="deeper minimum"):
        feldman_cousins(plane, 120, **SETTINGS | {"audit": 1e-2})


@pytest.mark.slow
def test_goodness_of_fit_by_the_same_toys(plane):
    from cevns.inference import fit
    from cevns.inference.toys.gof import goodness_of_fit

    scan = feldman_cousins(plane, 1000, **SETTINGS)
    p, error = scan.file.datasets["toys/goodness_of_fit"]
    own = goodness_of_fit(plane.family, fit(plane.family, minos="none"), 2000, seed=4)
    assert p == pytest.approx(own.p_value, abs=4 * np.hypot(error, own.error))


@pytest.mark.slow
def test_last_block_of_a_point_counts(plane):
    scan = feldman_cousins(plane, 300, keep_toys=True, **SETTINGS)
    start = scan.file.datasets["toys/start"]
    near = ~scan.excluded & (np.abs(scan.p_value - 0.1) < 2 * scan.p_error)
    assert near.any()
    # twice as many as asked for, within the chance of thinning
    assert np.all(np.diff(start)[near] > 500)
    # those that the border does not need have half as many
    assert np.median(np.diff(start)[~scan.excluded]) < 200
    assert (
        weighted({"kept": np.array([1, 2]), "q": np.arange(3.0), "weight": np.ones(3)})[1].q[0] == 1
    )
