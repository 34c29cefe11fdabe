"""Tabulating an exact model as a `TemplateModel`, and saying how good the table is.

The exact model is evaluated at the nominal point and at +-1 sigma of each shape nuisance; where
that is not enough to follow -2 ln L of nominal Asimov data within 3 sigma, at more pulls. A
pair's cross terms are kept where leaving them out shifts -2 ln L by more than 0.01 anywhere
within 3 sigma of the pair. What remains is measured against the exact model and reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import asimov
from cevns.inference.model.expectation import Model
from cevns.inference.model.low_rank import (
    Function,
    Group,
    ShapeNuisance,
    Template,
    TemplateModel,
    Term,
)
from cevns.inference.model.positivity import floor_of
from cevns.typing import Array

__all__ = [
    "CANDIDATES",
    "CROSS_TERM_SHIFT",
    "GroupSpec",
    "Quadratic",
    "TemplateAccuracy",
    "build",
    "measure",
]

CROSS_TERM_SHIFT = 0.01
"""Shift of -2 ln L within 3 sigma above which a pair's cross terms are kept."""
CANDIDATES = (1.0, -1.0, 3.0, -3.0, 2.0, -2.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5)
"""Pulls at which a nuisance may be tabulated."""


@dataclass(frozen=True)
class GroupSpec:
    """How components of the exact model become a group.

    Args:
        name: of the group.
        factors: parameters in whose product the components are linear.
        components: components of the exact model summed in it; the one called `name` by default.
        normalised: the factors are counts: the shape sums to one at every point.
        polynomial: a parameter on which the total depends as a polynomial of degree two
            (couplings), beside the factors. The dependence is taken from the exact model.
        nuisances: shape nuisances that act on it; all those of the model by default.
    """

    name: str
    factors: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    normalised: bool = False
    polynomial: str | None = None
    nuisances: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TemplateAccuracy:
    """How a template model differs from the exact one, on nominal Asimov data.

    Args:
        shift_1sigma: largest difference of -2 ln L within 1 sigma of any pair of nuisances.
        shift_3sigma: the same within 3 sigma: the template's error.
        worst: where the latter is, in sigma.
        cross_terms: pairs whose cross terms were kept.
    """

    shift_1sigma: float
    shift_3sigma: float
    worst: Mapping[str, float]
    cross_terms: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """One sentence."""
        at = ", ".join(f"{k} {v:+.1f}" for k, v in self.worst.items())
        return (
            f"template against exact model: -2lnL differs by at most {self.shift_1sigma:.2g} "
            f"within 1 sigma and {self.shift_3sigma:.2g} within 3 sigma (at {at}); "
            f"{len(self.cross_terms)} cross terms"
        )


@dataclass(frozen=True)
class Quadratic:
    """``1 + b x + c x^2`` with ``x = value - centre``: a total relative to the nominal one."""

    centre: float
    b: float
    c: float

    def __call__(self, values: Array) -> Array:
        """``(1, ...) -> (...)``."""
        x: Array = values[0] - self.centre
        return 1.0 + x * (self.b + self.c * x)

    def derivative(self, values: Array) -> Array:
        """``(1, ...) -> (1, ...)``."""
        return self.b + 2.0 * self.c * (values - self.centre)


