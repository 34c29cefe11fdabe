"""-2 ln L, its gradient and its curvature for many data sets at once, batch last.

The curvature is that of Gauss and Newton: ``2 sum dmu dmu n/mu^2`` plus the pulls, the second
derivative of -2 ln L but for that of mu itself. Two ways to the same numbers. For a template
model mu = T^T w(theta) everything over bins is a matrix product that runs at the speed of BLAS,
for all data sets at once:

    gradient  = 2 dw (T (1 - n/mu)) + pulls,
    curvature = 2 J diag(n/mu^2) J^T + pulls,    J = dw T

The gradient needs no Jacobian over the bins. Nor does the curvature through the products of pairs
of templates, ``J diag(c) J^T = A (sum_i T_mi T_ni c_i) A^T`` with the slopes A of the templates'
weights, which is the faster way where templates are few and bins many. Any other model goes
through its linearisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.inference.model.expectation import Model, check_methods, constraint_arrays, linearise
from cevns.inference.model.low_rank import TemplateModel
from cevns.inference.model.positivity import bend, floor_of
from cevns.typing import Array, IntArray

__all__ = ["Constrained", "Linearised", "LowRank", "Objective", "objective", "poisson", "saturated"]

_TINY = 1e-300
_TRACE = 1e-4
_EINSUM = 10
"""Cost of a multiplication outside BLAS in units of one inside it."""
_IN_CACHE = 100_000
"""Numbers an array may have for a few of them to stay in the cache of a core."""


class Objective(Protocol):
    """What the batched fitter minimises; vectors are ``(n, B)``, matrices ``(n, n, B)``."""

    @property
    def model(self) -> Model:
        """The model behind it."""

    def gradient(self, theta: Array, counts: Array, aux: Array) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""

    def evaluate(self, theta: Array, counts: Array, aux: Array) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature.

        -2 ln L is infinite where the counts are impossible.
        """


def objective(model: Model, held: Iterable[str] = ()) -> Objective:
    """The fastest objective for a model: its own, if it has one.

    Args:
        model: the model.
        held: names of parameters that no fit moves: an objective may leave their rows zero.
    """
    check_methods(model)
    if hasattr(model, "objective"):
        own: Objective = model.objective(held)
        return own
    return LowRank(model) if isinstance(model, TemplateModel) else Linearised(model)


def saturated(counts: Array) -> Array:
    """The constant ``2 sum (n ln n - n)`` that `Objective.evaluate` leaves out, ``(B,)``."""
    terms = counts * np.log(np.where(counts > 0, counts, 1.0)) - counts
    return np.asarray(2.0 * terms.sum(axis=0))


def poisson(mu: Array, counts: Array, floor: Array) -> tuple[Array, Array, Array]:
    """``2 sum (mu - n ln mu)`` and, per bin, half its first and second derivative by mu."""
    mu, slope, bending = bend(mu, floor)
    safe = np.maximum(mu, _TINY)
    value = 2.0 * np.sum(mu - counts * np.log(safe), axis=0)
    impossible = np.any((mu <= 0.0) & (counts > 0.0), axis=0)
    ratio = counts / safe
    residual = (1.0 - ratio) * slope
    # an empty bin has no curvature; a trace of its expected one keeps the matrix definite
    curvature = (ratio + _TRACE) / safe * slope * slope + bending * np.maximum(1.0 - ratio, 0.0)
    return np.where(impossible, np.inf, value), residual, curvature


@dataclass(frozen=True, eq=False)
class Constrained:
    """What objectives of models with Gaussian constraints share."""

    model: Model

    @cached_property
    def _floor(self) -> Array:
        return floor_of(self.model)[:, None]

    @cached_property
    def _weight(self) -> Array:
        return constraint_arrays(self.model.parameters)[1][:, None]

    def _pulls(self, theta: Array, aux: Array) -> tuple[Array, Array, Array]:
        """Pull term, its gradient and its curvature."""
        away = theta - aux
        pull = self._weight * away
        curvature = 2.0 * np.eye(len(self._weight))[:, :, None] * self._weight
        return np.sum(pull * away, axis=0), 2.0 * pull, curvature


