"""A model in low-rank form: expected counts = weights(theta) times static templates.

    mu_i(theta) = sum_m w_m(theta) T_mi,    w_m = c_g(theta) phi_m(alpha)

A *group* of templates shares the coefficient c_g: a product of parameters (normalisations,
flux, ...) and, if need be, a function. Within a group, shapes move with the shape nuisances
alpha = (theta - centre)/width: a nuisance with variations at +-1 sigma has a linear and an even
template,

    shape(alpha) = nominal + alpha S + d(alpha) D + ...,

with the C2 interpolation d of `cevns.morphing`; one with variations at more pulls has a template
for each of them and the natural spline through them (`splines`). Both are equal to the variations
where these are given, smooth everywhere and straight outside. Products of two such terms are the
cross terms. A *normalised* group divides its shape by its sum, so that a count parameter is the
count: mu_g = N shape / sum(shape).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.splines import CardinalSplines
from cevns.morphing import even_part, even_part_derivative
from cevns.parameters import Parameters
from cevns.typing import Array, IntArray, Namespace

if TYPE_CHECKING:
    from cevns.inference.model import Model
    from cevns.inference.template_builder import GroupSpec, TemplateAccuracy

Kind = float | Literal["linear", "even"]
Term = tuple[str, Kind]
"""A nuisance and its function: alpha itself, d(alpha), or the spline of a knot."""


@dataclass(frozen=True)
class Function:
    """A function of some parameters as factor of a group's coefficient.

    Args:
        parameters: names of its arguments.
        value: ``(values (n, ...), xp) -> (...)``; picklable for toys on a process pool.
        derivative: ``(values (n, ...), xp) -> (n, ...)``; by differences (numpy) or forward-mode
            differentiation (jax) if it is not given.
    """

    parameters: tuple[str, ...]
    value: Callable[[Array, Namespace], Array]
    derivative: Callable[[Array, Namespace], Array] | None = None

    def slopes(self, values: Array, xp: Namespace) -> Array:
        """Derivatives by the arguments, ``(n, ...) -> (n, ...)``."""
        if self.derivative is not None:
            return self.derivative(values, xp)
        unit = xp.eye(len(self.parameters)).reshape(
            (len(self.parameters),) * 2 + (1,) * (values.ndim - 1)
        )
        if xp is np:
            step = 6e-6 * np.maximum(np.abs(values), 0.1)  # cube root of the rounding error
            rows = [
                (self.value(values + e * step, xp) - self.value(values - e * step, xp))
                / (2.0 * step[i])
                for i, e in enumerate(unit)
            ]
            return np.stack(rows)
        import jax

        def along(tangent: Array) -> Any:
            return jax.jvp(lambda v: self.value(v, xp), (values,), (tangent,))[1]

        result: Array = xp.stack([along(xp.broadcast_to(e, values.shape)) for e in unit])
        return result


@dataclass(frozen=True)
class Group:
    """Templates with a common coefficient.

    Args:
        name: component name.
        factors: parameters whose product is the coefficient.
        function: a further factor.
        normalised: divide the shape by its sum over the bins.
    """

    name: str
    factors: tuple[str, ...] = ()
    function: Function | None = None
    normalised: bool = False


@dataclass(frozen=True)
class ShapeNuisance:
    """A parameter that moves shapes; ``alpha = (theta - centre)/width``.

    Args:
        name: of the parameter.
        centre: its value at alpha = 0.
        width: its change for alpha = 1.
        knots: pulls at which variations are given, zero among them; empty for +-1.
    """

    name: str
    centre: float
    width: float
    knots: tuple[float, ...] = ()

    def terms(self, alpha: Array, xp: Namespace) -> dict[Kind, Array]:
        """All functions of this nuisance at `alpha`, by kind."""
        out: dict[Kind, Array] = {"linear": alpha}
        if self.knots:
            splines = CardinalSplines(self.knots).values(alpha, xp)
            return out | dict(zip(self.knots, splines, strict=True))
        return out | {"even": even_part(alpha, xp)}

    def slopes(self, alpha: Array, xp: Namespace) -> dict[Kind, Array]:
        """Derivatives of `terms` by the parameter."""
        out: dict[Kind, Array] = {"linear": xp.ones_like(alpha) / self.width}
        if self.knots:
            splines = CardinalSplines(self.knots).slopes(alpha, xp) / self.width
            return out | dict(zip(self.knots, splines, strict=True))
        return out | {"even": even_part_derivative(alpha, xp) / self.width}


@dataclass(frozen=True, eq=False)
class Template:
    """One static template of a group and the function of the nuisances that multiplies it.

    Args:
        group: group name.
        terms: factors of that function: none for the nominal shape, two for a cross term.
        counts: per bin, ``(n_bins,)``.
    """

    group: str
    terms: tuple[Term, ...]
    counts: Array


@dataclass(frozen=True, eq=False)
class _SinglePoint:
    """All weights of one parameter point in a dozen array operations.

    A minimiser asks for one point at a time, where a loop over templates in Python costs more
    than the arithmetic. With phi = (1, alpha_1 ..., d(alpha_1) ...) the weight of a template is
    ``phi[first] phi[second]`` times the product of its factors.
    """

    at: IntArray
    centre: Array
    width: Array
    first: IntArray
    second: IntArray
    factors: IntArray

    @classmethod
    def of(cls, model: TemplateModel) -> _SinglePoint:
        names = [n.name for n in model.nuisances]

        def place(term: Term | None) -> int:
            if term is None:
                return 0
            return 1 + names.index(term[0]) + (len(names) if term[1] == "even" else 0)

        one = len(model.parameters)  # a one stands behind the parameters
        factors = {g.name: [model.parameters.position(p) for p in g.factors] for g in model.groups}
        longest = max((len(f) for f in factors.values()), default=0)
        padded = [[*t.terms, None, None][:2] for t in model.templates]
        return cls(
            np.array([model.parameters.position(n) for n in names], dtype=np.int64),
            np.array([n.centre for n in model.nuisances]),
            np.array([n.width for n in model.nuisances]),
            np.array([place(a) for a, _ in padded], dtype=np.int64),
            np.array([place(b) for _, b in padded], dtype=np.int64),
            np.array(
                [
                    [*factors[t.group], *[one] * (longest - len(factors[t.group]))]
                    for t in model.templates
                ],
                dtype=np.int64,
            ),
        )

    def weights(self, theta: Array) -> Array:
        """``(n_par,) -> (n_templates,)``."""
        alpha = (theta[self.at] - self.centre) / self.width
        phi = np.concatenate(([1.0], alpha, even_part(alpha)))
        product = np.append(theta, 1.0)[self.factors].prod(axis=1)
        result: Array = product * phi[self.first] * phi[self.second]
        return result

    def weights_and_slopes(self, theta: Array) -> tuple[Array, Array]:
        """``(n_par,) -> (n_templates,), (n_par, n_templates)``."""
        alpha = (theta[self.at] - self.centre) / self.width
        phi = np.concatenate(([1.0], alpha, even_part(alpha)))
        rate = np.concatenate(([0.0], 1.0 / self.width, even_part_derivative(alpha) / self.width))
        owner = np.concatenate(([theta.size], self.at, self.at))
        values = np.append(theta, 1.0)[self.factors]
        product = values.prod(axis=1)
        shape = phi[self.first] * phi[self.second]
        columns = np.arange(self.first.size)
        # the last row collects the derivatives by the ones behind the parameters
        slopes = np.zeros((theta.size + 1, self.first.size))
        for here, there in ((self.first, self.second), (self.second, self.first)):
            slopes[owner[here], columns] += product * rate[here] * phi[there]
        for k in range(values.shape[1]):
            others = np.delete(values, k, axis=1).prod(axis=1)
            slopes[self.factors[:, k], columns] += others * shape
        return product * shape, slopes[:-1]


@dataclass(frozen=True, eq=False)
class TemplateModel:
    """A model in low-rank form. Satisfies `cevns.inference.model.LinearisedModel`.

    Args:
        name: of the model.
        parameters: the parameter vector.
        observed: counts, ``(n_bins,)``.
        groups: the groups.
        nuisances: the shape nuisances.
        templates: all templates.
        floor: below it a bin's expectation is bent to stay positive
            (`cevns.inference.positivity`); zeros by default.
        accuracy: how well it stands in for an exact model, where it was built from one.

    Raises:
        InputError: if a name is unknown or shapes differ.
    """

    name: str
    parameters: Parameters
    observed: Array
    groups: tuple[Group, ...]
    nuisances: tuple[ShapeNuisance, ...]
    templates: tuple[Template, ...]
    floor: Array | None = None
    accuracy: TemplateAccuracy | None = None

    def __post_init__(self) -> None:
        known_groups = {g.name for g in self.groups}
        known_shapes = {n.name for n in self.nuisances}
        for g in self.groups:
            for p in (*g.factors, *(g.function.parameters if g.function else ())):
                self.parameters.position(p)
        for n in self.nuisances:
            self.parameters.position(n.name)
        for t in self.templates:
            if t.group not in known_groups or not {n for n, _ in t.terms} <= known_shapes:
                raise InputError(f"template of {t.group!r} {t.terms}: unknown group or nuisance")
            if t.counts.shape != np.shape(self.observed):
                raise InputError(
                    f"template of {t.group!r}: {t.counts.shape} bins where the data have "
                    f"{np.shape(self.observed)}"
                )

    @classmethod
    def from_model(
        cls,
        exact: Model,
        groups: tuple[GroupSpec, ...],
        nuisances: tuple[str, ...],
        **options: Any,
    ) -> TemplateModel:
        """Tabulate an exact model; see `cevns.inference.template_builder.build`."""
        from cevns.inference.template_builder import build

        return build(exact, groups, nuisances, **options)

    def with_observed(self, observed: Array) -> TemplateModel:
        """The same model with other counts."""
        return replace(self, observed=np.asarray(observed, dtype=float))

    def with_parameters(self, parameters: Parameters) -> TemplateModel:
        """The same model with other starting values or fixed parameters."""
        if parameters.names != self.parameters.names:
            raise InputError(f"{self.name}: the new parameters are not those of the model")
        return replace(self, parameters=parameters)

    @cached_property
    def matrix(self) -> Array:
        """All templates, ``(n_templates, n_bins)``."""
        return np.stack([t.counts for t in self.templates])

    @cached_property
    def _members(self) -> dict[str, IntArray]:
        """Group name -> positions of its templates."""
        return {
            g.name: np.array([i for i, t in enumerate(self.templates) if t.group == g.name])
            for g in self.groups
        }

    def _coefficients(
        self, theta: Array, xp: Namespace, *, slopes: bool
    ) -> tuple[dict[str, Array], dict[str, dict[int, Array]]]:
        """c_g and its derivatives by parameter position; `theta` is ``(n_par, ...)``."""
        values, derivatives = {}, {}
        for g in self.groups:
            positions = [self.parameters.position(p) for p in g.factors]
            rows: dict[int, Array] = {}
            product = xp.ones_like(theta[0])
            for i in positions:
                product = product * theta[i]
            if slopes:
                for i in set(positions):
                    rest = xp.ones_like(theta[0]) * positions.count(i)
                    left = list(positions)
                    left.remove(i)
                    for j in left:
                        rest = rest * theta[j]
                    rows[i] = rest
            if g.function is not None:
                at = [self.parameters.position(p) for p in g.function.parameters]
                arguments = xp.stack([theta[i] for i in at])
                factor = g.function.value(arguments, xp)
                if slopes:
                    rows = {i: row * factor for i, row in rows.items()}
                    for i, slope in zip(at, g.function.slopes(arguments, xp), strict=True):
                        rows[i] = rows.get(i, 0.0) + product * slope
                product = product * factor
            values[g.name], derivatives[g.name] = product, rows
        return values, derivatives

    def _basis(
        self, theta: Array, xp: Namespace, *, slopes: bool
    ) -> tuple[list[Array], list[dict[int, Array]]]:
        """The basis function of each template and its derivatives by parameter position."""
        values: dict[Term, Array] = {}
        rates: dict[Term, Array] = {}
        at = {n.name: self.parameters.position(n.name) for n in self.nuisances}
        for n in self.nuisances:
            alpha = (theta[at[n.name]] - n.centre) / n.width
            values |= {(n.name, kind): v for kind, v in n.terms(alpha, xp).items()}
            if slopes:
                rates |= {(n.name, kind): v for kind, v in n.slopes(alpha, xp).items()}
        one = xp.ones_like(theta[0])
        products: list[Array] = []
        derivatives: list[dict[int, Array]] = []
        for t in self.templates:
            product = one
            rows: dict[int, Array] = {}
            for i, term in enumerate(t.terms):
                product = values[term] if i == 0 else product * values[term]
                if slopes:
                    row = rates[term]
                    for other in (*t.terms[:i], *t.terms[i + 1 :]):
                        row = row * values[other]
                    k = at[term[0]]
                    rows[k] = rows[k] + row if k in rows else row
            products.append(product)
            derivatives.append(rows)
        return products, derivatives

    @cached_property
    def _single(self) -> _SinglePoint | None:
        """The plan for one point at a time; None where the model needs the general path."""
        simple = all(len(t.terms) <= 2 for t in self.templates)
        if not simple or any(n.knots for n in self.nuisances):
            return None
        if any(g.function is not None or g.normalised for g in self.groups):
            return None
        return _SinglePoint.of(self)

    def weights(self, theta: Array, xp: Namespace = np) -> Array:
        """Template weights, batch last: ``(n_par, ...) -> (n_templates, ...)``."""
        coefficients, _ = self._coefficients(theta, xp, slopes=False)
        basis, _ = self._basis(theta, xp, slopes=False)
        out: list[Array] = [basis[0]] * len(basis)
        for g in self.groups:
            members = self._members[g.name]
            c = coefficients[g.name]
            if g.normalised:
                c = c / sum(basis[m] * self._sums[m] for m in members)
            for m in members:
                out[m] = c * basis[m]
        result: Array = xp.stack(out)
        return result

    @cached_property
    def _sums(self) -> list[float]:
        return [float(t.counts.sum()) for t in self.templates]

    def weights_and_slopes(self, theta: Array, xp: Namespace = np) -> tuple[Array, Array]:
        """Weights and their derivatives, batch last.

        Args:
            theta: ``(n_par, ...)``.
            xp: array namespace.

        Returns:
            ``w (n_templates, ...)`` and ``dw/dtheta (n_par, n_templates, ...)``.
        """
        coefficients, c_slopes = self._coefficients(theta, xp, slopes=True)
        basis, b_slopes = self._basis(theta, xp, slopes=True)
        zero = xp.zeros_like(theta[0])
        out: list[Array] = [zero] * len(basis)
        slopes = [[zero] * len(basis) for _ in range(len(self.parameters))]
        for g in self.groups:
            members = self._members[g.name]
            c, dc = coefficients[g.name], c_slopes[g.name]
            moved = {k for m in members for k in b_slopes[m]}
            if g.normalised:
                total = sum(basis[m] * self._sums[m] for m in members)
                c = c / total
                dc = {k: row / total for k, row in dc.items()}
                for k in moved:
                    # d(1/total) = -d(total)/total^2
                    shift = sum(b_slopes[m][k] * self._sums[m] for m in members if k in b_slopes[m])
                    dc[k] = dc.get(k, zero) - c * shift / total
            for m in members:
                out[m] = c * basis[m]
                for k in dc.keys() | b_slopes[m].keys():
                    row = dc[k] * basis[m] if k in dc else zero
                    slopes[k][m] = row + c * b_slopes[m][k] if k in b_slopes[m] else row
        flat = xp.stack([row for rows in slopes for row in rows])
        return xp.stack(out), flat.reshape(len(self.parameters), len(basis), *theta.shape[1:])

    def expected(self, theta: Array, xp: Namespace = np) -> Array:
        """Expected counts, ``(..., n_par) -> (..., n_bins)``."""
        if xp is np and np.ndim(theta) == 1 and self._single is not None:
            at: Array = self._single.weights(theta) @ self.matrix
            return at
        weights = self.weights(xp.moveaxis(xp.asarray(theta), -1, 0), xp)
        result: Array = xp.moveaxis(weights, 0, -1) @ self.matrix
        return result

    def linearise(self, theta: Array, xp: Namespace = np) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), jacobian (B, n_par, n_bins)``."""
        if xp is np and theta.shape[0] == 1 and self._single is not None:
            at, along = self._single.weights_and_slopes(theta[0])
            return (at @ self.matrix)[None], (along @ self.matrix)[None]
        weights, slopes = self.weights_and_slopes(xp.moveaxis(xp.asarray(theta), -1, 0), xp)
        mu = xp.moveaxis(weights, 0, -1) @ self.matrix
        return mu, xp.moveaxis(slopes, -1, 0) @ self.matrix

    def component(self, group: str, theta: Array, xp: Namespace = np) -> Array:
        """Expected counts of one group, ``(..., n_par) -> (..., n_bins)``."""
        members = self._members[group]
        weights = self.weights(xp.moveaxis(xp.asarray(theta), -1, 0), xp)[members]
        result: Array = xp.moveaxis(weights, 0, -1) @ self.matrix[members]
        return result

    def components(self, theta: Array) -> Mapping[str, Array]:
        """Expected counts of each group, each ``(n_bins,)``."""
        weights = self.weights(np.asarray(theta, dtype=float))
        return {g: weights[m] @ self.matrix[m] for g, m in self._members.items()}
