"""Histogrammed fluxes: exact moments in energy, pulse-folded shapes in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["EnergyTable", "TimeTable"]

_FLOOR_MEV = 1e-6  # I_1 and I_2 of a bin that starts at zero diverge; no recoil needs them there
_KINK = 3e-4  # a step in density times bin width below this is smooth to a quadrature


@dataclass(frozen=True, eq=False)
class EnergyTable:
    """A piecewise-constant spectrum, normalised to one neutrino.

    Args:
        edges_mev: bin edges, increasing, shape ``(n + 1,)``.
        density: 1/MeV, shape ``(n,)``.
        above: moments above each edge, shape ``(3, n + 1)``.
    """

    edges_mev: Array
    density: Array
    above: Array

    @classmethod
    def from_counts(cls, edges_mev: Array, counts: Array) -> EnergyTable:
        """The spectrum of a histogram; empty bins at the upper end are dropped."""
        last = int(np.flatnonzero(counts)[-1]) + 1
        edges, counts = edges_mev[: last + 1].copy(), counts[:last]
        edges[0] = max(edges[0], _FLOOR_MEV)
        density = counts / counts.sum() / np.diff(edges)
        per_bin = density * -np.diff(_primitives(edges), axis=1)
        above = np.zeros((3, edges.size))
        above[:, :-1] = np.cumsum(per_bin[:, ::-1], axis=1)[:, ::-1]
        return cls(edges, density, above)

    def spectrum(self, energy_mev: ArrayLike) -> Array:
        """Density at an energy, 1/MeV; zero outside the table."""
        e = np.asarray(energy_mev, dtype=float)
        i = np.searchsorted(self.edges_mev, e, side="right") - 1
        inside = (i >= 0) & (i < self.density.size)
        return np.where(inside, self.density[np.clip(i, 0, self.density.size - 1)], 0.0)

    def moments(self, e_min_mev: ArrayLike) -> Array:
        """I_k above `e_min_mev`, shape ``(3, ...)``: exact for the piecewise-constant density."""
        e = np.clip(np.asarray(e_min_mev, dtype=float), self.edges_mev[0], self.edges_mev[-1])
        i = np.minimum(np.searchsorted(self.edges_mev, e, side="right") - 1, self.density.size - 1)
        part = _primitives(e) - _primitives(self.edges_mev[i + 1])
        result: Array = self.density[i] * part + self.above[:, i + 1]
        return result

    @property
    def kinks(self) -> tuple[float, ...]:
        """Edges with a step in density that a quadrature would notice, and the end point."""
        step = np.abs(np.diff(self.density, prepend=0.0, append=0.0))
        bins = np.diff(self.edges_mev)
        width = np.minimum(np.append(bins, bins[-1]), np.append(bins[0], bins))
        found = self.edges_mev[step * width > _KINK]
        return tuple(sorted({*found.tolist(), float(self.edges_mev[-1])}))


def _primitives(e: Array) -> Array:
    """Minus the primitives of E^-k, so that moments are differences from the bin's upper edge."""
    return np.stack([-e, -np.log(e), 1.0 / e])


@dataclass(frozen=True, eq=False)
class TimeTable:
    """A distribution of arrival times on a uniform grid.

    Args:
        start_us: first grid point.
        step_us: grid spacing.
        cdf: at the grid points; it ends at the fraction that the table covers.
        pdf: at the grid points, 1/us; None for a histogram used as it is (piecewise constant).
    """

    start_us: float
    step_us: float
    cdf: Array
    pdf: Array | None

    @classmethod
    def from_fractions(
        cls, start_us: float, step_us: float, fractions: Array, sigma_us: float | None
    ) -> TimeTable:
        """The times of a histogram of equal bins, folded with a gaussian of mean zero.

        The bins are piecewise constant, so density and distribution function of the fold are
        exact at the grid points (the normal integral and its primitive over each bin); between
        them a cubic Hermite through both leaves (step/sigma)^4/384 at most 1e-6 of the density.
        """
        if sigma_us is None:
            return cls(start_us, step_us, np.append(0.0, np.cumsum(fractions)), None)
        from scipy.special import ndtr

        split = max(1, math.ceil(8.0 * step_us / sigma_us))
        step = step_us / split
        fractions = np.repeat(fractions / split, split)
        reach = math.ceil(9.0 * sigma_us / step)  # Phi(-9) = 1e-19
        x = np.arange(-reach - 1, reach + 2) * step / sigma_us
        phi = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        primitive = sigma_us * (x * ndtr(x) + phi)
        # increment of the cdf from one grid point to the next due to a bin j steps before it
        increments = np.convolve(fractions, np.diff(primitive, n=2) / step)
        density = np.convolve(fractions, np.diff(ndtr(x)) / step)
        cdf = np.append(0.0, np.cumsum(increments))
        pdf = density[: cdf.size]
        return cls(start_us - reach * step, step, cdf, pdf)

    def evaluate(self, t_us: ArrayLike, shift_us: ArrayLike) -> tuple[Array, Array]:
        """Density (1/us) and distribution function at ``t_us - shift_us``, broadcast."""
        t = np.asarray(t_us, dtype=float) - np.asarray(shift_us, dtype=float)
        x = (t - self.start_us) / self.step_us
        n = self.cdf.size - 1
        i = np.clip(np.floor(x), 0, n - 1).astype(int)
        u = np.clip(x - i, 0.0, 1.0)
        low, rise = self.cdf[i], self.cdf[i + 1] - self.cdf[i]
        if self.pdf is None:
            value, slope = low + u * rise, rise / self.step_us
        else:
            pdf = self.pdf * self.step_us
            left, right = pdf[i], pdf[i + 1]
            c = 3.0 * rise - 2.0 * left - right
            d = left + right - 2.0 * rise
            value = low + u * (left + u * (c + u * d))
            slope = (left + u * (2.0 * c + 3.0 * u * d)) / self.step_us
        inside = (x >= 0.0) & (x < n)
        return np.where(inside, slope, 0.0), value
