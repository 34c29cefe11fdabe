"""What the constraints of an experiment's parameters allow, per cent, in quadrature."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load
from cevns.parameters import Gaussian

__all__ = ["compute"]


def compute(experiment: str, parameters: Sequence[str]) -> float:
    """``100 sqrt(sum (sigma/mean)^2)`` of the constraints, without any data.

    Args:
        experiment: name or path.
        parameters: of its file, each with a normal constraint.

    Raises:
        UnknownNameError: if the experiment has no such parameter.
        InputError: if a parameter has no normal constraint around a number that is not zero.

    Examples:
        >>> round(compute("coherent-lar-2020", ["efficiency"]), 3)
        3.6
    """
    declared = load(experiment).declared
    total = 0.0
    for name in parameters:
        if name not in declared:
            raise UnknownNameError(f"parameter of {experiment}", name, declared)
        constraint = declared[name].constraint
        if not isinstance(constraint, Gaussian) or constraint.mean == 0.0:
            raise InputError(f"{name} of {experiment} has no normal constraint relative to a value")
        total += (constraint.sigma / constraint.mean) ** 2
    return 100.0 * math.sqrt(total)
