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

from cevns.experiments.model import SIGNAL, ExperimentModel
from cevns.experiments.separable import Separable, outer_sum
from cevns.experiments.separable import rows as signal_rows
from cevns.experiments.signal import Signal
from cevns.inference.objectives import Constrained, poisson
from cevns.typing import Array, Namespace


@dataclass(frozen=True, eq=False)
class ExperimentObjective(Constrained):
    """Objective of an experiment, exact or tabulated (`cevns.inference.objectives`).

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
    def _background_rows(self) -> list[int]:
        return [self.model.parameters.position(b) for b in self.model.backgrounds]

    def _parts(self, theta: Array, xp: Namespace) -> tuple[list[Array], Array, Array]:
        """Energies with their slopes, times, and their slope along the pulse time."""
        values = self._values(theta)
        like = xp.zeros_like(theta[0])
        times, slopes = self._signal.arrivals(values, like, xp)
        return self._signal.energies(values, like, xp), times, slopes

    def _values(self, theta: Array) -> dict[str, Array]:
        return {p.name: theta[i] for i, p in enumerate(self.model.parameters)}

    def _derivatives(
        self, theta: Array, total: list[Array], xp: Namespace
    ) -> tuple[Array, dict[str, list[tuple[int, Array]]]]:
        """Strength of the signal, and each parameter's derivative as a sum of raw rows.

        `total` are the sums of the raw rows over the bins.
        """
        model, values = self.model, self._values(theta)
        made: dict[str, list[tuple[int, Array]]] = {}
        if model.question == "count":
            strength = values[SIGNAL] / total[0]
            made[SIGNAL] = [(0, 1.0 / total[0])]
            for k, name in enumerate(self._signal.driven, start=1):
                made[name] = [(k, strength), (0, -strength * total[k] / total[0])]
        else:
            strength = model.strength(values, xp)
            for name in model.factors:
                made[name] = [(0, model.strength(values, xp, without=name))]
            for k, name in enumerate(self._signal.driven, start=1):
                made[name] = [(k, strength + xp.zeros_like(theta[0]))]
        return strength, made

    def _background(self, theta: Array, xp: Namespace) -> Array:
        counts = xp.stack([theta[i] for i in self._background_rows])
        result: Array = self._shapes_transposed @ counts
        return result

    def _gradient(
        self,
        raw: list[Array],
        residual: Array,
        made: dict[str, list[tuple[int, Array]]],
        like: Array,
        xp: Namespace,
    ) -> Array:
        flat = self._shapes @ residual
        out = [xp.zeros_like(like)] * len(self.model.parameters)
        for i, p in enumerate(self.model.parameters):
            if p.name in made:
                out[i] = sum((a * raw[k] for k, a in made[p.name]), start=0.0 * like)
        for b, i in enumerate(self._background_rows):
            out[i] = flat[b]
        result: Array = xp.stack(out)
        return result

    def gradient(self, theta: Array, counts: Array, aux: Array, xp: Namespace = np) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""
        energies, times, time_slopes = self._parts(theta, xp)
        like = theta[0]
        by_class = xp.sum(times, axis=1)
        total = [xp.sum(xp.sum(e, axis=1) * by_class, axis=0) for e in energies]
        if len(energies) <= len(self._signal.driven):
            total.append(xp.sum(xp.sum(energies[0], axis=1) * xp.sum(time_slopes, axis=1), axis=0))
        strength, made = self._derivatives(theta, total, xp)
        mu = outer_sum(strength * energies[0], times)
        mu = mu.reshape(-1, *like.shape)
        if self._background_rows:
            mu = mu + self._background(theta, xp)
        residual = poisson(mu, counts, self._floor, xp)[1]
        grid = residual.reshape(self._signal.n_energy, self._signal.n_time, *like.shape)
        over = _over_times(times, grid, xp)
        raw = [xp.sum(e * over, axis=(0, 1)) for e in energies]
        if len(energies) <= len(self._signal.driven):
            slopes = _over_times(time_slopes, grid, xp)
            raw.append(xp.sum(energies[0] * slopes, axis=(0, 1)))
        gradient = self._gradient(raw, residual, made, like, xp)
        result: Array = 2.0 * gradient + self._pulls(theta, aux, xp)[1]
        return result

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature."""
        # the curvature needs the rows over all bins; mu and gradient then share them
        like = theta[0]
        rows = signal_rows(self._signal, self._values(theta), xp.zeros_like(like), xp)
        strength, made = self._derivatives(theta, [xp.sum(r, axis=0) for r in rows], xp)
        mu = strength * rows[0]
        if self._background_rows:
            mu = mu + self._background(theta, xp)
        value, residual, weight = poisson(mu, counts, self._floor, xp)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux, xp)
        raw = [xp.sum(r * residual, axis=0) for r in rows]
        gradient = self._gradient(raw, residual, made, like, xp)
        matrix = self._curvature(weight, rows, made, like, xp)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * matrix + pull_curvature

    def _curvature(
        self,
        weight: Array,
        rows: list[Array],
        made: dict[str, list[tuple[int, Array]]],
        like: Array,
        xp: Namespace,
    ) -> Array:
        n = len(rows)
        weighted = [r * weight for r in rows]
        gram: list[list[Array]] = [[like] * n for _ in range(n)]
        for a in range(n):
            for b in range(a, n):
                gram[a][b] = gram[b][a] = xp.sum(weighted[a] * rows[b], axis=0)
        mixed = [self._shapes @ w for w in weighted]  # signal row x background
        flat = self._products @ weight
        zero = xp.zeros_like(like)
        size, n_flat = len(self.model.parameters), len(self._shapes)
        out = [[zero] * size for _ in range(size)]
        names = [(i, p.name) for i, p in enumerate(self.model.parameters) if p.name in made]
        for x, (i, name) in enumerate(names):
            for j, other in names[x:]:
                entry = sum(
                    (a * b * gram[k][m] for k, a in made[name] for m, b in made[other]),
                    start=zero,
                )
                out[i][j] = out[j][i] = entry
            for b, j in enumerate(self._background_rows):
                entry = sum((a * mixed[k][b] for k, a in made[name]), start=zero)
                out[i][j] = out[j][i] = entry
        for b, i in enumerate(self._background_rows):
            for c, j in enumerate(self._background_rows):
                out[i][j] = flat[b * n_flat + c]
        matrix: Array = xp.stack([xp.stack(row) for row in out])
        return matrix


def _over_times(times: Array, grid: Array, xp: Namespace) -> Array:
    """``sum_t tau_c[t] grid[e, t]``, ``(n_classes, n_energy, B)``."""
    result: Array = xp.stack([xp.sum(time[None] * grid, axis=1) for time in times])
    return result
