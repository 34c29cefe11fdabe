"""Arrival times in bins: tau_b(t0), the integral over time bin b of eps(t) p(t; t0) dt.

Generic in the density p, a function of time and pulse position t0 (both us, broadcasting), so
that any source fits. `TimeTable` holds tau_b(t0) as a spline: no special function at fit time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.panel_quadrature import (
    ORDER,
    check_edges,
    gauss_legendre,
    smooth_cuts,
)
from cevns.detectors.framework.splines import UniformSpline, tabulate
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["TimeTable", "time_bins"]

TimeDensity: TypeAlias = Callable[[Array, Array], Array]
_AT_ONCE = 1 << 21
"""Values of a density that are in memory at the same time."""


class _Integrals:
    """tau_b(t0) on panels on which eps(t) p(t; t0) is a polynomial for all sampled t0."""

    def __init__(
        self,
        pdf: TimeDensity,
        edges: Array,
        efficiency: Efficiency,
        samples_us: Array,
        kinks: Iterable[float],
    ) -> None:
        def integrand(t: Array) -> Array:
            return efficiency(t) * pdf(t, samples_us[:, None])

        cuts = smooth_cuts(
            integrand, edges, [*efficiency.kinks, *kinks], order=ORDER, tolerance=1e-10
        )
        nodes, weights = gauss_legendre(ORDER)
        width = np.diff(cuts)[:, None]
        self._pdf = pdf
        self._times = (cuts[:-1, None] + width * nodes).ravel()
        self._weights = (width * weights).ravel() * efficiency(self._times)
        self._starts = np.searchsorted(cuts, edges[:-1]) * ORDER

    def __call__(self, t0_us: Array) -> Array:
        """Shape ``(n,)`` gives ``(n, n_bins)``."""
        parts = np.array_split(t0_us, 1 + t0_us.size * self._times.size // _AT_ONCE)
        integrands = (self._pdf(self._times, t0[:, None]) * self._weights for t0 in parts)
        return np.concatenate([np.add.reduceat(f, self._starts, axis=-1) for f in integrands])


def time_bins(
    pdf: TimeDensity,
    edges: ArrayLike,
    t0_us: ArrayLike,
    efficiency: Efficiency | None = None,
    *,
    kinks: Iterable[float] = (),
) -> Array:
    """tau_b(t0) by direct quadrature: the exact path.

    Args:
        pdf: density of arrival times, 1/us, as a function of (t, t0) in us, broadcasting.
        edges: time-bin edges, us.
        t0_us: pulse positions, shape ``(n,)``.
        efficiency: as a function of time, by default 1.
        kinks: times where the density or its slope jumps, if it does (histograms).

    Returns:
        Shape ``(n, n_bins)``.

    Raises:
        InputError: if the edges do not increase or a position is not finite.

    Examples:
        >>> def decay(t, t0):
        ...     return np.where(t > t0, np.exp(-(t - t0)), 0.0)
        >>> time_bins(decay, [0.0, 1.0, 2.0], [0.0], kinks=[0.0]).round(6).tolist()
        [[0.632121, 0.232544]]
    """
    edges = check_edges(edges, "time bins")
    t0 = np.atleast_1d(np.asarray(t0_us, dtype=float))
    if not np.isfinite(t0).all():
        raise InputError("time bins: the pulse positions must be finite, in us")
    return _Integrals(pdf, edges, efficiency or Unity(), t0, kinks)(t0)


@dataclass(frozen=True)
class TimeTable:
    """tau_b(t0) as a cubic spline on a uniform grid of pulse positions.

    Args:
        edges: time-bin edges, us.
        spline: of the bin contents; build with `build`.

    Examples:
        >>> def gauss(t, t0):
        ...     return np.exp(-((t - t0) ** 2) / 0.045) / np.sqrt(0.045 * np.pi)
        >>> table = TimeTable.build(gauss, [0.0, 0.5, 1.0], (0.3, 0.7))
        >>> table.evaluate(0.5).round(4).tolist()
        [0.4996, 0.4996]
    """

    edges: Array
    spline: UniformSpline

    @classmethod
    def build(
        cls,
        pdf: TimeDensity,
        edges: ArrayLike,
        t0_range_us: tuple[float, float],
        efficiency: Efficiency | None = None,
        *,
        tolerance: float = 1e-8,
    ) -> TimeTable:
        """Tabulate over `t0_range_us`, to `tolerance` of each bin's peak over that range.

        Raises:
            InputError: if edges or range are impossible, or the contents are not smooth in t0.
        """
        edges = check_edges(edges, "time bins")
        low, high = t0_range_us
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InputError(f"time bins: the range of t0 is empty: {low:g} to {high:g} us")
        # the panels serve all t0, so they are chosen for a comb of them
        comb = np.linspace(low, high, 17)
        integrals = _Integrals(pdf, edges, efficiency or Unity(), comb, ())
        spline = tabulate(
            integrals, low, high, tolerance=tolerance, intervals=64, what="the arrival time"
        )
        return cls(edges, spline)

    @classmethod
    def constant(cls, edges: ArrayLike, shares: Array) -> TimeTable:
        """The same contents at all pulse positions: an arrival that follows no pulse.

        Examples:
            >>> TimeTable.constant([0.0, 1.0, 2.0], np.array([0.3, 0.7])).evaluate(9.0).tolist()
            [0.3, 0.7]
        """
        edges = check_edges(edges, "time bins")
        knots = np.tile(shares, (6, 1))  # the fewest that a spline has
        return cls(edges, UniformSpline.through(0.0, 0.2, knots))

    @classmethod
    def along(
        cls,
        edges: ArrayLike,
        shares: Callable[[Array], Array],
        covered: tuple[float, float],
        *,
        tolerance: float = 1e-8,
    ) -> TimeTable:
        """Contents that one parameter moves, over a range of it, to `tolerance` of their peak.

        Args:
            edges: of the time bins.
            shares: of the bins, ``(n, n_bins)``, at values of the parameter, ``(n,)``.
            covered: range of the parameter.
            tolerance: of each bin's peak.

        Raises:
            InputError: if the contents are not smooth in the parameter.
        """
        low, high = covered
        what = "the arrival time"
        spline = tabulate(shares, low, high, tolerance=tolerance, intervals=64, what=what)
        return cls(check_edges(edges, "time bins"), spline)

    @property
    def n_bins(self) -> int:
        """Number of time bins."""
        return len(self.edges) - 1

    @property
    def t0_range_us(self) -> tuple[float, float]:
        """Range of the table; beyond it the contents are those of its ends."""
        return self.spline.start, self.spline.stop

    def evaluate(self, t0_us: ArrayLike) -> Array:
        """tau_b at pulse positions of any shape: ``(..., n_bins)``."""
        return self.spline.evaluate(t0_us)

    def evaluate_with_derivative(self, t0_us: ArrayLike) -> tuple[Array, Array]:
        """tau_b and d tau_b/d t0 (1/us), each ``(..., n_bins)``."""
        return self.spline.evaluate_with_derivative(t0_us)
