"""What each nuisance does to a result: impacts and shares of the error.

The *impact* of a nuisance is how far the parameter of interest moves when the nuisance is held
one fitted error above or below its best fit and everything else is fitted again. Its *share* of
the error is what the error of the parameter of interest loses, in quadrature, when the nuisance
is held at its best fit:  share^2 = sigma^2 - sigma(nuisance held)^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cevns.exceptions import InputError
from cevns.inference.fitting.fit_result import FitResult
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Fix, Model, single_poi

__all__ = ["Impact", "impacts", "statistical_error"]


@dataclass(frozen=True)
class Impact:
    """Effect of one nuisance on the parameter of interest.

    Args:
        name: of the nuisance.
        up: shift of the parameter of interest with the nuisance one fitted error up.
        down: with it one fitted error down.
        share: contribution to the error of the parameter of interest, in quadrature.
    """

    name: str
    up: float
    down: float
    share: float

    @property
    def size(self) -> float:
        """The larger shift, for ranking."""
        return max(abs(self.up), abs(self.down))


def impacts(
    model: Model,
    poi: str | None = None,
    *,
    data: Data | None = None,
    fix: Fix | None = None,
    best: FitResult | None = None,
) -> tuple[Impact, ...]:
    """Impacts of all fitted nuisances, the largest first.

    Args:
        model: the model.
        poi: parameter of interest; by default the only one of that role.
        data: counts and auxiliary measurements; the model's own by default.
        fix: parameters held throughout.
        best: the free fit, if it is there already.

    Raises:
        InputError: if the parameter of interest is fixed.
        FitError: if a fit does not converge.
    """
    name = single_poi(model, poi)
    if best is None:
        best = fit(model, data=data, fix=fix, poi=name, minos="none")
    if best[name].fixed:
        raise InputError(f"parameter {name!r} is fixed, so impacts on it are undefined; free it")
    out = []
    for p in best:
        if p.fixed or p.name == name or not p.error > 0:
            continue

        def conditional(value: float, *, hesse: bool, which: str = p.name) -> FitResult:
            return fit(
                model,
                data=data,
                fix={**(fix or {}), which: value},
                start=best.theta,
                poi=name,
                minos="none",
                hesse=hesse,
            )

        centre = best[name].value
        low = max(p.value - p.error, p.parameter.lower)
        high = min(p.value + p.error, p.parameter.upper)
        error = conditional(p.value, hesse=True)[name].error
        out.append(
            Impact(
                p.name,
                up=conditional(high, hesse=False)[name].value - centre,
                down=conditional(low, hesse=False)[name].value - centre,
                share=math.sqrt(max(best[name].error ** 2 - error**2, 0.0)),
            )
        )
    return tuple(sorted(out, key=lambda i: -i.size))


def statistical_error(
    model: Model,
    poi: str | None = None,
    *,
    data: Data | None = None,
    fix: Fix | None = None,
    best: FitResult | None = None,
) -> float:
    """Error of the parameter of interest with every nuisance held at its best fit.

    Raises:
        FitError: if a fit does not converge.
    """
    name = single_poi(model, poi)
    if best is None:
        best = fit(model, data=data, fix=fix, poi=name, minos="none")
    fixed = {p.name: p.value for p in best if not p.fixed and p.name != name}
    held = {**(fix or {}), **fixed}
    return fit(model, data=data, fix=held, start=best.theta, poi=name, minos="none")[name].error
