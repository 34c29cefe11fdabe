"""What is lost when a likelihood is written: the model beside what its file gives back.

Both are fitted to the same data. Compared are the parameter of interest with its error, the
significance, the profile of -2 ln L at 0 to 1.5 times the prediction, and -2 ln L itself at random
points of the box of one standard deviation around the nominal point. There the difference is zero:
both are taken in their saturated form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.minuit import minimum
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model
from cevns.likelihood_files.encoding import Encoded
from cevns.typing import Array

__all__ = ["POINTS", "PROFILE", "REFINED", "Closure", "because", "close"]

POINTS: Final = 200
"""Random points in the box."""
PROFILE: Final = (0.0, 0.375, 0.75, 1.125, 1.5)
"""Values of the parameter of interest in units of its prediction."""
SEED: Final = 20
_STEPS: Final = 4
MOST_VALUE: Final = 0.02
"""Difference of the fitted values, in errors, above which an export warns."""
MOST_PROFILE: Final = 0.1
"""Difference of -2 ln L along the profile, likewise."""
REFINED: Final = (
    "values of the closure are refined by Newton steps; 'cevns fit' ends within 0.5 % of the error "
    "of them"
)
"""Why the value of a closure is not that of a fit to the last digit."""


@dataclass(frozen=True)
class Closure:
    """A likelihood beside its file.

    Args:
        parameter: of interest, in the model.
        unit: of it.
        value: fitted, by the model.
        error: its error.
        file_value: fitted, by the file.
        file_error: its error.
        z: significance against zero; None where there is none.
        file_z: that of the file.
        profile: largest difference along the profile.
        box: largest difference in the box.
        box_median: median of its absolute value.
        points: points of the box where both have a likelihood.
        without: points where the file expects a negative count and has none.
        causes: why both differ, by component.
    """

    parameter: str
    unit: str
    value: float
    error: float
    file_value: float
    file_error: float
    z: float | None
    file_z: float | None
    profile: float
    box: float
    box_median: float
    points: int
    without: int
    causes: Mapping[str, str]

    @property
    def shift(self) -> float:
        """Difference of the fitted values, in errors."""
        return (self.file_value - self.value) / self.error

    @property
    def error_change(self) -> float:
        """Relative difference of the errors."""
        return self.file_error / self.error - 1.0

    @property
    def faithful(self) -> bool:
        """Whether the file is as good as the model for what it is used for."""
        return abs(self.shift) <= MOST_VALUE and self.profile <= MOST_PROFILE

    @property
    def warning(self) -> str:
        """A sentence where the file is not as good; empty elsewhere."""
        if self.faithful:
            return ""
        beyond = []
        if not abs(self.shift) <= MOST_VALUE:  # which a value that is none is not
            beyond.append(
                f"{self.parameter} by {100 * self.shift:+.2g} % of its error (limit "
                f"{100 * MOST_VALUE:g} %)"
            )
        if not self.profile <= MOST_PROFILE:
            beyond.append(f"-2lnL along the profile by {self.profile:.2g} (limit {MOST_PROFILE:g})")
        said = ", ".join(beyond)
        return f"the file differs from the model: {said}; {because(self.causes)}"

    def summary(self) -> str:
        """One line, for people and for the file."""
        z = "" if self.z is None else f", Z {self.file_z:.4f} ({self.z:.4f})"
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"file {self.file_value:.5g} +- {self.file_error:.4g}{unit} (cevns {self.value:.5g} +- "
            f"{self.error:.4g}): {100 * self.shift:+.2f} % of the error, error "
            f"{100 * self.error_change:+.2f} %{z}, -2lnL differs by at most {self.profile:.4f} "
            f"along the profile and {self.box:.4f} (median {self.box_median:.4f}) in the box of "
            "one standard deviation"
        )

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "parameter": self.parameter,
            "unit": self.unit,
            "value": {"cevns": self.value, "file": self.file_value},
            "error": {"cevns": self.error, "file": self.file_error},
            "shift_in_errors": self.shift,
            "relative_change_of_error": self.error_change,
            "significance": {"cevns": self.z, "file": self.file_z},
            "profile": {
                "in_units_of_the_prediction": list(PROFILE),
                "largest_difference": self.profile,
            },
            "box": {
                "standard_deviations": 1.0,
                "points": self.points,
                "points_without_likelihood": self.without,
                "largest_difference": self.box,
                "median_difference": self.box_median,
            },
            "faithful": self.faithful,
            "causes": dict(self.causes),
        }


def because(causes: Mapping[str, str]) -> str:
    """The causes of a difference, for a sentence.

    Examples:
        >>> because({"cevns": "efficiency folds again"}), because({})
        ('cevns: efficiency folds again', 'no cause is known')
    """
    return "; ".join(f"{name}: {text}" for name, text in causes.items()) or "no cause is known"


def close(encoded: Encoded, read_back: Model, poi: str, *, null: bool = True) -> Closure:
    """Compare a model with what its file gives back.

    Args:
        encoded: the model, and its parameters as the file has them.
        read_back: the model of the file; its parameters are among those of `encoded`.
        poi: the parameter of interest, in the model.
        null: whether a value of zero means that there is no signal.

    Raises:
        FitError: if a fit does not converge.
    """
    model, data = encoded.model, encoded.data
    of_file = observed(read_back)
    best, file_best = minimum(model, data=data, poi=poi), minimum(read_back, data=of_file)
    link = encoded.link(poi)
    curves = [
        _profile(model, data, best, poi, link.centre + link.width * np.array(PROFILE)),
        _profile(read_back, of_file, file_best, link.written, np.array(PROFILE)),
    ]
    z: list[float | None] = [None, None]
    if null and np.isfinite([c[0] for c in curves]).all():
        z = [float(np.sqrt(max(c[0], 0.0))) for c in curves]
    differences, without = _box(encoded, read_back, best[poi].error)
    found = _polished(model, data, best, poi)
    file_found = _polished(read_back, of_file, file_best, link.written)
    both = np.isfinite(curves[0]) & np.isfinite(curves[1])
    return Closure(
        poi,
        link.unit,
        found,
        best[poi].error,
        link.centre + link.width * file_found,
        abs(link.width) * file_best[link.written].error,
        z[0],
        z[1],
        float(np.abs(curves[1] - curves[0])[both].max(initial=0.0)),
        float(np.abs(differences).max(initial=0.0)),
        float(np.median(np.abs(differences))) if differences.size else 0.0,
        int(differences.size),
        without,
        encoded.lost,
    )


def _polished(model: Model, data: Data, best: FitResult, poi: str) -> float:
    """The fitted value after Newton steps from where MINUIT stopped, half a per cent of its error.

    MINUIT ends where the estimated distance to the minimum is below 2e-5 in -2 ln L; a difference
    of two fits is wanted better than that.
    """
    likelihood, theta = Likelihood.of(model, data), best.theta.copy()
    free = np.array(
        [i for i in model.parameters.free if not best[model.parameters[i].name].at_bound]
    )
    lower = np.array([p.lower for p in model.parameters])
    upper = np.array([p.upper for p in model.parameters])
    for _ in range(_STEPS):
        step = np.linalg.solve(likelihood.hessian(theta, free), likelihood.gradient(theta)[free])
        tried = theta.copy()
        tried[free] -= step
        if (tried < lower).any() or (tried > upper).any():
            break
        if likelihood.minimised(tried) > likelihood.minimised(theta):
            break
        theta = tried
    return float(theta[model.parameters.position(poi)])


def _profile(model: Model, data: Data, best: FitResult, poi: str, values: Array) -> Array:
    """Rise of -2 ln L at some values; not a number where the counts are impossible."""
    p, start = model.parameters[poi], best.theta
    out = np.full(len(values), np.nan)
    for k in range(len(values)):
        if not p.lower <= values[k] <= p.upper:
            continue
        at = start.copy()
        at[model.parameters.position(poi)] = values[k]
        try:
            fitted = minimum(
                model, data=data, fix={poi: float(values[k])}, start=at, poi=poi, hesse=False
            )
        except InputError:  # nothing else could make the counts: without a background at zero
            continue
        out[k] = fitted.twice_nll - best.twice_nll
    return out


def _box(encoded: Encoded, read_back: Model, poi_error: float) -> tuple[Array, int]:
    """Differences at random points, and the number of those where the file has no likelihood."""
    parameters = encoded.model.parameters
    rng = np.random.default_rng(SEED)
    theta = np.repeat(parameters.values[None], POINTS, axis=0)
    for k in encoded.links:
        p = parameters[k.parameter]
        width = poi_error if p.constraint is None and p.role == "poi" else p.scale
        at = parameters.position(k.parameter)
        theta[:, at] = np.clip(p.value + width * rng.uniform(-1.0, 1.0, POINTS), p.lower, p.upper)
    written = encoded.written(theta)
    order = [encoded.histograms.parameters.position(n) for n in read_back.parameters.names]
    ours = Likelihood.of(encoded.model, encoded.data).twice_nll(theta)
    theirs = Likelihood.of(read_back).twice_nll(written[:, order])
    kept = np.isfinite(ours) & np.isfinite(theirs)
    return (theirs - ours)[kept], int(np.sum(np.isfinite(ours) & ~np.isfinite(theirs)))
