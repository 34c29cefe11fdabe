"""Liquid argon 2020: systematic uncertainties of the cross section, and their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.reproduction import reproduce

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]

_ANALYSES: Final = {
    "A": ("lar-2020-systematics", "#2f5fb3", "D", -0.12),
    "B": ("lar-2020-b-systematics", "#e42536", "s", 0.12),
}
"""Ids of the rows, colour, mark, and by how much of a row it is moved."""


def table() -> Table:
    """The table of the talk of 2020 beside ours."""
    return compared(*(ids for ids, *_ in _ANALYSES.values()))


@style.styled
def figure() -> Figure:
    """Published uncertainties of both analyses; dots are the totals as summed here."""
    figure, grid = style.panels(style.DOUBLE_IN, 2.9)
    axes = grid[0, 0]
    for analysis, (ids, color, mark, move) in _ANALYSES.items():
        rows = list(reproduce([ids]))
        values = [row.published.published for row in rows]
        places = [i + move for i in range(len(rows))]
        axes.plot(
            values, places, mark, color=color, markerfacecolor="none", markersize=6.0,
            markeredgewidth=1.3, label=f"Analysis {analysis}, published",
        )  # fmt: skip
        total = rows[-1].ours
        assert total is not None
        axes.plot(
            total, places[-1], "o", color=color, markersize=3.5,
            label=f"Analysis {analysis}, in quadrature",
        )  # fmt: skip
        names = [
            style.sentence(
                row.published.quantity.rpartition(", ")[2].removeprefix("uncertainty from the ")
            )
            for row in rows
        ]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_xlim(0.0, 16.0)
    axes.set_xlabel("Uncertainty of the cross section [%]")
    axes.legend(loc="center right")
    note = f"published: COHERENT talk 2020; sums: cevns {VERSION}"
    style.caption(axes, "Systematic uncertainties of liquid argon 2020", note)
    return figure
