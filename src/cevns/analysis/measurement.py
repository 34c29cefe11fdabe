"""What a fit of experiments tells: the record behind ``cevns fit``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import records
from cevns.analysis.alternatives import Alternatives, alternative_fits, shapes_freed
from cevns.analysis.experiment_result import (
    ComponentCount,
    Contribution,
    ExperimentResult,
    in_cm2,
    short,
)
from cevns.analysis.question import PLAIN, Asked, Request, Subject, ask
from cevns.analysis.shifts import prediction_error
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.fast_form import exact_signal, fast_form
from cevns.experiments.questions import POI_PARAMETER, Question
from cevns.inference import (
    Channel,
    Component,
    Data,
    FitResult,
    FittedParameter,
    Likelihood,
    Model,
    fit,
)
from cevns.inference.fitting.intervals import Significance, significance
from cevns.inference.minimum.information import information_shares
from cevns.inference.model.joining import shared_parameters
from cevns.parameters import Gaussian, Parameters
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.inference.toys.gof import GoodnessOfFit

__all__ = ["Measurement", "Width", "measure"]


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
class Measurement:
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

    subject: Subject
    question: Question
    model: Model
    fit: FitResult
    results: Mapping[str, ExperimentResult]
    significance: Significance | None
    shared_share: float | None = None
    widths: tuple[Width, ...] = ()
    fixed_pulse_time: Measurement | None = field(default=None, repr=False)
    profiled: Measurement | None = field(default=None, repr=False)
    alternatives: Alternatives | None = field(default=None, repr=False)
    asimov: bool = False
    gof: GoodnessOfFit | None = None

    @property
    def together(self) -> bool:
        """Whether it is a fit of several experiments, or asked as of several."""
        return len(self.results) > 1 or self.question.scale is not None

    @property
    def z(self) -> float | None:
        """Significance in standard deviations; None where it is undefined."""
        return None if self.significance is None else self.significance.z

    @property
    def poi(self) -> FittedParameter | None:
        """The parameter of interest; None where each experiment has its own."""
        return None if self.fit.poi is None else self.fit[self.fit.poi]

    @property
    def shared(self) -> dict[str, tuple[str, ...]]:
        """Parameters of more than one experiment, with the names of these."""
        return shared_parameters(self.model)

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
        """Fitted counts of the one experiment along its axes."""
        return self.only.observed

    def expected(self) -> dict[str, Array]:
        """Fitted counts of the one experiment by component."""
        return self.only.expected()

    def plot(self) -> Figure:
        """Both projections with the fitted components; the other figures are in `cevns.report`."""
        return records.figure("measurement", self)

    def answer(self) -> dict[str, Any] | None:
        """The parameter of interest: name, value, errors and unit (cross sections in cm2)."""
        return None if self.poi is None else short(self.poi)

    def __str__(self) -> str:
        """Components, parameters, goodness of fit and significance as text."""
        lines = []
        for result in self.results.values():
            lines.append(f"{result.experiment.title}: events in the analysis region")
            lines += [
                f"  {c.title:28s} {c.prediction:8.1f} +- {c.prediction_error:5.1f}   "
                f"fit {c.fit:8.1f} +- {c.error:5.1f}"
                for c in result.components.values()
            ]
        lines += [f"{name}: shared by {', '.join(users)}" for name, users in self.shared.items()]
        z = "" if self.z is None else f"no CEvNS rejected at {self.z:.2f} sigma"
        return "\n".join([*lines, str(self.fit), z]).rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns fit``; see the documentation for every field."""
        plain = self.fit.to_dict()
        out = {
            **records.head(),
            "asimov": self.asimov,
            "question": self.question.name,
            "significance": self.z,
            "chi2": plain["chi2"],
            "deviance": plain["deviance"],
            "pearson_chi2": plain["pearson_chi2"],
            "ndof": plain["ndof"],
            "poi": self.answer(),
            "parameters": {n: in_cm2(p) for n, p in plain["parameters"].items()},
            "shared_parameters": [p.name for p in self.model.parameters if p.shared],
            "correlation": plain["correlation"],
            "channels": {n: r.channel_record() for n, r in self.results.items()},
            "goodness_of_fit": None if self.gof is None else vars(self.gof).copy(),
            "valid": plain["valid"],
            "edm": plain["edm"],
            "diagnosis": plain["diagnosis"],
        }
        if self.together:
            return out | self._several()
        block = self.only.to_dict()
        kept = ("experiment", "physics", "overrides", "inputs", "components", "observed")
        out |= {k: block[k] for k in kept}
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
        return out

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


