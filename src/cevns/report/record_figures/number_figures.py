"""Single numbers with what they are compared with: limits, published beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label
from cevns.report.record_figures.table_figure import table_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.count_limit import CevnsLimit
    from cevns.analysis.studies.strength_limit import StrengthLimit
    from cevns.records.by_experiment import ExpectedCounts
    from cevns.reproduction.published_rows import Row

__all__ = ["cevns_limit_figure", "counts_figure", "row_figure", "strength_limit_figure"]


def _limit(axes: Axes, limit: float, level: float, low: float, high: float) -> None:
    """An upper limit: what lies above, up to the end of the axis, is excluded."""
    axes.axvspan(limit, high, facecolor=style.STEADY_FILL, hatch="////", edgecolor="white")
    axes.axvline(limit, color=style.INK, label=f"Upper limit, {100.0 * level:g} %")
    axes.set_xlim(low, high)
    axes.set_yticks([])
    axes.set_ylim(0.0, 1.0)


@style.styled
def counts_figure(found: ExpectedCounts) -> Figure:
    """Expected counts of each component as bars, with their numbers.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figure, grid = style.panels(style.SINGLE_IN, 1.0 + 0.3 * len(found))
    axes = grid[0, 0]
    bars = axes.barh(range(len(found)), list(found.values()), 0.6, color=style.SIGNAL_FILL)
    axes.bar_label(bars, [f"{v:.4g}" for v in found.values()], padding=3.0, fontsize=7.5)
    titles = [style.sentence(found.titles.get(name) or name) for name in found]
    axes.set_yticks(range(len(found)), titles)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.2 * max(*found.values(), 1e-300))
    axes.set_xlabel("Expected events")
    style.caption(axes, found.title, f"prediction: cevns {VERSION}")
    return figure


@style.styled
def cevns_limit_figure(found: CevnsLimit) -> Figure:
    """The limit on the cross section beside the prediction of the Standard Model.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figure, grid = style.panels(style.SINGLE_IN, 1.7)
    axes = grid[0, 0]
    _limit(axes, found.ratio, found.level, 0.0, 1.5 * max(found.ratio, 1.0))
    axes.axvline(1.0, color=style.ACCENT, linestyle="--", label="Standard Model")
    axes.set_xlabel("Cross section / Standard Model")
    axes.legend(loc="upper right")
    style.caption(axes, found.experiment, f"{found.construction}; cevns {VERSION}")
    return figure


@style.styled
def strength_limit_figure(found: StrengthLimit) -> Figure:
    """The limit beside the best value.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figure, grid = style.panels(style.SINGLE_IN, 1.7)
    axes = grid[0, 0]
    low = min(found.best, 0.0)
    _limit(axes, found.upper_limit, found.level, low, 1.5 * found.upper_limit - 0.5 * low)
    axes.axvline(found.best, color=style.ACCENT, linestyle="--", label="Best value")
    axes.set_xlabel(parameter_label(found.parameter, found.unit))
    axes.legend(loc="upper right")
    held = ", ".join(f"{name} = {value:g}" for name, value in found.at.items())
    style.caption(axes, found.name, f"{held}; cevns {VERSION}" if held else f"cevns {VERSION}")
    return figure


@style.styled
def row_figure(found: Row) -> Figure:
    """A published number with its errors beside ours, of a row of several each of them.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    rows = [r for r in found.parts or (found,) if r.ours is not None]
    if not rows:
        return table_figure(found)
    figure, grid = style.panels(style.SINGLE_IN, 1.1 + 0.5 * len(rows))
    axes = grid[0, 0]
    theirs = [(y, r.published) for y, r in enumerate(rows)]
    with_errors = [
        (p.published, y, p.error_down or 0.0, p.error_up or 0.0)
        for y, p in theirs
        if p.published is not None
    ]
    if with_errors:
        x, at, down, up = zip(*with_errors, strict=True)
        axes.errorbar(x, at, xerr=[down, up], fmt="D", color=style.PUBLISHED,
                      markerfacecolor="none", label="Published")  # fmt: skip
    if own := [(p.own, y) for y, p in theirs if p.own is not None]:
        axes.plot(*zip(*own, strict=True), "s", color=style.PUBLISHED, markerfacecolor="none",
                  label="Independent program")  # fmt: skip
    axes.plot([r.ours for r in rows], [y + 0.25 for y, _ in theirs], "o", color=style.ACCENT,
              label="Ours")  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.3, -0.6)
    axes.set_xlabel(style.with_unit("Value", found.published.unit))
    axes.legend(loc="best")
    note = f"published: {found.published.source}; ours: cevns {VERSION}"
    style.caption(axes, found.published.quantity, style.plain(note))
    return figure
