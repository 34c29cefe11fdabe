"""All minima of -2 ln L along couplings: a rate that is quadratic in one has two valleys.

A minimiser ends in the valley where it begins. Fits begin at the starting point and on both sides
of it along each coupling in turn, at distances from a thirtieth to a hundred of its typical size,
and again around each minimum that was not known yet, so that those which differ in several
couplings are reached too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.minimum.minima import usable
from cevns.inference.minimum.starts import NEAR, RUNGS, couplings, moved
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

__all__ = ["LocalMinimum", "local_minima"]

_ROUNDS: Final = 3
_MOST: Final = 8
"""Minima that are kept: a ring of equal ones yields one with every fit."""
_SAME: Final = 0.5
"""Distance in errors below which two fits are of one minimum."""
_EQUAL: Final = 0.01
"""Difference of -2 ln L that the tables of a fast form leave open."""


@dataclass(frozen=True, eq=False)
class LocalMinimum:
    """A minimum of -2 ln L.

    Args:
        theta: parameters there, ``(n_par,)``.
        twice_nll: -2 ln L there.
    """

    theta: Array
    twice_nll: float


def local_minima(
    model: Model, start: Array, *, data: Data | None = None
) -> tuple[LocalMinimum, ...]:
    """Minima along the `couplings`.

    Args:
        model: what is fitted, in its fast form.
        start: from where, ``(n_par,)``.
        data: that of the model by default.

    Returns:
        The deepest first; of those that are as deep to 0.01, the nearest to the start comes first.
        None for a model without couplings, and where no fit converges.

    Examples:
        >>> import numpy as np
        >>> from cevns.inference import function_model
        >>> from cevns.parameters import Parameter, Parameters
        >>> coupling = Parameters([Parameter("coupling", 0.0, typical=0.3)])
        >>> rate = function_model("rate", coupling, np.array([25.0]), lambda x: 20 * (1 - x)**2)
        >>> [round(float(m.theta[0]), 2) for m in local_minima(rate, np.array([0.0]))]
        [-0.12, 2.12]
    """
    columns = np.array([model.parameters.position(n) for n in couplings(model)], dtype=np.int64)
    if not columns.size:
        return ()
    likelihood, fitter = Likelihood.of(model, data), BatchFitter(model)
    scale = np.array([model.parameters[int(k)].scale for k in columns])
    kept: list[LocalMinimum] = []
    around = [start]
    for _ in range(_ROUNDS):
        begin = [
            point
            for centre in around
            for point in (
                centre[:, None], *(moved(model, centre, int(k), RUNGS) for k in columns)
            )
        ]  # fmt: skip
        found = fitter.fit(
            likelihood.data, np.unique(np.concatenate(begin, axis=1), axis=1), rescue=False
        )
        around = []
        for i in np.argsort(found.valid_nll, kind="stable"):
            here = LocalMinimum(found.theta[i], float(found.valid_nll[i]))
            lowest = min([here.twice_nll, *(m.twice_nll for m in kept)])
            if not here.twice_nll <= lowest + NEAR or len(kept) == _MOST:
                break
            size = usable(found.errors[i][columns], scale)
            if any(_near(here, m, columns, size) for m in kept):
                continue
            if _is_minimum(likelihood, here.theta):
                kept.append(here)
                around.append(here.theta)
        if not around:
            break
    lowest = min((m.twice_nll for m in kept), default=0.0)
    kept = [m for m in kept if m.twice_nll <= lowest + NEAR]

    def order(m: LocalMinimum) -> tuple[float, float]:
        away = float(np.sum(((m.theta - start)[columns] / scale) ** 2))
        equal = m.twice_nll <= lowest + _EQUAL
        return (lowest, away) if equal else (m.twice_nll, away)

    return tuple(sorted(kept, key=order))


def _near(a: LocalMinimum, b: LocalMinimum, columns: IntArray, size: Array) -> bool:
    away = (a.theta - b.theta)[columns] / size
    return bool(np.sum(away**2) < _SAME**2)


def _is_minimum(likelihood: Likelihood, theta: Array) -> bool:
    """Whether -2 ln L bends upwards along what is not on a bound: a squared coupling is stationary
    at zero, which may be the top between two valleys.
    """
    known = likelihood.model.parameters
    inside = [
        i for i in known.free
        if min(theta[i] - known[i].lower, known[i].upper - theta[i]) > 1e-3 * known[i].scale
    ]  # fmt: skip
    curvature = likelihood.hessian(theta, np.array(inside, dtype=np.int64))
    size = np.sqrt(np.abs(np.diag(curvature)))
    size = np.where(size > 0.0, size, 1.0)
    return bool(np.linalg.eigvalsh(curvature / np.outer(size, size)).min(initial=1.0) > 0.0)
