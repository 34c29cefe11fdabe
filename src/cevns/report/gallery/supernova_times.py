"""Recoils of a supernova burst in xenon against time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.analysis.expected.burst_counts import TIMES_S, BurstCounts, burst_counts
from cevns.analysis.expected.burst_views import Bare
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.burst_figures import draw_times, rate_in_time
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources.supernova import Supernova

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "found", "table"]

_VIEW: Final = Bare("Xe", threshold_kevnr=1.0)
_MODELS: Final = {"ls220-27": "27", "ls220-11.2": "11.2"}
_LOOK: Final[dict[str, dict[str, Any]]] = {
    "ls220-27": {"color": "#2f5fb3"},
    "ls220-11.2": {"color": "#e42536", "linestyle": (0, (5, 1.6))},
}


@cache
def found(model: str) -> BurstCounts:
    """A burst of a model at 10 kpc."""
    return burst_counts(Supernova(distance_kpc=10.0, model=model), _VIEW)


def table() -> Table:
    """Counts and the share of them that has come by a time."""
    rows: list[tuple[str | float, ...]] = [
        (mass, found(m).events_per_tonne, *found(m).cumulative) for m, mass in _MODELS.items()
    ]
    return Table(
        ("mass of the star", "events per tonne", *(f"by {t:g} s" for t in TIMES_S)),
        tuple(rows),
        (
            (
                "Stars of 27 and 11.2 solar masses, equation of state LS220, at 10 kpc: xenon "
                "above 1 keVnr. Published for the first, arXiv:1606.09243: 35, 123 and 704 events "
                "in 2, 7 and 40 t (masses from memory), 17.5 to 17.6 per tonne, with a threshold "
                "of about 0.9 keVnr."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Events per second and tonne, and their cumulated share."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 2)
    left, right = grid[0]
    for model, mass in _MODELS.items():
        edges, rate = rate_in_time(found(model).source, _VIEW)
        label = rf"{mass} $M_\odot$"
        draw_times(left, edges, rate, label=label, **_LOOK[model])
        steps = np.append(0.0, np.cumsum(rate * np.diff(edges)))
        right.plot(edges, steps / steps[-1], label=label, **_LOOK[model])
    left.set_ylim(3e-3, 60.0)
    left.set_xlim(2e-3, 15.0)
    left.set_ylabel("Events per second and tonne")
    left.legend(loc="lower left")
    right.set_xscale("log")
    right.set_xlim(2e-3, 15.0)
    right.set_ylim(0.0, 1.05)
    right.set_xlabel("Time after the bounce [s]")
    right.set_ylabel("Share of the events")
    for axes in (left, right):
        ticks = (0.01, 0.1, 1.0, 10.0)
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    note = f"xenon above 1 keVnr, 10 kpc, models LS220; cevns {VERSION}"
    style.caption(left, "A supernova burst in time", note)
    return figure
