"""From where the toys of some neighbouring points are fitted: as few starts as find the minima.

A fit from the truth, where a toy was drawn, is enough at most points of a grid: mirror solutions
of couplings are often as good as each other to the third digit. At others a second basin is
deeper for some toys, or the truth is a saddle: the expectation does not depend on a coupling to
first order where that is zero. A pilot tells them apart. Some toys are fitted from every start
that there is, and the others then from the fewest that would have found the pilot's minima.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from cevns.inference.minimum.batch import FAILED, BatchFit, BatchFitter
from cevns.inference.minimum.modes import BASINS, Screen
from cevns.typing import Array, IntArray

__all__ = ["PILOT", "SETS", "Start", "best_of_starts", "height", "put"]

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


def best_of_starts(
    fitter: BatchFitter,
    screen: Screen,
    counts: Array,
    aux: Array,
    truth: Array,
    *,
    tolerance: float,
) -> BatchFit:
    """Fit toys from the truth, and from further starts where a pilot gains by them.

    Args:
        fitter: fits the model of the screen.
        screen: candidates for starts beside the truth.
        counts: ``(n_bins, B)``.
        aux: ``(n_par, B)``.
        truth: where each toy was drawn, ``(n_par, B)``.
        tolerance: by how much the starts left out may lower -2 ln L of a toy of the pilot.

    Returns:
        The deepest fit of each toy, in order.
    """
    found = fitter.fit(counts, aux, truth, rescue=False)
    pilot = np.unique(np.linspace(0, counts.shape[1] - 1, PILOT).astype(np.int64))
    tried = _fit_from(fitter, screen, counts[:, pilot], aux[:, pilot], SETS[-1])
    at_truth = height(found)[pilot]
    lowest = np.minimum(at_truth, tried.min(axis=0))
    for starts in SETS:
        reached = tried[[SETS[-1].index(s) for s in starts]].min(axis=0, initial=np.inf)
        if np.max(np.minimum(at_truth, reached) - lowest, initial=0.0) < tolerance:
            break
    if starts:
        _fit_from(fitter, screen, counts, aux, starts, found)
    lost = np.flatnonzero(found.status == FAILED)
    if lost.size:  # no start converged: iminuit, from the truth
        put(found, lost, fitter.fit(counts[:, lost], aux[:, lost], truth[:, lost]))
    return found


def _fit_from(
    fitter: BatchFitter,
    screen: Screen,
    counts: Array,
    aux: Array,
    starts: Sequence[Start],
    found: BatchFit | None = None,
) -> Array:
    """-2 ln L from each start, ``(n_starts, B)``, infinite where a toy has no such candidate.

    What is deeper replaces the rows of `found`.
    """
    candidates = screen.choose(counts, aux, 1 + max(k for k, _ in starts))
    columns = candidates[:, [k for k, _ in starts]].T
    number, toy = np.nonzero(columns >= 0)
    sides = np.array([side for _, side in starts])[number]
    places = columns[number, toy]
    begin = np.where(sides > 0, screen.starts(places), screen.starts(places, -1.0))
    every = fitter.fit(counts[:, toy], aux[:, toy], begin, rescue=False)
    values = np.full(columns.shape, np.inf)
    values[number, toy] = height(every)
    if found is not None:
        row = np.full(columns.shape, -1)
        row[number, toy] = np.arange(len(toy))
        deepest = values.argmin(axis=0)
        better = np.flatnonzero(values.min(axis=0) < height(found))
        put(found, better, every, row[deepest[better], better])
    return values


def height(found: BatchFit) -> Array:
    """-2 ln L, infinite where a fit failed."""
    result: Array = np.where(found.status < FAILED, found.twice_nll, np.inf)
    return result


def put(found: BatchFit, rows: IntArray, other: BatchFit, of: IntArray | None = None) -> None:
    """Write some fits (all, or those `of` a row) into rows of others."""
    for f in fields(BatchFit):
        new = getattr(other, f.name)
        getattr(found, f.name)[rows] = new if of is None else new[of]
