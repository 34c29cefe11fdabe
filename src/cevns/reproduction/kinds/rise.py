"""How much -2 ln L is above its minimum at a value of a parameter, everything else profiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cevns.study import load

__all__ = ["compute"]


def compute(
    experiment: str,
    model: str,
    parameter: str,
    over: Sequence[float],
    value: float,
    fix: Mapping[str, float | None] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> float:
    """The rise at `value` over the smallest -2 ln L of a range.

    Args:
        experiment: name, path, or members of a combination.
        model: new physics, or ``standard-model``.
        parameter: that is scanned.
        over: first and last value, and number of points.
        value: of the parameter.
        fix: nuisance parameters that are held, at a value or (None) where they are.
        overrides: changed fields.
    """
    low, high, points = over
    study = load(experiment, overrides=dict(overrides or {}), models=model)
    axis = np.union1d(np.linspace(low, high, int(points)), [value])
    found = study.scan({parameter: axis}, fix=dict(fix or {}))
    rise = found.q
    return float(rise[int(np.flatnonzero(axis == value)[0])] - rise.min())
