"""A shape in other cells: sums of its bins, densities at points, cells that nothing fills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.channel import Channel
from cevns.inference.model.factors import Values
from cevns.inference.model.rows import DenseRows, Rows
from cevns.inference.model.shapes import Shape
from cevns.inference.statistics.poisson import Poisson
from cevns.typing import Array, IntArray

__all__ = ["Mapped", "some_bins"]


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


def some_bins(channel: Channel, kept: IntArray) -> Channel:
    """A channel with some of its bins; what the others hold is left out of data and expectation.

    A strength that is a number of events is then that of the bins that are left.

    Args:
        channel: whose data are counts with independent fluctuations.
        kept: numbers of the bins, at least one.

    Raises:
        InputError: if nothing is left, or the data are no counts in independent bins.

    Examples:
        >>> from cevns.inference.model.channel import Component
        >>> from cevns.inference.model.shapes import fixed
        >>> flat = Component("flat", fixed(np.array([1.0, 2.0, 4.0])), (2.0,))
        >>> counts = Channel("counts", np.array([3.0, 4.0, 7.0]), (flat,))
        >>> left = some_bins(counts, np.array([1, 2]))
        >>> left.observed.tolist(), left.at({}, np.zeros(1)).mean[:, 0].tolist()
        ([4.0, 7.0], [4.0, 8.0])
    """
    if type(channel.statistic) is not Poisson:
        raise InputError(
            f"channel {channel.name!r}: its data are not counts in independent bins, "
            "so single bins cannot be removed"
        )
    if not len(kept):
        raise InputError(f"channel {channel.name!r}: no bin is left")
    onto = np.eye(channel.n_bins)[kept]
    components = tuple(replace(c, shape=Mapped(c.shape, onto)) for c in channel.components)
    return replace(
        channel,
        observed=channel.observed[kept],
        components=components,
        floor=None if channel.floor is None else channel.floor[kept],
        events=None if channel.events is None else channel.events[kept],
        shape=(),
        axes=(),
    )
