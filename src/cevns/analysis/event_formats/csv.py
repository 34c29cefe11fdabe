"""Comma-separated numbers, a line an event; the provenance is in comments above."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from cevns.analysis.events.event_columns import Block
from cevns.analysis.events.event_writer import EventWriter
from cevns.analysis.events.stratified_sample import EventSample

__all__ = ["MODEL", "Csv"]

CITE = "none: a format of files"


class Csv(EventWriter):
    """See the module. Numbers have ten digits; what is not known is ``nan``.

    Args:
        path: the file.
        sample: what the events are of; its columns are those of the file.
        provenance: what is written above it.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        columns = sample.columns
        self._names = [c.name for c in columns]
        self._row = ",".join("%d" if c.whole and not c.missing else "%.10g" for c in columns) + "\n"
        self._file = path.open("x", encoding="utf-8")
        lines = [f"# {c.name}: {c.about}\n" for c in columns]
        self._file.write("# events drawn by cevns; undefined quantities are nan\n")
        self._file.writelines(lines)
        self._file.write(f"# provenance: {json.dumps(provenance, default=str)}\n")
        self._file.write(",".join(self._names) + "\n")

    def write(self, block: Block) -> None:
        """See `EventWriter`."""
        row = self._row
        columns = [block[name].tolist() for name in self._names]
        self._file.write("".join([row % numbers for numbers in zip(*columns, strict=True)]))

    def close(self) -> None:
        """See `EventWriter`."""
        self._file.close()


MODEL = Csv
