"""Several models as one: parameters that are the same quantity are one parameter.

A parameter that is declared shared is the same quantity in every model that names it: the joint
model has it once, so its auxiliary measurement counts once. All others are local and get the
model's label in front, ``coherent-csi-2021.t0``. With ``theta_e = f_e * theta[columns_e]`` the
parameters of part e,

    -2 ln L = sum_e D(n_e, mu_e(theta_e)) + sum_k ((theta_k - a_k)/sigma_k)^2,

where the second sum runs over the joint parameters. The factors f_e are one, but for a common
scale: a joint parameter that stands in every part for the nominal value of another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.expectation import Model, check_methods, linearise
from cevns.inference.model.positivity import floor_of
from cevns.parameters import Parameter, Parameters, fold_name
from cevns.typing import Array, IntArray

if TYPE_CHECKING:
    from cevns.inference.minimum.objectives import Objective

__all__ = ["JointModel", "Part", "information_shares", "join"]


@dataclass(frozen=True, eq=False)
class Part:
    """One model in a joint one.

    Args:
        label: stands before the names of its own parameters and components.
        model: the model.
        columns: position of each of its parameters in the joint vector.
        factors: what the joint value is multiplied with, one but for a common scale.
        bins: its bins among the joint ones.
    """

    label: str
    model: Model
    columns: IntArray
    factors: Array
    bins: slice

    def names(self, parameters: Parameters) -> dict[str, str]:
        """Its own names of its parameters to the joint ones."""
        joint = (parameters[int(i)].name for i in self.columns)
        return dict(zip(self.model.parameters.names, joint, strict=True))


@dataclass(frozen=True, eq=False)
class JointModel:
    """Several models with common parameters; satisfies `LinearisedModel`.

    Make it with `join`.

    Args:
        name: of the joint model.
        parameters: the joint vector: common parameters, then those of each part.
        parts: the models and where they stand.
    """

    name: str
    parameters: Parameters
    parts: tuple[Part, ...]

    @property
    def common(self) -> dict[str, tuple[str, ...]]:
        """Parameters of more than one part, with the labels of these."""
        users: dict[str, list[str]] = {}
        for part in self.parts:
            for i in part.columns:
                users.setdefault(self.parameters[int(i)].name, []).append(part.label)
        return {n: tuple(labels) for n, labels in users.items() if len(labels) > 1}

    @cached_property
    def observed(self) -> Array:
        """Counts of all parts, one after the other."""
        return np.concatenate([np.asarray(p.model.observed, dtype=float) for p in self.parts])

    @cached_property
    def floor(self) -> Array:
        """Where each bin's expectation is bent to stay positive."""
        return np.concatenate([floor_of(p.model) for p in self.parts])

    def expected(self, theta: Array) -> Array:
        """Expected counts, ``(..., n_par) -> (..., n_bins)``."""
        theta = np.asarray(theta)
        if theta.ndim == 1:
            return np.concatenate([self._part_at(i, theta) for i in range(len(self.parts))])
        blocks = [p.model.expected(theta[..., p.columns] * p.factors) for p in self.parts]
        return np.concatenate(blocks, axis=-1)

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), jacobian (B, n_par, n_bins)``.

        A part is evaluated once for points that differ only in others.
        """
        theta = np.asarray(theta)
        mu = np.empty((len(theta), len(self.observed)))
        jacobian = np.zeros((*theta.shape, len(self.observed)))
        for part in self.parts:
            own = theta[:, part.columns] * part.factors
            points, back = np.unique(own, axis=0, return_inverse=True)
            values, slopes = linearise(part.model, points)
            slopes = slopes * part.factors[:, None]
            back = back.ravel()
            mu[:, part.bins] = values[back]
            for k, i in enumerate(part.columns):
                jacobian[:, i, part.bins] = slopes[back, k]
        return mu, jacobian

    def components(self, theta: Array) -> Mapping[str, Array]:
        """Components of all parts, called ``label.component``, each over all bins."""
        theta = np.asarray(theta, dtype=float)
        out = {}
        for part in self.parts:
            found = part.model.components(theta[part.columns] * part.factors)
            for name, counts in found.items():
                full = np.zeros(len(self.observed))
                full[part.bins] = counts
                out[f"{part.label}.{name}"] = full
        return out

    def with_parameters(self, parameters: Parameters) -> JointModel:
        """The same model with other constraints, starting values or fixed parameters."""
        if parameters.names != self.parameters.names:
            raise InputError(f"{self.name}: the new parameters are not those of the model")
        return replace(self, parameters=parameters)

    def with_models(self, models: Mapping[str, Model]) -> JointModel:
        """Some parts in another form (templates), with the same parameters and bins.

        Raises:
            InputError: if a form has other parameters or bins.
        """
        parts = []
        for part in self.parts:
            new = models.get(part.label, part.model)
            same_bins = np.shape(new.observed) == np.shape(part.model.observed)
            if new.parameters.names != part.model.parameters.names or not same_bins:
                raise InputError(
                    f"{self.name}: the new form of {part.label!r} has other parameters or bins"
                )
            parts.append(replace(part, model=new))
        return replace(self, parts=tuple(parts))

    def objective(self, held: Iterable[str] = ()) -> Objective:
        """What batched fits minimise: every part by its own objective, the constraints once."""
        from cevns.inference.model.joint_objective import Blocks

        return Blocks(self, frozenset(held))

    @cached_property
    def _known(self) -> list[dict[bytes, Array]]:
        """Expectations of each part at the last few points."""
        return [{} for _ in self.parts]

    def _part_at(self, i: int, theta: Array) -> Array:
        """A part's expectation at one point, remembered.

        A minimiser moves one or two parameters at a time: for a second derivative in parameters
        of two parts every part is where it has been before.
        """
        part, known = self.parts[i], self._known[i]
        at = theta[part.columns] * part.factors
        key = at.tobytes()
        if key not in known:
            if len(known) >= _REMEMBERED:
                del known[next(iter(known))]
            known[key] = np.asarray(part.model.expected(at))
        return known[key]

    def __getstate__(self) -> dict[str, Any]:
        """Without what is remembered."""
        return {k: v for k, v in self.__dict__.items() if k != "_known"}


_REMEMBERED = 256
"""Points a part: the single and double steps of some tens of parameters."""


def join(
    models: Mapping[str, Model],
    *,
    name: str | None = None,
    common: Mapping[str, Mapping[str, str]] | None = None,
    scale: tuple[str, str] | None = None,
) -> JointModel:
    """Combine models; parameters that are declared shared and have the same name are one.

    Args:
        models: label to model.
        name: of the joint model; the labels joined by ``+`` by default.
        common: label to {own name: joint name} of parameters that are common under another name
            than their own, whether declared shared or not.
        scale: ``(joint name, own name)``: the parameter `own name` of every model becomes its
            nominal value times one common free parameter of interest `joint name`.

    Returns:
        The joint model.

    Raises:
        UnknownNameError: if `common` or `scale` names a parameter that a model does not have.
        InputError: if there is no model, or models declare a shared parameter with different
            values, units or constraints; both are named.

    Examples:
        >>> from cevns.inference.model.low_rank import Group, Template, TemplateModel
        >>> from cevns.parameters import Gaussian
        >>> flux = Parameter("flux", 1.0, constraint=Gaussian(1.0, 0.1), shared=True)
        >>> n = Parameter("n", 50.0, role="poi")
        >>> def counting(name):
        ...     group = Group("signal", factors=("n", "flux"))
        ...     template = Template("signal", (), np.ones(1))
        ...     counts = np.array([50.0])
        ...     return TemplateModel(name, Parameters([n, flux]), counts, (group,), (), (template,))
        >>> both = join({"one": counting("one"), "two": counting("two")})
        >>> both.parameters.names, dict(both.common)
        (('flux', 'one.n', 'two.n'), {'flux': ('one', 'two')})
    """
    if not models:
        raise InputError("a joint model needs at least one model")
    for model in models.values():
        check_methods(model)
    shared: dict[str, tuple[Parameter, str]] = {}
    local: list[Parameter] = []
    names: list[list[str]] = []
    factors = []
    for label, model in models.items():
        other = {model.parameters[k].name: v for k, v in (common or {}).get(label, {}).items()}
        scaled = model.parameters[scale[1]].name if scale else None
        mine = []
        for p in model.parameters:
            if p.name == scaled and scale is not None:
                joint = _scale(p, scale[0], label)
            elif p.name in other or p.shared:
                joint = replace(p, name=other.get(p.name, p.name), shared=True)
            else:
                local.append(replace(p, name=f"{label}.{p.name}"))
                mine.append(local[-1].name)
                continue
            key = fold_name(joint.name)
            if key in shared:
                joint = _merged(*shared[key], joint, label)
            shared[key] = joint, shared.get(key, (joint, label))[1]
            mine.append(shared[key][0].name)
        names.append(mine)
        factors.append([p.value if p.name == scaled else 1.0 for p in model.parameters])
    every = sorted((p for p, _ in shared.values()), key=lambda p: p.role != "poi")
    parameters = Parameters([*every, *local])
    parts, at = [], 0
    for (label, model), mine, factor in zip(models.items(), names, factors, strict=True):
        size = int(np.size(model.observed))
        columns = np.array([parameters.position(n) for n in mine], dtype=np.int64)
        parts.append(Part(label, model, columns, np.array(factor), slice(at, at + size)))
        at += size
    return JointModel(name or " + ".join(models), parameters, tuple(parts))


def _scale(p: Parameter, name: str, label: str) -> Parameter:
    """The common scale that stands for a parameter in units of its nominal value."""
    if not p.value > 0:
        raise InputError(
            f"{label}: {p.name!r} is {p.value:g} at its nominal point and cannot be a scale's unit"
        )
    return Parameter(
        name,
        1.0,
        lower=p.lower / p.value,
        upper=p.upper / p.value,
        fixed=p.fixed,
        role="poi",
        shared=True,
        description=f"common factor on the nominal {p.name} of every part",
    )


def _written(p: Parameter) -> str:
    """Value, constraint and unit, for the sentence about a conflict."""
    text = f"{p.value:g}" if p.constraint is None else _constraint(p)
    return f"{text} {p.unit}".strip() + (" (held)" if p.fixed else "")


def _constraint(p: Parameter) -> str:
    assert p.constraint is not None
    text = f"{p.constraint.mean:g} +/- {p.constraint.sigma:g}"
    return text if p.constraint.mean == p.value else f"{text}, starting at {p.value:g}"


def _merged(known: Parameter, place: str, new: Parameter, label: str) -> Parameter:
    """One parameter for two declarations of it, within the bounds of both.

    Raises:
        InputError: if value, unit, constraint or being held differ.
    """
    if any(
        getattr(known, field) != getattr(new, field)
        for field in ("value", "unit", "constraint", "fixed")
    ):
        raise InputError(
            f"the shared parameter {new.name!r} is {_written(known)} in {place} and "
            f"{_written(new)} in {label}; declare it alike in both, or not shared in one"
        )
    return replace(
        known,
        lower=max(known.lower, new.lower),
        upper=min(known.upper, new.upper),
        role=min(known.role, new.role, key=("poi", "normalisation", "nuisance").index),
        description=known.description or new.description,
    )


def information_shares(
    model: JointModel, theta: Array, poi: str, held: Iterable[str] = ()
) -> dict[str, float]:
    """Who fixes a parameter: shares of its profiled Fisher information, summing to one.

    With the information I = sum_e I_e + C (counts of each part, constraints) the profile of
    -2 ln L along the parameter of interest p rises with ``J = 1/(I^-1)_pp = v^T I v``, where
    ``v = I^-1 e_p / (I^-1)_pp`` is the direction along which the others follow. Every term of I
    contributes its part to that sum: ``v^T I_e v / J``. Constraints of a part's own parameters
    are the part's; those of common parameters stand apart.

    Args:
        model: the joint model.
        theta: the point, ``(n_par,)``.
        poi: the parameter.
        held: further parameters held fixed.

    Returns:
        Label to share; under ``"shared constraints"`` that of the common parameters.

    Raises:
        InputError: if the parameter is held or the information is singular.
    """
    from cevns.inference.minimum.likelihood import Likelihood

    parameters = model.parameters.fix(dict.fromkeys(held))
    p = parameters.position(poi)
    free = np.array(parameters.free, dtype=np.int64)
    if p not in free:
        raise InputError(f"parameter {parameters[p].name!r} is fixed: nobody measures it; free it")
    likelihood = Likelihood.of(model)
    information = likelihood.fisher(theta)[np.ix_(free, free)]
    try:
        column = np.linalg.solve(information, (free == p).astype(float))
    except np.linalg.LinAlgError:
        raise InputError(f"the information on {poi!r} is singular: it is degenerate") from None
    direction = np.zeros(len(theta))
    direction[free] = column / column[free == p]
    total = float(direction @ likelihood.fisher(theta) @ direction)
    mu, jac = model.linearise(theta[None, :])
    rise = (direction @ jac[0]) ** 2 / np.maximum(mu[0], 1e-300)
    pulls = likelihood.inverse_variance * direction**2
    common = {parameters.position(n) for n in model.common}
    out = {}
    for part in model.parts:
        own = [i for i in part.columns.tolist() if i not in common]
        out[part.label] = float(rise[part.bins].sum() + pulls[own].sum()) / total
    out["shared constraints"] = float(pulls[sorted(common)].sum()) / total
    return out
