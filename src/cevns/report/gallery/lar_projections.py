"""Liquid argon 2020: the fit in energy, F90 and time, and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.analysis.measuring import measure
from cevns.experiments import load
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.projections import projection_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["NEEDS", "figure", "table"]

NEEDS: Final = "coherent-lar-2020"
"""The public release without which there is nothing to draw."""


def table() -> Table:
    """The best fit of Analysis A, and Analysis B as published."""
    names = ("cevns", "brn", "delayed-brn", "ss", "significance", "cross-section", "b-", "ab-")
    return compared(*(f"lar-2020-{name}" for name in names))


def figure() -> Figure:
    """Data with the fitted components in the three variables.

    Raises:
        InputError: if the release is not at hand.
    """
    return projection_figure(measure(load(NEEDS)))
