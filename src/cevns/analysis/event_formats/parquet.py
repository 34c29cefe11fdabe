"""Apache Parquet: columns of numbers, with the provenance in the metadata of the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cevns.analysis.events.event_columns import Block
from cevns.analysis.events.event_writer import EventWriter, library
from cevns.analysis.events.stratified_sample import EventSample

__all__ = ["MODEL", "Parquet"]

CITE = "none: a format of files"


class Parquet(EventWriter):
    """See the module; each column says what it holds, and whole numbers are int64.

    Args:
        path: the file.
        sample: what the events are of; its columns are those of the file.
        provenance: JSON under the key ``cevns``.

    Raises:
        MissingExtraError: if pyarrow is not installed.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)

    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        columns = sample.columns
        self._arrow = library("pyarrow", "Parquet")
        parquet = library("pyarrow.parquet", "Parquet")
        arrow, self._columns = self._arrow, columns
        fields = [
            arrow.field(
                c.name, arrow.int64() if c.whole else arrow.float64(), metadata={"about": c.about}
            )
            for c in columns
        ]
        said = {"cevns": json.dumps(provenance, default=str)}
        self._schema = arrow.schema(fields, metadata=said)
        self._file = parquet.ParquetWriter(path, self._schema)

    def write(self, block: Block) -> None:
        """See `EventWriter`."""
        arrays = []
        for c in self._columns:
            values = block[c.name]
            missing = np.isnan(values) if c.missing else None
            if c.whole:
                values = np.nan_to_num(values).astype(np.int64)
            arrays.append(self._arrow.array(values, mask=missing))
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """See `EventWriter`."""
        self._file.close()


MODEL = Parquet
