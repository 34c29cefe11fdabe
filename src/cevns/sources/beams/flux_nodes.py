"""Quadrature nodes of a spectrum above any smallest energy, lines among them.

Between its breaks a spectrum is smooth, but what it is folded with need not be: 1/E^2 at small
energies, 1/(E^2 - m^2) close to a threshold. Panels therefore shrink by eights towards the lower
end, where Gauss-Legendre then keeps 1e-8 of an inverse power; in a spectrum of many narrow bins
only the one that holds the lower end does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["flux_nodes"]

_FEW = 8
"""Panels up to which each is graded."""
_GRADES = (0.0, *(8.0**-k for k in range(5, -1, -1)))


def flux_nodes(
    spectrum: Callable[[Array], Array],
    lines: Sequence[tuple[float, float]],
    breaks_mev: Sequence[float],
    e_min_mev: ArrayLike = 0.0,
) -> tuple[Array, Array]:
    """Energies, MeV, and weights g with ``int_{E_min} phi f dE = sum_i g_i f(E_i)``.

    Args:
        spectrum: continuous part phi, 1/MeV.
        lines: pairs of energy, MeV, and weight; one at E_min counts.
        breaks_mev: energies between which phi is smooth, to the end point; 0 need not be there.
        e_min_mev: smallest energies, of shape ``(...)``.

    Returns:
        Two arrays of shape ``(..., m)``. Panels and lines below E_min have weight zero, and
        energies above it, where what is folded has a value.

    Examples:
        >>> energy, weight = flux_nodes(lambda e: np.full_like(e, 0.1), [], [10.0], 2.0)
        >>> round(float(weight @ energy**-2), 10)  # 0.1 (1/2 - 1/10)
        0.04
    """
    low = np.asarray(e_min_mev, dtype=float)[..., None]
    edges = np.unique([0.0, *breaks_mev])
    many = edges.size - 1 > _FEW
    parts = [_panels(low, edges, graded=not many)]
    if many:  # graded is the panel that holds the lower end, or begins there
        inside = np.clip(low, edges[0], edges[-1])
        after = edges[np.minimum(np.searchsorted(edges, inside, side="right"), edges.size - 1)]
        first = np.concatenate([inside, after], axis=-1)
        parts = [_panels(inside, first, graded=True), _panels(after, edges, graded=False)]
    energy, width = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
    beyond = np.maximum(edges[-1], 2.0 * low)
    energy = np.where(width > 0.0, energy, beyond)
    weight = spectrum(energy) * width
    if not lines:
        return energy, weight
    at, share = np.array(lines, dtype=float).T
    return (
        np.concatenate([energy, np.where(low <= at, at, beyond)], axis=-1),
        np.concatenate([weight, share * (low <= at)], axis=-1),
    )


def _panels(low: Array, edges: Array, *, graded: bool) -> tuple[Array, Array]:
    """Nodes and weights, ``(..., m)``, on panels of which what is below `low` is cut off."""
    x, w = _rule(graded=graded)
    lower = np.clip(low, edges[..., :-1], edges[..., 1:])[..., None]
    width = edges[..., 1:, None] - lower
    shape = (*low.shape[:-1], -1)
    return (lower + width * x).reshape(shape), (width * w).reshape(shape)


@cache
def _rule(*, graded: bool) -> tuple[Array, Array]:
    """Nodes and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(12 if graded else 6)
    edges = np.array(_GRADES if graded else (0.0, 1.0))
    half = np.diff(edges)[:, None] / 2.0
    return (edges[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel()
