"""A released response matrix as features: for toys and scans.

Between the points of its grid a matrix is a mixture of theirs, so the shares in the mixture are
features W without approximation,

    R[e, j](parameters) = sum_w M[w, e, j] W_w(parameters),

with M[w] the matrix of point w at the recoil nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cevns.detectors.responses.matrix import MatrixResponse
from cevns.experiments.prediction.separable import Values
from cevns.typing import Array

__all__ = ["MatrixFeatures"]


@dataclass(frozen=True, eq=False)
class MatrixFeatures:
    """Implements `cevns.experiments.tables.features.Features`; see the module.

    Args:
        response: the matrix.
        table: M, ``(n_points, n_energy, n_nodes)``.
        held: names along which no slope is asked for.
    """

    response: MatrixResponse
    table: Array
    held: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters of the matrix."""
        return tuple(self.response.grid)

    @property
    def driven(self) -> tuple[str, ...]:
        """Those with slopes, in their order."""
        return tuple(n for n in self.names if n not in self.held)

    def with_fixed(self, names: frozenset[str]) -> MatrixFeatures:
        """The same without slopes along some of them."""
        return replace(self, held=self.held | names)

    def stacked(self, matrix: Array) -> Array:
        """The matrix itself: slopes are other features."""
        return matrix

    def products(self, stacked: Array, n: int, values: Values, like: Array) -> list[Array]:
        """A matrix of `n` rows times W and times its slopes along `driven`, each ``(n, ...)``."""
        pulls = np.stack([values[name] + like for name in self.names], axis=-1)
        asked = [None, *(k for k, name in enumerate(self.names) if name not in self.held)]
        found = []
        for slope_of in asked:
            shares = self.response.shares(pulls, slope_of=slope_of).reshape(-1, stacked.shape[1])
            found.append((stacked @ shares.T).reshape(n, *like.shape))
        return found
