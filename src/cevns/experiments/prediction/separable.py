"""Signals that are a short sum of energies times arrival times, S = sum_c E_c[e] tau_c[t].

Slopes keep the form: along energy parameters E is replaced by its slope, along the pulse time
tau. The exact signal and its fast stand-in share what follows from that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np

from cevns.inference.model.factors import Values
from cevns.inference.model.rows import OuterRows
from cevns.inference.model.shapes import ComputedShape
from cevns.typing import Array

__all__ = ["Separable", "Values"]


class Separable(ComputedShape, ABC):
    """A shape that is a short sum of energies times arrival times."""

    @property
    @abstractmethod
    def n_energy(self) -> int:
        """Number of energy bins."""

    @property
    @abstractmethod
    def n_time(self) -> int:
        """Number of time bins."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters that move it."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Those along which slopes are asked for, the pulse time last."""

    @abstractmethod
    def with_fixed(self, names: Iterable[str]) -> Separable:
        """The same signal without slopes along parameters that a fit holds."""

    @abstractmethod
    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, B)``."""

    @abstractmethod
    def arrivals(self, values: Values, like: Array) -> tuple[Array, Array | None]:
        """Tau and, where it is asked for, its slope along the pulse time.

        Each ``(n_classes, n_time, B)``.
        """

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
