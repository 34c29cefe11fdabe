"""Natural cubic splines through values at a few pulls, as functions of the pull.

A natural spline has continuous second derivatives, goes through its knots, and is straight
outside the outermost ones: the interpolation of `cevns.morphing` with more than one variation
either side. Written as a sum of *cardinal* functions, one a knot, that are one at their own knot
and zero at the others, it becomes templates times weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.typing import Array

__all__ = ["CardinalSplines"]


@dataclass(frozen=True)
class CardinalSplines:
    """Cardinal functions of the natural cubic spline on some knots.

    Args:
        knots: increasing, at least three.

    Examples:
        >>> CardinalSplines((-1.0, 0.0, 1.0)).values(np.array([1.0, 3.0])).round(3).tolist()
        [[0.0, 0.5], [0.0, -3.0], [1.0, 3.5]]
    """

    knots: tuple[float, ...]

    @cached_property
    def _coefficients(self) -> tuple[Array, Array, Array]:
        """Each function is ``a + b x + sum_j c_j max(x - knot_j, 0)^3``; a, b, c by row."""
        k = np.array(self.knots)
        n = len(k)
        system = np.zeros((n + 2, n + 2))
        system[:n, 0], system[:n, 1] = 1.0, k
        system[:n, 2:] = np.maximum(k[:, None] - k, 0.0) ** 3
        system[n, 2:], system[n + 1, 2:] = 1.0, k  # straight beyond the last knot
        right = np.vstack([np.eye(n), np.zeros((2, n))])
        solution: Array = np.linalg.solve(system, right).astype(float).T
        return solution[:, 0], solution[:, 1], solution[:, 2:]

    def _beyond(self, x: Array) -> Array:
        return np.stack([np.maximum(x - k, 0.0) for k in self.knots])

    def values(self, x: Array) -> Array:
        """All functions at `x`, ``(...) -> (n_knots, ...)``."""
        a, b, c = self._coefficients
        column = (-1, *[1] * x.ndim)
        u = self._beyond(x)
        return a.reshape(column) + b.reshape(column) * x + np.tensordot(c, u * u * u, axes=1)

    def slopes(self, x: Array) -> Array:
        """Their derivatives, ``(...) -> (n_knots, ...)``."""
        _, b, c = self._coefficients
        u = self._beyond(x)
        return b.reshape(-1, *[1] * x.ndim) + 3.0 * np.tensordot(c, u * u, axes=1)
