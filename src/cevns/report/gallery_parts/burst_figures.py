"""Curves of a supernova burst: counts above thresholds, in time, and significance with distance."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.analysis.expected.burst_counts import BurstCounts
from cevns.analysis.expected.burst_significance import Detection
from cevns.analysis.expected.burst_views import Bare, View, counts_above
from cevns.processes import interaction
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.sources.supernova import Supernova
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "LINES",
    "TARGETS",
    "above",
    "burst_figure",
    "draw_reach",
    "draw_times",
    "rate_in_time",
]

TARGETS: Final = ("Pb", "Xe", "CsI", "NaI", "Ge", "Ar", "Si", "F", "He")
"""From heavy to light."""
LINES: Final[Mapping[str, dict[str, Any]]] = {
    "Pb": {"color": "#6f6f76", "linestyle": (0, (1.2, 1.2))},
    "Xe": {"color": "#2f5fb3"},
    "CsI": {"color": "#e42536", "linestyle": (0, (5, 1.6))},
    "NaI": {"color": "#964a8b", "linestyle": (0, (4, 1.2, 1, 1.2))},
    "Ge": {"color": "#d98200"},
    "Ar": {"color": "#3f8f5b"},
    "Si": {"color": "#6f6f76", "linestyle": (0, (5, 1.6))},
    "F": {"color": "#2f5fb3", "linestyle": (0, (4, 1.2, 1, 1.2))},
    "He": {"color": "#e42536", "linestyle": (0, (1.2, 1.2))},
}
"""Look of a target."""


@cache
def above(
    target: str, thresholds_kevnr: tuple[float, ...], model: str = "pinched", *, axial: bool = False
) -> tuple[float, ...]:
    """Recoils above thresholds, per tonne, of a burst at 10 kpc."""
    process = interaction("standard-model", couplings="scholberg2021", axial=axial)
    source = Supernova(distance_kpc=10.0, model=model)
    counts = counts_above(source, target, thresholds_kevnr, process=process).sum(axis=0)
    return tuple(counts.tolist())


def rate_in_time(source: Supernova, view: View, mass_kg: float = 1000.0) -> tuple[Array, Array]:
    """Counts per second in the time bins of a model: edges, s, and rates.

    Bins that are narrower than a fiftieth of a decade are joined.
    """
    assert source.burst_s is not None
    begin, end = source.burst_s
    edges = [begin, *(t for t in source.time_edges_s if begin < t < end), end]
    if len(edges) == 2:
        edges = [begin, *np.geomspace(1e-3 * (end - begin), end - begin, 40) + begin]
    counts = [
        view.per_tonne(source.during(a, b)).sum() / (b - a) for a, b in itertools.pairwise(edges)
    ]
    return np.array(edges), np.array(counts) * mass_kg / 1000.0


def draw_times(axes: Axes, edges_s: Array, rate: Array, **look: Any) -> None:
    """A rate in steps on logarithmic axes, from 1 ms after the bounce on."""
    axes.stairs(rate, edges_s, baseline=None, **look)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(2e-3, min(20.0, float(edges_s[-1])))
    axes.set_xlabel("Time after the bounce [s]")
    axes.set_ylabel("Events per second")


def draw_reach(axes: Axes, detection: Detection, **look: Any) -> None:
    """Significance of the median count against distance, to where it is one standard deviation."""
    far = 4.0 * detection.reach_kpc if np.isfinite(detection.reach_kpc) else 100.0
    distance = np.geomspace(0.02 * far, far, 1500)
    axes.plot(distance, detection.at(distance), **look)
    axes.set_xscale("log")
    axes.set_xlabel("Distance [kpc]")
    axes.set_ylabel("Significance of the median count [$\\sigma$]")


@style.styled
def burst_figure(found: BurstCounts) -> Figure:
    """Counts above thresholds or none, in time, and with distance: what a result has of these.

    Args:
        found: from `cevns.analysis.expected.burst_counts.burst_counts`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    bare = found.view if isinstance(found.view, Bare) else None
    timed = found.source.burst_s is not None
    parts = [bare is not None, timed, found.detection is not None]
    count = max(1, sum(parts))
    figure, grid = style.panels(2.4 * count + 1.1 * (count == 1), 2.9, 1, count)
    panels = iter(grid[0])
    if bare is not None:
        _thresholds(next(panels), found, bare)
    if timed:
        axes = next(panels)
        edges, rate = rate_in_time(found.source, found.view, found.mass_kg)
        draw_times(axes, edges, rate, color=style.ACCENT)
        top = float(rate.max())
        axes.set_ylim(1e-4 * top, 3.0 * top)
    if found.detection is not None:
        axes = next(panels)
        _detection(axes, found.detection)
    if not any(parts):
        _spectrum(grid[0, 0], found)
    note = f"{found.source.name}, {found.source.distance_kpc:g} kpc; cevns {VERSION}"
    style.caption(grid[0, 0], f"Supernova burst in {found.view.material.name}", style.plain(note))
    return figure


def _thresholds(axes: Axes, found: BurstCounts, bare: Bare) -> None:
    largest = max(10.0, 3.0 * bare.threshold_kevnr)
    thresholds = np.geomspace(0.01, largest, 60)
    counts = counts_above(
        found.source,
        bare.material,
        thresholds,
        process=bare.process,
        form_factor=bare.form_factor,
        mass_kg=found.mass_kg,
    ).sum(axis=0)
    axes.plot(thresholds, counts, color=style.ACCENT)
    axes.plot(bare.threshold_kevnr, found.events, "o", color=style.INK, markersize=4.0)
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.1 * float(counts[0]))
    axes.set_xlabel("Threshold [keVnr]")
    axes.set_ylabel(f"Events in {found.mass_kg / 1000.0:g} t")


def _spectrum(axes: Axes, found: BurstCounts) -> None:
    source = found.source
    energy = np.linspace(0.0, 60.0, 400)
    for flavour in source.flavours:
        axes.plot(
            energy,
            source.fluence_cm2(flavour) * source.spectrum(flavour, energy),
            label=style.flavour_text(flavour),
            **style.flavour_line(flavour),
        )
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.set_ylabel("Fluence [cm$^{-2}$ MeV$^{-1}$]")
    axes.legend()


def _detection(axes: Axes, detection: Detection) -> None:
    draw_reach(axes, detection, color=style.ACCENT)
    axes.axhline(detection.sigmas, color=style.FAINT, linewidth=0.7, linestyle=":")
    axes.axvline(detection.reach_kpc, color=style.FAINT, linewidth=0.7, linestyle=":")
    axes.set_ylim(0.0, 4.0 * detection.sigmas)
