"""Summary of all CEvNS results worldwide: measured over Standard Model, and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from cevns.experiments import load
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery.global_cross_sections import strengths
from cevns.report.gallery.summary import published_ratio, short_name
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.published_results import PublishedResult, results
from cevns.reproduction.published_rows import declared
from cevns.reproduction.reactor_limits import reactor_results
from cevns.sources import source
from cevns.study.choice_variants import load_combination

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["WorldResult", "figure", "lines", "table"]

Kind = Literal["measured", "claimed, disputed", "limit", "expected limit"]

_SETS: Final = {
    "coherent-csi-2021": "csi",
    "coherent-lar-2020-a": "lar",
    "coherent-ge-2024": "ge-2024",
    "coherent-ge-2026": "ge-2026",
    "conus-plus-2025": "conus-plus",
    "xenonnt-2026": "xenonnt",
    "pandax4t-2024": "pandax",
}
"""Result to the set of the global fit that measures the same."""
_TOTAL: Final = {"conus-plus-2025": {"choose.conus-plus-error": "total"}}
"""What makes the error of ours the total that is published, which is not the usual one of a set."""
_DISPUTED: Final = {
    "dresden-ii": (
        "a signal is claimed with a quenching factor above Lindhard's, which CONUS+ excludes; "
        "shown is the range of rates that is not excluded"
    )
}
_SUN: Final = {
    "xenonnt-2024": ("XENONnT 2024", "xenonnt-2024-flux"),
    "pandax4t-2024": ("PandaX-4T 2024", "pandax4t-2024-flux"),
    "xenon1t-2020": ("XENON1T 2020", "xenon1t-2020-flux"),
}
"""Experiments that see the Sun, and the row that has their flux of 8B as published."""
_UNREAD: Final = {"xenonnt-2026": ("XENONnT 2026", ""), "lz-2025": ("LZ 2025", "4.5 sigma; ")}
"""Experiments that see the Sun whose published flux could not be read."""
_LIMIT: Final[Kind] = "limit"
_KINDS: Final[dict[str, Kind]] = {
    "limit": "limit",
    "expected": "expected limit",
    "measurement": "measured",
    "range": "claimed, disputed",
}
"""Of results at reactors; the one that gives a range is Dresden-II."""
_COLORS: Final = {"SNS": "#2f5fb3", "reactor": "#d98200", "Sun": "#3f8f5b"}
_MARKS: Final = {"SNS": "o", "reactor": "D", "Sun": "s"}


@dataclass(frozen=True)
class WorldResult:
    """One result.

    Args:
        title: experiment and year.
        source: of the neutrinos: ``SNS``, ``reactor`` or ``Sun``.
        target: material.
        kind: what was published.
        published: in Standard Models: value and errors up and down; of a limit one number or both
            ends of a range; of a claim the ends of what it does not exclude; empty where the number
            could not be read.
        ours: value and errors up and down of the global fit; None where it has no such set.
        level: confidence level of a limit.
        paper: where it was published.
        memory: what was not checked against the paper.
        note: more.
    """

    title: str
    source: str
    target: str
    kind: Kind
    published: tuple[float, ...]
    ours: tuple[float, float, float] | None
    level: float | None
    paper: str
    memory: str = ""
    note: str = ""

    @property
    def year(self) -> int:
        """Of the paper, by its arXiv number; 9999 of one that has none, so that it comes last."""
        found = re.search(r"\b(\d\d)(?:0[1-9]|1[0-2])\.\d{4,5}\b", self.paper)
        return 2000 + int(found[1]) if found else 9999

    @property
    def text(self) -> str:
        """The published number as a table shows it."""
        if not self.published:
            return "not read"
        values = [f"{v:.3g}" if v < 1000 else f"{v:.0f}" for v in self.published]
        if self.kind == "measured":
            return _with_errors(self.published)
        return ("" if self.kind == "claimed, disputed" else "< ") + " to ".join(values)


def _with_errors(ratio: tuple[float, ...]) -> str:
    """Value and errors with two decimals, those of large errors without any."""
    value, up, down = (f"{v:.2f}" if abs(v) < 100.0 else f"{v:.0f}" for v in ratio)
    return f"{value} ± {up}" if up == down else f"{value} +{up} −{down}"


def _ours(name: str) -> tuple[float, float, float] | None:
    """Ours with the total error where one is published, and as in the global fit elsewhere."""
    known = _SETS.get(name)
    if known is None:
        return None
    if name not in _TOTAL:
        return strengths()[known]
    study = load_combination(f"global:{known}", overrides=_TOTAL[name])
    poi = study.fit("cross-section-scale").poi
    assert poi is not None
    return (
        poi.value,
        poi.error if poi.error_up is None else poi.error_up,
        poi.error if poi.error_down is None else poi.error_down,
    )


def _stopped_pions() -> Iterator[WorldResult]:
    """Results of COHERENT; a limit is divided by the prediction for the same nucleus."""
    for r in results():
        ratio = published_ratio(r)
        if ratio is None:
            assert r.limit is not None
            yield WorldResult(
                r.title, "SNS", r.target, _LIMIT, _of_limit(r), None, r.limit, r.source, r.memory,
                "limit on the cross section",
            )  # fmt: skip
            continue
        note = "ratio of counts" if r.cross_section_cm2 is None else ""
        yield WorldResult(
            f"COHERENT {short_name(r)}", "SNS", r.target, "measured", ratio, _ours(r.id), None,
            r.source, r.memory, note,
        )  # fmt: skip


def _of_limit(r: PublishedResult) -> tuple[float, ...]:
    """A limit on the cross section over the Standard Model of the papers on the same nucleus."""
    assert r.cross_section is not None
    known = (x.standard_model for x in (r, *results()) if x.target == r.target)
    return (r.cross_section[0] / next(x for x in known if x is not None),)


def _reactors() -> Iterator[WorldResult]:
    for r in reactor_results():
        note = _DISPUTED.get(r.id, r.note)
        yield WorldResult(
            r.title, "reactor", r.target, _KINDS[r.kind], r.ratios(), _ours(r.id), r.level,
            r.source, r.memory, note,
        )  # fmt: skip


def _sun() -> Iterator[WorldResult]:
    """Fluxes of 8B as published over the one that the collaborations take (SNO)."""
    nominal = source("sun", branches=["b8"], fluxes="sno-8b", live_time_d=1.0)
    expected = sum(nominal.fluence_cm2(f) for f in nominal.flavours) / 86400.0
    for experiment, (title, row) in _SUN.items():
        p = next(each for each in declared((row,)) if each.id == row)
        assert p.published is not None
        ratio: tuple[float, ...] = (1e6 * p.published / expected,)
        if p.error_up is not None and p.error_down is not None:
            ratio += (1e6 * p.error_up / expected, 1e6 * p.error_down / expected)
        limit = len(ratio) == 1
        paper, remembered, _ = p.source.partition(" (from memory)")
        memory = ("limit" if limit else "flux") if remembered else ""
        note = f"flux of 8B over {expected / 1e6:.3g}e6 /cm²/s"
        yield WorldResult(
            title, "Sun", "Xe", _LIMIT if limit else "measured", ratio, _ours(experiment),
            0.9 if limit else None, paper, memory, note,
        )  # fmt: skip
    for experiment, (title, note) in _UNREAD.items():
        paper = load(experiment).declaration.cite[0]
        yield WorldResult(
            title, "Sun", "Xe", "measured", (), _ours(experiment), None, paper, "",
            f"{note}its published flux was not available for this version",
        )  # fmt: skip


@cache
def lines() -> tuple[WorldResult, ...]:
    """All results, by the year of their paper.

    Examples:
        >>> first = lines()[0]
        >>> first.title, first.text
        ('COHERENT CsI 2017', '0.77 ± 0.25')
    """
    found = [*_stopped_pions(), *_reactors(), *_sun()]
    return tuple(sorted(found, key=lambda e: e.year))


def table() -> Table:
    """Every result, published beside ours."""
    rows = tuple(
        (
            e.title, e.source, e.target, e.kind, e.text,
            "" if e.ours is None else _with_errors(e.ours), e.level, e.paper, e.memory, e.note,
        )
        for e in lines()
    )  # fmt: skip
    return Table(
        (
            "result", "source", "target", "published is", "× SM, published", "× SM, ours", "CL",
            "published in", "from memory", "note",
        ),
        rows,
        (
            (
                "Measured over Standard Model, by the year of the paper. Published: the cross "
                "section, the count or the flux over the prediction of the same paper where it has "
                "one; limits of CONUS 2020 and nuGEN are divided by our prediction."
            ),
            (
                "Ours: CEvNS over the Standard Model in the global fit, with the errors of fluxes "
                "and efficiencies, from a table made by tools/make_global_tables.py. That of "
                "CONUS+ is fitted here with the published total error, 106 of 395 events, as the "
                "published ratio is; the usual global fit has the 86 of the fit alone."
            ),
            (
                "Analyses A and B of argon have the same data, and so have in part germanium 2024 "
                "and 2026, and XENONnT 2024 and 2026: the results must not be averaged. Limits at "
                "reactors assume different quenching."
            ),
        ),
        digits=3,
    )  # fmt: skip


@style.styled
def figure() -> Figure:
    """Above measurements, published (full) and ours (open); below limits. Colours: sources."""
    above = [e for e in lines() if e.kind in ("measured", "claimed, disputed") and not _weak(e)]
    above = [e for e in above if e.published or e.ours]
    below = [e for e in lines() if "limit" in e.kind or _weak(e)]
    height = 1.5 + 0.235 * (len(above) + len(below))
    figure, grid = style.panels(
        style.DOUBLE_IN, height, 2, 1, height_ratios=(len(above) + 1.0, len(below) + 1.0)
    )
    _measurements(grid[0, 0], above)
    _limits(grid[1, 0], below)
    style.caption(
        grid[0, 0],
        "CEvNS worldwide",
        f"*: from memory in part; ours: global fit, cevns {VERSION}",
    )
    return figure


def _weak(e: WorldResult) -> bool:
    """Whether a measurement has an error so large that it says what a limit says."""
    return e.kind == "measured" and len(e.published) == 3 and e.published[1] > 10.0


def _look(e: WorldResult) -> dict[str, Any]:
    color = _COLORS[e.source]
    return {"fmt": _MARKS[e.source], "color": color, "markersize": 4.5, "linewidth": 1.2}


def _names(axes: Axes, shown: list[WorldResult]) -> None:
    """Rows with their names, and the paper at the right."""
    labels = [f"{e.title}{'*' if e.memory else ''}, {e.target}" for e in shown]
    labels = [e if not e.startswith("COHERENT") else e.rpartition(",")[0] for e in labels]
    axes.set_yticks(range(len(shown)), labels, fontsize=7.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.axvline(1.0, color=style.INK, linewidth=0.9, zorder=0)
    for row, e in enumerate(shown):
        paper = e.paper.partition(",")[0].rpartition("; ")[2].removesuffix(" second hand")
        axes.text(
            0.995, row, paper, transform=axes.get_yaxis_transform(), ha="right", va="center",
            fontsize=6.5, color=style.FAINT,
        )  # fmt: skip


def _measurements(axes: Axes, shown: list[WorldResult]) -> None:
    _names(axes, shown)
    for row, e in enumerate(shown):
        gap = 0.17 if e.ours is not None and e.published else 0.0
        if e.kind == "claimed, disputed":
            low, high = e.published
            axes.plot(
                [low, high], [row, row], color=_COLORS[e.source], linestyle=(0, (3, 2)),
                linewidth=1.2, marker="|",
            )  # fmt: skip
            axes.text(high + 0.04, row, e.kind, va="center", fontsize=7.0, color=style.FAINT)
        elif e.published:
            value, up, down = e.published
            axes.errorbar(value, row - gap, xerr=[[down], [up]], capsize=2.0, **_look(e))
        if e.ours is not None:
            value, up, down = e.ours
            look = {**_look(e), "markerfacecolor": "white"}
            axes.errorbar(value, row + gap, xerr=[[down], [up]], capsize=2.0, **look)
    for place, color in _COLORS.items():
        name = place if place == "SNS" else place.capitalize()
        axes.plot([], [], _MARKS[place], color=color, markersize=4.5, label=name)
    for label, fill in (("Published", "0.3"), ("Ours", "white")):
        axes.plot([], [], "o", color="0.3", markerfacecolor=fill, markersize=4.5, label=label)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.01, 0.99), ncols=5, fontsize=7.5, columnspacing=1.0,
        handletextpad=0.2,
    )  # fmt: skip
    axes.set_xlim(0.0, 3.0)
    axes.set_xlabel("Measured / Standard Model")


def _limits(axes: Axes, shown: list[WorldResult]) -> None:
    _names(axes, shown)
    for row, e in enumerate(shown):
        color = _COLORS[e.source]
        ends = (e.published[0] + e.published[1],) if _weak(e) else e.published
        axes.plot([ends[0] / 1.7, ends[-1]], [row, row], color=color, linewidth=1.2)
        axes.plot(ends[0] / 1.7, row, "<", color=color, markersize=4.0)
        axes.plot(
            ends, [row] * len(ends), marker="|", linestyle="none", color=color, markersize=8.0,
            markeredgewidth=1.6,
        )  # fmt: skip
        if _weak(e) or e.kind == "expected limit":
            text = f"{e.text}, one standard deviation" if _weak(e) else e.kind
            axes.annotate(
                text, (ends[0] / 1.7, row), (-7.0, 0.0), textcoords="offset points", va="center",
                ha="right", fontsize=7.0, color=style.FAINT,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(0.5, 1e5)
    ticks = (1, 10, 100, 1000, 10000)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xlabel("Upper limit / Standard Model")
