"""A group of templates: what is declared, and how it is evaluated for a batch of points.

Batch last. One group is ``c(theta) sum_m phi_m(alpha) T_mi``; its derivatives by the parameters
are ``dc sum_m phi_m T_mi`` for those in the coefficient and ``c sum_m dphi_m T_mi`` for the shape
nuisances, where only the templates that the nuisance moves take part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from cevns.inference.model.cardinal_splines import CardinalSplines
from cevns.morphing import even_part, even_part_derivative
from cevns.parameters import Parameters
from cevns.signatures import refuse_xp_in
from cevns.typing import Array, IntArray

__all__ = ["Evaluated", "Function", "Group", "GroupEvaluator", "ShapeNuisance", "Template", "Term"]

Kind = float | Literal["linear", "even"]
Term = tuple[str, Kind]
"""A nuisance and its function: alpha itself, d(alpha), or the spline of a knot."""


@dataclass(frozen=True)
class Function:
    """A function of some parameters as factor of a group's coefficient.

    Args:
        parameters: names of its arguments.
        value: ``values (n, ...) -> (...)``; picklable for toys on a process pool.
        derivative: ``values (n, ...) -> (n, ...)``; by differences if it is not given.
    """

    parameters: tuple[str, ...]
    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array] | None = None

    def __post_init__(self) -> None:
        for function in (self.value, self.derivative):
            refuse_xp_in(function, f"the function of {', '.join(self.parameters)}")

    def slopes(self, values: Array) -> Array:
        """Derivatives by the arguments, ``(n, ...) -> (n, ...)``."""
        if self.derivative is not None:
            return self.derivative(values)
        unit = np.eye(len(self.parameters)).reshape(
            (len(self.parameters),) * 2 + (1,) * (values.ndim - 1)
        )
        step = 6e-6 * np.maximum(np.abs(values), 0.1)  # cube root of the rounding error
        rows = [
            (self.value(values + e * step) - self.value(values - e * step)) / (2.0 * step[i])
            for i, e in enumerate(unit)
        ]
        return np.stack(rows)


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

    def terms(self, alpha: Array) -> dict[Kind, Array]:
        """All functions of this nuisance at `alpha`, by kind."""
        out: dict[Kind, Array] = {"linear": alpha}
        if self.knots:
            splines = CardinalSplines(self.knots).values(alpha)
            return out | dict(zip(self.knots, splines, strict=True))
        return out | {"even": even_part(alpha)}

    def slopes(self, alpha: Array) -> dict[Kind, Array]:
        """Derivatives of `terms` by the parameter."""
        out: dict[Kind, Array] = {"linear": np.ones_like(alpha) / self.width}
        if self.knots:
            splines = CardinalSplines(self.knots).slopes(alpha) / self.width
            return out | dict(zip(self.knots, splines, strict=True))
        return out | {"even": even_part_derivative(alpha) / self.width}


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


class Evaluated(NamedTuple):
    """One group at a batch of points."""

    matrix: Array  # (n_templates, n_bins)
    unit: Array  # (n_bins, B) or (n_bins, 1): counts for a coefficient of one
    basis: Array | None  # (n_templates, B); None for a shape that never moves
    coefficient: Array  # (B,)
    rates: dict[int, Array]  # derivatives of the coefficient
    moving: dict[int, tuple[IntArray, Array]]  # templates that a nuisance moves, dphi (n, B)

    def pull_back(self, vector: Array) -> dict[int, Array]:
        """``sum_i v_i dmu_i`` by parameter, for `vector` ``(n_bins, B)``."""
        per_template = self.matrix @ vector
        if self.basis is None:
            total = per_template[0]
        else:
            total = np.einsum("mb,mb->b", self.basis, per_template)
        out = {k: rate * total for k, rate in self.rates.items()}
        for k, (rows, slopes) in self.moving.items():
            row = self.coefficient * np.einsum("mb,mb->b", slopes, per_template[rows])
            out[k] = out[k] + row if k in out else row
        return out

    def weight_slopes(self) -> dict[int, Array]:
        """Derivatives of the templates' weights by parameter, each ``(n_templates, B)``."""
        basis = np.ones_like(self.coefficient)[None] if self.basis is None else self.basis
        out = {k: rate * basis for k, rate in self.rates.items()}
        places = np.eye(len(self.matrix))
        for k, (rows, slopes) in self.moving.items():
            row = places[:, rows] @ (self.coefficient * slopes)
            out[k] = out[k] + row if k in out else row
        return out

    def derivatives(self) -> dict[int, Array]:
        """``dmu`` by parameter, each broadcastable to ``(n_bins, B)``."""
        out = {k: rate * self.unit for k, rate in self.rates.items()}
        for k, (rows, slopes) in self.moving.items():
            row = self.matrix[rows].T @ (self.coefficient * slopes)
            out[k] = out[k] + row if k in out else row
        return out


