"""What a joint fit tells: the record behind ``cevns fit A B``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.analysis.measurement import (
    ComponentCount,
    Measurement,
    in_cm2,
    signal_prediction_error,
)
from cevns.analysis.question import PLAIN, Question, ask
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import AnyModel
from cevns.experiments.inputs.released import ReleasedModel
from cevns.experiments.joint import SCALE_QUESTION, JointExperiment
from cevns.experiments.questions import POI_PARAMETER, SIGNAL, ExperimentModel, Poi
from cevns.inference import Data, FitResult, FittedParameter, Model, fit
from cevns.inference.fitting.intervals import Significance, significance
from cevns.inference.minimum.likelihood import deviance
from cevns.inference.model.joining import JointModel, Part, information_shares
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.records import head
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.inference.toys.gof import GoodnessOfFit

__all__ = [
    "Contribution",
    "ExperimentResult",
    "JointMeasurement",
    "Width",
    "measure_joint",
    "short",
]


@dataclass(frozen=True)
class Contribution:
    """What one experiment brings to a common parameter.

    Args:
        alone: the parameter from this experiment only.
        without: from all the others; None where there are none.
        share: of the profiled Fisher information (`information_shares`).
    """

    alone: FittedParameter
    without: FittedParameter | None
    share: float


@dataclass(frozen=True, eq=False)
class ExperimentResult:
    """One experiment in a joint fit.

    Args:
        experiment: which.
        components: events in its analysis region; the signal comes first.
        observed: fitted counts, ``(n_bins,)``.
        deviance: its part of the Poisson deviance.
        poi: its own parameter of interest, where the question has one each.
        significance: of that against zero.
        contribution: to the common parameter of interest, where there is one.
    """

    experiment: Experiment
    components: Mapping[str, ComponentCount]
    observed: Array = field(repr=False)
    deviance: float
    poi: FittedParameter | None
    significance: Significance | None
    contribution: Contribution | None

    def to_dict(self) -> dict[str, Any]:
        """The block ``experiments.NAME`` of the JSON."""
        out: dict[str, Any] = self.experiment.provenance()
        out["components"] = {
            c.name: {
                "prediction": c.prediction,
                "prediction_error": c.prediction_error,
                "fit": c.fit,
                "error": c.error,
            }
            for c in self.components.values()
        }
        out["observed"] = round(float(self.observed.sum()), 9)
        out["observed_counts"] = self.observed.tolist()
        out["deviance"] = self.deviance
        out["poi"] = None if self.poi is None else short(self.poi)
        out["significance"] = None if self.significance is None else self.significance.z
        c = self.contribution
        out["contribution"] = c and {
            "alone": short(c.alone),
            "without": c.without and short(c.without),
            "information_share": c.share,
        }
        return out


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
class JointMeasurement:
    """Result of fitting several experiments together.

    Args:
        joint: what was fitted.
        question: which parameter of interest.
        model: the joint likelihood model.
        fit: the record of the minimiser.
        results: by experiment.
        significance: of the common parameter against zero; None where that means nothing.
        shared_share: of the information, what the constraints of shared parameters bring.
        widths: the answer with other constraints.
        asimov: whether the data were Asimov data.
        gof: toy p-value, where it was asked for.
    """

    joint: JointExperiment
    question: str
    model: JointModel
    fit: FitResult
    results: Mapping[str, ExperimentResult]
    significance: Significance | None
    shared_share: float | None
    widths: tuple[Width, ...] = ()
    asimov: bool = False
    gof: GoodnessOfFit | None = None

    @property
    def z(self) -> float | None:
        """Significance in standard deviations; None where it is undefined."""
        return None if self.significance is None else self.significance.z

    @property
    def shared(self) -> dict[str, tuple[str, ...]]:
        """Parameters of more than one experiment, with the names of these."""
        return self.model.common

    @property
    def poi(self) -> FittedParameter | None:
        """The common parameter of interest; None where each experiment has its own."""
        return None if self.fit.poi is None else self.fit[self.fit.poi]

    def measurement(self, name: str) -> Measurement:
        """One experiment with the values of the joint fit, as a fit of its own shows it.

        Raises:
            UnknownNameError: if the experiment is not among them.
        """
        experiment = self.joint[name]
        part = next(p for p in self.model.parts if p.label == experiment.name)
        assert isinstance(part.model, AnyModel)
        block = self.results[experiment.name]
        return Measurement(
            experiment=experiment,
            model=part.model,
            fit=_part_fit(part, self.model.parameters, self.fit, block.deviance),
            components=block.components,
            significance=block.significance,
            asimov=self.asimov,
        )

    def __str__(self) -> str:
        """Shared parameters and the fit as text."""
        lines = [
            f"{name}: shared by {', '.join(users)}" for name, users in self.shared.items()
        ] or ["nothing is shared"]
        return "\n".join([self.joint.title, *lines, str(self.fit)])

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns fit`` with several experiments."""
        plain = self.fit.to_dict()
        return {
            **head(),
            "experiments": {n: r.to_dict() for n, r in self.results.items()},
            "asimov": self.asimov,
            "question": self.question,
            "significance": self.z,
            "chi2": plain["chi2"],
            "deviance": plain["deviance"],
            "pearson_chi2": plain["pearson_chi2"],
            "ndof": plain["ndof"],
            "poi": None if self.poi is None else short(self.poi),
            "parameters": {n: in_cm2(p) for n, p in plain["parameters"].items()},
            "shared_parameters": list(self.shared),
            "shared": {name: list(users) for name, users in self.shared.items()},
            "shared_information_share": self.shared_share,
            "widths": [
                {"parameter": w.parameter, "sigma": w.sigma, "poi": short(w.poi)}
                for w in self.widths
            ],
            "correlation": plain["correlation"],
            "goodness_of_fit": None if self.gof is None else vars(self.gof).copy(),
            "valid": plain["valid"],
            "edm": plain["edm"],
            "diagnosis": plain["diagnosis"],
        }


