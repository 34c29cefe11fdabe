"""-2 ln L of an experiment for many data sets at once: the structure of the model used to the full.

The signal is a short sum of energies times arrival times, S = sum_c E_c[e] tau_c[t], and so are
its slopes: along energy pulls E is replaced by its slope, along the pulse time tau. A gradient
therefore needs no row over the bins: the residual is summed over t once per arrival class and
meets the slopes of E. Background shapes never change and meet everything through matrix products.
A parameter's derivative is a sum of such *raw* rows: a count divides by the sum of the signal, a
cross section scales it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.experiments.prediction.separable import Separable, Values, outer_sum
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.questions import SIGNAL, ExperimentModel
from cevns.inference.minimum.objectives import Constrained, poisson
from cevns.typing import Array, IntArray

__all__ = ["ExperimentObjective", "Made"]

Made = dict[str, list[tuple[int, Array]]]
"""Derivatives by parameters as sums of raw rows: their numbers and factors."""


@dataclass(frozen=True, eq=False)
class ExperimentObjective(Constrained):
    """Objective of an experiment, exact or tabulated (`cevns.inference.minimum.objectives`).

    Args:
        model: the model.
        held: names of parameters that the fits hold; their rows are zero.
    """

    model: ExperimentModel
    held: frozenset[str] = frozenset()

    @cached_property
    def _signal(self) -> Separable:
        """The signal; slopes along what a fit holds are not computed where it can leave them."""
        signal = self.model.signal
        return signal if isinstance(signal, Signal) else signal.holding(self.held)

    @cached_property
    def _shapes(self) -> Array:
        """Background shapes, ``(n_backgrounds, n_bins)``."""
        return np.ascontiguousarray(self.model.templates)

    @cached_property
    def _shapes_transposed(self) -> Array:
        return np.ascontiguousarray(self._shapes.T)

    @cached_property
    def _products(self) -> Array:
        """Products of background shapes, ``(n_backgrounds^2, n_bins)``."""
        n = len(self._shapes)
        return (self._shapes[:, None] * self._shapes[None]).reshape(n * n, -1)

    @cached_property
    def _by_energy(self) -> Array:
        """Sums over times with each background shape, ``(n_backgrounds n_energy, n_bins)``."""
        n, n_energy = len(self._shapes), self._signal.n_energy
        grid = self._shapes.reshape(n, n_energy, 1, -1) * np.eye(n_energy)[:, :, None]
        return np.ascontiguousarray(grid.reshape(n * n_energy, -1))

    @cached_property
    def _background_rows(self) -> list[int]:
        return [self.model.parameters.position(b) for b in self.model.backgrounds]

    def _values(self, theta: Array) -> dict[str, Array]:
        return {p.name: theta[i] for i, p in enumerate(self.model.parameters)}

    def _derivatives(self, theta: Array, total: Array) -> tuple[Array, Made]:
        """Strength of the signal, and each parameter's derivative as a sum of raw rows.

        `total` are the sums of the raw rows over the bins.
        """
        model, values = self.model, self._values(theta)
        made: Made = {}
        if model.question == "count":
            strength = values[SIGNAL] / total[0]
            made[SIGNAL] = [(0, 1.0 / total[0])]
            for k, name in enumerate(self._signal.driven, start=1):
                made[name] = [(k, strength), (0, -strength * total[k] / total[0])]
        else:
            strength = model.strength(values)
            for name in model.factors:
                others = model.strength(values, without=name)
                made[name] = [(0, others + np.zeros_like(theta[0]))]
            for k, name in enumerate(self._signal.driven, start=1):
                made[name] = [(k, strength + np.zeros_like(theta[0]))]
        return strength, made

    def _background(self, theta: Array) -> Array:
        counts = np.stack([theta[i] for i in self._background_rows])
        result: Array = self._shapes_transposed @ counts
        return result

    def _place(self, made: Made, what: Array, axis: int) -> Array:
        """Signal parameters, then backgrounds, to the order of the parameters; others are zero."""
        names = [*made, *self.model.backgrounds]
        every = [p.name for p in self.model.parameters]
        if names == every:
            return what
        if len(names) < len(every):
            nothing = np.zeros_like(np.take(what, np.array([0]), axis=axis))
            what = np.concatenate([what, nothing], axis=axis)
        at = np.array([names.index(n) if n in names else len(names) for n in every])
        return np.take(what, at, axis=axis)

    def gradient(self, theta: Array, counts: Array, aux: Array) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""
        parts = _Parts.of(self._signal, self._values(theta), np.zeros_like(theta[0]))
        strength, made = self._derivatives(theta, parts.totals())
        residual = poisson(self._mean(theta, strength, parts), counts, self._floor)[1]
        gradient = self._gradient(made, parts, residual)
        return 2.0 * gradient + self._pulls(theta, aux)[1]

    def evaluate(self, theta: Array, counts: Array, aux: Array) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature."""
        parts = _Parts.of(self._signal, self._values(theta), np.zeros_like(theta[0]))
        strength, made = self._derivatives(theta, parts.totals())
        mu = self._mean(theta, strength, parts)
        value, residual, weight = poisson(mu, counts, self._floor)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux)
        gradient = self._gradient(made, parts, residual)
        matrix = self._curvature(made, parts, weight)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * matrix + pull_curvature

    def _mean(self, theta: Array, strength: Array, parts: _Parts) -> Array:
        """Expected counts, ``(n_bins, B)``."""
        mu = outer_sum(strength * parts.rows[0], parts.times)
        mu = mu.reshape(-1, *theta[0].shape)
        return mu + self._background(theta) if self._background_rows else mu

    def _gradient(self, made: Made, parts: _Parts, residual: Array) -> Array:
        raw = parts.over_bins(residual)
        own = sum(a * raw[k] for k, a in _terms(made))
        return self._place(made, np.concatenate([own, self._shapes @ residual]), 0)

    def _curvature(self, made: Made, parts: _Parts, weight: Array) -> Array:
        gram, weighted = parts.gram(weight)
        sums = (self._by_energy @ weighted.reshape(len(weighted), len(weight), -1)).reshape(
            len(weighted), len(self._shapes), -1, *weight.shape[1:]
        )
        mixed = parts.with_shapes(sums)  # raw row x background
        terms = _terms(made)
        own = sum(
            a[:, None] * b[None] * gram[k[:, None], m[None]] for k, a in terms for m, b in terms
        )
        across = sum(a[:, None] * mixed[k] for k, a in terms)
        n = len(self._shapes)
        flat = (self._products @ weight).reshape(n, n, -1)
        below = np.concatenate([np.swapaxes(across, 0, 1), flat], axis=1)
        whole = np.concatenate([np.concatenate([own, across], axis=1), below])
        return self._place(made, self._place(made, whole, 0), 1)


