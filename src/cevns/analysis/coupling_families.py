"""New physics in an experiment: its models with parameters of an interaction free.

A family holds one model for each value of what is structural (the mass of a mediator) and is
what scans, limits and their toys work on (`cevns.inference.model.grid`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import exact_signal, tabulated
from cevns.experiments.joint import JointExperiment
from cevns.inference import Model
from cevns.parameters import Parameter, Parameters
from cevns.processes import (
    Combined,
    Extension,
    Interaction,
    StandardModel,
    Structured,
    at_place,
    structure_of,
)
from cevns.processes import interaction as find_interaction

__all__ = [
    "CouplingFamily",
    "Form",
    "Physics",
    "extended",
    "known_parameters",
    "shaped",
    "structural_names",
]

Form = Literal["tabulated", "exact"]
Physics = str | Extension | Sequence[Extension]
"""New physics by name (``"nsi"``, ``"nsi+magnetic-moment"``, a file of one's own) or as objects."""


def extended(experiment: Experiment, physics: Physics) -> Interaction:
    """An interaction for an experiment: its Standard Model with new physics added.

    Args:
        experiment: gives couplings, axial part and source.
        physics: what is added; ``"standard-model"`` for nothing.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if it cannot be made.
    """
    declared = experiment.declaration.interaction
    found: Interaction
    if isinstance(physics, str):
        found = find_interaction(physics, couplings=declared.couplings, axial=declared.axial)
    else:
        added = (physics,) if isinstance(physics, Extension) else tuple(physics)
        found = Combined(StandardModel(declared.couplings, declared.axial), added)
    # one may depend on where the detector stands, and have radii of the form factor as nominal
    return at_place(found, source=experiment.source, form_factor=experiment.form_factor)


@dataclass(frozen=True, eq=False)
class CouplingFamily:
    """Models of one or several experiments with parameters of new physics free.

    Args:
        subject: the experiment, or several together.
        physics: new physics, or ``"standard-model"``.
        free: names of free parameters of the interaction, those that are scanned included.
        at: values of other parameters of the interaction, structural ones included.
        fix: nuisance parameters that are held, at a value or (None) where they are.
        form: ``tabulated`` or ``exact``.
        within: narrower bounds of parameters.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if nothing is free, or a value is impossible.

    Examples:
        >>> from cevns.experiments import load
        >>> csi = load("coherent-csi-2021")
        >>> family = CouplingFamily(csi, "nsi", ("eps_ee_u", "eps_ee_d"))
        >>> family.parameters.names[:3]
        ('eps_ee_u', 'eps_ee_d', 'ssb')
    """

    subject: Experiment | JointExperiment
    physics: Physics
    free: tuple[str, ...]
    at: Mapping[str, float] = field(default_factory=dict)
    fix: Mapping[str, float | None] = field(default_factory=dict)
    form: Form = "tabulated"
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self._known
        every = Parameters([*known, *self.structure])
        for name in (*self.free, *self.at):
            _ = every[name]
        both = set(self.free) & set(self.at)
        if both:
            raise InputError(f"{both.pop()!r} is both free and held; drop one")
        if not self._couplings:
            raise InputError(
                f"{self.interaction.name}: no parameter of the interaction is free; name one of "
                f"{', '.join(known.names)}"
            )

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return _experiments(self.subject)

    @property
    def name(self) -> str:
        """Of the experiments."""
        return self.subject.name

    @cached_property
    def interaction(self) -> Interaction:
        """Of the first experiment."""
        return extended(self.experiments[0], self.physics)

    @cached_property
    def _known(self) -> Parameters:
        return self.interaction.parameters

    @property
    def structure(self) -> Parameters:
        """Parameters that change the shapes: a mediator mass."""
        return structure_of(self.interaction)

    @cached_property
    def _couplings(self) -> tuple[str, ...]:
        """Free parameters of the interaction, then those held at another value."""
        named = [*self.free, *self.at]
        return tuple(dict.fromkeys(self._known[n].name for n in named if n in self._known.names))

    @cached_property
    def parameters(self) -> Parameters:
        """The parameter vector, the same for all structural values."""
        return self.model({}).parameters

    @cached_property
    def _models(self) -> dict[tuple[tuple[str, float], ...], Model]:
        return {}

    def model(self, structure: Mapping[str, float]) -> Model:
        """The model at structural values; kept for the next call.

        Raises:
            UnknownNameError: if a name is not structural.
            InputError: if a value lies outside its bounds.
        """
        shapes = {n: v for n, v in self.at.items() if n in self.structure.names} | dict(structure)
        key = tuple(sorted(shapes.items()))
        if key not in self._models:
            while len(self._models) > 2:  # a scan meets one value after the other
                del self._models[next(iter(self._models))]
            self._models[key] = self._build(shapes)
        return self._models[key]

    def exact_model(self, structure: Mapping[str, float] | None = None) -> Model:
        """The model without tables: what a quoted best fit comes from."""
        return replace(self, form="exact").model(structure or {})

    def _build(self, shapes: Mapping[str, float]) -> Model:
        processes = [extended(e, self.physics) for e in self.experiments]
        if shapes:
            processes = [shaped(p, shapes) for p in processes]
        model = self.subject.model(self._couplings, interactions=processes)
        if self.form == "tabulated":
            features = {}
            for e in self.experiments:
                signal = exact_signal(model.group(e.name))
                assert signal is not None  # with free couplings it is from first principles
                features[e.name] = e.response_features(signal)
            model = tabulated(model, features)
        held: dict[str, float | None] = {n: v for n, v in self.at.items() if n in self._known.names}
        parameters = model.parameters.fix({**held, **self.fix})
        bounded = Parameters(_bounded(p, self.within.get(p.name)) for p in parameters)
        return model.with_parameters(bounded)

    def parameter(self, name: str) -> Parameter:
        """A parameter of the vector or a structural one.

        Raises:
            UnknownNameError: if there is neither.
        """
        if name in self.structure.names:
            return self.structure[name]
        return self.parameters[name]

    def __getstate__(self) -> dict[str, Any]:
        """Without the models that are kept: other processes build their own."""
        return {k: v for k, v in self.__dict__.items() if k != "_models"}


def _bounded(p: Parameter, within: tuple[float, float] | None) -> Parameter:
    """A parameter with narrower bounds; its value moves inside them."""
    if within is None:
        return p
    low, high = within
    return replace(p, lower=low, upper=high, value=min(max(p.value, low), high))


def known_parameters(subject: Experiment | JointExperiment, physics: Physics) -> Parameters:
    """All parameters of new physics, structural ones included.

    Raises:
        UnknownNameError: if there is no such interaction.
    """
    process = extended(_experiments(subject)[0], physics)
    return Parameters([*process.parameters, *structure_of(process)])


def structural_names(subject: Experiment | JointExperiment, physics: Physics) -> tuple[str, ...]:
    """Names of those that a model is built for."""
    return structure_of(extended(_experiments(subject)[0], physics)).names


def _experiments(subject: Experiment | JointExperiment) -> tuple[Experiment, ...]:
    return subject.experiments if isinstance(subject, JointExperiment) else (subject,)


def shaped(process: Interaction, shapes: Mapping[str, float]) -> Interaction:
    """An interaction with other shapes.

    Raises:
        UnknownNameError: if it has no such shapes.
    """
    if not isinstance(process, Structured):
        raise UnknownNameError("structural parameter", next(iter(shapes)), ())
    return process.with_structure(shapes)
