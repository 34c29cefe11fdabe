"""Goodness of fit by toys: how often would the model do worse than it did?"""

from __future__ import annotations

from dataclasses import dataclass

from cevns.exceptions import InputError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.expectation import Model
from cevns.inference.toys.toy_run import run_toys
from cevns.inference.toys.weighted_toys import WeightedToys

__all__ = ["GoodnessOfFit", "goodness_of_fit"]


@dataclass(frozen=True)
class GoodnessOfFit:
    """Toy p-value of the minimum of -2 ln L.

    Args:
        statistic: observed minimum of -2 ln L (saturated form, pulls included).
        p_value: fraction of toys drawn at the best fit that are at least as far off, up to `TIE`:
            the minima of data and toys are found in two ways.
        error: its binomial error.
        toys: number of toys whose fit succeeded.
        seed: master seed.
        mean: of the statistic over the toys.
    """

    statistic: float
    p_value: float
    error: float
    toys: int
    seed: int
    mean: float


def goodness_of_fit(model: Model, result: FitResult, n: int, *, seed: int = 1) -> GoodnessOfFit:
    """Draw toys at the best fit (counts and auxiliary measurements), fit them, compare.

    Args:
        model: model of the toys; its fast form is enough.
        result: the fit to judge.
        n: number of toys.
        seed: master seed.

    Raises:
        InputError: if `n` is not positive.
        FitError: if more toys fail than tolerated.
    """
    if n < 1:
        raise InputError(f"a toy p-value needs at least one toy, not {n}")
    held = tuple(p.name for p in result if p.fixed)
    toys = run_toys(
        model,
        n,
        seed=seed,
        truth=result.theta,
        poi=result.poi,
        fix=held,
        coverage=False,
        audit=0.0,
    )
    good = toys.twice_nll[toys.status != FAILED]
    share, error = WeightedToys(good).p_value(result.twice_nll)
    return GoodnessOfFit(result.twice_nll, share, error, int(good.size), seed, float(good.mean()))
