"""How far the predicted CEvNS count moves with one of its uncertainties, per cent."""

from __future__ import annotations

from typing import Literal

from cevns.analysis.shifts import prediction_shifts
from cevns.exceptions import UnknownNameError
from cevns.experiments import load

__all__ = ["compute"]


def compute(experiment: str, parameter: str, side: Literal["plus", "minus"]) -> float:
    """Change of the predicted count at one standard deviation of a declared constraint.

    Raises:
        UnknownNameError: if the file constrains no such parameter.
    """
    loaded = load(experiment)
    shifts = prediction_shifts(loaded)
    if parameter not in shifts:
        raise UnknownNameError("constrained parameter", parameter, shifts)
    return 100.0 * shifts[parameter][side == "minus"] / loaded.prediction()
