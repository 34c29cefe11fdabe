"""Shapes of backgrounds along energy: lines, fitted exponentials, tables that follow parameters."""

from __future__ import annotations

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.declaration.document import Document
from cevns.experiments.forms.energy_forms import ExponentialEnergy, GridEnergy, Lines
from cevns.experiments.prediction.parts import Parts
from cevns.inference.model.shapes import FunctionShape, GridShape
from cevns.morphing import ParameterGrid, read_grid_table
from cevns.typing import Array

__all__ = ["free_exponential", "grid_parameters", "lines", "on_grid"]


def lines(view: Parts, declared: Lines) -> Array:
    """Lines in the energy bins, each spread by the resolution of the detector.

    Args:
        view: the detector that sees them.
        declared: their energies and intensities.

    Raises:
        InputError: if a released response matrix stands in place of the resolution.
    """
    if view.declaration.detector.response.kind == "matrix":
        raise InputError(
            "the width of lines is that of 'detector.resolution', which a response "
            "matrix replaces: give the background as a table"
        )
    energies, sizes = np.transpose(declared.spectrum)
    below = view.resolution.cdf(view.energy_edges[:, None], energies)
    shape: Array = np.diff(below, axis=0) @ sizes
    return shape


def grid_parameters(document: Document, declared: GridEnergy) -> tuple[str, ...]:
    """Names of the parameters that a table on a grid follows.

    Raises:
        DataError: if the file is missing or malformed.
    """
    if declared.parameter_values is not None:
        return tuple(declared.parameter_values)
    return tuple(read_grid_table(document.file(declared.file), declared.table).values)


def on_grid(view: Parts, declared: GridEnergy, times: Array) -> GridShape:
    """A table that follows parameters, times a shape in time; one in all at their nominal values.

    Args:
        view: the detector that sees it.
        declared: the file and its table.
        times: share of each time bin.

    Raises:
        DataError: if the file is missing or malformed.
        InputError: if the axis has other bins than the file, a parameter is not declared to act on
            the response or a shape, or nothing is expected at the nominal values.
    """
    read = read_grid_table(
        view.document.file(declared.file), declared.table, parameters=declared.parameter_values
    )
    read.check_bins(view.energy_edges)
    acting = view.declaration.acting_on("response", "shape")
    grid = ParameterGrid(read.values, declared.between)
    for name, (low, high) in grid.ends.items():
        if name not in acting:
            raise InputError(
                f"{view.name}: the table {declared.table!r} of {declared.file} follows {name!r}; "
                f"declare '{name}: {{constraint: value +/- error, acts_on: shape}}'"
            )
        if not low <= view.declared[name].value <= high:
            raise InputError(
                f"{view.name}: {name!r} is {view.declared[name].value:g}, and {declared.file} goes "
                f"from {low:g} to {high:g}"
            )
    flat = read.content.reshape(-1, read.content.shape[-1])
    nominal = grid.shares([view.declared[name].value for name in read.values]) @ flat.sum(axis=1)
    if not nominal > 0.0:
        raise InputError(f"the table {declared.table!r} of {declared.file} has no content")
    cells = (flat[:, :, None] * times).reshape(len(flat), -1) / nominal
    return GridShape(grid, cells)


def free_exponential(
    view: Parts, declared: ExponentialEnergy, parameter: str, times: Array
) -> FunctionShape:
    """``exp(-p E/scale)`` in the energy bins, times a shape in time, with p a parameter.

    It sums to one at each p: the count of the background is that in the analysis region.

    Args:
        view: the detector that sees it.
        declared: the shape.
        parameter: name of p.
        times: share of each time bin.
    """
    axis, edges = view.declaration.axes.energy, view.energy_edges
    assert axis is not None  # a shape in energy has an axis
    ((_, scale),) = declared.terms(axis.unit)
    x = (edges - edges[0]) / scale

    def shares(values: Array) -> Array:
        # exp(-p x) is an integral over bins but for a factor: width, where p vanishes
        steep = np.where(np.abs(values[:, :1]) < _FLAT, _FLAT, values[:, :1])
        bins = -np.exp(-steep * x[:-1]) * np.expm1(-steep * np.diff(x)) / steep
        bins /= bins.sum(axis=1, keepdims=True)
        out: Array = (bins[:, :, None] * times).reshape(len(values), -1)
        return out

    return FunctionShape((parameter,), (len(x) - 1) * len(times), shares)


_FLAT = 1e-9
"""A slope below which the exponential is flat to rounding."""
