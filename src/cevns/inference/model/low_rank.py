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
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.single_point import SinglePoint
from cevns.inference.model.template_groups import (
    Function,
    Group,
    GroupEvaluator,
    ShapeNuisance,
    Template,
    Term,
)
from cevns.parameters import Parameters
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.inference.model.expectation import Model
    from cevns.inference.model.template_builder import GroupSpec, TemplateAccuracy


@dataclass(frozen=True, eq=False)
class TemplateModel:
    """A model in low-rank form. Satisfies `cevns.inference.model.expectation.LinearisedModel`.

    Args:
        name: of the model.
        parameters: the parameter vector.
        observed: counts, ``(n_bins,)``.
        groups: the groups.
        nuisances: the shape nuisances.
        templates: all templates.
        floor: below it a bin's expectation is bent to stay positive
            (`cevns.inference.model.positivity`); zeros by default.
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
        """Tabulate an exact model; see `cevns.inference.model.template_builder.build`."""
        from cevns.inference.model.template_builder import build

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
    def _single(self) -> SinglePoint | None:
        return SinglePoint.of(self)

    @cached_property
    def _evaluators(self) -> tuple[GroupEvaluator, ...]:
        return tuple(
            GroupEvaluator(
                g, [t for t in self.templates if t.group == g.name], self.nuisances, self.parameters
            )
            for g in self.groups
        )

    def mean_and_pullback(self, theta: Array) -> tuple[Array, Callable[[Array], Array]]:
        """Expected counts, and the map from a vector over bins to its product with d(mu).

        Args:
            theta: ``(n_par, B)``.

        Returns:
            ``mu (n_bins, B)`` and the function ``v (n_bins, B) -> sum_i v_i dmu_i (n_par, B)``;
            it needs no derivative of mu over the bins.
        """
        if theta.shape[1] == 1 and self._single is not None:
            weights, slopes = self._single.weights_and_slopes(theta[:, 0])
            return (weights @ self.matrix)[:, None], lambda v: slopes @ (self.matrix @ v)
        evaluated = [g.evaluate(theta) for g in self._evaluators]
        mu = sum(e.coefficient * e.unit for e in evaluated)

        def pullback(vector: Array) -> Array:
            rows: list[Any] = [np.zeros_like(theta[0])] * len(theta)
            for e in evaluated:
                for k, row in e.pull_back(vector).items():
                    rows[k] = rows[k] + row
            return np.stack(rows)

        return np.asarray(mu), pullback

    def mean_and_jacobian(self, theta: Array) -> tuple[Array, Array]:
        """``theta (n_par, B) -> mu (n_bins, B), dmu/dtheta (n_par, n_bins, B)``."""
        evaluated = [g.evaluate(theta) for g in self._evaluators]
        mu: Any = sum(e.coefficient * e.unit for e in evaluated)
        rows: list[Any] = [None] * len(theta)
        for e in evaluated:
            for k, row in e.derivatives().items():
                rows[k] = row if rows[k] is None else rows[k] + row
        zero = np.zeros_like(mu)
        jac: Array = np.stack([zero if r is None else np.broadcast_to(r, mu.shape) for r in rows])
        return mu, jac

    @cached_property
    def weighted(self) -> Array:
        """Templates as they are weighted, ``(n_weights, n_bins)``; see `weight_slopes`."""
        start = self.parameters.values[:, None]
        return np.concatenate([g.evaluate(start).matrix for g in self._evaluators])

    def weight_slopes(self, theta: Array) -> Array:
        """A with ``dmu/dtheta = A weighted``: ``theta (n_par, B) -> (n_par, n_weights, B)``."""
        blocks = []
        for e in (g.evaluate(theta) for g in self._evaluators):
            rows = e.weight_slopes()
            zero = np.zeros((len(e.matrix), theta.shape[-1]))
            blocks.append(np.stack([rows.get(k, zero) + zero for k in range(len(theta))]))
        return np.concatenate(blocks, axis=1)

    def expected(self, theta: Array) -> Array:
        """Expected counts, ``(..., n_par) -> (..., n_bins)``."""
        if np.ndim(theta) == 1 and self._single is not None:
            return self._single.weights(theta) @ self.matrix
        theta = np.asarray(theta)
        flat = theta.reshape(-1, theta.shape[-1]).T
        mu: Any = sum(e.coefficient * e.unit for e in (g.evaluate(flat) for g in self._evaluators))
        result: Array = mu.T.reshape(*theta.shape[:-1], -1)
        return result

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), jacobian (B, n_par, n_bins)``."""
        if theta.shape[0] == 1 and self._single is not None:
            at, along = self._single.weights_and_slopes(theta[0])
            return (at @ self.matrix)[None], (along @ self.matrix)[None]
        mu, jac = self.mean_and_jacobian(np.asarray(theta).T)
        return mu.T, np.moveaxis(jac, -1, 0)

    def component(self, group: str, theta: Array) -> Array:
        """Expected counts of one group, ``(..., n_par) -> (..., n_bins)``."""
        theta = np.asarray(theta)
        evaluator = self._evaluators[[g.name for g in self.groups].index(group)]
        found = evaluator.evaluate(theta.reshape(-1, theta.shape[-1]).T)
        result: Array = (found.coefficient * found.unit).T
        return result.reshape(*theta.shape[:-1], -1)

    def components(self, theta: Array) -> Mapping[str, Array]:
        """Expected counts of each group, each ``(n_bins,)``."""
        column = np.asarray(theta, dtype=float)[:, None]
        evaluated = zip(self.groups, self._evaluators, strict=True)
        found = {g.name: e.evaluate(column, slopes=False) for g, e in evaluated}
        return {name: (e.coefficient * e.unit)[:, 0] for name, e in found.items()}


__all__ = ["Function", "Group", "ShapeNuisance", "Template", "TemplateModel", "Term"]
