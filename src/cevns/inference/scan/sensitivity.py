"""What an experiment is expected to say on a grid, from data without fluctuations.

The Asimov data of a model are its expected counts at the true values, and auxiliary measurements
equal to them (Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727, section 3.2). Their rise of
-2 ln L, q_A, is the noncentrality of q of fluctuating data: q is distributed as a noncentral chi2
with as many degrees of freedom as parameters are scanned (section 3.1 there).

In one dimension the estimate fluctuates by N standard deviations with probability density
phi(N), and an interval moves with it: its ends are where the root of q_A, negative below the true
value, is ``N - z`` and ``N + z``, with ``Phi(z) = (1 + cl)/2``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from cevns.inference.fitting.levels import check_level
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import asimov
from cevns.inference.model.expectation import parameter_point
from cevns.inference.model.grid import Grid
from cevns.typing import Array, IntArray

__all__ = ["SIGMAS", "Sensitivity", "at_points", "sensitivity"]

SIGMAS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Fluctuations of the bands, in standard deviations; zero is the median."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Expected results on a grid.

    Args:
        grid: the points.
        truth: true parameter vector, ``(n_par,)``; structural axes have no true value.
        q: rise of -2 ln L of the Asimov data, ``(size,)``.
        theta: their conditional best fits, ``(size, n_par)``.
    """

    grid: Grid
    truth: Array
    q: Array = field(repr=False)
    theta: Array = field(repr=False)

    def quantiles(self, sigmas: tuple[float, ...] = SIGMAS) -> Array:
        """Bands of q of fluctuating data, ``(len(sigmas), size)``; at zero sigma the median.

        Points where the median exceeds the critical value are expected to be excluded.
        """
        from scipy.stats import ncx2

        levels = np.array([[NormalDist().cdf(s)] for s in sigmas])
        # scipy's noncentral chi2 with noncentrality zero is undefined in some versions
        return np.asarray(ncx2.ppf(levels, self.grid.degrees, np.maximum(self.q, 1e-12)))

    def excluded(self, cl: float = 0.9) -> Array:
        """Probability to exclude each point at confidence level `cl`, ``(size,)``."""
        from scipy.stats import chi2, ncx2

        goal = chi2.ppf(check_level(cl), self.grid.degrees)
        return np.asarray(ncx2.sf(goal, self.grid.degrees, np.maximum(self.q, 1e-12)))

    def intervals(
        self, cl: float = 0.9, sigmas: tuple[float, ...] = SIGMAS
    ) -> list[tuple[Array, Array]]:
        """Ends of the interval of the scanned parameter, one pair for each slice.

        Returns:
            Lower and upper ends by fluctuation, ``(len(sigmas),)`` each; NaN where the grid ends
            before. Of several pieces that which holds the true value.
        """
        z = NormalDist().inv_cdf(0.5 * (1.0 + check_level(cl)))
        name = self.grid.scanned[0]
        column = [a.name for a in self.grid.axes].index(name)
        true = float(self.truth[self.grid.family.parameters.position(name)])
        out = []
        for _, points in self.grid.slices():
            x = self.grid.points[points, column]
            root = np.sign(x - true) * np.sqrt(self.q[points])
            ends = [
                np.array([_crossing(x, root, true, s + side * z) for s in sigmas])
                for side in (-1.0, 1.0)
            ]
            out.append((ends[0], ends[1]))
        return out


def _crossing(x: Array, root: Array, true: float, goal: float) -> float:
    """Where the root reaches `goal`, going outwards from the true value; NaN where it does not."""
    side = 1.0 if goal >= 0 else -1.0
    outwards = np.argsort(side * x)
    outwards = outwards[side * (x[outwards] - true) > 0]
    place, height = true, 0.0
    for i in outwards:
        if side * root[i] >= abs(goal):
            share = (abs(goal) - height) / (side * root[i] - height)
            return float(place + share * (x[i] - place))
        place, height = float(x[i]), float(side * root[i])
    return np.nan


def sensitivity(grid: Grid, truth: Mapping[str, float] | None = None) -> Sensitivity:
    """Expected results of an experiment on a grid.

    Args:
        grid: where.
        truth: true values by name; nominal where left out.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a value is outside its bounds.
    """
    q = np.empty(grid.size)
    theta = np.empty((grid.size, len(grid.family.parameters)))
    point = None
    for structure, points in grid.slices():
        model = grid.family.model(structure)
        point = parameter_point(model, truth)
        data = asimov(model, point)
        start = at_points(grid, points, point)
        held = BatchFitter(model, fix=grid.scanned)
        found = held.fit(data.counts, data.auxiliary, start)
        # the minimum of Asimov data is at the truth, and zero in the saturated form
        q[points], theta[points] = np.maximum(found.twice_nll, 0.0), found.theta
    assert point is not None
    return Sensitivity(grid, point, q, theta)


def at_points(grid: Grid, points: IntArray, theta: Array) -> Array:
    """A parameter vector moved to points of a grid, ``(n_par, len(points))``."""
    start = np.repeat(theta[:, None], len(points), axis=1)
    for column, axis in enumerate(grid.axes):
        if not axis.structural:
            position = grid.family.parameters.position(axis.name)
            start[position] = grid.points[points, column]
    return start