def short(p: FittedParameter) -> dict[str, Any]:
    """Name, value, errors and unit of a fitted parameter (cross sections in cm2)."""
    record = in_cm2(p.to_dict())
    return {k: record[k] for k in ("name", "value", "error", "error_up", "error_down", "unit")}


def measure_joint(
    *experiments: Experiment,
    question: Question = PLAIN,
    use_asimov: bool = False,
    minos: str = "poi",
    gof_toys: int = 0,
    contributions: bool = True,
    widths: Iterable[tuple[str, float]] = (),
) -> JointMeasurement:
    """Fit several experiments together.

    Args:
        experiments: from `cevns.experiments.load`.
        question: what is asked and held, parameters by joint name; of a single experiment it
            asks for ``cross-section-scale``.
        use_asimov: fit the expected counts of all instead of the observed ones.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        gof_toys: toys for a goodness-of-fit p-value; none by default.
        contributions: fit each experiment alone and all without it, where there is a common
            parameter of interest.
        widths: pairs of a constrained parameter and another width of its constraint (absolute):
            the answer if it were known that well, ``[("sns.flux", 0.05), ("sns.flux", 0.02)]``.

    Raises:
        InputError: if an experiment has no data and `use_asimov` is off, or a width is impossible.
        UnknownNameError: if a name is unknown.
        FitError: if a fit does not converge.
    """
    asked = ask(*experiments, question=question)
    truth = asked.data(use_asimov)
    joint, model, single = asked.subject, asked.model, asked.interest
    assert isinstance(joint, JointExperiment)
    assert isinstance(model, JointModel)
    held = dict(question.fix)
    wanted = _with_widths(model.parameters, single, widths)
    if held:
        model = model.with_parameters(model.parameters.fix(held))

    def fitted(m: JointModel, which: str = minos) -> FitResult:
        data = None if truth is None else _part_of(truth, model, m)
        own = [p.name for p in m.parameters if p.role == "poi"] if which == "poi" else which
        return fit(m, data=data, poi=single, minos=own)

    best = fitted(model)
    free = single is not None and not model.parameters[single].fixed
    shares = information_shares(model, best.theta, single or "", ()) if free else {}
    # two couplings that one experiment cannot tell apart have no fit of it alone
    contributions = contributions and len(question.free) < 2
    results = {}
    for part in model.parts:
        contribution = None
        if single is not None and free and contributions:
            contribution = _contribution(joint, model, part, asked.poi, single, shares, fitted)
        results[part.label] = _experiment_result(
            joint[part.label], model, part, best, asked.name, contribution
        )
    z = None
    if asked.name == SCALE_QUESTION and free and single is not None:
        z = _significance(model, single, best)
    gof = None
    if gof_toys:
        from cevns.experiments.fast_form import fast_form
        from cevns.inference.toys.gof import goodness_of_fit

        gof = goodness_of_fit(fast_form(model)[0], best, gof_toys)
    return JointMeasurement(
        joint=joint,
        question=asked.name,
        model=model,
        fit=best,
        results=results,
        significance=z,
        shared_share=shares.get("shared constraints"),
        widths=tuple(
            Width(name, sigma, fitted(model.with_parameters(p.fix(held)))[single or ""])
            for name, sigma, p in wanted
        ),
        asimov=use_asimov,
        gof=gof,
    )


