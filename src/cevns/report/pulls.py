"""Pulls of the nuisance parameters, their impact on the answer, and all correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.report.drawing import style
from cevns.report.drawing.labels import name_text, parameter_label, title_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.inference.fitting.fit_result import FitResult

__all__ = ["correlation_figure", "pull_figure"]

UP, DOWN = "#2f5fb3", "#f89c20"
_LETTER_IN: Final = 0.055
"""Width of a letter of a title."""


@style.styled
def pull_figure(
    fit: FitResult,
    impacts: Mapping[str, tuple[float, float]] | None = None,
    *,
    title: str = "",
    note: str = "",
) -> Figure:
    """Ranking: impacts as bars (upper axis), pulls as points (lower axis), largest impact first.

    Args:
        fit: of a model with constrained parameters.
        impacts: parameter to shift of the parameter of interest, with the parameter held one
            post-fit error above and below its best value; without them the pulls alone.
        title: what was fitted.
        note: what the figure stands on, from `cevns.report.drawing.style.credit`.

    Raises:
        InputError: if no free parameter is constrained.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    shifts = impacts or {}
    rows = [p for p in fit if not p.fixed and p.pull is not None]
    if not rows:
        raise InputError(
            f"fit of {fit.model!r}: no free parameter is constrained, so there are no pulls"
        )
    rows.sort(key=lambda p: max(map(abs, shifts.get(p.name, (0.0, 0.0)))))
    y = np.arange(len(rows), dtype=float)
    titles = [title_text(p.name, p.parameter.description) for p in rows]
    row_in = 0.32 if any("\n" in t for t in titles) else 0.24
    width_in = style.SINGLE_IN + _LETTER_IN * (max(_length(t) for t in titles) + 4.0)
    figure, grid = style.panels(min(width_in, style.DOUBLE_IN), 1.5 + row_in * len(rows))
    axes = grid[0, 0]
    for edge in (-1.0, 1.0):
        axes.axvline(edge, color=style.FAINT, linewidth=0.6, linestyle=":")
    axes.axvline(0.0, color=style.FAINT, linewidth=0.6)
    axes.errorbar(
        [p.pull or 0.0 for p in rows],
        y,
        xerr=[p.constraint_ratio or 0.0 for p in rows],
        fmt="o",
        color=style.INK,
        markersize=3.5,
        elinewidth=1.2,
        label="Pull ± error",
    )
    reach = max(2.0, 1.1 * max(abs(p.pull or 0.0) + (p.constraint_ratio or 0.0) for p in rows))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks(y, titles)
    axes.tick_params(axis="y", which="both", left=False, right=False)
    for height, parameter in zip(y, rows, strict=True):
        _beside(axes, float(height), parameter.name)
    axes.minorticks_off()
    axes.set_xlabel(r"Pull $(\hat{\theta}-\theta_0)/\Delta\theta$")
    if shifts and fit.poi is not None:
        poi = fit[fit.poi]
        above = axes.twiny()
        style.settle(above)
        above.set_zorder(axes.get_zorder() - 1)
        axes.patch.set_visible(False)
        for k, (color, hatch, name) in enumerate(((UP, "", "+1σ"), (DOWN, "////", "−1σ"))):
            above.barh(
                y,
                [shifts.get(p.name, (0.0, 0.0))[k] for p in rows],
                height=0.62,
                color=color,
                alpha=0.75,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.0,
                label=f"Impact, {name}",
            )
        largest = max(max(map(abs, pair)) for pair in shifts.values())
        above.set_xlim(-1.15 * largest, 1.15 * largest)
        above.set_xlabel(f"Change of {_inside(parameter_label(poi.name, poi.unit))}")
        above.minorticks_off()
    style.caption(axes, title, note)
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
    return figure


def _length(title: str) -> int:
    """Letters of the longest line."""
    return max(map(len, title.split("\n")))


def _beside(axes: Axes, height: float, name: str) -> None:
    """The name of a parameter to the right of its row, in small type."""
    axes.annotate(
        style.plain(name),
        xy=(1.0, height),
        xycoords=("axes fraction", "data"),
        xytext=(4.0, 0.0),
        textcoords="offset points",
        va="center",
        fontsize=6.0,
        color=style.FAINT,
    )


def _inside(label: str) -> str:
    """A label in the middle of a sentence: an ordinary first word starts small."""
    word = label.split()[0]
    return label if not word.istitle() else label[0].lower() + label[1:]


@style.styled
def correlation_figure(fit: FitResult, *, title: str = "", note: str = "") -> Figure:
    """Correlation coefficients of the free parameters, in per cent.

    Args:
        fit: the fit.
        title: what was fitted.
        note: what the figure stands on.

    Raises:
        InputError: if no parameter is free.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    keep = [i for i, p in enumerate(fit) if not p.fixed]
    if not keep:
        raise InputError(
            f"fit of {fit.model!r}: no parameter is free, so there are no correlations"
        )
    matrix = np.asarray(fit.correlation)[np.ix_(keep, keep)]
    names = [name_text(n) for n in fit.free]
    titles = [title_text(n, fit[n].parameter.description) for n in fit.free]
    size = max(2.6, 1.2 + 0.29 * len(keep))
    figure, grid = style.panels(size + 0.8 + _LETTER_IN * max(map(_length, titles)), size)
    figure.set_layout_engine("compressed")
    axes = grid[0, 0]
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    ticks = range(len(keep))
    axes.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=6.0, labelcolor=style.FAINT)
    axes.set_yticks(ticks, titles)
    axes.minorticks_off()
    axes.tick_params(which="both", length=0.0, top=False, right=False)
    for i in ticks:
        for j in ticks:
            value = matrix[i, j]
            axes.text(
                j,
                i,
                # no "-0": rounded first, then a sum with +0.0
                f"{round(100.0 * value) + 0.0:.0f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if abs(value) > 0.55 else style.INK,
            )
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
    style.settle(bar.ax)
    bar.set_ticks([-1.0, -0.5, 0.0, 0.5, 1.0], labels=["−100", "−50", "0", "50", "100"])
    bar.set_label("Correlation [%]")
    style.caption(axes, title, note)
    return figure
