"""Outputs that would replace what the same command reads, or each other, are refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cevns.exceptions import CevnsError, OutputError
from cevns.files import expanded

__all__ = ["OUTPUTS", "keep_inputs"]

OUTPUTS: Final = ("json", "out", "plot", "figure", "export")
"""Options of all commands that name a file to be written."""
_WORDS: Final = ("title", "label", "date")
"""Options whose text is never the name of a file."""
_YAML: Final = (".yaml", ".yml")


def keep_inputs(given: Mapping[str, Any]) -> None:
    """Refuse a file to be written that the command reads, or that two options name.

    What a command reads is whatever file its arguments and options name: experiments, results,
    scans, models, tables of ``--set``; and of an experiment file the tables that it names.

    Args:
        given: arguments and options of a command, by name.

    Raises:
        OutputError: naming the option and the file.
    """
    targets = {n: p for n in OUTPUTS if (p := _target(given.get(n))) is not None}
    names: dict[str, str] = {}
    for name, path in targets.items():
        if _special(path):
            continue
        other = names.setdefault(os.path.realpath(path), name)
        if other != name:
            raise OutputError(
                f"--{other} and --{name} both name {path}; give each of them its own file"
            )
    # what is not there yet can replace nothing
    there = {n: p for n, p in targets.items() if p.is_file()}
    if not there:
        return
    for read, owner in _inputs(given):
        for name, path in there.items():
            if _same(path, read):
                who = "this command" if owner is None else str(owner)
                raise OutputError(
                    f"--{name} {path} would overwrite a file that {who} reads; name another file"
                )


def _target(value: Any) -> Path | None:
    """A file to be written; None for standard output or nothing."""
    if not isinstance(value, str | Path) or str(value) == "-":
        return None
    return _file(str(value))


def _file(text: str) -> Path | None:
    try:
        return expanded(text)
    except CevnsError:  # what is wrong with it is said where it is used
        return None


def _special(path: Path) -> bool:
    """A device or a pipe, into which several may write."""
    return path.exists() and not path.is_file()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _inputs(given: Mapping[str, Any]) -> Iterator[tuple[Path, Path | None]]:
    """Files that a command reads, each with the experiment file that names it."""
    for name, value in given.items():
        if name in OUTPUTS or name in _WORDS:
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | Path):
                for path in filter(None, map(_file, _spelled(str(one)))):
                    if _is_file(path):
                        yield path, None
                        yield from ((p, path) for p in _tables(path, set()))


def _spelled(text: str) -> Iterator[str]:
    """Ways in which a text may name files: FILE, KEY=FILE, FILE+FILE, FILE:OPTION."""
    yield text
    for part in re.split(r"[=+]", text):
        yield part
        yield part.partition(":")[0]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _tables(path: Path, seen: set[Path]) -> Iterator[Path]:
    """Files that an experiment file names, beside it, and those that these name."""
    if path.suffix.casefold() not in _YAML or path in seen:
        return
    seen.add(path)
    from cevns.experiments.declaration.document import parse

    try:
        content = parse(path).values
    except CevnsError:  # what is wrong with it is said where it is read
        return
    for text in _texts(content):
        own = _file(text)
        if own is not None and _is_file(table := path.parent / own):
            yield table
            yield from _tables(table, seen)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for each in content.values():
            yield from _texts(each)
    elif isinstance(content, list):
        for each in content:
            yield from _texts(each)
