"""Every uncertainty with its effect on the prediction and on the fit, the largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.records import VERSION
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.systematics import Systematics

__all__ = ["systematics_figure"]


@style.styled
def systematics_figure(found: Systematics) -> Figure:
    """Changes by one standard deviation of each parameter, in per cent.

    Args:
        found: from `cevns.Study.systematics`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    rows = [r for r in found.rows if r.prediction or r.impact]
    figure, grid = style.panels(style.DOUBLE_IN, 1.2 + 0.3 * max(len(rows), 1))
    axes = grid[0, 0]
    of_fit = "error" if found.relative_to == "error" else "fitted value"
    for offset, fill, hatch, label, pairs in (
        (-0.2, style.SIGNAL_FILL, "", "Predicted count", [r.prediction for r in rows]),
        (0.2, style.FILLS[0], "////", f"Fit, relative to its {of_fit}", [r.impact for r in rows]),
    ):
        if not any(pairs):
            continue
        for y, pair in enumerate(pairs):
            low, high = (100.0 * v for v in sorted(pair or (0.0, 0.0)))
            axes.barh(y + offset, high - low, 0.36, left=low, color=fill, hatch=hatch,
                      edgecolor="white", linewidth=0.0, label=label if not y else None)  # fmt: skip
    axes.axvline(0.0, color=style.FAINT, linewidth=0.7)
    axes.set_yticks(range(len(rows)), [style.sentence(r.description or r.name) for r in rows])
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlabel("Change by one standard deviation [%]")
    if rows:
        figure.legend(loc="outside lower center", ncols=2, columnspacing=1.4)
    style.caption(axes, found.experiment.title, f"question: {found.question}; cevns {VERSION}")
    return figure
