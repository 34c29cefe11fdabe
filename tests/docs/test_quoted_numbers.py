"""Numbers of an output that a page quotes are those of the program."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

import cevns

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = r"-?\d[\d,]*\.?\d*"


def quoted(page: str, begin: str) -> tuple[list[str], list[str]]:
    """Words of the command of a page that begins so, and the lines below it."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    (start,) = [k for k, line in enumerate(lines) if line.startswith(f"$ cevns {begin}")]
    below = list(takewhile(lambda line: not line.startswith(("```", "$")), lines[start + 1 :]))
    return shlex.split(lines[start])[2:], below


def printed(arguments: list[str], tmp_path: Path) -> list[str]:
    command = [sys.executable, "-m", "cevns", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def numbers(text: str) -> list[float]:
    return [float(x.replace(",", "")) for x in re.findall(NUMBER, text)]


def test_the_plan_of_the_tutorial(tmp_path: Path) -> None:
    """Points, toys and fits; times and memory are those of a machine."""
    arguments, below = quoted("tutorials/new-physics.md", "scan coherent-csi-2021 --model nsi")
    said = [line for line in below if "core" not in line and "memory" not in line]
    assert len(said) == 3
    assert printed(arguments, tmp_path)[: len(said)] == said


@pytest.mark.slow
def test_the_intervals_of_the_posterior(tmp_path: Path) -> None:
    """To the sampling error that the page states: they depend on versions of emcee and NumPy."""
    arguments, below = quoted(
        "scans.md", "limit coherent-csi-2021 --model nsi --parameter eps_ee_u"
    )
    lines = printed(arguments, tmp_path)
    for line in below[1:]:
        words = line[: re.search(r"[=[]", line).start()]
        (same,) = [x for x in lines if x.startswith(words)]
        assert numbers(same) == pytest.approx(numbers(line), abs=0.003)


def test_the_significance_against_the_pulse_time() -> None:
    text = (DOCS / "physics.md").read_text(encoding="utf-8")
    found = re.search(r"pulse \(([\d.]+)σ to ([\d.]+)σ between ([\d.]+) and ([\d.]+) µs\)", text)
    assert found is not None
    study = cevns.load("coherent-csi-2021")
    for sigma, time in zip(found.groups()[:2], found.groups()[2:], strict=True):
        fitted = study.fit(fix={"t0": float(time)})
        assert float(sigma) == pytest.approx(fitted.significance.z, abs=0.006)
