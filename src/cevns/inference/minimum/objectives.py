"""-2 ln L, its gradient and its curvature for many data sets at once, batch last.

The likelihood goes channel by channel, each in its own parameters, and adds to the common vector;
the constraints enter once. The curvature is that of Gauss and Newton: ``2 sum dmu dmu n/mu^2``
plus the pulls, the second derivative of -2 ln L but for that of mu itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.inference.model.channel import Channel
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, constraint_arrays
from cevns.typing import Array, BoolArray, IntArray

__all__ = ["Objective", "Part"]

_IN_CACHE = 100_000
"""Numbers an array may have for a few of them to stay in the cache of a core."""
_FLOOR = 1e-9
"""Share of a bin's nominal expectation, of one count at most, below which minimisers see a bent
expectation where a channel declares no floor."""
_SUSPICIOUS = 40.0
"""-2 ln L from which a fit may have met such a floor: one count there costs 2 ln(2/_FLOOR) - 2."""


@dataclass(frozen=True, eq=False)
class Part:
    """One channel: where its data and parameters stand, and the floor of its expectation.

    It is there twice: without slopes along what is fixed, and without any (`without_slopes`).
    """

    channel: Channel
    without_slopes: Channel
    bins: slice
    columns: IntArray
    names: tuple[str, ...]
    floor: Array
    declared: Array


@dataclass(frozen=True, eq=False)
class Objective:
    """What fits minimise; vectors are ``(n, B)``, matrices ``(n, n, B)``.

    Args:
        model: the model.
        fixed: names of parameters that the fits hold; their rows may be zero.
    """

    model: Model
    fixed: frozenset[str] = frozenset()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The channels, without slopes along what is fixed."""
        model, out = self.model, []
        nominal = model.expected(model.parameters.values)
        for channel in model.channels:
            constant = [
                own
                for own in channel.names
                if model.parameters[channel.joint_name(own)].name in self.fixed
            ]
            columns = model.columns(channel)
            bins = model.bins[channel.name]
            declared = np.zeros(channel.n_bins) if channel.floor is None else channel.floor
            lowest = _FLOOR * np.clip(nominal[bins], 0.0, 1.0)
            out.append(
                Part(
                    channel.with_fixed(constant),
                    channel.with_fixed(channel.names),
                    bins,
                    columns,
                    tuple(model.parameters[int(i)].name for i in columns),
                    np.where(declared > 0, declared, lowest)[:, None],
                    declared[:, None],
                )
            )
        return tuple(out)

    @cached_property
    def inverse_variance(self) -> Array:
        """Of the constraints, ``(n_par,)``, zero for free parameters."""
        return constraint_arrays(self.model.parameters)[1]

    @cached_property
    def _weight(self) -> Array:
        return self.inverse_variance[:, None]

    def pulls(self, theta: Array, aux: Array) -> tuple[Array, Array]:
        """Pull term ``(B,)`` and half its gradient."""
        displacement = theta - aux
        pull = self._weight * displacement
        return np.sum(pull * displacement, axis=0), pull

    def gradient(self, theta: Array, data: Data) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""
        total = self.pulls(theta, data.auxiliary)[1]
        for part in self.parts:
            for s in _slices(theta.shape[1], part.channel.n_bins):
                total[part.columns, s] += self.slope(part, theta[:, s], data.counts[part.bins, s])
        return 2.0 * total

    def slope(self, part: Part, theta: Array, data: Array) -> Array:
        """Half the gradient of one channel by its own parameters, ``(k, B)``."""
        point = self.model.at(part.channel, theta)
        residual = part.channel.statistic.residual(point.mean, data, part.floor)
        return point.gradient(part.names, residual)

    def evaluate(self, theta: Array, data: Data) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature."""
        value, gradient = self.pulls(theta, data.auxiliary)
        n = len(theta)
        curvature = np.zeros((n, n, theta.shape[1]))
        curvature[np.arange(n), np.arange(n)] = self._weight
        for part in self.parts:
            at = part.columns
            for s in _slices(theta.shape[1], part.channel.n_bins):
                point = self.model.at(part.channel, theta[:, s])
                own, residual, weight = part.channel.statistic.evaluate(
                    point.mean, data.counts[part.bins, s], part.floor
                )
                value[s] += own
                gradient[at, s] += point.gradient(part.names, residual)
                curvature[at[:, None], at, s] += point.curvature(part.names, weight)
        return value, 2.0 * gradient, 2.0 * curvature

    def values(self, theta: Array, data: Data) -> Array:
        """-2 ln L alone, as `evaluate` has it, ``(B,)``."""
        value = self.pulls(theta, data.auxiliary)[0]
        for part in self.parts:
            value = value + self.value(part, theta, data.counts[part.bins])
        return value

    def value(self, part: Part, theta: Array, data: Array) -> Array:
        """-2 ln L of one channel, ``(B,)``."""
        mu = self.model.at(part.without_slopes, theta).mean
        return part.channel.statistic.value(mu, data, part.floor)

    def quoted(self, theta: Array, data: Data, expected: Array | None = None) -> dict[str, Array]:
        """-2 ln L in the saturated form by channel, and that of the constraints, each ``(B,)``.

        Infinite where a channel expects nothing and has counts. The constraints are called
        ``constraints``.

        Args:
            theta: ``(n_par, B)``.
            data: of each point.
            expected: of the model at `theta`, ``(n_bins, B)``, where it is known already.
        """
        out = {}
        for part in self.parts:
            statistic, counts = part.channel.statistic, data.counts[part.bins]
            if expected is None:
                mu = self.model.at(part.without_slopes, theta).mean
            else:
                mu = expected[part.bins]
            value = statistic.value(mu, counts, part.declared) + statistic.constant(counts)
            impossible = statistic.impossible(mu, counts, part.declared)
            out[part.channel.name] = np.where(impossible, np.inf, value)
        out["constraints"] = self.pulls(theta, data.auxiliary)[0]
        return out

    def constant(self, counts: Array) -> Array:
        """What `evaluate` leaves out: a number for each data set, ``(B,)``."""
        return sum(
            (p.channel.statistic.constant(counts[p.bins]) for p in self.parts),
            start=np.zeros(counts.shape[1]),
        )

    def impossible(self, theta: Array, counts: Array, value: Array) -> BoolArray:
        """Which fits ended where their data are impossible, ``(B,)``.

        Args:
            theta: ``(n_par, B)``.
            counts: ``(n_bins, B)``.
            value: -2 ln L in the saturated form; only large ones are looked at.
        """
        out = np.zeros(len(value), dtype=bool)
        suspicious = np.flatnonzero(value > _SUSPICIOUS)
        if suspicious.size:
            for part in self.parts:
                if (part.declared > 0).all():
                    continue
                mu = self.model.at(part.without_slopes, theta[:, suspicious]).mean
                impossible = part.channel.statistic.impossible(
                    mu, counts[part.bins][:, suspicious], part.declared
                )
                out[suspicious] |= impossible
        return out

    def regularised(self, theta: Array) -> Array:
        """Expected data as the likelihood takes them, ``(n_bins, B)``."""
        parts = [
            p.channel.statistic.regularised(self.model.at(p.without_slopes, theta).mean, p.declared)
            for p in self.parts
        ]
        return np.concatenate(parts)

    def linear(self, theta: Array) -> tuple[Array, Array]:
        """-2 ln L without constraints as ``constant (B,) + slope (n_bins, B) . data``."""
        found = [
            p.channel.statistic.linear(self.model.at(p.without_slopes, theta).mean, p.floor)
            for p in self.parts
        ]
        constant = sum((c for c, _ in found), start=np.zeros(theta.shape[1]))
        return constant, np.concatenate([s for _, s in found])

    def information(self, theta: Array) -> Array:
        """Fisher information ``sum dmu dmu / mu + 1/sigma^2``, ``(n_par, n_par, B)``."""
        n = len(theta)
        total = np.zeros((n, n, theta.shape[1]))
        total[np.arange(n), np.arange(n)] = self._weight
        for name, own in self.information_by_channel(theta).items():
            columns = next(p.columns for p in self.parts if p.channel.name == name)
            total[columns[:, None], columns] += own
        return total

    def information_by_channel(self, theta: Array) -> dict[str, Array]:
        """That of each channel, by its own parameters in the order of the vector."""
        out = {}
        for part in self.parts:
            point = self.model.at(part.channel, theta)
            weight = part.channel.statistic.information(point.mean, part.declared)
            out[part.channel.name] = point.curvature(part.names, weight)
        return out


def _slices(size: int, n_bins: int) -> Iterator[slice]:
    """All data sets, so many at a time that their bins stay in cache."""
    step = max(32, _IN_CACHE // n_bins)
    for at in range(0, size, step):
        yield slice(at, at + step)
