"""Toys: the draw, pulls, coverage, independence of workers, interruption and resumption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from csi_like import template
from mirror_like import mirror
from test_fit import counting

from cevns.exceptions import DataError, FitError, InputError, OutputError
from cevns.inference.minimum.batch import FAILED, BatchFitter
from cevns.inference.model.grid import Grid
from cevns.inference.statistics.poisson import Poisson
from cevns.inference.toys import toy_run as module
from cevns.inference.toys.toy_job import Sizes, ToyJob
from cevns.inference.toys.toy_run import run_toys
from cevns.inference.work.checkpoint import check_run

ARRAYS = ("theta", "errors", "twice_nll", "edm", "status", "rise", "conditional_status")


def same(a, b):
    return all(np.array_equal(getattr(a, k), getattr(b, k)) for k in ARRAYS) and np.array_equal(
        a.audit_differences, b.audit_differences, equal_nan=True
    )


@pytest.fixture
def model():
    return template("count")[1]


@pytest.fixture
def small_blocks(monkeypatch):
    """Several blocks from few toys."""
    monkeypatch.setattr(module, "BLOCK", 64)


# -- the draw -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [0.003, 0.7, 12.0, 400.0, 3e4, 2e5])
def test_draw_is_poisson(mu):
    from scipy.stats import poisson

    n = 200_000
    counts = Poisson().draw(np.array([mu]), np.random.default_rng(1), n)[0]
    # 4 standard deviations of the mean and of the variance
    assert abs(counts.mean() - mu) < 4 * np.sqrt(mu / n)
    assert abs(counts.var() - mu) < 4 * np.sqrt((mu + 2 * mu**2) / n)
    for quantile in (0.001, 0.5, 0.999):
        k = poisson.ppf(quantile, mu)
        p = poisson.cdf(k, mu)
        assert abs(np.mean(counts <= k) - p) < 4 * np.sqrt(p * (1 - p) / n) + 1e-12


def test_draw_of_an_empty_bin_and_of_nonsense():
    counts = Poisson().draw(np.array([0.0, 1.0]), np.random.default_rng(1), 50)
    assert (counts[0] == 0).all()
    with pytest.raises(InputError, match="not negative"):
        Poisson().draw(np.array([-1.0]), np.random.default_rng(1), 1)


# -- pulls and coverage -------------------------------------------------------------------------


def test_pulls_and_coverage(model):
    n = 4096
    toys = run_toys(model, n, seed=3, workers=1, audit=0.005)
    assert sum(toys.statuses.values()) == n
    assert toys.statuses["failed"] == 0
    for name, p in toys.pulls.items():
        # 4 standard deviations, and 0.03 for what is not Gaussian in the model
        assert abs(p.mean) < 4 * p.mean_error + 0.03, name
        assert abs(p.sd - 1) < 4 * p.sd_error + 0.03, name
    for label, level in (("68.3%", 0.683), ("90%", 0.9)):
        c = toys.coverage[label]
        assert abs(c.fraction - level) < 4 * c.error + 0.005  # Wilks holds to half a percent
    assert toys.audit["n"] == 20
    assert toys.audit["deeper_minima"] == toys.audit["deeper_share"] == 0
    assert "20 of 4096 toys again with iminuit: none has a deeper minimum" in str(toys)
    assert toys.audit["max_above"] < 1e-6  # iminuit is never deeper
    assert toys.audit["max_below"] < 1.1e-5  # and stops within its edm goal of 2e-5 in -2 ln L
    plain = json.loads(json.dumps(toys.to_dict(), allow_nan=False))
    # the one worker is in the rate with all its toys
    assert plain["toys_per_second"] * plain["fit_s"] == pytest.approx(n)
    assert "coverage of the 90% interval of cevns" in str(toys)


def test_coverage_of_counting_is_exact():
    # n events, known background: covered where q(s) <= 1, a sum of Poisson probabilities
    from scipy.stats import poisson

    model = counting(0, background=10.0, lower=-9.0)
    n = np.arange(0, 100)
    mu = 31.0
    q = 2 * (mu - n + n * np.log(np.where(n > 0, n, 1) / mu))
    expected = poisson.pmf(n[q <= 1], mu).sum()
    toys = run_toys(model, 8192, seed=1, truth={"s": 21.0}, fix=("b",), workers=1, audit=0)
    c = toys.coverage["68.3%"]
    assert abs(c.fraction - expected) < 4 * c.error
    assert toys.audit["n"] == 0


@pytest.mark.slow
def test_many_toys(model):
    toys = run_toys(model, 100_000, seed=1, audit=0.001)
    assert sum(toys.statuses.values()) == 100_000
    assert toys.statuses["failed"] == 0
    for label, level in (("68.3%", 0.683), ("90%", 0.9)):
        c = toys.coverage[label]
        assert abs(c.fraction - level) < 4 * c.error + 0.005
    assert toys.audit["max_above"] < 1e-5


@pytest.mark.parametrize(
    "truth", [{}, pytest.param({"eps_e": 0.5, "eps_mu": 0.5}, marks=pytest.mark.slow)]
)
def test_toys_of_couplings_end_in_the_deepest_minimum(truth):
    """Couplings that enter squared: from the truth alone a third of the toys do not, at (0.5, 0.5).

    Their expectation does not depend on the couplings there to first order.
    """
    toys = run_toys(
        mirror(), 300, seed=1, truth=truth, poi="eps_e", workers=1, coverage=False, audit=0.2
    )
    assert toys.audit["n"] == 60
    assert toys.audit["deeper_minima"] <= 1
    assert toys.statuses["failed"] == 0


def test_estimates_stay_at_the_truth_where_a_mirror_is_as_good():
    toys = run_toys(
        mirror(tilt=0.0), 200, seed=1, poi="eps_e", workers=1, coverage=False, audit=0.0
    )
    # the mirror of x is 1 - x; toys with few electron neutrinos lie in between, at one half
    assert np.mean(toys.theta[:, toys.names.index("eps_e")] < 0.55) > 0.98


def test_seeds_and_points_are_independent(model):
    def first(**kwargs):
        return run_toys(model, 8, workers=1, audit=0, coverage=False, **kwargs).twice_nll

    assert np.array_equal(first(seed=1), first(seed=1))
    assert not np.array_equal(first(seed=1), first(seed=2))
    assert not np.array_equal(first(seed=1), first(seed=1, point=1))


# -- who computes it does not matter ------------------------------------------------------------


def test_result_does_not_depend_on_the_workers(model, small_blocks):
    alone = run_toys(model, 200, seed=4, workers=1)
    with ThreadPoolExecutor(2) as pool:
        threads = run_toys(model, 200, seed=4, executor=pool)
    assert same(alone, threads)


@pytest.mark.slow
def test_result_does_not_depend_on_processes(model):
    alone = run_toys(model, 10_000, seed=4, workers=1, audit=0.001)
    two = run_toys(model, 10_000, seed=4, workers=2, audit=0.001)
    assert same(alone, two)
    assert two.timing["workers"] == 2
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        other = run_toys(model, 10_000, seed=4, executor=pool, audit=0.001)
    assert same(alone, other)


# -- interruption and resumption ----------------------------------------------------------------


class StopRunError(Exception):
    """Raised in the middle of a run."""


def test_interrupted_run_resumes_bit_for_bit(model, small_blocks, tmp_path):
    out = tmp_path / "toys.npz"
    settings = {"seed": 4, "workers": 1}
    undisturbed = run_toys(model, 300, **settings)

    def stop_after(limit):
        def progress(done, total):
            assert total == 300
            if done >= limit:
                raise StopRunError

        return progress

    with pytest.raises(StopRunError) as stopped:
        run_toys(model, 300, out=out, progress=stop_after(100), **settings)
    kept = f"128 of 300 toys are kept in {out}.parts; the same command resumes"
    assert stopped.value.__notes__ == [kept]
    assert not out.exists()
    assert list((tmp_path / "toys.npz.parts").glob("*.npz"))
    seen = []
    resumed = run_toys(model, 300, out=out, progress=lambda done, _: seen.append(done), **settings)
    assert seen[0] > 128  # the two blocks that were done are not done again
    assert same(undisturbed, resumed)
    assert [p.name for p in tmp_path.iterdir()] == ["toys.npz"]
    again = run_toys(model, 300, out=out, **settings)
    assert same(undisturbed, again)
    assert again.timing["toys_per_second"] is None  # nothing was computed


@pytest.mark.slow
def test_killed_run_resumes_bit_for_bit(model, tmp_path):
    out = tmp_path / "toys.npz"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from csi_like import template\n"
        "from cevns.inference.work import checkpoint\n"
        "from cevns.inference.toys.toy_run import run_toys\n"
        "checkpoint.FLUSH_S = 0.0\n"
        "run_toys(template('count')[1], 40_000, seed=4, workers=1,"
        " audit=0, out=sys.argv[2])\n"
    )
    here = str(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, "-c", script, here, str(out)])
    parts = tmp_path / "toys.npz.parts"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(parts.glob("*.npz"))) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert len(list(parts.glob("*.npz"))) >= 2
    settings = {"seed": 4, "workers": 1, "audit": 0}
    resumed = run_toys(model, 40_000, out=out, **settings)
    assert same(run_toys(model, 40_000, **settings), resumed)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 5}, "seed is 4, not 5"),
        ({"n": 30}, "number of toys is 20, not 30"),
        ({"coverage": False}, "coverage is True, not False"),
        ({"truth": {"cevns": 300.0}}, "true values"),
    ],
)
def test_file_of_another_run_is_refused(change, named, model, tmp_path):
    out = tmp_path / "toys.npz"
    settings = {"n": 20, "seed": 4, "workers": 1, "audit": 0}
    run_toys(model, out=out, **settings)
    before = out.read_bytes()
    with pytest.raises(InputError, match=named):
        run_toys(model, out=out, **(settings | change))
    assert out.read_bytes() == before


def test_long_values_of_another_run_are_cut_at_sixty_characters():
    whole, long = 60 * "1", 61 * "2"
    with pytest.raises(InputError) as refused:
        check_run({"true values": whole}, {"true values": long}, Path("toys.npz"))
    assert f"is {whole}, not {long[:57]}...; choose" in str(refused.value)


def test_file_of_another_model_is_refused(model, tmp_path):
    out = tmp_path / "toys.npz"
    settings = {"seed": 4, "workers": 1, "audit": 0}
    run_toys(model, 20, out=out, **settings)
    other = model.with_observed(model.observed + 1.0)
    with pytest.raises(InputError, match="model digest"):
        run_toys(other, 20, out=out, **settings)


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "other npz"])
def test_damaged_file_is_refused(damage, model, tmp_path):
    out = tmp_path / "toys.npz"
    settings = {"seed": 4, "workers": 1, "audit": 0}
    run_toys(model, 20, out=out, **settings)
    if damage == "truncated":
        out.write_bytes(out.read_bytes()[:-200])
    elif damage == "text":
        out.write_text("not toys")
    elif damage == "empty":
        out.write_bytes(b"")
    else:
        np.savez(out, a=np.zeros(3))
    with pytest.raises(DataError, match="no complete file of toys"):
        run_toys(model, 20, out=out, **settings)


def test_file_of_an_earlier_version_is_refused(model, tmp_path):
    """Its blocks had numbers only."""
    out = tmp_path / "toys.npz"
    run_toys(model, 20, seed=4, workers=1, audit=0, out=out)
    with np.load(out) as file:
        content = {k: file[k] for k in file.files}
    for name in ("number", "point", "hypothesis"):
        del content[name], content[f"size.{name}"]
    np.savez(out, block=np.array([0]), **content)
    with pytest.raises(DataError, match=r"an earlier version of cevns wrote it.*run again"):
        run_toys(model, 20, seed=4, workers=1, audit=0, out=out)


def test_unwritable_output(model, tmp_path):
    with pytest.raises(OutputError, match=r"toys\.npz"):
        run_toys(model, 20, seed=1, out=tmp_path / "missing" / "toys.npz")
    with pytest.raises(OutputError, match=r"\.npz"):
        run_toys(model, 20, seed=1, out=tmp_path / "toys.txt")


# -- bad input and budgets ----------------------------------------------------------------------


def test_bad_arguments(model):
    with pytest.raises(InputError, match="n=0"):
        run_toys(model, 0, seed=1)
    with pytest.raises(InputError, match="ask for fewer"):
        run_toys(model, 10**20, seed=1)
    with pytest.raises(InputError, match="workers=0"):
        run_toys(model, 10, seed=1, workers=0)
    with pytest.raises(InputError, match="audited fraction"):
        run_toys(model, 10, seed=1, audit=2.0)
    with pytest.raises(InputError, match="outside its bounds"):
        run_toys(model, 10, seed=1, truth={"cevns": -5.0})


def test_the_largest_number_of_toys_is_one_too(model, monkeypatch):
    monkeypatch.setattr(module, "TOYS_MOST", 10)
    assert len(run_toys(model, 10, seed=1, workers=1, audit=0).theta) == 10
    with pytest.raises(InputError, match="ask for fewer"):
        run_toys(model, 11, seed=1)


def test_failure_budget(model, monkeypatch):
    original = BatchFitter.fit

    def failing(self, data, start):
        batch = original(self, data, start)
        batch.status[:3] = FAILED
        return batch

    monkeypatch.setattr(BatchFitter, "fit", failing)
    with pytest.raises(FitError, match="3 of 50 toys have a failed fit"):
        run_toys(model, 50, seed=1, workers=1, audit=0)
    toys = run_toys(model, 50, seed=1, workers=1, audit=0, max_failures=0.1)
    assert toys.statuses["failed"] == 3
    assert sum(toys.statuses.values()) == 50


def test_audit_that_finds_deeper_minima_is_an_error(model, monkeypatch):
    original = BatchFitter.fit

    def shallow(self, data, start):
        batch = original(self, data, start)
        batch.twice_nll[:] += 0.1
        return batch

    monkeypatch.setattr(BatchFitter, "fit", shallow)
    with pytest.raises(FitError, match="deeper minimum"):
        run_toys(model, 40, seed=1, workers=1, audit=0.2)


def test_audit_counts_and_extrapolates_deeper_minima(model):
    toys = run_toys(model, 50, seed=1, workers=1, audit=0.2)
    differences = np.array([-2.0, 1e-5, 0.0, np.nan, 0.3])
    toys = replace(toys, n=1000, audit_differences=differences)
    assert toys.audit == {
        "n": 5,
        "iminuit_failed": 1,
        "max_above": 1.0,
        "max_below": 0.15,
        "deeper_minima": 1,
        "deeper_share": 0.25,
    }
    assert "4 of 1000 toys again with iminuit: 1 (25 %; of all toys at least about 250) has" in str(
        toys
    )


@pytest.mark.parametrize("n", [1, 50, 4097, 150_000, 1_500_000])
def test_audit_is_spread_over_the_blocks_and_capped(model, n):
    grid = Grid.of(model, {"cevns": [model.parameters.values[0]]})
    toys = {"truth": model.parameters.values[None, None], "toys": n, "seed": 1}
    sizes = Sizes((module.BLOCK,), module.BLOCK, 1)
    job = ToyJob(grid, **toys, audit=module.audited(0.01, n, module.AUDIT_MOST), sizes=sizes)
    chosen = [sum(job.audited(key)) for key in job.first()]
    assert sum(map(job.size, job.first())) == n
    assert sum(chosen) == max(1, min(round(0.01 * n), 2000))
    full = chosen[:-1]  # the last block may be short
    assert not full or max(full) - min(full) <= 1
    none = ToyJob(grid, **toys, audit=module.audited(0.0, n, module.AUDIT_MOST), sizes=sizes)
    assert sum(sum(none.audited(key)) for key in none.first()) == 0