def build(
    exact: Model,
    groups: tuple[GroupSpec, ...],
    nuisances: tuple[str, ...],
    *,
    cross_term_shift: float = CROSS_TERM_SHIFT,
    single_shift: float = 0.05,
) -> TemplateModel:
    """Tabulate `exact`.

    Args:
        exact: the model; its `components` must be those the groups name, each proportional to
            the product of its group's factors.
        groups: one entry a group; together they must hold all components.
        nuisances: the shape nuisances (parameters with a constraint; a free one varies by its
            `scale`).
        cross_term_shift: shift of -2 ln L above which a pair's cross terms are kept.
        single_shift: shift of -2 ln L within 3 sigma of one nuisance above which it is tabulated
            at more pulls.

    Returns:
        The template model, with its `accuracy`.

    Raises:
        UnknownNameError: if a parameter is unknown.
        InputError: if the groups do not hold all components, or the templates do not reproduce
            the exact model (a component is not proportional to its factors).
    """
    _check_components(exact, groups)
    table = _Tabulator(exact, tuple(_shape(exact, n) for n in nuisances))
    model = TemplateModel(
        exact.name,
        exact.parameters,
        np.asarray(exact.observed, dtype=float),
        tuple(_group(exact, spec) for spec in groups),
        (),
        tuple(Template(spec.name, (), table.shape(spec)) for spec in groups),
        floor=_floor(exact, groups),
    )
    for shape in table.shapes.values():
        model = _add_nuisance(exact, model, table, groups, shape, single_shift)
    table.shapes = {s.name: s for s in model.nuisances}
    singles = model
    kept = []
    for j, k in combinations(table.shapes, 2):
        points = _pair_points(singles, j, k, 3.0)
        without = _twice_nll(singles, points)
        # each pair alone: what leaving it out would cost
        pair = [t for spec in groups for t in table.cross(spec, j, k)]
        with_pair = _twice_nll(_extended(singles, pair), points)
        if pair and np.abs(with_pair - without).max() > cross_term_shift:
            kept.append((j, k))
            model = _extended(model, _needed(singles, pair, points, 0.1 * cross_term_shift))
    _check_proportional(exact, model)
    return replace(model, accuracy=measure(exact, model, tuple(kept)))


def _extended(model: TemplateModel, templates: Iterable[Template]) -> TemplateModel:
    return replace(model, templates=(*model.templates, *templates))


def _add_nuisance(
    exact: Model,
    model: TemplateModel,
    table: _Tabulator,
    groups: tuple[GroupSpec, ...],
    shape: ShapeNuisance,
    largest: float,
) -> TemplateModel:
    """The model with one more nuisance, tabulated at +-1 or at as few pulls as are good enough."""
    p = exact.parameters[shape.name]
    position = exact.parameters.position(p.name)
    low, high = (p.lower - shape.centre) / shape.width, (p.upper - shape.centre) / shape.width
    candidates = [x for x in CANDIDATES if low <= x <= high]
    points = np.tile(exact.parameters.values, (len(candidates), 1))
    points[:, position] = shape.centre + np.array(candidates) * shape.width
    reference = None
    knots: tuple[float, ...] = ()
    while True:
        tabulated = replace(shape, knots=knots)
        tried = replace(
            model,
            nuisances=(*model.nuisances, tabulated),
            templates=(
                *model.templates,
                *(t for spec in groups for t in table.single(spec, tabulated)),
            ),
        )
        if reference is None:
            reference = _reference(exact, tried, points)
        shift = np.abs(_twice_nll(tried, points) - reference)
        worst = candidates[int(shift.argmax())]
        if shift.max() < largest or worst in knots:
            return tried
        # first the four that span the range, then wherever the spline is worst
        spanning = [x for x in candidates if abs(x) in (1.0, 3.0)]
        knots = tuple(sorted({*knots, worst, 0.0, *spanning}))


def _needed(
    model: TemplateModel, templates: list[Template], points: Array, shift: float
) -> list[Template]:
    """Those templates whose absence alone shifts -2 ln L by more than `shift`."""
    full = _twice_nll(_extended(model, templates), points)
    return [
        t
        for t in templates
        if np.abs(
            _twice_nll(_extended(model, [u for u in templates if u is not t]), points) - full
        ).max()
        > shift
    ]


