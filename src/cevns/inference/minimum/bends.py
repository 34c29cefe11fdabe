"""Pulls along which the expectation bends: a data set may have a minimum on either side.

Along one pull alpha the expectation mu(alpha) is a curve in the space of data. With the norm
``|v|^2 = sum_i w_i v_i^2`` of the data's inverse variances (1/mu for counts) its statistical
curvature is

    gamma = |mu''_normal| / (|mu'|^2 + 1/sigma^2),

mu''_normal the part of mu'' across mu', and sigma the width of the pull's constraint (B. Efron,
Ann. Statist. 3 (1975) 1189, for the likelihood alone). Data that lie 1/gamma standard deviations to
the inner side of the curve see -2 ln L without curvature; farther off, it has two minima. That is
so where an efficiency falls to zero at the lower edge of a spectrum. Strengths are linear and do
not bend.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cevns.inference.minimum.bounded import BoundedProblem
from cevns.inference.minimum.linalg import quiet_division
from cevns.typing import Array

__all__ = ["Bend", "bends"]

_SHARP = 0.2
"""Curvature from which a bend counts: five standard deviations then make a second minimum."""
_STEPS = np.linspace(-3.0, 3.0, 25)
"""Points of a pull, in units of its constraint's width."""


class Bend(NamedTuple):
    """A stretch of a pull where the expectation bends.

    Args:
        position: of the pull in the parameter vector.
        below: a point before the stretch, half a width away.
        sharpest: where it bends most.
        above: a point behind it.
        direction: how all parameters follow the pull, ``(n_par,)``.
    """

    position: int
    below: float
    sharpest: float
    above: float
    direction: Array


def bends(problem: BoundedProblem) -> tuple[Bend, ...]:
    """The bends of the free pulls, each with all others at their nominal values."""
    model, free, found = problem.target.model, problem.free, []
    nominal = model.parameters.values
    if not free.size:
        return ()
    information = problem.target.information(nominal[:, None])[:, :, 0]
    covariance = np.linalg.pinv(information[np.ix_(free, free)])
    for row, k in enumerate(free.tolist()):
        p = model.parameters[k]
        if p.constraint is None:
            continue
        along = p.constraint.mean + p.constraint.sigma * _STEPS
        along = along[(along >= p.lower) & (along <= p.upper)]
        theta = np.repeat(nominal[:, None], len(along), axis=1)
        theta[k] = along
        gamma = _curvature(problem, theta, k, p.constraint.sigma)
        (sharp,) = np.nonzero(gamma > _SHARP)
        direction = np.zeros(len(nominal))
        direction[free] = covariance[row] / covariance[row, row]
        half = 0.5 * p.constraint.sigma
        for stretch in np.split(sharp, np.flatnonzero(np.diff(sharp) > 1) + 1):
            if stretch.size:
                places = stretch[0], stretch[gamma[stretch].argmax()], stretch[-1]
                below, sharpest, above = along[list(places)] + half * np.array([-1.0, 0.0, 1.0])
                found.append(Bend(k, float(below), float(sharpest), float(above), direction))
    return tuple(found)


def _curvature(problem: BoundedProblem, theta: Array, k: int, sigma: float) -> Array:
    """Statistical curvature along parameter k at points of equal distance, ``(n,)``."""
    model = problem.target.model
    first, second, mixed = np.zeros((3, theta.shape[1]))
    for part in problem.target.parts:
        if k not in part.columns or theta.shape[1] < 2:
            continue
        point = model.at(part.channel, theta)
        slope = sigma * point.jacobian((model.parameters[k].name,))[:, 0].T
        bend = np.gradient(slope, theta[k] / sigma, axis=1)
        weight = part.channel.statistic.information(point.mean, part.declared)
        first += np.sum(weight * slope**2, axis=0)
        second += np.sum(weight * bend**2, axis=0)
        mixed += np.sum(weight * slope * bend, axis=0)
    with quiet_division():
        along = np.where(first > 0.0, mixed**2 / first, 0.0)
    return np.sqrt(np.maximum(second - along, 0.0)) / (first + 1.0)
