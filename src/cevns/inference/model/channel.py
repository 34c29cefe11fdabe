"""A channel: data, the components that make them, and one statistic.

A component is strength times shape. With U_0 the shape of a component and U_k its slopes, the
expectation and its derivatives are

    mu = sum_c s_c U_c0 / N_c,      d mu/d theta_p = sum_c [(d s_c/d theta_p) U_c0 + s_c U_cp] / N_c
                                                     - normalised: s_c U_c0 (sum U_cp) / N_c^2,

with N_c = 1, or the sum of U_c0 over the bins where the shape is normalised. So every derivative
is a combination of few rows (`cevns.inference.model.rows`), which gradient and curvature use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.factors import Factor, Strength, Values, factors, product, product_slopes
from cevns.inference.model.rows import DenseRows, Rows, StaticMatrix, WeightedRows
from cevns.inference.model.shapes import Shape
from cevns.inference.model.statistic import Statistic
from cevns.inference.statistics.poisson import Poisson
from cevns.typing import Array, IntArray, frozen

__all__ = ["COUNTS", "Channel", "Component", "Evaluated"]

COUNTS: Statistic = Poisson()

Terms = dict[str, list[tuple[int, Array]]]
"""Derivatives by parameters as sums of rows: their numbers and coefficients ``(B,)``."""


@dataclass(frozen=True, eq=False)
class Component:
    """``size * product(strength) * shape``, the shape divided by its sum where `normalised`.

    Args:
        name: of the component.
        shape: counts per bin.
        strength: parameters by name, numbers, and functions of parameters.
        normalised: whether the strength is the number of events.
        title: a line for tables.
    """

    name: str
    shape: Shape
    strength: tuple[Strength, ...] = ()
    normalised: bool = False
    title: str = ""

    @cached_property
    def factors(self) -> tuple[float, tuple[Factor, ...]]:
        """The number and the factors of the strength."""
        return factors(self.strength)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters that it depends on."""
        own = [n for f in self.factors[1] for n in f.names]
        return tuple(dict.fromkeys([*own, *self.shape.parameters]))


