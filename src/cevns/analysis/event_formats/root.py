"""ROOT: one TTree ``events``, float64, and the provenance as a string beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from cevns.analysis.events.event_columns import Block
from cevns.analysis.events.event_writer import EventWriter, library
from cevns.analysis.events.stratified_sample import EventSample

__all__ = ["MODEL", "Root"]

CITE = "none: a format of files"


class Root(EventWriter):
    """See the module.

    Args:
        path: the file.
        sample: what the events are of; its columns are those of the file.
        provenance: JSON, a TObjString ``provenance``; what columns hold is one called ``columns``.

    Raises:
        MissingExtraError: if uproot is not installed.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".root",)

    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        columns = sample.columns
        self._file = library("uproot", "ROOT").create(path)
        self._names = [c.name for c in columns]
        self._file["provenance"] = json.dumps(provenance, default=str)
        self._file["columns"] = json.dumps({c.name: c.about for c in columns})
        self._tree = self._file.mktree("events", dict.fromkeys(self._names, "float64"))

    def write(self, block: Block) -> None:
        """See `EventWriter`."""
        self._tree.extend({name: block[name] for name in self._names})

    def close(self) -> None:
        """See `EventWriter`."""
        self._file.close()


MODEL = Root
