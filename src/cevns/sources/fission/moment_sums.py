"""Flux moments of a spectrum that is smooth between many edges: sums over its panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["MomentSums"]

_FLOOR_MEV = 1e-6  # moments of a spectrum that does not vanish at zero diverge there
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, eq=False)
class MomentSums:
    r"""Moments above any energy, of which all but the first panel are known beforehand.

    .. math:: I_k(E_\mathrm{min}) = \int_{E_\mathrm{min}} S(E)\, E^{-k}\, dE, \quad k = 0, 1, 2

    Args:
        density: S, 1/MeV.
        breaks_mev: between which it is smooth, the end point among them.

    Examples:
        >>> sums = MomentSums(lambda e: np.ones_like(e), np.linspace(0.0, 10.0, 101))
        >>> sums([5.0, 11.0]).round(6).tolist()  # 5, ln 2, 1/5 - 1/10
        [[5.0, 0.0], [0.693147, 0.0], [0.1, 0.0]]
    """

    density: Callable[[Array], Array]
    breaks_mev: Array

    @cached_property
    def edges(self) -> Array:
        """Of the panels, MeV: the breaks, and powers of two where 1/E is steep."""
        low = _FLOOR_MEV * 2.0 ** np.arange(16)
        edges = np.maximum(np.concatenate([low, self.breaks_mev]), _FLOOR_MEV)
        return np.unique(edges[edges <= self.breaks_mev.max()])

    @cached_property
    def above(self) -> Array:
        """Moments above each edge, from the end down, ``(3, n + 1)``."""
        pieces = self._between(self.edges[:-1], self.edges[1:])
        above = np.zeros((3, self.edges.size))
        above[:, :-1] = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
        return above

    def _between(self, low: Array, high: Array) -> Array:
        """Moments within panels, ``(3, n)``."""
        half = (high - low)[:, None] / 2.0
        energy = low[:, None] + half * (_POINTS + 1.0)
        weight = self.density(energy) * _WEIGHTS * half
        return np.stack([(weight * energy**-k).sum(axis=1) for k in range(3)])

    def __call__(self, e_min_mev: ArrayLike) -> Array:
        """Moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k."""
        e_min, edges = np.asarray(e_min_mev, dtype=float), self.edges
        low = np.clip(e_min.ravel(), edges[0], edges[-1])
        i = np.minimum(np.searchsorted(edges, low, side="right"), edges.size - 1)
        total = self._between(low, edges[i]) + self.above[:, i]
        return total.reshape(3, *e_min.shape)
