"""A relative change proportional to a pull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.inference.model.factors import OfOne, Values
from cevns.typing import Array

__all__ = ["MODEL", "Linear"]

CITE = "none: a function of one line"


@dataclass(frozen=True)
class Linear(OfOne):
    """``1 + width (theta - centre)``.

    Args:
        parameter: name of the pull theta.
        width: relative change for a pull of one.
        centre: value of the pull that changes nothing.

    Examples:
        >>> Linear("a", 0.2).value({"a": np.array([0.0, 1.0])}).tolist()
        [1.0, 1.2]
    """

    width: float
    centre: float = 0.0

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return 1.0 + self.width * (values[self.parameter] - self.centre)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        return {self.parameter: np.full_like(values[self.parameter], self.width)}


MODEL = Linear
