"""The predicted CEvNS count of an experiment."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.shifts import prediction_error
from cevns.experiments import load

__all__ = ["compute"]


def compute(
    experiment: str, overrides: Mapping[str, str] | None = None, error: bool = False
) -> float:
    """Events in the analysis region before any fit, or (with `error`) their prior uncertainty."""
    loaded = load(experiment, overrides=overrides)
    return prediction_error(loaded) if error else loaded.prediction()
