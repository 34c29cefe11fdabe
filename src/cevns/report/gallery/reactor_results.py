"""CEvNS at reactors: predicted rates and published results against the threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cevns.analysis.expected.recoil_rate import rates
from cevns.experiments import load
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.label_places import spread
from cevns.report.gallery_parts.reactor_files import Reach, color, marker, reach, reaches
from cevns.reproduction.reactor_limits import ReactorResult, reactor_results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Line", "figure", "lines", "per_kg_day", "table"]

# label beside its mark: offset in points and alignment, so that no two touch
_BESIDE: Final = {
    "conus-2024": (6.0, 14.0, "left"),
    "conus-plus-2025": (-7.0, -12.0, "right"),
    "connie-2022": (6.0, 8.0, "left"),
    "connie-2024": (12.0, -24.0, "center"),
    "red-100": (0.0, 11.0, "center"),
    "nucleus-technical": (6.0, 9.0, "left"),
    "texono-2025": (-7.0, 2.0, "right"),
    "texono-later": (-7.0, 1.0, "right"),
    "dresden-ii": (7.0, -14.0, "left"),
}
_KINDS: Final = {
    "limit": "limit",
    "measurement": "measured",
    "range": "not excluded",
    "expected": "expected limit",
}


@dataclass(frozen=True)
class Line:
    """A published result beside the prediction it is of.

    Args:
        result: as published.
        recoil_kev: lowest recoil energy, or both ends of a range of it, keVnr; figures have the
            mark at the first.
        ratios: in Standard Models.
        predicted: ours per kg and day; None without an experiment that predicts it.
    """

    result: ReactorResult
    recoil_kev: tuple[float, ...]
    ratios: tuple[float, ...]
    predicted: float | None


@cache
def per_kg_day(name: str, overrides: tuple[tuple[str, str], ...] = ()) -> float:
    """Predicted CEvNS in the analysis region per kg and live day at full power.

    Args:
        name: of the experiment.
        overrides: fields of its file that differ.
    """
    return rates(load(name, overrides=dict(overrides)), points=2)[name].per_kg_day["cevns"]


@cache
def lines() -> tuple[Line, ...]:
    """All published results, in the order of their file."""
    out = []
    for result in reactor_results():
        experiment, low, predicted = result.loaded(), result.threshold_kevnr, None
        if experiment is not None:
            if low is None:
                found = reach(experiment)
                assert found is not None
                low = (found.recoil_kev,)
            predicted = per_kg_day(experiment.name, tuple(result.overrides.items()))
        assert low is not None
        out.append(Line(result, low, result.ratios(), predicted))
    return tuple(out)


def _predicted() -> tuple[tuple[Reach, float], ...]:
    return tuple((r, per_kg_day(r.experiment.name)) for r in reaches())


def table() -> Table:
    """Published results in Standard Models, our prediction beside; then the other files."""
    rows: list[tuple[str | float | None, ...]] = []
    for line in lines():
        r = line.result
        threshold = " to ".join(f"{t:.3g}" for t in line.recoil_kev)
        chosen = r.quenching if r.k is None else f"{r.quenching}, k = {r.k:g}"
        where = (r.title, r.target, threshold, chosen, line.predicted)
        rows.append((*where, _KINDS[r.kind], r.text(), r.level, r.source, r.memory, r.note))
    known = {line.result.experiment for line in lines()}
    for found, predicted in _predicted():
        if found.experiment.name not in known:
            where = (found.label, found.target, f"{found.recoil_kev:.3g}", found.chosen, predicted)
            cite = ", ".join(found.experiment.cite)
            rows.append((*where, "prediction only", "", None, cite, "", ""))
    return Table(
        (
            "experiment",
            "target",
            "T / keVnr",
            "quenching",
            "ours / (kg d)⁻¹",
            "published is",
            "× SM",
            "CL",
            "published in",
            "from memory",
            "note",
        ),
        tuple(rows),
        (
            (
                "T is the lowest recoil energy according to the quenching of the experiment file. "
                "Limits "
                "of CONUS 2020 (events) and nuGEN (rate) are divided by our prediction, the "
                "others are ratios as published. Ours is for the site, window and mass of the "
                "file, with an efficiency of one unless the file has another, and per kilogram of "
                "the target of the file; for NEON this is a kilogram of NaI, of which only sodium "
                "recoils are included."
            ),
            (
                "A ratio depends on the assumed quenching factor as much as on the data; ratios "
                "with different quenching factors must not be compared."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Above what the files predict per kg and day; below what is published, in Standard Models."""
    figure, grid = style.panels(style.DOUBLE_IN, 6.4, 2, 1, sharex=True, height_ratios=(1.0, 1.25))
    above, below = grid[:, 0]
    _rates(above)
    for line in lines():
        if line.result.threshold_kevnr is not None and line.predicted is not None:
            _in_a_range(above, line, line.predicted)
    below.axhline(1.0, color=style.INK, linewidth=0.9, zorder=0)
    for line in lines():
        _published(below, line)
    below.set_yscale("log")
    below.set_ylim(0.2, 5000.0)
    heights = (1, 10, 100, 1000)
    below.set_yticks(heights, [str(h) for h in heights])
    below.set_ylabel("Published / Standard Model")
    below.set_xlim(0.0, 2.1)
    below.set_xlabel("Threshold as recoil energy [keVnr]")
    for label, fill in (("Lindhard's theory, k as labelled", "white"), ("Other quenching", "0.4")):
        below.plot([], [], "o", color="0.4", markerfacecolor=fill, markersize=5.0, label=label)
    for label, dash in (("Limit, or both ends of a range", "-"), ("Expected limit", "--")):
        below.plot(
            [], [], "v", color="0.4", linestyle=dash, linewidth=1.2, markersize=4.0, label=label
        )
    below.legend(loc="upper right", fontsize=7.5)
    note = (
        "above: site, window and target of the files; *: from memory, see the "
        f"table; cevns {VERSION}"
    )
    style.caption(above, "CEvNS at reactors", note)
    return figure


