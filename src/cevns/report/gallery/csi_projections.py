"""CsI[Na] 2021: the fit in photo-electrons and time, and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.analysis.measuring import measure
from cevns.experiments import load
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.projections import projection_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


def table() -> Table:
    """The best fit: published beside ours."""
    names = ("cevns", "ssb", "brn", "nin", "significance", "chi2", "prediction", "cross-section")
    return compared(*(f"csi-2021-{name}" for name in names))


def figure() -> Figure:
    """Data with the fitted components in both variables."""
    return projection_figure(measure(load("coherent-csi-2021")))
