"""New physics in an experiment: its models with couplings and strengths of components free.

A family holds one model for each value of what is structural (the mass of a mediator) and is
what scans, limits and their toys work on (`cevns.inference.model.grid`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

from cevns.dark_sector.sector import ClosedDecayError
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.joint import JointExperiment, Named
from cevns.experiments.questions import Question
from cevns.inference import Model
from cevns.parameters import Parameter, Parameters
from cevns.processes import (
    Extension,
    Interaction,
    StandardModel,
    at_place,
    structure_of,
)
from cevns.processes import interaction as find_interaction
from cevns.processes.framework.abilities import placed
from cevns.processes.framework.combined import Combined, standing
from cevns.processes.framework.kinematics import DarkKinematics
from cevns.rates.fold import of_its_mass

__all__ = [
    "CouplingFamily",
    "Form",
    "Physics",
    "Subject",
    "askable",
    "extended",
    "structural",
]

Form = Literal["tabulated", "exact"]
Subject = Experiment | JointExperiment
"""One experiment, or several together."""
Physics = str | Interaction | Extension | Sequence[Extension]
"""New physics by name (``"nsi"``, ``"nsi+magnetic-moment"``, a file of one's own) or as objects."""


def extended(experiment: Experiment, physics: Physics | None) -> Interaction:
    """An interaction for an experiment: its Standard Model with new physics added.

    Reactions of some nuclides alone (`Experiment.is_beside`) stay as they are.

    Args:
        experiment: gives couplings, axial part and source.
        physics: what is added; ``"standard-model"`` for nothing, None for what the experiment has.
            An interaction as an object is taken as it is, with its own couplings.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if it cannot be made.
    """
    if physics is None or experiment.is_beside:
        return experiment.interaction
    declared = experiment.declaration.interaction
    standard = {f: getattr(declared, f) for f in ("couplings", "axial", "charge_radius")}
    if isinstance(physics, str):
        found = find_interaction(physics, **standard)
    else:
        base = cast("StandardModel | Combined", find_interaction("standard-model", **standard))
        found = cast("Interaction", standing(physics, base))
    # one may depend on where the detector stands, and have radii of the form factor as nominal
    return at_place(found, source=experiment.source, form_factor=experiment.form_factor)


@dataclass(frozen=True, eq=False)
class CouplingFamily:
    """Models of one or several experiments with parameters of new physics free.

    What is free or held is one question (`cevns.experiments.questions`): parameters of the
    interaction and strengths of further components.

    Args:
        subject: the experiment, or several together.
        physics: new physics, ``"standard-model"``, or None for what the experiments have.
        free: names of free parameters, those that are scanned included.
        at: values of other parameters, structural ones included.
        fix: nuisance parameters that are held, at a value or (None) where they are.
        form: ``tabulated`` or ``exact``.
        within: narrower bounds of parameters.
        first: structural values of a model that is asked for without any, where they have no
            default: of a scan along them the first ones.

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

    subject: Subject
    physics: Physics | None
    free: tuple[str, ...]
    at: Mapping[str, float] = field(default_factory=dict)
    fix: Mapping[str, float | None] = field(default_factory=dict)
    form: Form = "tabulated"
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    first: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = self._named
        both = set(self.free) & set(self.at)
        if both:
            raise InputError(f"{both.pop()!r} is both free and held; drop one")
        if not named:
            could = ", ".join(self._without_shapes(self.known.names))
            raise InputError(
                f"{self.interaction.name}: no parameter of the interaction and no strength of a "
                f"component is free; name one of {could}"
            )
        _ = self.question

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.subject.experiments

    @property
    def name(self) -> str:
        """Of the experiments."""
        return self.subject.name

    @cached_property
    def interaction(self) -> Interaction:
        """Of the first experiment."""
        return extended(self.experiments[0], self.physics)

    @cached_property
    def known(self) -> Parameters:
        """All that may be free or held by its name."""
        return askable(self.interaction, self.subject)

    @cached_property
    def structure(self) -> Parameters:
        """Parameters that change the shapes, a mediator mass, at the values that are held."""
        shapes = {**self.first, **self.at}
        placed = [replace(e, shapes={**(e.shapes or {}), **shapes}) for e in self.experiments]
        return structural(self.interaction, *placed)

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """What is free, then what is held at another value."""
        return self._without_shapes([*self.free, *self.at])

    def _without_shapes(self, names: Iterable[str]) -> tuple[str, ...]:
        found = [self.known[n].name for n in names]
        return tuple(dict.fromkeys(n for n in found if not self.structure.has(n)))

    @cached_property
    def question(self) -> Question:
        """What is asked of the experiments."""
        asked = self.subject.ask(self._named, interactions=[self.interaction])
        return replace(asked, held=self._without_shapes(self.at))

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
        given = {**self.first, **self.at}
        shapes = {n: v for n, v in given.items() if n in self.structure.names} | dict(structure)
        key = tuple(sorted(shapes.items()))
        if key not in self._models:
            while len(self._models) > 2:  # a scan meets one value after the other
                del self._models[next(iter(self._models))]
            self._models[key] = self._build(shapes)
        return self._models[key]

    def closed(self, structure: Mapping[str, float]) -> str:
        """Why no dark matter of a component arrives at structural values; empty where it does."""
        shapes = {**self.first, **self.at, **structure}
        shapes = {n: v for n, v in shapes.items() if n in self.structure.names}
        for e in self.experiments:
            for name, entry in e.declaration.components.items():
                if entry.interaction is None:
                    continue
                view = e.further[name].placed(shapes)
                kinematics = view.interaction.kinematics
                if not isinstance(kinematics, DarkKinematics):
                    continue
                try:
                    _ = of_its_mass(view.source, kinematics).recoil_kinks
                except ClosedDecayError as error:
                    return str(error)
        return ""

    def exact_model(self, structure: Mapping[str, float] | None = None) -> Model:
        """The model without tables: what a quoted best fit comes from."""
        return replace(self, form="exact").model(structure or {})

    def _build(self, shapes: Mapping[str, float]) -> Model:
        processes = [extended(e, self.physics) for e in self.experiments]
        own = {n: v for n, v in shapes.items() if structure_of(self.interaction).has(n)}
        if own:
            processes = [placed(p, own) for p in processes]
        model = self.subject.model(self.question, interactions=processes, shapes=shapes)
        if self.form == "tabulated":
            from cevns.experiments.fast_form import fast_form  # scans and toys alone need tables

            model = fast_form(model, {e.name: e.response_tables for e in self.experiments})[0]
        held = {n: v for n, v in self.at.items() if not self.structure.has(n)}
        parameters = list(model.parameters.fix({**held, **self.fix}))
        for name, (low, high) in self.within.items():
            i = model.parameters.position(name)
            value = min(max(parameters[i].value, low), high)
            parameters[i] = replace(parameters[i], lower=low, upper=high, value=value)
        return model.with_parameters(Parameters(parameters))

    def __getstate__(self) -> dict[str, Any]:
        """Without the models that are kept: other processes build their own."""
        return {k: v for k, v in self.__dict__.items() if k != "_models"}


def askable(process: Interaction, subject: Experiment | Named) -> Parameters:
    """Parameters of an interaction, those of all shapes, and those of further components."""
    own = [*process.parameters, *structural(process, subject)]
    known = Parameters(own)
    return Parameters([*own, *(p for p in subject.strengths if not known.has(p.name))])


def structural(process: Interaction, *subjects: Experiment | Named) -> Parameters:
    """Parameters that change shapes: of an interaction, and of further components' own ones."""
    own = (p for s in subjects for e in s.experiments for p in e.own_processes.values())
    found: dict[str, Parameter] = {}
    for p in (p for each in (process, *own) for p in structure_of(each)):
        found.setdefault(p.name, p)
    return Parameters(found.values())
