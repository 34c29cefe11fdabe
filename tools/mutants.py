"""Change the package at random places, one at a time, and see whether the tests find it.

A mutant is one small change in a copy of the package, drawn with a seed (`mutant_drawing.py` says
which). It is *killed* if one of the tests that run its line fails, or if they do not end, and has
*survived* if all pass; a line that no test runs has survived at once. Which tests run a line is
measured once, with coverage.py, and kept in a file, as are the results: a run that was stopped
goes on where it ended.

    python tools/mutants.py                          120 mutants of seed 1
    python tools/mutants.py --seed 2 --number 40     others
    python tools/mutants.py --list                   only say which
    python tools/mutants.py --measure tests/rates    measure some tests anew, for the map
    python tools/mutants.py --again                  those once more that have survived

Exit status: 0 if all are killed, 1 if one survives, 2 if the question cannot be answered.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from covering_tests import CoverageMap, digest, failed_tests
from mutant_drawing import ROOMS, Mutant, drawn, mutants_of
from tested_copy import ROOT, UndecidedError, changed, copied_tree, pytest_run

# Mutants that no test can find since they compute the same: the reason by file, text of the line
# and kind. There are few by rule; an entry that fits no line any more is an error.
EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {
    (
        "src/cevns/detectors/framework/timing.py",
        "knots = np.tile(shares, (6, 1))  # the fewest that a spline has",
        "off by one",
    ): "a constant has the same spline through any number of knots",
    (
        "src/cevns/inference/model/shapes.py",
        "at = np.stack([values[n] + like for n in self.parameters], axis=-1)",
        "sign",
    ): "`like` is zero everywhere, it only has the shape of the points",
    (
        "src/cevns/inference/scan/refine.py",
        "near = ((low - margin <= wanted) & (wanted <= high + margin)).any(axis=0)",
        "comparison",
    ): "the margin is a choice: whether its very end belongs to it has no meaning",
    (
        "src/cevns/inference/bayes/posterior_modes.py",
        "around_nominal = nominal[k] + width * rng.standard_normal(_SCREENED)",
        "sign",
    ): "a normal number and its negative have the same distribution",
    (
        "src/cevns/experiments/fast_form.py",
        "away = points[:, i] + rng.uniform(-radius, radius, n) * fitted[i]",
        "sign",
    ): "a number drawn evenly about zero and its negative have the same distribution",
    (
        "src/cevns/experiments/tables/spectral.py",
        "signed = magnitude * rng.choice([-1.0, 1.0], size)",
        "sign",
    ): "weights are analytic in the couplings: those of one sign span what those of both do",
    (
        "src/cevns/inference/toys/toy_job.py",
        "p = np.mean(q >= self.q_data[point] - TIE)",
        "comparison",
    ): "how far off still is a tie is a choice: no toy lies on that line but by rounding",
    (
        "src/cevns/inference/toys/gof.py",
        "p_value = float(np.mean(good >= result.twice_nll - TIE))",
        "comparison",
    ): "how far off still is a tie is a choice: no toy lies on that line but by rounding",
    (
        "src/cevns/inference/fitting/minuit.py",
        "if values[0] > 1e-9:  # the accuracy of first derivatives by differences",
        "comparison",
    ): "an eigenvalue is known to rounding only, so it is never known to be that number",
    (
        "src/cevns/inference/minimum/curvature.py",
        "usable = np.all(np.abs(scaled) < 1.0 / _LEAST_EIGENVALUE, axis=(1, 2), keepdims=True)",
        "comparison",
    ): "the limit only tells numbers from infinities: whether it is one of them has no meaning",
    (
        "src/cevns/inference/factors/interpolated.py",
        "slope = np.where(np.abs(alpha) < 1.0, inside, slope)",
        "comparison",
    ): "at -1 and 1 the polynomial has the slope of the powers that it joins",
    (
        "src/cevns/inference/scan/regions.py",
        "return bool(np.sum(at > x) % 2)",
        "comparison",
    ): "a point on the line itself is neither inside nor outside",
}
MOST_EQUIVALENT: Final = 12
# A test may take so many times longer than when it was measured, and a run so many seconds more.
SLOWER, AT_LEAST_S = 5.0, 120.0


def line_of(mutant: Mutant) -> str:
    """The text of the line where a mutant begins."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    return text.splitlines()[mutant.line - 1].strip()


def check_equivalent() -> None:
    """The table of equivalent mutants is short and fits the sources.

    Raises:
        UndecidedError: if it is not.
    """
    if len(EQUIVALENT) > MOST_EQUIVALENT:
        raise UndecidedError(f"{len(EQUIVALENT)} equivalent mutants: more than {MOST_EQUIVALENT}")
    for file, line, kind in EQUIVALENT:
        path = ROOT / file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not any(m.kind == kind and line_of(m) == line for m in mutants_of(file, text)):
            raise UndecidedError(f"{file} has no {line!r} for the kind {kind!r}: remove the entry")


def result(mutant: Mutant, copy: Path, tests: CoverageMap, number: int, spent: float) -> str:
    """`survived`, `timeout`, or the test that kills a mutant; failing that, the exit status.

    Raises:
        UndecidedError: if a test is not there any more, or pytest was stopped from outside.
    """
    path = copy / mutant.file
    for chosen in tests.rounds(mutant, number, spent):
        limit = AT_LEAST_S + SLOWER * sum(tests.seconds[t] for t in chosen)
        with changed(path, mutant.applied(path.read_text(encoding="utf-8"))):
            done = pytest_run(copy, ["-x", "-q", "--tb=line", *chosen], limit)
        if done.status is None:
            return "timeout"
        if done.status in (0, 5):
            continue
        if done.status in (-signal.SIGKILL, -signal.SIGTERM):
            raise UndecidedError("pytest was stopped from outside: start again to go on")
        if done.status != 1 and pytest_run(copy, ["-q", "--collect-only", *chosen]).status:
            raise UndecidedError("a test of the map is not there any more: remove the map")
        return (failed_tests(done.output) or [f"pytest: exit status {done.status}"])[0]
    return "survived"


