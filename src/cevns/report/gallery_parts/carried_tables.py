"""A table of the gallery: numbers, and the ways to write them down."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from cevns.records import Result

__all__ = ["Table"]

Cell = str | float | None


@dataclass(frozen=True)
class Table(Result):
    """Rows of text and numbers.

    Args:
        columns: headings.
        rows: one tuple a row; None where there is no value.
        notes: what a reader must know.
        digits: significant digits shown of a number.

    Examples:
        >>> table = Table(("nucleus", "keV"), (("Cs133", 14.5364),), notes=("true masses",))
        >>> print(table.markdown())
        | nucleus | keV |
        | :-- | --: |
        | Cs133 | 14.54 |
        <BLANKLINE>
        - true masses
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    digits: int = 4

    def column(self, name: str) -> tuple[Cell, ...]:
        """The values below a heading."""
        i = self.columns.index(name)
        return tuple(row[i] for row in self.rows)

    def text(self, cell: Cell) -> str:
        """A cell as shown."""
        if cell is None:
            return ""
        if isinstance(cell, str):
            return cell
        # 3056 and 592, not 3.056e+03: thousands are written out
        return f"{cell:.0f}" if 1e3 <= abs(cell) < 1e5 else f"{cell:.{self.digits}g}"

    def is_text(self, index: int) -> bool:
        """Whether a column holds words."""
        return any(isinstance(row[index], str) and row[index] for row in self.rows)

    def markdown(self) -> str:
        """For a page."""
        sides = [":--" if self.is_text(i) else "--:" for i in range(len(self.columns))]
        lines = [self.columns, sides, *([self.text(c) for c in row] for row in self.rows)]
        body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        notes = "\n".join(f"- {note}" for note in self.notes)
        return f"{body}\n\n{notes}" if notes else body

    def csv(self) -> str:
        """For a program: numbers in full, notes as comments."""
        out = io.StringIO()
        out.writelines(f"# {note}\n" for note in self.notes)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()

    def html(self) -> str:
        """For a notebook."""
        from html import escape

        sides = ["left" if self.is_text(i) else "right" for i in range(len(self.columns))]

        def line(tag: str, cells: tuple[Cell, ...]) -> str:
            pairs = zip(cells, sides, strict=True)
            inside = (f'<{tag} style="text-align: {s}">{escape(self.text(c))}</{tag}>'
                      for c, s in pairs)  # fmt: skip
            return f"<tr>{''.join(inside)}</tr>"

        body = "\n".join(line("td", row) for row in self.rows)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        head = f"<thead>{line('th', self.columns)}</thead>"
        table = f"<table>{head}\n<tbody>{body}</tbody></table>"
        return f"{table}\n<ul>{notes}</ul>" if notes else table

    def to_dict(self) -> dict[str, Any]:
        """The rows by the headings of their cells, and the notes."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"rows": rows, "notes": list(self.notes)}

    def _repr_html_(self) -> str:
        """Digits as in a paper, notes below."""
        return self.html()
