"""Significance of a supernova burst against its distance."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from cevns.analysis.expected.burst_counts import burst_counts
from cevns.analysis.expected.burst_significance import Detection
from cevns.analysis.expected.burst_views import Bare
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.burst_figures import LINES, draw_reach
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources.supernova import Supernova

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["detection", "figure", "table"]


class _Setup(NamedTuple):
    """A target as an example: mass, threshold and steady background above it."""

    target: str
    mass_t: float
    threshold_kevnr: float
    per_kg_d: float


SETUPS: Final = (
    _Setup("Xe", 40.0, 1.0, 1e-2),
    _Setup("Xe", 7.0, 1.0, 1e-2),
    _Setup("Ar", 50.0, 5.0, 1e-3),
    _Setup("Ge", 1.0, 0.5, 1e-2),
)
"""Examples of ours: thresholds and backgrounds are of no detector that exists."""
_WINDOW_S: Final = 10.0


@cache
def detection(setup: _Setup) -> Detection:
    """A burst of 27 solar masses at 10 kpc in a target."""
    source = Supernova(distance_kpc=10.0, model="ls220-27")
    found = burst_counts(
        source,
        Bare(setup.target, threshold_kevnr=setup.threshold_kevnr),
        mass_kg=1000.0 * setup.mass_t,
        times_s=(10.0,),
        background_kg_d=setup.per_kg_d,
        window_s=_WINDOW_S,
    ).detection
    assert found is not None
    return found


def table() -> Table:
    """Signal and background in the window, and the distances of a discovery."""
    rows = []
    for setup in SETUPS:
        d = detection(setup)
        rows.append(
            (
                f"{setup.mass_t:g} t {setup.target}",
                f"{setup.threshold_kevnr:g}",
                f"{setup.per_kg_d:g}",
                d.signal,
                d.background,
                str(d.count_needed),
                d.reach_kpc,
                d.sure_kpc,
            )
        )
    return Table(
        (
            "target",
            "above / keVnr",
            "background /kg/d",
            "signal at 10 kpc",
            "background in 10 s",
            "events for 5 sigma",
            "half seen to / kpc",
            "90 % seen to / kpc",
        ),
        tuple(rows),
        (
            (
                "A star of 27 solar masses (ls220-27), counted during 10 s from the beginning of "
                "the burst, at a time known from another observation. Thresholds and backgrounds "
                "are examples and not those of an existing detector."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Standard deviations of the median count; steps are those of whole events."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.6)
    axes = grid[0, 0]
    for k, setup in enumerate(SETUPS):
        look = dict(LINES[setup.target])
        if k == 1:
            look["linestyle"] = (0, (5, 1.6))
        label = f"{setup.mass_t:g} t {setup.target}, > {setup.threshold_kevnr:g} keVnr"
        draw_reach(axes, detection(setup), label=label, **look)
    axes.axhline(5.0, color=style.FAINT, linewidth=0.7, linestyle=":")
    axes.text(2.1, 5.3, r"5 $\sigma$", color=style.FAINT)
    axes.set_xlim(2.0, 300.0)
    axes.set_ylim(0.0, 30.0)
    ticks = (2, 5, 10, 20, 50, 100, 200)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.legend(loc="upper right")
    note = f"27 solar masses, 10 s, examples of thresholds and backgrounds; cevns {VERSION}"
    style.caption(axes, "Detection distance of a supernova", note)
    return figure
