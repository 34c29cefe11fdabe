"""Which tests run which line of the package, and how long each takes: a map in a file.

The map is made with coverage.py on a copy of the project. It can be made in pieces: measuring
some tests anew replaces what the map holds of them and leaves the rest.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mutant_drawing import ROOMS, Mutant, sources
from tested_copy import UndecidedError, copied_tree, pytest_run

DURATION: Final = re.compile(r"^\s*([\d.]+)s (?:call|setup|teardown)\s+(\S.*?)\s*$", re.MULTILINE)
FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (tests/\S+::.+?)(?: - .*)?$", re.MULTILINE)
# Of the cases of one parametrised test, so many at most among the first tests of a mutant.
CASES: Final = 3


def digest(text: str) -> str:
    """Tells whether a file is the one that was measured."""
    return hashlib.sha256(text.encode()).hexdigest()


def failed_tests(output: str) -> list[str]:
    """Tests that failed, in the order of pytest's summary."""
    return FAILED.findall(output)


@dataclass
class CoverageMap:
    """Lines and the tests that run them.

    Args:
        seconds: that a test takes.
        lines: tests by file and line; a test that runs a line only while its fixtures are set up
            is among them.
        digests: of the sources that were measured.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> CoverageMap:
        """The map in a file; an empty one if there is none."""
        if not path.is_file():
            return cls()
        held = json.loads(path.read_text(encoding="utf-8"))
        names = list(held["seconds"])
        return cls(
            held["seconds"],
            {
                file: {int(n): {names[i] for i in tests} for n, tests in lines.items()}
                for file, lines in held["lines"].items()
            },
            held["digests"],
        )

    def write(self, path: Path) -> None:
        """Write the map; tests are written as their numbers in the table of times."""
        number = {name: i for i, name in enumerate(self.seconds)}
        lines = {
            file: {line: sorted(number[t] for t in tests) for line, tests in held.items()}
            for file, held in self.lines.items()
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"seconds": self.seconds, "lines": lines, "digests": self.digests}),
            encoding="utf-8",
        )

    def add(self, data: Path, output: str) -> None:
        """Take what a run of tests has measured.

        Args:
            data: file of coverage.py.
            output: of pytest, with the times of all tests; those that failed are left out.
        """
        from coverage import CoverageData  # a tool of developers only

        failed = set(failed_tests(output))
        seconds: dict[str, float] = {}
        for value, test in DURATION.findall(output):
            if test not in failed:
                seconds[test] = seconds.get(test, 0.0) + float(value)
        for held in self.lines.values():
            for tests in held.values():
                tests.difference_update(seconds)
        self.seconds.update(seconds)
        measured = CoverageData(str(data))
        measured.read()
        for file in measured.measured_files():
            held = self.lines.setdefault(file, {})
            for line, contexts in measured.contexts_by_lineno(file).items():
                tests = {c.rpartition("|")[0] for c in contexts} & seconds.keys()
                held.setdefault(line, set()).update(tests)

    def measure(self, tests: Sequence[str], jobs: int) -> None:
        """Run tests and take what they cover.

        Raises:
            UndecidedError: if they cannot be run, or the sources are not those of the rest of
                the map.
        """
        with copied_tree() as root:
            digests = {file: digest(text) for _, file, text in sources(root)}
            if self.seconds and digests != self.digests:
                raise UndecidedError("the sources are not those of the map: remove it")
            settings, data = root / "coverage.ini", root / "coverage.data"
            settings.write_text(f"[run]\nrelative_files = true\ndata_file = {data}\n")
            arguments = ["--durations=0", "--durations-min=0", f"-n{jobs}", "--cov-report="]
            arguments += [f"--cov=src/cevns/{room}" for room in ROOMS]
            arguments += ["--cov-context=test", f"--cov-config={settings}", *tests]
            done = pytest_run(root, arguments)
            if done.status not in (0, 1):
                raise UndecidedError(f"the tests cannot be measured:\n{done.output}")
            for test in failed_tests(done.output):
                print(f"left out, fails without a mutant: {test}", file=sys.stderr)
            self.digests = digests
            self.add(data, done.output)

    def direct(self, mutant: Mutant) -> set[str]:
        """Tests that run the statement of a mutant."""
        held = self.lines.get(mutant.file, {})
        return set().union(*(held.get(n, ()) for n in range(mutant.first, mutant.last + 1)))

    def related(self, mutant: Mutant) -> set[str]:
        """Tests that run anything in its file.

        A statement may run once only for many tests, at the import, in a fixture or in a cached
        function; the tests that depend on it are among these.
        """
        return set().union(*self.lines.get(mutant.file, {}).values())

    def fastest_first(self, tests: Collection[str]) -> list[str]:
        """Tests by the time that they take."""
        return sorted(tests, key=lambda t: (self.seconds[t], t))

    def rounds(self, mutant: Mutant, number: int, seconds: float) -> Iterator[list[str]]:
        """Tests to be run for a mutant, in two rounds.

        First the fastest that run its statement, of one parametrised test a few cases; then the
        rest of these and those that run anything in its file, until a time is spent.

        Args:
            mutant: to be found.
            number: of tests in the first round.
            seconds: that the second round may take by the map.
        """
        first: list[str] = []
        cases: dict[str, int] = {}
        direct = self.fastest_first(self.direct(mutant))
        for test in direct:
            name = test.partition("[")[0]
            cases[name] = cases.get(name, 0) + 1
            if len(first) < number and cases[name] <= CASES:
                first.append(test)
        if first:
            yield first
        second = []
        rest = self.fastest_first(self.related(mutant) - set(direct))
        for test in [t for t in direct if t not in first] + rest:
            seconds -= max(self.seconds[test], 0.01)
            if seconds > 0.0:
                second.append(test)
        if second:
            yield second
