"""From a declaration to the parameters of a likelihood model."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from cevns.detectors.framework.response import PULL_REACH
from cevns.detectors.responses.chain import REACH
from cevns.exceptions import InputError
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import ParameterEntry
from cevns.experiments.questions import Question
from cevns.parameters import Gaussian, Parameter, Parameters

__all__ = ["declared_parameters", "parameter_vector"]


def declared_parameters(declaration: ExperimentFile) -> dict[str, Parameter]:
    """All parameters of the file by name, in internal units."""
    return {n: _declared_parameter(n, e) for n, e in declaration.parameters.items()}


def _declared_parameter(name: str, entry: ParameterEntry) -> Parameter:
    value, sigma = entry.measured.value, entry.measured.sigma
    # beyond the tables that are built around it a parameter would move nothing any more
    width = REACH * sigma if sigma else 1e-3
    positive, anything = (0.0, math.inf), (-math.inf, math.inf)
    lower, upper = entry.ends or {
        "signal": positive,
        "flux": positive,
        "neutron-radius": positive,
        "component": positive,
        "arrival": (value - width, value + width),
        "pulse-time": (value - width, value + width),
        "efficiency": (-PULL_REACH, PULL_REACH),
        "quenching": (-REACH, REACH),
        "shape": (-REACH, REACH),
    }.get(entry.acts_on, anything)
    return Parameter(
        name,
        value,
        unit=entry.unit,
        lower=lower,
        upper=upper,
        constraint=Gaussian(value, sigma) if entry.constraint is not None else None,
        fixed=entry.value is not None or entry.held,
        shared=bool(entry.shared),
        description=entry.description,
    )


def parameter_vector(
    declaration: ExperimentFile,
    declared: Mapping[str, Parameter],
    question: Question,
    of_interest: Sequence[Parameter],
    flux_parameters: Collection[str] = (),
    radius_pulls: Collection[str] = (),
) -> Parameters:
    """Parameters of interest, background counts, then the nuisances of the file.

    Args:
        declaration: the file.
        declared: its parameters.
        question: what is asked; nuisances that it leaves without effect are left out.
        of_interest: its parameters.
        flux_parameters: names of those that move the flux of the source.
        radius_pulls: of those of the form factor for which a radius is fitted.

    Raises:
        InputError: if a parameter of the file has the name of a component.
    """
    out = list(of_interest)
    together = declaration.correlated_widths  # what is in one has its measurement in a channel
    for name, background in declaration.backgrounds.items():
        value, sigma = background.count.value, background.count.sigma
        out.append(
            Parameter(
                name,
                value,
                lower=0.0,
                # where the error is infinite only the data know the count
                constraint=Gaussian(value, sigma)
                if math.isfinite(sigma) and sigma > 0.0 and name not in together
                else None,
                fixed=sigma == 0.0,  # what multiplies it has the error
                typical=together.get(name),
                role="normalisation",
                description=background.title or f"{name} events in the analysis region",
            )
        )
    taken = {p.name for p in out}
    for name, parameter in declared.items():
        acts_on = declaration.parameters[name].acts_on
        if name in taken:
            if acts_on != "interaction" and name not in (*question.strengths, *question.beside):
                raise InputError(
                    f"{declaration.name}: {name!r} is the name of a component; rename the parameter"
                )
            continue  # the parameter of interest itself
        if question.counts_events and declaration.only_scales_the_signal(name):
            continue  # without effect on a shape that is normalised
        if question.frees_the_flux and name in flux_parameters:
            parameter = replace(parameter, fixed=True)  # the flux itself is what is fitted
        if name in radius_pulls:
            parameter = replace(parameter, fixed=True)  # the radius is what it stands for
        if name in together:
            parameter = replace(parameter, constraint=None, typical=together[name])
        out.append(parameter)
    return Parameters(out)
