"""CsI[Na] 2021: the weak mixing angle, by Wilks and by Feldman-Cousins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["NAME", "figure", "table"]

CARRIED = scans.TOYS_FROM

NAME = "weak-mixing-angle"


def _scan(cl: float = 0.9) -> Scan:
    return scans.profile("standard-model", {"sin2_theta_w": (0.14, 0.32, 73)}, cl=cl)


def table() -> Table:
    """Intervals of sin2(theta_W) by both methods, beside the published one."""
    best = f"{_scan().best['sin2_theta_w']:.4f}"
    one_sigma = scans.wilks_text(_scan(0.6826894921370859))
    toys = scans.toys_text(_scan(), NAME)
    rows = (
        ("best fit", best, "0.220", "arXiv:2110.07730"),
        ("68.3 %, Wilks", one_sigma, "[0.194, 0.248]", "arXiv:2110.07730"),
        ("90 %, Wilks", scans.wilks_text(_scan()), "", ""),
        ("90 %, Feldman-Cousins", toys, "", ""),
    )
    return Table(("sin²θ_W", "ours", "published", "published in"), rows, (scans.TOYS_NOTE,))


def figure() -> Figure:
    """The profile with the critical values of both methods."""
    return scan_figure(
        _scan(), overlays=[scans.shipped(NAME)], title="Weak mixing angle from CsI[Na] 2021"
    )
