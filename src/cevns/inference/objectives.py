"""-2 ln L, its gradient and its curvature for many data sets at once, batch last.

The curvature is that of Gauss and Newton: ``2 sum dmu dmu n/mu^2`` plus the pulls, the second
derivative of -2 ln L but for that of mu itself. Two ways to the same numbers. For a template
model mu = T^T w(theta) everything over bins is a matrix product that runs at the speed of BLAS,
for all data sets at once:

    gradient  = 2 A (T (1 - n/mu)) + pulls,            A = dw/dtheta
    curvature = 2 J diag(n/mu^2) J^T + pulls,          J = A T

The gradient needs no Jacobian over the bins. Nor does the curvature through the products of pairs
of templates, ``J diag(c) J^T = A [sum_i T_mi T_ni c_i] A^T``, which is the faster way where
templates are few and bins are many. Any other model goes through its linearisation; a joint model
through those of its parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from cevns.inference.joint import JointModel, Part
from cevns.inference.model import Model, constraint_arrays, linearise
from cevns.inference.positivity import bend, floor_of
from cevns.inference.templates import TemplateModel
from cevns.typing import Array, IntArray, Namespace

_TINY = 1e-300
_TRACE = 1e-4
_EINSUM = 10
"""Cost of a multiplication outside BLAS in units of one inside it."""
_IN_CACHE = 50_000
"""Numbers an array may have for a few of them to stay in the cache of a core."""


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
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature.

        -2 ln L is infinite where the counts are impossible.
        """


def objective(model: Model) -> _Constrained:
    """The fastest objective for a model."""
    if isinstance(model, JointModel):
        return Blocks(model)
    return LowRank(model) if isinstance(model, TemplateModel) else Linearised(model)


def saturated(counts: Array) -> Array:
    """The constant ``2 sum (n ln n - n)`` that `Objective.evaluate` leaves out, ``(B,)``."""
    terms = counts * np.log(np.where(counts > 0, counts, 1.0)) - counts
    return np.asarray(2.0 * terms.sum(axis=0))


def _poisson(mu: Array, counts: Array, floor: Array, xp: Namespace) -> tuple[Array, Array, Array]:
    """``2 sum (mu - n ln mu)`` and, per bin, half its first and second derivative by mu."""
    mu, slope, bending = bend(mu, floor, xp)
    safe = xp.maximum(mu, _TINY)
    value = 2.0 * xp.sum(mu - counts * xp.log(safe), axis=0)
    impossible = xp.any((mu <= 0.0) & (counts > 0.0), axis=0)
    ratio = counts / safe
    residual = (1.0 - ratio) * slope
    # an empty bin has no curvature; a trace of its expected one keeps the matrix definite
    curvature = (ratio + _TRACE) / safe * slope * slope + bending * xp.maximum(1.0 - ratio, 0.0)
    return xp.where(impossible, xp.inf, value), residual, curvature


