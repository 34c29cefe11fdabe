"""Functions and shapes of a user, by the protocols alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import Values
from cevns.inference.model.rows import DenseRows, Rows
from cevns.inference.model.shapes import ComputedShape
from cevns.typing import Array


@dataclass(frozen=True)
class FunctionFactor:
    """Any differentiable function of some parameters.

    Args:
        names: of its arguments.
        function: values ``(n, B)`` to ``(B,)``.
        derivative: values ``(n, B)`` to ``(n, B)``; by central differences if it is not given.
    """

    names: tuple[str, ...]
    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array] | None = None

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return self.function(np.stack([values[n] for n in self.names]))

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        at = np.stack([values[n] for n in self.names])
        if self.derivative is not None:
            return dict(zip(self.names, self.derivative(at), strict=True))
        # cube root of the rounding error: where truncation and rounding balance
        step = 6e-6 * np.maximum(np.abs(at), 0.1)
        out = {}
        for i, name in enumerate(self.names):
            up, down = at.copy(), at.copy()
            up[i] += step[i]
            down[i] -= step[i]
            out[name] = (self.function(up) - self.function(down)) / (2.0 * step[i])
        return out


@dataclass(frozen=True, eq=False)
class Stacked(ComputedShape):
    """A template for each value of a structural parameter: many models in one batch.

    The parameter is held in every fit, at one of the values, and each fit of a batch may have
    another: two hundred masses are fitted together.

    Args:
        name: of the structural parameter.
        points: its values, increasing, ``(K,)``.
        templates: counts at each of them, ``(K, n_bins)``.

    Raises:
        InputError: if there is not one template for each value.

    Examples:
        >>> shape = Stacked("mass", np.array([1.0, 2.0]), np.array([[3.0], [4.0]]))
        >>> shape.rows({"mass": np.array([2.0, 1.0])}, np.zeros(2)).dense()[:, 0].tolist()
        [[4.0], [3.0]]
    """

    name: str
    points: Array
    templates: Array

    def __post_init__(self) -> None:
        if self.templates.shape[:1] != self.points.shape or not (np.diff(self.points) > 0).all():
            raise InputError(
                f"{self.name!r} has {self.points.size} values and {len(self.templates)} templates; "
                "give one template for each of increasing values"
            )

    @property
    def n_bins(self) -> int:
        """See `Shape`."""
        return int(self.templates.shape[1])

    @property
    def parameters(self) -> tuple[str, ...]:
        """See `Shape`."""
        return (self.name,)

    @property
    def names(self) -> tuple[str, ...]:
        """None: along what is structural there is no slope."""
        return ()

    def with_fixed(self, names: Iterable[str]) -> Stacked:
        """See `Shape`."""
        del names
        return self

    def rows(self, values: Values, like: Array) -> Rows:
        """See `Shape`.

        Raises:
            InputError: if a value is none of the points.
        """
        at = values[self.name] + like
        number = np.clip(np.searchsorted(self.points, at), 0, len(self.points) - 1)
        if not np.array_equal(self.points[number], at):
            lost = at[self.points[number] != at][0]
            raise InputError(
                f"there is no template for {self.name} = {lost:g}; take one of the points"
            )
        return DenseRows(self.templates[number][:, None])
