"""What multiplies a shape: parameters, numbers, and differentiable functions of parameters.

A strength is a product of factors. A factor gives its value and its derivatives for a
batch of points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = [
    "Factor",
    "FunctionFactor",
    "Interpolated",
    "Linear",
    "LogNormal",
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


@dataclass(frozen=True)
class Linear:
    """``1 + width (theta - centre)``: a relative change proportional to a pull.

    Args:
        name: of the pull.
        width: relative change for a pull of one.
        centre: value of the pull that changes nothing.
    """

    name: str
    width: float
    centre: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.name,)

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return 1.0 + self.width * (values[self.name] - self.centre)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.name: np.full_like(values[self.name], self.width)}


@dataclass(frozen=True)
class LogNormal:
    """``kappa**alpha``: a relative change that never turns negative.

    Args:
        name: of the pull alpha.
        kappa: the factor at a pull of one.

    Raises:
        InputError: if kappa is not positive.
    """

    name: str
    kappa: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.kappa) and self.kappa > 0):
            raise InputError(f"the log-normal factor of {self.name!r} needs a positive kappa")

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.name,)

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return np.exp(math.log(self.kappa) * values[self.name])

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.name: math.log(self.kappa) * self.value(values)}


@dataclass(frozen=True)
class Interpolated:
    """A factor known at pulls of +1 and -1, interpolated as HistFactory does.

    With code 1 it is ``up**alpha`` for alpha > 0 and ``down**-alpha`` below; code 4 replaces the
    part between -1 and 1 by the polynomial of degree six that joins it with continuous first and
    second derivative (CERN-OPEN-2012-016, section 4.1).

    Args:
        name: of the pull alpha.
        down: the factor at -1.
        up: the factor at +1.
        code: 1 or 4.

    Raises:
        InputError: if a factor is not positive or the code is another one.

    Examples:
        >>> factor = Interpolated("a", 0.9, 1.2, code=4)
        >>> factor.value({"a": np.array([-1.0, 0.0, 1.0])}).round(6).tolist()
        [0.9, 1.0, 1.2]
    """

    name: str
    down: float
    up: float
    code: int = 1

    def __post_init__(self) -> None:
        if not (self.down > 0 and self.up > 0) or self.code not in (1, 4):
            raise InputError(
                f"the factor of {self.name!r} needs positive values at -1 and +1 and the "
                f"interpolation code 1 or 4, not {self.down:g}, {self.up:g}, {self.code}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.name,)

    @cached_property
    def _polynomial(self) -> Array:
        """Coefficients of alpha to alpha^6 from values and two derivatives at both ends."""
        rows, wanted = [], []
        for sign, end in ((1.0, self.up), (-1.0, self.down)):
            log = sign * math.log(end)
            powers = np.arange(1, 7)
            rows += [
                sign**powers,
                powers * sign ** (powers - 1),
                powers * (powers - 1) * sign**powers,
            ]
            wanted += [end - 1.0, log * end, log * log * end]
        result: Array = np.linalg.solve(np.array(rows), np.array(wanted))
        return result

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        alpha = values[self.name]
        outside = np.exp(self._rate(alpha) * alpha)
        if self.code == 1:
            return outside
        powers = alpha[..., None] ** np.arange(1, 7)
        return np.where(np.abs(alpha) < 1.0, 1.0 + powers @ self._polynomial, outside)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        alpha = values[self.name]
        rate = self._rate(alpha)
        slope = rate * np.exp(rate * alpha)
        if self.code == 4:
            inside = (alpha[..., None] ** np.arange(6)) @ (self._polynomial * np.arange(1, 7))
            slope = np.where(np.abs(alpha) < 1.0, inside, slope)
        return {self.name: slope}

    def _rate(self, alpha: Array) -> Array:
        return np.where(alpha >= 0, math.log(self.up), -math.log(self.down))


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
