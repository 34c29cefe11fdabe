"""Data that are no numbers of events: values with errors, and what else a statistic compares.

The table has the edges of the analysis bins, the value, and behind it what the statistic asks for
by name; the section of the statistic has the rest::

    data:
      values: ratios.csv          # low,high,value,up,down
      statistic: {kind: gaussian}
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
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array

__all__ = ["MeasuredValues", "read_values"]


@dataclass(frozen=True, eq=False)
class MeasuredValues:
    """Values and how they are compared.

    Attributes:
        observed: values ``(energy, time)``.
        statistic: with its errors.
        files: what was read.
    """

    observed: Array
    statistic: Statistic
    files: tuple[Path, ...]


def read_values(folder: Path, data: Data, edges: tuple[Array, ...]) -> MeasuredValues:
    """Read the values of a channel.

    Args:
        folder: of the experiment file.
        data: its section.
        edges: of the axes that there are.

    Raises:
        UnknownNameError: if there is no such statistic.
        DataError: if a table is malformed or its bins are not those of the analysis.
        InputError: if the statistic lacks something, or knows no field or column of a name.
    """
    kind = data.statistic.kind
    model = registry.load("cevns.inference.statistics", "statistic", kind).MODEL
    assert data.values is not None
    path = folder / data.values
    table = read_table(path)
    names = list(table.columns)
    pairs = list(zip(names[: 2 * len(edges) : 2], names[1 : 2 * len(edges) : 2], strict=True))
    rest = names[2 * len(edges) :]
    if not rest:
        raise DataError("has no column of values behind the edges of the bins", path=path)
    for pair, wanted in zip(pairs, edges, strict=True):
        _same_bins(table, pair, wanted)
    files, given = [path], {n: _column(table, n, pairs) for n in rest[1:]}
    for name, field in data.statistic.fields.items():
        if isinstance(field, str):
            files.append(folder / field)
            matrix = read_table(files[-1])
            given[name] = np.stack(list(matrix.columns.values()), axis=1)
        else:
            given[name] = field
    fields = [f.name for f in dataclasses.fields(model)]
    for name in given:
        if name not in fields:
            raise InputError(
                f"the statistic {kind!r} knows no {name!r}; it knows {', '.join(fields) or 'none'}"
            )
    try:
        statistic = cast("Statistic", model(**given))
    except TypeError:
        needed = [f.name for f in dataclasses.fields(model) if f.default is dataclasses.MISSING]
        lacking = [n for n in needed if n not in given]
        raise InputError(
            f"{path}: the statistic {kind!r} needs {', '.join(lacking)}: columns behind the value"
        ) from None
    return MeasuredValues(_column(table, rest[0], pairs), statistic, tuple(files))


def _column(table: Table, name: str, pairs: list[tuple[str, str]]) -> Any:
    """A column in the order of the bins; one number where there is no axis."""
    if pairs:
        return table.grid(name, *pairs).ravel()
    if len(table) != 1:
        raise DataError("has several rows, but without an axis there is one value", path=table.path)
    return table[name]


def _same_bins(table: Table, pair: tuple[str, str], wanted: Array) -> None:
    found = table.edges(*pair)
    if len(found) != len(wanted) or np.abs(found - wanted).max() > 1e-9 * np.abs(wanted).max():
        raise DataError(
            f"the bins in '{pair[0]}' and '{pair[1]}' are not those of the axis: values cannot be "
            "added up as counts can",
            path=table.path,
        )
