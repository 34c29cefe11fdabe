r"""Toys of a few anchors for all points of a plane: weights by ratios of likelihoods.

A toy x = (n, a), counts and auxiliary measurements, that was drawn at one of the anchors k, where
N_k toys were drawn, counts at a point j with the weight

    w_j(x) = p_j(x) / sum_k N_k p_k(x),        E[sum w_j] = 1,

p being the density from which toys are drawn (L. Berns, arXiv:2303.11290). What they say of a
statistic is in `weighted_toys`. Anchors are chosen in a metric in which a distance of one is one
standard deviation of the data: the counts as 2 sqrt(mu), the constrained parameters in units of
their errors. Toys of one anchor serve a point at the distance D as exp(-D^2) of their number.

Thinning: a toy of small weight is kept with probability min(1, w/c) and then weighs w/min(1, w/c),
which leaves all sums unbiased and spares its fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, constraint_arrays
from cevns.inference.toys.weighted_toys import effective_number
from cevns.typing import Array, IntArray

__all__ = [
    "SAME",
    "Mixture",
    "farthest",
    "log_density",
    "merged",
    "stabilised",
    "thinned",
]

SAME = 0.02
"""Distance below which two points with the same fits count as one: p-values differ by less than
0.003 (at 0.05, by up to 0.009)."""
_TRIALS = 3
"""Displacements of the nuisances at which the fits of two points are compared."""
_CHUNK = 256
"""Points whose weights are computed together."""


def log_density(model: Model, theta: Array, data: Data) -> Array:
    """Of toys drawn at points, up to a number of each toy, ``(K, B)``.

    Args:
        model: the model.
        theta: points, ``(K, n_par)``.
        data: toys.
    """
    mu = model.expected(theta).T
    weight = constraint_arrays(model.parameters)[1]
    pulls = weight[:, None] * theta.T
    total = pulls.T @ data.auxiliary - 0.5 * np.sum(pulls * theta.T, axis=0)[:, None]
    for c in model.channels:
        bins = model.bins[c.name]
        total += c.statistic.log_density(mu[bins], data.counts[bins])
    return np.asarray(total)


def stabilised(model: Model, theta: Array) -> Array:
    """Points where a distance of one is a standard deviation of the data, ``(K, n)``."""
    mu = model.expected(theta).T
    weight = constraint_arrays(model.parameters)[1]
    parts = [c.statistic.stabilised(mu[model.bins[c.name]]) for c in model.channels]
    return np.concatenate([*parts, np.sqrt(weight)[:, None] * theta.T]).T


def farthest(
    places: Array, radius: float, chosen: IntArray, among: IntArray | None = None
) -> IntArray:
    """Points so that each lies within a radius of one: again and again the farthest is added.

    Args:
        places: of the points, ``(K, n)``.
        radius: in their metric.
        chosen: those that there are already, at least one.
        among: the points that must lie near one; all by default.

    Returns:
        All that are chosen, in order.

    Examples:
        >>> farthest(np.arange(7.0)[:, None], 2.0, np.array([3])).tolist()
        [3, 0, 6]
    """
    found = chosen.tolist()
    near = np.full(len(places), np.inf)
    if among is not None:
        near = np.where(np.isin(np.arange(len(places)), among), near, 0.0)
    for k in found:
        near = np.minimum(near, np.linalg.norm(places - places[k], axis=1))
    while near.max() > radius:
        found.append(int(np.argmax(near)))
        near = np.minimum(near, np.linalg.norm(places - places[found[-1]], axis=1))
    return np.array(found)


def merged(model: Model, theta: Array, held: IntArray, places: Array) -> IntArray:
    """For each point the first one before it that has the same toys and the same fits.

    The toys are the same where the distance is below `SAME`; the fits, where the expectation is
    the same whatever the nuisances. So it is along the lines on which couplings to u and to d
    quarks replace each other.

    Args:
        model: the model.
        theta: points, ``(K, n_par)``.
        held: positions of the parameters that are held in the fits of a point.
        places: of the points in the metric, ``(K, n)``.

    Returns:
        Number of the point that stands for each, ``(K,)``.
    """
    free = np.setdiff1d(model.parameters.free, held)
    rng = np.random.default_rng(0)
    scale = np.array([p.scale for p in model.parameters])[free]
    low, high = (np.array([getattr(p, s) for p in model.parameters]) for s in ("lower", "upper"))
    centre = np.median(theta, axis=0)
    tests = []
    for _ in range(_TRIALS if free.size else 0):
        moved = np.tile(centre, (len(theta), 1))
        moved[:, free] += scale * rng.standard_normal(free.size)
        moved = np.clip(moved, low, high)
        moved[:, held] = theta[:, held]
        tests.append(stabilised(model, moved))
    stands = np.arange(len(theta))
    # along a line points are not farther from each other than they are, and are sooner compared
    distance = np.linalg.norm(places - places[0], axis=1)
    longest = places[np.argmax(distance)] - places[0]
    line = places @ longest / (distance.max() or 1.0)
    kept, n_kept = np.empty(len(theta), dtype=np.int64), 0
    for i in range(len(theta)):
        some = kept[:n_kept]
        some = some[np.abs(line[some] - line[i]) < SAME]
        for each in (places, *tests):
            some = some[np.linalg.norm(each[some] - each[i], axis=1) < SAME]
        if some.size:
            stands[i] = some[0]
        else:
            kept[n_kept] = i
            n_kept += 1
    return stands


@dataclass(frozen=True, eq=False)
class Mixture:
    """Toys of some anchors, for any point.

    Args:
        model: the model.
        theta: where the toys of each anchor were drawn, ``(A, n_par)``.
        each: toys of each anchor, ``(A,)``.
        data: all toys, anchor after anchor, ``(n_bins, sum each)``.
    """

    model: Model
    theta: Array
    each: IntArray
    data: Data

    @classmethod
    def of(cls, model: Model, theta: Array, drawn: Sequence[Data]) -> Mixture:
        """The toys that were drawn at each anchor."""
        each = np.array([d.counts.shape[1] for d in drawn])
        return cls(model, theta, each, Data.joined(drawn))

    @cached_property
    def log_mixture(self) -> Array:
        """Logarithm of sum N_k p_k at each toy."""
        from scipy.special import logsumexp

        parts = log_density(self.model, self.theta, self.data)
        return np.asarray(logsumexp(parts, axis=0, b=self.each[:, None].astype(float)))

    def weights(self, theta: Array) -> Array:
        """Weights of the toys at points ``(K, n_par)``, ``(K, n_toys)``."""
        return np.exp(log_density(self.model, theta, self.data) - self.log_mixture)

    def quality(self, theta: Array) -> tuple[Array, Array]:
        """Effective number of toys and sum of weights at points, ``(K,)`` each."""
        effective, total = np.zeros(len(theta)), np.zeros(len(theta))
        for at in range(0, len(theta), _CHUNK):
            w = self.weights(theta[at : at + _CHUNK])
            total[at : at + _CHUNK] = w.sum(axis=1)
            effective[at : at + _CHUNK] = effective_number(w)
        return effective, total

    def with_own(self, theta: Array, own: Data) -> Mixture:
        """The same with toys of one more anchor behind the others."""
        both = Mixture.of(self.model, np.concatenate([self.theta, theta[None]]), [self.data, own])
        return replace(both, each=np.append(self.each, own.counts.shape[1]))


def thinned(weights: Array, wanted: int, uniform: Array) -> tuple[IntArray, Array]:
    """Some of the toys, about as many as wanted, with the weights that leave sums unbiased.

    Args:
        weights: of the toys, ``(n,)``.
        wanted: how many are expected.
        uniform: a number between 0 and 1 for each, ``(n,)``.

    Returns:
        Positions, and their weights.

    Examples:
        >>> at, w = thinned(np.array([1.0, 1e-6]), 1, np.array([0.5, 0.5]))
        >>> at.tolist(), w.round(5).tolist()
        ([0], [1.0])
    """
    ordered = np.sort(weights)[::-1]
    below = np.cumsum(ordered[::-1])[::-1]  # of this and all that are smaller
    # the k largest are kept for certain, and of the others wanted - k are expected
    cut = 0.0
    for k in range(min(wanted, weights.size)):
        cut = float(below[k]) / (wanted - k)
        if ordered[k] <= cut:
            break
    else:
        cut = 0.0
    chance = np.minimum(1.0, weights / cut) if cut > 0 else (weights > 0).astype(float)
    kept = np.flatnonzero(uniform < chance)
    return kept, weights[kept] / chance[kept]