def _part_fit(part: Part, joint: Parameters, best: FitResult, part_deviance: float) -> FitResult:
    """A joint fit as one of its parts sees it: its own parameters, bins and components."""

    def scaled(p: FittedParameter, own: Parameter, factor: float) -> FittedParameter:
        up, down = (None if e is None else e * factor for e in (p.error_up, p.error_down))
        prior = p.prior and (p.prior[0] * factor, p.prior[1] * factor)
        return FittedParameter(
            own, p.value * factor, p.error * factor, up, down, prior, p.fixed, p.at_bound
        )

    own, columns, factors = part.model.parameters, part.columns, part.factors
    values = {
        p.name: scaled(best[joint[int(i)].name], p, float(f))
        for p, i, f in zip(own, columns, factors, strict=True)
    }
    theta = best.theta[columns] * factors
    mu, counts = np.asarray(part.model.expected(theta)), best.data.counts[part.bins]
    pulls = sum(p.pull**2 for p in values.values() if p.pull is not None)
    return FitResult(
        model=part.model.name,
        poi=next((p.name for p in own if p.role == "poi"), None),
        fitted=values,
        covariance=best.covariance[np.ix_(columns, columns)] * np.outer(factors, factors),
        twice_nll=part_deviance + pulls,
        deviance=part_deviance,
        pearson=float(np.sum((counts - mu) ** 2 / np.maximum(mu, 1e-300))),
        ndof=best.ndof,
        edm=best.edm,
        calls=best.calls,
        valid=best.valid,
        diagnosis=best.diagnosis,
        components=part.model.components(theta),
        data=Data(counts, best.data.auxiliary[columns] * factors),
        engine=best.engine,
    )


def _part_of(data: Data, whole: JointModel, some: JointModel) -> Data:
    """The data of some of the parts of a joint model."""
    bins = {p.label: p.bins for p in whole.parts}
    at = [whole.parameters.position(name) for name in some.parameters.names]
    return Data(
        np.concatenate([data.counts[bins[p.label]] for p in some.parts]), data.auxiliary[at]
    )


def _significance(model: JointModel, name: str, best: FitResult) -> Significance | None:
    """Against zero; None where no background could make the counts, which excludes it at all."""
    null = model.expected(model.parameters.at({name: 0.0}).values)
    if bool(np.any((null <= 0.0) & (best.data.counts > 0.0))):
        return None
    return significance(model, name, data=best.data, best=best)


