"""The signal of an experiment on tables: for toys and scans.

What couplings and radii do to recoil spectra (`cevns.experiments.tables.spectral`) and what
quenching and efficiency pulls do to the response (`cevns.experiments.tables.features`) are
tabulated apart and meet in one small matrix: with A[j, e, w] = sum_nodes phi_j(T) M[w, e](T),

    S[e, t] = sum_c (sum_{j in c} v_j(couplings) sum_w A[j, e, w] W_w(pulls)) tau_c[t](t0),

which holds every cross term of the exact model. Couplings enter without approximation; the
response is as good as its features (`cevns.experiments.fast_form` sees to that). Arrival times are
the splines they always are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cevns.experiments.prediction.separable import Separable, Values
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.tables.features import Features
from cevns.experiments.tables.spectral import Mixture, mixture
from cevns.typing import Array

__all__ = ["TabulatedSignal", "tabulate", "time_classes"]


@dataclass(frozen=True, eq=False)
class TabulatedSignal(Separable):
    """Expected signal per (energy, time) bin; the fast stand-in of `Signal`.

    Args:
        mixture: recoil spectra and the weights that mix them.
        features: of the response.
        table: A, ``(n_basis n_energy, n_features)``; `times` has one entry a class.
    """

    mixture: Mixture
    features: Features
    table: Array

    @property
    def n_energy(self) -> int:
        """Number of energy bins."""
        return len(self.table) // len(self.mixture.spectra)

    @property
    def parameters(self) -> tuple[str, ...]:
        """See `Moved`."""
        pulse = () if self.pulse_time is None else (self.pulse_time,)
        return (*self.mixture.parameters, *self.features.parameters, *pulse)

    def with_fixed(self, names: Iterable[str]) -> TabulatedSignal:
        """See `Moved`; mixture and features hold them too."""
        mixture, features = self.mixture.with_fixed(names), self.features.with_fixed(names)
        return replace(super().with_fixed(names), mixture=mixture, features=features)

    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, B)``."""
        matrix, mixed_before = self._mixed_matrix(values)
        shape = (-1, self.n_energy, *like.shape)
        products = self.features.products(matrix, values, like)
        rows = [r.reshape(shape) for r in products]
        if mixed_before:
            return rows
        weights = self.mixture.weights(values, like)
        mixed = [self.mixture.mix(w, rows[0]) for w in weights]
        return mixed + [self.mixture.mix(weights[0], r) for r in rows[1:]]

    def _mixed_matrix(self, values: Values) -> tuple[Array, bool]:
        """A, mixed to one row a class where couplings are the same throughout the batch.

        That is so for the toys of a grid point: a third of the arithmetic is saved.
        """
        if not self.mixture.parameters:
            return self.table, True
        if self.mixture.names:
            return self.table, False
        here = {}
        for name in self.mixture.parameters:
            every = np.asarray(values[name])
            if every.size == 0 or not (every == every.flat[0]).all():
                return self.table, False
            here[name] = np.asarray(every.flat[0])
        weights = self.mixture.weights(here, np.zeros(()))[0]
        mixed = self.mixture.mix(weights, self.table.reshape(len(weights), -1))
        return mixed.reshape(-1, self.table.shape[1]), True


def tabulate(signal: Signal, scale: Mapping[str, float], features: Features) -> TabulatedSignal:
    """Tabulate an exact signal.

    Args:
        signal: the exact one.
        scale: typical steps of all parameters it is bound to (the width of a constraint).
        features: of its response.
    """
    classes = time_classes(signal)
    mixed = mixture(signal, scale, classes)
    matrix = np.einsum("jn,wen->jew", mixed.spectra, features.table, optimize=True)
    return TabulatedSignal(
        mixed,
        features,
        np.ascontiguousarray(matrix.reshape(-1, matrix.shape[-1])),
        times=tuple(signal.times[c[0]] for c in classes),
        pulse_time=signal.pulse_time,
        pulse_time_us=signal.pulse_time_us,
    )


def time_classes(signal: Signal) -> list[tuple[int, ...]]:
    """Flavours that arrive alike, by position."""
    classes: dict[bytes, list[int]] = {}
    for f, table in enumerate(signal.times):
        classes.setdefault(table.spline.coefficients.tobytes(), []).append(f)
    return [tuple(c) for c in classes.values()]
