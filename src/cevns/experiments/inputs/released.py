"""Released templates and their alternatives as a likelihood model, in as many axes as they have.

A component is count x shape. A shape is a released PDF, normalised in the analysis region, with
alternatives at +1 and -1 sigma of shape parameters, each normalised too: an alternative changes
where events lie and not how many there are (rates have their own parameters). Between them
shapes follow `cevns.morphing`; they sum to one at every pull, because the odd and even parts of
normalised alternatives sum to zero. Where the signal is taken from first principles it comes from
`cevns.experiments.tables.pulse_shape` and the backgrounds stay templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.declaration.schema import ExperimentFile, Template
from cevns.experiments.questions import POI_PARAMETER, SIGNAL, PoiName
from cevns.experiments.tables.pulse_shape import PulseShapeSignal
from cevns.inference.model.low_rank import Group, ShapeNuisance, TemplateModel
from cevns.inference.model.low_rank import Template as Weighted
from cevns.parameters import Parameters
from cevns.typing import Array

__all__ = [
    "ReleasedModel",
    "ReleasedShape",
    "check_shape_parameters",
    "released_model",
    "released_shape",
    "templates",
]


@dataclass(frozen=True, eq=False)
class ReleasedShape:
    """A normalised template with its alternatives, flattened.

    Args:
        nominal: ``(n_bins,)``, sums to one.
        odd: half the difference of the alternatives at +-1 sigma, by parameter; sums to zero.
        even: their mean minus the nominal; absent for a one-sided alternative, whose other side
            is its mirror image.
    """

    nominal: Array
    odd: Mapping[str, Array]
    even: Mapping[str, Array]


def released_shape(template: Template, content: Callable[[str], Array]) -> ReleasedShape:
    """The shape that a template declares.

    Args:
        template: roles of nominal and alternatives.
        content: role to released content.

    Raises:
        InputError: if one of them is empty.
    """

    def normalised(role: str) -> Array:
        values = np.asarray(content(role), dtype=float).ravel()
        if not values.sum() > 0:
            raise InputError(f"the template {role!r} has no content in the analysis region")
        result: Array = values / values.sum()
        return result

    nominal = normalised(template.role)
    odd, even = {}, {}
    for name, alternative in template.variations.items():
        plus = normalised(alternative.plus)
        if alternative.minus is None:
            odd[name] = plus - nominal
        else:
            minus = normalised(alternative.minus)
            odd[name], even[name] = 0.5 * (plus - minus), 0.5 * (plus + minus) - nominal
    return ReleasedShape(nominal, odd, even)


def check_shape_parameters(declaration: ExperimentFile, pulse_shape: tuple[str, ...]) -> None:
    """Every alternative needs a parameter of its name, and every shape parameter an alternative.

    Args:
        declaration: the file.
        pulse_shape: variations of the pulse-shape model.

    Raises:
        InputError: otherwise.
    """
    acting = {n for n, e in declaration.parameters.items() if e.constraint is not None}
    used = set(pulse_shape)
    for template in templates(declaration).values():
        used |= template.variations.keys()
    for name in sorted(used - acting):
        raise InputError(
            f"{declaration.name}: the alternative {name!r} has no parameter; declare "
            f"'{name}: {{constraint: 0 +/- 1, acts_on: shape}}' or remove the alternative"
        )
    for name, entry in declaration.parameters.items():
        if entry.acts_on == "shape" and name not in used:
            raise InputError(
                f"{declaration.name}: the parameter {name!r} acts on shapes, but no template has "
                "an alternative of that name"
            )


def templates(declaration: ExperimentFile) -> dict[str, Template]:
    """The declared templates by component, the signal first."""
    out = {} if declaration.signal is None else {SIGNAL: declaration.signal.template}
    for name, background in declaration.backgrounds.items():
        if background.template is not None:
            out[name] = background.template
    return out


@dataclass(frozen=True, eq=False)
class ReleasedModel:
    """Expected counts of an experiment with released templates.

    The same interface as `cevns.experiments.questions.ExperimentModel`.

    Args:
        question: ``count``, ``cross-section`` or ``sin2-theta-w``.
        templates: backgrounds, and the signal where it is a released template.
        shape: bins along each axis.
        exact: the signal from first principles where it is not.
        scale: names of the parameters that multiply the signal.
        reference: predicted value of a cross section of interest, in its unit.
        prediction: predicted signal count at nominal values.
        couplings: free parameters of the interaction.
    """

    question: PoiName
    templates: TemplateModel
    shape: tuple[int, ...]
    exact: PulseShapeSignal | None
    scale: tuple[str, ...]
    reference: float
    prediction: float
    couplings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.templates.name

    @property
    def parameters(self) -> Parameters:
        """The vector, in order."""
        return self.templates.parameters

    @property
    def observed(self) -> Array:
        """Counts, flattened."""
        return self.templates.observed

    @property
    def floor(self) -> Array | None:
        """Expectation below which a bin is bent to stay positive."""
        return self.templates.floor

    @property
    def poi(self) -> str:
        """Name of the parameter of interest; the first of several."""
        return self.couplings[0] if self.couplings else POI_PARAMETER[self.question]

    @property
    def n_bins(self) -> int:
        """Number of analysis bins."""
        return int(np.prod(self.shape))

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """Names of the backgrounds."""
        return tuple(g.name for g in self.templates.groups if g.name != SIGNAL)

    def _factors(self) -> tuple[str, ...]:
        if self.question == "count":
            return (SIGNAL,)
        return (*self.scale, self.poi) if self.question == "cross-section" else self.scale

    def _strength(self, values: Mapping[str, Array], without: str | None = None) -> Array:
        strength: Array = np.asarray(1.0 / self.reference)
        for name in self._factors():
            if name != without:
                strength = strength * values[name]
        return strength

    def _values(self, theta: Array) -> dict[str, Array]:
        return {p.name: theta[..., i] for i, p in enumerate(self.parameters)}

    def signal_counts(self, theta: Array) -> Array:
        """Expected signal per bin, ``(..., n_parameters) -> (..., n_bins)``."""
        if self.exact is None:
            return self.templates.component(SIGNAL, theta)
        values = self._values(theta)
        shape = self.exact.evaluate(values)
        shape = shape.reshape(*shape.shape[:-3], self.n_bins)
        if self.question == "count":
            shape = shape / shape.sum(axis=-1, keepdims=True)
        return self._strength(values)[..., None] * shape

    def expected(self, theta: Array) -> Array:
        """Expected counts, ``(..., n_parameters) -> (..., n_bins)``, last axis fastest."""
        total = self.templates.expected(theta)
        return total if self.exact is None else total + self.signal_counts(np.asarray(theta))

    def mean_and_pullback(self, theta: Array) -> tuple[Array, Callable[[Array], Array]]:
        """``theta (n_par, B)``: see `TemplateModel.mean_and_pullback`."""
        if self.exact is None:
            return self.templates.mean_and_pullback(theta)
        mu, jacobian = self.linearise(theta.T)
        return mu.T, lambda v: (jacobian @ v.T[:, :, None])[:, :, 0].T

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), jacobian (B, n_par, n_bins)``."""
        mu, jacobian = self.templates.linearise(theta)
        if self.exact is None:
            return mu, jacobian
        theta = np.asarray(theta)
        values = self._values(theta)
        shape, slopes = self.exact.linearise(values)

        def flat(x: Array) -> Array:
            return x.reshape(*x.shape[:-3], self.n_bins)

        shape, slopes = flat(shape), {n: flat(s) for n, s in slopes.items()}
        if self.question == "count":
            total = shape.sum(axis=-1, keepdims=True)
            shape = shape / total
            slopes = {
                n: (s - shape * s.sum(axis=-1, keepdims=True)) / total for n, s in slopes.items()
            }
        strength = self._strength(values)[..., None]
        rows = {n: strength * s for n, s in slopes.items()}
        for name in self._factors():
            rows[name] = self._strength(values, without=name)[..., None] * shape
        zero = np.zeros_like(mu)
        added = np.stack([rows.get(p.name, zero) + zero for p in self.parameters], axis=-2)
        return mu + strength * shape, jacobian + added

    def components(self, theta: Array) -> dict[str, Array]:
        """Expected counts per component, each ``(n_bins,)``; the signal comes first."""
        theta = np.asarray(theta, dtype=float)
        found = self.templates.components(theta)
        return {
            SIGNAL: self.signal_counts(theta),
            **{n: c for n, c in found.items() if n != SIGNAL},
        }

    def with_observed(self, observed: Array) -> ReleasedModel:
        """The same model with other counts.

        Raises:
            InputError: if the shape differs or a count is negative or not finite.
        """
        counts = np.asarray(observed, dtype=float).ravel()
        if counts.shape != (self.n_bins,) or not (
            np.isfinite(counts).all() and (counts >= 0).all()
        ):
            raise InputError(
                f"{self.name}: the observed counts must be {self.n_bins} finite numbers, none of "
                "them negative"
            )
        return replace(self, templates=self.templates.with_observed(counts))

    def with_parameters(self, parameters: Parameters) -> ReleasedModel:
        """The same model with other starting values or fixed parameters, in the same order."""
        return replace(self, templates=self.templates.with_parameters(parameters))


