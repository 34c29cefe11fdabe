"""Rows over the bins of a channel, for a batch of points: what derivatives are made of.

The expectation of a channel and its derivatives by every parameter are combinations of a few rows
over the bins. Gradient and curvature of -2 ln L need of them two contractions only: each row
with a vector over the bins, and each pair of rows with a weight over the bins. A row may be known
as a sum of static templates or as an outer sum of energies and arrival times, for which both
contractions are much cheaper than over the bins. The batch is the last axis throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.typing import Array, IntArray

__all__ = ["DenseRows", "OuterRows", "Rows", "StaticMatrix", "WeightedRows", "outer_sum"]


class Rows(Protocol):
    """Some rows over the bins; the first is a shape, the others its slopes."""

    def totals(self) -> Array:
        """Sums over the bins, ``(n_rows, B)`` or ``(n_rows, 1)``."""

    def scaled(self, coefficient: Array) -> Array:
        """The first row times a coefficient ``(B,)``, ``(n_bins, B)``."""

    def against(self, vector: Array) -> Array:
        """``sum_i row_i v_i`` for ``vector (n_bins, B)``, ``(n_rows, B)``."""

    def gram(self, weight: Array) -> Array:
        """``sum_i row_i row'_i w_i`` for ``weight (n_bins, B)``, ``(n_rows, n_rows, B)``."""

    def meet(self, static: StaticMatrix, weight: Array) -> Array:
        """The same with static rows as partners, ``(n_rows, m, B)``."""

    def dense(self) -> Array:
        """All rows, ``(B, n_rows, n_bins)``."""


@dataclass(frozen=True, eq=False)
class DenseRows:
    """Rows as they are.

    Args:
        rows: ``(B, n_rows, n_bins)``.
    """

    rows: Array

    def totals(self) -> Array:
        """See `Rows`."""
        return np.asarray(self.rows.sum(axis=2).T)

    def scaled(self, coefficient: Array) -> Array:
        """See `Rows`."""
        return self.rows[:, 0].T * coefficient

    def against(self, vector: Array) -> Array:
        """See `Rows`."""
        result: Array = (self.rows @ vector.T[:, :, None])[:, :, 0].T
        return result

    def gram(self, weight: Array) -> Array:
        """See `Rows`."""
        return np.moveaxis((self.rows * weight.T[:, None]) @ self.rows.swapaxes(1, 2), 0, -1)

    def meet(self, static: StaticMatrix, weight: Array) -> Array:
        """See `Rows`."""
        return np.moveaxis((self.rows * weight.T[:, None]) @ static.rows.T, 0, -1)

    def dense(self) -> Array:
        """See `Rows`."""
        return self.rows


@dataclass(frozen=True, eq=False)
class StaticMatrix:
    """Rows that no parameter changes, and what is computed of them once.

    Args:
        rows: ``(m, n_bins)``.
    """

    rows: Array

    @cached_property
    def transposed(self) -> Array:
        """``(n_bins, m)``, contiguous."""
        return np.ascontiguousarray(self.rows.T)

    @cached_property
    def sums(self) -> Array:
        """Over the bins, ``(m,)``."""
        return np.asarray(self.rows.sum(axis=1))

    @cached_property
    def _pairs(self) -> tuple[Array, IntArray] | None:
        """Products of pairs of rows and where each pair stands; None where they are too many."""
        m, n_bins = self.rows.shape
        if m * (m + 1) // 2 * n_bins > _MOST_PRODUCTS:
            return None
        first, second = np.triu_indices(m)
        at = np.zeros((m, m), dtype=np.int64)
        at[first, second] = at[second, first] = np.arange(len(first))
        return self.rows[first] * self.rows[second], at

    def gram(self, weight: Array) -> Array:
        """See `Rows.gram`."""
        if self._pairs is None:
            weighted = self.rows * weight.T[:, None]
            return np.moveaxis(weighted @ self.rows.T, 0, -1)
        products, at = self._pairs
        result: Array = (products @ weight)[at]
        return result

    @cached_property
    def _by_first_axis(self) -> dict[int, Array]:
        return {}

    def by_first_axis(self, n: int) -> Array:
        """Each row with all but one of the `n` cells of the first axis set to zero.

        A product with a weight then sums over the other axes: ``(m n, n_bins)``, kept.
        """
        if n not in self._by_first_axis:
            m = len(self.rows)
            grid = self.rows.reshape(m, n, 1, -1) * np.eye(n)[:, :, None]
            self._by_first_axis[n] = np.ascontiguousarray(grid.reshape(m * n, -1))
        return self._by_first_axis[n]


