"""The signal of an experiment on polynomials and splines: for toys and scans.

Reconstructed energies depend on few pulls and smoothly: E[c, e] (arrival-time class c, energy bin
e) is a polynomial in quenching pulls, couplings and neutron radius, whose coefficients follow the
efficiency pull on cubic B-splines (a clamped efficiency is not analytic). Arrival times are the
splines they always are. So

    S[e, t] = sum_c E[c, e](quenching, couplings, radius; efficiency) tau_c[t](t0)

holds every cross term of the exact model and is one small matrix product, E = A W, with W the
products of monomials and B-splines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from cevns.detectors import TimeTable
from cevns.detectors.response import PULL_REACH
from cevns.experiments.separable import Values, linearise
from cevns.experiments.signal import Signal
from cevns.typing import Array, IntArray, Namespace

# couplings enter quadratically, so their degree is exact
DEGREE = {"quenching": 3, "radius": 4, "coupling": 2}
_REACH = 4.0  # sigmas of quenching pulls and radius that the polynomials are fitted over
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

    def evaluate(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """The monomials and their derivatives by each variable, each ``(n_monomials, ...)``."""
        one = xp.ones_like(like)
        highest = int(self.powers.max(initial=0))
        tables = []
        for i, name in enumerate(self.names):
            x = (values[name] - self.centres[i]) / self.scales[i]
            powers = [one]
            for _ in range(highest):
                powers.append(powers[-1] * x)
            tables.append(powers)
        out = []
        for derived in range(-1, len(self.names)):
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
class TabulatedSignal:
    """Expected signal per (energy, time) bin; the fast stand-in of `Signal`.

    Args:
        monomials: in quenching pulls, couplings and radius.
        matrix: A, ``(n_classes n_energy, n_features)``; features are the monomials, then their
            products with the B-splines of each efficiency pull.
        efficiency: names of the efficiency pulls.
        times: arrival-time bins of each class.
        pulse_time: name of the pulse-time parameter, if it is driven.
        pulse_time_us: its value otherwise.
        n_energy: number of energy bins.
        crossed: whether efficiency and quenching act on each other, or their effects add.
    """

    monomials: Monomials
    matrix: Array
    efficiency: tuple[str, ...]
    times: tuple[TimeTable, ...]
    pulse_time: str | None
    pulse_time_us: float
    n_energy: int
    crossed: bool = True

    @property
    def n_time(self) -> int:
        """Number of time bins."""
        return self.times[0].n_bins

    @property
    def driven(self) -> tuple[str, ...]:
        """Names of the parameters that move the signal, in the order of the slopes."""
        pulse = () if self.pulse_time is None else (self.pulse_time,)
        return (*self.monomials.names, *self.efficiency, *pulse)

    def features(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """W and its slopes along the monomials' variables and the efficiency pulls."""
        rows = self.monomials.evaluate(values, like, xp)
        splines = [b_splines(values[name], xp) for name in self.efficiency]
        # what the splines multiply: all monomials, or (not crossed) the constant one alone
        met = rows if self.crossed else [r[:1] for r in rows]
        features = []
        for row, factor in zip(rows, met, strict=True):
            blocks = [row, *(_outer(factor, spline) for spline, _ in splines)]
            features.append(xp.concatenate(blocks))
        for i in range(len(splines)):
            blocks = [xp.zeros_like(rows[0])]
            for j, (spline, slope) in enumerate(splines):
                blocks.append(_outer(met[0], slope if j == i else 0.0 * spline))
            features.append(xp.concatenate(blocks))
        return features

    def energies(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(n_classes, n_energy, ...)``."""
        shape = (len(self.times), self.n_energy, *like.shape)
        features = self.features(values, like, xp)
        flat = [f.reshape(f.shape[0], -1) for f in features]
        return [(self.matrix @ f).reshape(shape) for f in flat]

    def arrivals(self, values: Values, like: Array, xp: Namespace) -> list[Array]:
        """Tau and its slope along the pulse time, each ``(n_classes, n_time, ...)``."""
        t0 = self.pulse_time_us + like if self.pulse_time is None else values[self.pulse_time]
        pairs = [table.evaluate_with_derivative(t0, xp) for table in self.times]
        return [xp.stack([xp.moveaxis(p[k], -1, 0) for p in pairs]) for k in (0, 1)]

    def evaluate(self, values: Values, xp: Namespace = np) -> Array:
        """Expected counts, ``(..., n_energy, n_time)``."""
        return self.linearise(values, xp)[0]

    def linearise(self, values: Values, xp: Namespace = np) -> tuple[Array, dict[str, Array]]:
        """Expected counts and their derivatives by name, each ``(..., n_energy, n_time)``."""
        return linearise(self, values, xp)


def _outer(row: Array, spline: Array) -> Array:
    """Products of monomials and splines, ``(n_splines n_monomials, ...)``."""
    result: Array = (spline[:, None] * row[None, :]).reshape(-1, *row.shape[1:])
    return result


def tabulate(
    signal: Signal, nominal: Mapping[str, float], scale: Mapping[str, float]
) -> TabulatedSignal:
    """Tabulate an exact signal.

    Args:
        signal: the exact one.
        nominal: values of all parameters it is bound to.
        scale: their typical steps (the width of a constraint).
    """
    binding = signal.binding
    kinds = dict.fromkeys(binding.interaction, "coupling")
    kinds |= {n: "quenching" for n in binding.quenching if n is not None}
    if binding.neutron_radius is not None:
        kinds[binding.neutron_radius] = "radius"
    classes = time_classes(signal)

    def by_class(values: Values) -> Array:
        energies = signal.by_flavour(values)
        return np.stack([energies[..., list(c), :].sum(axis=-2) for c in classes], axis=-2)

    monomials, matrix = fit_features(signal, nominal, scale, kinds, by_class)
    return TabulatedSignal(
        monomials,
        matrix,
        tuple(n for n in binding.efficiency if n is not None),
        tuple(signal.times[c[0]] for c in classes),
        binding.pulse_time,
        signal.pulse_time_us,
        signal.n_energy,
    )


def fit_features(
    signal: Signal,
    nominal: Mapping[str, float],
    scale: Mapping[str, float],
    kinds: Mapping[str, str],
    sample: Callable[[Values], Array],
    *,
    crossed: bool = True,
) -> tuple[Monomials, Array]:
    """Coefficients of the features that reproduce `sample` over the reach of the parameters.

    Args:
        signal: what is tabulated.
        nominal: values of all parameters.
        scale: their typical steps.
        kinds: variables of the monomials by name, and what they are.
        sample: values of parameters ``(n,)`` to rows ``(n, ...)`` or, if nothing moves, ``(...)``.
        crossed: see `TabulatedSignal`.

    Returns:
        The monomials and the matrix ``(size of a row, n_features)``.
    """
    names = tuple(kinds)
    monomials = Monomials(
        names,
        np.array([nominal[n] for n in names]),
        np.array([scale[n] * (1.0 if kinds[n] == "coupling" else _REACH) for n in names]),
        _powers([(kinds[n], DEGREE[kinds[n]]) for n in names]),
    )
    points = _design([DEGREE[kinds[n]] for n in names])
    values = {
        n: monomials.centres[i] + monomials.scales[i] * points[:, i] for i, n in enumerate(names)
    }
    like = np.zeros(len(points))
    fitted = np.linalg.pinv(monomials.evaluate(values, like, np)[0].T)

    def coefficients(pulls: Mapping[str, float]) -> Array:
        at = {n: like + v for n, v in nominal.items()}
        at |= values | {n: like + p for n, p in pulls.items()}
        rows = sample(at)
        if len(names) + len(pulls) == 0 and rows.shape[:1] != like.shape:
            rows = rows[None]
        result: Array = fitted @ rows.reshape(len(points), -1)
        return result

    base = coefficients({})
    blocks = [base]
    for name in signal.binding.efficiency:
        if name is not None:
            changes = np.stack([coefficients({name: float(k)}) - base for k in _KNOTS])
            if not crossed:
                changes = changes[:, :1]
            blocks.append(b_spline_coefficients(changes).reshape(-1, base.shape[1]))
    return monomials, np.ascontiguousarray(np.concatenate(blocks).T)


def time_classes(signal: Signal) -> list[tuple[int, ...]]:
    """Flavours that arrive alike, by position."""
    classes: list[list[int]] = []
    for f, table in enumerate(signal.times):
        for known in classes:
            other = signal.times[known[0]].spline
            if np.array_equal(other.coefficients, table.spline.coefficients):
                known.append(f)
                break
        else:
            classes.append([f])
    return [tuple(c) for c in classes]


def _powers(variables: list[tuple[str, int]]) -> IntArray:
    """Exponents up to the degree of each variable, and in total up to that of their kind."""
    rows = []
    for exponents in product(*(range(d + 1) for _, d in variables)):
        total: dict[str, int] = {}
        for (kind, _), k in zip(variables, exponents, strict=True):
            total[kind] = total.get(kind, 0) + k
        if all(t <= DEGREE[kind] for kind, t in total.items()):
            rows.append(exponents)
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(variables))


def _design(degrees: list[int]) -> Array:
    """Chebyshev points in [-1, 1], three more than the degree along each variable."""
    axes = [np.cos(np.pi * (np.arange(d + 3) + 0.5) / (d + 3)) for d in degrees]
    grid = np.meshgrid(*axes, indexing="ij") if axes else []
    return np.stack([g.ravel() for g in grid], axis=-1) if axes else np.zeros((1, 0))
