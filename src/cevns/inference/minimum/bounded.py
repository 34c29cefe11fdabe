"""-2 ln L over its free parameters and inside their bounds: what all minimisers here step in.

All arrays have the batch as their last axis.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from cevns.inference.minimum.linalg import solve
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import Data
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["EDM_GOAL", "BoundedProblem"]

EDM_GOAL = 1e-7
"""Convergence: estimated distance to the minimum in units of -2 ln L."""
_REGULARISATION = 0.5
"""Curvature that quasi-Newton steps add along a parameter with a typical size, in units of that.
Couplings enter squared and may replace each other: where the data hardly constrain a direction, the
curvature of the starting point would send a step far beyond where the quadratic model holds."""


class BoundedProblem:
    """An objective restricted to its free parameters and their bounds.

    Args:
        target: the objective over all parameters.
        free: positions of the free ones.
        goal: estimated distance to the minimum at which a fit has converged.
    """

    def __init__(self, target: Objective, free: tuple[int, ...], goal: float = EDM_GOAL) -> None:
        parameters = [target.model.parameters[i] for i in free]
        self.goal = goal
        self.target = target
        self.free: IntArray = np.array(free, dtype=np.int64)
        self.lower = np.array([p.lower for p in parameters])[:, None]
        self.upper = np.array([p.upper for p in parameters])[:, None]
        self.scale = np.array([p.scale if p.scale > 0 else 1.0 for p in parameters])[:, None]
        typical = np.array([p.typical or np.inf for p in parameters])
        self.regularisation = np.diag(_REGULARISATION / typical**2)
        self.identity = np.eye(len(free))[:, :, None]
        unconstrained = [i for i, p in enumerate(parameters) if p.constraint is None]
        self.unconstrained: IntArray = np.array(unconstrained or range(len(free)), dtype=np.int64)
        """Positions among the free parameters of those without a constraint (all, if there is no
        such)."""

    def gradient(self, theta: Array, data: Data) -> Array:
        """Gradient by the free parameters, ``(n_free, B)``."""
        return self.target.gradient(theta, data)[self.free]

    def evaluate(self, theta: Array, data: Data) -> tuple[Array, Array, Array]:
        """Value, gradient and Gauss-Newton curvature by the free parameters."""
        value, gradient, hessian = self.target.evaluate(theta, data)
        return value, gradient[self.free], hessian[self.free[:, None], self.free]

    def move(self, theta: Array, step: Array, directions: Array | None = None) -> Array:
        """`theta` with the step subtracted from the free parameters, inside the bounds.

        Where an unconstrained parameter would leave its range it stops at the bound, and the
        others take the values that they have at the minimum for that one (`profile_directions`):
        in a valley of couplings that may replace each other, a step that is merely cut off at
        a bound ends far up the side of the valley.

        A matrix without an inverse (a flux pulled to zero leaves the couplings undetermined) gives
        no step: that fit stays where it is and does not converge, the others go on.
        """
        free = theta[self.free]
        if directions is not None:
            for k, direction in zip(self.unconstrained, directions, strict=True):
                end = np.clip(free[k] - step[k], self.lower[k], self.upper[k])
                step = step + direction * (free[k] - end - step[k])
        step = np.where(np.isfinite(step), step, 0.0)
        moved: Array = np.clip(free - step, self.lower, self.upper)
        if len(self.free) == len(theta):
            return moved
        return np.concatenate([moved, theta])[self._rows]

    @cached_property
    def _rows(self) -> IntArray:
        """Where each parameter stands in the free ones followed by all."""
        rows = np.arange(len(self.target.model.parameters)) + len(self.free)
        rows[self.free] = np.arange(len(self.free))
        return rows

    def movable(self, theta: Array, gradient: Array) -> BoolArray:
        """Which parameters may move: not those at a bound towards which the gradient pushes."""
        free, margin = theta[self.free], 1e-9 * self.scale
        at_lower = (free <= self.lower + margin) & (gradient > 0)
        at_upper = (free >= self.upper - margin) & (gradient < 0)
        return ~(at_lower | at_upper)

    def reduced(self, hessian: Array, movable: BoolArray) -> Array:
        """The Hessian with unit rows for the parameters that do not move."""
        return np.where(movable[:, None] & movable[None, :], hessian, self.identity)

    def profile_directions(self, columns: list[Array], movable: BoolArray) -> Array:
        """How the parameters follow each unconstrained one, ``(n_unconstrained, n_free, B)``.

        The minimum over the others moves by ``C_ik / C_kk`` as parameter k does, with the
        inverse C of the matrix whose Cholesky factor is in `columns`.
        """
        out = []
        for k in self.unconstrained:
            unit = np.zeros_like(columns[0]) + np.eye(len(self.free))[k][:, None]
            column = solve(columns, unit)
            out.append(np.where(movable & movable[k], column / column[k], unit))
        return np.stack(out)
