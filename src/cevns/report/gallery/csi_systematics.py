"""CsI[Na] 2021: effect of every uncertainty on the CEvNS count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.reproduction import reproduce

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


def table() -> Table:
    """The table of the talk beside ours."""
    return compared("csi-2021-systematics")


@style.styled
def figure() -> Figure:
    """Effects in per cent, published and ours, the largest first."""
    rows = sorted(
        reproduce(["csi-2021-systematics"]), key=lambda r: -(r.published.published or 0.0)
    )
    figure, grid = style.panels(style.DOUBLE_IN, 0.75 + 0.3 * len(rows))
    axes = grid[0, 0]
    for i, row in enumerate(rows):
        assert row.ours is not None
        first = i == 0
        axes.plot([row.published.published, row.ours], [i, i], color="0.75", zorder=0)
        axes.plot(
            row.ours, i, "o", color=style.ACCENT, markersize=6, label="Ours" if first else None
        )
        axes.plot(
            row.published.published,
            i,
            "D",
            color=style.PUBLISHED,
            markerfacecolor="none",
            markersize=6.5,
            markeredgewidth=1.4,
            linestyle="none",
            label="Published" if first else None,
        )
    labels = [style.sentence(r.published.quantity.rpartition(" of the ")[2]) for r in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0.0, 12.0)
    axes.set_xlabel("Effect on the CEvNS count [%]")
    axes.legend(loc="lower right")
    note = f"published: COHERENT talk 2020; ours: cevns {VERSION}"
    style.caption(axes, "Systematic uncertainties of CsI[Na] 2021", note)
    return figure