class _Tabulator:
    """Evaluations of the exact model at pulls of its shape nuisances, each done once."""

    def __init__(self, exact: Model, shapes: tuple[ShapeNuisance, ...]) -> None:
        self.exact = exact
        self.shapes = {s.name: s for s in shapes}
        self._known: dict[tuple[tuple[str, float], ...], Mapping[str, Array]] = {}

    def _components(self, pulls: Mapping[str, float]) -> Mapping[str, Array]:
        key = tuple(sorted((k, v) for k, v in pulls.items() if v != 0.0))
        if key not in self._known:
            theta = self.exact.parameters.values
            for name, s in self.shapes.items():
                pull = pulls.get(name, 0.0)
                theta[self.exact.parameters.position(name)] = s.centre + pull * s.width
            self._known[key] = self.exact.components(theta)
        return self._known[key]

    def shape(self, spec: GroupSpec, pulls: Mapping[str, float] | None = None) -> Array:
        """The group's counts over its coefficient, with some nuisances moved."""
        components = self._components(pulls or {})
        counts = sum(np.asarray(components[c]) for c in spec.components or (spec.name,))
        p = self.exact.parameters
        factor = float(np.prod([p[f].value for f in spec.factors]))
        if factor == 0.0:
            raise InputError(
                f"group {spec.name!r}: a factor is zero at the nominal point, which leaves its "
                "shape unknown; give it another nominal value"
            )
        return np.asarray(counts / factor)

    def _acts(self, spec: GroupSpec, name: str) -> bool:
        return spec.nuisances is None or name in spec.nuisances

    def _kept(self, spec: GroupSpec, terms: tuple[Term, ...], counts: Array) -> list[Template]:
        """The template, unless a nuisance has no effect on it."""
        negligible = 1e-12 * np.abs(self.shape(spec)).max()
        return [Template(spec.name, terms, counts)] if np.abs(counts).max() > negligible else []

    def single(self, spec: GroupSpec, s: ShapeNuisance) -> list[Template]:
        """Linear and even template, or one a knot."""
        if not self._acts(spec, s.name):
            return []
        nominal = self.shape(spec)
        if not s.knots:
            up, down = self.shape(spec, {s.name: 1.0}), self.shape(spec, {s.name: -1.0})
            odd, even = 0.5 * (up - down), 0.5 * (up + down) - nominal
            return [
                *self._kept(spec, ((s.name, "linear"),), odd),
                *self._kept(spec, ((s.name, "even"),), even),
            ]
        out = []
        for knot in s.knots:
            moved = self.shape(spec, {s.name: knot}) - nominal
            out += self._kept(spec, ((s.name, knot),), moved)
        return out

    def cross(self, spec: GroupSpec, j: str, k: str) -> list[Template]:
        """Mixed differences of a pair, if both act on the group.

        Linear in both, or per knot of the one with knots and linear in the other.
        """
        if not (self._acts(spec, j) and self._acts(spec, k)):
            return []
        if self.shapes[k].knots and not self.shapes[j].knots:
            j, k = k, j

        def slope(pull: float) -> Array:  # of k at a pull of j
            up, down = ({j: pull, k: side} for side in (1.0, -1.0))
            return 0.5 * (self.shape(spec, up) - self.shape(spec, down))

        knots = self.shapes[j].knots
        if not knots:
            mixed = 0.5 * (slope(1.0) - slope(-1.0))
            return self._kept(spec, ((j, "linear"), (k, "linear")), mixed)
        out = []
        for knot in knots:
            if knot != 0.0:
                mixed = slope(knot) - slope(0.0)
                out += self._kept(spec, ((j, knot), (k, "linear")), mixed)
        return out


def _shape(exact: Model, name: str) -> ShapeNuisance:
    p = exact.parameters[name]
    if p.constraint is None:
        return ShapeNuisance(p.name, p.value, p.scale)
    return ShapeNuisance(p.name, p.constraint.mean, p.constraint.sigma)


def _group(exact: Model, spec: GroupSpec) -> Group:
    function = None
    if spec.polynomial is not None:
        p = exact.parameters[spec.polynomial]
        position = exact.parameters.position(p.name)
        theta = np.tile(exact.parameters.values, (3, 1))
        theta[:, position] += [0.0, p.scale, -p.scale]
        names = spec.components or (spec.name,)
        zero, up, down = (sum(float(np.sum(exact.components(t)[c])) for c in names) for t in theta)
        b = 0.5 * (up - down) / (p.scale * zero)
        c = (0.5 * (up + down) - zero) / (p.scale**2 * zero)
        quadratic = Quadratic(p.value, b, c)
        function = Function((p.name,), quadratic, quadratic.derivative)
    return Group(spec.name, spec.factors, function, spec.normalised)


