"""Many fits at once, each with a status; none is dropped.

A few quasi-Newton steps for all; more of them on each fit's own curvature, then safeguarded
steps, for those that need them, packed together; the rest goes to iminuit. A fit has converged
when its estimated distance to the minimum, ``edm = g^T H^-1 g / 2`` as in MINUIT, is below
`EDM_GOAL`, with H twice the Fisher matrix. Parameters at a bound towards which the gradient pushes
are taken out of the system (Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.linalg import quiet_division
from cevns.inference.minimum.minimiser import EDM_GOAL, BoundedProblem, Origin
from cevns.inference.minimum.objectives import objective, saturated
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

__all__ = [
    "CONVERGED",
    "FAILED",
    "MINUIT",
    "QUICK_STEPS",
    "REFINING_STEPS",
    "SAFE_STEPS",
    "STATUS",
    "BatchFit",
    "BatchFitter",
]

QUICK_STEPS = 6
"""Quasi-Newton steps for all."""
REFINING_STEPS = (6, 10)
"""Quasi-Newton steps on top of its own curvature for a fit that has not converged with these."""
SAFE_STEPS = (4, 10, 60)
"""Safeguarded steps, with all second derivatives, for those that still have not."""

CHUNK = 512
"""Fits evaluated together: calls are amortised, the arrays stay in the cache."""
_COARSE = 1e-3
"""Share of what lies beyond an excluded value to which a fit there is done."""
_COMMON = 64
"""Fits with a common start from which a descent of their own pays."""
_ASTRAY = 1.0
"""Distance to the minimum beyond which a fit is begun anew, in units of -2 ln L."""

STATUS = ("converged", "second pass", "iminuit", "failed")
CONVERGED, SECOND, MINUIT, FAILED = range(4)


@dataclass(frozen=True, eq=False)
class BatchFit:
    """Results of a batch of fits, batch first.

    Args:
        theta: fitted parameters, ``(B, n_par)``.
        errors: square roots of the diagonal of the inverse Fisher matrix at the minimum; zero for
            fixed parameters and for those at a bound.
        twice_nll: minimum of -2 ln L in the saturated form, ``(B,)``.
        edm: estimated distance to the minimum, ``(B,)``.
        status: index into `STATUS`, ``(B,)``.
    """

    theta: Array
    errors: Array
    twice_nll: Array
    edm: Array
    status: IntArray


class BatchFitter:
    """Fits a model to many data sets, any number of batches of them.

    Where nothing is free a fit is the value of -2 ln L at the starting point.

    Args:
        model: the model.
        fix: names of parameters held fixed, beside those the model declares fixed.
        goal: estimated distance to the minimum, in units of -2 ln L, at which a fit has
            converged. Along a direction that the data hardly know, a small one takes long.
        tolerance: that at which one that has not is taken as it is, before the longest pass and
            before iminuit tries; by default that of `goal`.

    Raises:
        UnknownNameError: if a name is unknown.
    """

    def __init__(
        self,
        model: Model,
        *,
        fix: Iterable[str] = (),
        goal: float = EDM_GOAL,
        tolerance: float | None = None,
    ) -> None:
        self.goal = goal
        self.tolerance = goal if tolerance is None else tolerance
        parameters = model.parameters.fix(dict.fromkeys(fix))
        self.model = model
        self.free = parameters.free
        target = objective(model, [p.name for p in parameters if p.fixed])
        self._problem = BoundedProblem(target, parameters.free, goal)
        self._value = lambda t, n, a: (target.evaluate(t, n, a)[0],)
        self._descend = lambda *a: (self._problem.descend(*a),)
        self._refine = lambda *a: (self._problem.refine(*a),)
        self._newton = lambda *a: self._problem.minimise(*a, exact=True)

    def _chunks(
        self,
        function: Callable[..., Any],
        theta: Array,
        counts: Array,
        aux: Array,
        *extra: Origin | int,
    ) -> list[Array]:
        """Run over chunks of the last axis and join."""
        parts = []
        for at in range(0, counts.shape[1], CHUNK):
            chunk = [a[:, at : at + CHUNK] for a in (theta, counts, aux)]
            parts.append(function(*chunk, *extra))
        return [np.concatenate(p, axis=-1) for p in zip(*parts, strict=True)]

    def fit(
        self,
        counts: Array,
        aux: Array,
        start: Array,
        *,
        rescue: bool = True,
        excluded: float = np.inf,
    ) -> BatchFit:
        """Fit a batch of data sets; or one data set many times, other values held each time.

        Args:
            counts: ``(n_bins, B)``, or ``(n_bins,)`` for the same in all fits.
            aux: auxiliary measurements, ``(n_par, B)`` or ``(n_par,)``; those of parameters
                without a constraint are not used.
            start: starting point and values of the fixed parameters, ``(n_par,)``, or
                ``(n_par, B)`` where each fit has its own.
            rescue: whether iminuit tries the fits that no pass converges.
            excluded: -2 ln L from which a thousandth of what is beyond it is good enough.
                Couplings orders of magnitude above what the data allow give thousands to
                millions, whose last digits take long and say nothing.

        Returns:
            One result a fit, in order. Those that no pass converges come back from iminuit
            (`rescue`), or with status ``failed``.

        Raises:
            InputError: if the numbers of columns do not agree.
        """
        from threadpoolctl import threadpool_limits

        # contending threads slow small matrix products twentyfold
        with threadpool_limits(1):
            return self._fit(counts, aux, start, rescue=rescue, excluded=excluded)

    def _fit(
        self, counts: Array, aux: Array, start: Array, *, rescue: bool, excluded: float
    ) -> BatchFit:
        constant = saturated(counts)
        counts, aux, theta0, size = _columns(counts, aux, start)
        theta, value = theta0.copy(), np.full(size, np.inf)
        edm, errors = np.full(size, np.inf), np.zeros((len(self.free), size))
        status = np.full(size, CONVERGED)
        with quiet_division():
            if not self.free:
                (value,) = self._chunks(self._value, theta, counts, aux)
                edm = np.where(np.isfinite(value), 0.0, np.inf)
            runs = _runs(theta0) if self.free else []
            # second derivatives cost little for a few couplings, much for all parameters
            refining = REFINING_STEPS[: 1 if self._problem.has_couplings else None]
            plan = [(QUICK_STEPS, 0), *((n, 0) for n in refining)]
            plan += [(0, steps) for steps in SAFE_STEPS]
            guarded = False
            for number, (quick, safe) in enumerate(plan):
                last = number == len(plan) - 1
                wanted = np.maximum(
                    self.tolerance if last else self.goal, _coarse(value + constant, excluded)
                )
                left = np.flatnonzero(~(edm < wanted))
                if not left.size or not self.free:
                    break
                data = counts[:, left], aux[:, left]
                # an unguarded step may have gone astray: then from the start again
                near = guarded | (edm[left] < _ASTRAY)
                at = np.where(near, theta[:, left], theta0[:, left])
                if number == 0 and runs:
                    at = self._descents(runs, at, *data, quick)
                elif quick:
                    (at,) = self._chunks(self._refine, at, *data, quick)
                method = self._newton if safe else self._problem.minimise
                result = self._chunks(method, at, *data, safe)
                theta[:, left], value[left], edm[left], errors[:, left] = result
                status[left] = CONVERGED if number == 0 else SECOND
                guarded = safe > 0
        enough = np.maximum(self.tolerance, _coarse(value + constant, excluded))
        left = np.flatnonzero(~(edm < enough))
        all_errors = np.zeros_like(theta)
        all_errors[self._problem.free] = errors
        batch = BatchFit(theta.T.copy(), all_errors.T.copy(), value + constant, edm, status)
        batch.status[left] = FAILED
        for i in left if rescue else ():
            self._with_minuit(batch, int(i), Data(counts[:, i], aux[:, i]), theta0[:, i])
        return batch

    def _descents(
        self, runs: list[slice], theta: Array, counts: Array, aux: Array, steps: int
    ) -> Array:
        """Quasi-Newton steps, each run of columns from its common start."""
        parts = [
            self._chunks(
                self._descend,
                theta[:, run],
                counts[:, run],
                aux[:, run],
                self._problem.origin(theta[:, run.start]),
                steps,
            )[0]
            for run in runs
        ]
        return np.concatenate(parts, axis=1)

    def _with_minuit(self, batch: BatchFit, i: int, data: Data, start: Array) -> None:
        """Fit one data set with iminuit and write it into its row."""
        held = set(range(len(start))) - set(self._problem.free.tolist())
        names = self.model.parameters.names
        try:
            result = fit(
                self.model,
                data=data,
                fix={names[k]: float(start[k]) for k in held},
                start=start,
                minos="none",
                raise_on_failure=False,
            )
        except InputError:  # counts that are impossible at the starting point
            batch.status[i] = FAILED
            return
        batch.status[i] = MINUIT if result.valid else FAILED
        if not result.valid:
            return
        batch.theta[i], batch.twice_nll[i], batch.edm[i] = (
            result.theta,
            result.twice_nll,
            result.edm,
        )
        # errors as for all the others: HESSE's mean little for a parameter at its bound
        with quiet_division():
            column = result.theta[:, None], data.counts[:, None], data.auxiliary[:, None]
            errors = self._chunks(self._problem.minimise, *column, 0)[3]
        batch.errors[i, self._problem.free] = errors[:, 0]


def _coarse(value: Array, excluded: float) -> Array:
    """Distance to the minimum that is good enough for fits that are excluded in any case."""
    known = np.where(np.isfinite(value), value, excluded)
    return np.zeros_like(value) if np.isinf(excluded) else _COARSE * np.maximum(known - excluded, 0)


def _runs(start: Array) -> list[slice]:
    """Neighbouring columns with the same start; none where there are too few in each to pay."""
    size = start.shape[1]
    if start.strides[1] == 0 or size < 2:  # one column, repeated
        return [slice(0, size)]
    ends = np.flatnonzero(np.any(start[:, 1:] != start[:, :-1], axis=0)) + 1
    if size < _COMMON * (len(ends) + 1):
        return []
    edges = [0, *ends.tolist(), size]
    return [slice(a, b) for a, b in pairwise(edges)]


def _columns(counts: Array, aux: Array, start: Array) -> tuple[Array, Array, Array, int]:
    """Counts, auxiliary measurements and starts with the same number of columns, and it."""
    arrays = [a[:, None] if a.ndim == 1 else a for a in (counts, aux, start)]
    widths = {a.shape[1] for a in arrays} - {1}
    if len(widths) > 1:
        raise InputError(
            "batched fits: counts, auxiliary measurements and starting points have "
            + ", ".join(str(a.shape[1]) for a in arrays)
            + " columns; give each the same number, or one"
        )
    size = widths.pop() if widths else 1
    data, around, theta = (np.broadcast_to(a, (len(a), size)) for a in arrays)
    return data, around, theta, size
