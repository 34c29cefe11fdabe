"""What is asked of experiments, and the model that answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cevns.analysis.coupling_families import (
    Physics,
    Subject,
    askable,
    extended,
    structural,
)
from cevns.exceptions import InputError
from cevns.experiments.declaration.patch import from_elsewhere, over_cevns
from cevns.experiments.experiment import Experiment
from cevns.experiments.joint import JointExperiment
from cevns.experiments.questions import SCALE_QUESTION, Question
from cevns.inference import Data, Model, asimov
from cevns.parameters import Parameters
from cevns.processes import structure_of
from cevns.processes.framework.abilities import shaped
from cevns.registry import canonical

__all__ = [
    "PLAIN",
    "Asked",
    "Request",
    "Subject",
    "ask",
    "laid_over",
    "place",
    "refuse_missing",
    "refuse_unfelt",
    "requested",
    "require_data",
    "together",
    "with_physics",
]


@dataclass(frozen=True)
class Request:
    """A question as a user puts it, with what is held on the way.

    Args:
        poi: ``count`` (default), ``cross-section``, ``flux``, ``sin2-theta-w``; of several
            experiments also ``cross-section-scale`` (default).
        free: in its place, parameters of the interaction; the first is that of interest.
        at: values of other parameters of the interaction.
        fix: parameters of the model to hold, at a value or (None) at their nominal one.
    """

    poi: str | None = None
    free: tuple[str, ...] = ()
    at: Mapping[str, float] = field(default_factory=dict)
    fix: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def is_scale(self) -> bool:
        """Whether it asks for the common factor on all cross sections."""
        return self.poi is not None and canonical(self.poi) == SCALE_QUESTION


PLAIN = Request()
"""The usual question, with nothing held."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question put to experiments.

    Args:
        subject: the experiment, or several together.
        question: what is asked.
        model: their model; nothing is held but parameters of the interaction.
        interest: the parameter of interest; None where each experiment has its own.
        fix: parameters that a fit holds.
    """

    subject: Subject
    question: Question
    model: Model
    interest: str | None
    fix: Mapping[str, float | None]

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.subject.experiments

    @property
    def of(self) -> tuple[Experiment, ...]:
        """Those that are asked; others stand beside them (`Experiment.is_beside`)."""
        subject = self.subject
        return subject.asked if isinstance(subject, JointExperiment) else (subject,)

    @property
    def held(self) -> Model:
        """The model with what the question holds."""
        if not self.fix:
            return self.model
        return self.model.with_parameters(self.model.parameters.fix(self.fix))

    def data(self, use_asimov: bool) -> Data | None:
        """Asimov data, or None for the model's own.

        The truth of Asimov data is the declaration, whatever the fit then holds.

        Raises:
            InputError: if an experiment has no data and none are made.
        """
        if use_asimov:
            return asimov(self.model)
        require_data(self.subject)
        return None

    def one_interest(self, what: str) -> str:
        """The parameter of interest.

        Args:
            what: that needs it, for the sentence about that.

        Raises:
            InputError: if each experiment has its own.
        """
        if self.interest is None:
            raise InputError(
                f"{what} of several experiments share one parameter of interest, but "
                f"{self.question.name} has one for each experiment: use {SCALE_QUESTION} or "
                "sin2-theta-w"
            )
        return self.interest


def together(*experiments: Experiment) -> Subject:
    """One experiment as it is, several as a joint one.

    Raises:
        InputError: if two of them hold the same data or do not go together.
    """
    return experiments[0] if len(experiments) == 1 else JointExperiment(experiments)


def refuse_missing(*experiments: Experiment) -> None:
    """Raise `InputError` for an experiment whose file says that it cannot enter a fit."""
    for e in experiments:
        if e.declaration.missing:
            raise InputError(f"{e.name} cannot be fitted: {e.declaration.missing}")


def _refuse_monitors(*experiments: Experiment) -> None:
    """Raise `InputError` where no experiment measures CEvNS or another reaction."""
    monitored = [e.declaration.monitors for e in experiments]
    if all(monitored):
        names = " and ".join(e.name for e in experiments)
        raise InputError(
            f"{names} measures {' and '.join(dict.fromkeys(monitored))} and no CEvNS, so that it "
            "cannot be fitted alone: name an experiment beside it whose backgrounds have this "
            "parameter as a strength"
        )


def require_data(subject: Subject) -> None:
    """Raise `InputError` if an experiment has no data."""
    for e in subject.experiments:
        if not e.has_data:
            raise InputError(
                f"{e.name} declares no data: use expected counts with --asimov (asimov=True), "
                f'or declare data in its file or with --set {e.name}:data="{{...}}"'
            )


def refuse_unfelt(
    subject: Subject, models: Iterable[Model], names: Iterable[str], held: Mapping[str, float]
) -> None:
    """Refuse to ask for a parameter on which nothing that is expected depends.

    Args:
        subject: the experiments.
        models: of the question, at each value of what changes shapes that is to be met.
        names: parameters that are free in it.
        held: what the models are made for, a mass.

    Raises:
        InputError: naming the first that does nothing in any of them.
    """
    left = list(names)
    for model in models:
        left = [n for n in left if not model.feels(n)]
        if not left:
            return
    if left:
        values = " and ".join(f"{n} = {v:g}" for n, v in held.items())
        where = f" at {values}" if values else ""
        known = [e.name for e in subject.experiments]
        raise InputError(
            f"{left[0]} has no observable effect{where} in {' or '.join(known)}, "
            "above the threshold and within the axes: add data that depend on it, or "
            "choose another parameter"
        )


def ask(*experiments: Experiment, request: Request) -> Asked:
    """Put a question to one or several experiments.

    Raises:
        UnknownNameError: if the question or a parameter is unknown.
        InputError: if the question does not fit together, or the experiments do not.
    """
    refuse_missing(*experiments)
    _refuse_monitors(*experiments)
    placed = tuple(_placed(e, request.at) for e in experiments)
    subject = JointExperiment(placed) if request.is_scale else together(*placed)
    process = placed[0].interaction
    known, structure = askable(process, subject), structural(process, subject)
    held = {known[n].name: v for n, v in request.at.items() if not structure.has(n)}
    if not request.free:
        question = subject.ask(request.poi or subject.usual_question)
        if held:
            beside = subject.ask(tuple(held))
            declared = {n for e in placed for n in e.declaration.parameters}
            if beside.couplings or declared.intersection(beside.strengths):
                raise InputError(
                    f"{', '.join(held)}: parameters of the interaction can only be fixed if "
                    "others are free; name a free one with --free (free=...), or fix a "
                    "parameter of the file with --fix (fix=...)"
                )
            question = replace(question, beside=beside.strengths)
        several = isinstance(subject, JointExperiment)
        interest = question.common if several else question.parameter
        model = subject.model(question)
        model = model.with_parameters(model.parameters.fix(held))
        refuse_unfelt(subject, [model], question.named, _shapes(structure, request))
        return Asked(subject, question, model, interest, request.fix)
    if request.poi is not None:
        raise InputError(
            f"{request.poi} and {', '.join(request.free)} cannot be combined; use one of them"
        )
    free = tuple(dict.fromkeys(known[n].name for n in request.free))
    if any(structure.has(n) for n in free):
        raise InputError(
            f"{', '.join(request.free)}: a parameter that changes shapes (a mass) "
            "cannot be free in a fit; fix it with --at (at=...), or scan it"
        )
    both = [n for n in free if n in held]
    if both:
        raise InputError(f"{', '.join(both)} is both free and held; drop one")
    question = replace(subject.ask((*free, *held)), held=tuple(held))
    model = subject.model(question)
    model = model.with_parameters(model.parameters.fix(held))
    refuse_unfelt(subject, [model], free, _shapes(structure, request))
    interest = model.parameters[free[0]].name
    return Asked(subject, question, model, interest, request.fix)


def _shapes(structure: Parameters, request: Request) -> dict[str, float]:
    """What the shapes of a question are made for."""
    return {p.name: float(p.value) for p in structure} | dict(request.at)


def laid_over(
    experiments: tuple[Experiment, ...], models: str
) -> tuple[tuple[Experiment, ...], str]:
    """Experiments with processes of other particles over their CEvNS, and the names of the rest.

    A process that scatters what no neutrino source emits (WIMPs) gets a component with its usual
    source, unless an experiment's own source is of that kind.

    Raises:
        UnknownNameError: if there is no such process.
        InputError: if a file of the user cannot be used, two processes are models of the same
            component, or the experiment has no beam to make the particles.
    """
    if not models:
        return experiments, models
    other, others = from_elsewhere(models)
    own = {e.declaration.source.kind for e in experiments}
    if not other or own.intersection(m.usual_source["kind"] for m in other.values()):
        return experiments, models
    components: dict[str, str] = {}
    for name, made in other.items():
        if (first := components.setdefault(made.component, name)) != name:
            raise InputError(
                f"{first} and {name} are both models of the component, {made.component!r}; use "
                "one of them at a time"
            )
        experiments = tuple(
            e
            if e.is_beside
            else e.with_patch(
                over_cevns(
                    name,
                    made,
                    e.declaration.interaction.form_factor,
                    e.declaration.source.model_dump(),
                )
            )
            for e in experiments
        )
    return experiments, others


def with_physics(*experiments: Experiment, physics: Physics) -> tuple[Experiment, ...]:
    """Experiments with new physics in their interaction; those that stand beside stay as they are.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if it cannot be made, or all stand beside (`Experiment.is_beside`).
    """
    first = experiments[0]
    if all(e.is_beside for e in experiments):
        raise InputError(
            f"{first.name} has the interaction {first.interaction.name!r}, to which "
            "new physics of other processes cannot be added; change its file (--set "
            "interaction.kind=...), or add the model to an experiment of CEvNS"
        )
    return tuple(replace(e, process=extended(e, physics)) for e in experiments)


def place(experiment: Experiment, at: Mapping[str, float]) -> tuple[Experiment, dict[str, float]]:
    """An experiment at values of its interaction's parameters and of components' strengths.

    Returns:
        The experiment with its shapes where they are asked for, and the values of the others.

    Raises:
        UnknownNameError: if a parameter is unknown.
    """
    process = experiment.interaction
    known, structure = askable(process, experiment), structural(process, experiment)
    held = {known[n].name: v for n, v in at.items() if not structure.has(n)}
    return _placed(experiment, at), held


def _placed(experiment: Experiment, at: Mapping[str, float]) -> Experiment:
    """An experiment at the values of what changes its shapes."""
    process = experiment.interaction
    structure = structural(process, experiment)
    shapes = {structure[n].name: v for n, v in at.items() if structure.has(n)}
    if not shapes:
        return experiment
    own = {n: v for n, v in shapes.items() if structure_of(process).has(n)}
    placed = shaped(process, own) if own else experiment.process
    return replace(experiment, process=placed, shapes={**(experiment.shapes or {}), **shapes})


def requested(
    poi: str | None,
    free: Sequence[str],
    at: Mapping[str, float] | None,
    fix: Mapping[str, float | None] | None,
) -> Request:
    """What is asked.

    Raises:
        InputError: if names come as one text, or values without their names.
    """
    if isinstance(free, str):
        raise InputError(f"free={free!r}: give a list of names, free=[{free!r}]")
    for argument, given in (("at", at), ("fix", fix)):
        if not isinstance(given, Mapping | None):
            raise InputError(
                f"{argument}={given!r}: give parameters with their values, or None to hold one "
                f"where it is: {argument}={{'t0': None}}"
            )
    return Request(poi, tuple(free), dict(at or {}), dict(fix or {}))
