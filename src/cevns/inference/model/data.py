"""The data a likelihood is evaluated on: counts and auxiliary measurements.

A constraint is the result of an auxiliary measurement; toys fluctuate it together with the
counts, Asimov data set it to the true value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.expectation import Model, constraint_arrays, parameter_point
from cevns.typing import Array

__all__ = ["Data", "asimov", "observed"]


@dataclass(frozen=True, eq=False)
class Data:
    """Counts and auxiliary measurements.

    Args:
        counts: observed counts, ``(n_bins,)``; Asimov data are not integers.
        auxiliary: measured means of the constrained parameters, ``(n_par,)``; the entries of
            free parameters are not used.

    Raises:
        InputError: if a count is negative or not finite.
    """

    counts: Array
    auxiliary: Array

    def __post_init__(self) -> None:
        bad = ~(np.isfinite(self.counts) & (self.counts >= 0))
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(
                f"data: bin {i} holds {self.counts[i]}; counts must be finite and not negative"
            )


def observed(model: Model) -> Data:
    """The model's own data: observed counts, constraints as declared."""
    return Data(np.asarray(model.observed, dtype=float), constraint_arrays(model.parameters)[0])


def asimov(model: Model, theta: Mapping[str, float] | Array | None = None) -> Data:
    """Asimov data: every count and auxiliary measurement equal to its expectation.

    Args:
        model: the model.
        theta: true parameter point (values by name, a whole vector, or None for nominal).

    A fit to them returns `theta` exactly, and its errors are the expected ones
    (Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727).
    """
    point = parameter_point(model, theta)
    return Data(np.asarray(model.expected(point), dtype=float), point)
