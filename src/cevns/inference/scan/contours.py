"""Contours of a scan: lines at a level, what they enclose, and in how many pieces.

Lines come from contourpy (marching squares with linear interpolation; extra ``scan``). Axes that
are equidistant in the logarithm are contoured in the logarithm. The region is where the map is
below the level: allowed by a rise of -2 ln L, its complement is excluded.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from cevns.exceptions import InputError, MissingExtraError
from cevns.inference.model.grid import Axis
from cevns.typing import Array

__all__ = ["Contour", "Curve", "Piece", "contour"]

_HIGH = 1e6
"""Stands for an infinite value, in units of the level: the line then hugs the finite points."""


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
class Contour:
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
