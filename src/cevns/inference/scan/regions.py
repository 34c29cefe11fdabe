"""Regions of a scan: sets of one parameter that may come in pieces, contours of two.

The region is where the statistic is at most its critical value, a constant (Wilks) or a curve or
map (Feldman-Cousins); its complement is excluded.

Edges along one axis are bracketed on a grid and then polished: by the straight line between the
square roots of neighbours, which for a parabola is exact, or by calls back to the model. Lines
over two axes come from contourpy (marching squares with linear interpolation; extra ``scan``);
axes that are equidistant in the logarithm are contoured in the logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from cevns.exceptions import InputError, MissingExtraError
from cevns.inference.fitting.levels import bracketed_root
from cevns.inference.model.grid import Axis
from cevns.records import Result
from cevns.typing import Array

__all__ = ["ConfidenceSet", "Contour", "Curve", "Piece", "Segment", "confidence_set", "contour"]

_PRECISION = 2.5e-5
"""Step of a polished edge at which it is left, in units of the width of its piece: it is then known
to 1e-4 of that."""
_HIGH = 1e6
"""Stands for an infinite value, in units of the level: the line then hugs the finite points."""


# -- along one axis ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """One connected piece of a confidence set.

    Args:
        lower: lower edge.
        upper: upper edge.
        lower_open: the set goes on below the scanned range.
        upper_open: it goes on above.
    """

    lower: float
    upper: float
    lower_open: bool = False
    upper_open: bool = False


@dataclass(frozen=True)
class ConfidenceSet:
    """A set of values that may be empty or disjoint.

    Args:
        pieces: from the lowest.
    """

    pieces: tuple[Segment, ...]

    @property
    def intervals(self) -> list[list[float]]:
        """``[[lower, upper], ...]``."""
        return [[p.lower, p.upper] for p in self.pieces]


def confidence_set(
    values: Array,
    statistic: Array,
    critical: float | Array,
    *,
    rise: Callable[[float], float] | None = None,
    extra: tuple[float, ...] = (),
) -> ConfidenceSet:
    """Where a statistic is at most its critical value.

    Args:
        values: scanned values, increasing, ``(n,)``.
        statistic: rise of -2 ln L there, not negative; infinite where excluded for sure.
        critical: critical value, or one for each value; between them a straight line.
        rise: the statistic at any value; polishes the edges to 1e-4 of the width of their piece.
        extra: values of minima known from elsewhere; with `rise` they are added to the scan, so
            that a piece narrower than its steps is not lost.

    Raises:
        InputError: if lengths differ or values do not increase.

    Examples:
        >>> x = np.linspace(-3, 3, 61)
        >>> confidence_set(x, (x**2 - 1) ** 2 * 9, 1.0).intervals
        [[-1.154, -0.816], [0.816, 1.154]]
    """
    values, statistic = np.asarray(values, dtype=float), np.asarray(statistic, dtype=float)
    limit = np.broadcast_to(np.asarray(critical, dtype=float), values.shape)
    if values.ndim != 1 or values.shape != statistic.shape or not values.size:
        raise InputError(
            "a confidence set needs one statistic for each value; there are "
            f"{statistic.size} for {values.size} values"
        )
    if np.any(np.diff(values) <= 0):
        raise InputError("a confidence set needs increasing values")

    def allowed(x: float) -> float:
        return float(np.interp(x, values, limit))

    x, q = values, np.where(np.isnan(statistic), np.inf, statistic)
    if rise is not None:
        new = np.array([v for v in extra if values[0] < v < values[-1] and v not in values])
        x = np.concatenate([values, new])
        q = np.concatenate([q, [rise(float(v)) for v in new]])
        order = np.argsort(x)
        x, q = x[order], q[order]
    inside = q <= np.interp(x, values, limit)
    starts = np.flatnonzero(inside & ~np.append(False, inside[:-1]))
    ends = np.flatnonzero(inside & ~np.append(inside[1:], False))
    pieces = []
    for i, j in zip(starts.tolist(), ends.tolist(), strict=True):
        low_open, high_open = i == 0, j == len(x) - 1
        low = x[0] if low_open else _crossing(x, q, allowed, i, i - 1)
        high = x[-1] if high_open else _crossing(x, q, allowed, j, j + 1)
        if rise is not None:
            goal = _PRECISION * (high - low)
            if not low_open:
                low = _polish(rise, allowed, x[i], x[i - 1], goal)
            if not high_open:
                high = _polish(rise, allowed, x[j], x[j + 1], goal)
        pieces.append(Segment(float(low), float(high), low_open, high_open))
    return ConfidenceSet(tuple(pieces))


def _crossing(
    x: Array, q: Array, allowed: Callable[[float], float], inner: int, outer: int
) -> float:
    """Where the root of the statistic crosses that of its critical value, on a straight line."""
    a, b = (
        math.sqrt(max(q[k], 0.0)) - math.sqrt(max(allowed(float(x[k])), 0.0))
        for k in (inner, outer)
    )
    if not math.isfinite(b):  # excluded for sure: all that is known is the step
        return float(x[inner])
    part = a / (a - b) if a != b else 0.0
    return float(x[inner] + part * (x[outer] - x[inner]))


def _polish(
    rise: Callable[[float], float],
    allowed: Callable[[float], float],
    inner: float,
    outer: float,
    goal: float,
) -> float:
    """The edge between a value inside and one outside."""

    def root(v: float) -> float:
        found = rise(v)
        if not math.isfinite(found):
            return math.inf
        return math.sqrt(max(found, 0.0)) - math.sqrt(max(allowed(v), 0.0))

    a, b = float(inner), float(outer)
    fa, fb = root(a), root(b)
    if fa > 0 or fb < 0:  # the grid knew it otherwise: within what the fits converge to
        return a
    goal = max(goal, 4e-16 * max(abs(a), abs(b)))
    return bracketed_root(root, (a, fa), (b, fb), goal)


# -- over two axes -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a contour.

    Args:
        x: along the first axis, ``(n,)``, in its unit.
        y: along the second.
        closed: whether it ends where it begins; otherwise the border of the grid cuts it.
    """

    x: Array
    y: Array
    closed: bool