@dataclass(frozen=True, eq=False)
class LowRank(Constrained):
    """Objective of a template model."""

    model: TemplateModel

    def gradient(self, theta: Array, counts: Array, aux: Array) -> Array:
        """See `Objective`."""

        def of(s: slice) -> tuple[Array]:
            mu, pullback = self.model.mean_and_pullback(theta[:, s])
            mu, slope, _ = bend(mu, self._floor)
            return (pullback((1.0 - counts[:, s] / np.maximum(mu, _TINY)) * slope),)

        (gradient,) = self._sliced(of, theta.shape[-1])
        return 2.0 * gradient + self._pulls(theta, aux)[1]

    def evaluate(self, theta: Array, counts: Array, aux: Array) -> tuple[Array, Array, Array]:
        """See `Objective`."""

        def of(s: slice) -> tuple[Array, Array, Array]:
            if self._pairs is None:
                mu, jac = self.model.mean_and_jacobian(theta[:, s])
                value, residual, curvature = poisson(mu, counts[:, s], self._floor)
                gradient = np.einsum("kib,ib->kb", jac, residual)
                return value, gradient, np.einsum("kib,lib->klb", jac * curvature, jac)
            mu, pullback = self.model.mean_and_pullback(theta[:, s])
            value, residual, curvature = poisson(mu, counts[:, s], self._floor)
            slopes = self.model.weight_slopes(theta[:, s])
            products, at = self._pairs
            half = np.einsum("knb,nmb->kmb", slopes, (products @ curvature)[at])
            return value, pullback(residual), np.einsum("kmb,lmb->klb", half, slopes)

        value, gradient, matrix = self._sliced(of, theta.shape[-1])
        pull, pull_slope, pull_curvature = self._pulls(theta, aux)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * matrix + pull_curvature

    @cached_property
    def _pairs(self) -> tuple[Array, IntArray] | None:
        """Products of pairs of templates and where each pair stands; None where J is cheaper."""
        n, (m, bins) = len(self.model.parameters), self.model.weighted.shape
        by_pairs = bins * m * (m + 1) // 2 + _EINSUM * n * m * (m + n)
        if _EINSUM * bins * n * n <= by_pairs:
            return None
        row, column = np.triu_indices(m)
        at = np.zeros((m, m), dtype=np.int64)
        at[row, column] = at[column, row] = np.arange(len(row))
        return self.model.weighted[row] * self.model.weighted[column], at

    def _sliced(
        self, function: Callable[[slice], tuple[Array, ...]], size: int
    ) -> tuple[Array, ...]:
        """Results for all data sets, evaluated so many at a time that their bins stay in cache."""
        step = max(32, _IN_CACHE // len(self._floor))
        if size <= step:
            return function(slice(None))
        parts = [function(slice(at, at + step)) for at in range(0, size, step)]
        return tuple(np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))


@dataclass(frozen=True, eq=False)
class Linearised(Constrained):
    """Objective of any model, through its linearisation."""

    def gradient(self, theta: Array, counts: Array, aux: Array) -> Array:
        """See `Objective`."""
        mu, jac = linearise(self.model, theta.T)
        mu, slope, _ = bend(mu, self._floor.T)
        residual = (1.0 - counts.T / np.maximum(mu, _TINY)) * slope
        gradient = (jac @ residual[:, :, None])[:, :, 0].T
        return 2.0 * gradient + self._pulls(theta, aux)[1]

    def evaluate(self, theta: Array, counts: Array, aux: Array) -> tuple[Array, Array, Array]:
        """See `Objective`."""
        mu, jac = linearise(self.model, theta.T)
        value, residual, curvature = poisson(mu.T, counts, self._floor)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux)
        gradient = (jac @ residual.T[:, :, None])[:, :, 0].T
        matrix = (jac * curvature.T[:, None, :]) @ np.swapaxes(jac, 1, 2)
        matrix = np.moveaxis(matrix, 0, -1)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * matrix + pull_curvature
