"""Feldman-Cousins: the paper's tables, exact sums, seeds, workers, files, interruption, shares."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bad_fits import failing, shallow, spoil
from csi_like import template
from scan_models import counting_model
from scipy.stats import chi2, norm, poisson

from cevns.exceptions import DataError, FitError, InputError, OutputError
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.data import Data, draw
from cevns.inference.model.grid import Grid
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.toys.toy_job import STAGES, Sizes
from cevns.inference.toys.weighted_toys import WeightedToys
from cevns.parameters import Parameter


def scaled(observed, offset, slope=1.0):
    """One bin with `offset + slope * x` counts, x >= 0: no nuisances."""
    x = Parameter("x", 1.0, role="poi", lower=0.0, upper=50.0)
    counts = {"signal": (np.full(1, slope), "x"), "background": (np.full(1, offset),)}
    return counting_model("scaled", [x], [observed], **counts)


def poisson_grid(n, values, background=3.0):
    return Grid.of(scaled(n, background), {"x": values})


def exact_p(n, background, s):
    """P(q >= q_data) by a sum over counts: q is the deviance less that of the best s >= 0."""
    k = np.arange(0, 200)
    log = np.log(np.where(k > 0, k, 1))

    def twice_nll(mu):
        return 2 * (mu - k + k * log - k * np.log(mu))

    q = twice_nll(s + background) - twice_nll(np.maximum(k, background))
    return poisson.pmf(k, s + background)[q >= q[n] - 1e-9].sum()


SETTINGS = {"seed": 3, "workers": 1, "audit": 0.0}


# -- the paper's tables --------------------------------------------------------------------------

# upper ends of 90 % intervals for a background of 3: Feldman and Cousins, table IV
TABLE_POISSON = {1: 1.88, 4: 5.60, 5: 6.99}


@pytest.mark.parametrize(("n", "end"), TABLE_POISSON.items())
def test_poisson_p_values_are_the_exact_sums(n, end):
    values = np.concatenate([[0.0, 0.3], end + np.array([-0.5, -0.02, 0.02, 0.5])])
    scan = feldman_cousins(poisson_grid(n, values), 4000, adaptive=False, **SETTINGS)
    exact = np.array([exact_p(n, 3.0, s) for s in values])
    error = np.sqrt(exact * (1 - exact) / 4000)
    assert np.all(np.abs(scan.p_value - exact) < 4 * error + 1e-12)
    # the sums are the paper's: its ends are rounded to 0.01
    assert exact[2] > 0.1 >= exact[5]
    assert exact_p(n, 3.0, end - 0.02) > 0.1 >= exact_p(n, 3.0, end + 0.02)
    # far from the end the answer does not hang on the number of toys
    assert scan.accepted[[0, 1, 2, 5]].tolist() == [True, True, True, False]
    assert np.all(scan.n_toys == 4000)
    assert scan.failed == scan.outliers == 0
    assert scan.file.notes["toys_computed"] == 4000 * len(values)
    rate = scan.file.notes["toys_per_second"] * scan.file.notes["wall_s"]
    assert rate == pytest.approx(scan.file.notes["toys_computed"])


def test_no_event_over_a_background_of_three():
    # The table has 1.08: the paper lengthens intervals so that their ends fall with the
    # background, and with 3.5 expected the construction itself ends there. At 3 it ends at 0.95.
    assert exact_p(0, 3.0, 0.94) > 0.1 >= exact_p(0, 3.0, 0.97)
    values = np.array([0.0, 0.5, 0.8, 1.2])
    scan = feldman_cousins(poisson_grid(0, values), 4000, **SETTINGS)
    assert scan.accepted.tolist() == [exact_p(0, 3.0, s) > 0.1 for s in values]


# Gaussian of unit width with a mean >= 0: 90 % upper ends, table X of the same paper
TABLE_GAUSS = {-1.0: 0.81, 0.0: 1.64, 1.0: 2.64}
_MANY = 1e6


@pytest.mark.parametrize(("x0", "end"), TABLE_GAUSS.items())
def test_bounded_gaussian(x0, end):
    counts = _MANY + np.sqrt(_MANY) * x0
    model = scaled(counts, _MANY, np.sqrt(_MANY))  # skewed by a thousandth only
    values = end + np.array([-0.2, 0.0, 0.2])
    scan = feldman_cousins(Grid.of(model, {"x": values}), 6000, adaptive=False, **SETTINGS)
    # at the end p is 0.1: 4 binomial errors, and the rounding of the end to 0.005
    slope = (scan.p_value[0] - scan.p_value[2]) / 0.4
    assert abs(scan.p_value[1] - 0.1) < 4 * scan.p_error[1] + 0.005 * slope
    assert scan.accepted[[0, 2]].tolist() == [True, False]
    # far from the bound q is chi2, near it smaller
    assert scan.critical[1] < levels(0.9, 1) + 4 * scan.critical_error[1]


def test_critical_value_of_an_unbounded_gaussian_is_that_of_wilks():
    model = scaled(_MANY, _MANY, np.sqrt(_MANY))
    scan = feldman_cousins(Grid.of(model, {"x": [20.0, 21.0]}), 6000, adaptive=False, **SETTINGS)
    assert np.all(np.abs(scan.critical - norm.ppf(0.95) ** 2) < 4 * scan.critical_error)
    at = np.searchsorted(scan.levels, 0.5)
    # the median of chi2 with one degree of freedom; error of the median of 6000: 0.007 / density
    assert scan.quantiles[:, at] == pytest.approx(norm.ppf(0.75) ** 2, abs=4 * 0.0065 / 0.47)


# -- with nuisances ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grid():
    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 5), "t0": np.linspace(0.43, 0.52, 4)})


def test_two_parameters_with_nuisances_are_near_wilks(grid):
    scan = feldman_cousins(grid, 600, adaptive=False, **SETTINGS | {"audit": 1e-3})
    assert scan.shape == (5, 4)
    inside = scan.q_data < 8
    # 2 degrees of freedom, many counts: 4 errors and 0.03 for what is not Gaussian
    assert np.all(
        np.abs(scan.p_value - chi2.sf(scan.q_data, 2))[inside] < 4 * scan.p_error[inside] + 0.03
    )
    assert np.all(np.abs(scan.critical - levels(0.9, 2)) < 4 * scan.critical_error + 0.4)
    assert scan.audit.size == 12
    assert scan.deeper == 0
    assert scan.file.run["nuisances of the toys"] == "profiled"
    assert scan.n_toys.sum() == 12_000


@pytest.mark.slow
def test_clear_points_get_their_first_block_only(grid):
    settings = SETTINGS | {"seed": 5}
    seen = []
    some = feldman_cousins(grid, 600, progress=lambda *a: seen.append(a[:2]), **settings)
    every = feldman_cousins(grid, 600, adaptive=False, **settings)
    assert set(some.n_toys.tolist()) <= {*STAGES, 600}
    assert {STAGES[0], 600} <= set(some.n_toys.tolist())
    # toys that a point turns out to need are added to what is to be done
    assert seen[-1] == (some.n_toys.sum(), some.n_toys.sum())
    full = some.n_toys == 600
    assert np.array_equal(some.p_value[full], every.p_value[full])
    assert np.array_equal(some.accepted, every.accepted)
    # the boundary is among the points with all toys
    assert np.all(full[np.abs(every.p_value - 0.1) < 0.03])


# -- who computes it does not matter -------------------------------------------------------------


def test_progress_counts_the_toys_that_will_follow():
    """From the first block on it knows what comes to a fifth: chi2 of a single bin is not exact."""
    values = np.linspace(0.0, 20.0, 40)
    said = []
    found = feldman_cousins(
        poisson_grid(7, values), 2000, seed=2, workers=1, progress=lambda *a: said.append(a[:2])
    )
    wanted = int(found.n_toys.sum() + found.failed)
    assert wanted > 1.3 * 256 * 40  # many follow
    assert len(said) > 10  # a line of a few points is not one block
    assert [total for _, total in said] == pytest.approx([wanted] * len(said), rel=0.2)
    assert said[-1] == (wanted, wanted)


def unequal(a, b):
    """What is not the same to the bit, with both."""
    names = ("q_data", "p_value", "critical", "critical_error", "n_toys", "quantiles", "audit")
    pairs = {k: (getattr(a, k), getattr(b, k)) for k in names}
    return {k: both for k, both in pairs.items() if not np.array_equal(*both, equal_nan=True)}


def equal(a, b):
    return not unequal(a, b)


def test_result_does_not_depend_on_the_workers(grid):
    alone = feldman_cousins(grid, 300, **SETTINGS)
    with ThreadPoolExecutor(2) as pool:
        threads = feldman_cousins(grid, 300, **SETTINGS | {"workers": None}, executor=pool)
    assert not unequal(alone, threads)
    assert not equal(alone, feldman_cousins(grid, 300, **SETTINGS | {"seed": 4}))


def test_statistics_of_the_toys_are_kept_if_asked_for(grid, tmp_path):
    from cevns.inference.work.scan_store import read_scan

    path = tmp_path / "scan.h5"
    scan = feldman_cousins(grid, 300, keep_toys=True, out=path, **SETTINGS)
    toys = read_scan(path).group("toys")
    first = toys["q"][toys["start"][7] : toys["start"][8]]
    assert WeightedToys(first).p_value(scan.q_data[7])[0] == scan.p_value[7]
    assert WeightedToys(first).critical(0.9)[0] == scan.critical[7]


class StopRunError(Exception):
    """Raised in the middle of a run."""


@pytest.mark.slow
def test_interrupted_scan_resumes_bit_for_bit(grid, tmp_path):
    path = tmp_path / "scan.h5"
    undisturbed = feldman_cousins(grid, 600, **SETTINGS)

    def stop(done, total, rate):
        assert total >= 20 * STAGES[0]
        assert rate > 0
        if done > STAGES[0]:
            raise StopRunError

    with pytest.raises(StopRunError) as stopped:
        feldman_cousins(grid, 600, out=path, progress=stop, **SETTINGS)
    assert "the same command resumes" in stopped.value.__notes__[0]
    assert not path.exists()
    seen = []
    resumed = feldman_cousins(
        grid, 600, out=path, progress=lambda *a: seen.append(a[0]), **SETTINGS
    )
    assert seen[0] > STAGES[0]
    assert equal(undisturbed, resumed)
    assert [p.name for p in tmp_path.iterdir()] == ["scan.h5"]
    again = feldman_cousins(grid, 600, out=path, **SETTINGS)
    assert equal(undisturbed, again)


MINE = {"toys": 300, "label": {"experiment": "mine"}, **SETTINGS}


@pytest.fixture(scope="module")
def mine(grid, tmp_path_factory):
    """The file of a scan."""
    path = tmp_path_factory.mktemp("mine") / "scan.h5"
    feldman_cousins(grid, **MINE, out=path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 4}, "seed is 3, not 4"),
        ({"toys": 100}, "toys is 300, not 100"),
        ({"cl": 0.95}, "confidence level is 0.9, not 0.95"),
        ({"adaptive": False}, "stopped early around"),
        ({"label": {"experiment": "other"}}, "experiment is mine, not other"),
    ],
)
def test_file_of_another_scan_is_refused(change, named, grid, mine, tmp_path):
    path = tmp_path / "scan.h5"
    path.write_bytes(mine)
    with pytest.raises(InputError, match=named):
        feldman_cousins(grid, **MINE | {"out": path} | change)
    assert path.read_bytes() == mine


def test_file_of_another_grid_is_refused(grid, tmp_path):
    path = tmp_path / "scan.h5"
    feldman_cousins(poisson_grid(4, [1.0, 2.0]), 50, out=path, **SETTINGS)
    with pytest.raises(InputError, match=r"grid is 2\.0, not 3\.0"):
        feldman_cousins(poisson_grid(4, [1.0, 3.0]), 50, out=path, **SETTINGS)
    with pytest.raises(InputError, match="model digest"):
        feldman_cousins(poisson_grid(5, [1.0, 2.0]), 50, out=path, **SETTINGS)


def test_truncated_file_is_refused(tmp_path):
    path = tmp_path / "scan.h5"
    feldman_cousins(poisson_grid(4, [1.0, 2.0]), 50, out=path, **SETTINGS)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="no complete file of a scan"):
        feldman_cousins(poisson_grid(4, [1.0, 2.0]), 50, out=path, **SETTINGS)


def test_bad_arguments(grid, tmp_path):
    for change, named in (
        ({"toys": 0}, "toys=0"),
        ({"workers": 0}, "workers=0"),
        ({"cl": 1.5}, "confidence level"),
        ({"audit": 2.0}, "audited fraction"),
        ({"shard": (3, 2)}, "no share 3/2"),
        ({"shard": (1, 2)}, "needs an output file"),
    ):
        with pytest.raises(InputError, match=named):
            feldman_cousins(grid, **{"toys": 10, **SETTINGS} | change)
    with pytest.raises(OutputError, match=r"end in \.h5"):
        feldman_cousins(grid, 10, out=tmp_path / "scan.npz", **SETTINGS)
    with pytest.raises(OutputError, match="no folder"):
        feldman_cousins(grid, 10, out=tmp_path / "no" / "scan.h5", **SETTINGS)


def test_too_many_failures_are_an_error(grid, monkeypatch):
    spoil(monkeypatch, failing(3))
    groups = math.ceil(grid.size / Sizes.of(grid.size).group)  # the toys of each are one fit
    failed, toys = 3 * groups, 50 * grid.size
    with pytest.raises(FitError, match=f"{failed} of {toys} toys have a failed fit"):
        feldman_cousins(grid, 50, **SETTINGS)
    scan = feldman_cousins(grid, 50, max_failures=0.1, **SETTINGS)
    assert scan.failed == failed
    assert scan.n_toys.sum() == toys - failed


def test_audit_that_finds_deeper_minima_is_an_error(grid, monkeypatch):
    spoil(monkeypatch, shallow)
    with pytest.raises(FitError, match="deeper minimum"):
        feldman_cousins(grid, 50, **SETTINGS | {"audit": 0.005})


# -- several minima ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "most"),
    [
        ((0.0, 0.0), 0),
        # a toy of some hundred ends 0.2 above its deepest minimum
        ((0.3, 0.0), 1),
        # where all minima meet the toys' lie nearer to each other than the grid can show
        ((0.5, 0.5), 4),
    ],
)
def test_free_fits_find_the_deepest_of_several_minima(point, most):
    from mirror_like import mirror

    from cevns.inference.scan.feldman_cousins import prepare
    from cevns.inference.toys.block_fits import BlockFits
    from cevns.inference.toys.toy_job import QUICK

    model = mirror()
    grid = Grid.of(
        model,
        {"eps_e": np.linspace(-0.4, 1.4, 19), "eps_mu": np.linspace(-0.3, 1.3, 17)},
    )
    plan, _ = prepare(profile_scan(grid), 100, seed=1, cl=0.9, adaptive=True, audit=0.0)
    number = int(np.argmin(((grid.points - point) ** 2).sum(axis=1)))
    here = BlockFits(plan).slice_of(number)
    truth = plan.truth[0, number]
    data = draw(model, truth, np.random.default_rng(5), 100)
    found = here.best(data, truth[None], 100)
    lowest = np.full(100, np.inf)
    for x in (-0.05, 0.3, 0.7, 1.05):
        for y in (-0.05, 0.3, 0.7, 1.05):
            start = truth.copy()
            for name, value in (("eps_e", x), ("eps_mu", y)):
                start[model.parameters.position(name)] = value
            other = here.free.fit(data, start, rescue=False)
            good = other.status != FAILED
            lowest[good] = np.minimum(lowest, other.twice_nll)[good]
    missed = found.twice_nll - lowest
    assert np.median(missed) < 1e-3
    assert np.sum(missed > QUICK.enough) <= most
    assert missed.max() < 0.5


def test_runs_of_a_common_start_are_fitted_as_alone():
    from cevns.inference.minimum.batch import BatchFitter

    model = template("count")[1]
    rng = np.random.default_rng(1)
    start = model.parameters.values
    counts = rng.poisson(model.expected(start)[:, None], (99, 200)).astype(float)
    aux = np.repeat(start[:, None], 200, axis=1)
    moved = start.copy()
    moved[0] *= 1.1
    fitter = BatchFitter(model)
    both = fitter.fit(Data(counts, aux), np.repeat(np.stack([start, moved], axis=1), 100, axis=1))
    one = fitter.fit(Data(counts[:, :100], aux[:, :100]), start)
    two = fitter.fit(Data(counts[:, 100:], aux[:, 100:]), moved)
    alone = np.concatenate([one.twice_nll, two.twice_nll])
    assert both.twice_nll == pytest.approx(alone, abs=1e-6)  # the goal of the fits is 1e-7
