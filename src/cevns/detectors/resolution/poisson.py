"""Photo-electron counting: an integer number of them, Poisson distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from cevns.detectors.framework.resolution_density import TINY_KEVEE, Resolution
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Poisson"]

_MOST_COUNTS = 100_000
"""Terms that a sum over photoelectrons may have: memory and time grow with them."""


@dataclass(frozen=True)
class Poisson(Resolution):
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

    def mean(self, energy_kevee: ArrayLike) -> Array:
        """Mean number of photo-electrons."""
        return self.light_yield * np.asarray(energy_kevee, dtype=float)

    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Density per PE: the probability of floor(x) photo-electrons."""
        from scipy.special import gammaln

        mean = self.mean(np.maximum(energy_kevee, TINY_KEVEE))
        k = np.floor(np.asarray(x, dtype=float))
        inside = k >= 0.0
        k = np.where(inside, k, 0.0)
        return np.where(inside, np.exp(k * np.log(mean) - mean - gammaln(k + 1.0)), 0.0)

    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Probability below x: full 1-PE bins, and the fraction of the last."""
        from scipy.special import pdtr

        mean = self.mean(energy_kevee)
        x = np.maximum(x, 0.0)
        k = np.floor(x)
        below = np.where(k > 0, pdtr(np.maximum(k - 1.0, 0.0), mean), 0.0)
        result: Array = below + (x - k) * self.pdf(k, energy_kevee)
        return result

    def cells(self, edges: Array) -> tuple[Array, Array]:
        """Cuts between the edges where the density or the efficiency may jump, and the points
        where the efficiency counts, one a cell.
        """
        if edges[-1] - edges[0] > _MOST_COUNTS:
            raise InputError(
                f"resolution: the bins end at {edges[-1]:g} PE, and a Poisson distribution is "
                f"summed over {_MOST_COUNTS} counts at most; end them lower, or use 'kind: gamma'"
            )
        cuts = np.union1d(edges, np.arange(math.ceil(edges[0]), math.floor(edges[-1]) + 1))
        k = np.floor((cuts[:-1] + cuts[1:]) / 2.0)
        return cuts, k + (0.5 if self.efficiency_at == "centre" else 0.0)


MODEL = Poisson
