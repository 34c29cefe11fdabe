"""What a fit of experiments tells: the record behind ``cevns fit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import records
from cevns.analysis.alternatives import Alternatives
from cevns.analysis.channel_result import ChannelResult, ComponentCount
from cevns.analysis.question import Subject
from cevns.exceptions import FitError, InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.joint import JointExperiment
from cevns.experiments.questions import SIGNAL, Question
from cevns.inference import (
    FitResult,
    FittedParameter,
    Model,
)
from cevns.inference.fitting.intervals import Interval, Significance
from cevns.inference.fitting.upper_limits import upper_limit
from cevns.inference.model.joining import shared_parameters
from cevns.records import BinAxis, Binned, Explorable
from cevns.records.record_tables import RecordTable
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.inference.toys.gof import GoodnessOfFit

__all__ = [
    "CM2_UNIT",
    "NOTHING",
    "Contribution",
    "ExperimentResult",
    "Measurement",
    "Width",
    "in_cm2",
    "rejection",
    "short",
]

CM2_UNIT = "e-40 cm2"
NOTHING = 0.005
"""A significance that is written as 0.00 sigma and rejects nothing."""


def rejection(z: float | None, *, asimov: bool = False) -> str:
    """What a significance says of the hypothesis without signal; empty where there is none.

    Args:
        z: in standard deviations.
        asimov: whether it is the one to expect.

    Examples:
        >>> rejection(11.526)
        'the background-only hypothesis is rejected at 11.53 sigma'
        >>> rejection(3.0, asimov=True)
        'the background-only hypothesis is expected to be rejected at 3.00 sigma'
        >>> rejection(0.0)
        'the background-only hypothesis is not rejected'
    """
    if z is None:
        return ""
    if z < NOTHING:
        said = "is not expected to be rejected" if asimov else "is not rejected"
        return f"the background-only hypothesis {said}"
    said = "is expected to be rejected" if asimov else "is rejected"
    return f"the background-only hypothesis {said} at {z:.2f} sigma"


@dataclass(frozen=True)
class Contribution:
    """What one experiment brings to a common parameter.

    Args:
        alone: the parameter from this experiment only; None where it does not determine it.
        without: from all the others; None where there are none.
        share: of the profiled Fisher information (`information_shares`).
    """

    alone: FittedParameter | None
    without: FittedParameter | None
    share: float


@dataclass(frozen=True)
class Width:
    """The answer if a constraint had another width.

    Args:
        parameter: whose constraint.
        sigma: its width.
        poi: the fitted parameter of interest.
    """

    parameter: str
    sigma: float
    poi: FittedParameter


@dataclass(frozen=True, eq=False)
class ExperimentResult(Binned, Explorable):
    """One experiment in a fit.

    Args:
        experiment: which.
        channels: its channels by name.
        components: events in all of them; the signal comes first.
        poi: its own parameter of interest, where the question has one each.
        significance: of that against zero.
        contribution: to the common parameter of interest, where there is one.
    """

    experiment: Experiment
    channels: Mapping[str, ChannelResult]
    components: Mapping[str, ComponentCount]
    poi: FittedParameter | None = None
    significance: Significance | None = None
    contribution: Contribution | None = None

    def explored(self) -> tuple[Experiment, ...]:
        """The experiment."""
        return (self.experiment,)

    @property
    def only(self) -> ChannelResult:
        """The one channel.

        Raises:
            InputError: if there are several.
        """
        if len(self.channels) != 1:
            raise InputError(f"{self.experiment.name}: take one of its channels by name")
        return next(iter(self.channels.values()))

    @property
    def observed(self) -> Array:
        """Fitted counts, along the axes of the one channel, or of one channel after the other."""
        if len(self.channels) == 1:
            return self.only.observed
        return np.concatenate([c.observed.ravel() for c in self.channels.values()])

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, Array]]:
        """Those of the one channel."""
        return self.only.counts_in_bins()

    @property
    def events(self) -> float:
        """Number of events in the data."""
        return sum(c.events for c in self.channels.values())

    @property
    def fitted(self) -> float | None:
        """All events that the fit expects; None where a background has no model."""
        if any(c.channel.statistic.extra for c in self.channels.values()):
            return None
        return sum(c.fit for c in self.components.values())

    @property
    def deviance(self) -> float:
        """Its part of -2 ln L."""
        return sum(c.deviance for c in self.channels.values())

    def to_dict(self) -> dict[str, Any]:
        """The block ``experiments.NAME`` of the JSON."""
        c = self.contribution
        return {
            **self.experiment.provenance(),
            "components": {k.name: k.to_dict() for k in self.components.values()},
            "observed": round(self.events, 9),
            "observed_counts": self.observed.ravel().tolist(),
            "deviance": self.deviance,
            "poi": None if self.poi is None else short(self.poi),
            "significance": None if self.significance is None else self.significance.z,
            "contribution": c
            and {
                "alone": c.alone and short(c.alone),
                "without": c.without and short(c.without),
                "information_share": c.share,
            },
        }


@dataclass(frozen=True, eq=False, repr=False)
class Measurement(Binned, Explorable):
    """Result of fitting one or several experiments.

    Args:
        subject: what was fitted.
        question: what was asked.
        model: the likelihood model.
        fit: the record of the minimiser.
        results: by experiment.
        significance: against no CEvNS; None where the question does not define it.
        shared_share: of the information on a common parameter, what the constraints of shared
            parameters bring.
        widths: the answer with other constraints.
        fixed_pulse_time: of one experiment, the same fit with the pulse time held at its nominal
            value, where it floats in `fit`.
        profiled: the same fit with the shapes that `fit` holds floating, where there are any.
        alternatives: fits with each alternative shape in turn, likewise.
        asimov: whether the data were Asimov data.
        gof: toy p-value, where it was asked for.
    """

    main_table: ClassVar[str] = "parameters"

    subject: Subject
    question: Question
    model: Model
    fit: FitResult
    results: Mapping[str, ExperimentResult]
    significance: Significance | None
    shared_share: float | None = None
    widths: tuple[Width, ...] = ()
    fixed_pulse_time: Measurement | None = None
    profiled: Measurement | None = None
    alternatives: Alternatives | None = None
    asimov: bool = False
    gof: GoodnessOfFit | None = None

    def explored(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.subject.experiments

    @property
    def together(self) -> bool:
        """Whether it is a fit of several experiments, or asked as of several."""
        return len(self.results) > 1 or self.question.scale is not None

    @property
    def z(self) -> float | None:
        """Significance in standard deviations; None where it is undefined."""
        return None if self.significance is None else self.significance.z

    @property
    def signal_title(self) -> str:
        """What the signal that is asked for is called: CEvNS, or the process in its place."""
        subject = self.subject
        of = subject.asked if isinstance(subject, JointExperiment) else subject.experiments
        titles = [self.results[e.name].components[SIGNAL].title for e in of]
        return " and ".join(dict.fromkeys(titles))

    @property
    def poi(self) -> FittedParameter | None:
        """The parameter of interest; None where each experiment has its own."""
        return None if self.fit.poi is None else self.fit[self.fit.poi]

    @cached_property
    def limit(self) -> Interval | None:
        """Upper limit at 90 % on a parameter of interest whose best fit is at its lower bound.

        None elsewhere, and where the likelihood rises to no limit within the bounds.
        """
        if self.poi is None or not self.poi.at_lower_bound:
            return None
        try:
            found = upper_limit(self.model, self.poi.name, data=self.fit.data)
        except FitError:
            return None
        return None if found.upper_is_bound else found

    def _limit_record(self, limit: Interval) -> dict[str, Any]:
        assert self.poi is not None
        return in_cm2({"level": limit.level, "value": limit.upper, "unit": self.poi.unit})

    @property
    def shared(self) -> dict[str, tuple[str, ...]]:
        """Parameters of more than one experiment, with the names of these."""
        return shared_parameters(self.model)

    @property
    def of_the_prediction(self) -> dict[str, tuple[str, ...]]:
        """Declared parameters that are not in the model, by experiment: its signal count is free.

        They move the predicted count alone, which a free count replaces.
        """
        have = {p.name for p in self.model.parameters}
        name = self.model.joint_name
        return {
            e.name: tuple(n for n in e.declaration.parameters if name(e.name, n) not in have)
            for e in (self.subject.experiments if self.question.counts_events else ())
        }

    @property
    def channels(self) -> dict[str, ChannelResult]:
        """All channels by name."""
        return {n: c for r in self.results.values() for n, c in r.channels.items()}

    @property
    def only(self) -> ExperimentResult:
        """The one experiment.

        Raises:
            InputError: if there are several.
        """
        if len(self.results) != 1:
            raise InputError(f"{self.subject.name}: take one of its results by name")
        return next(iter(self.results.values()))

    @property
    def experiment(self) -> Experiment:
        """The one experiment."""
        return self.only.experiment

    @property
    def components(self) -> Mapping[str, ComponentCount]:
        """Events of the one experiment by component; the signal comes first."""
        return self.only.components

    @property
    def observed(self) -> Array:
        """Fitted counts of the one experiment."""
        return self.only.observed

    @property
    def events(self) -> float:
        """Number of events in the data of the one experiment."""
        return self.only.events

    def expected(self) -> dict[str, Array]:
        """Fitted counts of the one channel by component."""
        return self.only.only.expected()

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, Array]]:
        """Those of the one channel."""
        return self.only.counts_in_bins()

    def answer(self) -> dict[str, Any] | None:
        """The parameter of interest: name, value, errors and unit (cross sections in cm2)."""
        return None if self.poi is None else short(self.poi)

    def _heading(self) -> tuple[str, str]:
        """The title, and what came out."""
        said = "" if self.poi is None else f"{self.poi.name} = {_with_errors(self.poi)}"
        if self.poi is not None and self.limit is not None:
            limit = f"{self.poi.name} < {self.limit.upper:.4g}{_behind(self.poi)}"
            said = f"{limit} at {100 * self.limit.level:g} %; best fit {_with_errors(self.poi)}"
        answers = filter(None, (said, rejection(self.z, asimov=self.asimov), self.fit.goodness))
        return f"Fit of {self.subject.title}", "; ".join(answers)

    def _open_table(self) -> RecordTable:
        """All parameters, with errors, constraint and pull."""
        columns = ("parameter", "what", "value", "error", "constraint", "pull", "unit")
        rows = tuple(
            (
                p.name,
                p.parameter.description,
                f"{p.quoted:.5g}" + (" (bound)" if p.at_bound else ""),
                "fixed" if p.fixed else _errors(p),
                "free" if p.prior is None else f"{p.prior[0]:.4g} ± {p.prior[1]:.3g}",
                "" if p.pull is None or p.fixed else f"{p.pull:+.2f}",
                p.unit,
            )
            for p in self.fit
        )
        return RecordTable(columns, rows, named=True)

    def __repr__(self) -> str:
        """What was fitted and what came out, in a line; `print` shows all of it."""
        poi = "" if self.poi is None else f": {self.poi.name} = {self.poi.quoted:.5g}"
        return f"<Measurement of {self.subject.name}{poi}>"

    def __str__(self) -> str:
        """Components, parameters, goodness of fit and significance as text."""
        lines = []
        for result in self.results.values():
            unit = result.experiment.unit
            what = "events in the analysis region" if unit == "events" else f"in {unit}"
            lines.append(f"{result.experiment.title}: {what}")
            lines += [
                f"  {c.title:28s} {c.predicted:>17s}   fit {c.fit:8.1f} ± {c.error:5.1f}"
                for c in result.components.values()
            ]
        lines += [f"{name}: shared by {', '.join(users)}" for name, users in self.shared.items()]
        return "\n".join([*lines, str(self.fit), rejection(self.z, asimov=self.asimov)]).rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns fit``; see the documentation for every field."""
        plain = self.fit.to_dict()
        out = {
            **records.head(),
            "title": self.subject.title,
            "signal": self.signal_title,
            "asimov": self.asimov,
            "question": self.question.name,
            "significance": self.z,
            "chi2": plain["chi2"],
            "deviance": plain["deviance"],
            "pearson_chi2": plain["pearson_chi2"],
            "ndof": plain["ndof"],
            "poi": self.answer(),
            "upper_limit": None if self.limit is None else self._limit_record(self.limit),
            "parameters": {n: in_cm2(p) for n, p in plain["parameters"].items()},
            "shared_parameters": [p.name for p in self.model.parameters if p.shared],
            "correlation": plain["correlation"],
            "channels": {n: c.to_dict() for n, c in self.channels.items()},
            "goodness_of_fit": None if self.gof is None else vars(self.gof).copy(),
            "valid": plain["valid"],
            "edm": plain["edm"],
            "diagnosis": plain["diagnosis"],
        }
        if self.together:
            return records.cited(out | self._several(), "fit", "asymptotic")
        block = self.only.to_dict()
        out |= self.experiment.provenance()
        out |= {k: block[k] for k in ("components", "observed")}
        out["observed_counts"] = self.observed.tolist()
        out["anticoincident"] = self.experiment.inputs.anticoincident
        if self.fixed_pulse_time is not None:
            other = self.fixed_pulse_time
            out["fixed_pulse_time"] = {
                "poi": other.answer(),
                "significance": other.z,
                "chi2": other.fit.chi2,
            }
        if self.profiled is not None:
            whole = self.profiled.to_dict()
            kept = ("components", "significance", "chi2", "poi", "parameters", "correlation")
            out["profiled"] = {k: whole[k] for k in kept}
        if self.alternatives is not None:
            out["alternatives"] = self.alternatives.to_dict()
        return records.cited(out, "fit", "asymptotic")

    def _several(self) -> dict[str, Any]:
        """What several experiments have beside."""
        return {
            "experiments": {n: r.to_dict() for n, r in self.results.items()},
            "shared_parameters": list(self.shared),
            "shared": {name: list(users) for name, users in self.shared.items()},
            "shared_information_share": self.shared_share,
            "widths": [
                {"parameter": w.parameter, "sigma": w.sigma, "poi": short(w.poi)}
                for w in self.widths
            ],
        }


