"""What projections would measure: detectors against topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.analysis.sensitivity.matrix import projected, sensitivity_matrix
from cevns.experiments import load
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.gallery_parts.sensitivity_figures import matrix_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


def table() -> Table:
    """Expected errors of germanium, and of three detectors together, beside another program's."""
    return compared("ge1_3yr", "joint_3yr")


def figure() -> Figure:
    """All projections after three years, with the flux known to 5 %."""
    rows = projected()
    return matrix_figure(
        sensitivity_matrix([load(n, overrides={"variant": v} if v else None) for n, v in rows])
    )
