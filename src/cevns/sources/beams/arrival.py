"""What an arrival is: the share of the exposure's particles in each time bin.

A source says how many particles come in the exposure; an arrival says when. It has a time unit of
its own (us after a beam signal, s of a burst, d of a year) and parameters of its own. Without a
time axis it integrates to the live time: `Arrival.live_share`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import finite
from cevns.parameters import Parameter, Parameters
from cevns.typing import Array, ArrayLike

__all__ = ["Arrival", "Shares", "begin_parameter", "value_of"]

Shares = tuple[Array, dict[str, Array]]
"""Shares of the bins, ``(..., bins)``, and their slopes by parameter, of the same shape."""


class Arrival(Protocol):
    """When particles arrive. A class that derives from this one needs `unit` and `cumulative`."""

    @property
    def unit(self) -> str:
        """Of all times: ``us``, ``s`` or ``d``."""
        ...

    @property
    def parameters(self) -> Parameters:
        """What moves the shares, with nominal values; times in `unit`."""
        return Parameters([])

    @property
    def live(self) -> tuple[float, float] | None:
        """Begin and end of the exposure, in `unit`; None where a time axis sees all of it."""
        return None

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """Share of the particles before each time, and its slopes, ``(..., times)``.

        Args:
            times: in `unit`, increasing.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.
            live: begin and end of the exposure, by default of the times that are asked for.
        """
        ...

    def shares(self, edges: ArrayLike, values: Mapping[str, Any] | None = None) -> Shares:
        """Share of the particles in each time bin, ``(..., bins)``, and the slopes.

        Args:
            edges: of the bins, in `unit`, increasing.
            values: parameters by name, numbers or arrays of shape ``(...)``; nominal if left out.

        Raises:
            InputError: if the edges do not increase.
        """
        times = finite(f"edge of a time bin in {self.unit}", edges)
        if times.ndim != 1 or times.size < 2 or not np.all(np.diff(times) > 0.0):
            raise InputError("time bins: the edges must be two or more increasing numbers")
        live = self.live or (float(times[0]), float(times[-1]))
        total, slopes = self.cumulative(times, values or {}, live)
        return np.diff(total, axis=-1), {n: np.diff(s, axis=-1) for n, s in slopes.items()}

    def live_share(self, values: Mapping[str, Any] | None = None) -> Shares:
        """Without a time axis: the share in the whole exposure, shape ``(...)``, and its slopes.

        One, unless the exposure is shorter than what the fluence was counted for.
        """
        if self.live is None:
            return np.ones(()), {}
        total, slopes = self.shares(self.live, values)
        return total[..., 0], {n: s[..., 0] for n, s in slopes.items()}


def value_of(arrival: Arrival, name: str, values: Mapping[str, Any]) -> Array:
    """A parameter with an axis for times behind, ``(..., 1)``; nominal if it is left out."""
    value = values[name] if name in values else arrival.parameters[name].value
    return np.asarray(value, dtype=float)[..., None]


def begin_parameter(value: float, unit: str, description: str) -> Parameter:
    """The parameter ``t0`` of an arrival, free to move."""
    return Parameter("t0", value, unit=unit, typical=1.0, description=description)
