"""Recoils of a supernova burst above a threshold, for all targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.burst_figures import LINES, TARGETS, above
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]

_THRESHOLDS: Final = (0.0, 0.5, 1.0, 3.0, 5.0, 10.0)


def table() -> Table:
    """Counts per tonne, vector part alone, and with the axial part above 1 keV."""
    rows = tuple(
        (target, *above(target, _THRESHOLDS), above(target, (1.0,), axial=True)[0])
        for target in TARGETS
    )
    return Table(
        ("target", *(f"> {t:g} keVnr" for t in _THRESHOLDS), "> 1 keVnr with axial part"),
        rows,
        (
            (
                "Per tonne, for the usual pinched burst at 10 kpc: 5e52 erg in each of six species "
                "with mean energies of 12, 15 and 15.6 MeV; couplings 0.0298 and -0.5117, Helm "
                "form factor. Counts are proportional to the inverse square of the distance. "
                "Lead: only coherent scattering, without the breakup of the nucleus."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Counts per tonne above a threshold."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.8)
    axes = grid[0, 0]
    thresholds = tuple(np.geomspace(0.02, 60.0, 160).tolist())
    for target in TARGETS:
        axes.plot(thresholds, above(target, thresholds), label=target, **LINES[target])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(thresholds[0], thresholds[-1])
    axes.set_ylim(0.05, 60.0)
    ticks = (0.1, 1.0, 10.0)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    heights = (0.1, 1.0, 10.0)
    axes.set_yticks(heights, [f"{h:g}" for h in heights])
    axes.set_xlabel("Threshold [keVnr]")
    axes.set_ylabel("Events per tonne")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    note = f"pinched burst of 3e53 erg at 10 kpc, coherent scattering alone; cevns {VERSION}"
    style.caption(axes, "A supernova burst above a threshold", note)
    return figure
