"""Shapes: counts per bin as functions of named parameters, for any batch of points.

A shape either moves static rows by weights (released templates and their variations) or makes
rows of its own at every point (a signal from first principles, a function). Which of the two it
does is declared by `Shape.matrix`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import Values
from cevns.inference.model.rows import DenseRows, Rows
from cevns.morphing import ParameterGrid, even_part, even_part_derivative
from cevns.typing import Array

__all__ = [
    "ComputedShape",
    "FunctionShape",
    "GridShape",
    "Morph",
    "Shape",
    "Stacked",
    "StaticShape",
    "fixed",
]


class Shape(Protocol):
    """Counts per bin as a function of parameters."""

    @property
    def n_bins(self) -> int:
        """Number of cells."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters that move it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those along which slopes are asked for, in their order."""

    @property
    def matrix(self) -> Array | None:
        """Static rows ``(m, n_bins)``, if the shape is a combination of such; else None."""

    def with_fixed(self, names: Iterable[str]) -> Shape:
        """The same shape without slopes along parameters that a fit holds."""

    def weights(self, values: Values, like: Array) -> Array | None:
        """Where there are static rows: their weights in the shape and its slopes.

        Returns:
            ``(1 + len(names), m, B)``; None for one static row with weight one.
        """

    def rows(self, values: Values, like: Array) -> Rows:
        """Where there are none: the shape and its slopes along `names`."""


class StaticShape:
    """What shapes on static rows share."""

    def rows(self, values: Values, like: Array) -> Rows:
        """Never asked for: the rows are static."""
        raise AssertionError(values, like)


class ComputedShape:
    """What shapes with rows of their own share."""

    @property
    def matrix(self) -> Array | None:
        """None: the rows move."""
        return None

    def weights(self, values: Values, like: Array) -> Array | None:
        """Never asked for: there are no static rows."""
        raise AssertionError(values, like)


