"""A shape in other cells: sums of its bins, densities at points, cells that nothing fills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from cevns.inference.model.factors import Values
from cevns.inference.model.rows import DenseRows, Rows
from cevns.inference.model.shapes import Shape
from cevns.typing import Array

__all__ = ["Mapped"]


@dataclass(frozen=True, eq=False)
class Mapped:
    """``cells = onto @ bins``.

    Args:
        shape: in bins.
        onto: ``(n_cells, n_bins)``.

    Examples:
        >>> import numpy as np
        >>> from cevns.inference.model.shapes import fixed
        >>> Mapped(fixed(np.array([1.0, 2.0, 4.0])), np.array([[1.0, 1.0, 0.0]])).matrix.tolist()
        [[3.0]]
    """

    shape: Shape
    onto: Array

    @property
    def n_bins(self) -> int:
        """Number of cells."""
        return len(self.onto)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the shape."""
        return self.shape.parameters

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the shape along which slopes are asked for."""
        return self.shape.names

    @cached_property
    def matrix(self) -> Array | None:
        """The static rows in the cells."""
        rows = self.shape.matrix
        return None if rows is None else rows @ self.onto.T

    def with_fixed(self, names: Iterable[str]) -> Mapped:
        """See `Shape`."""
        return replace(self, shape=self.shape.with_fixed(names))

    def weights(self, values: Values, like: Array) -> Array | None:
        """See `Shape`."""
        return self.shape.weights(values, like)

    def rows(self, values: Values, like: Array) -> Rows:
        """See `Shape`."""
        return DenseRows(self.shape.rows(values, like).dense() @ self.onto.T)
