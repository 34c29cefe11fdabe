"""What a format of files of events is, and which one a file has."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from cevns import registry
from cevns.analysis.events.event_columns import Block
from cevns.analysis.events.stratified_sample import EventSample
from cevns.exceptions import InputError, MissingExtraError

__all__ = ["EXTRA", "EventWriter", "format_of", "library", "suffixes"]

EXTRA = "events"
"""The extra of the package that brings what the formats need."""
_PACKAGE = "cevns.analysis.event_formats"


class EventWriter(ABC):
    """Writes a file of events, block by block.

    Args:
        path: the file, which is not there yet.
        sample: what the events are of.
        provenance: where the events are from, what JSON can hold.
    """

    suffixes: ClassVar[tuple[str, ...]]
    """Endings of files in this format."""

    @abstractmethod
    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        """Open the file."""

    @abstractmethod
    def write(self, block: Block) -> None:
        """Add events."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


def library(name: str, what: str) -> Any:
    """A module that an extra brings.

    Args:
        name: of the module.
        what: the format that needs it.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(name.partition(".")[0], EXTRA, f"a {what} file") from None


def suffixes() -> dict[str, type[EventWriter]]:
    """Formats by the endings of their files.

    Examples:
        >>> sorted(suffixes())
        ['.csv', '.h5', '.hdf5', '.hepmc', '.hepmc3', '.parquet', '.root']
    """
    models = [registry.load(_PACKAGE, "format", n).MODEL for n in registry.names(_PACKAGE)]
    return {suffix: model for model in models for suffix in model.suffixes}


def format_of(path: Path) -> type[EventWriter]:
    """The format that the ending of a file names.

    Raises:
        InputError: if it names none.

    Examples:
        >>> format_of(Path("recoils.h5")).__name__
        'Hdf5'
    """
    known = suffixes()
    if path.suffix.casefold() not in known:
        raise InputError(
            f"{path}: the ending determines the format of the events, and "
            f"{path.suffix!r} is not a known format; known are "
            f"{', '.join(sorted(known))}"
        )
    return known[path.suffix.casefold()]
