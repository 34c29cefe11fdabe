"""Summary of CEvNS results at stopped-pion sources: measured over Standard Model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns import __version__, datasets
from cevns.experiments import load
from cevns.report import style
from cevns.report.gallery._table import Table
from cevns.reproduction.results import PublishedResult, results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Ratio = tuple[float, float, float]
"""A value with its errors up and down."""

FITTED: Final = {
    "coherent-csi-2017": "coherent-csi-2017",
    "coherent-csi-2021": "coherent-csi-2021",
    "coherent-lar-2020-a": "coherent-lar-2020",
    "coherent-ge-2024": "coherent-ge-2024",
}
"""Published result to the experiment that we fit."""
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
    count, up, down = result.events
    expected = result.predicted[0]
    relative = (
        result.predicted[1:] if len(result.predicted) == 3 else (0.0, 0.0)
    )
    ratio = count / expected
    # a smaller prediction makes the ratio larger, so its errors change sides
    return (
        ratio,
        float(np.hypot(up / expected, ratio * relative[1] / expected)),
        float(np.hypot(down / expected, ratio * relative[0] / expected)),
    )


def fitted_ratio(experiment: str) -> Ratio | None:
    """Fitted cross section over ours of the Standard Model; None where the data are not here.

    Errors are MINOS errors of the whole likelihood, with flux, detector and form factor.
    """
    if experiment in datasets.names() and _needs_release(experiment):
        return None
    loaded = load(experiment)
    poi: dict[str, Any] = loaded.fit("cross-section").to_dict()["poi"]
    scale = loaded.cross_section_cm2
    return poi["value"] / scale, poi["error_up"] / scale, poi["error_down"] / scale


def _needs_release(experiment: str) -> bool:
    return experiment == "coherent-lar-2020" and datasets.find(experiment) is None


def lines() -> tuple[Line, ...]:
    """All measurements, published beside ours."""
    out = []
    for result in results():
        published = published_ratio(result)
        if published is None:
            continue
        name = FITTED.get(result.id)
        ours = None if name is None else fitted_ratio(name)
        remark = ""
        if name is None:
            remark = "published only"
        elif ours is None:
            remark = f"ours needs the data: cevns data fetch {name}"
        elif result.id == "coherent-ge-2024":
            remark = "ours indicative: transcribed counts"
        elif result.cross_section is None:
            remark = "published: ratio of counts"
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
            "Published: the cross section over the paper's own prediction, or (CsI 2017, Ge 2024) "
            "the counts found over those expected; of Ge 2024 the expected count has no error "
            "and is from memory. Ours: the fitted cross section over the Standard Model "
            "(scholberg2021, klein-nystrand), errors of the whole likelihood.",
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
            axes.text(2.3, row, line.remark.partition(":")[0], va="center", ha="right", color="0.45")
        elif line.result.id == "coherent-ge-2024":
            axes.text(2.3, row, "ours indicative", va="center", ha="right", color="0.45")
    labels = [f"{_name(line.result)}\n{line.result.source}" for line in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=7.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0.0, 2.35)
    axes.set_xlabel("Measured / Standard Model")
    for label, fill in (("Published", "0.3"), ("Ours", "white")):
        axes.plot([], [], "o", color="0.3", markerfacecolor=fill, label=label)
    axes.legend(loc="upper right", ncols=2)
    note = f"whole error bars; ours, where the data are public: cevns {__version__}"
    style.caption(axes, "CEvNS at stopped-pion sources", note)
    return figure


def _sides(ratio: Ratio) -> Any:
    return np.array([[ratio[2]], [ratio[1]]])


def _name(result: PublishedResult) -> str:
    """Target, year and analysis, from the id."""
    words = result.id.removeprefix("coherent-").split("-")
    year = next(w for w in words if w.isdigit())
    analysis = f" {words[-1].upper()}" if len(words[-1]) == 1 else ""
    return f"{result.target} {year}{analysis}"
