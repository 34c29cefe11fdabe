"""Results that commands of cevns write with ``--json``."""

from __future__ import annotations

from typing import ClassVar

from cevns.likelihood_files.file_format import Candidate, FileFormat, Inspection, TextTable
from cevns.records.record_tables import SUMMARY, RecordTable, tables, written

__all__ = ["MODEL", "ResultJson"]

_SHOWN = (SUMMARY, "parameters")
_COLUMNS = 3
"""Columns of a shown table and of a name in the list of tables."""


class ResultJson(FileFormat):
    """See the module."""

    title: ClassVar[str] = "result of cevns (JSON)"

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`: each record has the version and what computed it."""
        return {"version", "engine", "seed"} <= set(candidate.json)

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`: the single numbers and the parameters are shown, all tables listed."""
        found = candidate.json
        held = tables(found)
        shown = [_text(name, held[name]) for name in _SHOWN if name in held]
        listed = TextTable(
            "tables, for --table",
            ("name", "rows", "columns"),
            tuple((n, str(len(t.rows)), _heads(t)) for n, t in held.items()),
        )
        names = found.get("experiment") or ", ".join(found.get("experiments") or ())
        lines = (f"cevns {found['version']}, engine {found['engine']}", str(names))
        return Inspection(
            self.title,
            tuple(x for x in lines if x),
            (*shown, listed),
            {"fields": list(found), "tables": list(held)},
            held,
        )


def _text(name: str, table: RecordTable) -> TextTable:
    rows = tuple(tuple(map(written, row[:_COLUMNS])) for row in table.rows)
    return TextTable(name, table.columns[:_COLUMNS], rows)


def _heads(table: RecordTable) -> str:
    more = len(table.columns) - _COLUMNS
    return ", ".join(table.columns[:_COLUMNS]) + (f" and {more} more" if more > 0 else "")


MODEL = ResultJson