def measure(
    *experiments: Experiment,
    request: Request = PLAIN,
    use_asimov: bool = False,
    minos: str = "poi",
    gof_toys: int = 0,
    contributions: bool = True,
    widths: Iterable[tuple[str, float]] = (),
) -> Measurement:
    """Fit one or several experiments.

    Args:
        experiments: from `cevns.experiments.load`; several are fitted together.
        request: what is asked and held, of several experiments by joint name.
        use_asimov: fit the expected counts instead of the observed ones: the result is the
            expected precision and significance.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        gof_toys: toys for a goodness-of-fit p-value; none by default.
        contributions: of several, fit each alone and all without it, where there is a common
            parameter of interest.
        widths: pairs of a constrained parameter and another width of its constraint (absolute):
            the answer if it were known that well, ``[("sns.flux", 0.05), ("sns.flux", 0.02)]``.

    Raises:
        InputError: if an experiment declares no data and `use_asimov` is off, the counts are
            impossible under the model, or a width is impossible.
        UnknownNameError: if a name is unknown.
        FitError: if a fit does not converge.

    Examples:
        >>> from cevns.experiments import load
        >>> result = measure(load("coherent-csi-2021"))
        >>> 296 < result.fit["cevns"].value < 316
        True
    """
    asked = ask(*experiments, request=request)
    data, model = asked.data(use_asimov), asked.held
    joint = len(asked.experiments) > 1 or asked.question.scale is not None
    wanted = _with_widths(asked, widths)
    result = _measure(asked, model, data, minos)
    if joint and asked.interest is not None and not model.parameters[asked.interest].fixed:
        shares = information_shares(model, result.fit.theta, asked.interest)
        result = replace(result, shared_share=shares["shared constraints"])
        # two couplings that one experiment cannot tell apart have no fit of it alone
        if contributions and len(request.free) < 2:
            result = _with_contributions(asked, result, shares, data, minos)
    result = replace(
        result,
        widths=tuple(
            Width(name, sigma, _fitted(asked, model.with_parameters(p), data, minos)[asked_poi])
            for name, sigma, p, asked_poi in wanted
        ),
    )
    if gof_toys:
        from cevns.inference.toys.gof import goodness_of_fit

        gof = goodness_of_fit(fast_form(model)[0], result.fit, gof_toys)
        result = replace(result, gof=gof)
    return result if joint else _beside(asked, result, data, minos)


def _beside(asked: Asked, result: Measurement, data: Data | None, minos: str) -> Measurement:
    """Of one experiment the fits beside that which is quoted: pulse time, shapes."""
    model = result.model
    if asked.experiments[0].declaration.signal is None:
        signal = exact_signal(model.channels[0])
        pulse = None if signal is None else signal.binding.pulse_time
        if pulse is None or model.parameters[pulse].fixed:
            return result
        held = model.with_parameters(model.parameters.fix({pulse: None}))
        return replace(result, fixed_pulse_time=_measure(asked, held, data, minos))
    free = shapes_freed(asked)
    if all(a.fixed == b.fixed for a, b in zip(free.parameters, model.parameters, strict=True)):
        return result
    study = None
    # other questions hold the rates in their error: nothing is left to fold in
    if result.z is not None and asked.question.counts_events:
        study = alternative_fits(asked, result.fit, result.z, data=data)
    return replace(result, profiled=_measure(asked, free, data, minos), alternatives=study)


def _fitted(asked: Asked, model: Model, data: Data | None, minos: str) -> FitResult:
    """A fit with MINOS errors of every parameter of interest where they are asked for."""
    own = [p.name for p in model.parameters if p.role == "poi"]
    return fit(model, data=data, poi=asked.interest, minos=own if minos == "poi" else minos)