@dataclass(frozen=True, eq=False)
class Piece:
    """One connected part of a region.

    Args:
        box: smallest and largest x, smallest and largest y.
        area: in the units of the axes (of their natural logarithms for a logarithmic axis).
        at_border: whether the border of the grid cuts it.
        outline: its outer line, the border of the grid included, ``(n, 2)``.
        holes: lines of its holes.
    """

    box: tuple[float, float, float, float]
    area: float
    at_border: bool
    outline: Array
    holes: tuple[Array, ...] = ()


@dataclass(frozen=True, eq=False)
class Contour(Result):
    """A contour of a map.

    Args:
        level: value of the map on the line.
        curves: the lines.
        pieces: parts of the region below the level, the largest first.
    """

    level: float
    curves: tuple[Curve, ...]
    pieces: tuple[Piece, ...]

    @property
    def area(self) -> float:
        """Area below the level, inside the grid."""
        return sum(p.area for p in self.pieces)

    @property
    def closed(self) -> bool:
        """Whether the border of the grid cuts no piece."""
        return not any(p.at_border for p in self.pieces)

    def contains(self, x: float, y: float) -> bool:
        """Whether a point is inside the lines: even-odd rule over all outlines and holes."""
        inside = False
        for piece in self.pieces:
            for line in (piece.outline, *piece.holes):
                inside ^= _crossings_odd(line, x, y)
        return inside

    def to_dict(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "level": self.level,
            "area": self.area,
            "curves": [
                {"x": c.x.tolist(), "y": c.y.tolist(), "closed": c.closed} for c in self.curves
            ],
            "pieces": [
                {"box": list(p.box), "area": p.area, "at_border": p.at_border} for p in self.pieces
            ],
        }


