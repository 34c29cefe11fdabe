"""Gaussian resolution with noise, stochastic and constant terms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.detectors.framework.resolution_density import TINY_KEVEE, Normal
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Gaussian"]

CITE = "file: the widths are those of the experiment"


@dataclass(frozen=True)
class Gaussian(Normal):
    """x ~ Normal(E_ee, sigma), sigma^2 = noise^2 + stochastic^2 E_ee + constant^2 E_ee^2.

    x in keVee. CENNS-10 liquid argon has sigma/E = 0.58/sqrt(E/keVee) (arXiv:2006.12659), that
    is stochastic = 0.58; the release writes E for the reconstructed energy, here it is the true
    electron-equivalent one.

    Args:
        noise_kevee: keVee.
        stochastic: keVee^(1/2).
        constant: relative.

    Raises:
        InputError: if a term is negative or all are zero.

    Examples:
        >>> argon = Gaussian(stochastic=0.58)
        >>> round(float(argon.sigma(25.0)), 6)
        2.9
    """

    noise_kevee: Annotated[float, Unit("keVee")] = 0.0
    stochastic: float = 0.0
    constant: float = 0.0

    def __post_init__(self) -> None:
        terms = (self.noise_kevee, self.stochastic, self.constant)
        if not all(math.isfinite(v) and v >= 0 for v in terms) or not any(terms):
            raise InputError(
                f"gaussian resolution needs terms that are not negative, one of them positive, "
                f"not {terms}; use the resolution 'none' for a perfect detector"
            )

    def sigma(self, energy_kevee: ArrayLike) -> Array:
        """Standard deviation, keVee."""
        energy = np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        sigma: Array = np.sqrt(
            self.noise_kevee**2 + energy * (self.stochastic**2 + energy * self.constant**2)
        )
        return sigma


MODEL = Gaussian
