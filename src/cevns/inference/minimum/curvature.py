"""Second derivatives of -2 ln L by the unconstrained parameters, made positive definite.

A coupling that enters squared has no first derivative where it is zero. If the minimum is
there, as it is for data below the expectation without it, only the second derivative of the
expectation, which the Gauss-Newton curvature leaves out, holds it there. Between two minima and
along the end of a valley that second derivative is negative.
"""

from __future__ import annotations

import numpy as np

from cevns.inference.minimum import linalg
from cevns.inference.minimum.bounded import BoundedProblem
from cevns.inference.model.data import Data
from cevns.typing import Array, BoolArray

__all__ = ["positive_definite", "second_derivatives"]

_DIFFERENCE = 1e-4
"""Step of differences, in units of a scale: rounding and third derivatives are both small."""
_LEAST_EIGENVALUE = 1e-9
"""Curvature along a valley, relative to that across it, which is rounding."""
_TINY = 1e-300


def second_derivatives(
    problem: BoundedProblem, theta: Array, gradient: Array, hessian: Array, data: Data
) -> Array:
    """The Hessian with rows of the unconstrained parameters from differences of the gradient."""
    rows, n_rows, size = problem.unconstrained, len(problem.unconstrained), theta.shape[1]
    at, step = problem.free[rows], _DIFFERENCE * problem.scale[rows]
    step = np.where(theta[at] + step > problem.upper[rows], -step, step)
    displaced = [
        np.stack([row + step[i] if k == position else row for k, row in enumerate(theta)])
        for i, position in enumerate(at.tolist())
    ]
    repeated = Data(*(np.tile(a, (1, n_rows)) for a in (data.counts, data.auxiliary)))
    gradients = problem.gradient(np.concatenate(displaced, axis=1), repeated)
    difference = (gradients.reshape(-1, n_rows, size) - gradient[:, None]) / step
    exact = np.einsum("nm,kmb->nkb", np.eye(len(problem.free))[:, rows], difference)
    transposed = np.swapaxes(exact, 0, 1)
    is_row = np.isin(np.arange(len(problem.free)), rows)
    row, column = is_row[:, None, None], is_row[None, :, None]
    return np.where(
        row & column,
        0.5 * (exact + transposed),
        np.where(row, exact, np.where(column, transposed, hessian)),
    )


def positive_definite(problem: BoundedProblem, hessian: Array, movable: BoolArray) -> Array:
    """The Hessian made positive definite where it is not, among the unconstrained parameters.

    With the others at their minimum (the Schur complement) it is a small matrix S; the magnitudes
    of its eigenvalues in place of themselves lead downhill by steps of the right size.
    """
    chosen = problem.unconstrained
    others = np.setdiff1d(np.arange(len(problem.free)), chosen)
    order = np.concatenate([others, chosen])
    matrix = problem.reduced(hessian, movable)[order[:, None], order]
    schur = linalg.schur(matrix, len(others))
    diagonal = np.abs(np.einsum("iib->ib", schur))
    least = _LEAST_EIGENVALUE * np.max(diagonal, axis=0)
    size = np.sqrt(np.maximum(diagonal, least) + _TINY)
    scaled = np.moveaxis(schur / (size[:, None] * size[None]), -1, 0)
    usable = np.all(np.abs(scaled) < 1.0 / _LEAST_EIGENVALUE, axis=(1, 2), keepdims=True)
    scaled = np.where(usable, scaled, np.eye(len(chosen)))  # not where something is not finite
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(np.abs(values), _LEAST_EIGENVALUE)
    repaired = np.einsum("bik,bk,bjk->ijb", vectors, values, vectors)
    change = repaired * size[:, None] * size[None] - schur
    embedding = np.eye(len(problem.free))[:, chosen]
    both = movable[:, None] & movable[None, :]
    return hessian + np.where(both, np.einsum("ni,ijb,mj->nmb", embedding, change, embedding), 0.0)
