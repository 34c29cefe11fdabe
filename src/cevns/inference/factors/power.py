"""A power of a parameter: what a rate makes of a coupling, or a coupling of its fourth power."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import OfOne, Values
from cevns.typing import Array

__all__ = ["MODEL", "Power"]

CITE = "none: a function of one line"

_TINY = 1e-30
_LARGEST = 10.0  # _TINY to its power is still a number


@dataclass(frozen=True)
class Power(OfOne):
    """``scale theta**exponent``.

    With ``exponent: 0.25`` it makes a coupling of the strength that a rate is proportional to.

    Args:
        parameter: name of theta.
        exponent: not zero; theta is not negative where it is no whole positive number.
        scale: the value at theta = 1.

    Raises:
        InputError: if the exponent is zero or beyond 10, or the scale is zero or not finite.

    Examples:
        >>> Power("y", 0.5, 2.0).value({"y": np.array([1.0, 4.0])}).tolist()
        [2.0, 4.0]
    """

    exponent: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        for what, number in (("exponent", self.exponent), ("scale", self.scale)):
            if not math.isfinite(number) or number == 0.0:
                raise InputError(
                    f"the power of {self.parameter!r} needs a finite {what} that is not zero, "
                    f"not {number:g}"
                )
        if abs(self.exponent) > _LARGEST:
            raise InputError(
                f"the exponent of {self.parameter!r} is {self.exponent:g}, and the "
                f"largest possible exponent is {_LARGEST:g}"
            )

    @property
    def lower(self) -> float:
        """Zero, but for whole positive exponents."""
        return -math.inf if self.exponent > 0 and float(self.exponent).is_integer() else 0.0

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        result: Array = self.scale * self._at(values) ** self.exponent
        return result

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`; a root is that of 1e-30 at zero, where its slope is huge but finite."""
        at = self._at(values)
        return {self.parameter: self.scale * self.exponent * at ** (self.exponent - 1.0)}

    def _at(self, values: Values) -> Array:
        theta = values[self.parameter]
        return theta if self.lower < 0.0 else np.maximum(theta, _TINY)


MODEL = Power