def _rates(axes: Axes) -> None:
    """Experiments that predict the same have one label."""
    groups: list[tuple[list[str], float, float, set[str]]] = []
    for r, y in _predicted():
        axes.plot(r.recoil_kev, y, linestyle="", **r.marker)
        first, _, rest = r.label.partition(" ")
        near = [g for g in groups if abs(g[1] - r.recoil_kev) < 0.01]
        same = [g for g in near if g[0][0] == first and abs(math.log(g[2] / y)) < 0.3]
        if same:
            same[0][0].append(rest)
            same[0][3].add(color(r.target))
        else:
            groups.append(([first, *([rest] if rest else [])], r.recoil_kev, y, {color(r.target)}))
    for near in ([g for g in groups if g[1] < 0.6], [g for g in groups if g[1] >= 0.6]):
        places = 10.0 ** spread([math.log10(g[2]) for g in near], 0.19)
        for (words, x, _, tints), place in zip(near, places, strict=True):
            axes.annotate(
                f"{words[0]} {', '.join(words[1:])}", (x, float(place)), (6.0, 0.0),
                textcoords="offset points", va="center", fontsize=7.5,
                color=min(tints) if len(tints) == 1 else style.INK,
            )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(0.02, 200.0)
    heights = (0.1, 1, 10, 100)
    axes.set_yticks(heights, [f"{h:g}" for h in heights])
    axes.set_ylabel("Predicted counts [(kg d)$^{-1}$]")


def _in_a_range(axes: Axes, line: Line, predicted: float) -> None:
    """A prediction whose axis is not one of energies, at the recoil energies written out."""
    r, x = line.result, line.recoil_kev
    axes.plot(x, [predicted] * len(x), color=color(r.target), linewidth=0.8)
    axes.plot(x[0], predicted, linestyle="", **marker(r.target, r.quenching == "Lindhard"))
    axes.annotate(
        r.title, (x[0], predicted), (0.0, -10.0), textcoords="offset points", ha="center",
        va="center", fontsize=7.5, color=color(r.target),
    )  # fmt: skip


def _published(axes: Axes, line: Line) -> None:
    from matplotlib.patheffects import withStroke

    r, x = line.result, line.recoil_kev[0]
    look = marker(r.target, r.quenching == "Lindhard")
    if len(line.recoil_kev) == 2:
        axes.plot(line.recoil_kev, [line.ratios[0]] * 2, color=color(r.target), linewidth=0.8)
    if r.kind == "measurement":
        value, up, down = line.ratios
        low = max(value - down, 1e-3)
        axes.errorbar(x, value, [[value - low], [up]], capsize=3.0, linewidth=1.2, **look)
        top = value + up if value + up > 10.0 else value
    elif r.kind == "range":
        low, top = line.ratios
        axes.errorbar(x, 1.0, [[1.0 - low], [top - 1.0]], capsize=3.0, linewidth=1.2, **look)
        top = 1.0
    else:
        top = line.ratios[-1]
        _arrow(axes, x, line.ratios, look, dashed=r.kind == "expected")
    star = "*" if r.memory else ""
    k = "" if r.k is None else f", k = {r.k:g}"
    dx, dy, side = _BESIDE.get(r.id, (7.0, 0.0, "left"))
    title = r.title.replace(" technical", "\ntechnical")  # ends before the bar of MINER
    axes.annotate(
        f"{title}{star}{k}", (x, top), (dx, dy), textcoords="offset points", ha=side,
        va="center", color=color(r.target), fontsize=7.5, zorder=4,
        path_effects=[withStroke(linewidth=2.0, foreground="white")],
    )  # fmt: skip


def _arrow(
    axes: Axes, x: float, ratios: tuple[float, ...], look: dict[str, Any], *, dashed: bool
) -> None:
    """A limit: a mark at each end of its range and an arrow to what is allowed."""
    line = {"color": look["color"], "linewidth": 1.2, "linestyle": "--" if dashed else "-"}
    axes.plot([x, x], [ratios[0] / 1.8, ratios[-1]], zorder=2, **line)
    axes.plot(x, ratios[0] / 1.8, marker="v", color=look["color"], markersize=4.0)
    axes.plot([x] * len(ratios), ratios, linestyle="", **look)
