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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from cevns import registry
from cevns.datasets import Table, read_table
from cevns.exceptions import DataError, InputError
from cevns.experiments.declaration.sections import Data
from cevns.experiments.inputs.cells import Cells, cells_of_events, cells_of_table, with_extra
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array

__all__ = ["MeasuredValues", "column_in_cells", "read_values"]


@dataclass(frozen=True, eq=False)
class MeasuredValues:
    """Values and how they are compared.

    Attributes:
        observed: one after the other.
        statistic: with its errors.
        cells: which sums of the bins they are.
        files: what was read.
    """

    observed: Array
    statistic: Statistic
    cells: Cells
    files: tuple[Path, ...]


def read_values(folder: Path, data: Data, edges: tuple[Array, ...], cells: Cells) -> MeasuredValues:
    """Read the values of a channel.

    Args:
        folder: of the experiment file.
        data: its section.
        edges: of the axes that there are.
        cells: that the file declares.

    Raises:
        UnknownNameError: if there is no such statistic.
        DataError: if a table is malformed or its bins are not those of the analysis.
        InputError: if the statistic lacks something, or knows no field or column of a name.
    """
    kind = data.statistic.kind
    model = registry.load("cevns.inference.statistics", "statistic", kind).MODEL
    assert data.values is not None
    path = folder / data.values
    files, given = [path], dict(data.statistic.fields)
    for name, field in data.statistic.fields.items():
        if isinstance(field, str) and not Path(field).suffix:
            raise InputError(f"statistic.{name}: {field!r} is neither a number nor a table")
        if isinstance(field, str):
            files.append(folder / field)
            given[name] = np.stack(list(read_table(files[-1]).columns.values()), axis=1)
    if model.events_are_points:
        if cells.onto is not None:
            raise InputError("events are points of the axes: leave 'axes.cells' out")
        found = cells_of_events(path, edges)
        assert found.onto is not None
        observed = np.ones(len(found.onto))
        observed[0] = len(found.onto) - 1.0
        return MeasuredValues(observed, _built(kind, model, given, path), found, tuple(files))
    table = read_table(path)
    rest = list(table.columns)[2 * len(edges) :]
    if not rest:
        raise DataError("has no column of values behind the edges of the bins", path=path)
    given |= {n: column_in_cells(table, n, edges, cells) for n in rest[1:]}
    observed = column_in_cells(table, rest[0], edges, cells)
    statistic = _built(kind, model, given, path)
    if statistic.extra:
        n_bins = int(np.prod([len(e) - 1 for e in edges], dtype=int))
        cells = with_extra(cells, n_bins, statistic.extra)
        observed = np.concatenate([observed, statistic.asimov(0.0 * observed)[observed.size :]])
    return MeasuredValues(observed, statistic, cells, tuple(files))


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
    return cast("Statistic", model(**given))


def column_in_cells(table: Table, name: str, edges: tuple[Array, ...], cells: Cells) -> Array:
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
                f"the bins in '{pair[0]}' and '{pair[1]}' are not those of the axis, and values "
                "cannot be added up as counts can",
                path=table.path,
            )
    return table.grid(name, *pairs).ravel()
