"""Couplings of neutrinos to quarks (NSI): three planes, by set of data and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.processes import degeneracy
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PLANES", "figure", "table"]

CARRIED = tables.FITS_FROM

PLANES: Final = {
    "global-nsi-flavours": ("eps_ee_u", "eps_mumu_u"),
    "global-nsi-quarks": ("eps_ee_u", "eps_ee_d"),
    "global-nsi-tau": ("eps_ee_u", "eps_tautau_u"),
}
_TARGETS: Final = {"CsI": "#e42536", "Ar": "#2f5fb3", "Ge": "#d98200", "Xe": "#3f8f5b"}


def table() -> Table:
    """Pieces of the regions, and the minima of all sets together, of all planes."""
    notes = (
        (
            "In the plane of both quarks −2 ln L hardly changes along the bands, so the minima "
            "lie outside, and there is no interval for one coupling without the other."
        ),
        (
            "Each part of a region is given by its extent; above or below means that it "
            "reaches the end of the plane."
        ),
        "Vector couplings to u and d quarks, all others zero; minima are not averaged.",
        (
            "The effect on propagation in the Sun is not included: the survival probabilities are "
            "those of the Standard Model, and the couplings act only on the scattering. The range "
            "of the tau "
            "coupling therefore holds for unchanged probabilities."
        ),
    )
    return tables.extents_of(PLANES, notes)


@style.styled
def figure() -> Figure:
    """Regions at 90 %; stars and crosses are the minima of all sets together."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 3)
    for axes, (name, columns) in zip(grid[0], PLANES.items(), strict=True):
        # where bands cross, fillings of single sets hide each other
        filled = ("all",) if name == "global-nsi-quarks" else None
        tables.draw_plane(axes, name, columns, ("", ""), filled)
        axes.plot(0.0, 0.0, "+", color="0.2", markersize=6.0, zorder=4)
    for k in (0, 2):
        grid[0, k].set_xlim(-0.34, 0.74)
    _bands(grid[0, 1])
    handles = tables.legend(("csi", "lar", "ge-2024", "conus-plus", "xenon", "on Earth", "all"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=4, columnspacing=1.4, fontsize=7.5
    )
    style.caption(grid[0, 0], "NSI of two flavours", tables.NOTE)
    style.caption(grid[0, 1], "NSI of two quarks", "dotted: slopes of CsI, Ar, Ge, Xe")
    style.caption(grid[0, 2], "With tau neutrinos", "star: lowest minimum; +: others")
    return figure


def _bands(axes: Axes) -> None:
    """Lines on which the rate of nu_e stays that of the Standard Model, of each nucleus."""
    u = np.array(axes.get_xlim())
    for target, color in _TARGETS.items():
        lines = degeneracy.degenerate_lines(target, "e").values()
        for k in (0, 1):
            d = np.mean([line.eps_d(u)[k] for line in lines], axis=0)
            axes.plot(u, d, color=color, linewidth=0.9, linestyle=(0, (1, 1)), zorder=6)
