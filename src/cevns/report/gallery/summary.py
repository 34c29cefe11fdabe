"""Summary of CEvNS results at stopped-pion sources: measured over Standard Model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns import datasets
from cevns.analysis.measuring import measure
from cevns.analysis.question import Request
from cevns.experiments import load
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.published_results import PublishedResult, results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "FITTED",
    "RELEASED",
    "Line",
    "Ratio",
    "figure",
    "fittable",
    "fitted_ratio",
    "lines",
    "published_ratio",
    "short_name",
    "table",
]

Ratio = tuple[float, float, float]
"""A value with its errors up and down."""

FITTED: Final = {
    "coherent-csi-2017": "coherent-csi-2017",
    "coherent-csi-2021": "coherent-csi-2021",
    "coherent-lar-2020-a": "coherent-lar-2020",
    "coherent-ge-2024": "coherent-ge-2024",
}
"""Published result to the experiment that we fit."""
RELEASED: Final = ("coherent-lar-2020",)
"""Experiments whose counts are in the public release alone."""
_COLORS: Final = {"CsI": "#e42536", "Ar": "#2f5fb3", "Ge": "#964a8b"}


@dataclass(frozen=True)
class Line:
    """One measurement.

    Args:
        result: as published.
        published: over the Standard Model of the paper.
        ours: from our fit; None without one.
        remark: what the numbers are.
    """

    result: PublishedResult
    published: Ratio
    ours: Ratio | None
    remark: str


def published_ratio(result: PublishedResult) -> Ratio | None:
    """Measured over predicted, from the cross section or else from the counts.

    The errors of a ratio of counts hold that of the prediction in quadrature. None of limits.
    """
    cross_section = result.cross_section_cm2
    if cross_section is not None and result.standard_model is not None:
        scale = 1e-40 * result.standard_model
        value, up, down = (v / scale for v in cross_section)
        return value, up, down
    if result.limit is not None or result.events is None or len(result.events) != 3:
        return None
    if result.predicted is None:
        return None
    expected, more, less = (*result.predicted, 0.0, 0.0)[:3]
    return _of_counts(result.events, (expected, more, less))


def _of_counts(found: Ratio, expected: Ratio) -> Ratio:
    """The ratio of counts; errors in quadrature."""
    count, up, down = found
    scale, more, less = expected
    ratio = count / scale
    # a smaller prediction makes the ratio larger, so its errors change sides
    return (
        ratio,
        math.hypot(up / scale, ratio * less / scale),
        math.hypot(down / scale, ratio * more / scale),
    )


def fitted_ratio(result: PublishedResult, experiment: str) -> Ratio | None:
    """Ours of the same quantity; None where the data are not here.

    The fitted cross section over that of the Standard Model, with MINOS errors of the whole
    likelihood (flux, detector, form factor); where the paper gives counts, the fitted count over
    the predicted one, the error of the prediction in quadrature.
    """
    loaded = load(experiment) if fittable(experiment) else None
    if loaded is None:
        return None
    counts = result.cross_section_cm2 is None
    record: dict[str, Any] = measure(
        loaded, request=Request("count" if counts else "cross-section")
    ).to_dict()
    poi = record["poi"]
    fitted = poi["value"], poi["error_up"], poi["error_down"]
    if counts:
        cevns = record["components"]["cevns"]
        error = cevns["prediction_error"]
        return _of_counts(fitted, (cevns["prediction"], error, error))
    scale = loaded.cross_section_cm2
    return fitted[0] / scale, fitted[1] / scale, fitted[2] / scale


def fittable(experiment: str) -> bool:
    """Whether an experiment can be fitted: its counts are carried or its release is at hand."""
    return experiment not in RELEASED or datasets.find(experiment) is not None


def lines() -> tuple[Line, ...]:
    """All measurements, published beside ours."""
    out = []
    for result in results():
        published = published_ratio(result)
        if published is None:
            continue
        name = FITTED.get(result.id)
        ours = None if name is None else fitted_ratio(result, name)
        remark = ""
        if name is None:
            remark = "published only"
        elif ours is None:
            remark = f"ours needs the data: cevns data fetch {name}"
        elif result.id == "coherent-ge-2024":
            remark = "ratio of counts; ours indicative, from transcribed counts"
        elif result.cross_section_cm2 is None:
            remark = "ratio of counts"
        out.append(Line(result, published, ours, remark))
    return tuple(out)


def table() -> Table:
    """Measured over Standard Model: published, and ours where we have a fit."""
    rows = tuple(
        (
            line.result.title,
            line.result.source,
            _text(line.published),
            "" if line.ours is None else _text(line.ours),
            line.remark,
        )
        for line in lines()
    )
    return Table(
        ("measurement", "published in", "published", "ours", "remark"),
        rows,
        (
            (
                "The cross section over the prediction of the paper or, ours, of the Standard "
                "Model (scholberg2021, klein-nystrand), with the errors of the full likelihood. "
                "For CsI 2017 and Ge 2024 the ratio of observed to expected counts is shown; the "
                "35 expected events published for Ge 2024 have no error and are from memory."
            ),
        ),
    )


def _text(ratio: Ratio) -> str:
    value, up, down = (f"{v:.2f}" for v in ratio)
    return f"{value} ± {up}" if up == down else f"{value} +{up} −{down}"


@style.styled
def figure() -> Figure:
    """Full points as published, open points ours; the line is the Standard Model."""
    shown = lines()
    figure, grid = style.panels(style.DOUBLE_IN, 0.8 + 0.42 * len(shown))
    axes = grid[0, 0]
    axes.axvline(1.0, color=style.INK, linewidth=0.9, zorder=0)
    for row, line in enumerate(shown):
        color = _COLORS[line.result.target]
        look = {"fmt": "o", "color": color, "markersize": 5.5, "capsize": 2.5, "linewidth": 1.3}
        gap = 0.0 if line.ours is None else 0.16
        axes.errorbar(line.published[0], row - gap, xerr=_sides(line.published), **look)
        if line.ours is not None:
            axes.errorbar(
                line.ours[0], row + gap, xerr=_sides(line.ours), markerfacecolor="white", **look
            )
        if line.remark and line.ours is None:
            axes.text(
                2.3, row, line.remark.partition(":")[0], va="center", ha="right", color="0.45"
            )
        elif line.result.id == "coherent-ge-2024":
            axes.text(2.3, row, "ours indicative", va="center", ha="right", color="0.45")
    labels = [f"{short_name(line.result)}\n{line.result.source}" for line in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=7.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0.0, 2.35)
    axes.set_xlabel("Measured / Standard Model")
    for label, fill in (("Published", "0.3"), ("Ours", "white")):
        axes.plot([], [], "o", color="0.3", markerfacecolor=fill, label=label)
    axes.legend(loc="upper right", ncols=2)
    note = f"statistical and systematic errors; ours: cevns {VERSION}"
    style.caption(axes, "CEvNS at stopped-pion sources", note)
    return figure


def _sides(ratio: Ratio) -> Any:
    return np.array([[ratio[2]], [ratio[1]]])


def short_name(result: PublishedResult) -> str:
    """Target, year and analysis, from the id."""
    words = result.id.removeprefix("coherent-").split("-")
    year = next(w for w in words if w.isdigit())
    analysis = f" {words[-1].upper()}" if len(words[-1]) == 1 else ""
    return f"{result.target} {year}{analysis}"
