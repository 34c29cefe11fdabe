"""What is asked of experiments, and the model that answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cevns.analysis.coupling_families import Physics, extended, shaped, structure_of
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import AnyModel
from cevns.experiments.joint import SCALE_QUESTION, JointExperiment, check_joint_question
from cevns.experiments.questions import Poi
from cevns.inference import Data, asimov
from cevns.inference.model.joining import JointModel
from cevns.parameters import Parameters
from cevns.registry import canonical

__all__ = [
    "COMMON",
    "PLAIN",
    "Asked",
    "Question",
    "Subject",
    "ask",
    "experiments_of",
    "place",
    "require_data",
    "together",
    "with_physics",
]

Subject = Experiment | JointExperiment
COMMON = (SCALE_QUESTION, "sin2-theta-w", "couplings")
"""Questions of several experiments about one common parameter."""


@dataclass(frozen=True)
class Question:
    """A question, with what is held on the way.

    Args:
        poi: ``count`` (default), ``cross-section``, ``sin2-theta-w``; of several experiments also
            ``cross-section-scale`` (default).
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


PLAIN = Question()
"""The usual question, with nothing held."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question put to experiments.

    Args:
        subject: the experiment, or several together.
        name: of the question; ``couplings`` where parameters of the interaction are free.
        poi: the same as the experiments know it.
        model: their model; nothing is held but parameters of the interaction.
        interest: the common parameter of interest; None where each experiment has its own.
        fix: parameters that a fit holds.
    """

    subject: Subject
    name: str
    poi: Poi
    model: AnyModel | JointModel
    interest: str | None
    fix: Mapping[str, float | None]

    @property
    def held(self) -> AnyModel | JointModel:
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


def together(*experiments: Experiment) -> Subject:
    """One experiment as it is, several as a joint one.

    Raises:
        InputError: if two of them hold the same data or do not go together.
    """
    return experiments[0] if len(experiments) == 1 else JointExperiment(experiments)


def experiments_of(subject: Subject) -> tuple[Experiment, ...]:
    """The experiments of a subject."""
    return subject.experiments if isinstance(subject, JointExperiment) else (subject,)


def require_data(subject: Subject) -> None:
    """Raise `InputError` if an experiment has no data."""
    if isinstance(subject, JointExperiment):
        subject.require_data()
    elif not subject.has_data:
        raise InputError(
            f"{subject.name} declares no data: take expected counts with --asimov (asimov=True), "
            "or declare data in its file"
        )


def ask(*experiments: Experiment, question: Question) -> Asked:
    """Put a question to one or several experiments.

    Raises:
        UnknownNameError: if the question or a parameter is unknown.
        InputError: if the question does not fit together, or the experiments do not.
    """
    placed = tuple(_placed(e, question.at) for e in experiments)
    subject = JointExperiment(placed) if question.is_scale else together(*placed)
    if not question.free:
        if _couplings(placed[0], question.at):
            raise InputError(
                f"{', '.join(question.at)}: a parameter of the interaction is held beside free "
                "ones; name one with --free (free=...)"
            )
        if isinstance(subject, JointExperiment):
            name = check_joint_question(question.poi or SCALE_QUESTION)
            joint = subject.model(name)
            interest = joint.parameters[0].name if name in COMMON else None
            return Asked(subject, name, name, joint, interest, question.fix)
        one = subject.model(question.poi or "count")
        return Asked(subject, one.question, one.question, one, one.poi, question.fix)
    if question.poi is not None:
        raise InputError(
            f"{question.poi} and {', '.join(question.free)} are two questions; ask one of them"
        )
    both = _couplings(placed[0], question.free)
    names = tuple(dict.fromkeys([*both, *_couplings(placed[0], question.at)]))
    if len(both) < len(question.free):
        raise InputError(
            f"{', '.join(question.free)}: what changes shapes (a mass) cannot be free in a fit; "
            "hold it with --at, or scan it"
        )
    model = subject.model(names)
    values = {n: question.at[n] for n in question.at if model.parameters.has(n)}
    if set(both) & {model.parameters[n].name for n in values}:
        raise InputError(f"{', '.join(values)} is both free and held; drop one")
    model = model.with_parameters(model.parameters.fix(values))
    return Asked(subject, "couplings", names, model, model.parameters[both[0]].name, question.fix)


def with_physics(experiment: Experiment, physics: Physics) -> Experiment:
    """An experiment with new physics in its interaction.

    Raises:
        UnknownNameError: if there is no such interaction.
        InputError: if it cannot be made.
    """
    return replace(experiment, process=extended(experiment, physics))


def place(experiment: Experiment, at: Mapping[str, float]) -> tuple[Experiment, dict[str, float]]:
    """An experiment at values of its interaction's parameters.

    Returns:
        The experiment with its shapes where they are asked for, and the values of the others.

    Raises:
        UnknownNameError: if a parameter is unknown.
    """
    names = _couplings(experiment, at)
    known = experiment.interaction.parameters
    held = {known[n].name: v for n, v in at.items() if known.has(n) and known[n].name in names}
    return _placed(experiment, at), held


def _placed(experiment: Experiment, at: Mapping[str, float]) -> Experiment:
    """An experiment at the values of what changes its shapes."""
    if not at:
        return experiment
    structure = structure_of(experiment.interaction)
    shapes = {structure[n].name: v for n, v in at.items() if structure.has(n)}
    if not shapes:
        return experiment
    return replace(experiment, process=shaped(experiment.interaction, shapes))


def _couplings(experiment: Experiment, names: Iterable[str]) -> tuple[str, ...]:
    """Those that are parameters of the interaction, not of its shapes.

    Raises:
        UnknownNameError: if a name is neither.
    """
    process = experiment.interaction
    structure = structure_of(process)
    known = Parameters([*process.parameters, *structure])
    found = [known[n].name for n in names]
    return tuple(n for n in found if not structure.has(n))
