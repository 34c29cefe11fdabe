"""The slope of a steady-state background in time, from events outside the beam window.

An analysis that keeps the first pulse in its window loses events at later times at a constant
rate, so that even a steady background falls exponentially.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["Slope", "fit_exponential"]


@dataclass(frozen=True)
class Slope:
    """A fitted exponential ``exp(-rate t)``.

    Args:
        rate: 1/us; negative if the counts rise.
        error: from the curvature of the likelihood.
        events: in the fitted range.
    """

    rate: float
    error: float
    events: float


def fit_exponential(
    edges: ArrayLike, counts: ArrayLike, start: float | None = None, end: float | None = None
) -> Slope:
    """Maximum-likelihood slope of binned times: multinomial, bins integrated.

    The probability of bin i given an event in the range is
    ``p_i = int_i exp(-r t) dt / int exp(-r t) dt``; ``ln L = sum n_i ln p_i`` is concave in r, its
    derivative is (mean time under the model) minus (mean time of the counts, each at the model's
    mean inside its bin).

    Args:
        edges: of the time bins, us, shape (n + 1,).
        counts: shape (n,).
        start: of the range; by default the first edge.
        end: of the range; by default the last edge.

    Raises:
        InputError: if the range cuts a bin or leaves fewer than two, or all counts lie in the
            first or in the last bin, where no finite slope is best.

    Examples:
        >>> slope = fit_exponential([0.0, 1.0, 2.0], [200.0, 100.0])  # halves within 1 us
        >>> round(slope.rate, 4), round(slope.error, 2)
        (0.6931, 0.12)
    """
    edges, counts = np.asarray(edges, dtype=float), np.asarray(counts, dtype=float)
    low = edges[0] if start is None else start
    high = edges[-1] if end is None else end
    ends = np.abs(edges - low).argmin(), np.abs(edges - high).argmin()
    first, last = int(ends[0]), int(ends[1])
    off = max(abs(edges[first] - low), abs(edges[last] - high))
    if off > 1e-9 or last - first < 2:
        raise InputError(
            f"a slope cannot be fitted from {low:g} to {high:g} us: choose at least two of the "
            f"bins of the table, which has edges from {edges[0]:g} to {edges[-1]:g} us"
        )
    t, n = edges[first : last + 1] - low, counts[first:last]
    if not (n[1:].sum() > 0 and n[:-1].sum() > 0):
        raise InputError(
            f"a slope cannot be fitted from {low:g} to {high:g} us: all events are in "
            "the first or in the last bin"
        )

    def derivatives(rate: float) -> tuple[float, float]:
        """First and second derivative of ln L."""
        mean, variance = _moments(rate, t)
        whole_mean, whole_variance = _moments(rate, t[[0, -1]])
        total = float(n.sum())
        return (
            total * float(whole_mean[0]) - float(n @ mean),
            float(n @ variance) - total * float(whole_variance[0]),
        )

    rate, reach = 0.0, 5.0 / float(t[-1])
    for _ in range(100):
        slope, curvature = derivatives(rate)
        # the information of a few events far from the maximum may vanish: bound the step
        step = float(np.clip(-slope / curvature, -reach, reach))
        rate += step
        if abs(step) < 1e-12 * reach:
            break
    return Slope(rate, 1.0 / math.sqrt(-derivatives(rate)[1]), float(n.sum()))


def _moments(rate: float, edges: Array) -> tuple[Array, Array]:
    """Mean and variance of t inside each bin under ``exp(-rate t)``."""
    width = np.diff(edges)
    x = rate * width
    small = np.abs(x) < 1e-3
    y = np.where(small, 1.0, x)
    # of u = t/width on [0, 1]: 1/x - 1/(e^x - 1) and 1/x^2 - 1/(4 sinh^2(x/2)), else their series
    mean = np.where(small, 0.5 - x / 12.0, 1.0 / y - 1.0 / np.expm1(y))
    variance = np.where(small, 1.0 / 12.0 - x**2 / 240.0, 1.0 / y**2 - 0.25 / np.sinh(0.5 * y) ** 2)
    return edges[:-1] + width * mean, width**2 * variance
