"""What a fit of an experiment tells: the record behind ``cevns fit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import records
from cevns.analysis.alternatives import Alternatives, alternative_fits, freed, held_shapes
from cevns.analysis.question import PLAIN, Question, ask
from cevns.analysis.shifts import prediction_error
from cevns.experiments.experiment import Experiment, inputs_record
from cevns.experiments.fast_form import AnyModel
from cevns.experiments.inputs.released import ReleasedModel
from cevns.experiments.questions import SIGNAL, ExperimentModel
from cevns.inference import Data, FitResult, fit
from cevns.inference.fitting.intervals import Significance, significance
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.inference.toys.gof import GoodnessOfFit

__all__ = [
    "CM2_UNIT",
    "ComponentCount",
    "Measurement",
    "in_cm2",
    "measure",
    "signal_prediction_error",
]

CM2_UNIT = "e-40 cm2"


@dataclass(frozen=True)
class ComponentCount:
    """Events of one component in the analysis region.

    Args:
        name: of the component.
        title: a line for tables.
        prediction: before the fit; of a background its prior.
        prediction_error: prior uncertainty.
        fit: fitted count.
        error: HESSE error of the fitted count, propagated from all parameters.
    """

    name: str
    title: str
    prediction: float
    prediction_error: float
    fit: float
    error: float


@dataclass(frozen=True, eq=False)
class Measurement:
    """Result of fitting one experiment.

    Args:
        experiment: what was fitted.
        model: the likelihood model.
        fit: the record of the minimiser.
        components: events by component; the signal comes first.
        significance: against no CEvNS; None where the question does not define it.
        fixed_pulse_time: the same fit with the pulse time held at its nominal value, where it
            floats in `fit`.
        profiled: the same fit with the shapes that `fit` holds floating, where there are any.
        alternatives: fits with each alternative shape in turn, likewise.
        asimov: whether the data were Asimov data.
        gof: toy p-value, where it was asked for.
    """

    experiment: Experiment
    model: ExperimentModel | ReleasedModel
    fit: FitResult
    components: Mapping[str, ComponentCount]
    significance: Significance | None
    fixed_pulse_time: Measurement | None = field(default=None, repr=False)
    profiled: Measurement | None = field(default=None, repr=False)
    alternatives: Alternatives | None = field(default=None, repr=False)
    asimov: bool = False
    gof: GoodnessOfFit | None = None

    @property
    def z(self) -> float | None:
        """Significance in standard deviations; None where it is undefined."""
        return None if self.significance is None else self.significance.z

    @property
    def observed(self) -> Array:
        """Fitted counts, ``(energy, time)`` or ``(energy, pulse shape, time)``."""
        return self.fit.data.counts.reshape(self.model.shape)

    def expected(self) -> dict[str, Array]:
        """Fitted counts per component, each shaped like `observed`."""
        return {n: c.reshape(self.model.shape) for n, c in self.fit.components.items()}

    def plot(self) -> Figure:
        """Both projections with the fitted components; the other figures are in `cevns.report`."""
        return records.figure("measurement", self)

    def poi(self) -> dict[str, Any]:
        """The answer: name, value, errors and unit (cross sections in cm2)."""
        p = in_cm2(self.fit[self.model.poi].to_dict())
        return {k: p[k] for k in ("name", "value", "error", "error_up", "error_down", "unit")}

    def __str__(self) -> str:
        """Components, parameters, goodness of fit and significance as text."""
        lines = [f"{self.experiment.title}: events in the analysis region"]
        lines += [
            f"  {c.title:28s} {c.prediction:8.1f} +- {c.prediction_error:5.1f}   "
            f"fit {c.fit:8.1f} +- {c.error:5.1f}"
            for c in self.components.values()
        ]
        z = "" if self.z is None else f"no CEvNS rejected at {self.z:.2f} sigma"
        return "\n".join([*lines, str(self.fit), z]).rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns fit``; see the documentation for every field."""
        plain = self.fit.to_dict()
        shared = [p.name for p in self.model.parameters if p.shared]
        out = {
            **records.head(),
            "experiment": self.experiment.name,
            "asimov": self.asimov,
            "question": self.model.question,
            "physics": self.experiment.physics,
            "overrides": dict(self.experiment.overrides or {}),
            "inputs": inputs_record(self.experiment),
            "components": {
                c.name: {
                    "prediction": c.prediction,
                    "prediction_error": c.prediction_error,
                    "fit": c.fit,
                    "error": c.error,
                }
                for c in self.components.values()
            },
            "significance": self.z,
            "chi2": plain["chi2"],
            "deviance": plain["deviance"],
            "pearson_chi2": plain["pearson_chi2"],
            "ndof": plain["ndof"],
            "poi": self.poi(),
            "parameters": {n: in_cm2(p) for n, p in plain["parameters"].items()},
            "shared_parameters": shared,
            "correlation": plain["correlation"],
            "observed": round(float(self.observed.sum()), 9),
            "anticoincident": self.experiment.inputs.anticoincident,
            "observed_counts": self.observed.tolist(),
            "goodness_of_fit": None if self.gof is None else vars(self.gof).copy(),
            "valid": plain["valid"],
            "edm": plain["edm"],
            "diagnosis": plain["diagnosis"],
        }
        if self.fixed_pulse_time is not None:
            other = self.fixed_pulse_time
            out["fixed_pulse_time"] = {
                "poi": other.poi(),
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


def measure(
    experiment: Experiment,
    question: Question = PLAIN,
    *,
    use_asimov: bool = False,
    minos: str = "poi",
    gof_toys: int = 0,
) -> Measurement:
    """Fit an experiment.

    Args:
        experiment: from `cevns.experiments.load`.
        question: what is asked and held.
        use_asimov: fit the expected counts instead of the observed ones: the result is the
            expected precision and significance.
        minos: ``"poi"``, ``"all"`` or ``"none"``.
        gof_toys: toys for a goodness-of-fit p-value; none by default.

    Raises:
        InputError: if the experiment declares no data and `use_asimov` is off, or the counts are
            impossible under the model.
        UnknownNameError: if a name is unknown.
        FitError: if the fit does not converge.

    Examples:
        >>> from cevns.experiments import load
        >>> result = measure(load("coherent-csi-2021"))
        >>> 296 < result.fit["cevns"].value < 316
        True
    """
    asked = ask(experiment, question=question)
    data, model = asked.data(use_asimov), asked.held
    assert isinstance(asked.subject, Experiment)
    assert isinstance(model, AnyModel)
    experiment = asked.subject
    result = _measure(experiment, model, data, minos)
    if gof_toys:
        from cevns.experiments.fast_form import template_model
        from cevns.inference.toys.gof import goodness_of_fit

        gof = goodness_of_fit(template_model(model)[0], result.fit, gof_toys)
        result = replace(result, gof=gof)
    if isinstance(model, ReleasedModel):
        return _with_shapes(result, model, question.fix, data, minos)
    pulse = model.exact_signal.binding.pulse_time
    if pulse is None or model.parameters[pulse].fixed:
        return result
    held = model.with_parameters(model.parameters.fix({pulse: None}))
    beside = _measure(experiment, held, data, minos)
    return replace(result, fixed_pulse_time=beside)


def _with_shapes(
    result: Measurement,
    model: ReleasedModel,
    fix: Mapping[str, float | None],
    data: Data | None,
    minos: str,
) -> Measurement:
    """Beside the fit that holds the shapes: one that profiles them, and one an alternative."""
    experiment = result.experiment
    free = freed(model, held_shapes(experiment.declaration), fix)
    if all(a.fixed == b.fixed for a, b in zip(free.parameters, model.parameters, strict=True)):
        return result
    profiled = _measure(experiment, free, data, minos)
    study = None
    # other questions hold the rates in their error: nothing is left to fold in
    if result.z is not None and model.question == "count":
        study = alternative_fits(experiment.declaration, model, result.fit, result.z, data=data)
    return replace(result, profiled=profiled, alternatives=study)


def _measure(
    experiment: Experiment, model: ExperimentModel | ReleasedModel, data: Data | None, minos: str
) -> Measurement:
    # of several free couplings each has its MINOS error
    which = model.couplings if model.couplings and minos == "poi" else minos
    result = fit(model, data=data, poi=model.poi, minos=which)
    defined = model.question in ("count", "cross-section") and not model.parameters[model.poi].fixed
    if defined:
        # a count where the null expects nothing at all excludes it without limit
        null = model.expected(model.parameters.at({model.poi: 0.0}).values)
        counts = model.observed if data is None else data.counts
        defined = not bool(np.any((null <= 0.0) & (counts > 0.0)))
    z = significance(model, model.poi, data=data, best=result) if defined else None
    return Measurement(
        experiment=experiment,
        model=model,
        fit=result,
        components=_components(experiment, model, result),
        significance=z,
        asimov=data is not None,
    )


def _components(
    experiment: Experiment, model: ExperimentModel | ReleasedModel, result: FitResult
) -> dict[str, ComponentCount]:
    counts = {
        SIGNAL: ComponentCount(
            SIGNAL,
            "CEvNS",
            model.prediction,
            signal_prediction_error(experiment, model),
            result.counts(SIGNAL),
            _signal_error(model, result),
        )
    }
    for name, background in experiment.declaration.backgrounds.items():
        p = result[name]
        counts[name] = ComponentCount(
            name,
            background.title or name,
            background.count.value,
            background.count.sigma,
            p.value,
            p.error,
        )
    return counts


def signal_prediction_error(
    experiment: Experiment, model: ExperimentModel | ReleasedModel
) -> float:
    """Prior uncertainty of the signal: the released one where the prediction is released."""
    released = experiment.declaration.signal
    if isinstance(model, ReleasedModel) and released is not None and model.exact is None:
        return released.count.sigma
    return prediction_error(experiment)


def _signal_error(model: ExperimentModel | ReleasedModel, result: FitResult) -> float:
    """HESSE error of the signal count: the covariance through its gradient."""
    gradient = np.zeros(len(model.parameters))
    for i, p in enumerate(result):
        if p.fixed or not p.error > 0:
            continue
        step = 1e-3 * p.error
        sides = []
        for sign in (1.0, -1.0):
            theta = result.theta
            theta[i] += sign * step
            sides.append(float(model.signal_counts(theta).sum()))
        gradient[i] = (sides[0] - sides[1]) / (2.0 * step)
    return float(np.sqrt(np.maximum(gradient @ result.covariance @ gradient, 0.0)))
