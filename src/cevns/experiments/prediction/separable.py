"""Signals that are a short sum of energies times arrival times, S = sum_c E_c[e] tau_c[t].

Slopes keep the form: along energy parameters E is replaced by its slope, along the pulse time
tau. The exact signal and its fast stand-ins share what follows from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from cevns.typing import Array

__all__ = ["Separable", "Values", "linearise", "outer_sum", "rows"]

Values = Mapping[str, Array]


class Separable(Protocol):
    """A signal that is a short sum of energies times arrival times."""

    @property
    def n_energy(self) -> int:
        """Number of energy bins."""

    @property
    def n_time(self) -> int:
        """Number of time bins."""

    @property
    def driven(self) -> tuple[str, ...]:
        """Names of the parameters that move it, the pulse time last."""

    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, ...)``."""

    def arrivals(self, values: Values, like: Array) -> list[Array]:
        """Tau and its slope along the pulse time, each ``(n_classes, n_time, ...)``."""


def outer_sum(energies: Array, times: Array) -> Array:
    """``sum_c E_c[e] tau_c[t]``, ``(n_energy, n_time, ...)``."""
    total: Array = energies[0][:, None] * times[0][None]
    for c in range(1, len(times)):
        total = total + energies[c][:, None] * times[c][None]
    return total


def rows(signal: Separable, values: Values, like: Array) -> list[Array]:
    """S and its slopes along ``signal.driven``, each ``(n_energy n_time, ...)``: batch last."""
    energies = signal.energies(values, like)
    times, slopes = signal.arrivals(values, like)
    grids = [outer_sum(e, times) for e in energies]
    if len(energies) <= len(signal.driven):  # the pulse time is driven too
        grids.append(outer_sum(energies[0], slopes))
    return [g.reshape(signal.n_energy * signal.n_time, *like.shape) for g in grids]


def linearise(signal: Separable, values: Values) -> tuple[Array, dict[str, Array]]:
    """S and its slopes by name, each ``(..., n_energy, n_time)``: batch first."""
    like = np.zeros_like(values[signal.driven[0]]) if signal.driven else np.zeros(())
    shape = (*like.shape, signal.n_energy, signal.n_time)
    moved = [np.moveaxis(r, 0, -1).reshape(shape) for r in rows(signal, values, like)]
    return moved[0], dict(zip(signal.driven, moved[1:], strict=True))
