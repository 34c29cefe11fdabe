"""The data a likelihood is evaluated on: counts and auxiliary measurements.

A constraint is the result of an auxiliary measurement; toys fluctuate it together with the
counts, Asimov data set it to the true value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.expectation import Model, constraint_arrays, parameter_point
from cevns.typing import Array, IntArray

__all__ = ["DRAWS", "Data", "asimov", "draw", "observed"]

DRAWS: Final = "toy by toy"
"""In which order `draw` takes random numbers: drawn in another one, toys are other toys."""


@dataclass(frozen=True, eq=False)
class Data:
    """Counts and auxiliary measurements, of one data set or of many with the batch last.

    Args:
        counts: data of all channels, ``(n_bins,)`` or ``(n_bins, B)``; Asimov data are not
            integers.
        auxiliary: measured means of the constrained parameters, ``(n_par,)`` or ``(n_par, B)``;
            the entries of free parameters are not used.

    Raises:
        InputError: if a number is not finite.
    """

    counts: Array
    auxiliary: Array

    def __post_init__(self) -> None:
        bad = ~np.isfinite(self.counts)
        if bad.any():
            at = tuple(np.argwhere(bad)[0])
            raise InputError(f"data: bin {at[0]} holds {self.counts[at]}; counts must be finite")

    @classmethod
    def joined(cls, parts: Sequence[Data]) -> Data:
        """Many data sets after each other."""
        return cls(
            np.concatenate([d.counts for d in parts], axis=1),
            np.concatenate([d.auxiliary for d in parts], axis=1),
        )

    def columns(self, chosen: slice | IntArray | int) -> Data:
        """Some of many data sets, or one of them."""
        return Data(self.counts[:, chosen], self.auxiliary[:, chosen])

    def only(self, model: Model, selected: Model) -> Data:
        """The data of some of the channels of a model."""
        at = [model.parameters.position(name) for name in selected.parameters.names]
        counts = [self.counts[model.bins[c.name]] for c in selected.channels]
        return Data(np.concatenate(counts), self.auxiliary[at])

    def check(self, model: Model) -> Data:
        """The data, if they are possible for a model.

        Raises:
            InputError: if the number of bins or of parameters differs, or a count is impossible.
        """
        wanted = (model.n_bins,), (len(model.parameters),)
        if (self.counts.shape, self.auxiliary.shape) != wanted:
            raise InputError(
                f"model {model.name!r} has {model.n_bins} bins and {len(model.parameters)} "
                f"parameters; the data have {self.counts.shape} and {self.auxiliary.shape}"
            )
        for channel in model.channels:
            channel.statistic.check(self.counts[model.bins[channel.name]], "data")
        return self


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
    mu = model.expected(point)
    counts = [c.statistic.asimov(mu[model.bins[c.name]]) for c in model.channels]
    return Data(np.concatenate(counts), point)


def draw(model: Model, theta: Array, rng: np.random.Generator, n: int) -> Data:
    """Pseudo-data of a model at a point: every channel and every auxiliary measurement.

    Args:
        model: the model.
        theta: the truth, ``(n_par,)``.
        rng: random numbers.
        n: how many.

    Raises:
        InputError: if a channel cannot be drawn.
    """
    for c in model.channels:
        if not c.statistic.can_draw:
            raise InputError(
                f"pseudo-data of {c.name!r} cannot be drawn: a limit has no fluctuations, and an "
                "unbinned list of events has no distribution; remove that channel, or bin it"
            )
    mu = model.expected(theta)
    counts = [c.statistic.draw(mu[model.bins[c.name]], rng, n) for c in model.channels]
    weight = constraint_arrays(model.parameters)[1]
    width = np.where(weight > 0, weight, np.inf) ** -0.5
    aux = theta[:, None] + width[:, None] * rng.standard_normal((n, len(theta))).T
    return Data(np.concatenate(counts), aux)
