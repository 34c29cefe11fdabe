"""From where the toys of some neighbouring points are fitted: as few starts as find the minima.

A fit from the truth, where a toy was drawn, is enough at most points of a grid: mirror solutions
of couplings are often as good as each other to the third digit. At others a second basin is
deeper for some toys, or the truth is a saddle: the expectation does not depend on a coupling to
first order where that is zero. A pilot tells them apart. Some toys are fitted from every start
that there is, and the others then from the fewest that would have found the pilot's minima.
Beside the truth the starts are candidates on a grid (`minima.Screen`): that of a scan, or one laid
through the minima around a single point (`around`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cevns.inference.minimum.batch import FAILED, BatchFit, BatchFitter
from cevns.inference.minimum.minima import BASINS, Screen, improvements
from cevns.inference.model.data import Data, asimov
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

__all__ = [
    "NEAR",
    "PILOT",
    "RUNGS",
    "SETS",
    "Start",
    "around",
    "best_of_starts",
    "couplings",
    "moved",
    "needed_starts",
]

PILOT = 64
"""Toys that show which starts are needed."""
Start = tuple[int, float]
"""Which of a toy's candidates, from the best, and on which side of it (`Screen.starts`)."""
SETS: tuple[tuple[Start, ...], ...] = (
    (),
    ((0, 1.0), (1, 1.0)),
    tuple((k, 1.0) for k in range(BASINS)),
    tuple((k, side) for side in (1.0, -1.0) for k in range(BASINS)),
)
"""Starts beside the truth; the last are all."""
_LADDER = 10.0 ** np.arange(-1.5, 2.1, 0.5)
RUNGS = np.concatenate([-_LADDER[::-1], _LADDER])
"""Where other minima of a coupling are looked for, from where it is, in units of its typical size:
at distances from a thirtieth to a hundred."""
NEAR = 25.0
"""Rise of -2 ln L up to which a minimum counts, five standard deviations: one of expected counts
that rises by less above the truth may be the deepest of a toy."""
_LINE, _PLANE = 41, 21
"""Values along each of one or two couplings around a single point."""


def best_of_starts(
    fitter: BatchFitter,
    screen: Screen,
    data: Data,
    truth: Array,
    *,
    tolerance: float,
    starts: Sequence[Start] | None = None,
    least: float = 0.0,
) -> BatchFit:
    """Fit toys from the truth, and from further starts where a pilot gains by them.

    Args:
        fitter: fits the model of the screen.
        screen: candidates for starts beside the truth.
        data: of the toys.
        truth: where each toy was drawn, ``(n_par, B)``.
        tolerance: by how much the starts left out may lower -2 ln L of a toy of the pilot.
        starts: the further starts, where they are known; else some of the toys are the pilot.
        least: by how much another minimum must be deeper to count. An estimate stays with the
            minimum next to the truth where a mirror of it is as good; for q it makes no difference.

    Returns:
        The deepest fit of each toy, in order.
    """
    found = fitter.fit(data, truth, rescue=False)
    if starts is None:
        pilot = np.unique(np.linspace(0, truth.shape[1] - 1, PILOT).astype(np.int64))
        at_truth = found.valid_nll[pilot]
        starts = needed_starts(fitter, screen, data.columns(pilot), at_truth, tolerance=tolerance)
    if starts:
        _, toy, fits = _fit_from(fitter, screen, data, starts)
        lowered, deepest = improvements(found.valid_nll, toy, fits.valid_nll, least)
        found.put(lowered, fits, deepest)
    failed = np.flatnonzero(found.status == FAILED)
    if failed.size:  # no start converged: iminuit, from the truth
        found.put(failed, fitter.fit(data.columns(failed), truth[:, failed]))
    return found


def needed_starts(
    fitter: BatchFitter, screen: Screen, data: Data, at_truth: Array, *, tolerance: float
) -> tuple[Start, ...]:
    """The fewest starts beside the truth that find the minima of a pilot.

    Args:
        fitter: see `best_of_starts`, as `screen` and `tolerance`.
        screen: likewise.
        data: of the pilot.
        at_truth: -2 ln L of its fits from the truth, ``(B,)``.
        tolerance: likewise.
    """
    number, toy, fits = _fit_from(fitter, screen, data, SETS[-1])
    tried = np.full((len(SETS[-1]), len(at_truth)), np.inf)
    tried[number, toy] = fits.valid_nll
    lowest = np.minimum(at_truth, tried.min(axis=0))
    # a toy whose fits all failed says nothing of the starts, and infinities have no difference
    found = np.isfinite(lowest)
    for starts in SETS[:-1]:
        reached = tried[[SETS[-1].index(s) for s in starts]].min(axis=0, initial=np.inf)
        above = np.minimum(at_truth, reached)[found] - lowest[found]
        if np.max(above, initial=0.0) < tolerance:
            return starts
    return SETS[-1]


