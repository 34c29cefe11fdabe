"""What a resolution model tells the response table."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["TINY_KEVEE", "Normal", "Resolution"]

# quantiles of a unit Gaussian: outer ones leave 1e-17, inner ones make panels of equal difficulty
_Z = np.array([-8.5, -5.0, -2.5, 0.0, 2.5, 5.0, 8.5])

TINY_KEVEE = 1e-12
"""Energies are not let below this, where every resolution is a spike at its mean."""


class Resolution(ABC):
    """P(x | E_ee): density of the reconstructed value x (PE or keVee) at energy E_ee (keVee).

    A continuous model tells the integrator how to handle it: in the variable u = x^(1/power)
    the density is close to a polynomial of moderate degree between neighbouring `landmarks`.
    """

    power: ClassVar[int] = 1
    unit: ClassVar[str] = ""
    """Unit of x, ``PE`` or ``keVee``; empty where the model's own numbers decide."""

    @property
    def seen_from_kevee(self) -> float:
        """Energy below which a recoil leaves nothing to be reconstructed, keVee; by default 0.

        The density does not know of it. It is a property of the recoil and not of its calibration,
        so recoils of a lower nominal energy are left out of the sum over recoils.
        """
        return 0.0

    @abstractmethod
    def mean(self, energy_kevee: ArrayLike) -> Array:
        """Mean reconstructed value, in the unit of x, same shape as the energy."""

    @abstractmethod
    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Density in x, per unit of x; x and energy broadcast."""

    @abstractmethod
    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Probability to reconstruct below x; x and energy broadcast."""

    def landmarks(self, energy_kevee: Array) -> Array:
        """Values of x that cut the density: ``(n,)`` energies give ``(n, n_landmarks)``.

        The first and the last enclose all but 1e-16 of the probability.
        """
        raise NotImplementedError(f"{type(self).__name__} has no continuous density")


class Normal(Resolution):
    """x ~ Normal(E_ee, sigma(E_ee)), x in keVee."""

    unit: ClassVar[str] = "keVee"

    @abstractmethod
    def sigma(self, energy_kevee: ArrayLike) -> Array:
        """Standard deviation, keVee."""

    def mean(self, energy_kevee: ArrayLike) -> Array:
        """The energy itself, keVee."""
        return np.asarray(energy_kevee, dtype=float)

    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Density per keVee."""
        sigma = self.sigma(energy_kevee)
        z = (np.asarray(x, dtype=float) - self.mean(energy_kevee)) / sigma
        result: Array = np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * sigma)
        return result

    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Normal integral."""
        from scipy.special import ndtr

        z = (np.asarray(x, dtype=float) - self.mean(energy_kevee)) / self.sigma(energy_kevee)
        result: Array = ndtr(z)
        return result

    def landmarks(self, energy_kevee: Array) -> Array:
        """Quantiles, ``(n, 7)``."""
        result: Array = self.mean(energy_kevee)[:, None] + self.sigma(energy_kevee)[:, None] * _Z
        return result
