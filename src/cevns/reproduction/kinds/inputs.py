"""What an experiment's data hold: counts in the analysis region."""

from __future__ import annotations

from typing import Literal

from cevns.exceptions import InputError
from cevns.experiments import load

__all__ = ["compute"]


def compute(experiment: str, which: Literal["observed", "anticoincident"]) -> float:
    """Events coincident or anti-coincident with the beam in the region.

    Raises:
        InputError: if the experiment has no such data.
    """
    inputs = load(experiment).inputs
    value = inputs.anticoincident if which == "anticoincident" else inputs.observed.get("")
    if value is None:
        raise InputError(f"{experiment} has no {which} counts")
    return float(value if isinstance(value, int) else value.sum())
