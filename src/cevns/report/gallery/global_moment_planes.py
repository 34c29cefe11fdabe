"""Electric charges of neutrinos, and magnetic moments of mass states, by set and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BOREXINO", "PLANES", "figure", "table"]

CARRIED = tables.FITS_FROM

PLANES: Final = {
    "global-millicharges": (("millicharge_ee", "millicharge_mumu"), "1e-10 e"),
    "global-moments-1-2": (("lambda_1", "lambda_2"), "1e-10 mu_B"),
    "global-moments-1-3": (("lambda_1", "lambda_3"), "1e-10 mu_B"),
}
BOREXINO: Final = {"lambda_1": 0.56, "lambda_2": 0.40, "lambda_3": 0.31}
"""Limits at 90 %, each alone, from neutrinos of 7Be on electrons (arXiv:1510.01684)."""
_PUBLISHED: Final = (
    "Published, nu_e: 1.5e-12 (GEMMA, estimate), 2.7e-12 (GEMMA data), 1.0e-12 (TEXONO), "
    "1.76e-12 e (CONUS 2026, from a summary), each of one parameter."
)


def table() -> Table:
    """How far the regions reach: charges in 1e-10 e, moments in 1e-10 mu_B."""
    notes = (
        (
            "Upper limits on logarithmic axes extend to zero. 90 %, two parameters. Electron "
            "recoils are included in CsI and CONUS+, not in argon and xenon."
        ),
        (
            "Positive charges are drawn. Negative ones differ by up to a tenth, as they interfere "
            "with the opposite sign; for nu_e, electron recoils in CONUS+ dominate. " + _PUBLISHED
        ),
        (
            "Moments of Majorana neutrinos between mass states, the third of them zero. A reactor, "
            "stopped pions and the Sun measure different combinations of the three, mu^2 = sum (1 "
            "- P_k) Lambda_k^2 for the Sun. Borexino: 0.56, 0.40 and 0.31."
        ),
    )
    planes = {name: columns for name, (columns, _) in PLANES.items()}
    return tables.extents_of(planes, notes, {name: unit for name, (_, unit) in PLANES.items()})


@style.styled
def figure() -> Figure:
    """Below and to the left of each line both are allowed."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.3, 1, 3)
    for axes, (name, (columns, unit)) in zip(grid[0], PLANES.items(), strict=True):
        tables.draw_plane(axes, name, columns, (unit, unit))
        axes.set_xscale("log")
        axes.set_yscale("log")
        if columns[0] in BOREXINO:
            look = {"color": "0.35", "linestyle": (0, (1, 1)), "linewidth": 1.2, "zorder": 6}
            axes.axvline(BOREXINO[columns[0]], **look)
            axes.axhline(BOREXINO[columns[1]], **look)
    figure.legend(
        handles=tables.legend(("csi", "lar", "conus-plus", "xenonnt", "together")),
        loc="outside lower center", ncols=5, columnspacing=1.4,
    )  # fmt: skip
    style.caption(grid[0, 0], "Electric charges", tables.NOTE)
    for axes in grid[0, 1:]:
        style.caption(axes, "Moments of mass states", "dotted: Borexino, solar electrons")
    return figure