def couplings(model: Model) -> tuple[str, ...]:
    """Free parameters with a typical size and no constraint: a rate may be quadratic in them."""
    return tuple(
        p.name
        for p in model.parameters
        if not p.fixed and p.constraint is None and p.typical is not None
    )


def around(model: Model, truth: Array) -> Screen | None:
    """Candidates for toys of a single point: a grid through the minima of its Asimov data.

    Toys have further minima along the `couplings`. Where there are more than two, the grid lies
    along the two in which the minima differ most.

    Args:
        model: what the toys are fitted with.
        truth: where they are drawn, ``(n_par,)``.

    Returns:
        The candidates; None for a model without couplings.
    """
    columns = [model.parameters.position(n) for n in couplings(model)]
    if not columns:
        return None
    data = asimov(model, truth)
    rungs = [moved(model, truth, k, RUNGS) for k in columns]
    free = BatchFitter(model)
    found = free.fit(data, np.concatenate(rungs, axis=1), rescue=False)
    minima = np.concatenate([truth[None], found.theta[found.valid_nll < NEAR]])
    sizes = np.array([model.parameters[k].typical for k in columns], dtype=float)
    spread = np.ptp(minima[:, columns], axis=0) / sizes
    chosen = sorted(columns[i] for i in np.argsort(-spread, kind="stable")[:2])
    n = _LINE if len(chosen) == 1 else _PLANE
    axes = [np.linspace(*_range(model, data, minima, k), n) for k in chosen]
    start = np.repeat(truth[:, None], n ** len(chosen), axis=1)
    start[chosen] = [m.ravel() for m in np.meshgrid(*axes, indexing="ij")]
    held = BatchFitter(model, fix=[model.parameters[k].name for k in chosen])
    profiled = held.fit(data, start, rescue=False, excluded=2.0 * NEAR)
    theta = np.where(profiled.status[:, None] < FAILED, profiled.theta, start.T)
    return Screen(model, theta, (n,) * len(chosen))


def moved(model: Model, theta: Array, k: int, steps: Array) -> Array:
    """A point moved along a coupling, in units of its typical size, ``(n_par, n)``."""
    p = model.parameters[k]
    at = np.repeat(theta[:, None], len(steps), axis=1)
    at[k] = np.clip(theta[k] + p.scale * steps, p.lower, p.upper)
    return at


def _range(model: Model, data: Data, minima: Array, k: int) -> tuple[float, float]:
    """Values of a coupling that hold all minima, as far as -2 ln L rises little beyond them."""
    held = BatchFitter(model, fix=(model.parameters[k].name,))
    ends = []
    for side, i in ((-1.0, minima[:, k].argmin()), (1.0, minima[:, k].argmax())):
        at = moved(model, minima[i], k, side * _LADDER)
        found = held.fit(data, at, rescue=False, excluded=2.0 * NEAR)
        beyond = np.flatnonzero(~(found.valid_nll < NEAR))
        ends.append(float(at[k, beyond[0] if beyond.size else -1]))
    return ends[0], ends[1]


def _fit_from(
    fitter: BatchFitter, screen: Screen, data: Data, starts: Sequence[Start]
) -> tuple[IntArray, IntArray, BatchFit]:
    """Fits from some starts of each toy: number of the start, number of the toy, fits."""
    candidates = screen.choose(data, 1 + max(k for k, _ in starts))
    columns = candidates[:, [k for k, _ in starts]].T
    number, toy = np.nonzero(columns >= 0)
    sides = np.array([side for _, side in starts])[number]
    places = columns[number, toy]
    begin = np.where(sides > 0, screen.starts(places), screen.starts(places, -1.0))
    return number, toy, fitter.fit(data.columns(toy), begin, rescue=False)
