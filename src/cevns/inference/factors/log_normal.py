"""A relative change that never turns negative."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import OfOne, Values
from cevns.typing import Array

__all__ = ["MODEL", "LogNormal"]

CITE = "none: a function of one line"


@dataclass(frozen=True)
class LogNormal(OfOne):
    """``kappa**alpha``: a relative change that never turns negative.

    Args:
        parameter: name of the pull alpha.
        kappa: the factor at a pull of one.

    Raises:
        InputError: if kappa is not positive.
    """

    kappa: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.kappa) and self.kappa > 0):
            raise InputError(f"the log-normal factor of {self.parameter!r} needs a positive kappa")

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return np.exp(math.log(self.kappa) * values[self.parameter])

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.parameter: math.log(self.kappa) * self.value(values)}


MODEL = LogNormal
