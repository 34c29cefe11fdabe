"""Many fits at once, each with a status; none is dropped.

A few quasi-Newton steps for all; for those that need them more steps with each fit's own
curvature, then safeguarded ones with second derivatives, packed together; the rest goes to iminuit.
A fit has converged when its estimated distance to the minimum, ``edm = g^T H^-1 g / 2`` as in
MINUIT, is below `EDM_GOAL`, with H twice the Fisher matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.bends import Bend, bends
from cevns.inference.minimum.bounded import EDM_GOAL, BoundedProblem
from cevns.inference.minimum.linalg import quiet_division
from cevns.inference.minimum.newton import Solution, minimise
from cevns.inference.minimum.objectives import Objective
from cevns.inference.minimum.quasi_newton import common_metric, descend, refine
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

__all__ = [
    "CONVERGED",
    "EDM_GOAL",
    "FAILED",
    "MINUIT",
    "PASSES",
    "QUICK",
    "STATUS",
    "BatchFit",
    "BatchFitter",
    "Pass",
]


class Pass(NamedTuple):
    """One attempt at the fits that have not converged.

    Args:
        method: quasi-Newton steps with a common metric (``descend``; ``refine`` where fits have no
            common start) or with each fit's own curvature (``refine``), or ``newton`` steps with
            second derivatives.
        steps: how many.
        from_start: whether fits that are far from a minimum begin at their start again: a step
            without safeguard may have diverged.
    """

    method: Literal["descend", "refine", "newton"]
    steps: int
    from_start: bool


PASSES = (
    Pass("descend", 6, from_start=True),
    Pass("refine", 6, from_start=True),
    Pass("refine", 10, from_start=True),
    Pass("newton", 4, from_start=True),
    Pass("newton", 10, from_start=False),
    Pass("newton", 60, from_start=False),
)
"""Tried in order. With some unconstrained parameters beside constrained ones the third is left out:
second derivatives cost little for a few parameters, much for all."""
QUICK = PASSES[:4]
"""Those that are soon done."""
CHUNK = 512
"""Fits evaluated together: calls are amortised, the arrays stay in the cache."""
_COARSE = 1e-3
"""Share of what lies beyond an excluded value to which a fit there is done."""
_COMMON = 64
"""Fits with a common start from which a metric of their own pays."""
_SECOND = 4.0
"""Rise of -2 ln L at the other side of a bend up to which a fit begins there too."""
_DIVERGED = 1.0
"""Distance to the minimum beyond which a fit begins anew, in units of -2 ln L."""

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

    @property
    def valid_nll(self) -> Array:
        """-2 ln L, infinite where a fit failed, ``(B,)``."""
        return np.where(self.status < FAILED, self.twice_nll, np.inf)

    def put(self, rows: IntArray, other: BatchFit, of: IntArray | slice = slice(None)) -> None:
        """Put other fits (all, or those at positions `of`) in some rows."""
        for old, new in zip(vars(self).values(), vars(other).values(), strict=True):
            old[rows] = new[of]


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
        target = Objective(model, frozenset(p.name for p in parameters if p.fixed))
        self._problem = BoundedProblem(target, parameters.free, goal)
        n_unconstrained = len(self._problem.unconstrained)
        skipped = 2 if n_unconstrained < len(parameters.free) else None
        self._passes = [p for i, p in enumerate(PASSES) if i != skipped]

    def fit(
        self,
        data: Data,
        start: Array,
        *,
        rescue: bool = True,
        passes: Sequence[Pass] = PASSES,
        excluded: float = np.inf,
    ) -> BatchFit:
        """Fit a batch of data sets; or one data set many times, other values held each time.

        Args:
            data: many data sets, or one for all fits.
            start: starting point and values of the fixed parameters, ``(n_par,)``, or
                ``(n_par, B)`` where each fit has its own.
            rescue: whether iminuit tries the fits that no pass converges.
            passes: which of `PASSES` try it.
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
            tried = [p for p in self._passes if p in passes]
            return self._fit(data, start, tried, rescue=rescue, excluded=excluded)

    def _fit(
        self,
        data: Data,
        start: Array,
        passes: Sequence[Pass],
        *,
        rescue: bool,
        excluded: float,
    ) -> BatchFit:
        data, start = _columns(data, start)
        repeated = data.counts.strides[1] == 0
        constant = np.broadcast_to(
            self._problem.target.constant(data.counts[:, :1] if repeated else data.counts),
            start.shape[1],
        )
        with quiet_division():
            found, taken = self._minimised(data, start, constant, passes, excluded)
            for bend in self._bends:
                self._other_side(bend, found, data, constant, passes, excluded)
        enough = np.maximum(self.tolerance, _coarse(found.value + constant, excluded))
        status = np.where(taken > 1, SECOND, CONVERGED)
        status = np.where(found.edm < enough, status, FAILED)
        errors = np.zeros_like(found.theta)
        errors[self._problem.free] = found.errors
        value = found.value + constant
        # a floor that only minimisers see must not be quoted
        impossible = self._problem.target.impossible(found.theta, data.counts, value)
        value = np.where(impossible, np.inf, value)
        batch = BatchFit(found.theta.T.copy(), errors.T.copy(), value, found.edm, status)
        for i in np.flatnonzero(status == FAILED).tolist() if rescue else ():
            single = self._with_minuit(data.columns(i), start[:, i])
            if single is not None:
                batch.put(np.array([i]), single)
        return batch

    @cached_property
    def _bends(self) -> tuple[Bend, ...]:
        """Where a pull may have a second minimum."""
        return bends(self._problem)

    def _other_side(
        self,
        bend: Bend,
        found: Solution,
        data: Data,
        constant: Array,
        passes: Sequence[Pass],
        excluded: float,
    ) -> None:
        """Fit what has come to lie near a bend from its other side too, and keep the deeper."""
        at = found.theta[bend.position]
        near = np.flatnonzero((at > bend.below) & (at < bend.above) & (found.edm < _DIVERGED))
        if not near.size:
            return
        other = np.where(at[near] < bend.sharpest, bend.above, bend.below)
        step = -bend.direction[self._problem.free][:, None] * (other - at[near])
        begin = self._problem.move(found.theta[:, near], step)
        value = self._problem.target.values(begin, data.columns(near))
        some = value < found.value[near] + _SECOND
        near, begin = near[some], begin[:, some]
        if not near.size:
            return
        again, _ = self._minimised(data.columns(near), begin, constant[near], passes, excluded)
        converged = again.edm <= np.maximum(found.edm[near], self.tolerance)
        deeper = converged & (again.value < found.value[near])
        for old, new in zip(found, again, strict=True):
            old[..., near[deeper]] = new[..., deeper]

    def _evaluated(self, data: Data, theta: Array) -> Solution:
        """-2 ln L where nothing is free."""
        target = self._problem.target
        parts = [target.values(theta[:, c], data.columns(c)) for c in _chunks(theta.shape[1])]
        value = np.concatenate([np.zeros(0), *parts])
        edm = np.where(np.isfinite(value), 0.0, np.inf)
        return Solution(theta.copy(), value, edm, np.zeros((0, value.size)))

    def _minimised(
        self,
        data: Data,
        start: Array,
        constant: Array,
        attempts: Sequence[Pass],
        excluded: float,
    ) -> tuple[Solution, IntArray]:
        """What the passes reach, and how many each fit took."""
        size = start.shape[1]
        if not self.free:
            return self._evaluated(data, start), np.zeros(size, dtype=np.int64)
        infinite = np.full(size, np.inf)
        found = Solution(start, infinite, infinite, np.zeros((len(self.free), size)))
        passes, runs = np.zeros(size, dtype=np.int64), _runs(start)
        for attempt in attempts:
            last = attempt is attempts[-1]
            wanted = np.maximum(
                self.tolerance if last else self.goal, _coarse(found.value + constant, excluded)
            )
            left = np.flatnonzero(~(found.edm < wanted))
            if not left.size:
                break
            diverged = ~(found.edm[left] < _DIVERGED) & attempt.from_start
            begin = np.where(diverged, start[:, left], found.theta[:, left])
            reached = self._attempt(attempt, begin, data.columns(left), runs)
            found = Solution(
                *(_with_columns(a, left, b) for a, b in zip(found, reached, strict=True))
            )
            passes[left] += 1
        return found, passes

    def _attempt(self, attempt: Pass, theta: Array, data: Data, runs: list[slice]) -> Solution:
        """One pass, in chunks; `runs` are columns with a common start, of all in the first pass."""
        problem, steps = self._problem, attempt.steps
        chunks = _chunks(theta.shape[1])
        if attempt.method == "newton":
            return _joined(
                minimise(problem, theta[:, c], data.columns(c), steps, exact=True) for c in chunks
            )
        if attempt.method == "descend" and runs:
            metrics = [(run, common_metric(problem, theta[:, run.start])) for run in runs]
            parts = [
                descend(problem, theta[:, c], data.columns(c), metric, steps)
                for run, metric in metrics
                for c in _chunks(run.stop - run.start, run.start)
            ]
        else:
            parts = [refine(problem, theta[:, c], data.columns(c), steps) for c in chunks]
        theta = np.concatenate(parts, axis=1)
        return _joined(minimise(problem, theta[:, c], data.columns(c), 0) for c in chunks)

    def _with_minuit(self, data: Data, start: Array) -> BatchFit | None:
        """Fit one data set with iminuit; None where that fails too."""
        fixed = set(range(len(start))) - set(self._problem.free.tolist())
        names = self.model.parameters.names
        try:
            result = fit(
                self.model,
                data=data,
                fix={names[k]: float(start[k]) for k in fixed},
                start=start,
                minos="none",
                raise_on_failure=False,
            )
        except InputError:  # counts that are impossible at the starting point
            return None
        if not result.valid:
            return None
        # errors as for all the others: HESSE's mean little for a parameter at its bound
        with quiet_division():
            column = Data(data.counts[:, None], data.auxiliary[:, None])
            solution = minimise(self._problem, result.theta[:, None], column, 0)
        errors = np.zeros((1, len(start)))
        errors[:, self._problem.free] = solution.errors.T
        return BatchFit(
            theta=result.theta[None],
            errors=errors,
            twice_nll=np.array([result.twice_nll]),
            edm=np.array([result.edm]),
            status=np.array([MINUIT]),
        )


