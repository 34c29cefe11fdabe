"""The response of a detector as a short sum of products of functions of one pull: for toys, scans.

Folded with a smooth recoil spectrum, the counts of a bin follow each pull smoothly: few functions
phi_k of a quenching pull or an efficiency pull occur. They are found by sweeping the pull over its
range (a singular value decomposition) and are cubic splines. With products of them, one of each
pull, as features W,

    R[e, j](pulls) = sum_w M[w, e, j] W_w(pulls),   W_w = product_i phi_{k_i(w)}(pull_i)

at every recoil node j and reconstructed energy bin e: M interpolates the response between few
values of each pull. Nothing of source, couplings or nucleus enters: M is made once a detector and
serves every interaction.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.linalg import qr

from cevns.detectors import Response
from cevns.detectors.framework.response import PULL_REACH
from cevns.detectors.framework.splines import UniformSpline
from cevns.detectors.responses.chain import REACH
from cevns.detectors.responses.matrix import MatrixResponse
from cevns.experiments.prediction.separable import Moved, Values
from cevns.experiments.prediction.signal import Signal
from cevns.typing import Array, ArrayLike, IntArray

__all__ = ["LEVELS", "Features", "MatrixFeatures", "ResponseFeatures", "ResponseTables"]

LEVELS = ((73, 1e-4), (193, 1e-6), (289, 1e-8))
"""Knots of each pull, and the share of its largest effect below which one is left out: from quick
to fine."""
_MOST_POINTS = 3000
"""Points in the pulls at which a response is sampled at most, and features at most."""
_IN_CACHE = 2**15
"""Values of a response that are computed at a time."""
_REMEMBERED = 6
"""Sets of energies and pulls of which a response is kept."""


@dataclass(frozen=True, eq=False)
class Features(Moved):
    """Functions W of the pulls of a response, of which it is a sum.

    Args:
        table: M, ``(n_features, n_energy, n_nodes)``.
    """

    table: Array

    @abstractmethod
    def products(self, matrix: Array, values: Values, like: Array) -> list[Array]:
        """A matrix ``(n, n_features)`` times W and times its slopes along `names`, ``(n, ...)``."""


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

    def products(self, matrix: Array, values: Values, like: Array) -> list[Array]:
        """See `Features`."""
        pulls = np.stack([values[name] + like for name in self.parameters], axis=-1)
        asked = [None, *(k for k, name in enumerate(self.parameters) if name not in self.held)]
        found = []
        for slope_of in asked:
            shares = self.response.along.shares(pulls, slope_of=slope_of).reshape(
                -1, matrix.shape[1]
            )
            found.append((matrix @ shares.T).reshape(len(matrix), *like.shape))
        return found


@dataclass(frozen=True, eq=False)
class ResponseFeatures(Features):
    """Those of a chain: products of functions of one pull each.

    Args:
        pulls: names.
        functions: of each pull; the first of them is one.
        factors: which of them each feature has, ``(n_pulls, n_features)``.
    """

    pulls: tuple[str, ...]
    functions: tuple[UniformSpline, ...]
    factors: IntArray

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the pulls."""
        return self.pulls

    def products(self, matrix: Array, values: Values, like: Array) -> list[Array]:
        """See `Features`."""
        if not self.pulls:
            return [np.multiply.outer(matrix[:, 0], np.ones_like(like))]
        factors, slopes = [], []
        for name, spline, which in zip(self.pulls, self.functions, self.factors, strict=True):
            at = np.ravel(values[name] + like)
            value, slope = spline.evaluate_with_derivative(at)
            slope *= ((at >= spline.start) & (at <= spline.stop))[:, None]
            factors.append(np.take(np.ascontiguousarray(value.T), which, axis=0))
            slopes.append(np.take(np.ascontiguousarray(slope.T), which, axis=0))
        features = [math.prod(factors[1:], start=factors[0])]
        for i, name in enumerate(self.pulls):
            if name not in self.held:
                others = factors[:i] + factors[i + 1 :]
                features.append(math.prod(others, start=slopes[i]))
        return [(matrix @ f).reshape(len(matrix), *like.shape) for f in features]


