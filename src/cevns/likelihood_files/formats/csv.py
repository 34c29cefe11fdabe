"""CSV: a line for each bin with data and components; comments above say what it is of.

Numbers have as many digits as give them back to the last bit.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, ClassVar

from cevns import files
from cevns.exceptions import DataError, InputError
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    TextTable,
    Written,
    WrittenFormat,
)
from cevns.likelihood_files.published import ChannelTable, ComponentTable, Published
from cevns.typing import Array

__all__ = ["MODEL", "Csv", "csv_text"]

_FIRST = "# cevns table of counts\n"
_MOST = 200_000_000
_KINDS = ("predicted", "fitted", "error")


def csv_text(tables: tuple[ChannelTable, ...], record: dict[str, Any]) -> str:
    """The table of all channels.

    Args:
        tables: the channels.
        record: what it is of.
    """
    axes = list(dict.fromkeys((a.name, a.unit) for t in tables for a in t.axes))
    components = list(dict.fromkeys(c.name for t in tables for c in t.components))
    names = ["channel", "bin"]
    for name, _ in axes:
        names += [f"{name}_low", f"{name}_high"]
    names.append("observed")
    for name in components:
        names += [f"{name}_{kind}" for kind in _KINDS]
    out = io.StringIO()
    out.write(_FIRST)
    out.write(f"# {record['statement']}\n")
    units = ", ".join(f"{n} in {u}" for n, u in axes if u)
    out.write(f"# bins are [low, high); {units or 'bins are numbered'}; counts in events; the "
              "error is the prior error of the prediction\n")  # fmt: skip
    out.write(f"# metadata: {json.dumps(record, allow_nan=False)}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for table in tables:
        places = {(a.name, a.unit): k for k, a in enumerate(table.axes)}
        numbers = {c.name: _numbers(c) for c in table.components}
        for number, edges in enumerate(table.bins()):
            row: list[str] = [table.name, str(number)]
            for axis in axes:
                k = places.get(axis)
                row += ["", ""] if k is None else [repr(e) for e in edges[2 * k : 2 * k + 2]]
            row.append(repr(float(table.observed[number])))
            for name in components:
                found = numbers.get(name)
                row += [repr(float(found[kind][number])) if found else "" for kind in _KINDS]
            writer.writerow(row)
    return out.getvalue()


def _numbers(component: ComponentTable) -> dict[str, Array]:
    """Columns of a component."""
    return dict(zip(_KINDS, (component.predicted, component.fitted, component.error), strict=True))


class Csv(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "table of counts (CSV)"

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`."""
        files.check_writable(out)

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        record = {**published.record(), "format": "CSV"}
        text = csv_text(published.tables, record)
        read = _columns(text, out)
        for table in published.tables:
            rows = [k for k, name in enumerate(read["channel"]) if name == table.name]
            wanted = {"observed": table.observed}
            for c in table.components:
                wanted |= {f"{c.name}_{n}": v for n, v in _numbers(c).items()}
            for name, numbers in wanted.items():
                if [float(read[name][k]) for k in rows] != numbers.tolist():
                    raise InputError(f"{out}: {name} would not be read back exactly")
        files.write(out, text)
        bins = len(read["bin"])
        line = f"read back: all numbers of {bins} bins are the same to the last bit"
        return Written((out,), (line,), {**record, "bins": bins, "read_back": "exact"})

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return candidate.head.startswith(_FIRST.encode())

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        path = candidate.path
        try:
            text = files.read(path, _MOST).decode()
        except UnicodeDecodeError:
            raise DataError("is not a text file; it is damaged", path=path) from None
        comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
        columns = _columns(text, path)
        rows, content = [], {}
        for channel in dict.fromkeys(columns["channel"]):
            own = [k for k, name in enumerate(columns["channel"]) if name == channel]
            sums = {}
            for name, texts in columns.items():
                if not name.endswith(("_predicted", "_fitted")) and name != "observed":
                    continue
                try:
                    sums[name] = sum(float(texts[k]) for k in own if texts[k])
                except ValueError as error:
                    raise DataError(f"the column {name!r}: {error}", path=path) from None
            rows += [(channel, name, f"{len(own)}", f"{total:.6g}") for name, total in sums.items()]
            content[channel] = {"bins": len(own), "sums": sums}
        table = TextTable("columns", ("channel", "column", "bins", "sum"), tuple(rows))
        return Inspection(
            self.title,
            tuple(c for c in comments[1:] if not c.startswith("metadata: ")),
            (table,),
            {"channels": content, "metadata": _metadata(comments, path)},
        )


def _metadata(comments: list[str], path: Path) -> Any:
    for line in comments:
        if line.startswith("metadata: "):
            try:
                return json.loads(line.removeprefix("metadata: "))
            except ValueError:
                raise DataError("its line of metadata is damaged", path=path) from None
    raise DataError("has no line of metadata; it is damaged", path=path)


def _columns(text: str, path: Path) -> dict[str, list[str]]:
    """The columns as texts."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = list(csv.reader(lines))
    if len(rows) < 2 or rows[0][:2] != ["channel", "bin"] or "observed" not in rows[0]:
        raise DataError("has no table of counts below its comments; it is damaged", path=path)
    short = next((k for k, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if short is not None:
        raise DataError(
            f"row {short} of the table has {len(rows[short])} cells where the head has "
            f"{len(rows[0])}; it is truncated or damaged",
            path=path,
        )
    return {name: [row[k] for row in rows[1:]] for k, name in enumerate(rows[0])}


MODEL = Csv
