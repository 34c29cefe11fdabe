"""Priors of a Bayesian analysis, declared by parameter name.

A constrained parameter has a prior already: its constraint, the same Gaussian as in a fit. A free
one is flat between its bounds unless another prior is declared. What a prior is flat in matters: a
limit on a coupling with a prior flat in its logarithm depends on where that begins.

All three kinds amount to bounds, a Gaussian pull, and the question whether a parameter is sampled
as it is or as its logarithm. So a model under priors is again a model, with the same likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cevns.exceptions import InputError
from cevns.inference.model.expectation import Fix, Model
from cevns.parameters import Gaussian, Parameter, Parameters

__all__ = ["Flat", "FlatInLog", "Prior", "under"]


@dataclass(frozen=True)
class Flat:
    """The same density everywhere between two values, by default the parameter's bounds.

    Args:
        lower: lower end; None for the parameter's lower bound.
        upper: upper end; None for its upper bound.
    """

    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class FlatInLog:
    """Density ``1/x`` between two positive values: the same for every order of magnitude.

    Args:
        lower: lower end; None for the parameter's lower bound.
        upper: upper end; None for its upper bound.
    """

    lower: float | None = None
    upper: float | None = None


Prior = Flat | FlatInLog | Gaussian
"""A prior; `Gaussian` is that of constraints, cut at the parameter's bounds."""


def _range(p: Parameter, prior: Flat | FlatInLog) -> tuple[float, float]:
    """Ends of a flat prior; finite, inside the parameter's bounds."""
    lower = p.lower if prior.lower is None else prior.lower
    upper = p.upper if prior.upper is None else prior.upper
    if not (math.isfinite(lower) and math.isfinite(upper)):
        raise InputError(
            f"parameter {p.name!r}: a flat prior on [{lower:g}, {upper:g}] cannot be normalised; "
            "give both ends, Flat(lower, upper), or another prior"
        )
    if not p.lower <= lower < upper <= p.upper:
        raise InputError(
            f"parameter {p.name!r}: the prior's range [{lower:g}, {upper:g}] must increase and lie "
            f"inside the bounds [{p.lower:g}, {p.upper:g}]"
        )
    if isinstance(prior, FlatInLog) and lower <= 0:
        raise InputError(
            f"parameter {p.name!r}: a prior flat in the logarithm begins above 0, not at {lower:g}"
        )
    return lower, upper


def _with_prior(p: Parameter, prior: Prior | None) -> Parameter:
    if p.constraint is not None:
        if prior is not None:
            raise InputError(
                f"parameter {p.name!r} already has a prior, its constraint "
                f"{p.constraint.mean:g} +/- {p.constraint.sigma:g}; remove this one"
            )
        return p
    if isinstance(prior, Gaussian):
        value = min(max(prior.mean, p.lower), p.upper)
        return replace(p, constraint=prior, value=value)
    lower, upper = _range(p, prior or Flat())
    value = min(max(p.value, lower), upper)
    return replace(p, lower=lower, upper=upper, value=value)


def under(
    model: Model, priors: Mapping[str, Prior] | None = None, fix: Fix | None = None
) -> tuple[Model, tuple[str, ...]]:
    """A model under priors, and the names of the parameters with a prior flat in the logarithm.

    Args:
        model: the model.
        priors: by name of a free parameter without a constraint; flat by default.
        fix: parameters that are held, at a value or (None) where they are.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a prior cannot be normalised, leaves the bounds, or belongs to a parameter
            that is held or constrained.
    """
    parameters = model.parameters.fix(fix or {})
    named = {parameters[name].name: prior for name, prior in (priors or {}).items()}
    for name in named:
        if parameters[name].fixed:
            raise InputError(
                f"parameter {name!r} is fixed and has no prior; free it, or remove the prior"
            )
    stated = Parameters(p if p.fixed else _with_prior(p, named.get(p.name)) for p in parameters)
    if not stated.free:
        raise InputError(f"model {model.name!r}: all parameters are fixed; free one")
    logarithmic = tuple(n for n, prior in named.items() if isinstance(prior, FlatInLog))
    return model.with_parameters(stated), logarithmic
