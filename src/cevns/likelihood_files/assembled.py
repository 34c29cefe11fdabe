"""A likelihood of histograms as a `Model`, on which every fit works.

The interpolation codes are those of the project, `cevns.inference.factors` (1 and 4) and
`cevns.morphing` (4p); the tests compare them with those of `pyhf`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.inference.factors.interpolated import Interpolated
from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.expectation import Model
from cevns.inference.model.factors import ParameterFactor, Values
from cevns.inference.model.rows import DenseRows
from cevns.inference.model.shapes import ComputedShape, Morph, fixed
from cevns.likelihood_files.histograms import (
    BinFactors,
    HistogramModel,
    HistoSys,
    NormFactor,
    NormSys,
    Sample,
)
from cevns.typing import Array

__all__ = ["BinScaledShape", "assembled"]


@dataclass(frozen=True, eq=False)
class BinScaledShape(ComputedShape):
    """A template of which each bin is multiplied by factors of its own.

    Args:
        template: what is multiplied, moved by its pulls.
        factors: one parameter for each bin.
        held: parameters along which no slope is asked for.

    Examples:
        >>> shape = BinScaledShape(fixed(np.array([4.0, 2.0])), (BinFactors(("a", "b")),))
        >>> values = {"a": np.array([0.5]), "b": np.array([3.0])}
        >>> shape.rows(values, np.zeros(1)).dense().tolist()
        [[[2.0, 6.0], [4.0, 0.0], [0.0, 2.0]]]
    """

    template: Morph
    factors: tuple[BinFactors, ...]
    held: frozenset[str] = frozenset()

    @property
    def n_bins(self) -> int:
        """See `cevns.inference.model.shapes.Shape`."""
        return self.template.n_bins

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        of_bins = (n for m in self.factors for n in m.parameters)
        return tuple(dict.fromkeys([*self.template.parameters, *of_bins]))

    @property
    def names(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        return tuple(n for n in self.parameters if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> BinScaledShape:
        """See `cevns.inference.model.shapes.Shape`."""
        names = frozenset(names)
        return replace(self, template=self.template.with_fixed(names), held=self.held | names)

    def rows(self, values: Values, like: Array) -> DenseRows:
        """See `cevns.inference.model.shapes.Shape`."""
        weights = self.template.weights(values, like)
        if weights is None:
            weights = np.ones((1, 1, like.size))
        contents, *moved = np.einsum("kmp,mb->kpb", weights, self.template.matrix)
        every = [np.stack([values[n] + like for n in m.parameters], axis=-1) for m in self.factors]
        product = np.prod(every, axis=0)
        slopes = {n: np.zeros_like(contents) for n in self.names}
        for n, slope in zip(self.template.names, moved, strict=True):
            slopes[n] += slope * product
        for number, of_bins in enumerate(self.factors):
            others = contents * np.prod(every[:number] + every[number + 1 :], axis=0)
            for b, n in enumerate(of_bins.parameters):
                if n in slopes:
                    slopes[n][:, b] += others[:, b]
        return DenseRows(np.stack([contents * product, *slopes.values()], axis=1))


def assembled(histograms: HistogramModel) -> Model:
    """The model of a likelihood of histograms.

    Args:
        histograms: channels, parameters and constraints.

    Raises:
        InputError: if a channel is malformed or its counts are impossible.
        UnknownNameError: if a modifier names a parameter that is not there.
    """
    channels = [
        Channel(c.name, c.observed, tuple(_component(s) for s in c.samples))
        for c in histograms.channels
    ]
    for known in histograms.auxiliary:
        tau = np.array([known.tau])
        of_gamma = Component(known.parameter, fixed(tau), (known.parameter,))
        channels.append(
            Channel(f"constraint of {known.parameter}", tau, (of_gamma,), auxiliary=True)
        )
    return Model(histograms.name, histograms.parameters, tuple(channels))


def _component(sample: Sample) -> Component:
    """A sample as strength times shape."""
    strength: list[ParameterFactor | Interpolated] = []
    for m in sample.modifiers:
        if isinstance(m, NormFactor):
            strength.append(ParameterFactor(m.parameter))
        elif isinstance(m, NormSys):
            code = 1 if m.code == "code1" else 4
            strength.append(Interpolated(m.parameter, m.low, m.high, code))
    template = _template(sample)
    factors = tuple(m for m in sample.modifiers if isinstance(m, BinFactors))
    shape = BinScaledShape(template, factors) if factors else template
    return Component(sample.name, shape, tuple(strength))


def _template(sample: Sample) -> Morph:
    """The contents of a sample, moved by its pulls."""
    odd: dict[str, Array] = {}
    even: dict[str, Array] = {}
    zero = np.zeros_like(sample.nominal)
    for m in sample.modifiers:
        if isinstance(m, HistoSys):  # one pull may move a sample twice
            mean = 0.5 * (m.high + m.low)
            odd[m.parameter] = odd.get(m.parameter, zero) + 0.5 * (m.high - m.low)
            even[m.parameter] = even.get(m.parameter, zero) + mean - sample.nominal
    return Morph(sample.nominal, odd, even, dict.fromkeys(odd, (0.0, 1.0)))
