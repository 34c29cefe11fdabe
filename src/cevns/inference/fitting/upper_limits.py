"""Upper limits: of the profile likelihood, Gaussian, and Poisson counting with CLs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import NormalDist

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.intervals import Interval, endpoint
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, single_poi
from cevns.parameters import Parameters

__all__ = ["RISES", "gaussian_upper_limit", "poisson_upper_limit", "upper_limit"]

RISES: Mapping[str, Callable[[float], float]] = {
    "profile": lambda level: NormalDist().inv_cdf(level) ** 2,
    "bounded": lambda level: NormalDist().inv_cdf(0.5 * (1.0 + level)) ** 2,
}
"""By what -2 ln L rises at a limit of a confidence level: 1.64 and 2.71 at 90 %."""


def upper_limit(
    model: Model,
    parameter: str | None = None,
    *,
    level: float = 0.9,
    data: Data | None = None,
    rise: str = "profile",
) -> Interval:
    """Upper limit of the profile likelihood, asymptotic.

    Where the estimate lies inside the parameter's range, the profile of -2 ln L rises at the limit
    by z^2 above its minimum with ``Phi(z) = level`` (1.64 for 90 %): the statistic q_mu of Cowan,
    Cranmer, Gross, Vitells (arXiv:1007.1727, eq. 14), whose distribution at mu is half a chi2.
    With few events this covers too little; see `poisson_upper_limit`. Others quote as an upper
    limit the upper end of the interval of two sides inside the bounds, where -2 ln L has risen by
    the quantile of a chi2 (2.71 for 90 %), above the lowest value inside the bounds.

    Args:
        model: the model.
        parameter: by default the parameter of interest.
        level: confidence level, above one half.
        data: by default the model's own.
        rise: ``profile`` (one-sided) or ``bounded`` (the upper end of two), see `RISES`.

    Returns:
        From the parameter's lower bound to the limit.

    Raises:
        InputError: if the level is not between 0.5 and 1, or the parameter is fixed.
        FitError: if a conditional fit does not converge.
    """
    name = _limited(model, parameter, level)
    best = fit(model, data=data, minos="none")
    upper, is_bound = endpoint(model, name, 1, RISES[rise](level), best, None)
    lower = model.parameters[name].lower
    return Interval(name, level, best[name].quoted, lower, upper, True, is_bound)


def gaussian_upper_limit(
    model: Model, parameter: str | None = None, *, level: float = 0.9, data: Data | None = None
) -> float:
    """The estimate and z of its errors, ``x + z sigma`` with ``Phi(z) = level`` (1.28 for 90 %).

    The parameter may be negative, as a difference of counts with the source on and off may: for one
    bin with n counts on and m off, tau times as long, it is ``n - m/tau + z sqrt(n + m/tau^2)``.
    The error is that of HESSE. The limit falls without end as the background fluctuates down, and
    the mean of such limits is what is quoted as a sensitivity.

    Args:
        model: the model.
        parameter: by default the parameter of interest.
        level: confidence level, above one half.
        data: by default the model's own.

    Raises:
        InputError: if the level is not between 0.5 and 1, the parameter is fixed, or the limit is
            not above its physical bound.
        FitError: if the fit does not converge.
    """
    name = _limited(model, parameter, level)
    bound = model.parameters[name].lower
    free = [replace(p, lower=-math.inf) if p.name == name else p for p in model.parameters]
    best = fit(model.with_parameters(Parameters(free)), data=data, minos="none")[name]
    if not best.error > 0.0:
        raise FitError(f"the fit gives {name!r} no error; use the method profile or fc")
    upper = best.value + NormalDist().inv_cdf(level) * best.error
    if not upper > bound:
        raise InputError(
            f"the estimate {best.value:.3g} +- {best.error:.2g} is so far below "
            f"{bound:g} that the Gaussian limit is {upper:.3g}; use the method "
            "profile, bounded or fc"
        )
    return upper


def _limited(model: Model, parameter: str | None, level: float) -> str:
    """What is limited.

    Raises:
        InputError: if the level is not between 0.5 and 1, or the parameter is fixed.
    """
    if not 0.5 < level < 1.0:
        raise InputError(f"an upper limit needs a confidence level above 0.5, not {level:g}")
    name = single_poi(model, parameter)
    if model.parameters[name].fixed:
        raise InputError(f"parameter {name!r} is fixed: it has no limit; free it")
    return name


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
