"""Couplings of nu_e to u and d quarks: the plane, by Wilks and by Feldman-Cousins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.processes import degeneracy
from cevns.report.drawing import style
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["NAME", "figure", "table"]

CARRIED = scans.TOYS_FROM

NAME = "nsi-ee-plane"


def _scan() -> Scan:
    return scans.profile("nsi", {"eps_ee_u": (-0.5, 0.8, 41), "eps_ee_d": (-0.5, 0.8, 41)})


def table() -> Table:
    """Intervals of one coupling at a time, beside those of an independent calculation."""
    return compared("csi-2021-eps")


@style.styled
def figure() -> Figure:
    """Regions of CsI, of argon and of both; dotted, where the rate is the predicted one."""
    found = _scan()
    drawn = scan_figure(
        found,
        overlays=[scans.shipped(NAME), scans.shipped(f"{NAME}-argon")],
        title="NSI of electron neutrinos, CsI[Na] 2021",
    )
    axes = drawn.axes[0]
    u = found.axes[0]
    lines = degeneracy.degenerate_lines("CsI", "e").values()
    for k in (0, 1):
        d = np.mean([line.eps_d(u)[k] for line in lines], axis=0)
        axes.plot(u, d, color=style.FAINT, linewidth=0.8, linestyle=(0, (1, 1.5)))
    axes.set_ylim(found.axes[1][0], found.axes[1][-1])
    return drawn
