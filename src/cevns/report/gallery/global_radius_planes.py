"""Weak mixing angle and neutron radius together: caesium iodide with caesium atoms, germanium."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLANES", "PUBLISHED", "figure", "table"]

CARRIED = tables.FITS_FROM

PLANES: Final = {
    "global-radius-cs": ("sin2_theta_w", "r_n_csi"),
    "global-radius-ge": ("sin2_theta_w", "r_n_ge"),
}
PUBLISHED: Final = ((0.271, 0.023, 0.026), (7.6, 1.6, 1.7))
"""Angle and radius (fm) of four sets with germanium, errors up and down (arXiv:2506.13555)."""


def table() -> Table:
    """Extents of the regions, and the joint minima."""
    first, second = (tables.extents(name, columns) for name, columns in PLANES.items())
    rows = (*first.rows, *second.rows)
    notes = (
        *first.notes,
        *second.notes,
        (
            "Caesium and iodine have one radius; the pull of the form factor, which represents "
            "the same uncertainty, is held. In atoms the neutron skin of caesium changes the weak "
            "charge; the "
            "amplitude is that of the Particle Data Group (from memory)."
        ),
        (
            "Published from Ge 2024, CONUS+, TEXONO and nuGEN: 0.271 +0.023 −0.026 and 7.6 +1.6 "
            "−1.7 fm (arXiv:2506.13555, from a summary), the blue square, with errors of one "
            "parameter each. The joint regions end at 10 fm, the end of the range of the radius."
        ),
        tables.MADE,
    )
    return replace(first, columns=("sets", "sin²θ_W", "R_n / fm"), rows=rows, notes=notes)


@style.styled
def figure() -> Figure:
    """Left, scattering on CsI and parity violation in Cs; right, germanium at two sources."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.6, 1, 2)
    known: dict[str, None] = {}
    for axes, (name, columns) in zip(grid[0], PLANES.items(), strict=True):
        tables.draw_plane(axes, name, columns, ("", "fm"))
        known.update(dict.fromkeys(tables.rings(name, columns)))
    (angle, *angle_errors), (radius, *radius_errors) = PUBLISHED
    bars = grid[0, 1].errorbar(
        angle, radius, [[radius_errors[1]], [radius_errors[0]]],
        [[angle_errors[1]], [angle_errors[0]]], fmt="s", color="#00a5cf", markersize=3.5,
        linewidth=1.0, capsize=2.0, zorder=6, label="Published (arXiv:2506.13555)",
    )  # fmt: skip
    handles = [*tables.legend(tuple(known)), bars]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.4)
    style.caption(grid[0, 0], "Caesium iodide and caesium atoms", tables.NOTE)
    style.caption(
        grid[0, 1],
        "Germanium at the SNS and at a reactor",
        "stars: minima, by the colour of their edge",
    )
    return figure
