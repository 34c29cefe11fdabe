"""-2 ln L of an experiment for many data sets at once: the structure of the model used to the full.

Over the bins only few rows differ between data sets: the signal S and its slopes along the
parameters that move it. Background shapes never change. With the curvature weight k of each bin,
the Gauss-Newton matrix of all parameters follows from the Gram matrix of these raw rows,

    M_ab = sum_i R_ai k_i R_bi,     H = L M L^T,

where L says how a parameter's derivative is made of raw rows (a count divides by the sum of the
signal, a cross section scales it). Signal rows meet each other element by element; background
rows meet everything through matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.experiments.model import SIGNAL, ExperimentModel
from cevns.experiments.tabulated import TabulatedSignal
from cevns.inference.objectives import Constrained, poisson
from cevns.typing import Array, Namespace


@dataclass(frozen=True, eq=False)
class ExperimentObjective(Constrained):
    """Objective of a tabulated experiment; see `cevns.inference.objectives.Objective`."""

    model: ExperimentModel

    @cached_property
    def _signal(self) -> TabulatedSignal:
        signal = self.model.signal
        assert isinstance(signal, TabulatedSignal)
        return signal

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

    def _expand(
        self, theta: Array, xp: Namespace
    ) -> tuple[Array, list[Array], dict[str, list[tuple[int, Array]]]]:
        """mu, the raw signal rows, and each parameter's derivative as a sum of raw rows."""
        model, signal = self.model, self._signal
        values = {p.name: theta[i] for i, p in enumerate(model.parameters)}
        rows = signal.rows(values, xp.zeros_like(theta[0]), xp)
        total = [xp.sum(r, axis=0) for r in rows]
        made: dict[str, list[tuple[int, Array]]] = {}
        if model.question == "count":
            strength = values[SIGNAL] / total[0]
            made[SIGNAL] = [(0, 1.0 / total[0])]
            for k, name in enumerate(signal.driven, start=1):
                made[name] = [(k, strength), (0, -strength * total[k] / total[0])]
        else:
            strength = model.strength(values, xp)
            for name in model.factors:
                made[name] = [(0, model.strength(values, xp, without=name))]
            for k, name in enumerate(signal.driven, start=1):
                made[name] = [(k, strength + xp.zeros_like(theta[0]))]
        mu = strength * rows[0]
        if self._background_rows:
            counts = xp.stack([theta[i] for i in self._background_rows])
            mu = mu + self._shapes_transposed @ counts
        return mu, rows, made

    def _gradient(
        self,
        residual: Array,
        rows: list[Array],
        made: dict[str, list[tuple[int, Array]]],
        like: Array,
        xp: Namespace,
    ) -> Array:
        raw = [xp.sum(r * residual, axis=0) for r in rows]
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
        mu, rows, made = self._expand(theta, xp)
        residual = poisson(mu, counts, self._floor, xp)[1]
        gradient = self._gradient(residual, rows, made, theta[0], xp)
        result: Array = 2.0 * gradient + self._pulls(theta, aux, xp)[1]
        return result

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature."""
        mu, rows, made = self._expand(theta, xp)
        value, residual, weight = poisson(mu, counts, self._floor, xp)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux, xp)
        gradient = self._gradient(residual, rows, made, theta[0], xp)
        matrix = self._curvature(weight, rows, made, theta[0], xp)
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
                out[i][j] = out[j][i] = sum((a * mixed[k][b] for k, a in made[name]), start=zero)
        for b, i in enumerate(self._background_rows):
            for c, j in enumerate(self._background_rows):
                out[i][j] = flat[b * n_flat + c]
        matrix: Array = xp.stack([xp.stack(row) for row in out])
        return matrix
