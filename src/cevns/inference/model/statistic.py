"""How a channel's expectation is compared with its data: what every statistic offers.

Entries of the registry `cevns.inference.statistics` extend it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from cevns.typing import Array, BoolArray

__all__ = ["Statistic"]


class Statistic(ABC):
    """-2 ln L of one channel, for many data sets: ``mu`` and ``data`` are ``(n_bins, B)``.

    All terms are up to a function of the data alone, which `constant` gives. What is given here
    holds where data are one number a cell, independent, with expectations of any sign.
    """

    counts: ClassVar[bool] = False
    """Whether the data are numbers of events in cells."""
    events_are_points: ClassVar[bool] = False
    """Whether the data are events at points, behind a first cell of all of them."""

    @property
    def can_draw(self) -> bool:
        """Whether pseudo-data can be drawn."""
        return True

    @property
    def transform(self) -> Array | None:
        """A matrix that makes the data independent, applied to rows, ``(n_bins, n_bins)``."""
        return None

    @property
    def extra(self) -> int:
        """Numbers behind those of the cells that no component makes."""
        return 0

    @abstractmethod
    def check(self, data: Array, where: str) -> None:
        """Raise `InputError` if data ``(n_bins,)`` are impossible under any expectation."""

    def constant(self, data: Array) -> Array:
        """What `evaluate` leaves out, ``(B,)``: the saturated likelihood."""
        return np.zeros(data.shape[1])

    def value(self, mu: Array, data: Array, floor: Array) -> Array:
        """-2 ln L alone, ``(B,)``."""
        return self.evaluate(mu, data, floor)[0]

    @abstractmethod
    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """-2 ln L ``(B,)``; half its first and half its second derivative by mu, per bin."""

    def residual(self, mu: Array, data: Array, floor: Array) -> Array:
        """Half the first derivative alone, ``(n_bins, B)``."""
        return self.evaluate(mu, data, floor)[1]

    def impossible(self, mu: Array, data: Array, floor: Array) -> BoolArray:
        """Where -2 ln L is infinite when it is quoted, ``(B,)`` of bool."""
        del data, floor
        return np.zeros(mu.shape[1], dtype=bool)

    @abstractmethod
    def information(self, mu: Array, floor: Array) -> Array:
        """Expected half second derivative, per bin, ``(n_bins, B)``."""

    @abstractmethod
    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """-2 ln L as ``constant (B,) + slope (n_bins, B) . data``, for screening."""

    def regularised(self, mu: Array, floor: Array) -> Array:
        """The expectation as the likelihood takes it: above its floor."""
        del floor
        return mu

    def points(self, data: Array) -> tuple[Array, Array, Array]:
        """Data that are no counts as figures show them: values, errors down and up, per cell."""
        return data, np.zeros_like(data), np.zeros_like(data)

    @abstractmethod
    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Pseudo-data of one expectation ``(n_bins,)``, ``(n_bins, n)``."""

    def log_density(self, mu: Array, data: Array) -> Array:
        """Logarithm of the density that `draw` draws from, up to a number of each data set.

        Args:
            mu: expectations, ``(n_bins, K)``.
            data: pseudo-data, ``(n_data, B)``.

        Returns:
            Of each data set under each expectation, ``(K, B)``.
        """
        constant, slope = self.linear(mu, np.zeros((len(mu), 1)))
        result: Array = -0.5 * (slope.T @ data + constant[:, None])
        return result

    def stabilised(self, mu: Array) -> Array:
        """The expectation so transformed that what is drawn has about the variance one everywhere.

        Args:
            mu: expectations, ``(n_bins, K)``.
        """
        moved = mu if self.transform is None else self.transform @ mu
        result: Array = np.sqrt(self.information(mu, np.zeros((len(mu), 1)))) * moved
        return result

    def asimov(self, mu: Array) -> Array:
        """Data that agree with an expectation, ``(n_bins,)``."""
        return mu