@dataclass(frozen=True, eq=False)
class _Remembered:
    """A response that keeps what it gave for the last few sets of energies and pulls."""

    response: Response
    _given: dict[tuple[bytes, bytes], Array] = field(default_factory=dict)

    @property
    def n_bins(self) -> int:
        return self.response.n_bins

    @property
    def energy_max_kevee(self) -> float:
        return self.response.energy_max_kevee

    @property
    def kinks_kevee(self) -> tuple[float, ...]:
        return self.response.kinks_kevee

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        return self.response.parameters

    def evaluate(self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None) -> Array:
        energy, varied = np.asarray(energy_kevee), np.asarray(() if pulls is None else pulls)
        key = energy.tobytes(), varied.tobytes()
        found = self._given.pop(key, None)
        if found is None:
            found = self.response.evaluate(energy_kevee, pulls)
        self._given[key] = found  # the last one now
        if len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]
        return found

    def evaluate_with_derivatives(
        self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        return self.response.evaluate_with_derivatives(energy_kevee, pulls)

    def __reduce__(self) -> tuple[Any, ...]:
        """To other processes it goes without what it keeps."""
        return _Remembered, (self.response,)


class ResponseTables:
    """Features of the responses of one experiment, made once for every interaction.

    Attributes:
        level: how fine they are, of `LEVELS`.
    """

    def __init__(self) -> None:
        self.level = 0
        self._kept: dict[tuple[int, bytes, bytes, Response], Features] = {}
        self._remembered: dict[Response, _Remembered] = {}

    def features(
        self, signal: Signal, nominal: Mapping[str, float], scale: Mapping[str, float]
    ) -> Features:
        """The response of a signal on features.

        Args:
            signal: the exact one; only its response is used.
            nominal: values of all pulls it is bound to.
            scale: their typical steps.
        """
        # with recoils of electrons or without, steep or not, of another source, not quenched, in
        # another channel
        nodes, nominal_kevee = signal.fold.nodes.tobytes(), signal.quenching.nominal.tobytes()
        key = self.level, nodes, nominal_kevee, signal.response
        if key not in self._kept:
            self._kept[key] = _features(signal, nominal, scale, *LEVELS[self.level])
        return self._kept[key]

    def remembering(self, signal: Signal) -> Signal:
        """The same exact signal with a response that keeps what it gave.

        The check of every mass of a mediator asks for the response with the same pulls.
        """
        response = signal.response
        known = self._remembered.setdefault(response, _Remembered(response))
        return replace(signal, response=known)

    def refine(self) -> bool:
        """Make finer tables from now on; False where there are none."""
        if self.level + 1 == len(LEVELS) or not any(
            isinstance(f, ResponseFeatures) for f in self._kept.values()
        ):
            return False
        self.level += 1
        return True


def _features(
    signal: Signal,
    nominal: Mapping[str, float],
    scale: Mapping[str, float],
    n_knots: int,
    tolerance: float,
) -> Features:
    """Features of the response of a signal, see `ResponseFeatures`."""
    if isinstance(signal.response, MatrixResponse):
        matrices = signal.response.each(signal.quenching.electron_energy_kevee())
        return MatrixFeatures(np.ascontiguousarray(matrices.transpose(0, 2, 1)), signal.response)
    reach = {n: REACH * scale[n] for n in signal.binding.quenching if n is not None}
    knots = {n: np.linspace(nominal[n] - r, nominal[n] + r, n_knots) for n, r in reach.items()}
    for name in signal.binding.response:
        if name is not None:
            knots[name] = np.linspace(-PULL_REACH, PULL_REACH, n_knots)

    def response(points: dict[str, Array]) -> Array:
        if not points:
            return signal.responses(points)[None]
        n = len(next(iter(points.values())))
        step = max(1, _IN_CACHE // (signal.fold.nodes.size * signal.n_energy))
        parts = [
            signal.responses({k: v[at : at + step] for k, v in points.items()})
            for at in range(0, n, step)
        ]
        return np.concatenate(parts)  # (points, nodes, n_energy)

    spectra = _smooth_spectra(signal.fold.nodes)
    seen = (spectra @ response({n: k[[n_knots // 2]] for n, k in knots.items()})[0]).sum(axis=1)
    spectra = spectra[seen > 0.0] / seen[seen > 0.0, None]
    # the last sigmas may be followed less closely: few experiments and few toys come there
    weights = [
        10.0 ** np.minimum(3.0 - np.abs(k - nominal[n]) / scale[n], 0.0) for n, k in knots.items()
    ]
    modes = []
    for name, weight in zip(knots, weights, strict=True):
        sweeps = []
        for other, shift in [(name, 0.0), *((o, s) for o in knots if o != name for s in (-3, 3))]:
            points = {n: np.full(n_knots, nominal[n]) for n in knots}
            points[other] += shift * scale[other]
            points[name] = knots[name]
            sweeps.append(spectra @ response(points))
        modes.append(_modes(np.concatenate(sweeps, axis=1), weight, tolerance))
    sizes = [m.shape[1] for m in modes]
    while math.prod(sizes) > _MOST_POINTS:
        sizes[int(np.argmax(sizes))] -= 1
    modes = [m[:, :n] for m, n in zip(modes, sizes, strict=True)]
    # as many knots of each pull as it has functions: the nominal one, where all but the first
    # vanish, so that the table is exact there, and those at which they differ most
    chosen = [
        np.append(n_knots // 2, qr(w * m[:, 1:].T, pivoting=True, mode="r")[1][: m.shape[1] - 1])
        for m, w in zip(modes, weights, strict=True)
    ]
    grid = np.meshgrid(*(k[c] for k, c in zip(knots.values(), chosen, strict=True)), indexing="ij")
    table = response({n: g.ravel() for n, g in zip(knots, grid, strict=True)})
    table = table.reshape(*sizes, *table.shape[1:])
    for axis, (m, c) in enumerate(zip(modes, chosen, strict=True)):
        table = np.moveaxis(np.tensordot(np.linalg.inv(m[c]), table, axes=(1, axis)), 0, axis)
    table = table.reshape(-1, *table.shape[len(sizes) :])
    effect = np.abs(_weighted(spectra @ table)).max(axis=(1, 2))
    order = np.argsort(effect)
    kept = np.sort(order[np.cumsum(effect[order]) > tolerance * effect.sum()])
    return ResponseFeatures(
        np.ascontiguousarray(table[kept].transpose(0, 2, 1)),
        tuple(knots),
        tuple(
            UniformSpline.through(float(k[0]), float(k[1] - k[0]), m)
            for k, m in zip(knots.values(), modes, strict=True)
        ),
        np.indices(sizes).reshape(len(sizes), math.prod(sizes))[:, kept],
    )


def _smooth_spectra(nodes: Array) -> Array:
    """Recoil spectra ``(n, nodes)`` from flat ones to those of a light mediator, each of one count.

    Every spectrum that is folded lies between them.
    """
    falling = np.array([[2.0], [8.0]])
    shapes = (1.0 - nodes / nodes.max()) ** falling * np.abs(np.gradient(nodes))
    spectra = np.concatenate([shapes * nodes**power for power in (-2.0, -1.0, 0.0)])
    result: Array = spectra / spectra.sum(axis=1, keepdims=True)
    return result


def _weighted(counts: Array) -> Array:
    """Counts ``(n, n_spectra, n_energy)`` by the Poisson error of each bin."""
    largest = np.abs(counts).max(axis=(0, 1))
    result: Array = counts / np.sqrt(largest + 1e-6 * largest.max())
    return result


def _modes(counts: Array, weight: Array, tolerance: float) -> Array:
    """Functions of a pull that occur in counts ``(n_knots, n_rows, n_energy)``, the first is one.

    What is missed at each knot may be as large as the inverse of its `weight` ``(n_knots,)``.
    Shape ``(n_knots, n_functions)``.
    """
    rows = _weighted(counts).reshape(len(counts), -1)
    found, size, _ = np.linalg.svd(
        weight[:, None] * (rows - rows[len(rows) // 2]), full_matrices=False
    )
    kept = found[:, size > tolerance * size[0]] / weight[:, None]
    return np.column_stack([np.ones(len(rows)), math.sqrt(len(rows)) * kept])
