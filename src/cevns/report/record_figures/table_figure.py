"""The figure of any result: its main table as curves, as points with errors, or written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.exceptions import InputError
from cevns.records import VERSION, Result
from cevns.records.record_tables import SUMMARY, RecordTable, finite, main_name, written
from cevns.report.drawing import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["table_figure"]

_MOST = 30
"""Rows of names that stay readable."""
_ERRORS = ("error", "sd", "mean_error")


@style.styled
def table_figure(found: Result) -> Figure:
    """The main table: columns of numbers against the first, or named numbers, or all as text.

    Args:
        found: of any class.

    Raises:
        InputError: if its record has no table.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    tables = found.record_tables()
    if not tables:
        raise InputError(f"{type(found).__name__}: there is no figure, as its record has no table")
    name = main_name(tables, found.main_table)
    table = tables[name]
    numbers = [i for i in range(len(table.columns)) if _is_number(table, i)]
    if len(numbers) > 1 and 0 in numbers and len(table.rows) > 3:
        figure, grid = style.panels(style.SINGLE_IN, 2.9)
        _curves(grid[0, 0], table, numbers)
    elif table.named and name != SUMMARY and numbers and len(table.rows) <= _MOST:
        figure, grid = style.panels(style.SINGLE_IN, 1.0 + 0.25 * len(table.rows))
        _points(grid[0, 0], table, numbers)
    else:
        cells = [[style.plain(written(c)) for c in row] for row in table.rows[:_MOST]]
        figure, grid = style.panels(style.DOUBLE_IN, 0.7 + 0.22 * (len(cells) + 1))
        _written(grid[0, 0], table.columns, cells)
    style.caption(grid[0, 0], f"{type(found).__name__}: {name}", f"cevns {VERSION}")
    return figure


def _is_number(table: RecordTable, index: int) -> bool:
    """Whether a column holds numbers, some of which can be drawn."""
    cells = [row[index] for row in table.rows if row[index] is not None]
    numbers = all(isinstance(c, int | float) and not isinstance(c, bool) for c in cells)
    return numbers and any(map(finite, cells))


def _curves(axes: Axes, table: RecordTable, numbers: list[int]) -> None:
    x = [row[0] for row in table.rows]
    for i in numbers[1:]:
        y = [row[i] if finite(row[i]) else float("nan") for row in table.rows]
        axes.plot(x, y, label=style.plain(table.columns[i]))
    axes.set_xlabel(style.plain(table.columns[0]))
    if len(numbers) == 2:
        axes.set_ylabel(style.plain(table.columns[numbers[1]]))
    else:
        axes.legend(fontsize=7.0)


def _points(axes: Axes, table: RecordTable, numbers: list[int]) -> None:
    heads = [table.columns[i] for i in numbers]
    value = numbers[heads.index("value")] if "value" in heads else numbers[0]
    error = next((numbers[heads.index(e)] for e in _ERRORS if e in heads), None)
    shown = [(str(row[0]), row) for row in table.rows if finite(row[value])]
    for y, (_, row) in enumerate(shown):
        width = row[error] if error not in (None, value) and finite(row[error]) else None
        axes.errorbar(row[value], y, xerr=width, fmt="o", color=style.ACCENT, markersize=4.0)
    axes.set_yticks(range(len(shown)), [style.plain(name) for name, _ in shown])
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    offset = axes.xaxis.get_offset_text()  # at the other end than the label
    offset.set(x=0.0, horizontalalignment="left")
    axes.set_xlabel(style.plain(table.columns[value]))


def _written(axes: Axes, columns: Sequence[str], cells: list[list[str]]) -> None:
    axes.set_axis_off()
    if cells:
        heads = [style.plain(c) for c in columns]
        axes.table(cells, colLabels=heads, loc="center", cellLoc="left", edges="horizontal")
