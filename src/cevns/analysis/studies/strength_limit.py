"""Upper limits on the strength of what lies over CEvNS: the cross section of dark matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cevns.analysis.coupling_families import structural
from cevns.analysis.question import Request, ask
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.inference.fitting.levels import check_level
from cevns.inference.fitting.upper_limits import upper_limit
from cevns.records import Result, cited

__all__ = ["StrengthLimit", "strength_limit"]


@dataclass(frozen=True)
class StrengthLimit(Result):
    """An upper limit on a parameter of a component's own process.

    Args:
        name: of the experiment, or of several.
        parameter: which.
        unit: of it.
        level: confidence level.
        best: its best value.
        upper_limit: where -2 ln L has risen by the quantile of a chi2 above the lowest value inside
            the bounds (2.71 at 90 %): the upper end of the interval of two sides.
        at: values at which other parameters were held, the mass first of all: what changes shapes
            is there also where its usual value was taken.
        asimov: whether it is that of expected counts without the component.
        provenance: physics choices, changed fields and inputs, at the values that were held.
    """

    name: str
    parameter: str
    unit: str
    level: float
    best: float
    upper_limit: float
    at: Mapping[str, float] = field(default_factory=dict)
    asimov: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns limit`` with dark matter."""
        own = dict(vars(self))
        out = {**own.pop("provenance"), **own, "experiment": own.pop("name")}
        out.pop("name")
        out["construction"] = "upper end of the two-sided profile-likelihood interval"
        return cited(out, "fit", "asymptotic")


def strength_limit(
    *experiments: Experiment,
    request: Request,
    level: float = 0.9,
    asimov: bool = False,
) -> StrengthLimit:
    """Upper limit on one parameter of a process that a component has of its own.

    CEvNS stays in the fit as a background, with the pulls of the file: of XENONnT its size is known
    to 25.3 %, by efficiency and flux.

    Args:
        experiments: from `cevns.experiments.load`, with the component.
        request: the parameter, where there is more than one, and what is held (``m_wimp``).
        level: confidence level.
        asimov: of the counts expected without the component.

    Raises:
        InputError: if no component has a process of its own, or several parameters could be meant.
        UnknownNameError: if a parameter is unknown.
        FitError: if a fit does not converge.
    """
    check_level(level)
    if not request.free:
        own = dict.fromkeys(
            name
            for e in experiments
            for process in e.own_processes.values()
            for name in process.parameters.names
        )
        if len(own) != 1:
            raise InputError(
                "a limit without a parameter (--parameter, in Python parameter=) applies to the "
                "strength of the only component added to CEvNS; "
                + (f"name one of {', '.join(own)}" if own else "no component has a process here")
            )
        request = replace(request, free=tuple(own))
    asked = ask(*experiments, request=request)
    model, name = asked.held, asked.one_interest("limits")
    first = asked.subject.experiments[0]
    held = {q.name: q.value for q in structural(first.interaction, asked.subject)}
    held |= request.at
    p = model.parameters[name]
    found = upper_limit(model, name, level=level, data=asked.data(asimov), rise="bounded")
    return StrengthLimit(
        " + ".join(e.name for e in experiments),
        name,
        p.unit,
        level,
        found.best,
        found.upper,
        held,
        asimov,
        asked.subject.provenance(),
    )
