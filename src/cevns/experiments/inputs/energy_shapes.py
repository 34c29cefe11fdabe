"""Shapes of backgrounds along energy: lines, and exponentials whose slope is fitted."""

from __future__ import annotations

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.declaration.backgrounds import ExponentialEnergy, Lines
from cevns.experiments.prediction.parts import Parts
from cevns.inference.model.shapes import FunctionShape
from cevns.typing import Array

__all__ = ["free_exponential", "lines"]


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
            "lines are as wide as 'detector.resolution' makes them, which a response matrix takes "
            "the place of: give the background as a table"
        )
    below = view.resolution.cdf(view.energy_edges[:, None], np.array(declared.energies))
    sizes = declared.intensities or [1.0] * len(declared.energies)
    shape: Array = np.diff(below, axis=0) @ np.array(sizes)
    return shape


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
