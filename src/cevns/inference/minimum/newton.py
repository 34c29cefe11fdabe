"""Damped Newton steps inside bounds, for many fits at once; they decide what has converged.

A step is the solution of ``(H + d diag H) s = g``, H the Gauss-Newton curvature or with second
derivatives of the expectation (`cevns.inference.minimum.curvature`). It is taken where it lowers
-2 ln L; the damping d follows from the decrease compared with that of the quadratic model
(Levenberg and Marquardt). Parameters at a bound towards which the gradient pushes are taken out of
the system (Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cevns.inference.minimum import linalg
from cevns.inference.minimum.bounded import BoundedProblem
from cevns.inference.minimum.curvature import positive_definite, second_derivatives
from cevns.inference.model.data import Data
from cevns.typing import Array

__all__ = ["Solution", "minimise"]

_BACKTRACKING = 0.4
"""Factor by which a step that went too far is shortened."""
_LEAST_FRACTION = 0.1
"""Fraction of a step below which it is damped instead."""
_LARGEST_RISE = 4.0
"""Rise, in units of the expected decrease, beyond which the direction of a step was wrong."""


class Solution(NamedTuple):
    """Where fits have arrived."""

    theta: Array  # (n_par, B)
    value: Array  # (B,), of the objective
    edm: Array  # (B,), estimated distance to the minimum
    errors: Array  # (n_free, B), zero for parameters at a bound


class _Point(NamedTuple):
    """Points and the derivatives of the objective there."""

    theta: Array  # (n_par, B)
    value: Array  # (B,)
    gradient: Array  # (n_free, B)
    hessian: Array  # (n_free, n_free, B)


class _Step(NamedTuple):
    """The next step of each fit, to be subtracted."""

    step: Array  # (n_free, B)
    directions: Array  # see `BoundedProblem.profile_directions`
    predicted: Array  # (B,), decrease of the value in the quadratic model
    damping: Array  # (B,)
    fraction: Array  # (B,), of the whole step


def minimise(
    problem: BoundedProblem, theta: Array, data: Data, limit: int, *, exact: bool = False
) -> Solution:
    """Up to `limit` steps from `theta`, ``(n_par, B)``.

    Args:
        problem: what is minimised.
        theta: starting points.
        data: one data set for each.
        limit: number of steps; with none the starting points are judged.
        exact: with second derivatives of the expectation by the unconstrained parameters.
    """
    zero = np.zeros((len(problem.free), theta.shape[1]))
    damping, fraction = zero[0], zero[0] + 1.0
    point = _evaluate(problem, problem.move(theta, zero), data, exact=exact)
    edm = _distance(problem, point)
    for _ in range(limit):
        running = edm > problem.goal
        if not np.any(running):
            break
        step = _next_step(problem, point, damping, fraction)
        moved = problem.move(point.theta, step.step, step.directions)
        trial = _evaluate(problem, moved, data, exact=exact)
        damping, fraction = _adapted(step, (point.value - trial.value) / step.predicted)
        # rounding of the sum over bins must not forbid the last step
        lower = trial.value <= point.value + 1e-14 * (1.0 + np.abs(trial.value))
        accepted = lower & running
        pairs = zip(trial, point, strict=True)
        point = _Point(*(np.where(accepted, new, old) for new, old in pairs))
        edm = _distance(problem, point)
    return Solution(point.theta, point.value, edm, _errors(problem, point))


def _evaluate(problem: BoundedProblem, theta: Array, data: Data, *, exact: bool) -> _Point:
    value, gradient, hessian = problem.evaluate(theta, data)
    if exact:
        full = second_derivatives(problem, theta, gradient, hessian, data)
        finite = np.all(np.isfinite(full), axis=(0, 1))
        repaired = positive_definite(problem, full, problem.movable(theta, gradient))
        hessian = np.where(finite, repaired, hessian)
    return _Point(theta, value, gradient, hessian)


def _adapted(step: _Step, ratio: Array) -> tuple[Array, Array]:
    """Damping and fraction of the next step, from the actual over the predicted decrease.

    The ratio is one where the quadratic model holds, and small where it understates the curvature,
    which damping corrects. A little too far along a curved valley: a fraction of the same step.
    """
    shorten = (ratio <= 0.0) & (ratio > -_LARGEST_RISE) & (step.fraction > _LEAST_FRACTION)
    damping = np.select(
        [shorten, ratio > 0.6, ratio > 0.3],
        [step.damping, 0.2 * (step.damping > 0.1) * step.damping, step.damping],
        np.maximum(4.0 * step.damping, 0.25),
    )
    return damping, np.where(shorten, _BACKTRACKING * step.fraction, 1.0)


def _next_step(problem: BoundedProblem, point: _Point, damping: Array, fraction: Array) -> _Step:
    movable = problem.movable(point.theta, point.gradient)
    gradient = np.where(movable, point.gradient, 0.0)
    matrix = problem.reduced(point.hessian, movable)
    columns, _ = linalg.cholesky(matrix * (1.0 + problem.identity * damping))
    step = linalg.solve(columns, gradient)
    slope = np.sum(step * gradient, axis=0)
    damped = damping * np.einsum("iib,ib->b", matrix, step * step)
    return _Step(
        step=fraction * step,
        directions=problem.profile_directions(columns, movable),
        predicted=fraction * (slope - 0.5 * fraction * (slope - damped)),
        damping=damping,
        fraction=fraction,
    )


def _distance(problem: BoundedProblem, point: _Point) -> Array:
    """The estimated distance to the minimum inside the bounds, ``(B,)``.

    Along a direction that the data hardly constrain, the quadratic model puts the minimum far
    beyond the bounds: no more is to be gained than the slope predicts on the way up to them.
    """
    movable = problem.movable(point.theta, point.gradient)
    gradient = np.where(movable, point.gradient, 0.0)
    columns, definite = linalg.cholesky(problem.reduced(point.hessian, movable))
    rows = linalg.forward(columns, gradient)
    edm: Array = 0.5 * np.sum(np.stack(rows) ** 2, axis=0)
    free = point.theta[problem.free]
    end = np.clip(free - linalg.backward(columns, rows), problem.lower, problem.upper)
    linear = np.sum(gradient * (free - end), axis=0)
    edm = np.where(linear > 0.0, np.minimum(edm, linear), edm)
    return np.where(definite & np.isfinite(point.value), edm, np.inf)


def _errors(problem: BoundedProblem, point: _Point) -> Array:
    """Square roots of the diagonal of the covariance; zero for parameters at a bound."""
    movable = problem.movable(point.theta, point.gradient)
    columns, _ = linalg.cholesky(problem.reduced(point.hessian, movable))
    return np.where(movable, np.sqrt(2.0 * linalg.inverse_diagonal(columns)), 0.0)