class GroupEvaluator:
    """A group compiled to arrays.

    Args:
        group: its declaration.
        templates: its templates.
        nuisances: all shape nuisances of the model.
        parameters: the parameter vector.
    """

    def __init__(
        self,
        group: Group,
        templates: list[Template],
        nuisances: tuple[ShapeNuisance, ...],
        parameters: Parameters,
    ) -> None:
        self._group = group
        self._factors = [parameters.position(p) for p in group.factors]
        arguments = group.function.parameters if group.function else ()
        self._arguments = [parameters.position(p) for p in arguments]
        self._matrix = np.stack([t.counts for t in templates])
        self._sums = self._matrix.sum(axis=1)
        used = {name for t in templates for name, _ in t.terms}
        self._nuisances = [(parameters.position(n.name), n) for n in nuisances if n.name in used]
        # rows of the term table: ones first, then the terms of the templates
        self._terms = sorted({term for t in templates for term in t.terms}, key=str)
        row = {term: i + 1 for i, term in enumerate(self._terms)}
        places = [(*(row[term] for term in t.terms), 0, 0)[:2] for t in templates]
        self._first = np.array([p[0] for p in places])
        self._second = np.array([p[1] for p in places])
        # for each nuisance: templates it moves, the row of its own term and that of the other
        self._moving: dict[int, tuple[IntArray, IntArray, IntArray]] = {}
        for k, n in self._nuisances:
            found = [
                (m, own, other)
                for m, t in enumerate(templates)
                for (name, _), own, other in zip(
                    t.terms, places[m], reversed(places[m]), strict=False
                )
                if name == n.name
            ]
            rows, own, other = (np.array(x) for x in zip(*found, strict=True))
            self._moving[k] = rows, own, other

    def _coefficient(self, theta: Array) -> tuple[Array, dict[int, Array]]:
        """C and its derivatives by parameter position."""
        product = np.ones_like(theta[0])
        rates: dict[int, Array] = {}
        for i in self._factors:
            rates = {k: rate * theta[i] for k, rate in rates.items()}
            rates[i] = rates[i] + product if i in rates else product
            product = product * theta[i]
        function = self._group.function
        if function is not None:
            arguments = np.stack([theta[i] for i in self._arguments])
            factor = function.value(arguments)
            rates = {k: rate * factor for k, rate in rates.items()}
            slopes = function.slopes(arguments)
            for i, slope in zip(self._arguments, slopes, strict=True):
                rates[i] = rates.get(i, 0.0) + product * slope
            product = product * factor
        return product, rates

    def _term_rows(self, theta: Array, *, slopes: bool) -> tuple[Array, dict[int, Array]]:
        """Term table ``(1 + n_terms, B)`` and its derivatives by parameter position."""
        values: dict[Term, Array] = {}
        rates: dict[int, dict[Term, Array]] = {}
        for k, n in self._nuisances:
            alpha = (theta[k] - n.centre) / n.width
            values |= {(n.name, kind): v for kind, v in n.terms(alpha).items()}
            if slopes:
                rates[k] = {(n.name, kind): v for kind, v in n.slopes(alpha).items()}
        one = np.ones_like(theta[0])
        zero = np.zeros_like(one)
        return np.stack([one, *(values[t] for t in self._terms)]), {
            k: np.stack([zero, *(rows.get(t, zero) for t in self._terms)])
            for k, rows in rates.items()
        }

    def evaluate(self, theta: Array, *, slopes: bool = True) -> Evaluated:
        """The group at ``theta (n_par, B)``, with or without what derivatives need."""
        coefficient, rates = self._coefficient(theta)
        if not self._terms:
            unit = self._matrix.sum(axis=0)[:, None]
            if self._group.normalised:
                unit = unit / self._sums.sum()
            return Evaluated(unit.T, unit, None, coefficient, rates, {})
        terms, term_rates = self._term_rows(theta, slopes=slopes)
        basis = terms[self._first] * terms[self._second]
        moving = {
            k: (rows, term_rates[k][own] * terms[other])
            for k, (rows, own, other) in self._moving.items()
            if slopes
        }
        if self._group.normalised:
            total = np.tensordot(self._sums, basis, axes=1)
            coefficient = coefficient / total
            rates = {k: rate / total for k, rate in rates.items()}
            for k, (rows, moved) in moving.items():
                # d(1/total) = -d(total)/total^2
                shift = coefficient * np.tensordot(self._sums[rows], moved, axes=1) / total
                rates[k] = rates[k] - shift if k in rates else -shift
        unit = self._matrix.T @ basis
        return Evaluated(self._matrix, unit, basis, coefficient, rates, moving)
