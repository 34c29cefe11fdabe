"""Upper limits: one-sided profile likelihood, and Poisson counting with CLs."""

from __future__ import annotations

import math
from statistics import NormalDist

from cevns.exceptions import InputError
from cevns.inference.fitting.intervals import Interval, endpoint
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, single_poi

__all__ = ["poisson_upper_limit", "upper_limit"]


def upper_limit(
    model: Model, parameter: str | None = None, *, level: float = 0.9, data: Data | None = None
) -> Interval:
    """One-sided profile-likelihood upper limit, asymptotic.

    Where the estimate lies inside the parameter's range, the profile of -2 ln L rises at the limit
    by z^2 above its minimum with ``Phi(z) = level`` (1.64 for 90 %): the statistic q_mu of Cowan,
    Cranmer, Gross, Vitells (arXiv:1007.1727, eq. 14), whose distribution at mu is half a chi2.
    With few events this covers too little; see `poisson_upper_limit`.

    Args:
        model: the model.
        parameter: by default the parameter of interest.
        level: confidence level, above one half.
        data: by default the model's own.

    Returns:
        From the parameter's lower bound to the limit.

    Raises:
        InputError: if the level is not between 0.5 and 1, or the parameter is fixed.
        FitError: if a conditional fit does not converge.
    """
    if not 0.5 < level < 1.0:
        raise InputError(f"an upper limit needs a confidence level above 0.5, not {level:g}")
    name = single_poi(model, parameter)
    best = fit(model, data=data, minos="none")
    if best[name].fixed:
        raise InputError(f"parameter {name!r} is fixed: it has no limit; free it")
    goal = NormalDist().inv_cdf(level) ** 2
    upper, is_bound = endpoint(model, name, 1, goal, best, None)
    lower = model.parameters[name].lower
    return Interval(name, level, best[name].value, lower, upper, True, is_bound)


def poisson_upper_limit(observed: int, background: float = 0.0, *, level: float = 0.9) -> float:
    """Upper limit on the mean of a Poisson signal over a known background, CLs.

    The signal s at which ``P(n <= observed; s + b) / P(n <= observed; b) = 1 - level`` (Read,
    J. Phys. G 28 (2002) 2693); without background the classical limit, and the same number as
    a Bayesian with a flat prior finds.

    Args:
        observed: counted events.
        background: expected background events, known exactly.
        level: confidence level.

    Raises:
        InputError: if a count is negative or no number, or the level is not between 0 and 1.

    Examples:
        >>> round(poisson_upper_limit(0), 3)
        2.303
        >>> round(poisson_upper_limit(3, 1.0), 2)
        5.71
    """
    from scipy.special import gammaincc, gammainccinv

    check_level(level)
    if observed < 0 or observed != int(observed):
        raise InputError(f"observed must be a count of events, not {observed}")
    if not (math.isfinite(background) and background >= 0.0):
        raise InputError(f"a background must be a positive number of events, not {background}")
    # P(n <= N; m) is the upper incomplete gamma function Q(N + 1, m)
    tail = (1.0 - level) * float(gammaincc(observed + 1, background))
    return float(gammainccinv(observed + 1, tail)) - background
