"""What a format of files is: how it is written, told apart, and looked into."""

from __future__ import annotations

import importlib
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

from cevns import files, registry
from cevns.exceptions import (
    CevnsWarning,
    DataError,
    InputError,
    MissingExtraError,
    UnknownNameError,
)
from cevns.likelihood_files.closure import Closure
from cevns.likelihood_files.patchsets import PointClosure
from cevns.likelihood_files.published import Published
from cevns.records.record_tables import RecordTable

__all__ = [
    "EXTRA",
    "Candidate",
    "FileFormat",
    "Inspection",
    "TextTable",
    "Written",
    "WrittenFormat",
    "answer_for",
    "format_of",
    "library",
    "writer",
    "written_names",
]

EXTRA: Final = "likelihoods"
"""The extra of the package that brings what the formats need."""
_PACKAGE: Final = "cevns.likelihood_files.formats"
_LARGEST: Final = 400_000_000


@dataclass(frozen=True)
class TextTable:
    """A table of texts.

    Args:
        title: above it.
        columns: heads.
        rows: cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Inspection:
    """What is in a file.

    Args:
        kind: what it is, in a few words.
        lines: sentences.
        tables: what it holds.
        content: the same as plain values.
        held: tables of a result in full, by name.
    """

    kind: str
    lines: tuple[str, ...] = ()
    tables: tuple[TextTable, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, RecordTable] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What an export wrote.

    Args:
        files: in the order of their importance.
        lines: what was checked, in sentences.
        record: the same as plain values.
    """

    files: tuple[Path, ...]
    lines: tuple[str, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A file whose format is not known yet.

    Args:
        path: of the file or folder.
    """

    path: Path

    @cached_property
    def head(self) -> bytes:
        """Its first bytes; none of a folder."""
        if not self.path.is_file():
            return b""
        try:
            with self.path.open("rb") as file:
                return file.read(1024)
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})", path=self.path) from None

    @cached_property
    def json(self) -> dict[str, Any]:
        """Its JSON object; empty where it is none.

        Raises:
            DataError: if the file is named as JSON and is none.
        """
        if self.head.lstrip()[:1] != b"{":
            return {}
        content = files.read(self.path, _LARGEST)
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"is not a complete JSON document ({error}); it is truncated or damaged",
                path=self.path,
            ) from None
        return found if isinstance(found, dict) else {}


class FileFormat(ABC):
    """A format of files."""

    title: ClassVar[str]
    """What it is, in a few words."""

    @abstractmethod
    def recognises(self, candidate: Candidate) -> bool:
        """Whether a file is in this format."""

    @abstractmethod
    def inspect(self, candidate: Candidate) -> Inspection:
        """What is in a file.

        Raises:
            DataError: if it is damaged.
            MissingExtraError: if what reads it is not installed.
        """


class WrittenFormat(FileFormat):
    """A format in which cevns writes."""

    takes_grids: ClassVar[bool] = False
    """Whether it holds the points of a grid of new physics."""
    takes_scans: ClassVar[bool] = False
    """Whether it holds scans that were made before."""

    def check_extras(self, *, grid: bool, scans: bool) -> None:
        """Refuse what the format has no place for.

        Args:
            grid: whether points of new physics are to be written.
            scans: whether scans are to be written.

        Raises:
            InputError: naming the format that has a place.
        """
        if grid and not self.takes_grids:
            raise InputError("a grid of new physics goes into a patchset: --to histfactory")
        if scans and not self.takes_scans:
            raise InputError("files of scans go into a submission to HEPData: --to hepdata")

    @abstractmethod
    def prepare(self, out: Path) -> None:
        """Refuse what can be refused before anything is computed.

        Raises:
            MissingExtraError: if what writes it is not installed.
            OutputError: if it cannot be written there.
        """

    @abstractmethod
    def write(self, published: Published, out: Path) -> Written:
        """Write it, all or nothing.

        Raises:
            InputError: if the format cannot express what is asked for, or (strict) not well enough.
            OutputError: if it cannot be written.
        """


def library(name: str, what: str) -> Any:
    """A module that an extra brings.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(name.partition(".")[0], EXTRA, what) from None


def _formats() -> dict[str, FileFormat]:
    return {n: registry.load(_PACKAGE, "format", n).MODEL() for n in registry.names(_PACKAGE)}


def written_names() -> tuple[str, ...]:
    """Formats in which cevns writes.

    Examples:
        >>> written_names()
        ('arviz', 'csv', 'hepdata', 'histfactory', 'hs3', 'root')
    """
    return tuple(n for n, f in _formats().items() if isinstance(f, WrittenFormat))


def writer(name: str) -> WrittenFormat:
    """A format in which cevns writes.

    Raises:
        UnknownNameError: if there is no such format.
    """
    found = _formats().get(registry.canonical(name))
    if not isinstance(found, WrittenFormat):
        raise UnknownNameError("format of exports", name, written_names())
    return found


def format_of(candidate: Candidate) -> FileFormat:
    """The format of a file.

    Raises:
        DataError: if it is none that is known, or damaged.
    """
    path = candidate.path
    if not path.exists():
        raise DataError("the file does not exist", path=path)
    if path.is_file() and not candidate.head:
        raise DataError("is empty", path=path)
    for found in _formats().values():
        if found.recognises(candidate):
            return found
    titles = ", ".join(f.title for f in _formats().values())
    raise DataError(f"has none of the formats that can be read: {titles}", path=path)


def answer_for(closure: Closure | PointClosure, published: Published, what: str) -> None:
    """Say where a file is not as good as the model.

    Raises:
        InputError: if that is an error (strict).
    """
    if closure.faithful:
        return
    if published.options.strict:
        raise InputError(f"nothing is written: {what}: {closure.warning}")
    warnings.warn(f"{what}: {closure.warning}", CevnsWarning, stacklevel=3)