@dataclass(frozen=True, eq=False)
class Morph(StaticShape):
    """A template and the shapes that pulls move it to.

    ``nominal + sum_k [alpha_k odd_k + d(alpha_k) even_k]`` with ``alpha = (theta - centre)/width``
    and d of `cevns.morphing`.

    Args:
        nominal: ``(n_bins,)``.
        odd: by parameter, half the difference of the variations at +1 and -1.
        even: their mean minus the nominal; absent where a variation is one-sided.
        units: by parameter, its value at a pull of zero and its change for a pull of one.
        held: parameters along which no slope is asked for.

    Raises:
        InputError: if shapes differ or a parameter has no unit.
    """

    nominal: Array
    odd: Mapping[str, Array]
    even: Mapping[str, Array]
    units: Mapping[str, tuple[float, float]]
    held: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, row in (*self.odd.items(), *self.even.items()):
            if np.shape(row) != np.shape(self.nominal) or name not in self.units:
                raise InputError(
                    f"the variation {name!r} of a template has {np.shape(row)} bins where the "
                    f"nominal has {np.shape(self.nominal)}, or no unit of its pull"
                )

    @property
    def n_bins(self) -> int:
        """See `Shape`."""
        return int(self.nominal.size)

    @property
    def parameters(self) -> tuple[str, ...]:
        """See `Shape`."""
        return tuple(self.odd)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See `Shape`."""
        return tuple(n for n in self.odd if n not in self.held)

    @cached_property
    def matrix(self) -> Array:
        """Nominal, then odd and even rows by parameter."""
        rows = [self.nominal]
        for name, odd in self.odd.items():
            rows.append(odd)
            if name in self.even:
                rows.append(self.even[name])
        return np.stack(rows)

    def with_fixed(self, names: Iterable[str]) -> Morph:
        """See `Shape`."""
        return replace(self, held=self.held | frozenset(names))

    def weights(self, values: Values, like: Array) -> Array | None:
        """See `Shape`."""
        if not self.odd:
            return None
        out = np.zeros((1 + len(self.names), len(self.matrix), *np.shape(like)))
        out[0, 0] = 1.0
        row, slope = 1, 1
        for name in self.odd:
            centre, width = self.units[name]
            alpha = (values[name] - centre) / width
            free = name not in self.held
            out[0, row] = alpha
            if free:
                out[slope, row] = 1.0 / width
            row += 1
            if name in self.even:
                out[0, row] = even_part(alpha)
                if free:
                    out[slope, row] = even_part_derivative(alpha) / width
                row += 1
            slope += free
        return out


def fixed(counts: Array) -> Morph:
    """A template that nothing moves.

    Examples:
        >>> fixed(np.array([1.0, 2.0])).n_bins
        2
    """
    return Morph(np.asarray(counts, dtype=float).ravel(), {}, {}, {})


@dataclass(frozen=True, eq=False)
class GridShape(StaticShape):
    """A template that is known at a grid of parameter values, and their mixture in between.

    Args:
        grid: the values; see `cevns.morphing`.
        matrix: the template at each point of the grid, ``(n_points, n_bins)``.
        held: parameters along which no slope is asked for.

    Examples:
        >>> grid = ParameterGrid({"a": np.array([0.0, 1.0])}, "line")
        >>> shape = GridShape(grid, np.array([[1.0, 1.0], [3.0, 1.0]]))
        >>> (shape.weights({"a": np.array([0.25])}, np.zeros(1))[0, :, 0] @ shape.matrix).tolist()
        [1.5, 1.0]
    """

    grid: ParameterGrid
    matrix: Array
    held: frozenset[str] = frozenset()

    @property
    def n_bins(self) -> int:
        """See `Shape`."""
        return int(self.matrix.shape[1])

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """See `Shape`."""
        return tuple(self.grid.values)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See `Shape`."""
        return tuple(n for n in self.parameters if n not in self.held)

    @cached_property
    def _asked(self) -> tuple[int, ...]:
        """Numbers of the parameters along which slopes are asked for."""
        return tuple(k for k, n in enumerate(self.parameters) if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> GridShape:
        """See `Shape`."""
        return replace(self, held=self.held | frozenset(names))

    def weights(self, values: Values, like: Array) -> Array:
        """See `Shape`."""
        if not self.parameters:
            return np.ones((1, 1, *np.shape(like)))
        at = np.empty((*like.shape, len(self.parameters)))
        for k, name in enumerate(self.parameters):
            at[..., k] = values[name]
        return self.grid.rows(at, self._asked).swapaxes(1, -1)


@dataclass(frozen=True, eq=False)
class FunctionShape(ComputedShape):
    """Any function of parameters.

    Args:
        parameters: names of its arguments.
        size: number of bins.
        function: values ``(B, n)`` to counts ``(B, n_bins)``.
        derivative: values ``(B, n)`` to slopes ``(B, n, n_bins)``; by central differences
            (relative error about 1e-9 for a smooth function) if it is not given.
        steps: typical sizes of the arguments, for differences; 1 by default.
        bounds: lower and upper ends of the arguments, which differences do not leave.
        held: parameters along which no slope is asked for.
    """

    parameters: tuple[str, ...]
    size: int
    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array] | None = None
    steps: Sequence[float] | None = None
    bounds: Sequence[tuple[float, float]] | None = None
    held: frozenset[str] = frozenset()

    @property
    def n_bins(self) -> int:
        """See `Shape`."""
        return self.size

    @property
    def names(self) -> tuple[str, ...]:
        """See `Shape`."""
        return tuple(n for n in self.parameters if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> FunctionShape:
        """See `Shape`."""
        return replace(self, held=self.held | frozenset(names))

    def rows(self, values: Values, like: Array) -> Rows:
        """See `Shape`."""
        at = np.stack([values[n] + like for n in self.parameters], axis=-1)
        counts = np.asarray(self.function(at), dtype=float)
        along = [i for i, n in enumerate(self.parameters) if n not in self.held]
        if self.derivative is not None and along:
            slopes = np.asarray(self.derivative(at))[:, along]
        else:
            slopes = np.empty((len(at), len(along), self.size))
            for row, i in enumerate(along):
                slopes[:, row] = self._difference(at, i)
        return DenseRows(np.concatenate([counts[:, None], slopes], axis=1))

    def _difference(self, at: Array, i: int) -> Array:
        typical = 1.0 if self.steps is None else self.steps[i]
        low, high = (-math.inf, math.inf) if self.bounds is None else self.bounds[i]
        # cube root of the rounding error: where truncation and rounding balance
        step = 6e-6 * typical
        up, down = at.copy(), at.copy()
        up[:, i] = np.minimum(at[:, i] + step, np.maximum(high, at[:, i]))
        down[:, i] = np.maximum(at[:, i] - step, np.minimum(low, at[:, i]))
        width = (up[:, i] - down[:, i])[:, None]
        result: Array = (self.function(up) - self.function(down)) / width
        return result


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
                f"there is no template for {self.name} = {lost:g}; use one of the points"
            )
        return DenseRows(self.templates[number][:, None])