def read_results(path: Path) -> dict[tuple[Any, ...], str]:
    """Results in a file by mutant; the last one counts."""
    if not path.is_file():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    names = ("file", "line", "column", "kind", "before", "after")
    return {(row["source"], *(row[n] for n in names)): row["result"] for row in rows}


def known_as(mutant: Mutant) -> tuple[Any, ...]:
    """What a result is kept under: a source that has changed has other mutants."""
    return digest((ROOT / mutant.file).read_text(encoding="utf-8")), *mutant.key


def run(mutants: Iterable[Mutant], tests: CoverageMap, options: argparse.Namespace) -> None:
    """Run the tests of mutants, several mutants at a time, and write a line for each.

    Raises:
        UndecidedError: if a test is not there any more.
    """
    copies: SimpleQueue[Path] = SimpleQueue()

    def one(mutant: Mutant) -> None:
        if time.monotonic() > options.ends:
            return
        copy = copies.get()
        started = time.perf_counter()
        try:
            found = result(mutant, copy, tests, options.tests, options.seconds)
        finally:
            copies.put(copy)
        names = ("source", "file", "line", "column", "kind", "before", "after")
        row = dict(zip(names, known_as(mutant), strict=True)) | {"result": found}
        with options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        seconds = time.perf_counter() - started
        print(f"{seconds:5.0f} s  {mutant.file}:{mutant.line} {mutant.kind}: {found}", flush=True)

    with ExitStack() as stack, ThreadPoolExecutor(options.jobs) as pool:
        for _ in range(options.jobs):
            copies.put(stack.enter_context(copied_tree()))
        list(pool.map(one, mutants))


def summary(mutants: list[Mutant], known: dict[tuple[Any, ...], str], tests: CoverageMap) -> int:
    """Print how many are killed and which survive; the number of survivors."""
    survivors = [m for m in mutants if known.get(known_as(m)) == "survived"]
    ran = [m for m in mutants if known_as(m) in known]
    hung = sum(known[known_as(m)] == "timeout" for m in ran)
    for m in sorted(survivors):
        before, after = (" ".join(t.split()) for t in (m.before, m.after))
        where = "" if tests.direct(m) else " (no test runs it)"
        print(f"SURVIVED {m.file}:{m.line}:{m.column} {m.kind}: {before} -> {after}{where}")
        print(f"         {line_of(m)}")
    killed = len(ran) - len(survivors)
    share = f", {killed / len(ran):.0%}" if ran else ""
    print(f"{killed} of {len(ran)} mutants killed{share} ({hung} did not end)")
    if len(ran) < len(mutants):
        print(f"{len(mutants) - len(ran)} have not been run yet")
    return len(survivors)


def answered(options: argparse.Namespace) -> int:
    """Do what the command line asks for; the number of survivors.

    Raises:
        UndecidedError: if the question cannot be answered.
    """
    check_equivalent()
    chosen = drawn(ROOT, options.number, options.seed)
    chosen = [m for m in chosen if m.file.split("/")[2] in options.rooms]
    if options.list:
        for m in chosen:
            before, after = (" ".join(t.split()) for t in (m.before, m.after))
            print(f"{m.file}:{m.line}:{m.column} {m.kind}: {before} -> {after}")
        return 0
    tests = CoverageMap.read(options.map)
    if options.measure or not tests.seconds:
        tests.measure(options.measure or ["tests"], options.jobs)
        tests.write(options.map)
    if options.measure:
        return 0
    mutants = [m for m in chosen if (m.file, line_of(m), m.kind) not in EQUIVALENT]
    print(f"{len(mutants)} mutants, besides {len(chosen) - len(mutants)} equivalent ones")
    for file in {m.file for m in mutants}:
        if digest((ROOT / file).read_text(encoding="utf-8")) != tests.digests.get(file):
            raise UndecidedError(f"{file} is not the one of the map: remove {options.map}")
    known = read_results(options.results)
    open_results = (None, "survived") if options.again else (None,)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    run([m for m in mutants if known.get(known_as(m)) in open_results], tests, options)
    return summary(mutants, read_results(options.results), tests)


def main() -> int:
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--number", type=int, default=120, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing")
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=ROOMS, help="only of these")
    parser.add_argument("--jobs", type=int, default=2, help="runs of pytest at a time")
    parser.add_argument("--tests", type=int, default=40, help="tests of a mutant, at first")
    parser.add_argument("--seconds", type=float, default=30.0, help="of further tests of a mutant")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no mutant after that")
    parser.add_argument("--list", action="store_true", help="list the mutants and end")
    parser.add_argument("--again", action="store_true", help="run those that survived once more")
    parser.add_argument("--measure", nargs="+", metavar="TEST", help="measure tests and end")
    cache = ROOT / ".cache"
    parser.add_argument("--map", type=Path, default=cache / "tests_of_lines.json")
    parser.add_argument("--results", type=Path, default=cache / "mutants.jsonl")
    options = parser.parse_args()
    options.ends = time.monotonic() + 60.0 * options.minutes
    try:
        survivors = answered(options)
    except UndecidedError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
