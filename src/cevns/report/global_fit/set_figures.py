"""Contribution of each data set to a combination: alone, and all without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label
from cevns.report.pulls import correlation_figure, pull_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from cevns.analysis.studies.combined_fit import CombinedFit
    from cevns.inference import FittedParameter

__all__ = ["combined_figures", "sets_figure"]

_ALONE, _WITHOUT = "#2f5fb3", "#e42536"


@style.styled
def sets_figure(found: CombinedFit, parameter: str = "") -> Figure:
    """A parameter from each set alone and from all without it, beside the joint fit; information.

    Args:
        found: from `cevns.study.combined_study.CombinedStudy.combine`.
        parameter: of interest; the first one by default, of which the shares of information are
            drawn too.

    Raises:
        InputError: if the sets were not fitted alone, or the parameter is none of interest.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    if not found.sets:
        raise InputError("the data sets were not fitted alone; omit each=False")
    known = {p.name: p for p in found.of_interest}
    name = parameter or found.poi.name
    if name not in known:
        raise InputError(f"{name!r} is not of interest; there are {', '.join(known)}")
    joint = known[name]
    first = name == found.poi.name
    columns = (3.0, 1.0) if first else (1.0,)
    figure, grid = style.panels(
        style.DOUBLE_IN, 1.5 + 0.42 * len(found.sets), 1, len(columns), sharey=True,
        width_ratios=columns,
    )  # fmt: skip
    left = grid[0, 0]
    low, high = joint.value - _side(joint)[0], joint.value + _side(joint)[1]
    left.axvspan(low, high, color="0.88", linewidth=0.0, label="All together")
    left.axvline(joint.value, color=style.INK, linewidth=0.9)
    for row, s in enumerate(found.sets.values()):
        for fits, move, color, fill in (
            (s.alone, -0.14, _ALONE, _ALONE), (s.without, 0.14, _WITHOUT, "white")
        ):  # fmt: skip
            p = _named(fits, name)
            if p is not None:
                left.errorbar(
                    p.value, row + move, xerr=np.array([_side(p)]).T, fmt="o", color=color,
                    markerfacecolor=fill, markersize=4.5, capsize=2.0, linewidth=1.2,
                )  # fmt: skip
                down, up = _side(p)
                for end, size, mark, error in (
                    (p.value + up, up, ">", p.error_up), (p.value - down, down, "<", p.error_down)
                ):  # fmt: skip
                    if error is None and size > 0.0:
                        left.plot(end, row + move, mark, color=color, markersize=5.0)
    for label, color, fill in (("Alone", _ALONE, _ALONE), ("All without it", _WITHOUT, "white")):
        left.plot([], [], "o", color=color, markerfacecolor=fill, markersize=4.5, label=label)
    # what constraints of shared parameters bring has a bar, but is no set
    common = found.shared_share if first and found.shared_share else None
    labels = [style.plain(n) for n in found.sets] + ["shared constraints"] * (common is not None)
    rows = range(len(labels))
    left.set_yticks(rows, labels)
    left.set_ylim(len(labels) - 0.5, -0.5)
    left.tick_params(axis="y", which="both", length=0.0)
    left.set_xlabel(parameter_label(name, joint.unit))
    if first:
        right, shares = grid[0, 1], [100.0 * (s.share or 0.0) for s in found.sets.values()]
        shares += [] if common is None else [100.0 * common]
        right.barh(rows, shares, height=0.5, color="0.6", linewidth=0.0)
        right.set_xlim(0.0, max(1.05 * max(shares), 1.0))
        right.set_xlabel(style.with_unit("Share of information", "%"))
        right.tick_params(axis="y", which="both", length=0.0)
        right.minorticks_off()
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.4)
    note = f"errors of 68.3 %; {_tension(found)}fit: cevns {VERSION}"
    style.caption(left, "Contribution of each data set", note)
    return figure


def combined_figures(found: CombinedFit) -> dict[str, Figure]:
    """All figures of a combination by the name of their file.

    Returns:
        ``sets``, and ``sets-NAME`` of further parameters of interest that a set, or all without
        one, determine, ``pulls`` and ``correlation``.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    measurement = found.measurement
    figures: dict[str, Figure] = {}
    if found.sets:
        figures["sets"] = sets_figure(found)
        for p in found.of_interest:
            told = any(_named((*s.alone, *s.without), p.name) for s in found.sets.values())
            if p.name != found.poi.name and told:
                figures[f"sets-{p.name}"] = sets_figure(found, p.name)
    note = f"{'expected counts; ' if measurement.asimov else ''}fit: cevns {VERSION}"
    if found.pulls:
        figures["pulls"] = pull_figure(measurement.fit, title="Pulls of a combination", note=note)
    title = "Correlations in a combination"
    figures["correlation"] = correlation_figure(measurement.fit, title=title, note=note)
    return figures


def _named(fits: Sequence[FittedParameter], name: str) -> FittedParameter | None:
    return next((p for p in fits if p.name == name), None)


def _side(p: FittedParameter) -> tuple[float, float]:
    """Errors downwards and upwards; of an open side HESSE's, and nothing beyond a bound."""
    down, up = (p.error if e is None else e for e in (p.error_down, p.error_up))
    if p.at_bound:
        return (0.0, abs(up)) if p.at_lower_bound else (abs(down), 0.0)
    return abs(down), abs(up)


def _tension(found: CombinedFit) -> str:
    g = found.goodness
    return "" if g is None else f"tension {g.chi2:.1f} / {g.ndof}, p = {g.p_value:.2g}; "
