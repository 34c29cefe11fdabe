"""A fit of a study with all that its report shows, and how it is made again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cevns.analysis.measurement import Measurement
from cevns.analysis.profiling import Profile
from cevns.analysis.systematics import Systematics
from cevns.exceptions import FitError, InputError
from cevns.experiments import catalogue
from cevns.records import cited, head
from cevns.records.record_files import strict
from cevns.study import Study
from cevns.study.combined_study import CombinedStudy

__all__ = ["StudyFit", "fitted"]

_EACH: Final = (
    "Each experiment has its own parameter of interest here, so that there is no common one."
)


@dataclass(frozen=True, eq=False)
class StudyFit:
    """What a report says of a study.

    Args:
        study: what was fitted.
        question: arguments of its methods.
        asimov: whether expected counts were fitted.
        measurement: the fit; None where it failed.
        failure: why, in a sentence.
        profile: of the parameter of interest.
        systematics: the table of uncertainties.
        notes: why one of them is missing, by section.
        options: further arguments of the fit that are not the usual ones.
        named: how the experiments were named; by default their names.
    """

    study: Study
    question: Mapping[str, Any]
    asimov: bool
    measurement: Measurement | None = None
    failure: str = ""
    profile: Profile | None = None
    systematics: Systematics | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    named: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """How the experiments are named on a command line, files without their folders."""
        return [name.rpartition("/")[2] for name in self.named] or _names(self.study)

    @property
    def record(self) -> dict[str, Any]:
        """The JSON of ``cevns report``: that of the fit, with what is shown beside it."""
        own = self.study.combination if isinstance(self.study, CombinedStudy) else {}
        if self.measurement is None:
            found = {**self.study.provenance(), "asimov": self.asimov, "valid": False}
            found |= {"failure": self.failure}
        else:
            found = self.measurement.to_dict()
        if self.profile is not None:
            found["profile"] = self.profile.to_dict()
        if self.systematics is not None:
            found["systematics"] = self.systematics.to_dict()
        found["reproduce"] = {"command": self.command("fit"), "python": self.python}
        return dict(strict(cited({**head(), **found, **own})))

    def command(self, verb: str, *more: str) -> str:
        """The command line of the same question.

        Args:
            verb: the command.
            more: words behind the names of the experiments.
        """
        names, changes = self.names, _changes(self.study)
        words = ["cevns", verb, *names, *more]
        words += [w for key, value in changes.items() for w in ("--set", f"{key}={value}")]
        models = _models(self.study)
        words += ["--model", models] if models else []
        asked = self.question
        words += ["--poi", asked["poi"]] if asked.get("poi") else []
        words += [w for name in asked.get("free") or () for w in ("--free", name)]
        held = ("--at", asked.get("at") or {}), ("--fix", asked.get("fix") or {})
        for option, values in held:
            for name, value in values.items():
                words += [option, name if value is None else f"{name}={float(value)!r}"]
        words += ["--asimov"] if self.asimov else []
        for name, value in self.options.items():
            if name == "widths":
                words += [w for p, s in value for w in ("--width", f"{p}={float(s)!r}")]
            else:
                words += [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join(words)

    @property
    def python(self) -> str:
        """The same in Python."""
        arguments = [repr(name) for name in self.names]
        if changes := _changes(self.study):
            arguments.append(f"overrides={changes!r}")
        if models := _models(self.study):
            arguments.append(f"models={models!r}")
        asked = {k: _written(v) for k, v in self.question.items() if v}
        asked |= {"asimov": "True"} if self.asimov else {}
        question = ", ".join(f"{k}={v}" for k, v in asked.items())
        own = ", ".join(f"{k}={v!r}" for k, v in self.options.items())
        fit = ", ".join(filter(None, (question, own)))
        lines = [
            "import cevns",
            "",
            f"study = cevns.load({', '.join(arguments)})",
            f"fit = study.fit({fit})",
        ]
        if self.profile is not None:
            lines.append(f"profile = study.profile({question})")
        if self.systematics is not None:
            lines.append(f"systematics = study.systematics({question})")
        return "\n".join(lines)

    @property
    def without_data(self) -> tuple[str, ...]:
        """Experiments that declare no data."""
        return tuple(e.name for e in self.study.experiments if not e.has_data)


def fitted(
    study: Study,
    poi: str | None = None,
    *,
    free: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    asimov: bool = False,
    minos: str = "poi",
    gof_toys: int = 0,
    widths: Sequence[tuple[str, float]] = (),
    named: Sequence[str] = (),
) -> StudyFit:
    """Fit a study, profile the parameter of interest and vary every uncertainty.

    Where an experiment declares no data, expected counts are fitted. A fit that does not converge
    is a result too: `StudyFit.failure` says why.

    Args:
        study: from `cevns.load`.
        poi: the question by name.
        free: or parameters of the interaction.
        at: values of other parameters of the interaction.
        fix: parameters of the model to hold.
        asimov: fit the expected counts.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        gof_toys: toys for a goodness-of-fit p-value.
        widths: of several experiments, the answer with other widths of constraints.
        named: how the experiments were named, for the lines that reproduce the fit.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if the question does not fit together.
    """
    question: dict[str, Any] = {"poi": poi, "free": free, "at": at, "fix": fix}
    asimov = asimov or not all(e.has_data for e in study.experiments)
    given = {"minos": minos, "gof_toys": gof_toys, "widths": tuple(widths)}
    usual = {"minos": "poi", "gof_toys": 0, "widths": ()}
    options = {k: v for k, v in given.items() if v != usual[k]}
    try:
        found = study.fit(**question, asimov=asimov, minos=minos, gof_toys=gof_toys, widths=widths)
    except FitError as error:
        return StudyFit(study, question, asimov, failure=str(error), options=options, named=named)
    if found.poi is None or found.poi.fixed:
        why = _EACH if found.poi is None else f"{found.poi.name} is held, so it has no profile."
        notes = dict.fromkeys(("profile", "systematics"), why)
        return StudyFit(study, question, asimov, found, notes=notes, options=options, named=named)
    notes = {}
    curve, effects = None, None
    try:
        curve = study.profile(**question, asimov=asimov)
    except (FitError, InputError) as error:
        notes["profile"] = f"There is no profile: {error}."
    try:
        effects = study.systematics(**question, asimov=asimov)
    except (FitError, InputError) as error:
        notes["systematics"] = f"There is no table of uncertainties: {error}."
    return StudyFit(study, question, asimov, found, "", curve, effects, notes, options, named)


def _names(study: Study) -> list[str]:
    """Names of shipped experiments, and of one's own files without their folders."""
    if isinstance(study, CombinedStudy):  # with its members, of which these may be some
        return [f"{study.name}:{','.join(study.sets)}"]
    known = catalogue()
    return [e.name if e.name in known else e.path.name for e in study.experiments]


def _models(study: Study) -> str:
    """New physics by name: files that add components, and interactions."""
    patches = [p.path.name for p in study.experiments[0].document.patches]
    if isinstance(study.models, str):
        return "+".join([*patches, study.models])
    return "+".join([*patches, *([] if study.models is None else ["YOUR-OWN-MODEL"])])


def _changes(study: Study) -> dict[str, str]:
    """Changed fields; of one of several experiments with its name in front.

    Those of a combination are among the choices that it is made with, so of them choices are named.
    """
    if isinstance(study, CombinedStudy):
        return {f"choose.{name}": option for name, option in study.unusual.items()}
    each = {e.name: e.set_by_user for e in study.experiments}
    first, *others = each.values()
    common = {k: v for k, v in first.items() if all(o.get(k) == v for o in others)}
    own = {
        f"{name}:{k}": v for name, all_ in each.items() for k, v in all_.items() if k not in common
    }
    return common | own


def _written(value: Any) -> str:
    """An argument in Python."""
    if isinstance(value, Mapping):
        plain = {k: None if v is None else float(v) for k, v in value.items()}
        return repr(plain)
    return repr(value if isinstance(value, str) else list(value))
