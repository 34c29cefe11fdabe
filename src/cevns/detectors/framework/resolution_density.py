"""What a resolution model tells the response table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from cevns.typing import Array, ArrayLike

__all__ = ["TINY_KEVEE", "Resolution"]

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
