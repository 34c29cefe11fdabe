"""Profile scans that refine themselves along contours.

A coarse grid is scanned first. Then cells that a wanted level crosses, or may cross, are halved,
again and again down to the resolution asked for. The result is a scan on the fine grid in which
only the points near the levels were fitted; the others are filled bilinearly and marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.batch import FAILED, BatchFit
from cevns.inference.model.data import Data
from cevns.inference.model.grid import Axis, Grid
from cevns.inference.scan.profile_scan import ProfileScan, profile_scan
from cevns.inference.scan.scan_slice import Effort, Slice
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["DEPTH", "refined_scan"]

DEPTH = 3
"""Times that cells are halved, by default: a step becomes an eighth."""
_MARGIN = 0.5
"""Part of the difference between the corners of a cell that a level may lie beyond them."""
_NEAR = 0.3
"""And so much more, in units of sqrt(-2 delta ln L): room for a minimum inside a cell."""
_HIGH = 1e12


def refined_scan(
    grid: Grid,
    levels: Sequence[float],
    *,
    depth: int = DEPTH,
    data: Data | None = None,
    explore: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> ProfileScan:
    """Profile -2 ln L over a grid that refines itself where it rises by one of the levels.

    Structural axes stay as they are: each slice of a raster scan is refined along its other axis.

    Args:
        grid: the coarse grid, with two values or more along each axis that is refined.
        levels: rises of -2 ln L whose contours are wanted (`profile_scan.levels`).
        depth: times that cells are halved; the fine axes have ``(n - 1) 2^depth + 1`` values.
        data: see `cevns.inference.scan.profile_scan.profile_scan`.
        explore: likewise.
        progress: likewise, of the coarse grid.

    Returns:
        The scan on the fine grid, with `computed` true where points were fitted.

    Raises:
        InputError: if there is no level, one is not positive, or an axis cannot be refined.
        FitError: if no fit of a slice converges.
    """
    if not levels or not all(0.0 < v < np.inf for v in levels) or depth < 1:
        raise InputError("a refined scan needs positive levels and a depth of at least one")
    for axis in grid.free:
        if len(axis) < 2:
            raise InputError(f"the axis {axis.name!r} has one value; two or more can be refined")
    coarse = profile_scan(grid, data=data, explore=explore, progress=progress)
    fine = Grid(grid.family, tuple(a if a.structural else _finer(a, 2**depth) for a in grid.axes))
    shape = fine.slice_shape
    twice_nll, theta = np.empty(fine.size), np.empty((fine.size, coarse.theta.shape[1]))
    status, computed = np.empty(fine.size, dtype=np.int64), np.empty(fine.size, dtype=bool)
    unsure = np.empty(fine.size, dtype=bool)
    effort = coarse.effort
    slices = zip(grid.slices(), fine.slices(), coarse.best_by_slice, strict=True)
    for (structure, before), (_, points), best in slices:
        work = Slice(fine, structure, points, data)
        found = work.nothing(best.theta)
        at = np.arange(len(points)).reshape(shape)[(slice(None, None, 2**depth),) * len(shape)]
        at = at.ravel()
        found.theta[at], found.twice_nll[at] = coarse.theta[before], coarse.twice_nll[before]
        found.status[at] = coarse.status[before]
        done = np.zeros(len(points), dtype=bool)
        done[at] = True
        for step in (2**k for k in range(depth, 0, -1)):
            rise = found.valid_nll - best.twice_nll
            cells = _crossed(rise, shape, step, levels)
            target, source = _family(cells, shape, step)
            usable = done[source] & ~done[target]
            work.keep_lower(found, target[usable], found.theta[source[usable]])
            done[target[usable]] = True
            _fill(found, done, shape, step)
        twice_nll[points], theta[points] = found.valid_nll, found.theta
        status[points], computed[points] = found.status, done
        mine = work.unsure(found)
        mine[at] |= coarse.unsure[before]
        unsure[points] = mine & done
        effort += Effort(work.fits, 0, 0, int(np.sum(found.status[done] == FAILED)))
    return replace(
        coarse,
        grid=fine,
        twice_nll=twice_nll,
        theta=theta,
        status=status,
        unsure=unsure,
        effort=effort,
        computed=computed,
    )


def _finer(axis: Axis, parts: int) -> Axis:
    """The axis with each step cut into so many, equal ones or (`log`) equal factors."""
    values = np.log(axis.values) if axis.log else axis.values
    at = np.arange((len(axis) - 1) * parts + 1) / parts
    fine = np.interp(at, np.arange(len(axis)), values)
    fine = np.exp(fine) if axis.log else fine
    fine[::parts] = axis.values
    return replace(axis, values=fine)


def _low_corners(shape: tuple[int, ...], step: int) -> IntArray:
    """Indices of the low corner of each cell, ``(n_axes, n_cells)``."""
    mesh = np.meshgrid(*(np.arange(0, n - 1, step) for n in shape), indexing="ij")
    return np.stack([m.ravel() for m in mesh])


def _flat(index: IntArray, shape: tuple[int, ...]) -> IntArray:
    return np.asarray(np.ravel_multi_index(tuple(index), shape), dtype=np.int64)


def _crossed(rise: Array, shape: tuple[int, ...], step: int, levels: Sequence[float]) -> IntArray:
    """Low corners of the cells that one of the levels crosses, or comes near to."""
    root = np.sqrt(np.clip(rise, 0.0, _HIGH))
    cells = _low_corners(shape, step)
    corners = np.stack(
        [
            root[_flat(cells + step * np.array(c)[:, None], shape)]
            for c in product((0, 1), repeat=len(shape))
        ]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = _MARGIN * (high - low) + _NEAR
    wanted = np.sqrt(np.asarray(levels, dtype=float))[:, None]
    near = ((low - margin <= wanted) & (wanted <= high + margin)).any(axis=0)
    result: IntArray = cells[:, near]
    return result


def _children(
    cells: IntArray, shape: tuple[int, ...], step: int
) -> Iterator[tuple[IntArray, list[IntArray]]]:
    """Midpoints of cells and their edges, each with its 2 or 4 parents at the corners."""
    half = step // 2
    offsets = [o for o in product((0, 1, 2), repeat=len(shape)) if 1 in o]
    for offset in offsets:
        parents = product(*((v,) if v != 1 else (0, 2) for v in offset))
        yield (
            _flat(cells + half * np.array(offset)[:, None], shape),
            [_flat(cells + half * np.array(p)[:, None], shape) for p in parents],
        )


def _family(cells: IntArray, shape: tuple[int, ...], step: int) -> tuple[IntArray, IntArray]:
    """Pairs of midpoint and parent of some cells, each once."""
    pairs = [
        np.stack([child, parent])
        for child, parents in _children(cells, shape, step)
        for parent in parents
    ]
    target, source = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return target, source


def _fill(found: BatchFit, done: BoolArray, shape: tuple[int, ...], step: int) -> None:
    """Midpoints that are not fitted become the mean of their parents."""
    for child, parents in _children(_low_corners(shape, step), shape, step):
        left = ~done[child]
        target = child[left]
        above = np.stack([p[left] for p in parents])
        found.twice_nll[target] = found.twice_nll[above].mean(axis=0)
        found.theta[target] = found.theta[above].mean(axis=0)
        found.status[target] = found.status[above].max(axis=0)
