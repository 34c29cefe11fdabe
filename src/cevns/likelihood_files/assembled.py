"""A likelihood of histograms as a `Model`, on which every fit works.

The interpolation codes and their derivatives are written out here; `pyhf` has the same ones, and
the tests hold both together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.expectation import Model
from cevns.inference.model.factors import OfOne, ParameterFactor, Values
from cevns.inference.model.rows import DenseRows
from cevns.inference.model.shapes import ComputedShape, fixed
from cevns.likelihood_files.histograms import (
    BinFactors,
    HistogramModel,
    HistoSys,
    NormFactor,
    NormSys,
    Sample,
)
from cevns.morphing import even_part, even_part_derivative
from cevns.typing import Array

__all__ = ["Code1", "Code4", "HistogramShape", "assembled"]


@dataclass(frozen=True)
class Code1(OfOne):
    """``high**alpha`` for a positive pull, ``low**-alpha`` for a negative one.

    Args:
        parameter: the pull.
        high: factor at +1.
        low: factor at -1.

    Examples:
        >>> Code1("a", 1.2, 0.9).value({"a": np.array([-1.0, 0.0, 2.0])}).round(3).tolist()
        [0.9, 1.0, 1.44]
    """

    high: float
    low: float

    def value(self, values: Values) -> Array:
        """See `cevns.inference.model.factors.Factor`."""
        alpha = values[self.parameter]
        return np.exp(np.where(alpha >= 0.0, math.log(self.high), -math.log(self.low)) * alpha)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `cevns.inference.model.factors.Factor`."""
        rate = np.where(values[self.parameter] >= 0.0, math.log(self.high), -math.log(self.low))
        return {self.parameter: rate * self.value(values)}


@dataclass(frozen=True)
class Code4(OfOne):
    """`Code1` beyond one standard deviation, and a polynomial of degree six between.

    The polynomial has the value 1 at zero, and at both ends the value, slope and curvature of the
    exponentials that go on there.

    Args:
        parameter: the pull.
        high: factor at +1.
        low: factor at -1.

    Examples:
        >>> Code4("a", 1.2, 0.9).value({"a": np.array([-1.0, 0.0, 1.0])}).round(3).tolist()
        [0.9, 1.0, 1.2]
    """

    high: float
    low: float

    @cached_property
    def _polynomial(self) -> np.polynomial.Polynomial:
        powers = np.arange(1, 7)
        up, down = math.log(self.high), math.log(self.low)
        rows, ends = [], []
        for sign, value, slope in ((1.0, self.high, up), (-1.0, self.low, -down)):
            rows += [
                sign**powers,
                powers * sign ** (powers - 1),
                powers * (powers - 1) * sign**powers,
            ]
            ends += [value - 1.0, slope * value, slope**2 * value]
        return np.polynomial.Polynomial([1.0, *np.linalg.solve(np.array(rows), np.array(ends))])

    def value(self, values: Values) -> Array:
        """See `cevns.inference.model.factors.Factor`."""
        alpha = values[self.parameter]
        outside = Code1(self.parameter, self.high, self.low).value(values)
        return np.where(np.abs(alpha) < 1.0, self._polynomial(np.clip(alpha, -1.0, 1.0)), outside)

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `cevns.inference.model.factors.Factor`."""
        alpha = values[self.parameter]
        outside = Code1(self.parameter, self.high, self.low).slopes(values)[self.parameter]
        inside = self._polynomial.deriv()(np.clip(alpha, -1.0, 1.0))
        return {self.parameter: np.where(np.abs(alpha) < 1.0, inside, outside)}


@dataclass(frozen=True, eq=False)
class HistogramShape(ComputedShape):
    """The contents of a sample, moved by its pulls and multiplied bin by bin.

    Args:
        sample: the sample; factors of all its bins are not part of the shape.
        held: parameters along which no slope is asked for.

    Examples:
        >>> moved = HistoSys("a", np.array([6.0]), np.array([2.0]))
        >>> sample = Sample("s", np.array([4.0]), (moved,))
        >>> HistogramShape(sample).rows({"a": np.array([0.5])}, np.zeros(1)).dense().tolist()
        [[[5.0], [2.0]]]
    """

    sample: Sample
    held: frozenset[str] = frozenset()

    @property
    def n_bins(self) -> int:
        """See `cevns.inference.model.shapes.Shape`."""
        return int(self.sample.nominal.size)

    @cached_property
    def _pulls(self) -> tuple[HistoSys, ...]:
        return tuple(m for m in self.sample.modifiers if isinstance(m, HistoSys))

    @cached_property
    def _factors(self) -> tuple[BinFactors, ...]:
        return tuple(m for m in self.sample.modifiers if isinstance(m, BinFactors))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        of_bins = (n for m in self._factors for n in m.parameters)
        return tuple(dict.fromkeys([*(m.parameter for m in self._pulls), *of_bins]))

    @property
    def names(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        return tuple(n for n in self.parameters if n not in self.held)

    def with_fixed(self, names: Iterable[str]) -> HistogramShape:
        """See `cevns.inference.model.shapes.Shape`."""
        return replace(self, held=self.held | frozenset(names))

    def rows(self, values: Values, like: Array) -> DenseRows:
        """See `cevns.inference.model.shapes.Shape`."""
        contents = self.sample.nominal + np.zeros((like.size, 1))
        slopes = {n: np.zeros((like.size, self.n_bins)) for n in self.names}
        for m in self._pulls:
            odd, even = 0.5 * (m.high - m.low), 0.5 * (m.high + m.low) - self.sample.nominal
            alpha = values[m.parameter] + like
            contents = contents + alpha[:, None] * odd + even_part(alpha)[:, None] * even
            if m.parameter in slopes:
                slopes[m.parameter] += odd + even_part_derivative(alpha)[:, None] * even
        every = [np.stack([values[n] + like for n in m.parameters], axis=-1) for m in self._factors]
        product: Array = np.ones_like(contents)
        for gamma in every:
            product = product * gamma
        for n in slopes:
            slopes[n] *= product
        for number, of_bins in enumerate(self._factors):
            others: Array = np.ones_like(contents)
            for other, gamma in enumerate(every):
                others = others if other == number else others * gamma
            for b, n in enumerate(of_bins.parameters):
                if n in slopes:
                    slopes[n][:, b] += contents[:, b] * others[:, b]
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
    strength: list[ParameterFactor | Code1 | Code4] = []
    for m in sample.modifiers:
        if isinstance(m, NormFactor):
            strength.append(ParameterFactor(m.parameter))
        elif isinstance(m, NormSys):
            code = Code1 if m.code == "code1" else Code4
            strength.append(code(m.parameter, m.high, m.low))
    moved = any(isinstance(m, HistoSys | BinFactors) for m in sample.modifiers)
    shape = HistogramShape(sample) if moved else fixed(sample.nominal)
    return Component(sample.name, shape, tuple(strength))
