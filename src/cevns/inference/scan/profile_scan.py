"""Profile scans: -2 ln L at every point of a grid, minimised over all other parameters.

All points are fitted in batches from the nuisances of the best fit. Conditional likelihoods can
have several minima themselves, so a coarse selection of points is fitted from displaced nuisances
too, and then every point from the nuisances of its neighbours, where these are far from its own,
keeping what is lower, until nothing changes: a deeper basin found anywhere spreads over the map.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Grid
from cevns.inference.scan.regions import ConfidenceSet, confidence_set
from cevns.inference.scan.scan_slice import Best, Effort, Slice
from cevns.records import Result
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["ProfileScan", "levels", "profile_scan"]


def levels(cl: float, dof: int) -> float:
    """Rise of -2 ln L that bounds a region of confidence `cl`: the quantile of chi2 (Wilks).

    Args:
        cl: confidence level.
        dof: number of parameters in question.

    Raises:
        InputError: if `cl` is not between 0 and 1, or there is no parameter.

    Examples:
        >>> round(levels(0.9, 1), 4), round(levels(0.9, 2), 4)
        (2.7055, 4.6052)
    """
    from scipy.special import chdtri

    if dof < 1:
        raise InputError(f"a confidence region has at least one parameter, not {dof}")
    return float(chdtri(dof, 1.0 - check_level(cl)))


@dataclass(frozen=True, eq=False)
class ProfileScan(Result):
    """A profile scan.

    Args:
        grid: where.
        twice_nll: conditional minimum of -2 ln L, ``(size,)``.
        theta: conditional best fits, ``(size, n_par)``.
        status: of the fits, index into `cevns.inference.minimum.batch.STATUS`, ``(size,)``.
        unsure: points at which a fit that did not converge has come lower, ``(size,)``.
        best_by_slice: free minimum of each slice of the grid; one where nothing is structural.
        effort: what it took.
        data: what was fitted; None for the data of the models.
        computed: which points were fitted, ``(size,)``; the others are interpolated
            (`cevns.inference.scan.refine`). None for all.
        allowed: of each slice what is allowed there, where a level was asked for.
    """

    grid: Grid
    twice_nll: Array
    theta: Array
    status: IntArray
    unsure: BoolArray
    best_by_slice: tuple[Best, ...]
    effort: Effort
    data: Data | None = field(default=None, repr=False)
    computed: BoolArray | None = field(default=None, repr=False)
    allowed: tuple[ConfidenceSet, ...] | None = field(default=None, repr=False)

    @property
    def best(self) -> Best:
        """The deepest minimum of all."""
        return min(self.best_by_slice, key=lambda b: b.twice_nll)

    @cached_property
    def rise(self) -> Array:
        """-2 ln L above the minimum, ``(size,)``: of its own slice in a raster scan."""
        out = np.full(self.grid.size, np.inf)
        # of a scan that goes on, the slices so far
        for (_, points), best in zip(self.grid.slices(), self.best_by_slice, strict=False):
            out[points] = self.twice_nll[points] - best.twice_nll
        rise: Array = np.maximum(out, 0.0)
        return rise

    @property
    def map(self) -> Array:
        """`rise` with the shape of the grid."""
        return self.rise.reshape(self.grid.shape)

    def rise_at(self, *point: float) -> float:
        """The rise at a point between those of the grid, by a conditional fit.

        Started from the nuisances of the nearest points around it; infinite if none converges.

        Args:
            point: a value for each axis; those of structural axes must be on the grid.

        Raises:
            InputError: if the point has no slice in the grid, or the wrong number of values.
        """
        grid = self.grid
        if len(point) != len(grid.axes):
            raise InputError(f"a point of this scan has {len(grid.axes)} values, not {len(point)}")
        near = []
        for value, axis in zip(point, grid.axes, strict=True):
            after = min(int(np.searchsorted(axis.values, value)), len(axis) - 1)
            if axis.structural and axis.values[after] != value:
                raise InputError(f"{value:g} is not a value of the structural axis {axis.name!r}")
            near.append({after} if axis.structural else {max(after - 1, 0), after})
        around = np.array([np.ravel_multi_index(at, grid.shape) for at in product(*near)])
        axes = [replace(a, values=np.array([v])) for v, a in zip(point, grid.axes, strict=True)]
        one = Grid(grid.family, tuple(axes))
        ((structure, alone),) = one.slices()
        best = next(b for b in self.best_by_slice if b.structure == structure)
        start = self.theta[around][np.isfinite(self.twice_nll[around])]
        found = Slice(one, structure, alone, self.data).fit(np.repeat(alone, len(start)), start)
        return max(float(found.valid_nll.min(initial=np.inf)) - best.twice_nll, 0.0)

    def allowed_in(self, number: int, level: float) -> ConfidenceSet:
        """Where one parameter of a slice may lie; further fits find the ends of the pieces.

        Args:
            number: of the slice.
            level: largest rise that is allowed.
        """
        grid, (structure, points) = self.grid, self.grid.slices()[number]
        best = self.best_by_slice[number]
        (axis,) = (a for a in grid.axes if not a.structural)

        def rise(value: float) -> float:
            return self.rise_at(*(structure.get(a.name, value) for a in grid.axes))

        minima = best.minima[:, grid.family.parameters.position(axis.name)]
        return confidence_set(
            axis.values, self.rise[points], level, rise=rise, extra=tuple(minima.tolist())
        )

    def best_fit(self) -> FitResult:
        """The best fit with errors and quality, by iminuit.

        Raises:
            FitError: if iminuit does not converge there.
        """
        model = self.grid.family.model(self.best.structure)
        return fit(model, data=self.data, start=self.best.theta, minos="none")

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, ready for JSON."""
        names = self.grid.family.parameters.names
        best = self.best
        return {
            "parameters": [a.name for a in self.grid.axes],
            "values": [a.values.tolist() for a in self.grid.axes],
            "raster": list(self.grid.raster),
            "delta_twice_nll": [v if math.isfinite(v) else None for v in self.rise.tolist()],
            "best_fit": {
                **dict(best.structure),
                **dict(zip(names, best.theta.tolist(), strict=True)),
            },
            "twice_nll": best.twice_nll,
            "fits": self.effort.fits,
            "failed": self.effort.failed,
        }


