"""Signals that are a short sum of energies times arrival times, S = sum_c E_c[e] tau_c[t].

Slopes keep the form: along energy parameters E is replaced by its slope, along the pulse time
tau. The exact signal and its fast stand-in share what follows from that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from cevns.detectors import TimeTable
from cevns.inference.model.factors import Values
from cevns.inference.model.rows import OuterRows
from cevns.inference.model.shapes import ComputedShape
from cevns.typing import Array

__all__ = ["Moved", "Separable", "Values"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Moved(ABC):
    """What parameters move, with slopes along those that no fit holds.

    Args:
        held: parameters along which no slope is asked for.
    """

    held: frozenset[str] = frozenset()

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters that move it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those along which slopes are asked for, in their order."""
        return tuple(n for n in self.parameters if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> Self:
        """The same without slopes along parameters that a fit holds."""
        return replace(self, held=self.held | frozenset(names))


@dataclass(frozen=True, eq=False, kw_only=True)
class Separable(Moved, ComputedShape):
    """A shape that is a short sum of energies times arrival times.

    The pulse time is the last of its parameters.

    Args:
        times: reconstructed time bins of each term of the sum.
        pulse_time: name of the pulse-time parameter, if it is driven.
        pulse_time_us: its value otherwise.
    """

    times: tuple[TimeTable, ...]
    pulse_time: str | None
    pulse_time_us: float

    @property
    @abstractmethod
    def n_energy(self) -> int:
        """Number of energy bins."""

    @abstractmethod
    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, B)``."""

    def arrivals(self, values: Values, like: Array) -> tuple[Array, Array | None]:
        """Tau and, where it is asked for, its slope along the pulse time.

        Each ``(n_classes, n_time, B)``.
        """
        t0 = self.pulse_time_us + like if self.pulse_time is None else values[self.pulse_time]
        if self.pulse_time is None or self.pulse_time in self.held:
            return np.stack([table.evaluate(t0).T for table in self.times]), None
        pairs = [table.evaluate_with_derivative(t0) for table in self.times]
        return np.stack([p[0].T for p in pairs]), np.stack([p[1].T for p in pairs])

    @property
    def n_time(self) -> int:
        """Number of time bins."""
        return self.times[0].n_bins

    @property
    def n_bins(self) -> int:
        """Number of cells."""
        return self.n_energy * self.n_time

    def rows(self, values: Values, like: Array) -> OuterRows:
        """See `cevns.inference.model.shapes.Shape`."""
        energies = self.energies(values, like)
        times, slopes = self.arrivals(values, like)
        return OuterRows(np.stack(energies), times, slopes)

    def evaluate(self, values: Values) -> Array:
        """Expected counts at parameter values of any common shape, ``(..., n_energy, n_time)``."""
        shape = np.broadcast_shapes(*(np.shape(values[n]) for n in self.parameters))
        flat = {n: np.broadcast_to(values[n], shape).ravel() for n in self.parameters}
        like = np.zeros(int(np.prod(shape)))
        still = self.with_fixed(self.names)
        counts = still.rows(flat, like).scaled(1.0 + like)
        return np.ascontiguousarray(counts.T).reshape(*shape, self.n_energy, self.n_time)
