"""Keeping expected counts positive where an interpolation leaves the region it knows.

Shapes are interpolated between variations at +-1 sigma and continued linearly. A signal that
nearly vanishes in a bin at -1 sigma (an efficiency at threshold) is therefore negative beyond,
and can pull the total below zero. Below a *floor* that no legitimate expectation reaches (half
of the background, say) the total is bent,

    mu -> floor g((floor - mu)/floor),    g(u) = (1 + 1/(1 + v + v^2))/2,  v = 2 u,

which joins the straight line with continuous second derivative and stays above half the floor.
Without a floor (zero) a negative expectation counts as zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cevns.inference.model.expectation import Model
from cevns.typing import Array

__all__ = ["bend", "floor_of"]


def floor_of(model: Model) -> Array:
    """The model's ``floor``, ``(n_bins,)``; zeros if it declares none."""
    floor: Any = getattr(model, "floor", None)
    n_bins = np.shape(model.observed)
    return np.zeros(n_bins) if floor is None else np.broadcast_to(floor, n_bins).astype(float)


def _bend(mu: Array, floor: Array) -> tuple[Array, Array, Array]:
    """The bent value with first and second derivative, for ``mu < floor``."""
    safe = np.where(floor > 0, floor, 1.0)
    v = 2.0 * np.maximum(floor - mu, 0.0) / safe
    h = 1.0 / (1.0 + v + v * v)
    first = 1.0 + 2.0 * v
    value = np.where(floor > 0, 0.5 * floor * (1.0 + h), 0.0)
    slope = np.where(floor > 0, first * h * h, 0.0)
    curvature = np.where(floor > 0, (2.0 * first * first * h - 2.0) * h * h * 2.0 / safe, 0.0)
    return value, slope, curvature


def bend(mu: Array, floor: Array) -> tuple[Array, Array, Array]:
    """Expected counts kept above the floor.

    Args:
        mu: expected counts.
        floor: broadcastable to `mu`, not negative.

    Returns:
        The bent expectation, its first and its second derivative by `mu`, same shape.

    Examples:
        >>> value, slope, _ = bend(np.array([5.0, 1.0, -100.0]), np.array(2.0))
        >>> value.round(3).tolist(), slope.round(3).tolist()
        ([5.0, 1.333, 1.0], [1.0, 0.333, 0.0])
    """
    low = mu < floor
    if not low.any():
        return mu, np.ones_like(mu), np.zeros_like(mu)
    value, slope, curvature = mu.copy(), np.ones_like(mu), np.zeros_like(mu)
    # few bins of few data sets: only those are worth the arithmetic
    value[low], slope[low], curvature[low] = _bend(mu[low], np.broadcast_to(floor, mu.shape)[low])
    return value, slope, curvature
