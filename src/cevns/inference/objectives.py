"""-2 ln L, its gradient and the Fisher matrix for many data sets at once, batch last.

Two ways to the same numbers. For a template model mu = T^T w(theta):

    gradient = 2 A (T (1 - n/mu)) + pulls,     A = dw/dtheta
    Fisher   = 2 A G A^T + pulls,              G_mm' = sum_i T_mi T_m'i / mu_i

where G, for all data sets, is one matrix product of precomputed template products with 1/mu: it
runs at the speed of BLAS, and no Jacobian over the bins is ever built. Any other model goes
through its linearisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.inference.model import Model, constraint_arrays, linearise
from cevns.inference.templates import TemplateModel
from cevns.typing import Array, IntArray, Namespace

_TINY = 1e-300


class Objective(Protocol):
    """What the batched fitter minimises; vectors are ``(n, B)``, matrices ``(n, n, B)``."""

    @property
    def model(self) -> Model:
        """The model behind it."""

    def gradient(self, theta: Array, counts: Array, aux: Array, xp: Namespace = np) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and twice the Fisher matrix.

        -2 ln L is infinite where the counts are impossible.
        """


def objective(model: Model) -> Objective:
    """The fastest objective for a model."""
    return LowRank(model) if isinstance(model, TemplateModel) else Linearised(model)


def saturated(counts: Array) -> Array:
    """The constant ``2 sum (n ln n - n)`` that `Objective.evaluate` leaves out, ``(B,)``."""
    terms = counts * np.log(np.where(counts > 0, counts, 1.0)) - counts
    return np.asarray(2.0 * terms.sum(axis=0))


def _poisson(mu: Array, counts: Array, xp: Namespace) -> tuple[Array, Array, Array]:
    """``2 sum (mu - n ln mu)``, n/mu and 1/mu; infinite where counts are impossible."""
    inverse = 1.0 / xp.maximum(mu, _TINY)
    log_mu = xp.log(xp.maximum(mu, _TINY))
    value = 2.0 * xp.sum(mu - counts * log_mu, axis=0)
    # a template's linear extrapolation can go below zero: no fit may profit from it
    impossible = xp.any(mu <= 0.0, axis=0) & xp.any(((mu <= 0.0) & (counts > 0)) | (mu < 0), axis=0)
    return xp.where(impossible, xp.inf, value), counts * inverse, inverse


@dataclass(frozen=True, eq=False)
class _Constrained:
    model: Model

    @cached_property
    def _weight(self) -> Array:
        return constraint_arrays(self.model.parameters)[1][:, None]

    def _pulls(self, theta: Array, aux: Array, xp: Namespace) -> tuple[Array, Array, Array]:
        """Pull term, its gradient and its curvature."""
        away = theta - aux
        pull = self._weight * away
        curvature = 2.0 * np.eye(len(self._weight))[:, :, None] * self._weight
        return xp.sum(pull * away, axis=0), 2.0 * pull, curvature


@dataclass(frozen=True, eq=False)
class LowRank(_Constrained):
    """Objective of a template model."""

    model: TemplateModel

    @cached_property
    def _matrix(self) -> Array:
        return self.model.matrix

    @cached_property
    def _transposed(self) -> Array:
        return np.ascontiguousarray(self._matrix.T)

    @cached_property
    def _pairs(self) -> tuple[Array, IntArray]:
        """Products of templates ``(n_pairs, n_bins)`` and where each (m, m') finds its own."""
        n = len(self._matrix)
        upper = np.triu_indices(n)
        where = np.zeros((n, n), dtype=np.int64)
        where[upper] = np.arange(len(upper[0]))
        where = np.maximum(where, where.T)
        return np.ascontiguousarray(self._matrix[upper[0]] * self._matrix[upper[1]]), where

    def gradient(self, theta: Array, counts: Array, aux: Array, xp: Namespace = np) -> Array:
        """See `Objective`."""
        weights, slopes = self.model.weights_and_slopes(theta, xp)
        mu = self._transposed @ weights
        residual = self._matrix @ (1.0 - counts / xp.maximum(mu, _TINY))
        gradient = xp.einsum("kmb,mb->kb", slopes, residual)
        result: Array = 2.0 * gradient + self._pulls(theta, aux, xp)[1]
        return result

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """See `Objective`."""
        weights, slopes = self.model.weights_and_slopes(theta, xp)
        value, ratio, inverse = _poisson(self._transposed @ weights, counts, xp)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux, xp)
        gradient = xp.einsum("kmb,mb->kb", slopes, self._matrix @ (1.0 - ratio))
        products, where = self._pairs
        gram = (products @ inverse)[where]
        half = xp.einsum("kmb,mnb->knb", slopes, gram)
        fisher = xp.einsum("knb,lnb->klb", half, slopes)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * fisher + pull_curvature


@dataclass(frozen=True, eq=False)
class Linearised(_Constrained):
    """Objective of any model, through its linearisation."""

    def gradient(self, theta: Array, counts: Array, aux: Array, xp: Namespace = np) -> Array:
        """See `Objective`."""
        mu, jac = linearise(self.model, theta.T, xp)
        slope = 1.0 - counts.T / xp.maximum(mu, _TINY)
        gradient = (jac @ slope[:, :, None])[:, :, 0].T
        result: Array = 2.0 * gradient + self._pulls(theta, aux, xp)[1]
        return result

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """See `Objective`."""
        mu, jac = linearise(self.model, theta.T, xp)
        value, ratio, inverse = _poisson(mu.T, counts, xp)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux, xp)
        gradient = (jac @ (1.0 - ratio).T[:, :, None])[:, :, 0].T
        fisher = (jac * inverse.T[:, None, :]) @ xp.swapaxes(jac, 1, 2)
        fisher = xp.moveaxis(fisher, 0, -1)
        return value + pull, 2.0 * gradient + pull_slope, 2.0 * fisher + pull_curvature
