"""What multiplies a shape: parameters, numbers, and differentiable functions of parameters.

A strength is a product of factors. A factor gives its value and its derivatives for a
batch of points. Named functions are in `cevns.inference.factors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from cevns.typing import Array

__all__ = [
    "Factor",
    "NamedFactor",
    "OfOne",
    "ParameterFactor",
    "Strength",
    "Values",
    "factors",
    "product",
    "product_slopes",
]

Values = Mapping[str, Array]
"""Parameter values by name, each ``(B,)``."""


@runtime_checkable
class Factor(Protocol):
    """A positive or negative number that depends on parameters."""

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters it depends on."""

    def value(self, values: Values) -> Array:
        """The factor, ``(B,)``."""

    def slopes(self, values: Values) -> dict[str, Array]:
        """Its derivatives by name, each ``(B,)``."""


@runtime_checkable
class NamedFactor(Factor, Protocol):
    """An entry of `cevns.inference.factors`."""

    @property
    def lower(self) -> float:
        """Smallest value of its parameters."""


@dataclass(frozen=True)
class OfOne:
    """What functions of one parameter have in common.

    Args:
        parameter: its name.
    """

    parameter: str

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.parameter,)

    @property
    def lower(self) -> float:
        """It may have any value."""
        return -math.inf


Strength = str | float | Factor
"""How a factor is declared: the name of a parameter, a number, or a function of parameters."""


@dataclass(frozen=True)
class ParameterFactor:
    """A parameter itself.

    Args:
        name: of the parameter.
    """

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.name,)

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return values[self.name]

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.name: np.ones_like(values[self.name])}


def factors(strength: Sequence[Strength]) -> tuple[float, tuple[Factor, ...]]:
    """The number and the factors that a strength is the product of."""
    number = 1.0
    found: list[Factor] = []
    for s in strength:
        if isinstance(s, str):
            found.append(ParameterFactor(s))
        elif isinstance(s, int | float):
            number *= s
        else:
            found.append(s)
    return number, tuple(found)


def product(number: float, parts: Sequence[Factor], values: Values, like: Array) -> Array:
    """A number times factors, ``(B,)``."""
    total = number + like
    for factor in parts:
        total = total * factor.value(values)
    return total


def product_slopes(
    number: float, parts: Sequence[Factor], values: Values, like: Array
) -> dict[str, Array]:
    """Derivatives of `product` by name, each ``(B,)``.

    Examples:
        >>> values = {"a": np.array([2.0]), "b": np.array([5.0])}
        >>> parts = [ParameterFactor("a"), ParameterFactor("b")]
        >>> product_slopes(3.0, parts, values, np.zeros(1))["a"].tolist()
        [15.0]
    """
    slopes: dict[str, Array] = {}
    for k, factor in enumerate(parts):
        others = product(number, [p for j, p in enumerate(parts) if j != k], values, like)
        for name, slope in factor.slopes(values).items():
            own = others * slope
            slopes[name] = slopes[name] + own if name in slopes else own
    return slopes
