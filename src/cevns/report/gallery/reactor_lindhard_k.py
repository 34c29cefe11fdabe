"""Germanium at reactors: counts against Lindhard's k, and which k is excluded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.datasets.places import VARIABLE
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.reactor_files import with_k
from cevns.reproduction.reactor_limits import ReactorResult, reactor_result
from cevns.study import Study
from cevns.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SPECTRUM", "Comparison", "comparisons", "figure", "spectrum", "table"]

_GRID: Final = (0.14, 0.17, 0.21, 0.26, 0.32)
_MEASURED: Final = (0.162, 0.004)
"""k of germanium, measured, that CONUS+ takes (arXiv:2501.05206)."""
_LOOKS: Final[dict[str, tuple[str, Any]]] = {
    "conus-plus-2025": ("#2f5fb3", "-"),
    "texono-later": ("#e42536", (0, (5, 1.6))),
    "texono-2025": ("#d98200", (0, (4, 1.2, 1, 1.2))),
    "nugen-2022": ("#3f8f5b", (0, (2.5, 1))),
    "conus-2020": ("#964a8b", "-"),
    "conus-2020 [340, 1000]": ("#964a8b", (0, (1.2, 1.2))),
}
"""A published result, and edges in place of those of its file."""
_DRESDEN: Final = "dresden-ii"
_DRESDEN_LOOK: Final[tuple[str, Any]] = ("#7a5230", (0, (6, 1.2, 1, 1.2, 1, 1.2)))
SPECTRUM: Final = f"{_DRESDEN}/dresden.csv"
"""The released spectrum of Dresden-II in the form that its page has, in the folder of the data."""


@dataclass(frozen=True)
class Comparison:
    """Counts of an experiment as a function of k over what was published.

    Args:
        result: as published.
        name: of the result, and edges of the window, eVee, where they are not the file's.
        title: for figures.
        over: predicted counts over published ones at the values of k of a coarse grid.
        measured: counts and their error, where they are what is compared with.
    """

    result: ReactorResult
    name: str
    title: str
    over: tuple[float, ...]
    measured: tuple[float, float] | None = None

    def at(self, k: ArrayLike) -> Array:
        """Predicted over published: a cubic spline of the logarithms, good to 0.2 %."""
        from scipy.interpolate import CubicSpline

        through = CubicSpline(np.log(_GRID), np.log(self.over))
        out: Array = np.exp(through(np.log(k)))
        return out

    def within(self) -> tuple[float | None, ...]:
        """The values of k at both ends of the error of a measurement; none of a limit."""
        if self.measured is None:
            return (None, None)
        events, error = self.measured
        return tuple(self.where(1.0 + s * error / events) for s in (-1, 1))

    def where(self, level: float = 1.0) -> float | None:
        """The k at which predicted over published is `level`; None beyond the grid."""
        from scipy.optimize import brentq

        if not self.over[0] < level < self.over[-1]:
            return None
        return float(brentq(lambda k: float(self.at(k)) - level, _GRID[0], _GRID[-1], xtol=1e-6))


@cache
def _counts(name: str, edges: str = "") -> Array:
    overrides = {"axes.energy.edges": edges} if edges else {}
    return np.array([with_k(name, k, overrides).prediction() for k in _GRID])


def spectrum() -> Path | None:
    """The user's table of the spectrum of Dresden-II, `SPECTRUM` in ``CEVNS_DATA``; or None."""
    folder = os.environ.get(VARIABLE)
    path = Path(folder).expanduser() / SPECTRUM if folder else None
    return path if path is not None and path.is_file() else None


@cache
def _of_spectrum(path: Path) -> Comparison:
    """Dresden-II: predicted counts over those fitted to its spectrum with the same k."""
    data = {"data": f"{{values: '{path}', statistic: {{kind: gaussian}}}}"}
    over, fitted = [], []
    for k in _GRID:
        experiment = with_k(_DRESDEN, k, data)
        poi = Study((experiment,)).fit(minos="none").poi
        assert poi is not None
        over.append(experiment.prediction() / poi.value)
        fitted.append((poi.value, poi.error))
    nearest = int(np.argmin(np.abs(np.log(over))))
    result = reactor_result(_DRESDEN)
    return Comparison(result, _DRESDEN, result.title, tuple(over), fitted[nearest])


def comparisons() -> tuple[Comparison, ...]:
    """All lines: published are events, or a limit in Standard Models times our prediction of one.

    A limit in Standard Models holds at the k it was set with, which is that of the file. Dresden-II
    is among them where its `spectrum` is.
    """
    path = spectrum()
    return _published_counts() if path is None else (*_published_counts(), _of_spectrum(path))


@cache
def _published_counts() -> tuple[Comparison, ...]:
    out = []
    for name in _LOOKS:
        first, _, edges = name.partition(" ")
        result = reactor_result(first)
        experiment = result.loaded()
        assert experiment is not None
        published = result.events or result.ratios()[0] * experiment.prediction()
        counts = _counts(experiment.name, edges)
        low = edges.strip("[").partition(",")[0]
        title = f"{result.title}, from {low} eVee" if edges else result.title
        measured = None
        if result.events is not None and result.events_error is not None:
            measured = result.events, result.events_error
        out.append(Comparison(result, name, title, tuple(counts / published), measured))
    return tuple(out)


