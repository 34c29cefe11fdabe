"""Work in blocks: order, failures, dead workers, executors, a real dask cluster, killed clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cevns.exceptions import FitError, InputError, MissingExtraError
from cevns.inference.work import blocks, schedulers
from cevns.inference.work.blocks import run_blocks
from cevns.inference.work.schedulers import scheduler


@dataclass(frozen=True)
class Squares:
    """key -> key^2; may kill its process once, or each time."""

    flag: str = ""
    deadly: bool = False
    pause: float = 0.0
    ballast: bytes = b""
    name: str = "squares"

    def start(self):
        return self.run

    def run(self, key):
        time.sleep(self.pause)
        if self.deadly and (key == 3) and (not self.flag or not Path(self.flag).exists()):
            if self.flag:
                Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return key**2


def collected(*args, **kwargs):
    return {done.key: done.result for done in run_blocks(*args, **kwargs)}


WANTED = {k: k**2 for k in range(20)}


def test_here_and_in_threads():
    assert collected(Squares(), range(20), workers=1) == WANTED
    with ThreadPoolExecutor(3) as pool:
        assert collected(Squares(), range(20), executor=pool) == WANTED


def test_blocks_may_ask_for_others():
    def follow(done):
        return [done.key + 10] if done.key < 10 else []

    assert collected(Squares(), range(10), workers=1, follow=follow) == WANTED
    with ThreadPoolExecutor(2) as pool:
        assert collected(Squares(), range(10), executor=pool, follow=follow) == WANTED


def test_several_blocks_are_sent_at_once_when_they_are_short():
    sent = []

    class Counting(ThreadPoolExecutor):
        def submit(self, fn, /, payload, keys):
            sent.append(keys)
            return super().submit(fn, payload, keys)

    with Counting(2) as pool:
        found = collected(Squares(), range(500), executor=pool)
    assert found == {k: k**2 for k in range(500)}
    assert len(sent) < 250
    assert sorted(k for keys in sent for k in keys) == list(range(500))
    assert len(sent[-1]) == 1  # the last ones alone, so that no worker waits


def test_what_cannot_be_pickled_is_said():
    job = Squares(name="the thing")
    object.__setattr__(job, "flag", lambda: None)
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="the thing cannot be sent"):
        collected(job, [1], executor=pool)


def test_error_in_a_block_is_passed_on():
    with pytest.raises(TypeError), ThreadPoolExecutor(1) as pool:
        collected(Squares(), [1, "a"], executor=pool)


def test_cancelled_blocks_are_an_error():
    class Gone(Executor):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(FitError, match="the scheduler was stopped"):
        collected(Squares(), range(3), executor=Gone())


@pytest.mark.parametrize(("lives", "enough"), [((6, 6, 99), True), ((6, 0), False)])
def test_a_broken_pool_is_replaced_while_blocks_are_finished(monkeypatch, lives, enough):
    """Pools that take so many bundles and break then; threads, for processes start slowly."""
    left = list(lives)

    class Breaking(ThreadPoolExecutor):
        def __init__(self, workers, *, initargs, **options):
            super().__init__(workers)
            monkeypatch.setattr(blocks, "_told", initargs)  # what a process is told at its start
            self.left = left.pop(0)

        def submit(self, fn, /, *args):
            self.left -= 1
            if self.left < 0:
                raise BrokenProcessPool
            return super().submit(fn, *args)

    monkeypatch.setattr(blocks, "ProcessPoolExecutor", Breaking)
    if enough:
        assert collected(Squares(), range(20), workers=2) == WANTED
    else:
        with pytest.raises(FitError, match="worker processes died"):
            collected(Squares(), range(20), workers=2)


def test_one_blas_thread_for_overlapping_users():
    from threadpoolctl import threadpool_info

    def threads():
        return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}

    before = threads()
    first, second = blocks.one_blas_thread(), blocks.one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}  # the second is still there
    second.__exit__(None, None, None)
    assert threads() == before


def test_absent_scheduler_is_said(monkeypatch, tmp_path):
    pytest.importorskip("distributed")
    monkeypatch.setattr(schedulers, "TIMEOUT_S", 0.3)
    with pytest.raises(InputError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        scheduler("tcp://127.0.0.1:9").__enter__()
    with pytest.raises(InputError, match="there is no scheduler file"):
        scheduler(str(tmp_path / "none.json")).__enter__()
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(InputError, match=r"broken\.json"):
        scheduler(str(broken)).__enter__()


def test_scheduler_needs_its_extra(monkeypatch):
    monkeypatch.setattr(schedulers, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"cevns\[dist\]"):
        scheduler("tcp://127.0.0.1:9").__enter__()


# -- real processes ------------------------------------------------------------------------------


INTERRUPTED = """
import concurrent.futures.process as pools, os, signal, sys
sys.path.insert(0, {folder!r})
from test_blocks import Squares, run_blocks
spawn = pools.ProcessPoolExecutor._spawn_process
def interrupted(pool):
    spawn(pool)
    if {halfway}:
        os.kill(os.getpid(), signal.SIGINT)
