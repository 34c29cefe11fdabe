"""Runs that are killed or interrupted at any moment, and two runs with one output.

`SIEGE_RUNS` of each from the seed `SIEGE_SEED`. A run that is disturbed and started again ends in
the file that it would have written undisturbed, bit for bit; of two runs with one output nothing is
lost.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from test_mutated_files import SEED

from cevns.inference.work.checkpoint import read_blocks
from cevns.inference.work.scan_store import read_scan

pytestmark = pytest.mark.slow

NUMBER = int(os.environ.get("SIEGE_RUNS", "1"))
CSI = "coherent-csi-2021"
SCAN = ("scan", CSI, "--model", "nsi", "--parameter")
COMMANDS = {
    "toys.npz": ("toys", CSI, "-n", "16000", "--workers", "2"),
    "profile.h5": (*SCAN, "eps_ee_u=-0.3:0.5:41", "--parameter", "eps_ee_d=-0.3:0.5:41"),
    "fc.h5": (*SCAN, "eps_ee_u=-0.3:0.5:49", "--method", "fc", "--toys", "300", "--workers", "2"),
    "shared.h5": (
        *(*SCAN, "eps_ee_u=-0.3:0.5:12", "--parameter", "eps_ee_d=-0.3:0.5:12"),
        *("--method", "fc", "--toys", "200", "--workers", "2"),
    ),
    "bayes.h5": (*SCAN, "eps_ee_u=-0.3:0.5:21", "--method", "bayes", "--draws", "500"),
}
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)


def started(name: str, folder: Path, seed: int = 1) -> subprocess.Popen[str]:
    pytest.importorskip("emcee" if name.startswith("bayes") else "h5py")
    seeded = () if name.startswith("profile") else ("--seed", str(seed))
    command = [sys.executable, "-m", "cevns", *COMMANDS[name], *seeded, "--out", folder / name]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def content(path: Path) -> object:
    """What a run has computed, and of what; without dates and times."""
    if path.suffix == ".h5":
        found = read_scan(path)
        return json.dumps(found.run), [(k, v.tobytes()) for k, v in sorted(found.datasets.items())]
    with np.load(path) as file:
        run = json.loads(str(file["run"]))
    blocks = read_blocks(path, run)
    return [(str(key), [(k, v.tobytes()) for k, v in b.items()]) for key, b in blocks.items()]


@cache
def undisturbed(name: str, seed: int = 1) -> tuple[object, float]:
    """Content of the file, and the seconds that it takes."""
    with TemporaryDirectory() as folder:
        begin = time.monotonic()
        process = started(name, Path(folder), seed)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return content(Path(folder) / name), time.monotonic() - begin


def drawn(name: str, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, number, *name.encode()])


@pytest.mark.parametrize("number", range(NUMBER))
@pytest.mark.parametrize("name", COMMANDS)
def test_disturbed_run_ends_as_undisturbed(name: str, number: int, tmp_path: Path) -> None:
    wanted, seconds = undisturbed(name)
    rng = drawn(name, number)
    killed = False
    for _ in range(int(rng.integers(1, 4))):
        process, how = started(name, tmp_path), SIGNALS[rng.integers(len(SIGNALS))]
        try:
            process.wait(timeout=float(rng.uniform(0.2, seconds)))
        except subprocess.TimeoutExpired:
            # a terminal sends Ctrl-C to all processes of the command; the others to the first
            (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
            killed |= how == signal.SIGKILL
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors, f"number {number} of seed {SEED}, {how.name}: {errors}"
        assert process.returncode in (0, -how, 128 + how), errors
    process = started(name, tmp_path)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert content(tmp_path / name) == wanted, f"number {number} of seed {SEED}"
    left = [p.name for p in tmp_path.iterdir() if p.name != name]
    # nobody can clean up behind a process that was killed in the middle of a write
    assert all(killed and n.startswith(".") and n.endswith(".tmp") for n in left), left


@pytest.mark.parametrize("number", range(NUMBER))
@pytest.mark.parametrize("name", COMMANDS)
def test_two_runs_with_one_output(name: str, number: int, tmp_path: Path) -> None:
    rng = drawn(name, number)
    seeds = [1, int(rng.integers(1, 3))]
    seconds = undisturbed(name)[1]
    processes = [started(name, tmp_path, seeds[0])]
    time.sleep(float(rng.uniform(0.0, 0.7 * seconds)))
    processes.append(started(name, tmp_path, seeds[1]))
    ended = []
    for process in processes:
        _, errors = process.communicate(timeout=300)
        ended.append((process.returncode, errors))
        assert "Traceback" not in errors, f"number {number} of seed {SEED}: {errors}"
    codes = [code for code, _ in ended]
    assert 0 in codes, ended
    assert set(codes) <= {0, 2}, ended
    found = content(tmp_path / name)
    possible = [undisturbed(name, s)[0] for s, c in zip(seeds, codes, strict=True) if c == 0]
    # where both say that all is well, both have the same result
    assert all(found == p for p in possible), f"number {number} of seed {SEED}: {ended}"
    assert [p.name for p in tmp_path.iterdir()] == [name]