def _with_widths(
    parameters: Parameters, single: str | None, widths: Iterable[tuple[str, float]]
) -> list[tuple[str, float, Parameters]]:
    """The parameters with one constraint at another width, for each that is asked for."""
    out = []
    for name, sigma in widths:
        p = parameters[name]
        if single is None:
            raise InputError(
                "another width of a constraint is asked of a common parameter: use "
                f"{SCALE_QUESTION} or sin2-theta-w"
            )
        if p.constraint is None:
            raise InputError(f"parameter {p.name!r} has no constraint whose width could change")
        if not (np.isfinite(sigma) and sigma > 0):
            raise InputError(
                f"parameter {p.name!r}: a width must be positive, not {sigma:g}; to hold it, fix it"
            )
        new = replace(p, constraint=Gaussian(p.constraint.mean, sigma))
        out.append((p.name, sigma, Parameters(new if q is p else q for q in parameters)))
    return out


def _contribution(
    joint: JointExperiment,
    model: JointModel,
    part: Part,
    poi: Poi,
    single: str,
    shares: Mapping[str, float],
    fitted: Any,
) -> Contribution:
    """Fits of one experiment alone and of the others; what is held stays held."""

    def of(labels: list[str]) -> FittedParameter:
        chosen = {p.label: p.model for p in model.parts if p.label in labels}
        some = joint.joined(chosen, poi)
        own = Parameters(model.parameters[n] for n in some.parameters.names)
        result: FittedParameter = fitted(some.with_parameters(own))[single]
        return result

    others = [p.label for p in model.parts if p.label != part.label]
    return Contribution(of([part.label]), of(others) if others else None, shares[part.label])


def _experiment_result(
    experiment: Experiment,
    model: JointModel,
    part: Part,
    best: FitResult,
    question: str,
    contribution: Contribution | None,
) -> ExperimentResult:
    mu = np.asarray(model.expected(best.theta))[part.bins]
    observed = best.data.counts[part.bins]
    poi = z = None
    if question in ("count", "cross-section"):
        name = part.names(model.parameters)[POI_PARAMETER[question]]
        poi = best[name]
        if not poi.fixed:
            z = _significance(model, name, best)
    return ExperimentResult(
        experiment=experiment,
        components=_components(experiment, model, part, best),
        observed=observed,
        deviance=float(deviance(mu, observed)),
        poi=poi,
        significance=z,
        contribution=contribution,
    )


def _prediction_error(experiment: Experiment, model: Model) -> float:
    assert isinstance(model, ExperimentModel | ReleasedModel)
    return signal_prediction_error(experiment, model)


def _components(
    experiment: Experiment, model: JointModel, part: Part, best: FitResult
) -> dict[str, ComponentCount]:
    """Predicted and fitted counts; errors are the covariance through the gradient."""

    def counts(theta: Array) -> dict[str, float]:
        found = part.model.components(theta[part.columns] * part.factors)
        return {n: float(np.sum(c)) for n, c in found.items()}

    predicted, at_best = counts(model.parameters.values), counts(best.theta)
    gradient = {n: np.zeros(len(model.parameters)) for n in predicted}
    for i in part.columns.tolist():
        error = best[model.parameters[i].name].error
        if not error > 0:
            continue
        theta = best.theta
        sides = []
        for sign in (1.0, -1.0):
            theta[i] += sign * 1e-3 * error
            sides.append(counts(theta))
            theta[i] -= sign * 1e-3 * error
        for n, row in gradient.items():
            row[i] = (sides[0][n] - sides[1][n]) / (2e-3 * error)
    out = {}
    for n, row in gradient.items():
        background = experiment.declaration.backgrounds.get(n)
        out[n] = ComponentCount(
            n,
            "CEvNS" if n == SIGNAL else (background and background.title) or n,
            predicted[n],
            _prediction_error(experiment, part.model)
            if n == SIGNAL
            else (background.count.sigma if background else 0.0),
            at_best[n],
            float(np.sqrt(np.maximum(row @ best.covariance @ row, 0.0))),
        )
    return out
