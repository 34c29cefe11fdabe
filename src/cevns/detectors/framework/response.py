"""The response of a detector: R_b(E_ee), the expected content of reconstructed bin b.

    R_b(E) = integral over bin b of eps(x) P(x|E) dx

with the efficiency inside the integral: it varies within bins, and evaluating it at bin centres
is wrong by 100 % in a first bin where it vanishes almost everywhere. R is tabulated once; at fit
time quenching parameters only move the abscissa E_ee(T), so no special function is left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cevns.detectors.efficiency import Efficiency, Morphed
from cevns.detectors.framework.panel_quadrature import (
    ORDER,
    check_edges,
    gauss_legendre,
    smooth_cuts,
)
from cevns.detectors.framework.resolution_density import Counted
from cevns.detectors.framework.splines import PlaneSpline, UniformSpline, tabulate
from cevns.detectors.resolution import Resolution
from cevns.detectors.resolution.none import Perfect
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["PULL_REACH", "ResponseTable", "SharpResponse", "bin_response"]

_TINY_KEVEE = 1e-18


class _Integrals:
    """R_b(E) by quadrature, for one efficiency, or many pulls of a morphed one."""

    def __init__(self, resolution: Resolution, efficiency: Efficiency, edges: Array) -> None:
        self._resolution, self._efficiency, self._edges = resolution, efficiency, edges
        if isinstance(resolution, Counted):
            self._cuts, points = resolution.cells(edges)
            self._values = np.atleast_2d(efficiency(points))
        else:
            # on each panel the efficiencies are polynomials of half the degree that the
            # quadrature integrates; the other half is left to the density
            self._cuts = smooth_cuts(efficiency, edges, efficiency.kinks, order=8, tolerance=1e-9)

    def __call__(self, energy_kevee: Array) -> Array:
        """Shape ``(n,)`` gives ``(n_pulls, n, n_bins)``."""
        if isinstance(self._resolution, Counted):
            return self._counted(energy_kevee)
        return self._integrated(energy_kevee)

    def _counted(self, energy: Array) -> Array:
        cuts = self._cuts
        middle = (cuts[:-1] + cuts[1:]) / 2.0
        mass = self._resolution.pdf(middle, energy[:, None]) * np.diff(cuts)
        starts = np.searchsorted(cuts, self._edges[:-1])
        return np.add.reduceat(mass * self._values[:, None, :], starts, axis=-1)

    def _integrated(self, energy: Array) -> Array:
        """Panels end at the cuts and, for each energy, at the landmarks of the density."""
        power = self._resolution.power
        landmarks = np.clip(self._resolution.landmarks(energy), self._edges[0], self._edges[-1])
        n, n_cuts = len(energy), len(self._cuts)
        ends = np.concatenate([np.broadcast_to(self._cuts, (n, n_cuts)), landmarks], axis=1)
        order = np.argsort(ends, axis=1, kind="stable")
        ends = np.take_along_axis(ends, order, axis=1)
        # outside the landmarks there is nothing to integrate; most panels of most energies
        low, high = landmarks[:, :1], landmarks[:, -1:]
        alive = (ends[:, :-1] >= low) & (ends[:, 1:] <= high) & (ends[:, :-1] < ends[:, 1:])
        rows, columns = np.nonzero(alive)
        nodes, weights = gauss_legendre(ORDER)
        u0 = _root(ends[rows, columns], power)
        width = _root(ends[rows, columns + 1], power) - u0
        u = u0[:, None] + width[:, None] * nodes
        x = u**power
        density = self._resolution.pdf(x, energy[rows, None])
        density = density * (power * u ** (power - 1)) * (weights * width[:, None])
        values = self._efficiency(x)  # a leading axis of pulls, where there are any
        values = np.einsum("kpj,pj->kp", values if values.ndim == 3 else values[None], density)
        panels = np.zeros((len(values), n, ends.shape[1]))
        panels[:, rows, columns + 1] = values
        # cumulated integral, then differences between the bin edges
        cumulated = np.cumsum(panels, axis=-1)
        rank = np.argsort(order, axis=1)[:, np.searchsorted(self._cuts, self._edges)]
        at_edges = np.take_along_axis(
            cumulated, np.broadcast_to(rank, (len(panels), *rank.shape)), axis=-1
        )
        return np.diff(at_edges, axis=-1)


def _root(x: Array, power: int) -> Array:
    return x if power == 1 else np.cbrt(x) if power == 3 else x ** (1.0 / power)


def _sqrt(energy_kevee: ArrayLike) -> Array:
    # the floor keeps the derivative by the energy finite at E = 0
    result: Array = np.sqrt(np.maximum(np.asarray(energy_kevee, dtype=float), _TINY_KEVEE))
    return result


def bin_response(
    energy_kevee: ArrayLike, edges: ArrayLike, resolution: Resolution, efficiency: Efficiency
) -> Array:
    """R_b(E) by direct quadrature: the exact path, for building tables and for checking them.

    Args:
        energy_kevee: electron-equivalent energies, shape ``(n,)``.
        edges: bin edges of the reconstructed value, ``(n_bins + 1,)``.
        resolution: density of the reconstructed value.
        efficiency: as a function of the reconstructed value.

    Returns:
        Shape ``(n, n_bins)``.

    Raises:
        InputError: if edges do not increase, or an energy is negative or not finite.

    Examples:
        >>> from cevns.detectors.efficiency.unity import Unity
        >>> from cevns.detectors.resolution.gamma import Gamma
        >>> bin_response([1.0], [0.0, 10.0, 200.0], Gamma(13.35, 9.56), Unity()).round(4).tolist()
        [[0.2146, 0.7854]]
    """
    energy = np.atleast_1d(np.asarray(energy_kevee, dtype=float))
    edges = check_edges(edges, "response")
    if not np.all(np.isfinite(energy) & (energy >= 0.0)):
        raise InputError("response: energies must be finite and not negative, in keVee")
    if isinstance(resolution, Perfect):
        return SharpResponse(edges, resolution, efficiency).evaluate(energy)
    result: Array = _Integrals(resolution, efficiency, edges)(energy)[0]
    return result


PULL_REACH = 4.0
"""Largest pull of an efficiency variation that a table covers."""
_PULLS = 97
"""Pulls of an efficiency variation that a table has: -2 ln L of CsI 2021 is good to 0.002; with two
a sigma it is to 0.04."""


@dataclass(frozen=True, eq=False)
class ResponseTable:
    """R_b(E_ee) as a cubic spline on a uniform grid in sqrt(E_ee).

    Counting statistics give a width that grows as sqrt(E), which is constant on that grid: it
    needs three times fewer knots than one uniform in E, and has no singularity at E = 0.

    Each nuisance direction of the efficiency adds R(E; alpha) - R(E; 0) of the morphed and
    clamped curve (`cevns.detectors.efficiency.Morphed`), tabulated in alpha too.

    Args:
        edges: bin edges of the reconstructed value.
        spline: of the nominal efficiency; build with `build`.
        variations: change of the response in (alpha, sqrt(E_ee)), by name, in the order of the
            pulls.

    Examples:
        >>> from cevns.detectors.efficiency.sigmoid import Sigmoid
        >>> from cevns.detectors.resolution.gamma import Gamma
        >>> efficiency = Sigmoid((1.32045, 0.285979, 10.8646, -0.333322))
        >>> table = ResponseTable.build(Gamma(13.35, 9.56), efficiency, [0, 8, 12, 60], 8.0)
        >>> table.evaluate([0.5, 1.0]).round(4).tolist()
        [[0.0037, 0.0477, 0.026], [0.0014, 0.0882, 0.4115]]
    """

    edges: Array
    spline: UniformSpline
    variations: Mapping[str, PlaneSpline] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        resolution: Resolution,
        efficiency: Efficiency,
        edges: ArrayLike,
        energy_max_kevee: float,
        *,
        tolerance: float = 1e-8,
    ) -> ResponseTable:
        """Tabulate from 0 to `energy_max_kevee`.

        Args:
            resolution: density of the reconstructed value.
            efficiency: with its variations, tabulated for pulls up to `PULL_REACH`.
            edges: bin edges of the reconstructed value.
            energy_max_kevee: largest E_ee a fit may ask for; see `QuenchingCurve.largest_kevee`.
            tolerance: accuracy of the spline, relative to each bin's peak.

        Raises:
            InputError: if edges or range are impossible, the resolution is perfect (use
                `SharpResponse`), or the response is too sharp for a spline.
        """
        edges = check_edges(edges, "response")
        if not (np.isfinite(energy_max_kevee) and energy_max_kevee > 0):
            raise InputError(f"response: the largest energy must be positive: {energy_max_kevee}")
        if isinstance(resolution, Perfect):
            raise InputError("a perfect resolution has no smooth table; use SharpResponse")
        integrals = _Integrals(resolution, efficiency, edges)
        spline = tabulate(
            lambda s: integrals(s * s)[0],
            0.0,
            float(np.sqrt(energy_max_kevee)),
            tolerance=tolerance,
            intervals=256,
            what="the detector response",
        )
        # a change of the response is smaller than the response: a quarter of the knots does
        knots = np.linspace(0.0, spline.stop, max(len(spline.coefficients) // 4, 64) + 1)
        at_zero = integrals(knots * knots)
        pulls = np.linspace(-PULL_REACH, PULL_REACH, _PULLS)
        planes = {}
        for name, (plus, minus) in efficiency.varied.items():
            # some pulls at a time: all at once would fill the memory, and panels would end
            # at the kinks of every one
            moved = [
                _Integrals(resolution, Morphed(efficiency, plus, minus, some), edges)
                for some in np.array_split(pulls, _PULLS // 16)
            ]
            change = np.concatenate([m(knots * knots) for m in moved]) - at_zero
            planes[name] = PlaneSpline.through(
                (-PULL_REACH, float(pulls[1] - pulls[0])),
                (0.0, float(knots[1])),
                change,
            )
        return cls(edges, spline, planes)

    @property
    def n_bins(self) -> int:
        """Number of reconstructed bins."""
        return len(self.edges) - 1

    @property
    def energy_max_kevee(self) -> float:
        """End of the table; beyond it the response is that of the end."""
        return self.spline.stop**2

    @property
    def kinks_kevee(self) -> tuple[float, ...]:
        """Energies where the response jumps: none."""
        return ()

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """The variations of the efficiency, pulls."""
        return dict.fromkeys(self.variations, (-PULL_REACH, PULL_REACH))

    def evaluate(self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None) -> Array:
        """R_b: energies ``(..., n)`` give ``(..., n, n_bins)``.

        Args:
            energy_kevee: electron-equivalent energies.
            pulls: of the efficiency variations, ``(..., n_variations)``; zero if left out.
        """
        root = _sqrt(energy_kevee)
        value = self.spline.evaluate(root)
        if pulls is not None:
            alphas: Array = np.asarray(pulls)
            for k, plane in enumerate(self.variations.values()):
                value = value + plane.evaluate(alphas[..., k], root)
        return value

    def evaluate_with_derivatives(
        self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """R_b, dR_b/dE_ee (1/keVee), each ``(..., n, n_bins)``, and dR_b/dalpha.

        The last is ``(..., n_variations, n, n_bins)``, without pulls an empty stack.
        """
        root = _sqrt(energy_kevee)
        value, slope = self.spline.evaluate_with_derivative(root)
        by_pull = []
        if pulls is not None:
            alphas: Array = np.asarray(pulls)
            for k, plane in enumerate(self.variations.values()):
                change, by_alpha, by_root = plane.evaluate_with_derivatives(alphas[..., k], root)
                value, slope = value + change, slope + by_root
                by_pull.append(by_alpha)
        slope = slope * (0.5 / root)[..., None]
        empty = np.zeros((*value.shape[:-2], 0, *value.shape[-2:]))
        return value, slope, np.stack(by_pull, axis=-3) if by_pull else empty


@dataclass(frozen=True, eq=False)
class SharpResponse:
    """R_b(E) of a perfect resolution: the efficiency at the mean, in the bin that holds it.

    R_b jumps at `kinks_kevee`; integrals over energy must be split there, and there is no
    derivative to follow. Bins are [low, high).

    Args:
        edges: bin edges of the reconstructed value.
        resolution: holds the light yield.
        efficiency: as a function of the reconstructed value.

    Examples:
        >>> from cevns.detectors.efficiency.unity import Unity
        >>> SharpResponse([0.0, 1.0, 3.0], Perfect(), Unity()).evaluate([0.5, 2.0]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """

    edges: ArrayLike
    resolution: Perfect
    efficiency: Efficiency

    @property
    def n_bins(self) -> int:
        """Number of reconstructed bins."""
        return len(np.asarray(self.edges)) - 1

    @property
    def energy_max_kevee(self) -> float:
        """End of the axis."""
        return float(np.max(np.asarray(self.edges))) / self.resolution.light_yield

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """None: nothing varies."""
        return {}

    @property
    def kinks_kevee(self) -> tuple[float, ...]:
        """Energies where the response or its slope jumps."""
        x = {*np.asarray(self.edges, dtype=float).tolist(), *self.efficiency.kinks}
        finite = (v for v in x if math.isfinite(v))
        return tuple(sorted(v / self.resolution.light_yield for v in finite))

    def evaluate_with_derivatives(
        self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """Never asked for: there is no derivative to follow."""
        raise AssertionError(energy_kevee, pulls)

    def evaluate(self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None) -> Array:
        """R_b at energies of any shape: ``(..., n_bins)``."""
        del pulls  # nothing varies
        x = self.resolution.light_yield * np.asarray(energy_kevee, dtype=float)
        edges = np.asarray(self.edges, dtype=float)
        inside = (x[..., None] >= edges[:-1]) & (x[..., None] < edges[1:])
        return inside * self.efficiency(x)[..., None]
