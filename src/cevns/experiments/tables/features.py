"""The response of a detector on polynomials and splines: for toys and scans.

Reconstructed energies of a recoil depend on few pulls and smoothly: they are polynomials in the
quenching pulls, as fine as they have to be (`LEVELS`), whose coefficients follow the efficiency
pull on cubic splines (a clamped efficiency is not analytic), of which few combinations occur. With
the features W, products of monomials and those functions of the efficiency pull,

    R[e, j](quenching, efficiency) = sum_w M[w, e, j] W_w(quenching; efficiency)

at every recoil node j and reconstructed energy bin e. Nothing of source, couplings or nucleus
enters: M is made once a detector and serves every interaction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from cevns.detectors.framework.response import PULL_REACH
from cevns.detectors.framework.splines import UniformSpline
from cevns.detectors.responses.matrix import MatrixResponse
from cevns.experiments.prediction.separable import Moved, Values
from cevns.experiments.prediction.signal import Signal
from cevns.typing import Array, IntArray

__all__ = [
    "LEVELS",
    "Features",
    "MatrixFeatures",
    "Monomials",
    "ResponseFeatures",
    "ResponseTables",
    "through_knots",
]

LEVELS = ((3, 2), (5, 3), (8, 4), (11, 5))
"""Degrees of the polynomials in the quenching pulls, in total, and degrees up to which the
efficiency acts on them: from quick to fine."""
_MOST_POINTS = 3000
"""Points in the quenching pulls at which a response is sampled at most."""
_REACH = 4.0  # sigmas of quenching pulls that the polynomials are fitted over
_RANK = 1e-6
"""Share of the largest effect of the efficiency below which one is left out."""
_KNOTS = np.linspace(-PULL_REACH, PULL_REACH, 49)


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

    @classmethod
    def up_to(cls, degree: int, names: tuple[str, ...], centres: Array, scales: Array) -> Monomials:
        """All of a total degree up to this one, those of low degree first."""
        every = product(range(degree + 1), repeat=len(names))
        rows = sorted((p for p in every if sum(p) <= degree), key=lambda p: (sum(p), p))
        powers = np.array(rows, dtype=np.int64).reshape(len(rows), len(names))
        return cls(names, centres, scales, powers)

    @cached_property
    def _parents(self) -> list[tuple[int, int, int]]:
        """Each monomial as another one times a variable, parents before children."""
        at = {tuple(p): i for i, p in enumerate(self.powers.tolist())}
        out = []
        for row in np.argsort(self.powers.sum(axis=1), kind="stable")[1:].tolist():
            lower = self.powers[row].copy()
            variable = int(np.flatnonzero(lower)[-1])
            lower[variable] -= 1
            out.append((row, at[tuple(lower.tolist())], variable))
        return out

    @cached_property
    def slopes(self) -> dict[str, Array]:
        """Matrices D of each variable with ``dW/dx = D W``, ``(n_monomials, n_monomials)``."""
        at = {tuple(p): i for i, p in enumerate(self.powers.tolist())}
        out = {n: np.zeros((len(at), len(at))) for n in self.names}
        for row, exponents in enumerate(self.powers.tolist()):
            for i, (name, k) in enumerate(zip(self.names, exponents, strict=True)):
                if k:
                    lower = (*exponents[:i], k - 1, *exponents[i + 1 :])
                    out[name][row, at[lower]] = k / self.scales[i]
        return out

    def evaluate(self, values: Values, like: Array) -> Array:
        """The monomials W, ``(n_monomials, ...)``."""
        one = np.ones_like(like)
        rows: list[Array] = [one] * len(self.powers)
        scaled = zip(self.names, self.centres, self.scales, strict=True)
        x = [(values[name] - centre) / scale * one for name, centre, scale in scaled]
        for row, parent, variable in self._parents:
            rows[row] = rows[parent] * x[variable]
        return np.stack(rows)


def through_knots(values: Array) -> UniformSpline:
    """The cubic splines through values at the knots of the efficiency pull, ``(n_knots, n)``.

    Not-a-knot at both ends.
    """
    from scipy.interpolate import CubicSpline

    step = float(_KNOTS[1] - _KNOTS[0])
    # powers of x - knot, the highest first, to powers of the share of an interval
    powers = CubicSpline(_KNOTS, values).c[::-1].swapaxes(0, 1)
    return UniformSpline(float(_KNOTS[0]), step, powers * step ** np.arange(4.0)[:, None])


@dataclass(frozen=True, eq=False)
class Features(Moved):
    """Functions W of the pulls of a response, of which it is a sum.

    Args:
        table: M, ``(n_features, n_energy, n_nodes)``.
    """

    table: Array

    def stacked(self, matrix: Array) -> Array:
        """A matrix ``(n, n_features)`` with those that give slopes; itself where none do."""
        return matrix

    @abstractmethod
    def products(self, stacked: Array, n: int, values: Values, like: Array) -> list[Array]:
        """A matrix of `n` rows times W and times its slopes along `names`, each ``(n, ...)``."""


@dataclass(frozen=True, eq=False)
class MatrixFeatures(Features):
    """Those of a released matrix, which is a mixture of its values at the points of a grid.

    The shares in the mixture are features without approximation: M[w] is the matrix of point w
    at the recoil nodes.

    Args:
        response: the matrix.
    """

    response: MatrixResponse

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters of the matrix."""
        return tuple(self.response.grid)

    def products(self, stacked: Array, n: int, values: Values, like: Array) -> list[Array]:
        """See `Features`."""
        pulls = np.stack([values[name] + like for name in self.parameters], axis=-1)
        asked = [None, *(k for k, name in enumerate(self.parameters) if name not in self.held)]
        found = []
        for slope_of in asked:
            shares = self.response.shares(pulls, slope_of=slope_of).reshape(-1, stacked.shape[1])
            found.append((stacked @ shares.T).reshape(n, *like.shape))
        return found