def _floor(exact: Model, groups: tuple[GroupSpec, ...]) -> Array:
    """The exact model's floor, or half of what comes from groups whose shape never moves."""
    if getattr(exact, "floor", None) is not None:
        return floor_of(exact)
    components = exact.components(exact.parameters.values)
    floor = np.zeros(np.shape(exact.observed))
    for spec in groups:
        if spec.nuisances == ():
            for c in spec.components or (spec.name,):
                floor += 0.5 * np.maximum(components[c], 0.0)
    return floor


def _check_components(exact: Model, groups: tuple[GroupSpec, ...]) -> None:
    named = [c for spec in groups for c in spec.components or (spec.name,)]
    existing = list(exact.components(exact.parameters.values))
    if sorted(named) != sorted(existing):
        raise InputError(
            f"model {exact.name!r} has the components {', '.join(existing)}; the groups hold "
            f"{', '.join(named)}"
        )


def _check_proportional(exact: Model, model: TemplateModel) -> None:
    """Factors and polynomials must reproduce the exact model away from the nominal point."""
    for spec in model.groups:
        names = [*spec.factors, *(spec.function.parameters if spec.function else ())]
        for name in names:
            p = exact.parameters[name]
            value = p.value + p.scale if p.value + p.scale <= p.upper else p.value - p.scale
            theta = exact.parameters.at({name: value}).values
            mu = np.asarray(exact.expected(theta))
            worst = float(np.abs(model.expected(theta) - mu).max() / np.abs(mu).max())
            if worst > 1e-4:  # a wrong factor is off by percents; no fit sees less than this
                raise InputError(
                    f"group {spec.name!r}: the model is not a product in {name!r} (templates are "
                    f"off by {worst:.1g} one step away); make it a shape nuisance"
                )


def _pair_points(model: TemplateModel, j: str, k: str, radius: float) -> Array:
    """Parameter points on and inside a circle of `radius` sigma in two nuisances."""
    angles = np.arange(16) * (np.pi / 8.0)
    points = []
    for r in (radius, 2.0 * radius / 3.0, radius / 3.0):
        for phi in angles:
            theta = model.parameters.values
            for name, step in ((j, r * np.cos(phi)), (k, r * np.sin(phi))):
                s = next(n for n in model.nuisances if n.name == name)
                p = model.parameters[name]
                value = s.centre + step * s.width
                theta[model.parameters.position(name)] = min(max(value, p.lower), p.upper)
            points.append(theta)
    return np.array(points)


def _twice_nll(model: TemplateModel, points: Array) -> Array:
    return Likelihood.of(model, asimov(model)).twice_nll(points)


def _reference(exact: Model, model: TemplateModel, points: Array) -> Array:
    """-2 ln L of the exact model, treated as the templates are where it is negative."""
    likelihood = Likelihood(exact, asimov(exact), floor_of(model))
    return np.array([float(likelihood.twice_nll(t)) for t in points])


def measure(
    exact: Model, model: TemplateModel, cross_terms: tuple[tuple[str, str], ...]
) -> TemplateAccuracy:
    """Largest difference of -2 ln L between a template model and the exact one.

    Both are evaluated on the exact model's nominal Asimov data, on circles of 1, 2 and 3 sigma in
    every pair of shape nuisances (the single ones lie on them).
    """
    names = [s.name for s in model.nuisances]
    if not names:
        return TemplateAccuracy(0.0, 0.0, {}, ())
    pairs = list(combinations(names, 2)) or [(names[0], names[0])]
    worst_1 = worst_3 = -1.0
    where: dict[str, float] = {}
    for j, k in pairs:
        points = np.concatenate([_pair_points(model, j, k, 1.0), _pair_points(model, j, k, 3.0)])
        shift = np.abs(_twice_nll(model, points) - _reference(exact, model, points))
        half = len(points) // 2
        worst_1 = max(worst_1, float(shift[:half].max()))
        if shift.max() > worst_3:
            worst_3 = float(shift.max())
            at = points[int(shift.argmax())]
            where = {
                s.name: float((at[model.parameters.position(s.name)] - s.centre) / s.width)
                for s in model.nuisances
                if s.name in (j, k)
            }
    return TemplateAccuracy(worst_1, worst_3, where, cross_terms)
