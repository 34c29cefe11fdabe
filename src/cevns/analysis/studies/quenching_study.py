"""What another quenching curve changes in the prediction and the fit of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cevns.analysis.measuring import measure
from cevns.analysis.question import Request
from cevns.analysis.shifts import prediction_shifts
from cevns.detectors.quenching import Quenching
from cevns.experiments.experiment import Experiment

__all__ = ["CurveEffect", "curve_effects"]


@dataclass(frozen=True)
class CurveEffect:
    """What an experiment finds with a quenching curve.

    Args:
        name: of the curve.
        prediction: predicted CEvNS events.
        quenching_error: of the prediction, from the curve's variations alone (their one-sigma
            shifts, the larger side, in quadrature).
        count: fitted CEvNS events, None for a projection.
        count_error: HESSE.
        cross_section_cm2: fitted flux-averaged cross section, None for a projection.
        error_up: of the cross section, MINOS.
        error_down: likewise.
        chi2: of the count fit.
    """

    name: str
    prediction: float
    quenching_error: float
    count: float | None = None
    count_error: float | None = None
    cross_section_cm2: float | None = None
    error_up: float | None = None
    error_down: float | None = None
    chi2: float | None = None


def curve_effects(experiment: Experiment, curves: Mapping[str, Quenching]) -> list[CurveEffect]:
    """Prediction and fit of an experiment with its own curve and with others.

    Raises:
        FitError: if a fit does not converge.
    """
    out = [_effect("as declared", experiment)]
    return out + [_effect(name, experiment.with_quenching(c)) for name, c in curves.items()]


def _effect(name: str, experiment: Experiment) -> CurveEffect:
    shifts = prediction_shifts(experiment)
    error = sum(max(map(abs, shifts[n])) ** 2 for n in experiment.quenching.variation_names)
    out = CurveEffect(name, experiment.predict()["cevns"], error**0.5)
    if not experiment.has_data:
        return out
    fitted = measure(experiment, request=Request("count"), minos="none")
    section = measure(experiment, request=Request("cross-section")).answer() or {}
    return replace(
        out,
        count=fitted.fit["cevns"].value,
        count_error=fitted.fit["cevns"].error,
        cross_section_cm2=section["value"],
        error_up=section["error_up"],
        error_down=section["error_down"],
        chi2=fitted.fit.chi2,
    )
