"""The minimiser of the batched fits: bounded Levenberg-Fisher, and quasi-Newton to get there.

All arrays have the batch as their last axis. `descend` takes toys
from their common true point to their minima with gradients only, `refine` others from points of
their own; `minimise` takes the safeguarded steps that finish the rest and confirm convergence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from cevns.inference.minimum import linalg
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.expectation import constraint_arrays, linearise
from cevns.typing import Array, IntArray

__all__ = ["EDM_GOAL", "BoundedProblem", "Origin", "State"]

EDM_GOAL = 1e-7
"""Convergence: estimated distance to the minimum in units of -2 ln L."""
_LEASH = 0.5
"""Curvature that quasi-Newton steps add along a parameter with a typical size, in units of that.
Couplings enter squared and may replace each other: where the data hardly know a direction, the
curvature of the start would send a step far beyond where it means anything."""
_TINY = 1e-300
_FLAT = 1e-9
"""Curvature along a valley, beside that across it, which is rounding."""
_SHORTER = 0.4
"""Share of a step that is tried after it."""
_LEAST = 0.1
"""Share below which damping takes its place."""
_OFF = 4.0
"""Rise, in units of the expected decrease, beyond which a step went in a wrong direction."""
_MEMORY = 3
"""Pairs of step and change of gradient that the quasi-Newton steps remember."""


class State(NamedTuple):
    """A batch of fits on its way; matrices and vectors over the free parameters."""

    theta: Array  # (n_par, B)
    value: Array  # (B,)
    gradient: Array  # (n_free, B)
    hessian: Array  # (n_free, n_free, B)
    step: Array  # (n_free, B), to be subtracted next
    lean: Array  # (n_bent, n_free, B), where the others go with a coupling
    promise: Array  # (B,), decrease of the value that the quadratic model expects of it
    damping: Array  # (B,)
    share: Array  # (B,), of the step that is taken
    edm: Array  # (B,)
    done: int  # iterations


class Origin(NamedTuple):
    """The gradient at a common starting point is ``offset + by_counts @ n + by_aux * aux``."""

    offset: Array  # (n_free, 1)
    by_counts: Array  # (n_free, n_bins)
    by_aux: Array  # (n_free, 1)
    inverse: Array  # (n_free, n_free), of the Hessian
    lean: Array  # (n_bent, n_free, 1), see `BoundedProblem._lean`


class _Path(NamedTuple):
    """Quasi-Newton state: where we are, where the last gradient was taken, the last few pairs."""

    theta: Array  # (n_par, B)
    last: Array  # (n_free, B)
    gradient: Array  # (n_free, B) at `last`
    steps: Array  # (memory, n_free, B)
    changes: Array  # (memory, n_free, B)
    weights: Array  # (memory, B), zero where there is no pair yet


class BoundedProblem:
    """An objective restricted to its free parameters and their bounds.

    Args:
        target: the objective over all parameters.
        free: positions of the free ones.
        goal: estimated distance to the minimum at which a fit has converged.
    """

    def __init__(
        self,
        target: Objective,
        free: tuple[int, ...],
        goal: float = EDM_GOAL,
    ) -> None:
        parameters = target.model.parameters
        self.goal = goal
        self.target = target
        self.free = np.array(free, dtype=np.int64)
        self.lower = np.array([parameters[i].lower for i in free])[:, None]
        self.upper = np.array([parameters[i].upper for i in free])[:, None]
        scale = np.array([parameters[i].scale for i in free])[:, None]
        scale = np.where(scale > 0, scale, 1.0)
        self._margin = 1e-9 * scale
        typical = [parameters[i].typical or np.inf for i in free]
        self._leash = np.diag(_LEASH / np.array(typical) ** 2)
        self._step = 1e-4 * scale  # of differences: rounding and third derivatives both small

    @cached_property
    def _bent(self) -> IntArray:
        """Which of the free parameters have no constraint (all, if each has one)."""
        parameters = self.target.model.parameters
        bent = [i for i, k in enumerate(self.free) if parameters[int(k)].constraint is None]
        return np.array(bent or range(len(self.free)), dtype=np.int64)

    @property
    def has_couplings(self) -> bool:
        """Whether some of the free parameters have no constraint, and others do."""
        return len(self._bent) < len(self.free)

    @cached_property
    def _eye(self) -> Array:
        return np.eye(len(self.free))[:, :, None]

    def _move(self, theta: Array, step: Array, lean: Array | None = None) -> Array:
        """`theta` with the step subtracted from the free parameters, inside the bounds.

        Where a coupling would leave its range it stops there, and the others go where they belong
        then (`lean`): along a valley of couplings that may replace each other, the mere end of
        a step at a bound would be far up its side.

        A matrix without an inverse (a flux pulled to zero knows nothing of couplings) gives no
        step: that fit stays where it is and does not converge, the others go on.
        """
        free = theta[self.free]
        if lean is not None:
            for i, k in enumerate(self._bent):
                end = np.clip(free[k] - step[k], self.lower[k], self.upper[k])
                step = step + lean[i] * (free[k] - end - step[k])
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

    # -- quasi-Newton ---------------------------------------------------------------------------

    def origin(self, theta: Array) -> Origin:
        """Gradient (linear in the data) and inverse Hessian at one point, ``(n_par,)``."""
        mu, jac = (a[0] for a in linearise(self.target.model, theta[None, :]))
        jac = jac[self.free]
        weight = constraint_arrays(self.target.model.parameters)[1][self.free]
        safe = np.where(mu > 0, mu, np.inf)  # a bin that expects nothing gives no information
        hessian = 2.0 * ((jac / safe) @ jac.T + np.diag(weight))
        values, vectors = np.linalg.eigh(hessian + self._leash)
        # a direction without information is left to the damped iterations
        inverse = np.where(values > 1e-12 * values[-1], 1.0 / values, 0.0)
        offset = 2.0 * (jac.sum(axis=1) + weight * theta[self.free])
        covariance = (vectors * inverse) @ vectors.T
        variance = np.diag(covariance)[self._bent, None]
        lean = np.where(variance > 0, covariance[self._bent] / variance, 0.0)
        return Origin(
            offset[:, None],
            -2.0 * jac / safe,
            -2.0 * weight[:, None],
            covariance,
            lean[:, :, None],
        )

    def descend(self, theta: Array, counts: Array, aux: Array, origin: Origin, steps: int) -> Array:
        """A few quasi-Newton steps from the common point `theta`, ``(n_par, B)``.

        L-BFGS (Liu and Nocedal, Math. Program. 45 (1989) 503) on top of the inverse Hessian of
        the starting point, which all fits share. A step needs the gradient only, a quarter of
        the cost of a full iteration, and near the truth, where toys start, a few suffice; the
        first is one matrix product, because all fits are still at the same point. No safeguard:
        what has not converged is left to `minimise`.
        """
        gradient = origin.offset + origin.by_counts @ counts + origin.by_aux * aux[self.free]
        memory = np.zeros((_MEMORY, *gradient.shape))
        path = _Path(
            self._move(theta, origin.inverse @ gradient, origin.lean),
            theta[self.free],
            gradient,
            memory,
            memory,
            memory[:, 0],
        )
        for _ in range(1, steps):
            path = self._quasi_newton(path, counts, aux, lambda g: origin.inverse @ g, origin.lean)
        return path.theta

    def refine(self, theta: Array, counts: Array, aux: Array, steps: int) -> Array:
        """Quasi-Newton steps again, each fit on top of its own curvature and inside its bounds.

        Parameters pushed against a bound stay there. That, and second derivatives of the
        expectation that the curvature leaves out, is what the steps of `descend` miss.
        """
        _, gradient, hessian = self.target.evaluate(theta, counts, aux)
        gradient, hessian = gradient[self.free], hessian[self.free[:, None], self.free]
        inside = self._inside(theta, gradient)
        leashed = hessian + self._leash[:, :, None]
        columns, _ = linalg.cholesky(self._system(leashed, inside))

        def solve(vector: Array) -> Array:
            rows = linalg.forward(columns, np.where(inside, vector, 0.0))
            return np.where(inside, linalg.backward(columns, rows), 0.0)

        gradient = np.where(inside, gradient, 0.0)
        memory = np.zeros((_MEMORY, *gradient.shape))
        lean = self._lean(columns, inside)
        moved = self._move(theta, solve(gradient), lean)
        path = _Path(moved, theta[self.free], gradient, memory, memory, memory[:, 0])
        for _ in range(1, steps):
            path = self._quasi_newton(path, counts, aux, solve, lean, inside)
        return path.theta

    def _quasi_newton(
        self,
        path: _Path,
        counts: Array,
        aux: Array,
        solve: Callable[[Array], Array],
        lean: Array,
        inside: Any = True,
    ) -> _Path:
        here = path.theta[self.free]
        gradient = self.target.gradient(path.theta, counts, aux)[self.free]
        gradient = np.where(inside, gradient, 0.0)
        step, change = here - path.last, gradient - path.gradient
        curvature = np.sum(step * change, axis=0)
        weight = np.where(curvature > 0, 1.0 / curvature, 0.0)
        steps = np.concatenate([path.steps[1:], step[None]])
        changes = np.concatenate([path.changes[1:], change[None]])
        weights = np.concatenate([path.weights[1:], weight[None]])
        direction = gradient
        alphas: list[Array] = []
        for i in range(_MEMORY - 1, -1, -1):
            alpha = weights[i] * np.sum(steps[i] * direction, axis=0)
            direction = direction - alpha * changes[i]
            alphas.insert(0, alpha)
        direction = solve(direction)
        for i, alpha in enumerate(alphas):
            beta = weights[i] * np.sum(changes[i] * direction, axis=0)
            direction = direction + steps[i] * (alpha - beta)
        moved = self._move(path.theta, direction, lean)
        return _Path(moved, here, gradient, steps, changes, weights)

    # -- Levenberg-Fisher -----------------------------------------------------------------------

    def minimise(
        self, theta: Array, counts: Array, aux: Array, limit: int, *, exact: bool = False
    ) -> tuple[Array, ...]:
        """Up to `limit` safeguarded steps from `theta`, ``(n_par, B)``.

        Args:
            theta: starting points.
            counts: ``(n_bins, B)``.
            aux: ``(n_par, B)``.
            limit: number of steps.
            exact: with second derivatives of the expectation too; where the matrix is then not
                positive definite it is made so in the plane of the couplings.

        Returns:
            ``theta (n_par, B)``, value of the objective, estimated distance to the minimum
            ``(B,)``, and errors of the free parameters ``(n_free, B)``.
        """
        n, size = len(self.free), theta.shape[1]
        zero = np.zeros((n, size))
        nowhere = np.full(size, np.inf)
        # a zero step from nowhere: the first iteration evaluates the starting point
        state = State(
            theta,
            nowhere,
            zero,
            np.zeros((n, n, size)) + self._eye,
            zero,
            np.zeros((len(self._bent), n, size)),
            zero[0],
            zero[0],
            zero[0] + 1.0,
            nowhere,
            -1,
        )
        while state.done < limit and np.any(state.edm > self.goal):
            state = self._iterate(state, counts, aux, exact=exact)
        return state.theta, state.value, state.edm, self._errors(state)

    def _inside(self, theta: Array, gradient: Array) -> Any:
        """Which parameters may move: not those pushed against a bound they are at."""
        free = theta[self.free]
        low = (free <= self.lower + self._margin) & (gradient > 0)
        high = (free >= self.upper - self._margin) & (gradient < 0)
        return ~(low | high)

    def _system(self, hessian: Array, inside: Any) -> Array:
        """The Hessian with unit rows for the parameters that do not move."""
        both = inside[:, None] & inside[None, :]
        return np.where(both, hessian, self._eye)

    def _curvature(
        self, theta: Array, gradient: Array, hessian: Array, counts: Array, aux: Array
    ) -> Array:
        """The curvature with all second derivatives by the parameters without a constraint.

        A coupling that enters squared has no first derivative where it is zero: if the minimum
        is there, as it is for data below the expectation without it, only the second derivative
        of the expectation, which `Objective.evaluate` leaves out, holds it there. Rows of such
        parameters are differences of the gradient.
        """
        m, size = len(self._bent), theta.shape[1]
        step, upper = self._step[self._bent], self.upper[self._bent]
        at = self.free[self._bent]
        step = np.where(theta[at] + step > upper, -step, step)
        moved = [
            np.stack([r + step[i] if k == own else r for k, r in enumerate(theta)])
            for i, own in enumerate(at.tolist())
        ]
        every = self.target.gradient(
            np.concatenate(moved, axis=1), np.tile(counts, (1, m)), np.tile(aux, (1, m))
        )[self.free]
        rows = np.swapaxes((every.reshape(-1, m, size) - gradient[:, None]) / step, 0, 1)
        chosen = np.eye(len(self.free))[:, self._bent]
        rows = np.einsum("nm,mkb->nkb", chosen, rows)
        mine = chosen.sum(axis=1) > 0
        mine, other = mine[:, None, None], mine[None, :, None]
        across = np.swapaxes(rows, 0, 1)
        return np.where(
            mine & other,
            0.5 * (rows + across),
            np.where(mine, rows, np.where(other, across, hessian)),
        )

    def _iterate(self, state: State, counts: Array, aux: Array, *, exact: bool) -> State:
        """Take the step where it lowers the value, and solve for the next one."""
        theta = self._move(state.theta, state.step, state.lean)
        value, gradient, hessian = self.target.evaluate(theta, counts, aux)
        gradient, hessian = gradient[self.free], hessian[self.free[:, None], self.free]
        if exact:
            full = self._curvature(theta, gradient, hessian, counts, aux)
            finite = np.all(np.isfinite(full), axis=(0, 1))
            inside = self._inside(theta, gradient)
            hessian = np.where(finite, self._definite(full, inside), hessian)
        # decrease over the one that the quadratic model promises: one for a perfect model, and
        # small where it understates the curvature, which damping cures
        begun = state.done >= 0
        gain = np.where(begun, (state.value - value) / state.promise, 1.0)
        # rounding of the sum over bins must not forbid the last step
        better = (value <= state.value + 1e-14 * (1.0 + np.abs(value))) | (not begun)
        # a little too far along a bent valley: some of the same step; off altogether: damping
        shorter = (gain <= 0.0) & (gain > -_OFF) & (state.share > _LEAST)
        share = np.where(shorter, _SHORTER * state.share, 1.0)
        damping = np.where(
            shorter | (gain > 0.6),
            np.where(shorter, 1.0, 0.2 * (state.damping > 0.1)) * state.damping,
            np.where(gain > 0.3, state.damping, np.maximum(4.0 * state.damping, 0.25)),
        )
        running = state.edm > self.goal
        take = better & running
        theta = np.where(take, theta, state.theta)
        value = np.where(take, value, state.value)
        gradient = np.where(take, gradient, state.gradient)
        hessian = np.where(take, hessian, state.hessian)

        inside = self._inside(theta, gradient)
        downhill = np.where(inside, gradient, 0.0)
        system = self._system(hessian, inside)
        columns, good = linalg.cholesky(system)
        rows = linalg.forward(columns, downhill)
        edm: Array = 0.5 * np.sum(np.stack(list(rows)) ** 2, axis=0)
        edm = self._within(theta, downhill, edm, linalg.backward(columns, rows))
        edm = np.where(good & np.isfinite(value), edm, np.inf)
        columns, _ = linalg.cholesky(system * (1.0 + self._eye * damping))
        step = linalg.backward(columns, linalg.forward(columns, downhill))
        across = np.sum(step * downhill, axis=0)
        stretched = damping * np.einsum("iib,ib->b", system, step * step)
        promise = share * (across - 0.5 * share * (across - stretched))
        return State(
            theta,
            value,
            gradient,
            hessian,
            share * step,
            self._lean(columns, inside),
            promise,
            damping,
            share,
            edm,
            state.done + 1,
        )

    def _lean(self, columns: list[Array], inside: Any) -> Array:
        """How far all parameters go with one without a constraint, ``(n_bent, n_free, B)``.

        The minimum over the others moves by ``C_ik / C_kk`` as parameter k does, with the
        inverse C of the system in `columns`.
        """
        out = []
        for k in self._bent:
            unit = np.zeros_like(columns[0]) + np.eye(len(self.free))[k][:, None]
            column = linalg.backward(columns, linalg.forward(columns, unit))
            out.append(np.where(inside & inside[k], column / column[k], unit))
        return np.stack(out)

    def _definite(self, full: Array, inside: Any) -> Array:
        """The curvature made positive definite where it is not, in the plane of the couplings.

        Between two minima and along the end of a valley the curvature is negative. With the
        others following (the Schur complement) it is a small matrix S; the magnitudes of its
        eigenvalues in place of themselves lead downhill by steps of the right size.
        """
        bent = self._bent
        others = np.setdiff1d(np.arange(len(self.free)), bent)
        order = np.concatenate([others, bent])
        system = self._system(full, inside)[order[:, None], order]
        schur = linalg.schur(system, len(others))
        diagonal = np.abs(np.einsum("iib->ib", schur))
        size = np.sqrt(np.maximum(diagonal, _FLAT * np.max(diagonal, axis=0)) + _TINY)
        scaled = np.moveaxis(schur / (size[:, None] * size[None]), -1, 0)
        usable = np.all(np.abs(scaled) < 1.0 / _FLAT, axis=(1, 2), keepdims=True)
        scaled = np.where(usable, scaled, np.eye(len(bent)))  # not where something is not finite
        values, vectors = np.linalg.eigh(scaled)
        values = np.maximum(np.abs(values), _FLAT)
        good = np.einsum("bik,bk,bjk->ijb", vectors, values, vectors)
        change = good * size[:, None] * size[None] - schur
        chosen = np.eye(len(self.free))[:, bent]
        both = inside[:, None] & inside[None, :]
        return full + np.where(both, np.einsum("ni,ijb,mj->nmb", chosen, change, chosen), 0.0)

    def _within(self, theta: Array, gradient: Array, edm: Array, step: Array) -> Array:
        """The distance to the minimum that lies inside the bounds, ``(B,)``.

        Along a direction that the data hardly know, the quadratic model puts the minimum far
        beyond the bounds: no more is to be won than the slope promises on the way up to them.
        """
        free = theta[self.free]
        inside = free - np.clip(free - step, self.lower, self.upper)
        linear = np.sum(gradient * inside, axis=0)
        return np.where(linear > 0.0, np.minimum(edm, linear), edm)

    def _errors(self, state: State) -> Array:
        """Square roots of the diagonal of the covariance; zero for parameters at a bound."""
        inside = self._inside(state.theta, state.gradient)
        columns, _ = linalg.cholesky(self._system(state.hessian, inside))
        variance = 2.0 * linalg.inverse_diagonal(columns)
        return np.where(inside, np.sqrt(variance), 0.0)
