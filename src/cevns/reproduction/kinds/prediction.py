"""The predicted CEvNS count of an experiment."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.shifts import prediction_error
from cevns.experiments import Experiment, load

__all__ = ["compute"]


def compute(
    experiment: str,
    overrides: Mapping[str, str] | None = None,
    error: bool = False,
    over: Mapping[str, str] | None = None,
    component: str | None = None,
) -> float:
    """Events in the analysis region before any fit, or (with `error`) their prior uncertainty.

    Args:
        experiment: name or path.
        overrides: changed fields of the experiment file.
        error: whether the uncertainty is asked for.
        over: other changed fields; the ratio to what they predict is returned.
        component: whose count it is, in place of the signal.
    """
    loaded = load(experiment, overrides=overrides)
    found = prediction_error(loaded) if error else _count(loaded, component)
    return found if over is None else found / _count(load(experiment, overrides=over), component)


def _count(loaded: Experiment, component: str | None) -> float:
    return loaded.prediction() if component is None else loaded.predict()[component]
