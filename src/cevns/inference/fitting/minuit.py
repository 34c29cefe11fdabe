"""Minima through iminuit: MIGRAD and HESSE, and what is wrong where they fail.

-2 ln L has error definition 1: one standard deviation is where it rises by one (F. James,
MINUIT reference manual, CERN D506).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.exceptions import FitError
from cevns.inference.fitting.fit_result import FitResult, fitted_parameters
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Fix, Model, parameter_point
from cevns.parameters import Parameters
from cevns.typing import Array, BoolArray

if TYPE_CHECKING:
    from iminuit import Minuit  # type: ignore[import-untyped]

__all__ = ["degenerate", "diagnose", "minimise", "minimum", "poi_name", "sizes"]

_DEGENERATE: Final = 1e-6
"""Smallest eigenvalue of the information, scaled to ones on its diagonal. Of two parameters the
error is then 700 times that with the other one held. Couplings to u and d quarks have 1e-9 with
CsI and 4e-8 with germanium, and 6e-5 with both, which determines them."""

_SMALL, _LARGE = 1e-9, 1e8


def sizes(parameters: Parameters) -> Array:
    """Units in which MINUIT sees the free parameters: one, but for very small and large ones.

    Its transformation of a bound keeps 1e-16 of a parameter's unit: cross sections of dark matter,
    1e-46 cm2, would be lost in it, and fluxes of 1e12 /cm2/s do not converge.
    """
    scales = np.array([parameters[i].scale for i in parameters.free])
    power = 10.0 ** np.floor(np.log10(np.where(scales > 0.0, scales, 1.0)))
    return np.where((scales > _SMALL) & (scales < _LARGE), 1.0, power)


@np.errstate(over="ignore", invalid="ignore")  # where nothing determines a parameter: it is said
def minimum(
    model: Model,
    *,
    data: Data | None = None,
    fix: Fix | None = None,
    start: Mapping[str, float] | Array | None = None,
    poi: str | None = None,
    hesse: bool = True,
    raise_on_failure: bool = True,
) -> FitResult:
    """The minimum and its covariance, without MINOS: the fit that others are made of.

    Args:
        model: what to fit.
        data: counts and auxiliary measurements; the model's own by default.
        fix: parameters held fixed, at a value or (None) where they are.
        start: starting point; nominal values by default.
        poi: parameter of interest of the result.
        hesse: compute the covariance matrix.
        raise_on_failure: raise if the minimum is not valid.

    Raises:
        UnknownNameError: if a named parameter does not exist.
        InputError: if the counts are impossible at the starting point.
        FitError: if the fit does not converge.
    """
    likelihood = Likelihood.of(model, data)
    parameters = model.parameters.fix(fix or {})
    theta = parameter_point(model, start)
    fixed = np.array([p.fixed for p in parameters])
    theta[fixed] = parameters.values[fixed]
    likelihood.check(theta)
    poi = poi_name(parameters, poi)
    covariance = np.zeros((len(theta), len(theta)))

    if fixed.all():
        return _record(likelihood, theta, covariance, fixed, poi=poi)
    strategy = 1 if hesse else 0
    minuit = minimise(likelihood, parameters, theta, strategy)
    if hesse and minuit.valid:
        minuit.hesse()
    if not minuit.valid:
        minuit, parameters = _on_bounds(likelihood, parameters, theta, strategy, minuit)
        if hesse and minuit.valid:
            minuit.hesse()
    valid, diagnosis = diagnose(minuit)
    moved = np.array([not p.fixed for p in parameters])
    at = np.where(moved, theta, parameters.values)
    unit = sizes(parameters)
    at[moved] = np.array(minuit.values) * unit
    if valid and (degeneracy := degenerate(likelihood, at, moved)):
        valid, diagnosis = False, degeneracy
    if minuit.covariance is not None:
        covariance[np.ix_(moved, moved)] = np.asarray(minuit.covariance) * np.outer(unit, unit)
        if hesse:
            free = np.ix_(~fixed, ~fixed)
            covariance[free] = _covariance(likelihood, at, ~fixed, covariance[free])
    result = _record(
        likelihood,
        at,
        covariance,
        fixed,
        poi=poi,
        edm=float(minuit.fmin.edm),
        calls=int(minuit.nfcn),
        valid=valid,
        diagnosis=diagnosis,
    )
    if not valid:
        if raise_on_failure:
            raise FitError(f"fit of {model.name!r}: {diagnosis}")
        return result
    likelihood.check(at)
    return result


def _minuit(
    likelihood: Likelihood, parameters: Parameters, theta: Array, *, second: bool
) -> Minuit:
    """The minimiser over the free parameters; the others stay where they are in `theta`.

    MINUIT takes second derivatives where the model knows its first ones (`second`): a hundred
    calls fewer, and HESSE does not depend on steps. MINOS does without, since it fixes a
    parameter, which those derivatives do not follow.
    """
    from iminuit import Minuit

    free = np.array(parameters.free)
    unit = sizes(parameters)

    def whole(x: Array) -> Array:
        at = theta.copy()
        at[free] = x * unit
        return at

    def value(x: Array) -> float:
        # MINUIT divides by zero where it starts on an exact minimum, and asks for NaN
        return likelihood.minimised(whole(x)) if np.isfinite(x).all() else np.nan

    def gradient(x: Array) -> Array:
        if not np.isfinite(x).all():
            return np.full(len(x), np.nan)
        return np.asarray(likelihood.gradient(whole(x))[free] * unit)

    def hessian(x: Array) -> Array:
        return likelihood.hessian(whole(x), free) * np.outer(unit, unit)

    def diagonal(x: Array) -> Array:
        # what MINUIT falls back to where the matrix is not positive definite
        return np.diag(hessian(x))

    chosen = [parameters[i] for i in free]
    minuit = Minuit(
        value,
        theta[free] / unit,
        grad=gradient,
        g2=diagonal if second else None,
        hessian=hessian if second else None,
        name=[p.name for p in chosen],
    )
    minuit.errordef = Minuit.LEAST_SQUARES  # 1, for -2 ln L
    minuit.errors = [p.scale / u for p, u in zip(chosen, unit, strict=True)]
    minuit.limits = [(p.lower / u, p.upper / u) for p, u in zip(chosen, unit, strict=True)]
    minuit.tol = 0.01  # edm below 2e-5: differences of -2 ln L are good to four digits
    minuit.print_level = -1  # what fails is in the diagnosis, not on the terminal
    return minuit


def minimise(
    likelihood: Likelihood,
    parameters: Parameters,
    theta: Array,
    strategy: int,
    *,
    second: bool = True,
) -> Minuit:
    """MIGRAD; where it fails, once more from a simplex with a more careful strategy.

    MINUIT's transformation of bounds is not one of second derivatives: where a parameter ends at
    its bound, the fit is done without them.
    """
    # iminuit warns through Python warnings when a parameter is at its limit; that is in the
    # diagnosis, so the warnings are not for the user
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minuit = _minuit(likelihood, parameters, theta, second=second)
        minuit.strategy = 1 if second else strategy  # with second derivatives both cost the same
        minuit.migrad(ncall=20_000)
        fmin: Any = minuit.fmin
        if second and not (minuit.valid and not fmin.has_parameters_at_limit):
            again = minimise(likelihood, parameters, theta, strategy, second=False)
            if not (minuit.valid and fmin.fval < again.fval - 1e-3):
                return again
            # on the way from the start it was lost: from the lower minimum, then
            lower = theta.copy()
            lower[np.array(parameters.free)] = np.array(minuit.values) * sizes(parameters)
            return minimise(likelihood, parameters, lower, strategy, second=False)
        if not minuit.valid:
            minuit.strategy = 2
            minuit.simplex()
            minuit.migrad(ncall=50_000)
    return minuit


def _on_bounds(
    likelihood: Likelihood, parameters: Parameters, theta: Array, strategy: int, failed: Minuit
) -> tuple[Minuit, Parameters]:
    """The minimum with parameters on the bounds where they began, or near which MIGRAD stopped.

    A rate that goes with the square of a parameter is of the fourth power in MINUIT's
    transformation of a bound at zero, along which MIGRAD does not come to an end. Where -2 ln L
    falls from the bound inwards, the fit goes on from there.

    Returns:
        The minimum and the parameters, those on bounds fixed; what failed, where it is not lower.
    """
    unit = dict(zip((parameters[i].name for i in parameters.free), sizes(parameters), strict=True))
    begun = dict(zip(parameters.names, theta, strict=True))
    ends: dict[str, float | None] = {}
    for p in failed.params:
        known = parameters[p.name]
        near = p.has_limits and _near_limit(p)
        value = float(p.value * unit[p.name] if near else begun[p.name])
        if near or value in (known.lower, known.upper):
            below = value - known.lower < known.upper - value
            ends[p.name] = known.lower if below else known.upper
    ends = {n: end for n, end in ends.items() if parameters[n].constraint is None}
    held = parameters.fix(ends)
    if not ends or not held.free:
        return failed, parameters
    at = np.array([p.value if p.name in ends else x for p, x in zip(held, theta, strict=True)])
    minuit = minimise(likelihood, held, at, strategy)
    found: Any = minuit.fmin
    if not (minuit.valid and found.fval <= float(failed.fval or np.inf) + 1e-6):
        return failed, parameters
    at[np.array(held.free)] = np.array(minuit.values) * sizes(held)
    for name, end in ends.items():
        inside = at.copy()
        inward = 1.0 if end == held[name].lower else -1.0
        inside[held.position(name)] += 0.1 * inward * held[name].scale
        if likelihood.minimised(inside) < found.fval - 1e-6:
            return minimise(likelihood, parameters, inside, strategy), parameters
    return minuit, held


def diagnose(minuit: Minuit) -> tuple[bool, str]:
    """Whether the minimum is good, and if not what was wrong, in words."""
    fmin: Any = minuit.fmin
    words = []
    if not np.isfinite(fmin.fval):
        words.append("-2lnL is not finite: the model predicts an impossible count there")
    if fmin.has_reached_call_limit:
        words.append("the call limit was reached before the minimum")
    if fmin.is_above_max_edm:
        words.append(
            f"the estimated distance to the minimum, {fmin.edm:.1e}, stayed above the goal "
            f"{fmin.edm_goal:.1e}"
        )
    if not fmin.has_valid_parameters and not words:
        words.append("MIGRAD stopped without a valid minimum")
    if fmin.hesse_failed:
        words.append("the second derivatives could not be computed (HESSE failed)")
    elif fmin.has_made_posdef_covar or not fmin.has_covariance:
        words.append(
            "the second derivatives are not positive definite: some parameters are degenerate"
        )
    if words and fmin.has_parameters_at_limit:
        at = [p.name for p in minuit.params if not p.is_fixed and p.has_limits and _near_limit(p)]
        words.append("at a bound: " + ", ".join(at))
    if words:
        words.append("fix a parameter, give it a constraint or start elsewhere")
    return bool(minuit.valid and np.isfinite(fmin.fval)), "; ".join(words)


def degenerate(likelihood: Likelihood, theta: Array, free: Array) -> str:
    """Name the parameters that the data cannot tell apart, from the Fisher information.

    HESSE differentiates -2 ln L twice and cannot see an exactly flat direction in its own
    rounding; the information is built from first derivatives and can. Where the direction is not
    exactly flat, as for couplings to both quarks and a target of one element, whose isotopes differ
    a little, the curvature extrapolates over a range in which it does not hold: such errors mean
    nothing, and the search for ends of intervals leads from valley to valley.
    """
    information = likelihood.fisher(theta)[np.ix_(free, free)]
    names = np.array(likelihood.model.parameters.names)[free]
    scale = np.sqrt(np.diag(information))
    if not (scale > 0).all():
        without = ", ".join(names[~(scale > 0)])
        return f"the data do not depend on {without}; fix it or give it a constraint"
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] > _DEGENERATE:
        return ""
    involved = ", ".join(names[np.abs(vectors[:, 0]) > 0.1])
    return (
        f"{involved} are degenerate, because the data determine one combination of them only: fix "
        "one of them or give it a constraint"
    )


def _covariance(likelihood: Likelihood, theta: Array, free: Array, found: Array) -> Array:
    """The inverse of half the second derivatives; MINUIT's own where they are not positive.

    MINUIT has it from these, except where it minimised without them: then its covariance is that
    of differences along transformed parameters, which has no error on a bound and is off by a tenth
    where counts near zero bend -2 ln L.
    """
    curvature = likelihood.hessian(theta, np.flatnonzero(free))
    diagonal = np.diag(curvature)
    if not (np.isfinite(curvature).all() and (diagonal > 0.0).all()):
        return found
    unit = 1.0 / np.sqrt(diagonal)
    scaled = curvature * np.outer(unit, unit)
    # a matrix that is singular within rounding has no inverse
    if not (np.linalg.eigvalsh(scaled) > len(scaled) * np.finfo(float).eps).all():
        return found
    return np.asarray(2.0 * np.linalg.inv(scaled) * np.outer(unit, unit))


def _near_limit(p: Any) -> bool:
    low = p.lower_limit if p.lower_limit is not None else -np.inf
    high = p.upper_limit if p.upper_limit is not None else np.inf
    return bool(min(p.value - low, high - p.value) < 0.1 * p.error)


def _record(
    likelihood: Likelihood,
    theta: Array,
    covariance: Array,
    fixed: BoolArray,
    *,
    poi: str | None,
    edm: float = 0.0,
    calls: int = 1,
    valid: bool = True,
    diagnosis: str = "",
) -> FitResult:
    """The record of a fit: what follows from its point, and what the minimiser says of itself."""
    model, data = likelihood.model, likelihood.data
    parts = likelihood.by_channel(theta)
    free = zip(model.parameters, ~fixed, strict=True)
    unconstrained = sum(1 for p, is_free in free if is_free and p.constraint is None)
    binned = not any(c.statistic.events_are_points for c in model.channels)
    extra = sum(c.statistic.extra for c in model.channels)  # each has a background of its own
    errors = np.sqrt(np.diag(covariance))
    return FitResult(
        model=model.name,
        poi=poi,
        fitted=fitted_parameters(model, theta, errors, tuple(fixed.tolist()), data),
        covariance=covariance,
        twice_nll=sum(parts.values()),
        deviance=sum(v for name, v in parts.items() if name != "constraints"),
        pearson=likelihood.pearson(theta) if binned else math.nan,
        ndof=int(data.counts.size - extra - unconstrained) if binned else None,
        edm=edm,
        calls=calls,
        valid=valid,
        diagnosis=diagnosis,
        components={k: np.asarray(v) for k, v in model.components(theta).items()},
        data=data,
    )


def poi_name(parameters: Parameters, name: str | None) -> str | None:
    """The parameter of interest: the one named, or the only one of that role."""
    if name is not None:
        return parameters[name].name
    found = [p.name for p in parameters if p.role == "poi"]
    return found[0] if len(found) == 1 else None
