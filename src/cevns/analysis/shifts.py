"""The predicted signal count and what each declared uncertainty does to it."""

from __future__ import annotations

import math

from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import SIGNAL

__all__ = ["prediction_error", "prediction_shifts"]


def prediction_shifts(experiment: Experiment) -> dict[str, tuple[float, float]]:
    """Change of the predicted signal count at +1 and -1 sigma of every declared constraint.

    Returns:
        Events by parameter name; background counts do not act on the signal and are left out.

    Examples:
        >>> from cevns.experiments import load
        >>> shifts = prediction_shifts(load("coherent-csi-2021"))
        >>> round(shifts["sns.flux"][0] / 331.42, 3)
        0.1
    """
    model = experiment.model("cross-section")
    nominal = model.parameters.values
    centre = model.totals(nominal)[SIGNAL]
    correlated = experiment.declaration.correlated_widths
    out = {}
    for i, p in enumerate(model.parameters):
        width = p.constraint.sigma if p.constraint else correlated.get(p.name)
        if width is None or p.role == "normalisation":
            continue
        sides = []
        for sign in (1.0, -1.0):
            theta = nominal.copy()
            theta[i] += sign * width
            sides.append(model.totals(theta)[SIGNAL] - centre)
        out[p.name] = (sides[0], sides[1])
    return out


def prediction_error(experiment: Experiment) -> float:
    """Prior uncertainty of the predicted signal count: one-sigma shifts with correlations."""
    shifts = prediction_shifts(experiment)
    total = sum(max(abs(up), abs(down)) ** 2 for up, down in shifts.values())
    widths = experiment.declaration.correlated_widths
    for (a, b), covariance in experiment.declaration.covariances.items():
        if a != b and a in shifts and b in shifts:
            slopes = 0.25 * (shifts[a][0] - shifts[a][1]) * (shifts[b][0] - shifts[b][1])
            total += slopes * covariance / (widths[a] * widths[b])
    return math.sqrt(total)
