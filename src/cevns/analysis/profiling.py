"""The profile likelihood of one parameter of an experiment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cevns.analysis.measurement import CM2_UNIT
from cevns.analysis.question import PLAIN, Request, Subject, ask
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference import Interval, ProfileCurve, fit, interval, profile
from cevns.inference.fitting.local_minima import local_minima
from cevns.inference.model.expectation import parameter_point, single_poi
from cevns.records import Explorable, Result, cited, head

__all__ = ["LEVELS", "Profile", "profile_experiments"]

LEVELS = (0.6826894921370859, 0.9)


@dataclass(frozen=True, eq=False)
class Profile(Result, Explorable):
    """A profile curve with its intervals.

    Args:
        experiment: what it belongs to.
        question: of the model.
        curve: rise of -2lnL along the parameter.
        intervals: at 68.3 and 90 per cent.
        asimov: whether the data were Asimov data.
    """

    main_table: ClassVar[str] = "values"

    experiment: Subject
    question: str
    curve: ProfileCurve = field(repr=False)
    intervals: tuple[Interval, ...]
    asimov: bool = False

    def explored(self) -> tuple[Experiment, ...]:
        """The experiments."""
        return self.experiment.experiments

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns profile`` (cross sections in cm2)."""
        scale = 1e-40 if self.curve.unit == CM2_UNIT else 1.0
        return cited(
            {
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
            },
            "fit",
            "asymptotic",
        )


def profile_experiments(
    *experiments: Experiment,
    parameter: str | None = None,
    request: Request = PLAIN,
    use_asimov: bool = False,
    points: int = 41,
) -> Profile:
    """Profile a parameter of one or several experiments, three errors either side of the best fit.

    Signals of several experiments are tabulated, which moves -2 ln L by less than 0.01. The best
    fit is the deepest of the minima along couplings there.

    Args:
        experiments: from `cevns.experiments.load`.
        parameter: name; that of interest by default.
        request: what makes the model.
        use_asimov: take the expected counts as data.
        points: on the curve.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if the parameter is fixed, there are no data, or each experiment has its own
            parameter of interest and none is named.
        FitError: if a fit does not converge.
    """
    asked = ask(*experiments, request=request)
    data, model = asked.data(use_asimov), asked.held
    start = parameter_point(model)
    if len(experiments) > 1:
        from cevns.experiments.fast_form import fast_form  # many fits: they pay for tables

        model = fast_form(model)[0]
        start = next((m.theta for m in local_minima(model, start, data=data)), start)
    name = single_poi(model, parameter or asked.interest)
    best = fit(model, data=data, poi=name, minos="none", start=start)
    fitted = best[name]
    p = fitted.parameter
    low = max(fitted.value - 3.0 * fitted.error, p.lower)
    high = min(fitted.value + 3.0 * fitted.error, p.upper)
    if not low < high:
        raise InputError(f"parameter {name!r} is fixed: it has no profile; free it")
    grid = np.union1d(np.linspace(low, high, points), [fitted.value])
    curve = profile(model, name, values=grid, data=data, best=best)
    intervals = tuple(interval(model, name, level=level, data=data, best=best) for level in LEVELS)
    return Profile(asked.subject, asked.question.name, curve, intervals, data is not None)
