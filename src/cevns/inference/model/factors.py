"""What multiplies a shape: parameters, numbers, and differentiable functions of parameters.

A strength is a product of factors. A factor is evaluated for a batch of points together with its
derivatives by the parameters it depends on.
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
]

Values = Mapping[str, Array]
"""Parameter values by name, each ``(B,)``."""


@runtime_checkable
class Factor(Protocol):
    """A positive or negative number that depends on parameters."""

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters it depends on."""

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """The factor ``(B,)`` and its derivatives by name, each ``(B,)``."""


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

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """Its value, with slope one."""
        value = values[self.name]
        return value, {self.name: np.ones_like(value)}


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

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """See `Factor`."""
        value = values[self.name]
        return 1.0 + self.width * (value - self.centre), {
            self.name: np.full_like(value, self.width)
        }


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

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """See `Factor`."""
        log = math.log(self.kappa)
        value = np.exp(log * values[self.name])
        return value, {self.name: log * value}


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
        >>> factor.evaluate({"a": np.array([-1.0, 0.0, 1.0])})[0].round(6).tolist()
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

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """See `Factor`."""
        alpha = values[self.name]
        log = np.where(alpha >= 0, math.log(self.up), -math.log(self.down))
        value = np.exp(log * alpha)
        slope = log * value
        if self.code == 4:
            inside = np.abs(alpha) < 1.0
            powers = alpha[..., None] ** np.arange(7)
            c = self._polynomial
            value = np.where(inside, 1.0 + powers[..., 1:] @ c, value)
            slope = np.where(inside, powers[..., :-1] @ (c * np.arange(1, 7)), slope)
        return value, {self.name: slope}


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

    def evaluate(self, values: Values) -> tuple[Array, dict[str, Array]]:
        """See `Factor`."""
        at = np.stack([values[n] for n in self.names])
        if self.derivative is not None:
            slopes = self.derivative(at)
        else:
            # cube root of the rounding error: where truncation and rounding balance
            step = 6e-6 * np.maximum(np.abs(at), 0.1)
            slopes = np.empty_like(at)
            for i in range(len(at)):
                up, down = at.copy(), at.copy()
                up[i] += step[i]
                down[i] -= step[i]
                slopes[i] = (self.function(up) - self.function(down)) / (2.0 * step[i])
        return self.function(at), dict(zip(self.names, slopes, strict=True))


def factors(strength: Sequence[Strength]) -> tuple[float, tuple[Factor, ...]]:
    """The number and the factors that a strength is the product of."""
    number, found = 1.0, []
    for s in strength:
        if isinstance(s, str):
            found.append(ParameterFactor(s))
        elif isinstance(s, int | float):
            number *= s
        else:
            found.append(s)
    return number, tuple(found)


def product(
    number: float, parts: Sequence[Factor], values: Values, like: Array
) -> tuple[Array, dict[str, Array]]:
    """A number times factors ``(B,)``, and the derivatives by name.

    Examples:
        >>> values = {"a": np.array([2.0]), "b": np.array([5.0])}
        >>> value, slopes = product(3.0, [ParameterFactor("a"), ParameterFactor("b")], values, 0.0)
        >>> value.tolist(), slopes["a"].tolist()
        ([30.0], [15.0])
    """
    found = [f.evaluate(values) for f in parts]
    total = number + like
    for value, _ in found:
        total = total * value
    slopes: dict[str, Array] = {}
    for k, (_, own) in enumerate(found):
        others = number + like
        for j, (value, _) in enumerate(found):
            if j != k:
                others = others * value
        for name, slope in own.items():
            slopes[name] = slopes.get(name, 0.0) + others * slope
    return total, slopes
