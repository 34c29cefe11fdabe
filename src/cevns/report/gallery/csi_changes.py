"""CsI[Na]: what changed between 2017 and 2021."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cevns.analysis.changes import Comparison, compare
from cevns.experiments import load
from cevns.report.change_figures import change_figure
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


@cache
def _comparison() -> Comparison:
    return compare(load("coherent-csi-2017"), load("coherent-csi-2021"))


def table() -> Table:
    """The predicted count after each change."""
    result = _comparison()
    rows: list[tuple[str, float, float | None]] = [("prediction of 2017", result.start, None)]
    rows += [(step.label, step.prediction, step.ratio) for step in result.steps]
    note = "Published: 173 ± 48 (arXiv:1708.01294) and 341 ± 43 (arXiv:2110.07730)."
    return Table(("change", "CEvNS after it", "ratio"), tuple(rows), (note,))


def figure() -> Figure:
    """The same as steps."""
    return change_figure(_comparison())
