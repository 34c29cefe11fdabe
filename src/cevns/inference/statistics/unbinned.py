"""Events as points: the extended likelihood of a total and a density.

    -2 ln L = 2 nu(theta) - 2 sum_j n_j ln p(x_j; theta),

where nu is the expected total and p the expected density at event j (R. Barlow, NIM A 297 (1990)
496). The first cell of the channel is the total, the others are the event points; the data are
the multiplicities of the points, one for each event, behind a first number that is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array, BoolArray

__all__ = ["MODEL", "Unbinned"]

CITE = ("barlow-1990",)

_TINY = 1e-300


@dataclass(frozen=True)
class Unbinned(Statistic):
    """See the module; extends `cevns.inference.model.statistic.Statistic`.

    A list of events says nothing about where other events would lie, so pseudo-data cannot be
    drawn from it; a fine histogram of the same axes can.
    """

    events_are_points: ClassVar[bool] = True

    @property
    def can_draw(self) -> bool:
        """No."""
        return False

    def check(self, data: Array, where: str) -> None:
        """Multiplicities are finite and not negative.

        Raises:
            InputError: otherwise.
        """
        if not (np.isfinite(data[1:]).all() and (data[1:] >= 0).all()):
            raise InputError(f"{where}: the multiplicity of an event is negative or not finite")

    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """See `Statistic`."""
        del floor
        safe = np.maximum(mu[1:], _TINY)
        ratio = data[1:] / safe
        value: Array = 2.0 * mu[0] - 2.0 * np.sum(data[1:] * np.log(safe), axis=0)
        value = np.where(self.impossible(mu, data, mu), np.inf, value)
        residual = np.concatenate([np.ones_like(mu[:1]), -ratio])
        curvature = np.concatenate([np.zeros_like(mu[:1]), ratio / safe])
        return value, residual, curvature

    def impossible(self, mu: Array, data: Array, floor: Array) -> BoolArray:
        """Whether an event lies where nothing is expected."""
        del floor
        return np.asarray(np.any((mu[1:] <= 0.0) & (data[1:] > 0.0), axis=0))

    def information(self, mu: Array, floor: Array) -> Array:
        """That of the events at hand: a list of events knows no other points."""
        del floor
        return np.concatenate([np.zeros_like(mu[:1]), 1.0 / np.maximum(mu[1:], _TINY) ** 2])

    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """See `Statistic`."""
        del floor
        slope = -2.0 * np.log(np.maximum(mu[1:], _TINY))
        return 2.0 * mu[0], np.concatenate([np.zeros_like(mu[:1]), slope])

    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Not possible.

        Raises:
            InputError: always.
        """
        del mu, rng, n
        raise InputError(
            "pseudo-data cannot be drawn from a list of events; bin the channel finely instead"
        )

    def asimov(self, mu: Array) -> Array:
        """Not possible.

        Raises:
            InputError: always.
        """
        raise InputError(
            "Asimov data are not defined for a list of events; bin the channel "
            "finely instead" + ("" if mu.size else " (it is empty)")
        )


MODEL = Unbinned