@dataclass(frozen=True, eq=False)
class ResponseFeatures(Features):
    """Those of a chain: monomials, then for each efficiency pull its functions times some of them.

    Args:
        monomials: in the quenching pulls.
        efficiency: names of the efficiency pulls.
        functions: of each of them, those that occur.
        crossed: degree in the quenching pulls up to which the efficiency acts on them; with zero
            the effects of both add.
    """

    monomials: Monomials
    efficiency: tuple[str, ...]
    functions: tuple[UniformSpline, ...]
    crossed: int = LEVELS[0][1]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the pulls."""
        return (*self.monomials.names, *self.efficiency)

    @cached_property
    def _met(self) -> int:
        """Monomials that the efficiency acts on; they come first."""
        return int(np.sum(self.monomials.powers.sum(axis=1) <= self.crossed))

    @cached_property
    def _blocks(self) -> list[slice]:
        """Where the features of each efficiency pull stand."""
        at, out = len(self.monomials.powers), []
        for spline in self.functions:
            out.append(slice(at, at + self._met * spline.coefficients.shape[-1]))
            at = out[-1].stop
        return out

    def stacked(self, matrix: Array) -> Array:
        """A matrix ``(n, n_features)`` with those that give its slopes along quenching pulls."""
        out = [matrix]
        for name, slope in self.monomials.slopes.items():
            if name not in self.held:
                first = matrix[:, : len(slope)] @ slope
                n = self._met
                rest = [
                    (matrix[:, s].reshape(-1, n) @ slope[:n, :n]).reshape(len(matrix), -1)
                    for s in self._blocks
                ]
                out.append(np.concatenate([first, *rest], axis=1))
        return np.concatenate(out)

    def products(self, stacked: Array, n: int, values: Values, like: Array) -> list[Array]:
        """A matrix of `n` rows times W and times its slopes along `names`, each ``(n, ...)``.

        Slopes along quenching pulls are W times another matrix; only those along the efficiency
        need other features.

        Args:
            stacked: what `stacked` makes of the matrix.
            n: its rows.
            values: of the pulls.
            like: an array of their shape.
        """
        monomials = self.monomials.evaluate(values, like)
        met, features, moved = monomials[: self._met], [monomials], []
        for name, spline in zip(self.efficiency, self.functions, strict=True):
            at = values[name] + like
            value, slope = spline.evaluate_with_derivative(at)
            features.append(_outer(met, np.moveaxis(value, -1, 0)))
            if name not in self.held:
                inside = np.where((at >= spline.start) & (at <= spline.stop), 1.0, 0.0)
                moved.append(_outer(met, np.moveaxis(slope, -1, 0) * inside))
        whole = np.concatenate(features)
        product = stacked @ whole.reshape(len(whole), -1)
        out = list(product.reshape(-1, n, *like.shape))
        names = [k for k, name in enumerate(self.efficiency) if name not in self.held]
        for k, rows in zip(names, moved, strict=True):
            block = stacked[:n, self._blocks[k]]
            out.append((block @ rows.reshape(len(rows), -1)).reshape(n, *like.shape))
        return out


def _outer(row: Array, functions: Array) -> Array:
    """Products of monomials and functions, ``(n_functions n_monomials, ...)``."""
    return (functions[:, None] * row[None, :]).reshape(-1, *row.shape[1:])


class ResponseTables:
    """Features of the responses of one experiment, made once for every interaction.

    Attributes:
        level: how fine they are, of `LEVELS`.
    """

    def __init__(self) -> None:
        self.level = 0
        self._kept: dict[tuple[int, bytes, bytes], Features] = {}

    def features(
        self, signal: Signal, nominal: Mapping[str, float], scale: Mapping[str, float]
    ) -> Features:
        """The response of a signal on features.

        Args:
            signal: the exact one; only its response is used.
            nominal: values of all pulls it is bound to.
            scale: their typical steps.
        """
        # with recoils of electrons or without, steep or not, of another source, not quenched
        key = (self.level, signal.fold.nodes.tobytes(), signal.quenching.nominal.tobytes())
        if key not in self._kept:
            self._kept[key] = _features(signal, nominal, scale, *LEVELS[self.level])
        return self._kept[key]

    def refine(self) -> bool:
        """Make finer tables from now on; False where there are none."""
        moved = {
            len(f.monomials.names) for f in self._kept.values() if isinstance(f, ResponseFeatures)
        }
        if self.level + 1 == len(LEVELS) or not moved:
            return False
        if _samples(LEVELS[self.level + 1][0]) ** max(moved) > _MOST_POINTS:
            return False
        self.level += 1
        return True


def _features(
    signal: Signal,
    nominal: Mapping[str, float],
    scale: Mapping[str, float],
    degree: int,
    crossed: int,
) -> Features:
    """Features of the response of a signal, see `ResponseFeatures`."""
    if isinstance(signal.response, MatrixResponse):
        matrices = signal.response.each(signal.quenching.electron_energy_kevee())
        return MatrixFeatures(np.ascontiguousarray(matrices.transpose(0, 2, 1)), signal.response)
    names = tuple(n for n in signal.binding.quenching if n is not None)
    pulls = tuple(n for n in signal.binding.response if n is not None)
    centres = np.array([nominal[n] for n in names])
    scales = np.array([scale[n] * _REACH for n in names])
    monomials = Monomials.up_to(degree, names, centres, scales)
    points = _design(len(names), degree)
    like = np.zeros(len(points))
    values = dict(zip(names, (centres + scales * points).T, strict=True))
    fitted = np.linalg.pinv(monomials.evaluate(values, like).T)

    def coefficients(moved: Mapping[str, float]) -> Array:
        at = {n: like + nominal[n] for n in pulls}
        at |= values | {n: like + p for n, p in moved.items()}
        rows = signal.responses(at)  # (points, nodes, n_energy), or without points
        if rows.ndim == 2:
            rows = rows[None]
        return fitted @ rows.reshape(len(points), -1)

    base = coefficients({})
    met = int(np.sum(monomials.powers.sum(axis=1) <= crossed))
    blocks, functions = [base], []
    for name in pulls:
        changes = np.stack([coefficients({name: float(k)})[:met] - base[:met] for k in _KNOTS])
        # as many functions of the pull occur as there are energy bins, at most
        modes, size, rest = np.linalg.svd(changes.reshape(len(changes), -1), full_matrices=False)
        kept = size > _RANK * size[0]
        functions.append(through_knots(modes[:, kept]))
        blocks.append((size[kept, None] * rest[kept]).reshape(-1, base.shape[1]))
    nodes = signal.fold.nodes.size
    by_node = np.concatenate(blocks).reshape(-1, nodes, signal.n_energy)
    table = np.ascontiguousarray(by_node.transpose(0, 2, 1))
    return ResponseFeatures(table, monomials, pulls, tuple(functions), crossed)


def _samples(degree: int) -> int:
    """Points along each quenching pull, three more than the degree."""
    return degree + 3


def _design(n: int, degree: int) -> Array:
    """Chebyshev points in [-1, 1] along each of `n` variables."""
    axis = np.cos(np.pi * (np.arange(_samples(degree)) + 0.5) / _samples(degree))
    grid = np.meshgrid(*[axis] * n, indexing="ij")
    return np.stack([g.ravel() for g in grid], axis=-1) if n else np.zeros((1, 0))
