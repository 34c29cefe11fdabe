"""Mutants of command lines: they end with 0, or with 1 or 2 and one sentence.

`SIEGE_N` mutants from the number `SIEGE_FROM` on of the seed `SIEGE_SEED`, as for files.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import numpy as np
import pytest
from mutation import mutated_words
from test_mutated_files import EXAMPLES, FIRST, SEED, TooLongError, bounded, companions

from cevns.cli import run

NUMBER = int(os.environ.get("SIEGE_N", "60"))
SCAN = ("--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.4:4")
TOYS = ("--toys", "3", "--workers", "1")
COMMANDS = (
    ("predict",),
    ("rate", "--points", "5"),
    ("fit", "--asimov"),
    ("fit", "--minos", "none", "--poi", "cross-section"),
    ("fit", "--model", "nsi", "--free", "eps_ee_u", "--at", "eps_mm_u=0.1", "--asimov"),
    ("profile", "--points", "3", "--asimov"),
    ("systematics", "--asimov"),
    ("limit", "--asimov", "--cl", "0.9"),
    ("limit", "--model", "magnetic-moment", "--parameter", "mu_nu_mu=1e-10:1e-8:3:log"),
    ("scan", *SCAN, "--asimov"),
    ("scan", *SCAN, "--method", "fc", *TOYS, "--seed", "1"),
    ("toys", "-n", "3", "--workers", "1", "--seed", "1"),
    ("compare",),
    ("xsec", "--source"),
    ("list", "parameters"),
    ("plot",),
    ("merge",),
    ("quenching",),
)
NAMES = ("counting.yaml", "two-cores.yaml", "cells.yaml", "coherent-csi-2017")
OPTIONS = (
    ("--model", "nsi"),
    ("--at", "eps_ee_u=0.1"),
    ("--poi", "sin2-theta-w"),
    ("--free", "eps_ee_u"),
    ("--fix", "t0=0"),
    ("--set", "target.mass=3 kg"),
    ("--set", "variant=x"),
    ("--json",),
    ("--asimov",),
    ("--minos", "all"),
    ("--width", "80"),
    ("--cl", "0.5"),
    ("--points", "3"),
    ("--seed", "7"),
    ("--toys", "3"),
    ("--shard", "1/2"),
    ("--refine", "1"),
    ("--plan",),
    ("--out", "out.h5"),
    ("--data", "."),
    ("--observed", "3"),
    ("--background", "2 +/- 1"),
    ("--events", "4"),
    ("--energy", "10"),
)


def drawn(number: int) -> tuple[str, ...]:
    """The words of a mutant."""
    rng = np.random.default_rng((SEED, 1, number))
    command, *rest = COMMANDS[int(rng.integers(len(COMMANDS)))]
    name = "Ge" if command == "xsec" else NAMES[int(rng.integers(len(NAMES)))]
    given = () if command == "list" else (name,)
    return mutated_words((command, *given, *rest), rng, OPTIONS)


def wrong(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the end of a command; empty where nothing is."""
    try:
        with bounded():
            code = run(words)
    except (Exception, TooLongError) as error:
        where = [f for f in traceback.extract_tb(error.__traceback__) if "cevns/" in f.filename]
        frames = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in where[:-4:-1])
        return f"{type(error).__name__}: {str(error)[:200]} in {frames}"
    finally:
        said = capsys.readouterr()
    told = [x for x in said.err.splitlines() if not x.startswith("cevns: warning: ")]
    if code not in (0, 1, 2):
        return f"exit code {code}: {said.err[:200]}"
    if "nan" in said.out.split():
        return f"nan in {said.out[:2000]}"
    helped = code == 2 and "Usage:" in said.err  # a command without any words
    if code and not helped and not (len(told) == 1 and len(told[0].split()) > 4):
        return f"exit code {code} and not one sentence: {said.err[:300]}"
    return ""


@pytest.mark.parametrize("number_of", [NUMBER // 4, pytest.param(NUMBER, marks=pytest.mark.slow)])
def test_mutants_of_command_lines(number_of, tmp_path, monkeypatch, capsys):
    pytest.importorskip("scipy")
    monkeypatch.chdir(tmp_path)
    companions(tmp_path)
    for name in NAMES[:3]:
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"))
    failures = []
    for number in range(FIRST, FIRST + number_of):
        words = drawn(number)
        end = wrong(words, capsys)
        if end:
            failures.append(f"seed {SEED} number {number}: cevns {list(words)}: {end}")
            with capsys.disabled():
                print(failures[-1], flush=True)
    assert not failures, "\n".join(failures)
