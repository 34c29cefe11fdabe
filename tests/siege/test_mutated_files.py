"""Mutants of the shipped experiment files: one sentence, or a prediction that can be used.

`SIEGE_N` mutants from the number `SIEGE_FROM` on of the seed `SIEGE_SEED`; what fails is kept in
the folder `SIEGE_OUT`, else in that of the test. A mutant is repeated alone by `SIEGE_N=1`. With
`SIEGE_MILD=1` numbers change by factors near one and every mutant goes through `rate`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from mutation import mutated_text, places
from ruamel.yaml import YAML

from cevns.exceptions import CevnsError, CevnsWarning
from cevns.experiments import Experiment, load
from cevns.experiments.declaration.loader import CATALOGUE
from cevns.study.study import Study

SEED, FIRST, NUMBER = (
    int(os.environ.get(f"SIEGE_{name}", usual))
    for name, usual in (("SEED", 20261128), ("FROM", 0), ("N", 200))
)
MILD = os.environ.get("SIEGE_MILD") == "1"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = tuple(sorted([*CATALOGUE.glob("*.yaml"), *EXAMPLES.glob("*.yaml")]))
PATCH = EXAMPLES / "parity-violation.yaml"  # new physics, which is laid on an experiment
SECONDS = 20
GIGABYTES = 8


class TooLongError(Exception):
    """A mutant took longer than it may."""


@contextmanager
def bounded() -> Iterator[None]:
    """Bounded time and memory, warnings as errors but for those that a user is meant to see."""

    def late(*_: object) -> None:
        raise TooLongError

    with warnings.catch_warnings(), np.errstate(under="ignore"):
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", CevnsWarning)
        if sys.platform == "win32":
            yield
            return
        import resource

        before = signal.signal(signal.SIGALRM, late)
        usual = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES * 2**30, usual[1]))
        signal.alarm(SECONDS)
        try:
            yield
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
            resource.setrlimit(resource.RLIMIT_AS, usual)


def opened(path: Path, number: int) -> Experiment:
    """The experiment of a mutant, or one with the new physics of a mutant laid on it."""
    if drawn_from(number) == PATCH:
        return load("coherent-csi-2021").with_patch(path)
    return load(path)


def outcome(path: Path, number: int) -> str:
    """``accepted``, ``refused``, or what is wrong."""
    try:
        with bounded():
            experiment = opened(path, number)
            model = experiment.model("cross-section" if number % 3 == 0 else "count")
            expected = model.expected(model.parameters.values)
            rounding = -1e-12 * np.abs(expected).max()  # of a bin that the response hardly reaches
            if not (np.isfinite(expected).all() and (expected >= rounding).all()):
                return f"a prediction of {expected.min()} to {expected.max()}"
            if MILD:
                found = Study((experiment,)).rate(points=20)[experiment.name]
                counts = [*found.expected.values(), *found.rate_per_kev["total"]]
                if not (np.isfinite(counts).all() and min(counts) >= 0.0):
                    return f"a rate of {min(counts)} to {max(counts)}"
            if number % 5 == 0:
                Study((experiment,)).fit(asimov=True, minos="none")
            elif number % 5 == 1:
                counts = list(experiment.predict().values())
                if not (np.isfinite(counts).all() and min(counts, default=0.0) >= 0.0):
                    return f"predicted counts of {counts}"
    except CevnsError as error:
        return "refused" if _says_where(str(error), path) else f"an empty sentence: {error}"
    except (Exception, TooLongError) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        own = [f for f in traceback.extract_tb(error.__traceback__) if "cevns/" in f.filename]
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in own[:-4:-1])
        return f"{type(error).__name__}: {str(error)[:200]} in {where or frame.filename}"
    return "accepted"


def _says_where(said: str, path: Path) -> bool:
    """Whether one sentence names the file, a field or a value."""
    if not said.strip() or len(said) > 6000:
        return False
    if path.name in said or str(path.parent) in said:
        return True
    tree = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    words = {str(w) for place, value in places(tree) for w in (place[-1], value)}
    return any(len(w) > 1 and w in said for w in words)


def companions(folder: Path) -> None:
    """The tables beside the files, in a folder of mutants."""
    for beside in (*CATALOGUE.iterdir(), *EXAMPLES.iterdir()):
        target = folder / beside.name
        if target.exists():
            continue
        if beside.is_dir():
            shutil.copytree(beside, target)
        elif beside.suffix == ".csv":
            shutil.copy(beside, target)


def minimal(number: int, folder: Path, failed: str) -> Path:
    """The mutant with the fewest of its mutations that fails alike, in the folder."""
    kept = folder / f"mutant-{SEED}-{number}.yaml"
    for keep in (1, 2, 3):
        kept.write_text(drawn(number, keep), encoding="utf-8")
        if outcome(kept, number) == failed:
            break
    return kept


def drawn_from(number: int) -> Path:
    """The file that a mutant is made of."""
    return FILES[int(np.random.default_rng((SEED, number)).integers(len(FILES)))]


def drawn(number: int, keep: int = 3) -> str:
    """The text of a mutant."""
    rng = np.random.default_rng((SEED, number))
    text = FILES[int(rng.integers(len(FILES)))].read_text(encoding="utf-8")
    return mutated_text(text, rng, keep, mild=MILD)


@pytest.mark.parametrize("number_of", [NUMBER // 5, pytest.param(NUMBER, marks=pytest.mark.slow)])
def test_mutants_are_refused_in_a_sentence_or_predict(number_of, tmp_path, capsys):
    pytest.importorskip("scipy")
    folder = Path(os.environ.get("SIEGE_OUT", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    companions(folder)
    path = folder / f"mutant-now-{FIRST}.yaml"
    ends: dict[str, int] = {"accepted": 0, "refused": 0}
    failures = []
    for number in range(FIRST, FIRST + number_of):
        path.write_text(drawn(number), encoding="utf-8")
        end = outcome(path, number)
        if end in ends:
            ends[end] += 1
            continue
        failures.append(f"seed {SEED} number {number}: {end}; {minimal(number, folder, end)}")
        with capsys.disabled():
            print(failures[-1], flush=True)
    path.unlink()
    with capsys.disabled():
        print(f"seed {SEED}, mutants {FIRST} to {FIRST + number_of - 1}: {ends}", flush=True)
    assert not failures, "\n".join(failures)
    assert min(ends.values()) > number_of // 50
