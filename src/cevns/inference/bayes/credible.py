"""Credible intervals and regions from samples.

An equal-tailed interval cuts the same probability at both ends. A highest-density region holds
the points of highest density, is the smallest one of its probability, and may have several pieces.
It depends on what the density is a density in: a coupling or its logarithm.

The density is a histogram smoothed with a Gaussian. Its width is chosen by cross-validation
between parts of the chain: the widest one whose integrated squared error, estimated on the part
left out, is within one standard error of the smallest. The threshold of a region is a quantile of
the density at the samples themselves, so that the samples inside have the probability asked for
whatever the width (Hyndman, Am. Stat. 50 (1996) 120).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.levels import check_level
from cevns.inference.model.grid import Axis
from cevns.records import Result
from cevns.typing import Array, IntArray

__all__ = [
    "CredibleMap",
    "credible_map",
    "equal_tailed",
    "highest_density",
    "smoothed",
]

_PARTS = 8
"""Parts of a chain in the cross-validation; each much longer than its autocorrelation time."""
_BINS = 800
"""Cells of a one-dimensional density."""
_AT_BOUND = 0.02
"""Distance of the outermost sample from a bound, in units of the range of the samples, below which
the density is taken to reach the bound."""


def equal_tailed(samples: Array, level: float) -> tuple[float, float]:
    """The interval with probability ``(1 - level)/2`` on either side.

    Raises:
        InputError: if `level` is not between 0 and 1.

    Examples:
        >>> equal_tailed(np.arange(101.0), 0.9)
        (5.0, 95.0)
    """
    check_level(level, "credible")
    low, high = np.quantile(samples, [0.5 * (1.0 - level), 0.5 * (1.0 + level)])
    return float(low), float(high)


def smoothed(parts: Array, volume: Array) -> Array:
    """One smooth density from histograms of several parts of a chain.

    Counts and sizes of the cells are smoothed alike, so that a flat density stays flat whatever
    the cells; the borders reflect.

    Args:
        parts: counts, ``(n_parts, *shape)``, one or two axes of cells.
        volume: sizes of the cells, of that shape.

    Returns:
        The density, same shape; with integral one.
    """
    from scipy.ndimage import gaussian_filter

    sizes = parts.reshape(len(parts), -1).sum(axis=1)
    axes = tuple(range(1, parts.ndim))
    column = sizes.reshape(-1, *(1 for _ in axes))
    widths = [
        np.concatenate([[0.0], np.geomspace(0.6, max(0.08 * n, 1.0), 14 if len(axes) == 1 else 8)])
        for n in parts.shape[1:]
    ]
    tried = list(itertools.product(*widths))
    scores = []
    for width in tried:
        size = gaussian_filter(volume, width, mode="reflect")
        smooth = gaussian_filter(parts, (0.0, *width), mode="reflect")
        others = (smooth.sum(axis=0) - smooth) / (sizes.sum() - column) / size
        scores.append(np.sum(others**2 * volume - 2.0 * others * parts / column, axis=axes))
    table = np.array(scores)
    above = table - table[np.argmin(table.mean(axis=1))]
    error = above.std(axis=1, ddof=1) / math.sqrt(len(parts))
    acceptable = above.mean(axis=1) <= error
    extent = [math.prod(max(w, 0.5) for w in width) for width in tried]
    best = tried[max(np.flatnonzero(acceptable), key=lambda k: extent[k])]
    density: Array = gaussian_filter(parts.sum(axis=0), best, mode="reflect")
    density /= gaussian_filter(volume, best, mode="reflect")
    density /= np.sum(density * volume)
    return density


def _parts(steps: int) -> IntArray:
    """Which part of the chain each step belongs to."""
    return np.asarray(np.arange(steps) * _PARTS // steps, dtype=np.int64)


def highest_density(
    chains: Array, level: float, lower: float = -math.inf, upper: float = math.inf
) -> tuple[tuple[float, float], ...]:
    """Pieces of the highest-density region of one parameter, increasing.

    Args:
        chains: ``(n_steps, n_chains)``, or ``(n,)`` for independent samples.
        level: probability.
        lower: lower bound of the parameter.
        upper: upper bound.

    Raises:
        InputError: if `level` is not between 0 and 1.

    Examples:
        >>> draws = np.random.default_rng(1).normal(size=40_000)
        >>> ((low, high),) = highest_density(draws, 0.9)
        >>> round(low, 1), round(high, 1)
        (-1.6, 1.6)
    """
    check_level(level, "credible")
    chains = chains.reshape(len(chains), -1)
    start, end = float(chains.min()), float(chains.max())
    if start == end:
        return ((start, end),)
    margin = _AT_BOUND * (end - start)
    start = lower if start - lower < margin else start
    end = upper if upper - end < margin else end
    edges = np.linspace(start, end, _BINS + 1)
    part = np.broadcast_to(_parts(len(chains))[:, None], chains.shape)
    counts, _, _ = np.histogram2d(
        part.ravel(), chains.ravel(), bins=(np.arange(_PARTS + 1) - 0.5, edges)
    )
    density = smoothed(counts, np.diff(edges))
    cell = np.clip(np.searchsorted(edges, chains.ravel(), side="right") - 1, 0, _BINS - 1)
    threshold = np.quantile(density[cell], 1.0 - level)
    return _pieces(edges, density, float(threshold))


def _pieces(edges: Array, density: Array, threshold: float) -> tuple[tuple[float, float], ...]:
    """Intervals where a density, linear between the middles of cells, exceeds a threshold."""
    x = np.concatenate([edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]])
    above = np.concatenate([density[:1], density, density[-1:]]) - threshold
    inside = above >= 0
    at = np.flatnonzero(inside[1:] != inside[:-1])
    crossings = x[at] + (x[at + 1] - x[at]) * above[at] / (above[at] - above[at + 1])
    ends = [*([x[0]] if inside[0] else []), *crossings, *([x[-1]] if inside[-1] else [])]
    return tuple((float(a), float(b)) for a, b in zip(ends[::2], ends[1::2], strict=True))


@dataclass(frozen=True, eq=False)
class CredibleMap(Result):
    """Posterior of one or two parameters on the points of a grid.

    Args:
        names: of the axes.
        values: of the axes, each ``(n,)``.
        probability: of the cell around each point, sum one, ``(n,)`` or ``(n, m)``.
        density: probability over the size of the cell; in the logarithm along logarithmic axes.
        credibility: probability of all that is denser than a point, and of half of its own cell:
            the region of highest density of level x is where this is below x. Same shape.
        outside: share of the samples outside the grid, which all these numbers leave out.
    """

    names: tuple[str, ...]
    values: tuple[Array, ...] = field(repr=False)
    probability: Array = field(repr=False)
    density: Array = field(repr=False)
    credibility: Array = field(repr=False)
    outside: float

    def threshold(self, level: float) -> float:
        """The density that bounds the region of highest density of a level.

        Raises:
            InputError: if `level` is not between 0 and 1.
        """
        check_level(level, "credible")
        inside = self.credibility <= level
        low = float(self.density[inside].min()) if inside.any() else float(self.density.max())
        outside = self.density[~inside]
        return low if not outside.size else 0.5 * (low + float(outside.max()))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "axes": {n: v.tolist() for n, v in zip(self.names, self.values, strict=True)},
            "probability": self.probability.tolist(),
            "credibility": self.credibility.tolist(),
            "outside": self.outside,
        }


def _edges(axis: Axis) -> Array:
    """Borders of the cells around the values of an axis, in the logarithm if it is so."""
    ends = np.array([axis.parameter.lower, axis.parameter.upper])
    x = np.log(axis.values) if axis.log else axis.values
    if axis.log:
        ends = np.log(np.maximum(ends, 1e-300))
    if len(x) < 2:
        raise InputError(f"a credible region needs two values of {axis.name!r} or more")
    middle = 0.5 * (x[1:] + x[:-1])
    first, last = 1.5 * x[0] - 0.5 * x[1], 1.5 * x[-1] - 0.5 * x[-2]
    result: Array = np.clip(np.concatenate([[first], middle, [last]]), ends[0], ends[1])
    return result


def credible_map(chains: Array, axes: tuple[Axis, ...]) -> CredibleMap:
    """The posterior on a grid.

    Args:
        chains: samples of the parameters of the axes, ``(n_steps, n_chains, n_axes)``.
        axes: one or two.

    Raises:
        InputError: if an axis has one value only, or no sample lies on the grid.
    """
    edges = [_edges(a) for a in axes]
    shape = tuple(len(a) for a in axes)
    samples = chains.reshape(-1, len(axes))
    x = np.stack([np.log(s) if a.log else s for s, a in zip(samples.T, axes, strict=True)])
    # cells are half open, the last one closed: nothing at a bound is lost
    cells = np.stack(
        [np.searchsorted(e, v, side="right") - 1 for e, v in zip(edges, x, strict=True)]
    )
    for k, e in enumerate(edges):
        cells[k, x[k] == e[-1]] = len(e) - 2
    on_grid = np.all((cells >= 0) & (cells < np.array(shape)[:, None]), axis=0)
    if not on_grid.any():
        raise InputError(
            f"no sample lies on the grid of {' and '.join(a.name for a in axes)}; widen it"
        )
    part = np.repeat(_parts(len(chains)), chains.shape[1])[on_grid]
    cell = np.ravel_multi_index(tuple(cells[:, on_grid]), shape)
    size = math.prod(shape)
    counts_of_parts = np.bincount(part * size + cell, minlength=_PARTS * size)
    counts = counts_of_parts.reshape(_PARTS, *shape).astype(float)
    volume = np.diff(edges[0])
    for e in edges[1:]:
        volume = np.multiply.outer(volume, np.diff(e))
    density = smoothed(counts[counts.reshape(_PARTS, -1).any(axis=1)], volume)
    at_samples = np.sort(density.ravel()[cell])
    below = sum(np.searchsorted(at_samples, density.ravel(), side=s) for s in ("left", "right"))
    return CredibleMap(
        names=tuple(a.name for a in axes),
        values=tuple(a.values for a in axes),
        probability=density * volume,
        density=density,
        credibility=1.0 - 0.5 * np.reshape(below / len(cell), shape),
        outside=float(1.0 - on_grid.mean()),
    )