@dataclass(frozen=True, eq=False, repr=False)
class Channel:
    """Data and the components that make them, with one statistic.

    Args:
        name: of the channel.
        observed: data, ``(n_bins,)``; expected ones for a projection.
        components: what is expected, the signal first.
        statistic: how both are compared.
        floor: counts per bin below which an expectation is bent to stay positive; None for none.
        shape: cells along each axis, with product n_bins; by default one axis.
        axes: names of the axes.
        rename: own names of parameters to those of the model, where they differ.
        units: own names of parameters to the value that the model's parameter multiplies.
        derived: arguments of components that are functions of other own parameters, which then
            stand in their place (``y`` for a coupling).
        events: what each cell adds to the number of events, ``(n_bins,)``; by default one each.
        group: which of several joined models it belongs to.
        auxiliary: whether its data are a calibration, no part of what the experiment counts.

    Raises:
        InputError: if a shape, the floor or the data have another number of bins, or data are
            impossible.
    """

    name: str
    observed: Array
    components: tuple[Component, ...]
    statistic: Statistic = COUNTS
    floor: Array | None = None
    shape: tuple[int, ...] = ()
    axes: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    derived: Mapping[str, Factor] = field(default_factory=dict)
    events: Array | None = None
    group: str = ""
    auxiliary: bool = False

    def __post_init__(self) -> None:
        n = self.n_bins
        for c in self.components:
            if c.shape.n_bins != n:
                raise InputError(
                    f"channel {self.name!r}: the component {c.name!r} has {c.shape.n_bins} bins "
                    f"where the data have {n}"
                )
        if self.floor is not None and self.floor.shape != (n,):
            raise InputError(f"channel {self.name!r}: the floor needs one value for each bin")
        if self.shape and int(np.prod(self.shape)) != n:
            raise InputError(f"channel {self.name!r}: {n} bins do not fill axes of {self.shape}")
        if not self.components:
            raise InputError(f"channel {self.name!r} needs at least one component")
        self.statistic.check(self.observed, f"channel {self.name!r}")
        object.__setattr__(self, "observed", frozen(self.observed))

    def __repr__(self) -> str:
        """Name, cells and components."""
        return (
            f"Channel({self.name!r}, {self.cells}, {' + '.join(c.name for c in self.components)})"
        )

    @property
    def n_bins(self) -> int:
        """Number of cells."""
        return int(self.observed.size)

    @property
    def cells(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return self.shape or (self.n_bins,)

    def counted(self, cells: Array) -> Array:
        """Numbers of events in the cells ``(n_bins, ...)``."""
        summed: Array = cells.sum(axis=0) if self.events is None else self.events @ cells
        return summed

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Own names of the parameters that it depends on."""
        out: dict[str, None] = {}
        for c in self.components:
            for argument in c.names:
                known = self.derived.get(argument)
                out |= dict.fromkeys((argument,) if known is None else known.names)
        return tuple(out)

    def joint_name(self, own: str) -> str:
        """The model's name of one of its parameters."""
        return self.rename.get(own, own)

    def component(self, name: str) -> Component:
        """A component by name."""
        return next(c for c in self.components if c.name == name)

    def with_fixed(self, names: Iterable[str]) -> Channel:
        """The same channel without slopes along own parameters that a fit holds."""
        held = frozenset(names)
        # an argument stands still where all that it is derived from does
        held |= {n for n, f in self.derived.items() if held.issuperset(f.names)}
        return replace(
            self,
            components=tuple(replace(c, shape=c.shape.with_fixed(held)) for c in self.components),
        )

    def exposed(self, factor: float) -> Channel:
        """The same channel after an exposure `factor` times as long, data and all components.

        Raises:
            InputError: if its data are no counts, or the factor is not positive.
        """
        if not (np.isfinite(factor) and factor > 0.0):
            raise InputError(f"the factor on an exposure must be positive, not {factor:g}")
        if not self.statistic.counts or self.statistic.extra:
            raise InputError(
                f"channel {self.name!r}: its data are not plain counts, so their errors "
                "for a longer exposure are not defined"
            )
        return replace(
            self,
            observed=factor * self.observed,
            components=tuple(replace(c, strength=(*c.strength, factor)) for c in self.components),
            floor=None if self.floor is None else factor * self.floor,
        )

    @cached_property
    def _static(self) -> StaticMatrix | None:
        """Static rows of all components that have such."""
        rows = [c.shape.matrix for c in self.components if c.shape.matrix is not None]
        return StaticMatrix(np.concatenate(rows)) if rows else None

    def at(self, values: Values, like: Array) -> Evaluated:
        """The channel at a batch of points.

        Args:
            values: own parameters by name, each ``(B,)``.
            like: zeros, ``(B,)``.
        """
        if self.derived:
            values = {**values, **{n: f.value(values) for n, f in self.derived.items()}}
        blocks: list[Rows] = []
        where: list[tuple[int, tuple[str, ...]]] = []  # of each component: first row, slopes
        weights = self._weights(values, like)
        n_static = n_rows = 0
        if self._static is not None:
            n_static = len(self._static.rows) if weights is None else len(weights)
            n_rows = n_static
        at = 0
        for c in self.components:
            along = c.shape.names
            if c.shape.matrix is not None:
                where.append((at, along))
                at += 1 + len(along)
                continue
            blocks.append(c.shape.rows(values, like))
            where.append((n_rows, along))
            n_rows += 1 + len(along)
        static = None if self._static is None else WeightedRows(self._static, weights)
        return Evaluated(self, values, like, static, tuple(blocks), tuple(where), n_static)

    @cached_property
    def _static_shapes(self) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
        """Shapes on static rows, and all parameters that move them."""
        shapes = tuple(c.shape for c in self.components if c.shape.matrix is not None)
        return shapes, tuple(dict.fromkeys(n for s in shapes for n in s.parameters))

    @cached_property
    def _known_weights(self) -> dict[bytes, Array | None]:
        """Weights of the last single point: of a minimiser's steps few move the shapes."""
        return {}

    def _weights(self, values: Values, like: Array) -> Array | None:
        """Weights of all static rows, ``(n_rows, m, B)``; None where each row stands alone."""
        if like.size != 1:
            return self._mixed(values, like)
        key = b"".join(values[n].tobytes() for n in self._static_shapes[1])
        known = self._known_weights
        if key not in known:
            found = self._mixed(values, like)
            known.clear()
            known[key] = None if found is None else frozen(found)
        return known[key]

    def _mixed(self, values: Values, like: Array) -> Array | None:
        found = [s.weights(values, like) for s in self._static_shapes[0]]
        if all(w is None for w in found):
            return None
        widths = [1 if w is None else w.shape[1] for w in found]
        heights = [1 if w is None else len(w) for w in found]
        out = np.zeros((sum(heights), sum(widths), *like.shape))
        row = column = 0
        for w, height, width in zip(found, heights, widths, strict=True):
            out[row : row + height, column : column + width] = 1.0 if w is None else w
            row, column = row + height, column + width
        return out


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A channel at a batch of points; made by `Channel.at`.

    Rows are numbered through: first those on static rows, then those of the computed shapes.
    """

    channel: Channel
    values: Values
    like: Array
    static: WeightedRows | None
    computed: tuple[Rows, ...]
    where: tuple[tuple[int, tuple[str, ...]], ...]
    n_static: int

    @cached_property
    def _totals(self) -> Array:
        """Events of all rows, ``(n_rows, B)``."""
        if self.channel.events is not None:
            return (self.dense @ self.channel.events).T + self.like
        parts = [] if self.static is None else [self.static.totals() + self.like]
        return np.concatenate([*parts, *(m.totals() + self.like for m in self.computed)])

    @cached_property
    def coefficients(self) -> list[Array]:
        """What the shape of each component is multiplied with, ``(B,)``."""
        out = []
        for c, (row, _) in zip(self.channel.components, self.where, strict=True):
            strength = product(*c.factors, self.values, self.like)
            out.append(strength / self._totals[row] if c.normalised else strength)
        return out

    @cached_property
    def mean(self) -> Array:
        """Expected data, ``(n_bins, B)``."""
        total: Array | None = None
        if self.static is not None:
            mixed = np.zeros((self.n_static, *self.like.shape))
            for c, (row, _), factor in zip(
                self.channel.components, self.where, self.coefficients, strict=True
            ):
                if c.shape.matrix is not None:
                    mixed[row] = factor
            total = self.static.combined(mixed)
        for rows, factor in zip(self.computed, self._computed_coefficients, strict=True):
            own = rows.scaled(factor)
            total = own if total is None else total + own
        assert total is not None
        return total

    @property
    def _computed_coefficients(self) -> list[Array]:
        return [
            factor
            for c, factor in zip(self.channel.components, self.coefficients, strict=True)
            if c.shape.matrix is None
        ]

    def component(self, number: int) -> Array:
        """Expected data of one component, ``(n_bins, B)``."""
        row, _ = self.where[number]
        factor = self.coefficients[number]
        if self.channel.components[number].shape.matrix is not None:
            assert self.static is not None
            mixed = np.zeros((self.n_static, *self.like.shape))
            mixed[row] = factor
            return self.static.combined(mixed)
        before = [c.shape.matrix is None for c in self.channel.components[:number]]
        return self.computed[sum(before)].scaled(factor)

    # -- derivatives ---------------------------------------------------------------------------

    @cached_property
    def terms(self) -> Terms:
        """Derivatives by the model's names of the parameters."""
        out: Terms = {}
        channel = self.channel

        def add(own: str, row: int, coefficient: Array) -> None:
            if own in channel.derived:
                for name, slope in channel.derived[own].slopes(self.values).items():
                    add(name, row, coefficient * slope)
                return
            factor = channel.units.get(own, 1.0)
            scaled = coefficient if factor == 1.0 else factor * coefficient
            out.setdefault(channel.joint_name(own), []).append((row, scaled))

        for c, (row, along), factor in zip(
            channel.components, self.where, self.coefficients, strict=True
        ):
            slopes = product_slopes(*c.factors, self.values, self.like)
            for name, slope in slopes.items():
                add(name, row, slope / self._totals[row] if c.normalised else slope)
            for k, name in enumerate(along, start=row + 1):
                add(name, k, factor)
                if c.normalised:
                    add(name, row, -factor * self._totals[k] / self._totals[row])
        return out

    def _stacked(self, names: tuple[str, ...]) -> list[tuple[IntArray, Array]]:
        """The first, second, ... row of each parameter and its coefficient, ``(n_names, B)``."""
        lists = [self.terms.get(n, []) for n in names]
        zero = (0, np.zeros_like(self.like))
        out = []
        for t in range(max(map(len, lists), default=0)):
            pairs = [terms[t] if t < len(terms) else zero for terms in lists]
            rows = np.array([k for k, _ in pairs])
            out.append((rows, np.stack([a + self.like for _, a in pairs])))
        return out

    def _vector(self, residual: Array) -> Array:
        transform = self.channel.statistic.transform
        return residual if transform is None else transform.T @ residual

    def gradient(self, names: tuple[str, ...], residual: Array) -> Array:
        """``sum_i residual_i d mu_i``, ``(n_names, B)``."""
        vector = self._vector(residual)
        parts = [] if self.static is None else [self.static.against(vector)]
        raw = np.concatenate([*parts, *(m.against(vector) for m in self.computed)])
        total = np.zeros((len(names), *self.like.shape))
        for rows, coefficients in self._stacked(names):
            total += coefficients * raw[rows]
        return total

    def curvature(self, names: tuple[str, ...], weight: Array) -> Array:
        """``sum_i weight_i d mu_i d mu_i^T``, ``(n_names, n_names, B)``."""
        gram = self._gram(weight)
        stacked = self._stacked(names)
        total = np.zeros((len(names), len(names), *self.like.shape))
        for rows, a in stacked:
            for columns, b in stacked:
                total += a[:, None] * b[None] * gram[rows[:, None], columns[None]]
        return total

    def _gram(self, weight: Array) -> Array:
        """Products of all rows with each other, ``(n_rows, n_rows, B)``."""
        transform = self.channel.statistic.transform
        if transform is not None:
            return DenseRows(self.dense @ transform.T).gram(weight)
        if not self.computed:
            assert self.static is not None
            return self.static.gram(weight)
        if len(self.computed) > 1:
            # rows of different kinds meet each other over the bins
            return DenseRows(self.dense).gram(weight)
        (computed,) = self.computed
        own = computed.gram(weight)
        if self.static is None:
            return own
        across = self.static.spread(computed.meet(self.static.matrix, weight))
        below = np.concatenate([np.swapaxes(across, 0, 1), own])
        above = np.concatenate([self.static.gram(weight), across])
        return np.concatenate([above, below], axis=1)

    @cached_property
    def dense(self) -> Array:
        """All rows, ``(B, n_rows, n_bins)``."""
        size = self.like.size
        parts = [] if self.static is None else [self.static.dense()]
        parts += [m.dense() for m in self.computed]
        spread = [np.broadcast_to(p, (size, *p.shape[1:])) for p in parts]
        return np.concatenate(spread, axis=1)

    def jacobian(self, names: tuple[str, ...]) -> Array:
        """Derivatives of the expected data, ``(B, n_names, n_bins)``."""
        dense = self.dense
        total = np.zeros((self.like.size, len(names), dense.shape[2]))
        for rows, coefficients in self._stacked(names):
            total += coefficients.T[:, :, None] * dense[:, rows]
        return total
