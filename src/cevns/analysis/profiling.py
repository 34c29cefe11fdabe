"""The profile likelihood of one parameter of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.analysis.measurement import CM2_UNIT
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference import Data, Interval, Model, ProfileCurve, asimov, fit, interval, profile
from cevns.records import head

if TYPE_CHECKING:
    from cevns.experiments.joint import JointExperiment

__all__ = ["LEVELS", "Profile", "profile_experiment", "profile_model"]

LEVELS = (0.6826894921370859, 0.9)


@dataclass(frozen=True, eq=False)
class Profile:
    """A profile curve with its intervals.

    Args:
        experiment: what it belongs to.
        question: of the model.
        curve: rise of -2lnL along the parameter.
        intervals: at 68.3 and 90 per cent.
        asimov: whether the data were Asimov data.
    """

    experiment: Experiment | JointExperiment
    question: str
    curve: ProfileCurve
    intervals: tuple[Interval, ...]
    asimov: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns profile`` (cross sections in cm2)."""
        scale = 1e-40 if self.curve.unit == CM2_UNIT else 1.0
        return {
            **head(),
            **self.experiment.provenance(),
            "question": self.question,
            "asimov": self.asimov,
            "parameter": self.curve.parameter,
            "unit": "cm2" if self.curve.unit == CM2_UNIT else self.curve.unit,
            "best": self.curve.best[self.curve.parameter].value * scale,
            "values": (self.curve.values * scale).tolist(),
            "delta_chi2": self.curve.rise.tolist(),
            "intervals": [
                {
                    "level": i.level,
                    "lower": i.lower * scale,
                    "upper": i.upper * scale,
                    "lower_is_bound": i.lower_is_bound,
                    "upper_is_bound": i.upper_is_bound,
                }
                for i in self.intervals
            ],
        }


def profile_experiment(
    experiment: Experiment,
    parameter: str | None = None,
    *,
    poi: str = "count",
    use_asimov: bool = False,
    fix: Mapping[str, float | None] | None = None,
    points: int = 41,
) -> Profile:
    """Profile a parameter of an experiment over three errors either side of the best fit.

    Args:
        experiment: from `cevns.load`.
        parameter: name; that of interest by default.
        poi: the question that makes the model.
        use_asimov: take the expected counts as data.
        fix: parameters to hold.
        points: on the curve.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if the parameter is fixed, or there are no data.
        FitError: if a fit does not converge.
    """
    if not experiment.has_data and not use_asimov:
        raise InputError(f"{experiment.name} declares no data: profile expected counts (--asimov)")
    model = experiment.model(poi)
    data = asimov(model) if use_asimov else None
    if fix:
        model = model.with_parameters(model.parameters.fix(fix))
    name = model.parameters[parameter or model.poi].name
    return profile_model(experiment, model, model.question, name, data, points)


def profile_model(
    experiment: Experiment | JointExperiment,
    model: Model,
    question: str,
    name: str,
    data: Data | None,
    points: int,
) -> Profile:
    """Profile the parameter `name` of a model; see `profile_experiment`.

    Data are the model's own, or Asimov data where they are given.
    """
    best = fit(model, data=data, poi=name, minos="none")
    fitted = best[name]
    p = fitted.parameter
    low = max(fitted.value - 3.0 * fitted.error, p.lower)
    high = min(fitted.value + 3.0 * fitted.error, p.upper)
    if not low < high:
        raise InputError(f"parameter {name!r} is fixed: it has no profile; free it")
    grid = np.union1d(np.linspace(low, high, points), [fitted.value])
    curve = profile(model, name, values=grid, data=data, best=best)
    intervals = tuple(interval(model, name, level=level, data=data, best=best) for level in LEVELS)
    return Profile(experiment, question, curve, intervals, data is not None)
