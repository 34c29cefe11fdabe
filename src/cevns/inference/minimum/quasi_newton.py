"""Quasi-Newton steps: L-BFGS (Liu and Nocedal, Math. Program. 45 (1989) 503) for many fits at once.

A step needs the gradient only, a quarter of the cost of a Newton step. What differs is the matrix
that L-BFGS begins with: the inverse Fisher matrix of a point where many fits start together, or
the curvature of each fit. There is no safeguard: `cevns.inference.minimum.newton` decides whether
a fit has converged, and finishes those that have not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cevns.inference.minimum import linalg
from cevns.inference.minimum.bounded import BoundedProblem
from cevns.inference.model.data import Data
from cevns.typing import Array, BoolArray

__all__ = ["Metric", "common_metric", "descend", "refine"]

_MEMORY = 3
"""Pairs of a step and the change of the gradient along it that L-BFGS keeps."""


class Metric(NamedTuple):
    """An approximation of the inverse Hessian."""

    solve: Callable[[Array], Array]  # (n_free, B) -> (n_free, B)
    directions: Array  # see `BoundedProblem.profile_directions`
    movable: BoolArray | None = None  # (n_free, B); all by default


def common_metric(problem: BoundedProblem, theta: Array) -> Metric:
    """The inverse of twice the Fisher matrix at one point, ``(n_par,)``, for all fits."""
    free, unconstrained = problem.free, problem.unconstrained
    information = problem.target.information(theta[:, None])[:, :, 0]
    hessian = 2.0 * information[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(hessian + problem.regularisation)
    # a direction without information is left to the damped steps
    inverse = np.where(values > 1e-12 * values[-1], 1.0 / values, 0.0)
    covariance = (vectors * inverse) @ vectors.T
    variance = np.diag(covariance)[unconstrained, None]
    directions = np.where(variance > 0, covariance[unconstrained] / variance, 0.0)
    return Metric(lambda vector: covariance @ vector, directions[:, :, None])


def descend(problem: BoundedProblem, theta: Array, data: Data, metric: Metric, steps: int) -> Array:
    """Steps from a common starting point, ``(n_par, B)``, with a metric that all fits share.

    Near the true point of toys, where they start, a few suffice.
    """
    return _lbfgs(problem, theta, problem.gradient(theta, data), data, metric, steps)


def refine(problem: BoundedProblem, theta: Array, data: Data, steps: int) -> Array:
    """Steps with each fit's own curvature; parameters pushed against a bound stay there.

    Both, and second derivatives of the expectation that the curvature leaves out, are what the
    steps of `descend` miss. Measured on toys of CsI[Na] and argon, fits that `descend` leaves
    unconverged take up to twice as long without this.
    """
    _, gradient, hessian = problem.evaluate(theta, data)
    movable = problem.movable(theta, gradient)
    regularised = hessian + problem.regularisation[:, :, None]
    columns, _ = linalg.cholesky(problem.reduced(regularised, movable))

    def solve(vector: Array) -> Array:
        return np.where(movable, linalg.solve(columns, np.where(movable, vector, 0.0)), 0.0)

    metric = Metric(solve, problem.profile_directions(columns, movable), movable)
    return _lbfgs(problem, theta, gradient, data, metric, steps)


def _lbfgs(
    problem: BoundedProblem, theta: Array, gradient: Array, data: Data, metric: Metric, steps: int
) -> Array:
    """The two-loop recursion, from a point and its gradient."""
    pairs: deque[tuple[Array, Array, Array]] = deque(maxlen=_MEMORY)
    gradient = _masked(gradient, metric)
    last, last_gradient = theta[problem.free], gradient
    for number in range(steps):
        if number:
            gradient = _masked(problem.gradient(theta, data), metric)
            step, change = theta[problem.free] - last, gradient - last_gradient
            curvature = np.sum(step * change, axis=0)
            pairs.append((step, change, np.where(curvature > 0, 1.0 / curvature, 0.0)))
            last, last_gradient = theta[problem.free], gradient
        direction, alphas = gradient, []
        for step, change, weight in reversed(pairs):
            alpha = weight * np.sum(step * direction, axis=0)
            direction = direction - alpha * change
            alphas.append(alpha)
        direction = metric.solve(direction)
        for (step, change, weight), alpha in zip(pairs, reversed(alphas), strict=True):
            beta = weight * np.sum(change * direction, axis=0)
            direction = direction + step * (alpha - beta)
        theta = problem.move(theta, direction, metric.directions)
    return theta


def _masked(gradient: Array, metric: Metric) -> Array:
    return gradient if metric.movable is None else np.where(metric.movable, gradient, 0.0)
