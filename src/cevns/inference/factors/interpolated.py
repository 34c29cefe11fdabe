"""A factor known at pulls of +1 and -1, interpolated as HistFactory does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import OfOne, Values
from cevns.typing import Array

__all__ = ["MODEL", "Interpolated"]

CITE = ("histfactory",)


@dataclass(frozen=True)
class Interpolated(OfOne):
    """A factor known at pulls of +1 and -1, interpolated as HistFactory does.

    With code 1 it is ``up**alpha`` for alpha > 0 and ``down**-alpha`` below; code 4 replaces the
    part between -1 and 1 by the polynomial of degree six that joins it with continuous first and
    second derivative (CERN-OPEN-2012-016, section 4.1).

    Args:
        parameter: name of the pull alpha.
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

    down: float
    up: float
    code: int = 1

    def __post_init__(self) -> None:
        if not (self.down > 0 and self.up > 0) or self.code not in (1, 4):
            raise InputError(
                f"the factor of {self.parameter!r} needs positive values at -1 and +1 and the "
                f"interpolation code 1 or 4, not {self.down:g}, {self.up:g}, {self.code}"
            )

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
        alpha = values[self.parameter]
        outside = np.exp(self._rate(alpha) * alpha)
        if self.code == 1:
            return outside
        powers = alpha[..., None] ** np.arange(1, 7)
        return np.where(np.abs(alpha) < 1.0, 1.0 + powers @ self._polynomial, outside)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        alpha = values[self.parameter]
        rate = self._rate(alpha)
        slope = rate * np.exp(rate * alpha)
        if self.code == 4:
            inside = (alpha[..., None] ** np.arange(6)) @ (self._polynomial * np.arange(1, 7))
            slope = np.where(np.abs(alpha) < 1.0, inside, slope)
        return {self.parameter: slope}

    def _rate(self, alpha: Array) -> Array:
        return np.where(alpha >= 0, math.log(self.up), -math.log(self.down))


MODEL = Interpolated
