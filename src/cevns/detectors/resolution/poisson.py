"""Photo-electron counting: an integer number of them, Poisson distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from cevns.detectors.framework.resolution_density import Counted, poisson, poisson_below
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Poisson"]

CITE = ("arXiv:1804.09459",)


@dataclass(frozen=True)
class Poisson(Counted):
    """k ~ Poisson(light_yield E_ee); k photo-electrons fill the 1-PE bin [k, k+1).

    The density is therefore constant over each such bin, pmf(k) per PE, and the efficiency is
    one number a bin: that at k, or that at the bin's centre, as the release of the first CsI[Na]
    analysis has it (arXiv:1804.09459). The choice matters near threshold (6 % of the rate there),
    so it is named.

    Args:
        light_yield: photo-electrons per keVee.
        efficiency_at: ``"count"``, the efficiency at k, or ``"centre"``, that at k + 1/2.

    Raises:
        InputError: if the light yield is not positive.

    Examples:
        >>> csi = Poisson(light_yield=13.348)
        >>> float(csi.pdf(3.7, 0.2).round(6)) == float(csi.pdf(3.0, 0.2).round(6))
        True
    """

    unit: ClassVar[str] = "PE"

    light_yield: Annotated[float, Unit("PE/keVee")]
    efficiency_at: Literal["count", "centre"] = "count"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.light_yield) and self.light_yield > 0):
            raise InputError(f"the light yield must be positive, not {self.light_yield}")

    @property
    def efficiency_offset(self) -> float:
        """0 for the efficiency at k, 1/2 for that at the centre of its bin."""
        return 0.5 if self.efficiency_at == "centre" else 0.0

    def mean(self, energy_kevee: ArrayLike) -> Array:
        """Mean number of photo-electrons."""
        return self.light_yield * np.asarray(energy_kevee, dtype=float)

    def probability(self, k: Array, energy_kevee: Array) -> Array:
        """mean^k exp(-mean)/k!."""
        return poisson(k, self.mean(energy_kevee))

    def fewer(self, k: Array, energy_kevee: Array) -> Array:
        """The same, summed up to k - 1."""
        return poisson_below(k, self.mean(energy_kevee))

    def counts(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A Poisson number for each energy."""
        result: Array = rng.poisson(self.mean(energy_kevee)).astype(float)
        return result


MODEL = Poisson
