"""CsI[Na] 2021: neutron radius and weak mixing angle together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cevns.report.drawing import style
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["MEASURED", "figure", "table"]

CARRIED = scans.TOYS_FROM

MEASURED = (4.86, 0.21)
"""Point-neutron radius of Cs from scattered protons, fm (arXiv:2403.03566)."""


def _scan() -> Scan:
    over = {"sin2_theta_w": (0.1, 0.6, 41), "r_n_csi": (3.0, 9.5, 40)}
    return scans.profile("neutron-radius-common", over, fix={"form_factor": None})


def table() -> Table:
    """The radius alone, and the angle at a measured radius, published beside ours."""
    found = compared("csi-2017-neutron-radius", "csi-2021-neutron-radius", "csi-2021-sin2-measured")
    alone = scans.profile(
        "neutron-radius-common", {"r_n_csi": (3.2, 7.6, 45)}, fix={"form_factor": None}
    )
    note = (
        f"Radius from the data of 2021 at 90 %: {scans.wilks_text(alone)} fm by Wilks, "
        f"{scans.toys_text(alone, 'neutron-radius')} fm by Feldman-Cousins."
    )
    return replace(found, notes=(*found.notes, note, scans.TOYS_NOTE))


@style.styled
def figure() -> Figure:
    """Both free at 68.3 and 90 %, with the radius that protons measure."""
    drawn = scan_figure(
        _scan(),
        levels=[0.6826894921370859],
        title="Neutron radius and mixing angle, CsI[Na] 2021",
    )
    axes = drawn.axes[0]
    low, high = MEASURED[0] - MEASURED[1], MEASURED[0] + MEASURED[1]
    axes.axhspan(low, high, facecolor="#f89c20", alpha=0.35, linewidth=0.0, zorder=0.3)
    axes.annotate("p + Cs, arXiv:2403.03566", (0.595, high + 0.08), fontsize=7.0, ha="right")
    return drawn