def _chunks(size: int, start: int = 0) -> list[slice]:
    """`size` columns from `start`, so many at a time as are evaluated together."""
    end = start + size
    return [slice(at, min(at + CHUNK, end)) for at in range(start, end, CHUNK)]


def _joined(parts: Iterable[Solution]) -> Solution:
    """Chunks side by side."""
    return Solution(*(np.concatenate(p, axis=-1) for p in zip(*parts, strict=True)))


def _with_columns(array: Array, columns: IntArray, new: Array) -> Array:
    """A copy with some columns replaced."""
    out = array.copy()
    out[..., columns] = new
    return out


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


def _columns(data: Data, start: Array) -> tuple[Data, Array]:
    """Data and starts with the same number of columns."""
    arrays = [a[:, None] if a.ndim == 1 else a for a in (data.counts, data.auxiliary, start)]
    widths = {a.shape[1] for a in arrays} - {1}
    if len(widths) > 1:
        raise InputError(
            "batched fits: counts, auxiliary measurements and starting points have "
            + ", ".join(str(a.shape[1]) for a in arrays)
            + " columns; give each the same number, or one"
        )
    size = widths.pop() if widths else 1
    counts, auxiliary, theta = (np.broadcast_to(a, (len(a), size)) for a in arrays)
    return Data(counts, auxiliary), theta
