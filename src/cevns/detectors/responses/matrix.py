"""A released response matrix: true energy against reconstructed bins, on a grid of nuisances.

Between the points of the grid it follows natural cubic splines along each parameter (a straight
line between two points), so that minimisers meet no kinks; in true energy it is constant within its
bins, as a histogram is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cevns.columns import read_columns
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.framework.quenching_curve import QuenchingCurve
from cevns.detectors.framework.responding import Response
from cevns.detectors.resolution import Resolution
from cevns.exceptions import DataError, InputError
from cevns.morphing import Between, ParameterGrid
from cevns.typing import Array, ArrayLike

__all__ = ["MODEL", "Matrix", "MatrixResponse"]

CITE = "file: the response is released by the experiment"

_COLUMNS = ("true_low", "true_high", "low", "high", "probability")
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class MatrixResponse:
    """A response that is a table in true energy; see the module.

    It is a product P(E) R(pulls) of what depends on the energy, `places`, and what depends on the
    parameters, `mixed`.

    Args:
        true_edges: of the true energy, keV, ``(n_true + 1,)``; nothing is detected outside.
        probability: ``(n_1, ..., n_k, n_true, n_bins)``, a matrix for each point of the grid.
        grid: by parameter, the increasing values at which matrices are given.
        between: what lies between these, natural cubic splines or straight lines.
    """

    true_edges: Array
    probability: Array
    grid: Mapping[str, Array] = field(default_factory=dict)
    between: Between = "spline"

    @property
    def n_bins(self) -> int:
        """Number of reconstructed bins."""
        return int(self.probability.shape[-1])

    @property
    def energy_max_kevee(self) -> float:
        """End of the true energies."""
        return float(self.true_edges[-1])

    @property
    def kinks_kevee(self) -> tuple[float, ...]:
        """The borders of the true bins."""
        return tuple(self.true_edges.tolist())

    @cached_property
    def along(self) -> ParameterGrid:
        """The grid."""
        return ParameterGrid(self.grid, self.between)

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """The parameters of the grid, each within its ends."""
        return self.along.ends

    def evaluate(self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None) -> Array:
        """See `Response`; without values of its parameters at the middle of their ranges."""
        result: Array = self.places(_same(energy_kevee)) @ self.mixed(pulls)
        return result

    def evaluate_with_derivatives(
        self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """See `Response`; quenching does not move it, and its slope in energy is given as none."""
        places = self.places(_same(energy_kevee))
        value: Array = places @ self.mixed(pulls)
        slopes = [places @ self.mixed(pulls, slope_of=k) for k in range(len(self.grid))]
        empty = np.zeros((*value.shape[:-2], 0, *value.shape[-2:]))
        return value, np.zeros_like(value), np.stack(slopes, axis=-3) if slopes else empty

    def places(self, energy_kevee: Array) -> Array:
        """P: what each row of a matrix adds to what is seen of energies ``(n,)``, ``(n, n_true)``.

        One where the energy is in the true bin.
        """
        row = np.searchsorted(self.true_edges, energy_kevee, side="right") - 1
        result: Array = (row[:, None] == np.arange(len(self.true_edges) - 1)).astype(float)
        return result

    def mixed(self, pulls: ArrayLike | None = None, *, slope_of: int | None = None) -> Array:
        """R, or its slope by a parameter: the mixture of matrices, ``(..., n_true, n_bins)``."""
        flat = self.probability.reshape(-1, *self.probability.shape[-2:])
        result: Array = np.tensordot(self.along.shares(pulls, slope_of=slope_of), flat, axes=1)
        return result

    def each(self, energy_kevee: Array) -> Array:
        """The matrix of each point of the grid at energies ``(n,)``: ``(n_points, n, n_bins)``."""
        flat = self.probability.reshape(-1, *self.probability.shape[-2:])
        seen: Array = self.places(energy_kevee) @ flat
        return seen


def _same(energy_kevee: ArrayLike) -> Array:
    """Energies ``(n,)``, the same at every point of a batch, for nothing moves them."""
    energy = np.asarray(energy_kevee, dtype=float)
    return energy.reshape(-1, energy.shape[-1])[0] if energy.ndim > 1 else energy


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix as it is in a file, with the reconstructed bins of the file.

    Args:
        edges: of the reconstructed axis in the file.
        response: in these bins.

    Raises:
        InputError: if a probability is negative, or one true energy is seen more than once.
    """

    edges: Array
    response: MatrixResponse

    def __post_init__(self) -> None:
        values = self.response.probability
        total = values.sum(axis=-1).max()
        if (values < 0).any() or total > 1.0 + _ROUNDING:
            raise InputError(
                "a response matrix holds probabilities: none negative, and at most 1 in all "
                f"reconstructed bins together; here they are from {values.min():g} to a sum of "
                f"{total:g}"
            )

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """Those of the columns before the bins, within the ends of their values."""
        return self.response.parameters

    @classmethod
    def from_csv(cls, path: Path | str) -> Matrix:
        """Read a table with a row for each cell.

        The columns are ``true_low,true_high,low,high,probability``, energies in keV and the unit of
        the reconstructed axis, and one more for each parameter that the matrix depends on.

        Raises:
            DataError: if a column is missing, bins do not join, or a cell is missing or twice.
        """
        columns = read_columns(path, _COLUMNS)
        names = [n for n in columns if n not in _COLUMNS]
        true = _edges(columns["true_low"], columns["true_high"], path, "true_")
        edges = _edges(columns["low"], columns["high"], path, "")
        grid = {n: np.unique(columns[n]) for n in names}
        for name, values in grid.items():
            if len(values) < 2:
                raise DataError(
                    f"the parameter {name!r} has one value only; give matrices at two or more, or "
                    "leave the column out",
                    path=path,
                )
        places = [np.searchsorted(grid[n], columns[n]) for n in names]
        places += [
            np.searchsorted(true, columns["true_low"]),
            np.searchsorted(edges, columns["low"]),
        ]
        shape = (*(len(v) for v in grid.values()), len(true) - 1, len(edges) - 1)
        cells = np.ravel_multi_index(tuple(places), shape)
        times = np.bincount(cells, minlength=int(np.prod(shape)))
        if (times != 1).any():
            raise DataError(
                f"must give each of {len(times)} cells once; {int((times == 0).sum())} are missing "
                f"and {int((times > 1).sum())} are given more than once",
                path=path,
            )
        probability = np.empty(len(times))
        probability[cells] = columns["probability"]
        return cls(edges, MatrixResponse(true, probability.reshape(shape), grid))

    def on(
        self, edges: Array, resolution: Resolution, efficiency: Efficiency, curve: QuenchingCurve
    ) -> Response:
        """See `ResponseModel`: bins of the analysis are whole numbers of those of the file.

        Raises:
            InputError: if an edge is not one of the file, quenching varies, or an efficiency is
                declared, which is in the matrix.
        """
        del resolution
        if len(curve.odd):
            raise InputError(
                "a response matrix is a histogram in true energy, which quenching "
                "variations cannot change; give the matrix at several values of a "
                "parameter instead"
            )
        if not isinstance(efficiency, Unity):
            raise InputError(
                "a response matrix includes the efficiency; remove 'detector.efficiency.energy'"
            )
        near = np.abs(self.edges[:, None] - edges).argmin(axis=0)
        apart = np.abs(self.edges[near] - edges) > 1e-9 * np.abs(self.edges).max()
        if apart.any():
            shown = ", ".join(f"{e:g}" for e in self.edges[:20])
            raise InputError(
                f"the bin edge {edges[apart][0]:g} is not among those of the response matrix "
                f"({shown}{', ...' if len(self.edges) > 20 else ''}); choose the axis among these"
            )
        cells = np.add.reduceat(self.response.probability[..., : near[-1]], near[:-1], axis=-1)
        return MatrixResponse(self.response.true_edges, cells, self.response.grid)


def _edges(low: Array, high: Array, path: Path | str, prefix: str) -> Array:
    """Edges of bins that join, from their lower and upper ends in any order."""
    starts, ends = np.unique(low), np.unique(high)
    if len(starts) != len(ends) or not np.array_equal(starts[1:], ends[:-1]):
        raise DataError(
            f"the bins in '{prefix}low' and '{prefix}high' leave a gap or overlap", path=path
        )
    if not np.array_equal(ends[np.searchsorted(starts, low)], high):
        raise DataError(f"'{prefix}high' must be the end of the bin of '{prefix}low'", path=path)
    return np.append(starts, ends[-1])


MODEL = Matrix
