"""Photo-electron statistics with avalanche fluctuations: a gamma law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from cevns.detectors.framework.resolution_density import TINY_KEVEE, Resolution
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Gamma"]

CITE = ("arXiv:2110.07730",)

# quantiles of a unit Gaussian: outer ones leave 1e-17, inner ones make panels of equal difficulty
_Z = np.array([-8.5, -5.0, -2.5, 0.0, 2.5, 5.0, 8.5])


@dataclass(frozen=True)
class Gamma(Resolution):
    """x ~ Gamma(k, mean/k) with mean = light_yield E_ee and k = 1 + shape_per_kevee E_ee.

    P(x|E) = [a(1+b)]^(1+b)/Gamma(1+b) x^b exp(-a(1+b)x), a = 1/mean, b = k - 1; the variance
    is mean^2/k. This is the law of the CsI[Na] release (arXiv:2110.07730), a = 0.0749/E_ee and
    b = 9.56 E_ee, E_ee in keVee and x in photo-electrons. It keeps its shape and becomes narrow
    as E_ee goes to 0.

    Args:
        light_yield: photo-electrons per keVee.
        shape_per_kevee: growth of the shape parameter, 1/keVee.

    Raises:
        InputError: if a number is not positive.

    Examples:
        >>> csi = Gamma(light_yield=13.35, shape_per_kevee=9.56)
        >>> float(csi.mean(2.0)), float(csi.cdf(26.7, 2.0).round(4))
        (26.7, 0.5297)
    """

    unit: ClassVar[str] = "PE"
    power: ClassVar[int] = 3  # Wilson and Hilferty 1931: x^(1/3) is close to Gaussian

    light_yield: Annotated[float, Unit("PE/keVee")]
    shape_per_kevee: float

    def __post_init__(self) -> None:
        numbers = (self.light_yield, self.shape_per_kevee)
        if not all(math.isfinite(v) and v > 0 for v in numbers):
            raise InputError(f"gamma resolution needs positive numbers, not {numbers}")

    def mean(self, energy_kevee: ArrayLike) -> Array:
        """Light yield times energy, PE."""
        return self.light_yield * np.asarray(energy_kevee, dtype=float)

    def _shape_and_rate(self, energy_kevee: ArrayLike) -> tuple[Array, Array]:
        energy = np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        shape = 1.0 + self.shape_per_kevee * energy
        return shape, shape / self.mean(energy)

    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Density per PE; zero at negative x. In logarithms, so that it cannot overflow."""
        from scipy.special import gammaln

        shape, rate = self._shape_and_rate(energy_kevee)
        x = np.asarray(x, dtype=float)
        inside = x > 0.0
        log_x = np.log(np.where(inside, x, 1.0))
        # the normalisation first: it has the (small) shape of the energies
        norm = shape * np.log(rate) - gammaln(shape)
        return np.where(inside, np.exp(norm + (shape - 1.0) * log_x - rate * x), 0.0)

    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Regularised incomplete gamma function P(k, k x/mean)."""
        from scipy.special import gammainc

        shape, rate = self._shape_and_rate(energy_kevee)
        result: Array = gammainc(shape, rate * np.maximum(x, 0.0))
        return result

    def landmarks(self, energy_kevee: Array) -> Array:
        """Approximate quantiles (Wilson-Hilferty), ``(n, 7)``."""
        shape, rate = self._shape_and_rate(energy_kevee)
        ninth = 1.0 / (9.0 * shape)
        root = 1.0 - ninth[:, None] + np.sqrt(ninth)[:, None] * _Z
        result: Array = (shape / rate)[:, None] * np.maximum(root, 0.0) ** 3
        return result

    def draw(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A number of this gamma law for each energy."""
        shape, rate = self._shape_and_rate(energy_kevee)
        result: Array = rng.standard_gamma(shape) / rate
        return result


MODEL = Gamma