_MOST_PRODUCTS = 20_000_000
"""Numbers that products of pairs of static rows may have (160 MB)."""


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Combinations of static rows.

    Args:
        matrix: the static rows.
        weights: ``(n_rows, m, B)``; None where the rows are the static ones.
    """

    matrix: StaticMatrix
    weights: Array | None

    def totals(self) -> Array:
        """See `Rows`."""
        sums = self.matrix.sums
        return sums[:, None] if self.weights is None else np.einsum("umb,m->ub", self.weights, sums)

    def combined(self, coefficients: Array) -> Array:
        """``sum_u c_u row_u`` for ``coefficients (n_rows, B)``, ``(n_bins, B)``."""
        mixed = coefficients
        if self.weights is not None:
            mixed = np.einsum("umb,ub->mb", self.weights, coefficients)
        result: Array = self.matrix.transposed @ mixed
        return result

    def against(self, vector: Array) -> Array:
        """See `Rows`."""
        found: Array = self.matrix.rows @ vector
        return found if self.weights is None else np.einsum("umb,mb->ub", self.weights, found)

    def gram(self, weight: Array) -> Array:
        """See `Rows`."""
        found = self.matrix.gram(weight)
        if self.weights is None:
            return found
        half = np.einsum("umb,mnb->unb", self.weights, found)
        return np.asarray(np.einsum("unb,vnb->uvb", half, self.weights))

    def spread(self, of_static: Array) -> Array:
        """What a partner has with the static rows ``(n, m, B)``, with these: ``(n, n_rows, B)``."""
        if self.weights is None:
            return of_static
        return np.asarray(np.einsum("nmb,umb->nub", of_static, self.weights))

    def dense(self) -> Array:
        """See `Rows`."""
        if self.weights is None:
            return self.matrix.rows[None]
        result: Array = np.moveaxis(self.weights, -1, 0) @ self.matrix.rows
        return result


def outer_sum(first: Array, second: Array) -> Array:
    """``sum_c E_c[e] tau_c[t]``, ``(n_first, n_second, ...)``."""
    total: Array = first[0][:, None] * second[0][None]
    for c in range(1, len(second)):
        total = total + first[c][:, None] * second[c][None]
    return total


@dataclass(frozen=True, eq=False)
class OuterRows:
    """Short sums of energies times arrival times, S = sum_c E_c[e] tau_c[t], and their slopes.

    Along what moves the energies E is replaced by its slope, along what moves the times tau. A
    product with a vector therefore sums over times once for each class and meets the energies.

    Args:
        rows: energies and their slopes, ``(n, n_classes, n_energy, B)``.
        times: arrival times, ``(n_classes, n_time, B)``.
        slopes: of the times, where one is asked for: the last row is the first of `rows` with
            these.
    """

    rows: Array
    times: Array
    slopes: Array | None

    def totals(self) -> Array:
        """See `Rows`."""
        by_class = np.sum(self.rows, axis=2)
        total: Array = np.sum(by_class * np.sum(self.times, axis=1), axis=1)
        if self.slopes is None:
            return total
        last = np.sum(by_class[0] * np.sum(self.slopes, axis=1), axis=0)
        return np.concatenate([total, last[None]])

    def scaled(self, coefficient: Array) -> Array:
        """See `Rows`."""
        grid = outer_sum(coefficient * self.rows[0], self.times)
        return grid.reshape(-1, grid.shape[-1])

    def against(self, vector: Array) -> Array:
        """See `Rows`."""
        shape = self.rows.shape
        grid = vector.reshape(shape[2], -1, *shape[3:])
        over = _over_times(self.times, grid).reshape(-1, *shape[3:])
        flat = self.rows.reshape(shape[0], -1, *shape[3:])
        out: Array = np.sum(flat * over, axis=1)
        if self.slopes is None:
            return out
        over = _over_times(self.slopes, grid).reshape(-1, *shape[3:])
        return np.concatenate([out, np.sum(flat[0] * over, axis=0)[None]])

    @cached_property
    def _all_times(self) -> Array:
        if self.slopes is None:
            return self.times
        return np.concatenate([self.times, self.slopes])

    def gram(self, weight: Array) -> Array:
        """See `Rows`.

        What two classes c and d share in an energy bin, ``sum_t w tau_c tau_d``, is the same for
        all rows; each product then is a sum over energies.
        """
        rows, n = self.rows, len(self.times)
        times, weighted = self._all_times, self._weighted(weight)
        shared = [[np.sum(weighted[0], axis=1)] * len(times) for _ in times]
        for c in range(len(times)):
            for d in range(c, len(times)):
                shared[c][d] = shared[d][c] = np.sum(weighted[c] * times[d], axis=1)

        def meeting(row: Array, first: int, last: int) -> Array:
            """A row with classes from `first`, as classes from `last` meet it."""
            return np.stack(
                [sum(row[d] * shared[first + d][last + c] for d in range(n)) for c in range(n)]
            )

        met = [meeting(row, 0, 0) for row in rows]
        gram = np.stack([np.sum(rows * m, axis=(1, 2)) for m in met])
        if self.slopes is None:
            return gram
        edge = np.sum(rows * meeting(rows[0], n, 0), axis=(1, 2))
        corner = np.sum(rows[0] * meeting(rows[0], n, n), axis=(0, 1))
        right = np.concatenate([edge, corner[None]])
        gram = np.concatenate([gram, edge[:, None]], axis=1)
        return np.concatenate([gram, right[None]])

    def _weighted(self, weight: Array) -> Array:
        """Times with a weight over the bins, ``(n_classes, n_energy, n_time, B)``."""
        grid = weight.reshape(self.rows.shape[2], -1, *weight.shape[1:])
        return self._all_times[:, None] * grid

    def meet(self, static: StaticMatrix, weight: Array) -> Array:
        """See `Rows`."""
        weighted = self._weighted(weight)
        n, n_energy = len(self.times), self.rows.shape[2]
        sums = (
            static.by_first_axis(n_energy) @ weighted.reshape(len(weighted), len(weight), -1)
        ).reshape(len(weighted), len(static.rows), n_energy, *weight.shape[1:])
        out = [np.sum(row[:, None] * sums[:n], axis=(0, 2)) for row in self.rows]
        if self.slopes is not None:
            out.append(np.sum(self.rows[0][:, None] * sums[n:], axis=(0, 2)))
        return np.stack(out)

    def dense(self) -> Array:
        """See `Rows`."""
        grids = [outer_sum(row, self.times) for row in self.rows]
        if self.slopes is not None:
            grids.append(outer_sum(self.rows[0], self.slopes))
        stacked = np.stack(grids)
        return np.moveaxis(stacked.reshape(len(grids), -1, stacked.shape[-1]), -1, 0)


def _over_times(times: Array, grid: Array) -> Array:
    """``sum_t tau_c[t] grid[e, t]``, ``(n_classes, n_energy, B)``."""
    return np.stack([np.sum(time[None] * grid, axis=1) for time in times])
