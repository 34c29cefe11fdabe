"""A table of a result as text for papers and spreadsheets: CSV, Markdown, LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Final

from cevns.exceptions import UnknownNameError
from cevns.records.record_tables import RecordTable, written

__all__ = ["FORMATS", "formatted"]

_SPECIAL: Final = str.maketrans(
    {**{c: f"\\{c}" for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
     "\\": r"\textbackslash{}", "–": "--", "±": r"$\pm$"}
)  # fmt: skip


def formatted(table: RecordTable, name: str) -> str:
    r"""A table in a format, without a line end behind it.

    CSV has all digits of a number and an empty cell where there is none; Markdown and LaTeX (with
    the rules of booktabs) have six digits.

    Args:
        table: of a result, see `cevns.records.Shown.record_tables`.
        name: of the format: csv, markdown or latex.

    Raises:
        UnknownNameError: if there is no such format.

    Examples:
        >>> table = RecordTable(("name", "fit"), (("cevns", 310.388),), named=True)
        >>> print(formatted(table, "markdown"))
        | name | fit |
        | --- | ---: |
        | cevns | 310.388 |
        >>> print(formatted(table, "latex").splitlines()[-3])
        cevns & 310.388 \\
    """
    if name not in FORMATS:
        raise UnknownNameError("format of a table", name, FORMATS)
    return FORMATS[name](table)


def _csv(table: RecordTable) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(table.columns)
    rows.writerows(["" if c is None else c for c in row] for row in table.rows)
    return out.getvalue().rstrip("\n")


def _markdown(table: RecordTable) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(cells)} |"

    sides = tuple("---" if table.is_text(i) else "---:" for i in range(len(table.columns)))
    body = (tuple(written(c).replace("|", "\\|") for c in row) for row in table.rows)
    return "\n".join([line(table.columns), line(sides), *map(line, body)])


def _latex(table: RecordTable) -> str:
    sides = "".join("l" if table.is_text(i) else "r" for i in range(len(table.columns)))
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in (table.columns, *table.rows)]
    return "\n".join(
        [f"\\begin{{tabular}}{{{sides}}}", r"\toprule", rows[0], r"\midrule", *rows[1:],
         r"\bottomrule", r"\end{tabular}"]
    )  # fmt: skip


def _latex_cell(cell: Any) -> str:
    text = written(cell)
    if isinstance(cell, float):
        digits, _, power = text.partition("e")
        if power:
            return f"${digits}\\times10^{{{int(power)}}}$"
        return f"${digits}$" if digits.startswith("-") else digits
    return text.translate(_SPECIAL)


FORMATS: Final[dict[str, Callable[[RecordTable], str]]] = {
    "csv": _csv,
    "markdown": _markdown,
    "latex": _latex,
}
