"""Profile likelihood: curves, intervals, significance.

The profile of a parameter is ``q(x) = min over the others of -2 ln L(x, ...) - minimum``. By
Wilks' theorem it is distributed as chi2 with one degree of freedom at the true value, so that
``q = 1`` bounds the 68.3 % and ``q = 2.71`` the 90 % interval; its value without signal gives the
significance ``sqrt(q0)`` (Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.levels import bracketed_root, threshold
from cevns.inference.fitting.minuit import minimum
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Fix, Model, single_poi
from cevns.records import Result
from cevns.typing import Array

__all__ = [
    "Interval",
    "ProfileCurve",
    "Significance",
    "endpoint",
    "interval",
    "profile",
    "significance",
]

_FAR = 10.0
"""How far above the goal, in roots, the outer end of a bracket may lie."""


@dataclass(frozen=True, eq=False)
class ProfileCurve(Result):
    """Profile of -2 ln L above its minimum.

    Args:
        parameter: name.
        unit: its unit.
        values: scanned values, increasing.
        rise: -2 ln L minus its minimum, same shape.
        theta: conditional best fits, ``(n, n_par)``.
        best: the free fit.
    """

    parameter: str
    unit: str
    values: Array
    rise: Array
    theta: Array
    best: FitResult

    def to_dict(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "parameter": self.parameter,
            "unit": self.unit,
            "best": self.best[self.parameter].value,
            "values": self.values.tolist(),
            "delta_twice_nll": self.rise.tolist(),
        }


@dataclass(frozen=True)
class Interval:
    """Profile-likelihood interval.

    Args:
        parameter: name.
        level: confidence level.
        best: best-fit value.
        lower: lower end; the parameter's bound if the curve does not rise enough before it.
        upper: upper end, likewise.
        lower_is_bound: `lower` is the bound.
        upper_is_bound: `upper` is the bound.
    """

    parameter: str
    level: float
    best: float
    lower: float
    upper: float
    lower_is_bound: bool = False
    upper_is_bound: bool = False


@dataclass(frozen=True)
class Significance:
    """Significance of a parameter against a null value.

    Args:
        parameter: name.
        null: the value tested.
        q0: -2 ln L(null) + 2 ln L(best).
        z: sqrt(q0), one-sided; None where the estimate does not exceed the null value.
        p_value: one-sided tail probability of `z`; None with it.
        conditional: the fit at the null value.
    """

    parameter: str
    null: float
    q0: float
    z: float | None
    p_value: float | None
    conditional: FitResult


def _best(model: Model, data: Data | None, fix: Fix | None, best: FitResult | None) -> FitResult:
    return minimum(model, data=data, fix=fix) if best is None else best


def _conditional(
    model: Model,
    name: str,
    value: float,
    best: FitResult,
    fix: Fix | None,
    start: Array,
    *,
    hesse: bool = False,
) -> FitResult:
    at = start.copy()
    position = model.parameters.position(name)
    at[position] = value
    return minimum(model, data=best.data, fix={**(fix or {}), name: value}, start=at, hesse=hesse)


def profile(
    model: Model,
    parameter: str,
    *,
    values: Array | None = None,
    data: Data | None = None,
    fix: Fix | None = None,
    best: FitResult | None = None,
    width: float = 3.0,
    tolerance: float = 0.02,
    points: int = 13,
) -> ProfileCurve:
    """Profile curve of one parameter.

    Args:
        model: the model.
        parameter: name of the parameter.
        values: where to evaluate; by default a grid over `width` errors either side, refined
            until a straight line between the square roots of neighbours is good to `tolerance`.
        data: data, the model's own by default.
        fix: parameters fixed throughout.
        best: a free fit to the same data, if there is one already.
        width: half width of the default grid, in HESSE errors.
        tolerance: of the refined curve, in units of sqrt(-2 delta ln L).
        points: of the grid before refinement.

    Raises:
        FitError: if a conditional fit does not converge.
    """
    p = model.parameters[parameter]
    best = _best(model, data, fix, best)
    centre, error = best[p.name].value, best[p.name].error
    if values is None and best[p.name].fixed:
        raise InputError(f"parameter {p.name!r} is fixed: it has no profile; free it")
    known: dict[float, FitResult] = {}

    def evaluate(x: float) -> None:
        nearest = min(known, key=lambda k: abs(k - x), default=None)
        start = best.theta if nearest is None else known[nearest].theta
        known[x] = _conditional(model, p.name, x, best, fix, start)

    def signed_root(x: float) -> float:
        return math.copysign(math.sqrt(max(known[x].twice_nll - best.twice_nll, 0.0)), x - centre)

    if values is None:
        low, high = max(p.lower, centre - width * error), min(p.upper, centre + width * error)
        if min(centre - p.lower, p.upper - centre) < 0.1 * error or not error > 0:
            # the curvature beside a bound does not tell how far the curve goes
            low, high = (endpoint(model, p.name, s, width**2, best, fix)[0] for s in (-1, 1))
        # from the minimum outwards, so that each fit starts next to a converged one
        grid = sorted(np.linspace(low, high, points), key=lambda x: abs(x - centre))
        for x in grid:
            evaluate(float(x))
        pending = list(zip(sorted(known)[:-1], sorted(known)[1:], strict=True))
        while pending and len(known) < 10 * points:
            a, b = pending.pop()
            middle = 0.5 * (a + b)
            evaluate(middle)
            if abs(signed_root(middle) - 0.5 * (signed_root(a) + signed_root(b))) > tolerance:
                pending += [(a, middle), (middle, b)]
    else:
        for x in sorted((float(v) for v in values), key=lambda x: abs(x - centre)):
            evaluate(x)
    xs = sorted(known)
    return ProfileCurve(
        p.name,
        p.unit,
        np.array(xs),
        np.array([known[x].twice_nll - best.twice_nll for x in xs]),
        np.array([known[x].theta for x in xs]),
        best,
    )


def interval(
    model: Model,
    parameter: str | None = None,
    *,
    level: float = 0.6826894921370859,
    data: Data | None = None,
    fix: Fix | None = None,
    best: FitResult | None = None,
) -> Interval:
    """Profile-likelihood interval of one parameter at any confidence level.

    The ends are found by conditional fits, to 1e-4 of the parameter's error or, where that does not
    tell how far they are, of their distance.

    Raises:
        FitError: if a conditional fit does not converge.
    """
    p = model.parameters[single_poi(model, parameter)]
    best = _best(model, data, fix, best)
    if best[p.name].fixed:
        raise InputError(f"parameter {p.name!r} is fixed: it has no interval; free it")
    goal = threshold(level)
    ends = [endpoint(model, p.name, side, goal, best, fix) for side in (-1, 1)]
    (lower, low_bound), (upper, high_bound) = ends
    return Interval(p.name, level, best[p.name].value, lower, upper, low_bound, high_bound)


def endpoint(
    model: Model, name: str, side: int, goal: float, best: FitResult, fix: Fix | None
) -> tuple[float, bool]:
    """Where the profile has risen by `goal` on one side, and whether that is the bound."""
    p, centre = model.parameters[name], best[name].value
    bound = p.lower if side < 0 else p.upper
    # beside a bound, and where -2 ln L is no parabola, an error says little: steps then grow
    step = best[name].error or p.scale
    start = best.theta

    def root(x: float) -> float:
        """sqrt(rise) - sqrt(goal): nearly linear in x."""
        nonlocal start
        if x == centre:
            return -math.sqrt(goal)
        found = _conditional(model, name, x, best, fix, start)
        start = found.theta
        return math.sqrt(max(found.twice_nll - best.twice_nll, 0.0)) - math.sqrt(goal)

    inner, f_inner = centre, -math.sqrt(goal)
    for _ in range(40):
        outer = inner + side * math.sqrt(goal) * step
        if side * (outer - bound) >= 0:
            outer = bound
            if abs(bound - centre) < 1e-9 * step or (f_outer := root(bound)) < 0:
                return bound, True
            break
        f_outer = root(outer)
        if f_outer >= 0:
            break
        inner, f_inner = outer, f_outer
        step *= 2.0
    else:
        raise FitError(f"the profile of {name!r} does not rise by {goal:.3g}: it has no interval")
    # without curvature at a bound, as of a rate that goes with the square, the error is no measure:
    # it may be far beyond the end, and the end is then to be known to a part of its own distance
    for _ in range(100):
        if f_outer <= _FAR * math.sqrt(goal):
            break
        nearer, start = 0.5 * (inner + outer), best.theta
        if inner == centre:
            nearer = centre + 0.1 * (outer - centre)
        if (f_nearer := root(nearer)) < 0:
            inner, f_inner = nearer, f_nearer
        else:
            outer, f_outer = nearer, f_nearer
    tolerance = 1e-4 * min(step, abs(outer - centre))
    return bracketed_root(root, (inner, f_inner), (outer, f_outer), tolerance), False


def significance(
    model: Model,
    parameter: str | None = None,
    *,
    null: float = 0.0,
    data: Data | None = None,
    fix: Fix | None = None,
    best: FitResult | None = None,
) -> Significance:
    """Significance of the parameter of interest against a null value, one-sided.

    ``q0 = -2 ln [L(null, conditional) / L(best)]`` and ``Z = sqrt(q0)``; undefined (None) where
    the estimate does not exceed the null value.

    Raises:
        FitError: if a fit does not converge.
    """
    name = single_poi(model, parameter)
    best = _best(model, data, fix, best)
    # what has no effect at the null value and no constraint stays where it is
    at = best.theta.copy()
    at[model.parameters.position(name)] = null
    slopes = model.linearise(at[None])[1][0]
    idle = {
        p.name: None
        for p, slope in zip(model.parameters, slopes, strict=True)
        if p.constraint is None and not p.fixed and p.name != name and not slope.any()
    }
    fix = {**idle, **(fix or {})}
    conditional = _conditional(model, name, null, best, fix, best.theta, hesse=True)
    q0 = conditional.twice_nll - best.twice_nll
    above = best[name].value > null and not best[name].fixed
    z = math.sqrt(max(q0, 0.0)) if above else None
    p_value = None if z is None else 0.5 * math.erfc(z / math.sqrt(2.0))
    return Significance(name, null, max(q0, 0.0), z, p_value, conditional)
