"""Many fits at once, each with a status; none is dropped.

A few quasi-Newton steps for all; more of them, on top of each fit's own curvature, for those that
need them, packed together; then safeguarded steps; the rest goes to iminuit. A fit has converged
when its estimated distance to the minimum, ``edm = g^T H^-1 g / 2`` as in MINUIT, is below
`EDM_GOAL`, with H twice the Fisher matrix. Parameters at a bound towards which the gradient pushes
are taken out of the system
(Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.data import Data
from cevns.inference.engines import engine as make_engine
from cevns.inference.fit import fit
from cevns.inference.levenberg import EDM_GOAL, BoundedProblem, Origin
from cevns.inference.model import Model
from cevns.inference.objectives import objective, saturated
from cevns.typing import Array, IntArray

PASSES = (0, 0, 60)
"""Safeguarded steps in the passes after the first; where none, the fits are refined instead."""

RISE = 1e-6
"""A rise of -2 ln L that rounding does not explain."""
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
    """Fits a model to many data sets; compiled once, used for any number of batches.

    Args:
        model: the model.
        fix: names of parameters held fixed, beside those the model declares fixed.
        engine: ``numpy``, ``jax`` or ``auto``.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if no parameter is free.
    """

    def __init__(self, model: Model, *, fix: Iterable[str] = (), engine: str = "numpy") -> None:
        parameters = model.parameters.fix(dict.fromkeys(fix))
        if not parameters.free:
            raise InputError(f"model {model.name!r}: all parameters are fixed; free one to fit")
        self.model = model
        self.free = parameters.free
        self.engine = make_engine(engine)
        self._problem = BoundedProblem(objective(model), parameters.free, self.engine)
        self._descend = self.engine.compile(lambda *a: (self._problem.descend(*a),))
        self._refine = self.engine.compile(lambda *a: (self._problem.refine(*a[:3]),))
        self._minimise = self.engine.compile(self._problem.minimise)

    def _chunks(
        self,
        function: Callable[..., Any],
        theta: Array,
        counts: Array,
        aux: Array,
        extra: Origin | int,
    ) -> list[Array]:
        """Run over chunks of the last axis and join; compiled chunks are padded to one shape."""
        size, width = counts.shape[1], self.engine.chunk
        parts = []
        for at in range(0, size, width):
            chunk = [a[:, at : at + width] for a in (theta, counts, aux)]
            here = chunk[0].shape[1]
            if self.engine.name == "jax" and here < width:
                chunk = [np.pad(a, ((0, 0), (0, width - here)), mode="edge") for a in chunk]
            parts.append([np.asarray(a)[..., :here] for a in function(*chunk, extra)])
        return [np.concatenate(p, axis=-1) for p in zip(*parts, strict=True)]

    def fit(self, counts: Array, aux: Array, start: Array) -> BatchFit:
        """Fit a batch of data sets.

        Args:
            counts: ``(n_bins, B)``.
            aux: auxiliary measurements, ``(n_par, B)``; those of free parameters are not used.
            start: starting point and values of the fixed parameters, ``(n_par,)``.

        Returns:
            One result a data set, in order. Those that no pass converges come back from
            iminuit, or with status ``failed``.
        """
        size = counts.shape[1]
        theta0 = np.repeat(start[:, None], size, axis=1)
        with self.engine.context():
            origin = self._problem.origin(start)
            (theta,) = self._chunks(self._descend, theta0, counts, aux, origin)
            result = self._chunks(self._minimise, theta, counts, aux, 0)
            theta, value, edm, errors = result
            status = np.full(size, CONVERGED)
            for limit in PASSES:
                left = np.flatnonzero(~(edm < EDM_GOAL))
                if not left.size:
                    break
                again = np.where(np.isfinite(value[left]), theta[:, left], theta0[:, left])
                if not limit:
                    (again,) = self._chunks(self._refine, again, counts[:, left], aux[:, left], 0)
                result = self._chunks(self._minimise, again, counts[:, left], aux[:, left], limit)
                # steps without a safeguard may have led astray
                keep = np.isfinite(result[1]) & ~(result[1] > value[left] + RISE)
                at = left[keep]
                theta[:, at], value[at], edm[at], errors[:, at] = (r[..., keep] for r in result)
                status[left] = SECOND
        left = np.flatnonzero(~(edm < EDM_GOAL))
        all_errors = np.zeros_like(theta)
        all_errors[self._problem.free] = errors
        twice_nll = value + saturated(counts)
        batch = BatchFit(theta.T.copy(), all_errors.T.copy(), twice_nll, edm, status)
        for i in left:
            self._with_minuit(batch, int(i), Data(counts[:, i], aux[:, i]), start)
        return batch

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
        if result.valid:
            batch.theta[i], batch.twice_nll[i] = result.theta, result.twice_nll
            batch.errors[i] = [p.error for p in result]
            batch.edm[i] = result.edm