def contour(axes: tuple[Axis, Axis], values: Array, level: float | Array) -> Contour:
    """The contour of a map at a level.

    Args:
        axes: of the grid, the first along the rows of `values`.
        values: the map, ``(len(axes[0]), len(axes[1]))``; infinite where excluded for sure.
        level: one level, or a map of critical values of the same shape (Feldman-Cousins): the
            line is then where both are equal.

    Raises:
        InputError: if shapes differ, an axis has one value, or a level is not finite.
        MissingExtraError: if contourpy is not installed.

    Examples:
        >>> from cevns.parameters import Parameter
        >>> x = np.linspace(-2, 2, 81)
        >>> axes = (Axis(Parameter("a", 0.0), x), Axis(Parameter("b", 0.0), x))
        >>> circle = contour(axes, x[:, None] ** 2 + x**2, 1.0)
        >>> len(circle.pieces), round(circle.area / np.pi, 2)
        (1, 1.0)
    """
    shape = tuple(len(a) for a in axes)
    if values.shape != shape or np.shape(level) not in ((), shape):
        raise InputError(
            f"a contour over {axes[0].name!r} and {axes[1].name!r} needs a map of shape {shape}, "
            f"not {values.shape}"
        )
    if min(shape) < 2 or not np.isfinite(level).all():
        raise InputError("a contour needs two values along each axis and a finite level")
    if find_spec("contourpy") is None:
        raise MissingExtraError("contourpy", "scan", "a contour")
    from contourpy import FillType, LineType, contour_generator

    height = np.where(np.isnan(values), np.inf, values) - level
    scale = float(np.max(np.abs(level))) or 1.0
    height = np.clip(height, None, _HIGH * scale)
    x, y = (np.log(a.values) if a.log else a.values for a in axes)
    generator = contour_generator(
        x, y, height.T, line_type=LineType.Separate, fill_type=FillType.OuterOffset
    )
    lines: Any = generator.lines(0.0)
    curves = []
    for line in lines:
        closed = len(line) > 2 and bool(np.all(line[0] == line[-1]))
        a, b = _back(axes, line).T
        curves.append(Curve(a, b, closed))
    filled: Any = generator.filled(-np.inf, 0.0)
    pieces = []
    for points, offsets in zip(*filled, strict=True):
        rings = [points[i:j] for i, j in pairwise(offsets)]
        area = abs(_area(rings[0])) - sum(abs(_area(r)) for r in rings[1:])
        if not area > 0:
            continue
        outer = _back(axes, rings[0])
        (x0, y0), (x1, y1) = rings[0].min(axis=0), rings[0].max(axis=0)
        at_border = bool(x0 <= x[0] or x1 >= x[-1] or y0 <= y[0] or y1 >= y[-1])
        low, high = outer.min(axis=0), outer.max(axis=0)
        box = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
        holes = tuple(_back(axes, r) for r in rings[1:])
        pieces.append(Piece(box, area, at_border, outer, holes))
    pieces.sort(key=lambda p: -p.area)
    typical = float(level) if np.ndim(level) == 0 else float(np.median(level))
    return Contour(typical, tuple(curves), tuple(pieces))


def _back(axes: tuple[Axis, Axis], points: Array) -> Array:
    """Points in the units of the axes."""
    return np.stack(
        [np.exp(points[:, i]) if a.log else points[:, i] for i, a in enumerate(axes)], axis=-1
    )


def _area(ring: Array) -> float:
    """Area of a polygon, with sign (shoelace formula)."""
    x, y = ring.T - ring.mean(axis=0)[:, None]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _crossings_odd(ring: Array, x: float, y: float) -> bool:
    """Whether a ray from the point to the right crosses a polygon an odd number of times."""
    a, b = ring, np.roll(ring, -1, axis=0)
    across = (a[:, 1] > y) != (b[:, 1] > y)
    a, b = a[across], b[across]
    at = a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    return bool(np.sum(at > x) % 2)