def _published(result: ReactorResult, measured: tuple[float, float] | None) -> str:
    if result.id == _DRESDEN:
        if measured is None:
            return "a spectrum, which is not in the package: no point without it"
        return f"a spectrum: {measured[0]:.0f} ± {measured[1]:.0f} counts fitted here"
    if result.kind == "measurement":
        return f"{result.events:g} ± {result.events_error:g} events"
    if result.events is not None:
        return f"< {result.events:g} events"
    if result.per_kg_day is not None:
        return f"< {result.per_kg_day:g} /kg/d"
    assert result.ratio is not None
    return f"< {result.ratio[0]:g} × SM at k = {result.k:g}"


def table() -> Table:
    """The k at which the prediction is what was published."""
    rows: list[tuple[str | float | None, ...]] = []
    for c in comparisons():
        r = c.result
        over = float(c.at(_MEASURED[0]))
        ours = over, c.where(), *c.within()
        published = _published(r, c.measured)
        kind = "measurement" if r.id == _DRESDEN else r.kind
        rows.append((c.title, kind, published, *ours, r.excluded_k, r.source, r.memory))
    if spectrum() is None:
        r = reactor_result(_DRESDEN)
        none = (None, None, None, None, None)
        rows.append((r.title, "measurement", _published(r, None), *none, r.source, r.memory))
    return Table(
        (
            "experiment",
            "published is",
            "published",
            "ours over it, k = 0.162",
            "equal at k",
            "k at −1σ",
            "k at +1σ",
            "published limit on k",
            "published in",
            "from memory",
        ),
        tuple(rows),
        (
            (
                "Predicted counts in the window of the file, with an efficiency of one, divided "
                "by the published count; a limit excludes values of k for which this is above "
                "one. The limit on the counts is assumed not to depend on k."
            ),
            (
                "The window of CONUS 2020 is from memory and efficiencies are not public: with "
                "300 eVee the file reaches the 85 events at a lower k than the published limit, "
                "and with 340 eVee at that k. The published pairs of limits of TEXONO differ by "
                "as much."
            ),
            (
                "Dresden-II has published a spectrum, with the source files of the article, but "
                f"no count in its window. As a table {SPECTRUM} in the folder {VARIABLE}, in the "
                "form that "
                "its page has, it is fitted with each k, with all parts of its background free. "
                "The published quenching is not a Lindhard curve; k is the value required by its "
                "counts."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Curves cross the line at the k that a limit excludes; diamonds are published limits on k.

    The thick part of the line is what CONUS+ measured, with its error.
    """
    figure, grid = style.panels(style.DOUBLE_IN, 4.2)
    axes = grid[0, 0]
    k = np.linspace(_GRID[0], _GRID[-1], 200)
    axes.axhline(1.0, color=style.INK, linewidth=0.9)
    centre, error = _MEASURED
    axes.axvspan(centre - error, centre + error, color="0.9", linewidth=0.0, zorder=-1)
    for c in comparisons():
        color, dash = _LOOKS.get(c.name, _DRESDEN_LOOK)
        axes.plot(k, c.at(k), color=color, linestyle=dash, label=c.title)
        at, ends = c.where(), c.within()
        if at is None:
            continue
        axes.plot(at, 1.0, "|", color=color, markersize=11.0, markeredgewidth=1.4)
        if None not in ends:
            axes.plot(ends, [1.0, 1.0], color=color, linewidth=3.5, solid_capstyle="butt")
        if c.result.excluded_k is not None:
            axes.plot(
                c.result.excluded_k, 1.0, "D", color=color, markerfacecolor="white",
                markersize=6.0, markeredgewidth=1.3, zorder=5,
            )  # fmt: skip
    axes.plot(
        [], [], "D", color="0.4", markerfacecolor="white", linestyle="",
        label="Published limit on k",
    )  # fmt: skip
    axes.plot(
        [], [], "|", color="0.4", linestyle="", markersize=9.0, markeredgewidth=1.4, label="Ours"
    )
    axes.set_yscale("log")
    axes.set_xlim(_GRID[0], _GRID[-1])
    axes.set_ylim(0.05, 8.0)
    heights = (0.1, 0.2, 0.5, 1, 2, 5)
    axes.set_yticks(heights, [f"{h:g}" for h in heights])
    label = f"{centre:g} ± {error:g},\nmeasured"
    axes.text(centre, 5.2, label, ha="center", va="center", color=style.FAINT, fontsize=7.5)
    axes.set_xlabel("Lindhard $k$")
    axes.set_ylabel("Predicted / published counts")
    axes.legend(loc="lower right", fontsize=7.5)
    absent = "" if spectrum() else "Dresden-II: its spectrum is not available, see the table; "
    note = (
        f"limits: excluded above the line; windows, resolutions: some from memory; {absent}"
        f"cevns {VERSION}"
    )
    style.caption(axes, "Germanium at reactors and its quenching", note)
    return figure
