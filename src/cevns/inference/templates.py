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
class _Layout:
    """Arrays that turn the declared templates into gathers and products."""

    terms: tuple[Term, ...]
    group: IntArray  # (n_templates,)
    first: IntArray  # (n_templates,), rows of the terms
    second: IntArray
    sums: Array  # (n_groups, n_templates), sum over bins, zero outside the group


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
    def _layout(self) -> _Layout:
        """Where each template finds its group and its factors."""
        terms = sorted({term for t in self.templates for term in t.terms}, key=str)
        row = {term: i + 1 for i, term in enumerate(terms)}  # row 0 holds ones
        group = {g.name: i for i, g in enumerate(self.groups)}
        pairs = [(*(row[term] for term in t.terms), 0, 0)[:2] for t in self.templates]
        return _Layout(
            terms=tuple(terms),
            group=np.array([group[t.group] for t in self.templates]),
            first=np.array([p[0] for p in pairs]),
            second=np.array([p[1] for p in pairs]),
            sums=np.array(
                [
                    [float(t.counts.sum()) if t.group == g.name else 0.0 for t in self.templates]
                    for g in self.groups
                ]
            ),
        )

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

    def _term_rows(
        self, theta: Array, xp: Namespace, *, slopes: bool
    ) -> tuple[Array, dict[int, Array]]:
        """All terms ``(1 + n_terms, ...)``, ones first, and their derivatives by parameter."""
        values: dict[Term, Array] = {}
        rates: dict[int, dict[Term, Array]] = {}
        for n in self.nuisances:
            k = self.parameters.position(n.name)
            alpha = (theta[k] - n.centre) / n.width
            values |= {(n.name, kind): v for kind, v in n.terms(alpha, xp).items()}
            if slopes:
                rates[k] = {(n.name, kind): v for kind, v in n.slopes(alpha, xp).items()}
        one = xp.ones_like(theta[0])
        zero = xp.zeros_like(one)
        terms = self._layout.terms
        stacked = xp.stack([one, *(values[t] for t in terms)])
        return stacked, {
            k: xp.stack([zero, *(rows.get(t, zero) for t in terms)]) for k, rows in rates.items()
        }

    def weights(self, theta: Array, xp: Namespace = np) -> Array:
        """Template weights, batch last: ``(n_par, ...) -> (n_templates, ...)``."""
        coefficients, _ = self._coefficients(theta, xp, slopes=False)
        terms, _ = self._term_rows(theta, xp, slopes=False)
        at = self._layout
        basis = terms[at.first] * terms[at.second]
        for i, g in enumerate(self.groups):
            if g.normalised:
                total = xp.tensordot(at.sums[i], basis, axes=1)
                coefficients[g.name] = coefficients[g.name] / total
        result: Array = xp.stack([coefficients[g.name] for g in self.groups])[at.group] * basis
        return result

    def weights_and_slopes(self, theta: Array, xp: Namespace = np) -> tuple[Array, Array]:
        """Weights and their derivatives, batch last.

        Args:
            theta: ``(n_par, ...)``.
            xp: array namespace.

        Returns:
            ``w (n_templates, ...)`` and ``dw/dtheta (n_par, n_templates, ...)``.
        """
        values, rates = self._coefficients(theta, xp, slopes=True)
        terms, term_rates = self._term_rows(theta, xp, slopes=True)
        at = self._layout
        left, right = terms[at.first], terms[at.second]
        basis = left * right
        basis_rates = {
            k: rows[at.first] * right + left * rows[at.second] for k, rows in term_rates.items()
        }
        for i, g in enumerate(self.groups):
            if g.normalised:
                total = xp.tensordot(at.sums[i], basis, axes=1)
                values[g.name] = values[g.name] / total
                rates[g.name] = {k: row / total for k, row in rates[g.name].items()}
                for k, rows in basis_rates.items():
                    # d(1/total) = -d(total)/total^2
                    shift = values[g.name] * xp.tensordot(at.sums[i], rows, axes=1) / total
                    rates[g.name][k] = rates[g.name].get(k, 0.0) - shift
        zero = xp.zeros_like(theta[0])
        coefficients = xp.stack([values[g.name] for g in self.groups])[at.group]
        slopes = []
        for k in range(len(self.parameters)):
            row = xp.zeros_like(basis)
            if any(k in rates[g.name] for g in self.groups):
                by_group = xp.stack([rates[g.name].get(k, zero) for g in self.groups])
                row = by_group[at.group] * basis
            if k in basis_rates:
                row = row + coefficients * basis_rates[k]
            slopes.append(row)
        return coefficients * basis, xp.stack(slopes)

    def expected(self, theta: Array, xp: Namespace = np) -> Array:
        """Expected counts, ``(..., n_par) -> (..., n_bins)``."""
        weights = self.weights(xp.moveaxis(xp.asarray(theta), -1, 0), xp)
        result: Array = xp.moveaxis(weights, 0, -1) @ self.matrix
        return result

    def linearise(self, theta: Array, xp: Namespace = np) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), jacobian (B, n_par, n_bins)``."""
        weights, slopes = self.weights_and_slopes(xp.moveaxis(xp.asarray(theta), -1, 0), xp)
        mu = xp.moveaxis(weights, 0, -1) @ self.matrix
        return mu, xp.moveaxis(slopes, -1, 0) @ self.matrix

    def components(self, theta: Array) -> Mapping[str, Array]:
        """Expected counts of each group, each ``(n_bins,)``."""
        weights = self.weights(np.asarray(theta, dtype=float))
        group = self._layout.group
        return {
            g.name: weights[group == i] @ self.matrix[group == i] for i, g in enumerate(self.groups)
        }