def _terms(made: Made) -> list[tuple[IntArray, Array]]:
    """The first, second, ... raw row of each parameter and its factor, ``(n_names, B)``."""
    rows = list(made.values())
    nothing = (0, np.zeros_like(rows[0][0][1]))
    out = []
    for t in range(max(map(len, rows))):
        here = [r[t] if t < len(r) else nothing for r in rows]
        out.append((np.array([k for k, _ in here]), np.stack([a for _, a in here])))
    return out


@dataclass(frozen=True, eq=False)
class _Parts:
    """The signal and its slopes, apart in energy and time.

    Args:
        rows: energies and their slopes, ``(n_rows, n_classes, n_energy, B)``.
        times: arrival times, ``(n_classes, n_time, B)``.
        slopes: along the pulse time, if there are any asked for; the last raw row is the
            first of `rows` with these.
    """

    rows: Array
    times: Array
    slopes: Array | None

    @classmethod
    def of(cls, signal: Separable, values: Values, like: Array) -> _Parts:
        """At some parameters."""
        times, slopes = signal.arrivals(values, like)
        energies = signal.energies(values, like)
        moving = len(energies) <= len(signal.driven)
        return cls(np.stack(energies), times, slopes if moving else None)

    def totals(self) -> Array:
        """Sums of the raw rows over all bins, ``(n_raw, B)``."""
        by_class = np.sum(self.rows, axis=2)
        total: Array = np.sum(by_class * np.sum(self.times, axis=1), axis=1)
        if self.slopes is None:
            return total
        last = np.sum(by_class[0] * np.sum(self.slopes, axis=1), axis=0)
        return np.concatenate([total, last[None]])

    def over_bins(self, residual: Array) -> Array:
        """Raw rows times a residual, summed over all bins, ``(n_raw, B)``."""
        shape = self.rows.shape
        grid = residual.reshape(shape[2], -1, *shape[3:])
        over = _over_times(self.times, grid).reshape(-1, *shape[3:])
        flat = self.rows.reshape(shape[0], -1, *shape[3:])
        out: Array = np.sum(flat * over, axis=1)
        if self.slopes is None:
            return out
        over = _over_times(self.slopes, grid).reshape(-1, *shape[3:])
        return np.concatenate([out, np.sum(flat[0] * over, axis=0)[None]])

    def gram(self, weight: Array) -> tuple[Array, Array]:
        """Weighted products of raw rows ``(n_raw, n_raw, B)``, and weighted times.

        What two classes c and d share in an energy bin, ``sum_t w tau_c tau_d``, is the same for
        all rows; each product then is a sum over energies.
        """
        rows, n = self.rows, len(self.times)
        grid = weight.reshape(rows.shape[2], -1, *weight.shape[1:])
        times = self.times if self.slopes is None else np.concatenate([self.times, self.slopes])
        weighted = times[:, None] * grid  # (n_classes, n_energy, n_time, B)
        shared = [[np.sum(weighted[0], axis=1)] * len(times) for _ in times]
        for c in range(len(times)):
            for d in range(c, len(times)):
                shared[c][d] = shared[d][c] = np.sum(weighted[c] * times[d], axis=1)

        def meet(row: Array, first: int, last: int) -> Array:
            """A row with classes from `first`, as classes from `last` meet it."""
            return np.stack(
                [sum(row[d] * shared[first + d][last + c] for d in range(n)) for c in range(n)]
            )

        met = [meet(row, 0, 0) for row in rows]
        gram = np.stack([np.sum(rows * m, axis=(1, 2)) for m in met])
        if self.slopes is None:
            return gram, weighted
        moved = meet(rows[0], n, 0)
        edge = np.sum(rows * moved, axis=(1, 2))
        corner = np.sum(rows[0] * meet(rows[0], n, n), axis=(0, 1))
        right = np.concatenate([edge, corner[None]])
        gram = np.concatenate([gram, edge[:, None]], axis=1)
        return np.concatenate([gram, right[None]]), weighted

    def with_shapes(self, sums: Array) -> Array:
        """Raw rows with what `sums` holds by class and energy, ``(n_raw, n_shapes, B)``."""
        n = len(self.times)
        out = [np.sum(row[:, None] * sums[:n], axis=(0, 2)) for row in self.rows]
        if self.slopes is not None:
            out.append(np.sum(self.rows[0][:, None] * sums[n:], axis=(0, 2)))
        return np.stack(out)


def _over_times(times: Array, grid: Array) -> Array:
    """``sum_t tau_c[t] grid[e, t]``, ``(n_classes, n_energy, B)``."""
    return np.stack([np.sum(time[None] * grid, axis=1) for time in times])