def _errors(p: FittedParameter) -> str:
    """Those of MINOS, where there are any, else that of the covariance."""
    up = "" if p.error_up is None else f"+{p.error_up:.4g}"
    down = "" if p.error_down is None else f"-{p.error_down:.4g}"
    both = up and down
    return f"{up} {down}".strip() if both or (p.at_bound and (up or down)) else f"± {p.error:.4g}"


def _with_errors(p: FittedParameter) -> str:
    error = "fixed" if p.fixed else _errors(p)
    return f"{p.quoted:.4g} {error}{_behind(p)}"


def _behind(p: FittedParameter) -> str:
    """The unit behind a value; one with a power of ten is a factor."""
    unit = "1e-40 cm2" if p.unit == CM2_UNIT else p.unit
    return f"{' x ' if unit[:1].isdigit() else ' '}{unit}".rstrip()


def in_cm2(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter's record with cross sections in cm2, as all output has them."""
    if parameter.get("unit") != CM2_UNIT:
        return parameter
    out = dict(parameter)
    for key in ("value", "error", "error_up", "error_down"):
        if out.get(key) is not None:
            out[key] = out[key] * 1e-40
    out["unit"] = "cm2"
    return out


def short(p: FittedParameter) -> dict[str, Any]:
    """Name, value, errors and unit of a fitted parameter (cross sections in cm2)."""
    record = in_cm2(p.to_dict())
    return {k: record[k] for k in ("name", "value", "error", "error_up", "error_down", "unit")}