def _measure(asked: Asked, model: Model, data: Data | None, minos: str) -> Measurement:
    best = _fitted(asked, model, data, minos)
    parts = Likelihood.of(model, best.data).by_channel(best.theta)
    results = {}
    for e in asked.experiments:
        channel = model.channel(e.name)
        own = z = None
        if asked.interest is None:
            own = best[channel.joint_name(POI_PARAMETER[asked.question.of_each])]
            z = _significance(model, own.name, best)
        results[e.name] = ExperimentResult(
            e,
            model,
            best,
            channel,
            _components(asked, e, channel, best),
            parts[channel.name],
            own,
            z,
            asimov=data is not None,
        )
    z = None
    if asked.interest is not None and asked.question.rejects_nothing:
        z = _significance(model, asked.interest, best)
    return Measurement(
        asked.subject, asked.question, model, best, results, z, asimov=data is not None
    )


def _significance(model: Model, name: str, best: FitResult) -> Significance | None:
    """Against zero; None where it is held, or where no background could make the counts.

    A count where the null expects nothing at all excludes it without limit.
    """
    if model.parameters[name].fixed:
        return None
    null = model.expected(model.parameters.at({name: 0.0}).values)
    if bool(np.any((null <= 0.0) & (best.data.counts > 0.0))):
        return None
    return significance(model, name, data=best.data, best=best)


def _with_contributions(
    asked: Asked,
    result: Measurement,
    shares: Mapping[str, float],
    data: Data | None,
    minos: str,
) -> Measurement:
    """Fits of each experiment alone and of the others; what is held stays held."""
    model, interest = result.model, asked.interest or ""

    def of(labels: list[str]) -> FittedParameter:
        some = model.only(labels)
        return _fitted(asked, some, None if data is None else data.only(model, some), minos)[
            interest
        ]

    results = {}
    for name, block in result.results.items():
        others = [n for n in result.results if n != name]
        without = of(others) if others else None
        contribution = Contribution(of([name]), without, shares[name])
        results[name] = replace(block, contribution=contribution)
    return replace(result, results=results)


def _with_widths(
    asked: Asked, widths: Iterable[tuple[str, float]]
) -> list[tuple[str, float, Parameters, str]]:
    """The parameters with one constraint at another width, for each that is asked for."""
    out = []
    parameters = asked.held.parameters
    for name, sigma in widths:
        poi = asked.one_interest("widths of constraints")
        p = parameters[name]
        if p.constraint is None:
            raise InputError(f"parameter {p.name!r} has no constraint whose width could change")
        if not (np.isfinite(sigma) and sigma > 0):
            raise InputError(
                f"parameter {p.name!r}: a width must be positive, not {sigma:g}; to hold it, fix it"
            )
        new = replace(p, constraint=Gaussian(p.constraint.mean, sigma))
        out.append((p.name, sigma, Parameters(new if q is p else q for q in parameters), poi))
    return out


def _components(
    asked: Asked, experiment: Experiment, channel: Channel, best: FitResult
) -> dict[str, ComponentCount]:
    """Predicted and fitted counts; errors are the covariance through the gradient."""
    model = asked.model
    free = [i for i in model.columns(channel).tolist() if best[model.parameters[i].name].error > 0]
    errors = np.array([best[model.parameters[i].name].error for i in free])
    points = np.repeat(best.theta[:, None], 2 + 2 * len(free), axis=1)
    points[:, 0] = model.parameters.values
    for k, i in enumerate(free):
        points[i, 2 + 2 * k] += 1e-3 * errors[k]
        points[i, 3 + 2 * k] -= 1e-3 * errors[k]
    at = model.at(channel, points)
    covariance = best.covariance[np.ix_(free, free)]
    out = {}
    for number, c in enumerate(channel.components):
        counts = np.ascontiguousarray(at.component(number).T).sum(axis=1)
        gradient = (counts[2::2] - counts[3::2]) / (2e-3 * errors)
        error = float(np.sqrt(np.maximum(gradient @ covariance @ gradient, 0.0)))
        background = experiment.declaration.backgrounds.get(c.name)
        prior = background.count.sigma if background else _signal_prior(experiment, c)
        out[c.name] = ComponentCount(
            c.name, c.title, float(counts[0]), prior, float(counts[1]), error
        )
    return out


def _signal_prior(experiment: Experiment, signal: Component) -> float:
    """Prior uncertainty of the signal: the released one where the prediction is released."""
    released = experiment.declaration.signal
    if released is not None and signal.shape.matrix is not None:
        return released.count.sigma
    return prediction_error(experiment)
