"""A copy of the project in which files are changed and tests run; the working tree stays as it is.

What `planted_bugs.py` and `mutants.py` share.
"""

from __future__ import annotations

import compileall
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
COPIED: Final = ("src", "tests", "docs", "pyproject.toml", "README.md")
MEMORY, OUTPUT = 6 << 30, 100 << 20  # bytes that a process may take, and a file


class UndecidedError(Exception):
    """The question cannot be answered; the message says why."""


@dataclass(frozen=True)
class Finished:
    """How a run of pytest ended.

    Args:
        status: exit status of pytest; None if it was stopped because it took too long.
        output: all that it printed.
    """

    status: int | None
    output: str


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A folder with a copy of the project, removed at the end.

    The package in it is compiled, so that a run compiles only what has been changed. Compiled
    files are compared with their sources by content: two changes may fall into one second.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "_build")
                )
            else:
                shutil.copy(ROOT / name, root / name)
        compileall.compile_dir(
            root / "src", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )
        yield root


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """A file with another text, for a while."""
    before = path.read_bytes()
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)


def pytest_run(root: Path, arguments: Sequence[str], limit_s: float | None = None) -> Finished:
    """Run the fast tests of a copy at `root`, with further arguments of pytest.

    After `limit_s` seconds pytest and all that it has started are stopped. Neither its memory nor
    its output can grow without end, where the system has such limits.
    """
    paths = [str(root / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "pytest", "-m", "not slow", "-p", "no:cacheprovider"]
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(
            [*command, *arguments],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        if sys.platform == "linux":
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
        try:
            status: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(process.pid, signal.SIGKILL)
        printed.seek(0)
        return Finished(status, printed.read().decode(errors="replace"))
