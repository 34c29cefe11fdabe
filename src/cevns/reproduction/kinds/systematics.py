"""The effect of an uncertainty on the CEvNS count, per cent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from cevns.analysis.systematics import Systematics
from cevns.study import load

__all__ = ["compute"]


@cache
def _systematics(experiment: str) -> Systematics:
    return load(experiment).systematics()


def compute(experiment: str, parameters: Sequence[str]) -> float:
    """Effects of the parameters added in quadrature.

    Of a parameter of the signal it is the change of the predicted count, of a background's
    count the change of the fitted one; both at one sigma, the mean of up and down.
    """
    return 100.0 * _systematics(experiment).effect(parameters)
