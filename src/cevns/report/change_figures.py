"""Steps from one prediction to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.records import VERSION
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.changes import Comparison

__all__ = ["change_figure"]


@style.styled
def change_figure(comparison: Comparison) -> Figure:
    """Predicted CEvNS counts after each change: first and last as full bars, steps between.

    Args:
        comparison: from `cevns.analysis.changes.compare`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    steps = comparison.steps
    labels = [comparison.first.name, *(s.label for s in steps), comparison.second.name]
    rows = len(labels)
    figure, grid = style.panels(style.DOUBLE_IN, 0.8 + 0.27 * rows)
    axes = grid[0, 0]
    levels = [comparison.start, *(s.prediction for s in steps)]
    top = 1.16 * max(levels)
    ends = {"facecolor": style.SIGNAL_FILL, "edgecolor": style.INK, "linewidth": 0.6}
    for row, value in ((0, comparison.start), (rows - 1, comparison.end)):
        axes.barh(row, value, height=0.72, **ends)
        axes.text(value + 0.01 * top, row, f"{value:.0f}", va="center")
    for row, step in enumerate(steps, start=1):
        before = levels[row - 1]
        gain = step.prediction >= before
        axes.barh(
            row,
            step.prediction - before,
            left=before,
            height=0.72,
            facecolor=style.FILLS[0] if gain else style.STEADY_FILL,
            edgecolor=style.INK,
            linewidth=0.6,
            hatch=style.HATCHES[0 if gain else 1],
        )
        axes.plot([before, before], [row - 1.36, row + 0.36], color=style.FAINT, linewidth=0.6)
        right = max(before, step.prediction)
        axes.text(right + 0.01 * top, row, f"× {step.ratio:.3f}", va="center")
    axes.plot([levels[-1]] * 2, [rows - 2.36, rows - 0.64], color=style.FAINT, linewidth=0.6)
    axes.set_yticks(range(rows), labels)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_xlim(0.0, top)
    axes.set_xlabel("Predicted signal events in the analysis region")
    ends_of = (comparison.first.declaration, comparison.second.declaration)
    papers = ", ".join(dict.fromkeys(cite for d in ends_of for cite in d.cite))
    made = f"prediction: cevns {VERSION}"
    note = f"inputs: {style.plain(papers)}; {made}" if papers else made
    style.caption(axes, "What changed", note)
    return figure
