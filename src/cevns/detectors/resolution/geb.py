"""Full width of a gamma line as it is fitted to germanium: Gaussian energy broadening."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.detectors.framework.resolution_density import TINY_KEVEE, Normal
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "GaussianBroadening"]

CITE = "file: the widths are those of the experiment"

_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian over its sigma, 2.3548."""


@dataclass(frozen=True)
class GaussianBroadening(Normal):
    """x ~ Normal(E_ee, FWHM/2.3548), FWHM = a + b sqrt(E_ee + c E_ee^2).

    The form of the GEB card of MCNP, in keVee, which COHERENT fits to the lines of its germanium
    detectors. Its constant term adds to the width, and not in quadrature as in `Gaussian`.

    Args:
        fwhm_kevee: a, full width at zero energy, keVee.
        stochastic: b, keVee^(1/2).
        quadratic: c, 1/keVee.

    Raises:
        InputError: if `fwhm_kevee` is not positive, or another number is negative.

    Examples:
        One of COHERENT's detectors: sigma in eVee at 1.5 and at 10.37 keVee.

        >>> ge = GaussianBroadening(fwhm_kevee=0.132, stochastic=0.036, quadratic=0.003)
        >>> (1000.0 * ge.sigma([1.5, 10.37])).round(1).tolist()
        [74.8, 106.0]
    """

    fwhm_kevee: Annotated[float, Unit("keVee")]
    stochastic: float
    quadratic: float = 0.0

    def __post_init__(self) -> None:
        numbers = self.fwhm_kevee, self.stochastic, self.quadratic
        if not (all(math.isfinite(v) and v >= 0.0 for v in numbers) and self.fwhm_kevee > 0.0):
            raise InputError(
                "the resolution 'geb' needs a positive fwhm, and stochastic and quadratic terms "
                f"that are not negative, not {numbers}"
            )

    def sigma(self, energy_kevee: ArrayLike) -> Array:
        """Standard deviation, keVee."""
        energy = np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        width = self.fwhm_kevee + self.stochastic * np.sqrt(
            energy * (1.0 + self.quadratic * energy)
        )
        result: Array = width / _FWHM
        return result


MODEL = GaussianBroadening
