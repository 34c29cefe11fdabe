"""Gauss-Legendre quadrature on panels that end where the integrand is not smooth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["ORDER", "check_edges", "gauss_legendre", "smooth_cuts"]

ORDER = 12
_MAX_BISECTIONS = 20
_MOST_PANELS = 4_000


@cache
def gauss_legendre(order: int) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(order)
    return (x + 1.0) / 2.0, w / 2.0


@cache
def _interpolation(order: int) -> tuple[Array, Array]:
    """Test points on [0, 1] and the matrix from values at `order` nodes to them."""
    nodes, _ = gauss_legendre(order)
    points, _ = gauss_legendre(order + 1)
    vandermonde = np.polynomial.legendre.legvander(2.0 * nodes - 1.0, order - 1)
    to_points = np.polynomial.legendre.legvander(2.0 * points - 1.0, order - 1)
    return points, to_points @ np.linalg.inv(vandermonde)


def check_edges(edges: ArrayLike, what: str) -> Array:
    """Bin edges as an array.

    Raises:
        InputError: unless there are two or more, finite and increasing.
    """
    array = np.asarray(edges, dtype=float)
    if array.ndim != 1 or array.size < 2 or not np.all(np.isfinite(array)):
        raise InputError(f"{what}: bin edges must be two or more finite numbers in a row")
    if not np.all(np.diff(array) > 0):
        raise InputError(f"{what}: bin edges must increase; got {array.tolist()}")
    return array


def smooth_cuts(
    function: Callable[[Array], Array],
    edges: Array,
    kinks: Iterable[float],
    *,
    order: int,
    tolerance: float,
) -> Array:
    """Cut the range of `edges` until `function` is a polynomial of degree order-1 on each panel.

    Args:
        function: takes points of shape ``(n,)``, returns ``(..., n)``, any leading axes.
        edges: bin edges; always among the cuts.
        kinks: points where the function or its slope jumps; cuts too, if inside.
        order: number of nodes of the interpolating polynomial.
        tolerance: largest deviation from it, relative to the function's largest value.

    Returns:
        Increasing cuts. Panels narrower than 1e-6 of the range are left as they are.

    Raises:
        InputError: if the function is not smooth, or has far more kinks than are named.
    """
    inside = [k for k in kinks if edges[0] < k < edges[-1]]
    cuts = np.unique(np.concatenate([edges, inside]))
    nodes, _ = gauss_legendre(order)
    points, matrix = _interpolation(order)
    todo = np.stack([cuts[:-1], cuts[1:]], axis=1)
    done: list[Array] = [cuts]
    scale = 0.0
    for _ in range(_MAX_BISECTIONS):
        width = todo[:, 1:] - todo[:, :1]
        at_nodes = function((todo[:, :1] + width * nodes).ravel())
        at_points = function((todo[:, :1] + width * points).ravel())
        scale = max(scale, float(np.abs(at_points).max(initial=0.0)))
        shape = (*at_nodes.shape[:-1], len(todo))
        guess = at_nodes.reshape(*shape, order) @ matrix.T
        off = np.abs(guess - at_points.reshape(*shape, order + 1)).max(axis=-1)
        off = off.reshape(-1, len(todo)).max(axis=0)
        bad = (off > tolerance * scale) & (width[:, 0] > 1e-6 * (edges[-1] - edges[0]))
        if not bad.any():
            break
        if int(bad.sum()) > _MOST_PANELS:
            raise InputError(
                "an efficiency or an arrival time varies too strongly to be integrated "
                "over the bins; check the numbers of its curve"
            )
        middle = todo[bad].mean(axis=1)
        done.append(middle)
        todo = np.concatenate(
            [
                np.stack([todo[bad, 0], middle], axis=1),
                np.stack([middle, todo[bad, 1]], axis=1),
            ]
        )
    return np.unique(np.concatenate(done))
