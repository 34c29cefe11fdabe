"""C2 cubic splines of vector-valued functions on a uniform grid, looked up by index arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike, IntArray

__all__ = ["PlaneSpline", "UniformSpline", "tabulate"]

_ONE_SIDED = np.array([-137 / 60, 5.0, -5.0, 10 / 3, -5 / 4, 1 / 5])  # f', six points, O(h^5)
MAX_INTERVALS = 1 << 15
_PROBED, _NEAR = 512, 64
"""Intervals from which it is asked whether the finest step would do at all, and how many of its
steps to either side of the roughest place show that."""


@dataclass(frozen=True)
class UniformSpline:
    """Cubic spline with knots ``start + i step``; constant beyond its ends.

    Args:
        start: first knot.
        step: distance of knots.
        coefficients: ``(n_intervals, 4, n_columns)``; inside interval i, with
            u = (x - start)/step - i, the value is c0 + c1 u + c2 u^2 + c3 u^3. One interval is
            one contiguous block, so that a look-up is a single gather.
    """

    start: float
    step: float
    coefficients: Array

    @property
    def stop(self) -> float:
        """Last knot."""
        return self.start + self.step * len(self.coefficients)

    @classmethod
    def through(cls, start: float, step: float, values: ArrayLike) -> UniformSpline:
        """The C2 spline through `values`, shape ``(n_knots, n_columns)``, n_knots >= 6.

        The slopes m solve m_(i-1) + 4 m_i + m_(i+1) = 3 (y_(i+1) - y_(i-1)) (in units of the
        step); the two end slopes come from six-point differences, so the error stays O(h^4) up
        to the ends.
        """
        y = np.asarray(values, dtype=float)
        n = len(y)
        slopes = np.empty_like(y)
        slopes[0] = _ONE_SIDED @ y[:6]
        slopes[-1] = -(_ONE_SIDED @ y[-1:-7:-1])
        slopes[1:-1] = 3.0 * (y[2:] - y[:-2])
        slopes[1] -= slopes[0]
        slopes[-2] -= slopes[-1]
        # Thomas algorithm: the factors are numbers, the right-hand sides rows
        factor = 0.25
        factors = [factor]
        slopes[1] *= factor
        for i in range(2, n - 1):
            factor = 1.0 / (4.0 - factor)
            factors.append(factor)
            slopes[i] = (slopes[i] - slopes[i - 1]) * factor
        for i in range(n - 3, 0, -1):
            slopes[i] -= factors[i - 1] * slopes[i + 1]
        rise, left, right = y[1:] - y[:-1], slopes[:-1], slopes[1:]
        blocks = np.stack(
            [y[:-1], left, 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise], axis=1
        )
        return cls(start, step, blocks)

    def _locate(self, x: ArrayLike) -> tuple[Array, Array]:
        u = (np.asarray(x) - self.start) * (1.0 / self.step)
        last = len(self.coefficients) - 1
        # beyond the ends: u sticks to 0 or to the last knot
        u = np.minimum(np.maximum(u, 0.0), last + 1.0)
        i = np.minimum(u, float(last)).astype(int)
        # "clip", so that a NaN stays a NaN and is no index error
        return np.take(self.coefficients, i, axis=0, mode="clip"), (u - i)[..., None]

    def evaluate(self, x: ArrayLike) -> Array:
        """Values at `x` (any shape): ``(..., n_columns)``."""
        c, u = self._locate(x)
        return ((c[..., 3, :] * u + c[..., 2, :]) * u + c[..., 1, :]) * u + c[..., 0, :]

    def evaluate_with_derivative(self, x: ArrayLike) -> tuple[Array, Array]:
        """Values and derivatives at `x`, each ``(..., n_columns)``."""
        c, u = self._locate(x)
        c0, c1, c2, c3 = (c[..., k, :] for k in range(4))
        value = ((c3 * u + c2) * u + c1) * u + c0
        slope = ((3.0 * c3 * u + 2.0 * c2) * u + c1) * (1.0 / self.step)
        return value, slope


@dataclass(frozen=True)
class PlaneSpline:
    """Cubic spline in (y, x) of vector-valued functions; constant beyond its ends.

    Args:
        along_y: start and step of the knots in y.
        along_x: start and step of the knots in x.
        n_x: number of intervals in x.
        coefficients: ``(n_y n_x, 4, 4, n_columns)``, powers of y, then of x; one cell is one
            contiguous block.
    """

    along_y: tuple[float, float]
    along_x: tuple[float, float]
    n_x: int
    coefficients: Array

    @classmethod
    def through(
        cls, along_y: tuple[float, float], along_x: tuple[float, float], values: Array
    ) -> PlaneSpline:
        """The spline through values ``(n_y, n_x, n_columns)``.

        Args:
            along_y: start and step of the knots in y, six or more.
            along_x: start and step of the knots in x, six or more.
            values: at the knots.
        """
        n_y, n_x, columns = values.shape
        rows = UniformSpline.through(*along_x, values.swapaxes(0, 1).reshape(n_x, -1)).coefficients
        # (n_x, 4, n_y, columns) -> (n_y, n_x, 4, columns)
        rows = rows.reshape(n_x - 1, 4, n_y, columns).transpose(2, 0, 1, 3)
        cells = UniformSpline.through(*along_y, rows.reshape(n_y, -1)).coefficients
        # (n_y, 4, n_x, 4, columns) -> (n_y, n_x, 4, 4, columns)
        cells = cells.reshape(n_y - 1, 4, n_x - 1, 4, columns).swapaxes(1, 2)
        cells = np.ascontiguousarray(cells).reshape(-1, 4, 4, columns)
        return cls(along_y, along_x, n_x - 1, cells)

    def evaluate(self, y: ArrayLike, x: ArrayLike) -> Array:
        """Values alone, ``(..., n, n_columns)``; quick where many points share a y.

        Args:
            y: shape ``(...)``.
            x: shape ``(..., n)``.
        """
        heights, at = np.asarray(y), np.asarray(x)
        n_y = len(self.coefficients) // self.n_x
        j, v, _ = _cell(at, self.along_x, self.n_x)
        v = v[..., None]
        distinct, which = np.unique(heights, return_inverse=True)
        i, u, _ = _cell(distinct, self.along_y, n_y)
        if 2 * distinct.size > heights.size:
            i, u = i[which].reshape(heights.shape), u[which].reshape(heights.shape)
            c = np.take(self.coefficients, i[..., None] * self.n_x + j, axis=0)
            return _horner(_in_y(c, u[..., None, None, None]), v)
        out = np.empty((*at.shape, self.coefficients.shape[-1]))
        cells = self.coefficients.reshape(n_y, self.n_x, *self.coefficients.shape[1:])
        for k in range(distinct.size):  # a spline in x at each y
            rows, same = _in_y(cells[i[k]], u[k]), (which == k).reshape(heights.shape)
            out[same] = _horner(np.take(rows, j[same], axis=0), v[same])
        return out

    def evaluate_with_derivatives(self, y: ArrayLike, x: ArrayLike) -> tuple[Array, Array, Array]:
        """Value and derivatives by y and by x.

        Args:
            y: shape ``(...)``.
            x: shape ``(..., n)``.

        Returns:
            Three arrays ``(..., n, n_columns)``.
        """
        n_y = len(self.coefficients) // self.n_x
        i, u, free = _cell(np.asarray(y), self.along_y, n_y)
        j, v, _ = _cell(np.asarray(x), self.along_x, self.n_x)
        c = np.take(self.coefficients, i[..., None] * self.n_x + j, axis=0)
        u, v = u[..., None, None, None], v[..., None]
        c0, c1, c2, c3 = (c[..., k, :, :] for k in range(4))
        rows = ((c3 * u + c2) * u + c1) * u + c0
        slopes = ((3.0 * c3 * u + 2.0 * c2) * u + c1) * (free / self.along_y[1])[
            ..., None, None, None
        ]
        value = _horner(rows, v)
        by_x = (
            (3.0 * rows[..., 3, :] * v + 2.0 * rows[..., 2, :]) * v + rows[..., 1, :]
        ) / self.along_x[1]
        return value, _horner(slopes, v), by_x


def _cell(x: Array, knots: tuple[float, float], n: int) -> tuple[IntArray, Array, Array]:
    """Interval, position in it, and 1 inside the table, 0 beyond its ends."""
    raw = (x - knots[0]) * (1.0 / knots[1])
    u = np.minimum(np.maximum(raw, 0.0), float(n))
    i = np.minimum(u, n - 1.0).astype(np.int64)
    return i, u - i, np.where(raw == u, 1.0, 0.0)


def _in_y(c: Array, u: Array) -> Array:
    """Coefficients in x of cells ``(..., 4, 4, n_columns)`` at a position in y."""
    c0, c1, c2, c3 = (c[..., k, :, :] for k in range(4))
    result: Array = ((c3 * u + c2) * u + c1) * u + c0
    return result


def _horner(c: Array, v: Array) -> Array:
    return ((c[..., 3, :] * v + c[..., 2, :]) * v + c[..., 1, :]) * v + c[..., 0, :]


def tabulate(
    function: Callable[[Array], Array],
    start: float,
    stop: float,
    *,
    tolerance: float,
    intervals: int,
    what: str,
) -> UniformSpline:
    """Spline of `function`, refined until it is good to `tolerance` of each column's peak.

    A column that stays a million times below the largest one is held to `tolerance` of a
    millionth of that: nothing can be relative to the peak of a bin that is never filled.

    The spline through every other knot is compared with the knots in between. Halving the step
    divides the error of a cubic spline by 16, so the full grid is accepted as soon as the
    coarse one is within 8 tolerances (a factor 2 of caution).

    Raises:
        InputError: if `MAX_INTERVALS` do not suffice: the function is not smooth.
    """
    x = np.linspace(start, stop, intervals + 1)
    values = function(x)
    while True:
        n = len(x) - 1
        coarse = UniformSpline.through(start, 2.0 * (x[1] - x[0]), values[::2])
        peak = np.abs(values).max(axis=0)
        peak = np.maximum(peak, 1e-6 * peak.max())
        error = np.abs(coarse.evaluate(x[1::2]) - values[1::2]).max(axis=0)
        if np.all(error <= 8.0 * tolerance * peak):
            return UniformSpline.through(start, x[1] - x[0], values)
        hopeless = 2 * n > MAX_INTERVALS
        if n < _PROBED <= 2 * n:  # the finest step where the function is roughest, before all
            scale = 8.0 * tolerance * peak
            off = np.abs(coarse.evaluate(x[1::2]) - values[1::2]) / scale
            middle = x[2 * int(off.max(axis=1).argmax()) + 1]
            step = (stop - start) / MAX_INTERVALS
            near = middle + step * np.arange(-_NEAR, _NEAR + 1)
            near += max(0.0, start - near[0]) - max(0.0, near[-1] - stop)
            there = function(near)
            spline = UniformSpline.through(near[0], 2.0 * step, there[::2])
            off = np.abs(spline.evaluate(near[1::2]) - there[1::2]) / scale
            hopeless = bool((off > 2.0).any())
        if hopeless:
            raise InputError(
                f"{what} is not smooth enough to be tabulated; declare a broader resolution or "
                "pulse"
            )
        finer = np.linspace(start, stop, 2 * n + 1)
        both = np.empty((2 * n + 1, values.shape[1]))
        both[::2] = values
        both[1::2] = function(finer[1::2])
        x, values = finer, both
