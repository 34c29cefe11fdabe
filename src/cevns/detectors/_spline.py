"""C2 cubic splines of vector-valued functions on a uniform grid, looked up by index arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike, Namespace

_ONE_SIDED = np.array([-137 / 60, 5.0, -5.0, 10 / 3, -5 / 4, 1 / 5])  # f', six points, O(h^5)
MAX_INTERVALS = 1 << 15


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

    def _locate(self, x: ArrayLike, xp: Namespace) -> tuple[Array, Array]:
        u = (xp.asarray(x) - self.start) * (1.0 / self.step)
        last = len(self.coefficients) - 1
        # beyond the ends: u sticks to 0 or to the last knot
        u = xp.minimum(xp.maximum(u, 0.0), last + 1.0)
        i = xp.minimum(u, float(last)).astype(int)
        # "clip", so that a NaN stays a NaN and is no index error
        return xp.take(xp.asarray(self.coefficients), i, axis=0, mode="clip"), (u - i)[..., None]

    def evaluate(self, x: ArrayLike, xp: Namespace = np) -> Array:
        """Values at `x` (any shape): ``(..., n_columns)``."""
        c, u = self._locate(x, xp)
        result: Array = ((c[..., 3, :] * u + c[..., 2, :]) * u + c[..., 1, :]) * u + c[..., 0, :]
        return result

    def evaluate_with_derivative(self, x: ArrayLike, xp: Namespace = np) -> tuple[Array, Array]:
        """Values and derivatives at `x`, each ``(..., n_columns)``."""
        c, u = self._locate(x, xp)
        c0, c1, c2, c3 = (c[..., k, :] for k in range(4))
        value = ((c3 * u + c2) * u + c1) * u + c0
        slope = ((3.0 * c3 * u + 2.0 * c2) * u + c1) * (1.0 / self.step)
        return value, slope


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
        if 2 * n > MAX_INTERVALS:
            raise InputError(
                f"{what} is not smooth enough for a spline of accuracy {tolerance:g} on "
                f"[{start:g}, {stop:g}]; widen the resolution or the tolerance"
            )
        finer = np.linspace(start, stop, 2 * n + 1)
        both = np.empty((2 * n + 1, values.shape[1]))
        both[::2] = values
        both[1::2] = function(finer[1::2])
        x, values = finer, both
