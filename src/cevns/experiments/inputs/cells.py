"""Which sums of the bins of the axes the data are: all bins, chosen cells, or events as points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from cevns.datasets import Table
from cevns.exceptions import DataError
from cevns.experiments.inputs.event_lists import Points
from cevns.typing import Array

__all__ = ["Cells", "cells_of_events", "cells_of_table", "with_extra"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Data as sums of bins.

    Attributes:
        onto: ``(n_data, n_bins)``; None where the data are the bins.
        events: what each of the data adds to the number of events; None for one each.
    """

    onto: Array | None = None
    events: Array | None = None


def cells_of_table(table: Table, edges: tuple[Array, ...]) -> Cells:
    """Cells that are rectangles on the axes, a row each: lower and upper edge along each axis.

    Raises:
        DataError: if an edge is not one of the axis, or two cells overlap.
    """
    names = list(table.columns)
    if len(names) < 2 * len(edges):
        raise DataError(
            f"has {len(names)} columns; a cell has a lower and an upper edge along each of "
            f"{len(edges)} axes",
            path=table.path,
        )
    inside = []
    for k, axis in enumerate(edges):
        low, high = table[names[2 * k]], table[names[2 * k + 1]]
        for ends in (low, high):
            off = np.abs(ends[:, None] - axis).min(axis=1) > 1e-9 * np.abs(axis).max()
            if off.any():
                row = int(np.argmax(off))
                raise DataError(
                    f"the edge {ends[row]:g} is not one of the axis; add it to the edges there",
                    path=table.path,
                    line=int(table.lines[row]),
                )
        middle = 0.5 * (axis[1:] + axis[:-1])
        inside.append((low[:, None] < middle) & (middle < high[:, None]))
    onto = reduce(_products, [i.astype(float) for i in inside])
    if (onto.sum(axis=0) > 1.0).any():
        raise DataError("two cells overlap: an event would be counted twice", path=table.path)
    if not onto.any(axis=1).all():
        row = int(np.argmin(onto.any(axis=1)))
        raise DataError("a cell is empty", path=table.path, line=int(table.lines[row]))
    return Cells(onto)


def cells_of_events(points: Points, edges: tuple[Array, ...]) -> Cells:
    """All events together, then the density at each.

    The density is the slope of a cubic spline through the cumulative counts along each axis: it
    keeps the content of every bin, and its error goes with the third power of the bin width.

    Args:
        points: the events.
        edges: of the axes.

    Raises:
        DataError: if there is none, an axis has fewer than three bins, or an event is outside.
    """
    from scipy.interpolate import CubicSpline

    path = points.path
    if not len(points):
        raise DataError(
            "has no event, and a density is known only at events; give 'counts' of zero in bins",
            path=path,
        )
    rows = []
    for (name, values), axis in zip(points.values.items(), edges, strict=True):
        if len(axis) < 4:
            raise DataError(f"the axis of {name!r} needs three bins for densities", path=path)
        outside = (values < axis[0]) | (values > axis[-1])
        if outside.any():
            row = int(np.argmax(outside))
            raise DataError(
                f"the event at {values[row]:g} is outside the axis, {axis[0]:g} to "
                f"{axis[-1]:g}; leave it out",
                path=path,
                line=int(points.lines[row]),
            )
        cumulative = np.vstack([np.zeros(len(axis) - 1), np.tri(len(axis) - 1)])
        rows.append(CubicSpline(axis, cumulative)(values, 1))
    density = reduce(_products, rows)
    onto = np.vstack([np.ones(density.shape[1]), density])
    return Cells(onto, np.concatenate([[1.0], np.zeros(len(points))]))


def with_extra(cells: Cells, n_bins: int, extra: int) -> Cells:
    """The same cells with numbers behind them that no bin fills."""
    onto = np.eye(n_bins) if cells.onto is None else cells.onto
    padded = np.vstack([onto, np.zeros((extra, onto.shape[1]))])
    return Cells(padded, np.concatenate([np.ones(len(onto)), np.zeros(extra)]))


def _products(first: Array, second: Array) -> Array:
    """Products of the rows of both along two axes, ``(n, n_first n_second)``."""
    return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)
