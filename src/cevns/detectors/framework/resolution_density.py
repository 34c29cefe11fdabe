"""What a resolution model tells the response table."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["TINY_KEVEE", "Counted", "Normal", "Resolution", "poisson", "poisson_below"]

# quantiles of a unit Gaussian: outer ones leave 1e-17, inner ones make panels of equal difficulty
_Z = np.array([-8.5, -5.0, -2.5, 0.0, 2.5, 5.0, 8.5])

_HALVINGS = 48
"""Of the interval in which a quantile is sought."""
_MOST_COUNTS = 100_000
"""Terms that a sum over quanta may have: memory and time grow with them."""
TINY_KEVEE = 1e-12
"""Energies are not let below this, where every resolution is a spike at its mean."""


def poisson(k: Array, mean: Array) -> Array:
    """mean^k exp(-mean)/k!, for a mean above zero."""
    from scipy.special import gammaln

    result: Array = np.exp(k * np.log(mean) - mean - gammaln(k + 1.0))
    return result


def poisson_below(k: Array, mean: Array) -> Array:
    """Probability of fewer than k where `mean` are expected."""
    from scipy.special import pdtr

    return np.where(k > 0, pdtr(np.maximum(k - 1.0, 0.0), mean), 0.0)


class Resolution(ABC):
    """P(x | E_ee): density of the reconstructed value x (PE or keVee) at energy E_ee (keVee).

    A continuous model tells the integrator how to handle it: in the variable u = x^(1/power)
    the density is close to a polynomial of moderate degree between neighbouring `landmarks`.
    """

    power: ClassVar[int] = 1
    unit: ClassVar[str] = ""
    """Unit of x, ``PE``, ``electrons`` or ``keVee``; empty where the model's own numbers decide."""

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

    def draw(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A random reconstructed value for each energy, ``(n,)``; by default by inverting `cdf`.

        Args:
            energy_kevee: electron-equivalent energies, keVee.
            rng: random numbers.
        """
        wanted, marks = rng.random(energy_kevee.shape), self.landmarks(energy_kevee)
        low, high = marks[:, 0].copy(), marks[:, -1].copy()
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            below = self.cdf(middle, energy_kevee) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        result: Array = 0.5 * (low + high)
        return result


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

    def draw(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A normal number for each energy."""
        out = rng.standard_normal(energy_kevee.shape)
        out *= self.sigma(energy_kevee)
        out += self.mean(energy_kevee)
        return out


class Counted(Resolution):
    """x is a whole number k of quanta, which fills the bin [k, k+1) of width 1.

    The density is constant over each such bin, and the efficiency is one number a bin.
    """

    @property
    def efficiency_offset(self) -> float:
        """Where in that bin the efficiency is taken, from k on."""
        return 0.0

    @abstractmethod
    def probability(self, k: Array, energy_kevee: Array) -> Array:
        """Probability of k quanta, k whole and not negative; k and energy broadcast."""

    @abstractmethod
    def fewer(self, k: Array, energy_kevee: Array) -> Array:
        """Probability of fewer than k quanta; k and energy broadcast."""

    def pdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Density per quantum: the probability of floor(x) of them."""
        k = np.floor(np.asarray(x, dtype=float))
        inside = k >= 0.0
        energy = np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        result: Array = np.where(inside, self.probability(np.where(inside, k, 0.0), energy), 0.0)
        return result

    def cdf(self, x: ArrayLike, energy_kevee: ArrayLike) -> Array:
        """Probability below x: full bins of width 1, and the fraction of the last."""
        at = np.maximum(np.asarray(x, dtype=float), 0.0)
        k, energy = np.floor(at), np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        result: Array = self.fewer(k, energy) + (at - k) * self.probability(k, energy)
        return result

    @abstractmethod
    def counts(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A random number of quanta for each energy, ``(n,)``."""

    def draw(self, energy_kevee: Array, rng: np.random.Generator) -> Array:
        """A number of quanta for each energy, spread over its bin ``[k, k + 1)`` as the density."""
        result: Array = self.counts(energy_kevee, rng) + rng.random(energy_kevee.shape)
        return result

    def cells(self, edges: Array) -> tuple[Array, Array]:
        """Cuts between the edges where the density or the efficiency may jump, and the points
        where the efficiency counts, one a cell.

        Raises:
            InputError: if the bins reach over too many quanta.
        """
        if edges[-1] - edges[0] > _MOST_COUNTS:
            raise InputError(
                f"resolution: the bins end at {edges[-1]:g} {self.unit}, and "
                f"probabilities of whole numbers are summed over at most {_MOST_COUNTS} "
                "of them; use a lower last edge, or 'kind: gamma'"
            )
        cuts = np.union1d(edges, np.arange(math.ceil(edges[0]), math.floor(edges[-1]) + 1))
        return cuts, np.floor((cuts[:-1] + cuts[1:]) / 2.0) + self.efficiency_offset
