"""``cevns scan`` with real processes: stopped, killed, shared out, and on a dask cluster.

However it was computed, the datasets of the file are those of an undisturbed run, bit for bit.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")
pytestmark = pytest.mark.slow

SCAN = (
    "scan", "coherent-csi-2021", "--model", "nsi", "--method", "fc", "--toys", "800",
    "--seed", "3",
    "--parameter", "eps_ee_u=-0.05:0.15:6", "--parameter", "eps_ee_d=-0.05:0.15:6",
)  # fmt: skip
PATIENCE_S = 240.0
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if k != "CEVNS_DATA"},
    "OPENBLAS_NUM_THREADS": "1",
}
OFTEN = (
    "import sys, cevns.inference.work.checkpoint as checkpoint; checkpoint.FLUSH_S = 0.2; "
    "from cevns.cli import main; sys.argv[0] = 'cevns'; main()"
)
"""The command, with toys put on disk more often than every five seconds."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", OFTEN, *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command that is left alone."""
    done = subprocess.run(
        command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def datasets(path: Path) -> dict[str, tuple[str, bytes]]:
    """Type and bytes of every dataset."""
    found: dict[str, tuple[str, bytes]] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            array = np.asarray(item[()])
            found[name] = (f"{array.dtype}{array.shape}", array.tobytes())

    with h5py.File(path) as file:
        file.visititems(keep)
    assert "toys/critical" in found
    return found


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Until something is there, while the command runs."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing was finished in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    """The datasets of a run with one worker."""
    path = tmp_path_factory.mktemp("undisturbed") / "scan.h5"
    done = run(*SCAN, "--workers", "1", "--out", path)
    assert done.returncode == 0, done.stderr
    assert not list(path.parent.glob("scan.h5.*"))
    return datasets(path)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "scan.h5"


def parts(target: Path) -> list[Path]:
    return list(target.with_name("scan.h5.parts").glob("blocks-*.npz"))


def start(target: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*SCAN, *more, "--out", target), env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_stopped_command_resumes(
    kill: signal.Signals, workers: str, target: Path, undisturbed: dict[str, tuple[str, bytes]]
) -> None:
    """Stopped when some toys are on disk; the same command computes only the others."""
    process = start(target, "--workers", workers)
    wait_for(lambda: parts(target), process)
    process.send_signal(kill)
    out, err = process.communicate(timeout=60)
    assert not target.exists()
    assert out == ""
    if kill == signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in err
        kept = re.search(r"(\d+) of \d+ toys are kept in .*; the same command resumes", err)
        assert kept is not None, err
        assert int(kept[1]) > 0
        assert err.rstrip().endswith("cevns: interrupted")
    kept_parts = parts(target)
    assert kept_parts
    done = run(*SCAN, "--workers", workers, "--out", target)
    assert done.returncode == 0, done.stderr
    assert datasets(target) == undisturbed
    assert not list(target.parent.glob("scan.h5.*"))  # neither parts nor temporary files
    with h5py.File(target) as file:
        notes = file.attrs["notes"]
    assert 0 < int(re.search(r'"toys_computed": (\d+)', notes)[1]) < toys(undisturbed)


def toys(found: dict[str, tuple[str, bytes]]) -> int:
    """Toys of a whole scan."""
    return int(np.frombuffer(found["toys/n"][1], dtype=np.int64).sum())


def test_number_of_workers_does_not_matter(
    target: Path, undisturbed: dict[str, tuple[str, bytes]]
) -> None:
    assert run(*SCAN, "--workers", "2", "--out", target).returncode == 0
    assert datasets(target) == undisturbed


def test_merged_shares(tmp_path: Path, undisturbed: dict[str, tuple[str, bytes]]) -> None:
    shares = [tmp_path / f"share-{i}.h5" for i in (1, 2, 3)]
    for i, share in enumerate(shares, 1):
        assert run(*SCAN, "--shard", f"{i}/3", "--workers", "1", "--out", share).returncode == 0
    done = run("merge", *reversed(shares), "--out", tmp_path / "scan.h5")
    assert done.returncode == 0, done.stderr
    assert datasets(tmp_path / "scan.h5") == undisturbed


# -- a cluster ----------------------------------------------------------------------------------


@dataclass
class Cluster:
    """A scheduler and its workers, as processes of their own.

    Args:
        file: the scheduler file.
        processes: the scheduler first.
    """

    file: Path
    processes: list[subprocess.Popen[bytes]]

    def start(self, what: str, *arguments: str) -> None:
        dask = [sys.executable, "-m", "distributed.cli." + what, *arguments]
        self.processes.append(
            subprocess.Popen(
                dask, cwd=self.file.parent, env=ENVIRONMENT,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip

    def start_worker(self) -> None:
        self.start(
            "dask_worker", "--scheduler-file", str(self.file), "--nthreads", "1",
            "--no-dashboard", "--no-nanny",
        )  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    found = Cluster(tmp_path / "scheduler.json", [])
    try:
        found.start(
            "dask_scheduler", "--scheduler-file", str(found.file), "--no-dashboard",
            "--host", "127.0.0.1", "--port", "0",
        )  # fmt: skip
        end = time.monotonic() + 60
        while not found.file.exists():
            assert time.monotonic() < end, "the scheduler does not start"
            time.sleep(0.1)
        found.start_worker()
        found.start_worker()
        yield found
    finally:
        for process in reversed(found.processes):
            process.kill()
            process.wait(30)


def test_dask_cluster(
    cluster: Cluster, target: Path, undisturbed: dict[str, tuple[str, bytes]]
) -> None:
    done = run(*SCAN, "--scheduler", cluster.file, "--out", target)
    assert done.returncode == 0, done.stderr
    assert datasets(target) == undisturbed


def test_shared_toys_on_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    here, there = tmp_path / "here.h5", tmp_path / "there.h5"
    shared = (*SCAN, "--toys-at", "anchors")
    assert run(*shared, "--workers", "1", "--out", here).returncode == 0
    done = run(*shared, "--scheduler", cluster.file, "--out", there)
    assert done.returncode == 0, done.stderr
    assert "toys/effective" in datasets(here)
    assert datasets(there) == datasets(here)


def test_killed_worker_of_a_cluster(
    cluster: Cluster, target: Path, undisturbed: dict[str, tuple[str, bytes]]
) -> None:
    """Its blocks are computed by the other one, and the command does not even notice."""
    process = start(target, "--scheduler", str(cluster.file))
    wait_for(lambda: parts(target), process)
    assert process.poll() is None
    cluster.processes[1].kill()
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Feldman-Cousins" in out
    assert "Traceback" not in err
    assert datasets(target) == undisturbed


def test_killed_scheduler(
    cluster: Cluster, target: Path, undisturbed: dict[str, tuple[str, bytes]]
) -> None:
    """One sentence, the finished toys are kept, and the same command goes on here."""
    process = start(target, "--scheduler", str(cluster.file))
    wait_for(lambda: parts(target), process)
    cluster.processes[0].kill()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert "toys are kept" in err
    assert not target.exists()
    assert run(*SCAN, "--workers", "1", "--out", target).returncode == 0
    assert datasets(target) == undisturbed


def test_the_global_combination_everywhere(cluster: Cluster, tmp_path: Path) -> None:
    """Its toys by one process, by two and by a cluster; argon is a release, not carried."""
    combination = (
        "scan", "global:-lar", "--parameter", "sin2_theta_w=0.2:0.28:3", "--method", "fc",
        "--toys", "40", "--seed", "5",
    )  # fmt: skip
    found = []
    for where in (("--workers", "1"), ("--workers", "2"), ("--scheduler", str(cluster.file))):
        out = tmp_path / f"{len(found)}.h5"
        done = run(*combination, *where, "--out", out)
        assert done.returncode == 0, done.stderr
        assert "large graph" not in done.stderr
        found.append(datasets(out))
    assert found[0] == found[1] == found[2]
    assert toys(found[0]) > 80
