"""Fits with the alternative shapes, one at a time: what each does to the answer.

A released alternative can be used in two ways. *Folded*: the fit is repeated with each
alternative in place of the nominal shape, and the excursions of the answer to lower values, one a
parameter, are added in quadrature to its statistical error: Z = Z_stat/sqrt(1 + (syst/stat)^2).
*Profiled*: the shapes float with their constraints and the data choose. Folding takes alternatives
that the data reject as seriously as the others, so its significance is lower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from cevns.analysis.question import Asked
from cevns.experiments.experiment import Experiment
from cevns.experiments.inputs.released import templates
from cevns.inference import Data, FitResult, Model, fit
from cevns.parameters import Parameters, fold_name
from cevns.records import Result

__all__ = ["AlternativeFit", "Alternatives", "alternative_fits", "held_shapes", "shapes_freed"]


@dataclass(frozen=True)
class AlternativeFit:
    """A fit with one alternative in place of the nominal shape.

    Args:
        parameter: the shape parameter.
        side: +1 or -1 sigma.
        value: fitted value of the parameter of interest.
        shift: its change.
        chi2_change: change of -2 ln L, the constraint of the parameter left out: negative where
            the data prefer the alternative.
    """

    parameter: str
    side: int
    value: float
    shift: float
    chi2_change: float


@dataclass(frozen=True)
class Alternatives(Result):
    """All of them, and what follows.

    Args:
        fits: one a released alternative.
        downward: the excursions to lower values, the largest of each parameter, in quadrature.
        folded: significance with them folded in.
    """

    fits: tuple[AlternativeFit, ...]
    downward: float
    folded: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fits": [vars(f).copy() for f in self.fits],
            "downward": self.downward,
            "significance_folded": self.folded,
        }


def held_shapes(experiment: Experiment) -> tuple[str, ...]:
    """Names of the parameters that the file's quoted fit holds and a second one frees.

    What a combination or ``--set`` holds is held for good: its uncertainty is in the data already,
    or stands elsewhere, and would count twice.
    """
    changed = {fold_name(key) for key in experiment.overrides or {}}
    entries = experiment.declaration.parameters
    return tuple(
        n for n, e in entries.items() if e.held and fold_name(f"parameters.{n}.held") not in changed
    )


def shapes_freed(asked: Asked) -> Model:
    """The model with the shapes floating that the files hold, and no change or option does."""
    model = asked.held
    keep = {model.parameters[n].name for n in asked.fix}
    names = {model.joint_name(e.name, n) for e in asked.experiments for n in held_shapes(e)}
    return model.with_parameters(
        Parameters(
            replace(p, fixed=False) if p.name in names - keep else p for p in model.parameters
        )
    )


def alternative_fits(
    asked: Asked, best: FitResult, significance: float, *, data: Data | None = None
) -> Alternatives:
    """Fit one experiment with each released alternative of the held shapes.

    Args:
        asked: the experiment, whose file says which sides the release has, and its model.
        best: the fit with the shapes held, with the MINOS error of the parameter of interest
            where there is one.
        significance: against no signal, of that fit.
        data: counts and auxiliary measurements; the model's own by default.

    Raises:
        FitError: if a fit does not converge.
    """
    model, declaration = asked.held, asked.experiments[0].declaration
    sides: dict[str, set[int]] = {}
    for template in templates(declaration).values():
        for name, alternative in template.variations.items():
            sides.setdefault(name, set()).update({1} if alternative.minus is None else {1, -1})
    poi = best[asked.one_interest("alternatives")]
    fits = []
    for name in held_shapes(asked.experiments[0]):
        p = model.parameters[name]
        # what the user holds elsewhere is no uncertainty of this fit
        if p.constraint is None or p.value != p.constraint.mean:
            continue
        for side in sorted(sides.get(p.name, ()), reverse=True):
            moved = fit(
                model,
                data=data,
                fix={p.name: p.constraint.mean + side * p.constraint.sigma},
                minos="none",
            )
            value = moved[poi.name].value
            change = moved.twice_nll - 1.0 - best.twice_nll  # 1: the pull of the moved parameter
            fits.append(AlternativeFit(p.name, side, value, value - poi.value, change))
    down: dict[str, float] = {}
    for f in fits:
        down[f.parameter] = min(down.get(f.parameter, 0.0), f.shift)
    systematic = math.sqrt(sum(d * d for d in down.values()))
    statistical = poi.error_down or poi.error
    folded = significance / math.hypot(1.0, systematic / statistical)
    return Alternatives(tuple(fits), systematic, folded)
