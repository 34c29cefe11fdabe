"""Figures that follow from the JSON of a fit: pulls, correlations and the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cevns.inference import Data, FitResult, FittedParameter, ProfileCurve
from cevns.parameters import Parameter
from cevns.records import VERSION
from cevns.report.document.inline_svg import picture
from cevns.report.document.page_elements import Picture
from cevns.report.drawing import style
from cevns.report.profile_figures import profile_figure
from cevns.report.pulls import correlation_figure, pull_figure

__all__ = ["record_pictures"]


def record_pictures(record: Mapping[str, Any], prefix: str, title: str) -> dict[str, list[Picture]]:
    """Pulls, correlations and profile, by the sections of a fit.

    Args:
        record: of a fit, or the record of a profile as ``profile`` in it.
        prefix: of the names in the figures.
        title: what the result is of.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    out = {}
    said: dict[str, Any] = {
        "title": style.plain(title),
        "note": f"fit: cevns {record.get('version', VERSION)}",
    }
    if "correlation" in record:
        fit = _fit(record)
        if any(p.pull is not None and not p.fixed for p in fit):
            sentence = (
                "Fitted value of each constrained parameter minus its constraint, with its fitted "
                "error, in widths of the constraint."
            )
            label = "Pulls of the constrained parameters"
            out["pulls"] = [picture(pull_figure(fit, **said), f"{prefix}-pulls", label, sentence)]
        if fit.free:
            label = "Correlation matrix of the free parameters"
            sentence = "Correlation coefficients of the free parameters, in per cent."
            drawn = correlation_figure(fit, **said)
            out["correlations"] = [picture(drawn, f"{prefix}-correlations", label, sentence)]
    if profile := record.get("profile"):
        label = f"Profile likelihood of {profile['parameter']}"
        sentence = "Rise of -2 ln L with all other parameters profiled."
        drawn = profile_figure(_curve(profile), **said)
        out["profile"] = [picture(drawn, f"{prefix}-profile", label, sentence)]
    return out


def _fitted(p: Mapping[str, Any]) -> FittedParameter:
    """A fitted parameter as its record has it."""
    prior = p.get("prior")
    return FittedParameter(
        Parameter(p["name"], p["value"], unit=p["unit"], description=p.get("description", "")),
        p["value"],
        p["error"] or 0.0,
        p.get("error_up"),
        p.get("error_down"),
        None if prior is None else (prior["mean"], prior["sigma"]),
        bool(p.get("fixed")),
        bool(p.get("at_bound")),
    )


def _result(fitted: Mapping[str, FittedParameter], covariance: Any) -> FitResult:
    """A fit with what its figures need of it."""
    nothing = Data(np.zeros(0), np.zeros(0))
    return FitResult(
        "", None, fitted, covariance, 0.0, 0.0, 0.0, None, 0.0, 0, True, "", {}, nothing
    )


def _fit(record: Mapping[str, Any]) -> FitResult:
    fitted = {name: _fitted(p) for name, p in record["parameters"].items()}
    names = list(fitted)
    correlation = np.zeros((len(names), len(names)))
    free = record["correlation"]["names"]
    at = [names.index(n) for n in free]
    matrix = np.array(record["correlation"]["matrix"], dtype=float).reshape(len(at), len(at))
    correlation[np.ix_(at, at)] = matrix
    errors = np.array([p.error for p in fitted.values()])
    return _result(fitted, correlation * np.outer(errors, errors))


def _curve(profile: Mapping[str, Any]) -> ProfileCurve:
    """The curve of a profile; its best fit has no error, so no parabola is drawn."""
    name, unit = profile["parameter"], profile["unit"]
    best = FittedParameter(Parameter(name, profile["best"], unit=unit), profile["best"], 0.0)
    values, rise = np.array(profile["values"]), np.array(profile["delta_chi2"], dtype=float)
    fit = _result({name: best}, np.zeros((1, 1)))
    return ProfileCurve(name, unit, values, rise, values[:, None], fit)
