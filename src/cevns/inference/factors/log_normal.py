"""A relative change that never turns negative."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import Values
from cevns.typing import Array

__all__ = ["MODEL", "LogNormal"]


@dataclass(frozen=True)
class LogNormal:
    """``kappa**alpha``: a relative change that never turns negative.

    Args:
        parameter: name of the pull alpha.
        kappa: the factor at a pull of one.

    Raises:
        InputError: if kappa is not positive.
    """

    parameter: str
    kappa: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.kappa) and self.kappa > 0):
            raise InputError(f"the log-normal factor of {self.parameter!r} needs a positive kappa")

    @property
    def names(self) -> tuple[str, ...]:
        """The one parameter."""
        return (self.parameter,)

    @property
    def lower(self) -> float:
        """The pull may have any value."""
        return -math.inf

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return np.exp(math.log(self.kappa) * values[self.parameter])

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.parameter: math.log(self.kappa) * self.value(values)}


MODEL = LogNormal
