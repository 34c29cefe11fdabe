"""Data that are no numbers of events: values with errors, events as points, counts on and off.

The table has the edges of the analysis bins, the value, and behind it what the statistic asks for
by name; the section of the statistic has the rest::

    data:
      values: ratios.csv          # low,high,value,up,down
      statistic: {kind: gaussian}

A list of events has a column for each axis instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from cevns import registry
from cevns.datasets import Table
from cevns.exceptions import DataError, InputError
from cevns.experiments.declaration.sections import Data
from cevns.experiments.forms.section import Table as Declared
from cevns.experiments.inputs.cells import Cells, cells_of_events, cells_of_table, with_extra
from cevns.experiments.inputs.event_lists import Points, points_of_file, points_of_release
from cevns.experiments.inputs.table_reader import TableReader
from cevns.experiments.prediction.parts import Parts
from cevns.inference.model.channel import COUNTS
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array, frozen
from cevns.units import computable

__all__ = ["Measured", "read_counts", "read_values"]


@dataclass(frozen=True, eq=False)
class Measured:
    """The data of a channel and how they are compared.

    Attributes:
        observed: counts in bins ``(energy, time)``, or values one after the other; None for a
            projection.
        statistic: with its errors.
        cells: which sums of the bins they are.
        backgrounds: shapes ``(energy, time)`` by name, normalised to one in the analysis region.
    """

    observed: Array | None = None
    statistic: Statistic = COUNTS
    cells: Cells = field(default_factory=Cells)
    backgrounds: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.observed is not None:
            object.__setattr__(self, "observed", frozen(self.observed))


def read_counts(experiment: Parts, reader: TableReader, data: Data, cells: Cells) -> Array:
    """Read numbers of events, in the bins of the analysis ``(energy, time)`` or in cells.

    Raises:
        DataError: if a table is malformed or its cells are not those of the file.
        InputError: if the file names no counts, or they are no whole numbers.
    """
    if cells.onto is not None:
        if not isinstance(data.counts, Declared) or data.counts.role is not None:
            raise InputError("data in 'axes.cells' need 'counts' with a file of the same cells")
        file, edges = data.counts.file, experiment.edges
        table = reader.table("observed", file)
        names = list(table.columns)[2 * len(edges) :]
        if len(names) != 1:
            raise DataError(
                "needs one column of counts behind the edges of the cells", path=table.path
            )
        observed = _column_in_cells(table, names[0], edges, cells)
    elif data.counts is None:
        raise InputError(f"{experiment.name}: data needs 'counts', with a file or a role")
    elif isinstance(data.counts, float):
        file, observed = "counts", np.array([[data.counts]])
    else:
        file, n_energy = data.counts.file, len(experiment.energy_edges) - 1
        observed = reader.rebin(data.counts, *experiment.edges).reshape(n_energy, -1)
    if (observed != np.round(observed)).any():
        raise InputError(
            f"{file} holds contents that are not whole numbers; observed counts are numbers of "
            "events"
        )
    return observed


def read_values(view: Parts, reader: TableReader, data: Data, cells: Cells) -> Measured:
    """Read the values of a channel.

    Args:
        view: whose axes they are on.
        reader: of the tables beside the file.
        data: its section.
        cells: that the file declares.

    Raises:
        UnknownNameError: if there is no such statistic.
        DataError: if a table is malformed or its bins are not those of the analysis.
        InputError: if the statistic lacks something, or knows no field or column of a name.
    """
    kind, edges = data.statistic.kind, view.edges
    model = registry.load("cevns.inference.statistics", "statistic", kind).MODEL
    given = dict(data.statistic.fields)
    for name, written in data.statistic.fields.items():
        number = type(written) in (int, float) and computable(written)
        if not (number or (isinstance(written, str) and Path(written).suffix)):
            raise InputError(
                f"statistic.{name}: {written!r} is neither a usable number nor a table"
            )
        if isinstance(written, str):
            columns = reader.table("observed", written).columns
            given[name] = np.stack(list(columns.values()), axis=1)
    if model.events_are_points:
        if cells.onto is not None:
            raise InputError("events are points on the axes: remove 'axes.cells'")
        points = _points(view, reader, data)
        observed = np.array([len(points), *np.ones(len(points))])
        statistic = _built(kind, model, given, points.path)
        return Measured(observed, statistic, cells_of_events(points, edges))
    assert data.values is not None
    table = reader.table("observed", data.values)
    rest = list(table.columns)[2 * len(edges) :]
    if not rest:
        raise DataError("has no column of values behind the edges of the bins", path=table.path)
    given |= {n: _column_in_cells(table, n, edges, cells) for n in rest[1:]}
    observed = _column_in_cells(table, rest[0], edges, cells)
    statistic = _built(kind, model, given, table.path)
    if statistic.extra:
        n_bins = int(np.prod([len(e) - 1 for e in edges], dtype=int))
        cells = with_extra(cells, n_bins, statistic.extra)
        observed = np.concatenate([observed, statistic.asimov(0.0 * observed)[observed.size :]])
    return Measured(observed, statistic, cells)


def _points(view: Parts, reader: TableReader, data: Data) -> Points:
    """The events of a file, or those of the release where none is named."""
    if data.values is not None:
        return points_of_file(view, reader, data.values)
    assert data.release is not None  # as the section says
    assert data.role is not None
    return points_of_release(view, reader, data.role, data.release)


def _built(kind: str, model: Any, given: dict[str, Any], path: Path) -> Statistic:
    """The statistic of what was given.

    Raises:
        InputError: if it knows no field of a name, or lacks one.
    """
    fields = dataclasses.fields(model)
    known = [f.name for f in fields]
    for name in given:
        if name not in known:
            raise InputError(
                f"the statistic {kind!r} knows no {name!r}; it knows {', '.join(known) or 'none'}"
            )
    lacking = [f.name for f in fields if f.default is dataclasses.MISSING and f.name not in given]
    if lacking:
        raise InputError(
            f"{path.name}: the statistic {kind!r} needs {' and '.join(lacking)}, in a column "
            "behind the value or in its section"
        )
    try:
        return cast("Statistic", model(**given))
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def _column_in_cells(table: Table, name: str, edges: tuple[Array, ...], cells: Cells) -> Array:
    """A column in the order of the bins or the cells; one number where there is no axis.

    Raises:
        DataError: if the bins of the table are not those of the axes, or its cells not those of the
            file in their order.
    """
    if not edges:
        if len(table) != 1:
            raise DataError("has several rows; without an axis there is one value", path=table.path)
        return table[name]
    if cells.onto is not None:
        own = cells_of_table(table, edges).onto
        if own is None or own.shape != cells.onto.shape or (own != cells.onto).any():
            raise DataError("the cells are not those of 'axes.cells' in order", path=table.path)
        return table[name]
    names = list(table.columns)
    pairs = [(names[2 * k], names[2 * k + 1]) for k in range(len(edges))]
    for pair, wanted in zip(pairs, edges, strict=True):
        found = table.edges(*pair)
        same = len(found) == len(wanted)
        if not same or np.abs(found - wanted).max() > 1e-9 * np.abs(wanted).max():
            raise DataError(
                f"the bins in '{pair[0]}' and '{pair[1]}' are not those of the axis, and "
                "values, unlike counts, cannot be summed over bins",
                path=table.path,
            )
    return table.grid(name, *pairs).ravel()
