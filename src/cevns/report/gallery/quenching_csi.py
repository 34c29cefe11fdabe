"""CsI[Na]: quenching-factor data and their fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.quenching import fit, load_points
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.quenching_figures import factor_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


def table() -> Table:
    """Released curve beside the fit, and what the fit predicts."""
    return compared("quenching-csi")


def figure() -> Figure:
    """Points by set, the fit with its band and the released curve."""
    sets, _ = load_points("csi", None)
    return factor_figure(fit("csi"), sets)
