"""Integrals of plain functions over bins."""

from __future__ import annotations

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["exponential_bins", "power_bins"]


def exponential_bins(rate: float, edges: ArrayLike) -> Array:
    """Integral of ``exp(-rate t)`` over bins; their widths for a rate of zero.

    Args:
        rate: in the inverse unit of the edges, 1/us for a time.
        edges: of the bins.

    Examples:
        >>> exponential_bins(0.0, [0.0, 0.5, 2.0]).tolist()
        [0.5, 1.5]
    """
    t = np.asarray(edges, dtype=float)
    # expm1 keeps the difference where rate x width is small
    width = np.diff(t)
    fall = -np.expm1(-rate * width) / rate if abs(rate) > 1e-12 else width
    result: Array = np.exp(-rate * t[:-1]) * fall
    return result


def power_bins(exponent: float, edges: ArrayLike) -> Array:
    """Integral of ``x^-exponent`` over bins, relative to the last edge.

    Args:
        exponent: below one where the first edge is zero.
        edges: of the bins, not negative.

    Examples:
        >>> power_bins(1.0, [1.0, 10.0, 100.0]).round(3).tolist()
        [2.303, 2.303]
    """
    x = np.asarray(edges, dtype=float)
    x = x / x[-1]
    power = 1.0 - exponent
    result: Array = np.diff(np.log(x)) if abs(power) < 1e-9 else np.diff(x**power) / power
    return result
