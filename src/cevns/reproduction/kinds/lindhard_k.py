"""The k of Lindhard's theory at which an experiment has a given rate."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.optimize import brentq

from cevns.exceptions import InputError
from cevns.reproduction.kinds import daily_rate

__all__ = ["compute"]


def compute(experiment: str, per_kg_day: float, between: Sequence[float] = (0.1, 0.4)) -> float:
    """A limit on the rate as one on k: the count rises with k.

    Args:
        experiment: by its name.
        per_kg_day: CEvNS in the analysis region per kg and live day.
        between: values of k, one on each side.

    Raises:
        InputError: if the rate is not reached between them.
    """

    def above(k: float) -> float:
        return daily_rate.compute(experiment, {"detector.quenching.k": repr(k)}) - per_kg_day

    low, high = between
    if above(low) * above(high) > 0.0:
        raise InputError(f"{experiment} has no {per_kg_day:g} /kg/d for k from {low:g} to {high:g}")
    return float(brentq(above, low, high, xtol=1e-5))
