"""How a channel's expectation is compared with its data: what every statistic offers.

Entries of the registry `cevns.inference.statistics` implement the protocol.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from cevns.typing import Array, BoolArray

__all__ = ["Statistic", "Usual"]


class Statistic(Protocol):
    """-2 ln L of one channel, for many data sets: ``mu`` and ``data`` are ``(n_bins, B)``.

    All terms are up to a function of the data alone, which `constant` gives.
    """

    @property
    def counts(self) -> bool:
        """Whether the data are numbers of events in cells."""

    @property
    def can_draw(self) -> bool:
        """Whether pseudo-data can be drawn."""

    @property
    def transform(self) -> Array | None:
        """A matrix that makes the data independent, applied to rows, ``(n_bins, n_bins)``."""

    @property
    def extra(self) -> int:
        """Numbers behind those of the cells that no component makes."""

    @property
    def events_are_points(self) -> bool:
        """Whether the data are events at points, behind a first cell of all of them."""

    def check(self, data: Array, where: str) -> None:
        """Raise `InputError` if data ``(n_bins,)`` are impossible under any expectation."""

    def constant(self, data: Array) -> Array:
        """What `evaluate` leaves out, ``(B,)``: the saturated likelihood."""

    def value(self, mu: Array, data: Array, floor: Array) -> Array:
        """-2 ln L alone, ``(B,)``."""

    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """-2 ln L ``(B,)``; half its first and half its second derivative by mu, per bin."""

    def residual(self, mu: Array, data: Array, floor: Array) -> Array:
        """Half the first derivative alone, ``(n_bins, B)``."""

    def impossible(self, mu: Array, data: Array, floor: Array) -> BoolArray:
        """Where -2 ln L is infinite when it is quoted, ``(B,)`` of bool."""

    def information(self, mu: Array, floor: Array) -> Array:
        """Expected half second derivative, per bin, ``(n_bins, B)``."""

    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """-2 ln L as ``constant (B,) + slope (n_bins, B) . data``, for screening."""

    def kept(self, mu: Array, floor: Array) -> Array:
        """The expectation as the likelihood takes it: above its floor."""

    def points(self, data: Array) -> tuple[Array, Array, Array]:
        """Data that are no counts as figures show them: values, errors down and up, per cell."""

    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Pseudo-data of one expectation ``(n_bins,)``, ``(n_bins, n)``."""

    def asimov(self, mu: Array) -> Array:
        """Data that agree with an expectation, ``(n_bins,)``."""


class Usual:
    """What most statistics have in common: data a cell each, independent, that can be drawn."""

    counts: ClassVar[bool] = False
    events_are_points: ClassVar[bool] = False

    @property
    def can_draw(self) -> bool:
        """Yes."""
        return True

    @property
    def transform(self) -> Array | None:
        """None: cells are independent."""
        return None

    @property
    def extra(self) -> int:
        """None."""
        return 0

    def points(self, data: Array) -> tuple[Array, Array, Array]:
        """The data, without errors."""
        return data, np.zeros_like(data), np.zeros_like(data)

    def kept(self, mu: Array, floor: Array) -> Array:
        """As it is."""
        del floor
        return mu

    def asimov(self, mu: Array) -> Array:
        """The expectation."""
        return mu