if __name__ == "__main__":
    pools.ProcessPoolExecutor._spawn_process = interrupted
    print("ready", flush=True)
    try:
        list(run_blocks(Squares(pause=0.05), range(400), workers=4))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def interrupted(folder, delays, *, halfway):
    """Run a pool, and interrupt it."""
    script = folder / "script.py"
    text = INTERRUPTED.format(folder=str(Path(__file__).parent), halfway=halfway)
    script.write_text(text, encoding="utf-8")
    for delay in delays:
        with subprocess.Popen(
            [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        ) as process:  # fmt: skip
            process.stdout.readline()
            time.sleep(delay)
            if not halfway:
                process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            assert process.returncode == 130, (delay, said)
            assert "Traceback" not in said, (delay, said)


def test_ctrl_c_while_processes_start(tmp_path):
    # the command hung: the pool waited for the processes that it had not started
    interrupted(tmp_path, [0.0], halfway=True)


@pytest.mark.slow
def test_ctrl_c_at_any_moment(tmp_path):
    delays = np.random.default_rng(3).uniform(0.0, 0.2, 5)
    interrupted(tmp_path, delays.tolist(), halfway=False)


@pytest.mark.slow
def test_blocks_of_a_dead_process_are_computed_again(tmp_path):
    job = Squares(str(tmp_path / "flag"), deadly=True)
    assert collected(job, range(20), workers=2) == WANTED
    assert (tmp_path / "flag").exists()


@pytest.mark.slow
def test_processes_that_die_at_once_are_an_error():
    with pytest.raises(FitError, match="worker processes died"):
        collected(Squares(deadly=True), [3], workers=2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A dask scheduler and two workers, each a process of its own."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    path = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    processes = []

    def start(what, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
        with (folder / "log").open("a") as log:
            processes.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": path},
                )
            )
        return processes[-1]

    def worker():
        return start(
            "worker",
            "--scheduler-file",
            str(file),
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
        )

    head = start("scheduler", "--scheduler-file", str(file), "--port", "0", "--no-dashboard")
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    worker(), worker()
    with scheduler(str(file)) as executor:
        executor._client.wait_for_workers(2, timeout=60)
    yield {"file": str(file), "scheduler": head, "processes": processes, "worker": worker}
    for process in processes:
        process.kill()
        process.wait()


def grid():
    from csi_like import template

    from cevns.inference.model.grid import Grid

    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 8), "t0": np.linspace(0.43, 0.52, 5)})


SETTINGS = {"toys": 1300, "seed": 3, "adaptive": False, "audit": 1e-4}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    path = tmp_path_factory.mktemp("scan") / "undisturbed.h5"
    feldman_cousins(grid(), out=path, workers=1, **SETTINGS)
    return path


def same_datasets(a, b):
    from cevns.inference.work.scan_store import read_scan

    left, right = read_scan(a).datasets, read_scan(b).datasets
    assert left.keys() == right.keys()
    for name, array in left.items():
        assert array.dtype == right[name].dtype
        assert array.tobytes() == right[name].tobytes(), name


