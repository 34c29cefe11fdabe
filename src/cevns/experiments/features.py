"""The response of a detector on polynomials and splines: for toys and scans.

Reconstructed energies of a recoil depend on few pulls and smoothly: they are polynomials in the
quenching pulls, whose coefficients follow the efficiency pull on cubic B-splines (a clamped
efficiency is not analytic). With the features W, products of monomials and B-splines,

    R[e, j](quenching, efficiency) = sum_w M[w, e, j] W_w(quenching; efficiency)

at every recoil node j and reconstructed energy bin e. Nothing of source, couplings or nucleus
enters: M is made once a detector and serves every interaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cevns.detectors.response import PULL_REACH
from cevns.experiments.separable import Values
from cevns.experiments.signal import Signal
from cevns.typing import Array, IntArray, Namespace

DEGREE = 3
"""Of the polynomials in the quenching pulls, in total."""
CROSSED = 2
"""Degree in the quenching pulls up to which the efficiency acts on them."""
_REACH = 4.0  # sigmas of quenching pulls that the polynomials are fitted over
_KNOTS = np.linspace(-PULL_REACH, PULL_REACH, 17)


@dataclass(frozen=True, eq=False)
class Monomials:
    """Products of powers of scaled variables, x = (value - centre)/scale.

    Args:
        names: of the variables.
        centres: of the variables.
        scales: of the variables.
        powers: exponents, ``(n_monomials, n_variables)``.
    """

    names: tuple[str, ...]
    centres: Array
    scales: Array
    powers: IntArray

    def evaluate(
        self, values: Values, like: Array, xp: Namespace, along: tuple[str, ...] | None = None
    ) -> list[Array]:
        """The monomials and their slopes along variables (all), each ``(n_monomials, ...)``."""
        one = xp.ones_like(like)
        highest = int(self.powers.max(initial=0))
        tables = []
        for i, name in enumerate(self.names):
            x = (values[name] - self.centres[i]) / self.scales[i]
            powers = [one]
            for _ in range(highest):
                powers.append(powers[-1] * x)
            tables.append(powers)
        wanted = [i for i, n in enumerate(self.names) if along is None or n in along]
        out = []
        for derived in (-1, *wanted):
            rows = []
            for exponents in self.powers:
                term = one
                for i, k in enumerate(exponents):
                    if i == derived:
                        factor = tables[i][k - 1] * (k / self.scales[i]) if k else 0.0 * one
                        term = term * factor
                    elif k:
                        term = term * tables[i][k]
                rows.append(term)
            out.append(xp.stack(rows))
        return out


def b_splines(x: Array, xp: Namespace = np) -> tuple[Array, Array]:
    """Cubic B-splines on the knots of the efficiency pull, and their slopes: ``(n, ...)``.

    Constant beyond the ends of the knots.
    """
    step = _KNOTS[1] - _KNOTS[0]
    inside = xp.minimum(xp.maximum(x, _KNOTS[0]), _KNOTS[-1])
    moving = xp.where(inside == x, 1.0 / step, 0.0)
    values, slopes = [], []
    for k in range(-1, len(_KNOTS) + 1):
        u = (inside - (_KNOTS[0] + k * step)) / step
        a = xp.abs(u)
        near, far = xp.maximum(1.0 - a, 0.0), xp.maximum(2.0 - a, 0.0)
        # the kernel [(2 - |u|)^3 - 4 (1 - |u|)^3]/6 where the brackets are positive
        values.append((far * far * far - 4.0 * near * near * near) / 6.0)
        slopes.append(xp.sign(u) * (2.0 * near * near - 0.5 * far * far) * moving)
    return xp.stack(values), xp.stack(slopes)


def b_spline_coefficients(values: Array) -> Array:
    """Coefficients of the cubic spline through `values` at the knots, ``(n_knots, ...)``.

    Not-a-knot at both ends.
    """
    n = len(_KNOTS)
    matrix = np.zeros((n + 2, n + 2))
    for i in range(n):
        matrix[i, i : i + 3] = 1 / 6, 4 / 6, 1 / 6
    matrix[n, :5] = 1.0, -4.0, 6.0, -4.0, 1.0  # the third derivative does not jump
    matrix[n + 1, -5:] = 1.0, -4.0, 6.0, -4.0, 1.0
    right = np.concatenate([values, np.zeros((2, *values.shape[1:]))])
    flat: Array = np.linalg.solve(matrix, right.reshape(n + 2, -1))
    return flat.reshape(n + 2, *values.shape[1:])


@dataclass(frozen=True, eq=False)
class ResponseFeatures:
    """The features W of a response, and what they stand for.

    Args:
        monomials: in the quenching pulls.
        efficiency: names of the efficiency pulls.
        table: M, ``(n_features, n_energy, n_nodes)``.
        crossed: degree in the quenching pulls up to which the efficiency acts on them; with zero
            the effects of both add.
        held: names along which no slope is asked for.
    """

    monomials: Monomials
    efficiency: tuple[str, ...]
    table: Array
    crossed: int = CROSSED
    held: frozenset[str] = frozenset()

    @property
    def driven(self) -> tuple[str, ...]:
        """Names of the pulls with slopes, in their order."""
        names = (*self.monomials.names, *self.efficiency)
        return tuple(n for n in names if n not in self.held)

    def holding(self, names: frozenset[str]) -> ResponseFeatures:
        """The same without slopes along some pulls."""
        return replace(self, held=self.held | names)

    def evaluate(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """W and its slopes along `driven`, each ``(n_features, ...)``."""
        moving = self.driven
        rows = self.monomials.evaluate(values, like, xp, moving)
        splines = [b_splines(values[name], xp) for name in self.efficiency]
        # what the splines multiply: the monomials of low degree, which come first
        n = int(np.sum(self.monomials.powers.sum(axis=1) <= self.crossed))
        met = [r[:n] for r in rows]
        features = []
        for row, factor in zip(rows, met, strict=True):
            blocks = [row, *(_outer(factor, spline) for spline, _ in splines)]
            features.append(xp.concatenate(blocks))
        for i, name in enumerate(self.efficiency):
            if name not in moving:
                continue
            blocks = [xp.zeros_like(rows[0])]
            for j, (spline, slope) in enumerate(splines):
                blocks.append(_outer(met[0], slope if j == i else 0.0 * spline))
            features.append(xp.concatenate(blocks))
        return features


def _outer(row: Array, spline: Array) -> Array:
    """Products of monomials and splines, ``(n_splines n_monomials, ...)``."""
    result: Array = (spline[:, None] * row[None, :]).reshape(-1, *row.shape[1:])
    return result


def response_features(
    signal: Signal,
    nominal: Mapping[str, float],
    scale: Mapping[str, float],
    *,
    crossed: int = CROSSED,
) -> ResponseFeatures:
    """The response of a signal on features.

    Args:
        signal: the exact one; only its response is used.
        nominal: values of all pulls it is bound to.
        scale: their typical steps.
        crossed: see `ResponseFeatures`.
    """
    names = tuple(n for n in signal.binding.quenching if n is not None)
    pulls = tuple(n for n in signal.binding.efficiency if n is not None)
    monomials = Monomials(
        names,
        np.array([nominal[n] for n in names]),
        np.array([scale[n] * _REACH for n in names]),
        _powers(len(names)),
    )
    points = _design(len(names))
    like = np.zeros(len(points))
    values = {
        n: monomials.centres[i] + monomials.scales[i] * points[:, i] for i, n in enumerate(names)
    }
    fitted = np.linalg.pinv(monomials.evaluate(values, like, np, ())[0].T)

    def coefficients(moved: Mapping[str, float]) -> Array:
        at = {n: like + nominal[n] for n in pulls}
        at |= values | {n: like + p for n, p in moved.items()}
        rows = signal.responses(at)  # (points, nodes, n_energy), or without points
        if rows.ndim == 2:
            rows = rows[None]
        result: Array = fitted @ rows.reshape(len(points), -1)
        return result

    base = coefficients({})
    blocks = [base]
    for name in pulls:
        changes = np.stack([coefficients({name: float(k)}) - base for k in _KNOTS])
        changes = changes[:, : int(np.sum(monomials.powers.sum(axis=1) <= crossed))]
        blocks.append(b_spline_coefficients(changes).reshape(-1, base.shape[1]))
    nodes = signal.fold.nodes.size
    by_node = np.concatenate(blocks).reshape(-1, nodes, signal.n_energy)
    table = np.ascontiguousarray(by_node.transpose(0, 2, 1))
    return ResponseFeatures(monomials, pulls, table, crossed)


def _powers(n: int) -> IntArray:
    """Exponents of `n` variables up to `DEGREE` in total."""
    rows = sorted(
        (p for p in product(range(DEGREE + 1), repeat=n) if sum(p) <= DEGREE),
        key=lambda p: (sum(p), p),
    )
    return np.array(rows, dtype=np.int64).reshape(len(rows), n)


def _design(n: int) -> Array:
    """Chebyshev points in [-1, 1], three more than the degree along each variable."""
    count = DEGREE + 3
    axis = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    grid = np.meshgrid(*[axis] * n, indexing="ij")
    return np.stack([g.ravel() for g in grid], axis=-1) if n else np.zeros((1, 0))