@dataclass(frozen=True, eq=False)
class _Constrained(ABC):
    """Counts, which a subclass knows how to evaluate, and constraints."""

    model: Model

    @abstractmethod
    def counts_gradient(self, theta: Array, counts: Array, xp: Namespace) -> Array:
        """`Objective.gradient` without the constraints."""

    @abstractmethod
    def counts_terms(
        self, theta: Array, counts: Array, xp: Namespace
    ) -> tuple[Array, Array, Array]:
        """`Objective.evaluate` without the constraints."""

    def gradient(self, theta: Array, counts: Array, aux: Array, xp: Namespace = np) -> Array:
        """See `Objective`."""
        return self.counts_gradient(theta, counts, xp) + self._pulls(theta, aux, xp)[1]

    def evaluate(
        self, theta: Array, counts: Array, aux: Array, xp: Namespace = np
    ) -> tuple[Array, Array, Array]:
        """See `Objective`."""
        value, gradient, curvature = self.counts_terms(theta, counts, xp)
        pull, pull_slope, pull_curvature = self._pulls(theta, aux, xp)
        return value + pull, gradient + pull_slope, curvature + pull_curvature

    @cached_property
    def _floor(self) -> Array:
        return floor_of(self.model)[:, None]

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
    def _pairs(self) -> tuple[Array, IntArray] | None:
        """Products of pairs of templates and where each pair stands; None where J is cheaper."""
        n, m = len(self.model.parameters), len(self._matrix)
        bins = self._matrix.shape[1]
        by_jacobian = bins * n * (m + _EINSUM * n)
        by_pairs = bins * m * (m + 1) // 2 + _EINSUM * n * m * (m + n)
        if by_jacobian <= by_pairs:
            return None
        row, column = np.triu_indices(m)
        at = np.zeros((m, m), dtype=np.int64)
        at[row, column] = at[column, row] = np.arange(len(row))
        return self._matrix[row] * self._matrix[column], at

    def _slices(self, size: int, xp: Namespace) -> list[slice]:
        """Data sets whose bins stay in the cache together; XLA fuses and needs no slices."""
        step = size if xp is not np else max(16, _IN_CACHE // self._matrix.shape[1])
        return [slice(at, at + step) for at in range(0, size, step)]

    def counts_gradient(self, theta: Array, counts: Array, xp: Namespace) -> Array:
        """See `_Constrained`."""
        weights, slopes = self.model.weights_and_slopes(theta, xp)
        residuals = []
        for s in self._slices(weights.shape[-1], xp):
            mu, slope, _ = bend(self._transposed @ weights[:, s], self._floor, xp)
            residual = (1.0 - counts[:, s] / xp.maximum(mu, _TINY)) * slope
            residuals.append(self._matrix @ residual)
        result: Array = 2.0 * xp.einsum("kmb,mb->kb", slopes, xp.concatenate(residuals, axis=-1))
        return result

    def counts_terms(
        self, theta: Array, counts: Array, xp: Namespace
    ) -> tuple[Array, Array, Array]:
        """See `_Constrained`."""
        weights, slopes = self.model.weights_and_slopes(theta, xp)
        blocks = []
        for s in self._slices(weights.shape[-1], xp):
            mu = self._transposed @ weights[:, s]
            value, residual, curvature = _poisson(mu, counts[:, s], self._floor, xp)
            matrix = self._curvature(slopes[..., s], curvature, xp)
            blocks.append((value, self._matrix @ residual, matrix))
        value, residual, matrix = (xp.concatenate(b, axis=-1) for b in zip(*blocks, strict=True))
        return value, 2.0 * xp.einsum("kmb,mb->kb", slopes, residual), 2.0 * matrix

    def _curvature(self, slopes: Array, curvature: Array, xp: Namespace) -> Array:
        """``A T diag(curvature) T^T A^T`` for the slopes A, ``(n_par, n_par, B)``."""
        if self._pairs is not None:
            products, at = self._pairs
            half = xp.einsum("knb,nmb->kmb", slopes, (products @ curvature)[at])
            result: Array = xp.einsum("kmb,lmb->klb", half, slopes)
            return result
        if xp is np:  # NumPy's einsum does not call BLAS for this one, XLA's does
            jac = np.matmul(self._transposed, slopes)
        else:
            jac = xp.einsum("im,kmb->kib", self._transposed, slopes)
        whole: Array = xp.einsum("kib,lib->klb", jac * curvature, jac)
        return whole


@dataclass(frozen=True, eq=False)
class Linearised(_Constrained):
    """Objective of any model, through its linearisation."""

    def counts_gradient(self, theta: Array, counts: Array, xp: Namespace) -> Array:
        """See `_Constrained`."""
        mu, jac = linearise(self.model, theta.T, xp)
        mu, slope, _ = bend(mu, self._floor.T, xp)
        residual = (1.0 - counts.T / xp.maximum(mu, _TINY)) * slope
        result: Array = 2.0 * (jac @ residual[:, :, None])[:, :, 0].T
        return result

    def counts_terms(
        self, theta: Array, counts: Array, xp: Namespace
    ) -> tuple[Array, Array, Array]:
        """See `_Constrained`."""
        mu, jac = linearise(self.model, theta.T, xp)
        value, residual, curvature = _poisson(mu.T, counts, self._floor, xp)
        gradient = (jac @ residual.T[:, :, None])[:, :, 0].T
        matrix = (jac * curvature.T[:, None, :]) @ xp.swapaxes(jac, 1, 2)
        return value, 2.0 * gradient, 2.0 * xp.moveaxis(matrix, 0, -1)


@dataclass(frozen=True, eq=False)
class Blocks(_Constrained):
    """Objective of a joint model: every part by its own, the constraints once."""

    model: JointModel

    @cached_property
    def _parts(self) -> tuple[tuple[Part, _Constrained], ...]:
        return tuple((p, objective(p.model)) for p in self.model.parts)

    def counts_gradient(self, theta: Array, counts: Array, xp: Namespace) -> Array:
        """See `_Constrained`."""
        total: Array = xp.zeros_like(theta)
        for part, target in self._parts:
            factors = part.factors[:, None]
            mine = target.counts_gradient(theta[part.columns] * factors, counts[part.bins], xp)
            total = _added(total, part.columns, factors * mine, xp)
        return total

    def counts_terms(
        self, theta: Array, counts: Array, xp: Namespace
    ) -> tuple[Array, Array, Array]:
        """See `_Constrained`."""
        value, gradient = xp.zeros_like(theta[0]), xp.zeros_like(theta)
        curvature = xp.zeros((len(theta), *theta.shape))
        for part, target in self._parts:
            f = part.factors[:, None]
            terms = target.counts_terms(theta[part.columns] * f, counts[part.bins], xp)
            value = value + terms[0]
            gradient = _added(gradient, part.columns, f * terms[1], xp)
            block = np.ix_(part.columns, part.columns)
            curvature = _added(curvature, block, f[:, None] * f * terms[2], xp)
        return value, gradient, curvature


def _added(total: Array, at: Any, terms: Array, xp: Namespace) -> Array:
    """`total` with `terms` added at different positions."""
    if xp is np:
        total[at] += terms
        return total
    lazily: Any = total
    result: Array = lazily.at[at].add(terms)
    return result