@pytest.mark.slow
def test_cluster_is_sent_the_job_once(cluster, monkeypatch):
    """Each block by itself would send it again: that of a combination has a hundred megabytes."""
    with scheduler(cluster["file"]) as executor:
        sent, submit = [], executor._client.submit

        def counted(fn, *arguments, **more):
            sent.append(sum(len(a) for a in arguments if isinstance(a, bytes)))
            return submit(fn, *arguments, **more)

        monkeypatch.setattr(executor._client, "submit", counted)
        assert collected(Squares(ballast=b"x" * 20_000_000), range(20), executor=executor) == WANTED
    assert sum(n > 20_000_000 for n in sent) == 1
    assert len(sent) > 5


@pytest.mark.slow
def test_two_processes_and_dask_give_the_same_file(cluster, undisturbed, tmp_path):
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    feldman_cousins(grid(), out=tmp_path / "two.h5", workers=2, **SETTINGS)
    same_datasets(undisturbed, tmp_path / "two.h5")
    with scheduler(cluster["file"]) as executor:
        feldman_cousins(grid(), out=tmp_path / "dask.h5", executor=executor, **SETTINGS)
    same_datasets(undisturbed, tmp_path / "dask.h5")


@pytest.mark.slow
def test_killed_dask_worker(cluster, undisturbed, tmp_path):
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    victim = cluster["processes"][1]

    def progress(done, total, rate):
        if done > total // 4 and victim.poll() is None:
            victim.send_signal(signal.SIGKILL)
            victim.wait()

    with scheduler(cluster["file"]) as executor:
        feldman_cousins(
            grid(), out=tmp_path / "scan.h5", executor=executor, progress=progress, **SETTINGS
        )
    assert victim.poll() == -signal.SIGKILL
    same_datasets(undisturbed, tmp_path / "scan.h5")
    cluster["worker"]()


CLIENT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_blocks import SETTINGS, grid
from cevns.inference.work import checkpoint
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.work.schedulers import scheduler
checkpoint.FLUSH_S = 0.0
if __name__ == "__main__":
    out, where = sys.argv[2:]
    if where.isdigit():
        feldman_cousins(grid(), out=out, workers=int(where), **SETTINGS)
    else:
        with scheduler(where) as executor:
            feldman_cousins(grid(), out=out, executor=executor, **SETTINGS)
"""


def killed_client(folder, where):
    """Start the scan in a process and kill it after a few blocks."""
    out, script = folder / "scan.h5", folder / "client.py"
    script.write_text(CLIENT)
    command = [sys.executable, str(script), str(Path(__file__).parent), str(out), where]
    process = subprocess.Popen(command, start_new_session=True)
    parts = folder / "scan.h5.parts"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(parts.glob("*.npz"))) < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert len(list(parts.glob("*.npz"))) >= 5
    return out, process.pid


@pytest.mark.slow
def test_killed_client_of_a_pool(undisturbed, tmp_path):
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    out, session = killed_client(tmp_path, "2")
    # its processes follow it
    deadline = time.monotonic() + 20
    while subprocess.run(["pgrep", "-s", str(session)], capture_output=True).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    seen = []
    feldman_cousins(grid(), out=out, workers=1, progress=lambda *a: seen.append(a[0]), **SETTINGS)
    assert seen[0] > 4 * 256  # what was finished is not computed again
    same_datasets(undisturbed, out)


@pytest.mark.slow
def test_killed_client_of_dask(cluster, undisturbed, tmp_path):
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    out, _ = killed_client(tmp_path, cluster["file"])
    with scheduler(cluster["file"]) as executor:
        feldman_cousins(grid(), out=out, executor=executor, **SETTINGS)
    same_datasets(undisturbed, out)


@pytest.mark.slow
def test_killed_scheduler(cluster, undisturbed, tmp_path):
    """The last test of the cluster: it does not come back."""
    from cevns.inference.scan.feldman_cousins import feldman_cousins

    head = cluster["scheduler"]

    def progress(done, total, rate):
        if done > total // 4 and head.poll() is None:
            head.send_signal(signal.SIGKILL)
            head.wait()

    out = tmp_path / "scan.h5"
    with pytest.raises(FitError, match="the scheduler was stopped") as stopped:  # noqa: SIM117
        with scheduler(cluster["file"]) as executor:
            feldman_cousins(grid(), out=out, executor=executor, progress=progress, **SETTINGS)
    assert "the same command resumes" in stopped.value.__notes__[0]
    feldman_cousins(grid(), out=out, workers=1, **SETTINGS)
    same_datasets(undisturbed, out)
