"""HDF5: a group ``events`` with an array for each column, and the provenance as its attribute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from cevns.analysis.events.event_columns import Block
from cevns.analysis.events.event_writer import EventWriter, library
from cevns.analysis.events.stratified_sample import EventSample

__all__ = ["MODEL", "Hdf5"]

CITE = "none: a format of files"

_CHUNK = 1 << 16


class Hdf5(EventWriter):
    """See the module; all numbers are float64.

    Args:
        path: the file.
        sample: what the events are of; its columns are those of the file.
        provenance: JSON in the attribute ``provenance`` of the group.

    Raises:
        MissingExtraError: if h5py is not installed.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".h5", ".hdf5")

    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        columns = sample.columns
        self._file = library("h5py", "HDF5").File(path, "x")
        group = self._file.create_group("events")
        group.attrs["provenance"] = json.dumps(provenance, default=str)
        self._size, self._sets = 0, {}
        for c in columns:
            made = group.create_dataset(
                c.name, (0,), maxshape=(None,), chunks=(_CHUNK,), dtype="f8", shuffle=True,
                compression="gzip", compression_opts=1,
            )  # fmt: skip
            made.attrs["about"] = c.about
            self._sets[c.name] = made

    def write(self, block: Block) -> None:
        """See `EventWriter`."""
        begin, size = self._size, block["event"].size
        for name, made in self._sets.items():
            made.resize((begin + size,))
            made[begin:] = block[name]
        self._size += size

    def close(self) -> None:
        """See `EventWriter`."""
        self._file.close()


MODEL = Hdf5
