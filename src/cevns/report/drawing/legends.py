"""Legends that cut nothing off and cover nothing: below the axes, or above what is drawn."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from numpy.typing import NDArray

__all__ = ["fits", "legend_below", "lift_legend"]


def legend_below(figure: Figure, height_in: float, **options: Any) -> Legend:
    """All entries of a figure below its axes, in the columns that fit; the figure grows with them.

    An entry that is wider than the figure is broken into lines: nothing of a legend is cut off.

    Args:
        figure: with one axes, or several whose entries are one legend.
        height_in: of the figure without the legend.
        options: of `matplotlib.figure.Figure.legend`.
    """
    found: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(text, handle)
    width = float(figure.bbox.width / figure.dpi)
    how: dict[str, Any] = {
        "loc": "outside lower center",
        "columnspacing": 1.2,
        "borderpad": 0.1,
        "borderaxespad": 0.3,
        **options,
    }
    for columns in (3, 2, 1):
        if columns > 1 and (columns > len(found) or (columns == 3 and len(found) < 5)):
            continue
        legend = figure.legend(found.values(), list(found), ncols=columns, **how)
        if columns == 1:
            _break_lines(figure, legend, width - 0.1)
        if columns == 1 or _size_in(figure, legend)[0] <= width - 0.08:
            break
        legend.remove()
    style.resize(figure, width, height_in + _size_in(figure, legend)[1])
    return legend


def _size_in(figure: Figure, legend: Legend) -> tuple[float, float]:
    """Width and height of a legend, inches."""
    box = legend.get_window_extent()
    return float(box.width / figure.dpi), float(box.height / figure.dpi)


def _break_lines(figure: Figure, legend: Legend, width: float) -> None:
    """Break the entries of a legend of one column that are too long for `width`, inches."""
    texts = legend.get_texts()
    whole = [t.get_text() for t in texts]
    letters = max(map(len, whole))
    while letters > 12 and _size_in(figure, legend)[0] > width:
        letters -= 2
        for text, words in zip(texts, whole, strict=True):
            # a formula is not broken
            if "$" not in words.replace(r"\$", ""):
                text.set_text("\n".join(wrap(words, letters)))


def fits(figure: Figure, axes: Axes) -> bool:
    """Whether the legend of axes is narrower than these, after the layout of the figure."""
    whole = figure.canvas.figure
    layout = whole.get_layout_engine()
    if layout is not None:
        layout.execute(whole)
    legend = axes.get_legend()
    return legend is None or bool(legend.get_window_extent().width <= axes.bbox.width)


def lift_legend(figure: Figure, axes: Axes, edges: NDArray[Any], heights: NDArray[Any]) -> None:
    """Raise the upper end of a linear axis until the legend lies over nothing.

    Args:
        figure: of the axes.
        axes: with a legend in an upper corner.
        edges: of bins.
        heights: how high something is drawn in each.
    """
    legend = axes.get_legend()
    if legend is None:
        return
    whole = figure.canvas.figure  # where it is a part of one
    layout = whole.get_layout_engine()
    for _ in range(3):  # longer numbers beside the axis make it a little narrower
        if layout is not None:
            layout.execute(whole)  # not drawn, which takes twice as long
        box = legend.get_window_extent().transformed(axes.transAxes.inverted())
        left, right = axes.get_xlim()
        low, high = (left + share * (right - left) for share in (box.x0 - 0.02, box.x1 + 0.02))
        under = heights[(edges[1:] > low) & (edges[:-1] < high) & np.isfinite(heights)]
        bottom, top = axes.get_ylim()
        tallest = float(under.max(initial=bottom))
        needed = bottom + (tallest - bottom) / max(box.y0 - 0.03, 0.15)
        if needed <= top:
            return
        axes.set_ylim(bottom, needed)