def profile_scan(
    grid: Grid,
    *,
    data: Data | None = None,
    explore: bool = True,
    level: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProfileScan:
    """Profile -2 ln L over a grid.

    Args:
        grid: models and points.
        data: counts and auxiliary measurements (`cevns.inference.asimov` for the sensitivity);
            those of each model by default.
        explore: look for further minima of the nuisances.
        level: rise up to which the one parameter of each slice is allowed; the ends are fitted.
        progress: told points done, and of how many, after each slice.

    Returns:
        The scan. Points without a converged fit have status ``failed``.

    Raises:
        InputError: if a scanned parameter is fixed in the model, or the counts are impossible.
        FitError: if no fit of a slice converges.
    """
    size, n_par = grid.size, len(grid.family.parameters)
    twice_nll, theta = np.full(size, np.inf), np.empty((size, n_par))
    status, unsure = np.full(size, FAILED), np.zeros(size, dtype=bool)
    bests, effort, allowed = [], Effort(), []
    for number, (structure, points) in enumerate(grid.slices()):
        work = Slice(grid, structure, points, data)
        found, best, took = work.run(explore=explore)
        twice_nll[points], theta[points] = found.twice_nll, found.theta
        status[points], unsure[points] = found.status, work.unsure(found)
        bests.append(best)
        effort += took
        if level is not None:  # now, while the model of the slice is there
            so_far = ProfileScan(grid, twice_nll, theta, status, unsure, tuple(bests), effort, data)
            allowed.append(so_far.allowed_in(number, level))
        if progress is not None:
            progress((number + 1) * len(points), size)
    sets = None if level is None else tuple(allowed)
    return ProfileScan(
        grid, twice_nll, theta, status, unsure, tuple(bests), effort, data, allowed=sets
    )
