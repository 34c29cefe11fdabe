"""Perfect resolution: the reconstructed value is the mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.detectors.framework.resolution_density import Resolution
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Perfect"]

CITE = "none: nothing is smeared"


@dataclass(frozen=True)
class Perfect(Resolution):
    """x = light_yield E_ee exactly.

    Args:
        light_yield: reconstructed units per keVee; 1 for x in keVee.

    Raises:
        InputError: if the light yield is not positive.

    Examples:
        >>> Perfect().cdf([1.9, 2.1], 2.0).tolist()
        [0.0, 1.0]
    """

    light_yield: Annotated[float, Unit("PE/keVee")] = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.light_yield) and self.light_yield > 0):
            raise InputError(f"the light yield must be positive, not {self.light_yield}")

    def mean(self, energy_kevee: ArrayLike) -> Array:
        """Light yield times energy."""
        return self.light_yield * np.asarray(energy_kevee, dtype=float)

    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:  # noqa: ARG002
        """There is none: a delta function.

        Raises:
            InputError: always.
        """
        raise InputError("a perfect resolution has no density; use its cdf")

    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """A step at the mean: 1 where x > mean, so that bins are [low, high)."""
        return (np.asarray(x, dtype=float) > self.mean(energy_kevee)).astype(float)

    def draw(self, energy_kevee: Array, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """The mean, for every energy."""
        return self.mean(energy_kevee)


MODEL = Perfect