def released_model(
    declaration: ExperimentFile,
    question: PoiName,
    parameters: Parameters,
    shapes: Mapping[str, ReleasedShape],
    observed: Array,
    *,
    signal: PulseShapeSignal | None,
    scale: tuple[str, ...],
    reference: float,
    prediction: float,
    couplings: tuple[str, ...] = (),
) -> ReleasedModel:
    """Build the model.

    Args:
        declaration: the file.
        question: what is asked.
        parameters: the vector.
        shapes: by component; that of the signal is not used where `signal` is given.
        observed: counts, in all axes.
        signal: from first principles, in place of the released one.
        scale: parameters that multiply the signal, beside that of interest.
        reference: predicted cross section, 1 for the other questions.
        prediction: predicted count.
        couplings: free parameters of the interaction.
    """
    groups: list[Group] = []
    rows: list[Weighted] = []
    moved: dict[str, None] = {}
    for name, shape in shapes.items():
        factors: tuple[str, ...] = (name,)
        size = 1.0
        if name == SIGNAL:
            if signal is not None:
                continue
            if question == "cross-section":
                factors, size = (*scale, POI_PARAMETER[question]), prediction / reference
        groups.append(Group(name, factors))
        rows.append(Weighted(name, (), size * shape.nominal))
        for parameter, odd in shape.odd.items():
            moved[parameter] = None
            rows.append(Weighted(name, ((parameter, "linear"),), size * odd))
            if parameter in shape.even:
                rows.append(Weighted(name, ((parameter, "even"),), size * shape.even[parameter]))
    nuisances = []
    for parameter in moved:
        p = parameters[parameter]
        assert p.constraint is not None  # `check_shape_parameters`
        nuisances.append(ShapeNuisance(p.name, p.constraint.mean, p.constraint.sigma))
    steady = [n for n, b in declaration.backgrounds.items() if b.steady]
    # half of what lies there whatever the beam does: no legitimate expectation is below
    floor = sum(
        (0.5 * declaration.backgrounds[n].count.value * shapes[n].nominal for n in steady),
        start=np.zeros(observed.size),
    )
    model = TemplateModel(
        declaration.name,
        parameters,
        np.zeros(observed.size),
        tuple(groups),
        tuple(nuisances),
        tuple(rows),
        floor=floor,
    )
    return ReleasedModel(
        question, model, observed.shape, signal, scale, reference, prediction, couplings
    ).with_observed(observed)
