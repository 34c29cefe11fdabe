"""What a report is made of: parts, their sections, and tables, pictures and sentences in these."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cevns.records.record_tables import RecordTable

__all__ = ["Part", "Picture", "Section", "Table"]


@dataclass(frozen=True)
class Table:
    r"""A table as it is read, and the numbers in it as they are copied.

    Args:
        columns: headings.
        rows: texts of each row.
        title: what it shows.
        values: the same with full numbers, with headings of their own; by default the texts.
        left: columns that are aligned to the left: names, not numbers.
        note: a sentence below.

    Examples:
        >>> Table(("x", "y"), (("a, b", "1.2"),)).csv
        'x,y\n"a, b",1.2\n'
        >>> Table(("x",), (("1.2",),), values=RecordTable(("x",), ((1.23456,),))).csv
        'x\n1.23456\n'
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    values: RecordTable | None = None
    left: int = 1
    note: str = ""

    @property
    def shown(self) -> tuple[int, ...]:
        """Columns that say something."""
        said = (i for i in range(len(self.columns)) if any(row[i] for row in self.rows))
        return tuple(said)

    @property
    def csv(self) -> str:
        """Headings and rows, comma-separated, as RFC 4180 quotes them."""
        shown: tuple[Sequence[Any], Sequence[Sequence[Any]]] = self.columns, self.rows
        head, rows = shown if self.values is None else (self.values.columns, self.values.rows)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([["" if c is None else c for c in row] for row in rows])
        return text.getvalue()


@dataclass(frozen=True)
class Picture:
    """A figure in the text.

    Args:
        svg: the picture as an element.
        label: what it is, for those who do not see it.
        sentence: what it shows, below it.
        wide: whether it has the width of two columns.
    """

    svg: str
    label: str
    sentence: str
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A section of a part: sentences, pictures and tables in this order.

    Args:
        title: of the section.
        texts: paragraphs.
        pictures: figures.
        tables: tables.
        lines: short sentences, one below the other.
        remarks: the same, below the tables.
        code: lines to be copied, by what they are.
        copied: further text for a fold, by its title.
    """

    title: str
    texts: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    lines: Sequence[str] = ()
    remarks: Sequence[str] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.texts or self.pictures or self.tables or self.lines or self.code)


@dataclass(frozen=True)
class Part:
    """One result in a report.

    Args:
        title: what it is of.
        answer: what came out, in one line.
        sections: the rest of it.
        record: its JSON.
        reproduce: how it is made again.
        failure: why there is no result; empty where there is one.
        inputs: files that were read for the report itself: name and digest.
    """

    title: str
    answer: str
    sections: Sequence[Section]
    record: Mapping[str, Any]
    reproduce: Section
    failure: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
