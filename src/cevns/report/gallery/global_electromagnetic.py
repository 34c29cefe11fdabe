"""Magnetic moments and charge radii of nu_e and nu_mu, by set of data and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLANES", "figure", "table"]

CARRIED = tables.FITS_FROM

PLANES: Final = {
    "global-moments": (("mu_nu_e", "mu_nu_mu"), "1e-10 mu_B"),
    "global-charge-radii": (("charge_radius_ee", "charge_radius_mumu"), "1e-32 cm2"),
}


def table() -> Table:
    """Extents of the regions: moments in 1e-10 mu_B, charge radii in 1e-32 cm2."""
    notes = (
        (
            "Moments are not negative; the plane begins at 0.1, and regions that reach its edge "
            "extend to zero. The moments are those of flavours, as in the model magnetic-moment, "
            "also for the Sun. The published numbers of Ge 2024 and PandaX-4T assume recoils "
            "without moments and are not used. Electron recoils are included in CsI and CONUS+, "
            "not in argon and xenon."
        ),
        (
            "Charge radii beyond the Standard Model (total: add −0.83 and −0.48), without a "
            "dependence on momentum. Far below zero the weak amplitude has the opposite sign: CsI "
            "alone has four allowed regions, of which three remain for all sets together."
        ),
    )
    planes = {name: columns for name, (columns, _) in PLANES.items()}
    return tables.extents_of(planes, notes, {name: unit for name, (_, unit) in PLANES.items()})


@style.styled
def figure() -> Figure:
    """Left, magnetic moments on logarithmic axes; right, the islands of the charge radii."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.8, 1, 2)
    for axes, (name, (columns, unit)) in zip(grid[0], PLANES.items(), strict=True):
        tables.draw_plane(axes, name, columns, (unit, unit))
    grid[0, 0].set_xscale("log")
    grid[0, 0].set_yscale("log")
    grid[0, 1].plot(0.0, 0.0, "+", color="0.2", markersize=6.0, zorder=4)
    # one entry for each look: left and right have the same colours for other selections
    said = {"xenon": "Xe (left: XENONnT alone)", "all": "Together (left: these four)"}
    handles = tables.legend(("csi", "lar", "conus-plus", "xenon", "all"), said)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=1.4)
    style.caption(grid[0, 0], "Magnetic moments", tables.NOTE)
    style.caption(grid[0, 1], "Charge radii", "star: lowest minimum of all; +: others")
    return figure
