"""What projections would measure: detectors against topics."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cevns.analysis.sensitivity.matrix import (
    VARIANT,
    SensitivityMatrix,
    projected,
    sensitivity_matrix,
)
from cevns.experiments import load
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.sensitivity_figures import matrix_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "matrix", "table"]


@cache
def matrix() -> SensitivityMatrix:
    """All projections after three years, with the flux known to 5 %: figure and table."""
    return sensitivity_matrix(
        [load(n, overrides={"variant": v} if v else None) for n, v in projected()]
    )


def table() -> Table:
    """All numbers of the figure: a line for each detector and topic."""
    found = matrix()
    rows: list[tuple[str | float | None, ...]] = []
    for (name, variant), row in zip(projected(), found.rows, strict=True):
        further = variant.removeprefix(VARIANT).removeprefix("-")
        detector = f"{name}, {further}" if further else name
        # the count of a channel is asked by two topics, and is one line
        cells = {c.quantity.name: c for c in row.cells.values() if c is not None}
        for cell in cells.values():
            if cell.number is None:
                continue
            q = cell.quantity
            relative = q.kind == "relative"
            rows.append(
                (
                    detector, q.name, "90 % limit" if q.kind == "limit" else "error",
                    (100.0 if relative else 1.0) * cell.number,
                    "%" if relative else q.unit or "1",
                )
            )  # fmt: skip
    notes = (
        (
            f"{found.assumption}; errors of one standard deviation, upper limits at 90 %. Of a "
            "relative error the unit is per cent of the quantity; unit 1: dimensionless."
        ),
        *(
            f"{topic.title}: {', '.join(asked)}"
            for name, topic in found.topics.items()
            if (asked := _asked(found, name))
        ),
        "What each line assumes is in 'cevns sensitivity --matrix'.",
    )
    return Table(("detector", "quantity", "is", "expected", "unit"), tuple(rows), notes, digits=3)


def _asked(found: SensitivityMatrix, topic: str) -> tuple[str, ...]:
    """Names of the quantities that a column has."""
    cells = (row.cells[topic] for row in found.rows)
    return tuple(dict.fromkeys(c.quantity.name for c in cells if c is not None))


def figure() -> Figure:
    """All projections after three years, with the flux known to 5 %."""
    return matrix_figure(matrix())
