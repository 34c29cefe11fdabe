"""Random times of arrival: by quantiles of the source, or by the bins of the time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.sources import Source
from cevns.sources.beams.source import Delayed, PulsedSource, ShapedPulse
from cevns.typing import Array, IntArray

__all__ = ["BinnedTimes", "DelayedTimes", "NoTimes", "PulsedTimes", "Times", "times_of"]

_FINE_US: Final = (-1.5, 30.0, 15751)
"""Times about the pulse at which a density is known every 2 ns; beyond, every 0.2 per cent."""
_FURTHEST_US: Final = 1e5
_QUANTILES: Final = 1 << 14
_STRAIGHT: Final = 0.003
"""How far, in its own width, a step between quantiles may be from a straight line."""
_ALL: Final = 3e-4
"""Missing share of a distribution up to which it is the error of its integral."""


class Times(Protocol):
    """What draws times of arrival."""

    def draw(self, energy_mev: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """Times, us, of particles with these energies and species; not a number where unknown."""


class NoTimes:
    """A source of which nothing is known in time."""

    def draw(self, energy_mev: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """Not a number, for every particle."""
        _ = species, rng
        return np.full(energy_mev.shape, np.nan)


class PulsedTimes:
    """Times after a beam pulse, by inverting the distribution of each species.

    A table of quantiles with straight lines between them is good to 0.3 per cent of the width of
    each of 16384 steps of equal probability; where it is not, in the tails and in gaps, the
    distribution itself is inverted, which is known every 2 ns about the pulse.

    Args:
        source: with a density of times.
        pulse_us: mean time of the pulse.

    Raises:
        InputError: if a density has no content.
    """

    def __init__(self, source: PulsedSource, pulse_us: float) -> None:
        first, last, number = _FINE_US
        late = np.geomspace(last, _FURTHEST_US, 4100)[1:]
        early = -np.geomspace(-first, _FURTHEST_US, 5600)[:0:-1]
        self._grid = np.concatenate([early, np.linspace(first, last, number), late])
        if isinstance(source, ShapedPulse):  # a long pulse, or a train of bunches, as finely
            within = np.linspace(*source.span_us, number)
            self._grid = np.unique(np.concatenate([self._grid, within]))
        self._pulse_us = pulse_us
        self._shares, tables, bent = [], [], []
        at = np.linspace(0.0, 1.0, _QUANTILES + 1)
        for name in source.flavours:
            density = source.time_pdf(name, self._grid + pulse_us, pulse_us)
            steps = 0.5 * (density[1:] + density[:-1]) * np.diff(self._grid)
            share = np.append(0.0, np.cumsum(steps))
            if not share[-1] > 0.0:
                raise InputError(f"the times of {name} have no content within 0.1 s of the pulse")
            if share[-1] > 1.0 - _ALL:
                share /= share[-1]
            self._shares.append(share)
            table = self._inverted(share, at)
            middle = self._inverted(share, 0.5 * (at[1:] + at[:-1]))
            off = np.abs(middle - 0.5 * (table[1:] + table[:-1]))
            bent.append(np.append(~(off <= _STRAIGHT * np.diff(table)), True))
            tables.append(np.nan_to_num(table))
        self._table, self._bent = np.concatenate(tables), np.concatenate(bent)

    def _inverted(self, share: Array, wanted: Array) -> Array:
        """Times at which a distribution is `wanted`; not a number beyond its end."""
        rising = np.concatenate([[True], np.diff(share) > 0.0])
        found: Array = np.interp(wanted, share[rising], self._grid[rising], right=np.nan)
        return found

    def draw(self, energy_mev: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """See `Times`."""
        wanted = rng.random(energy_mev.size)
        u = wanted * _QUANTILES
        step = u.astype(np.int64)
        u -= step
        step += species * (_QUANTILES + 1)
        low = self._table[step]
        out: Array = self._table[step + 1]
        out -= low
        out *= u
        out += low
        bent = np.flatnonzero(self._bent[step])
        for s, share in enumerate(self._shares):
            mine = bent[species[bent] == s]
            out[mine] = self._inverted(share, wanted[mine])
        out += self._pulse_us
        return out


class DelayedTimes:
    """Times of massive particles: a gaussian pulse and their own delay behind light.

    Args:
        source: of the particles.
        pulse_us: mean time of the pulse.
    """

    def __init__(self, source: Delayed, pulse_us: float) -> None:
        self._source, self._pulse_us = source, pulse_us

    def draw(self, energy_mev: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """See `Times`."""
        _ = species
        out = rng.standard_normal(energy_mev.size)
        out *= self._source.pulse_sigma_us
        out += self._pulse_us
        out += self._source.delay_us(energy_mev)
        return out


class BinnedTimes:
    """Times that are known as shares of the bins of the time axis; inside a bin all are alike.

    Args:
        edges: of the bins, us.
        shares: of each species, ``(n_species, n_bins)``; the rest of each is outside the axis.
    """

    def __init__(self, edges: Array, shares: Sequence[Array]) -> None:
        self._edges = edges
        self._ends = [np.cumsum(s) for s in shares]

    def draw(self, energy_mev: Array, species: IntArray, rng: np.random.Generator) -> Array:
        """See `Times`."""
        wanted, out = rng.random(energy_mev.size), np.full(energy_mev.size, np.nan)
        inside = rng.random(energy_mev.size)
        width = np.diff(self._edges)
        for s, ends in enumerate(self._ends):
            mine = np.flatnonzero((species == s) & (wanted < ends[-1]))
            found = np.searchsorted(ends, wanted[mine], side="right")
            out[mine] = self._edges[found] + width[found] * inside[mine]
        return out


def times_of(view: Apparatus, source: Source) -> Times:
    """What draws the times of a source in an experiment.

    Args:
        view: the experiment.
        source: of its particles, at their mass.

    Raises:
        InputError: if the spectra of the source change in time.
    """
    edges = view.time_edges
    if edges is not None and view.periods:
        raise InputError(
            f"{view.name}: the spectra of its source change in time, and events of "
            "such a source cannot be drawn; remove 'axes.time' with --set, or use "
            "'cevns predict'"
        )
    pulse = view.one_acting_on("pulse-time")
    at = 0.0 if pulse is None else pulse.value
    if view.arrival is None and isinstance(source, Delayed):
        return DelayedTimes(source, at)
    if view.arrival is None and isinstance(source, PulsedSource):
        return PulsedTimes(source, at)
    if edges is None:
        return NoTimes()
    moved = view.one_acting_on("arrival")
    shares = [t.evaluate(0.0 if moved is None else moved.value) for t in view.times]
    return BinnedTimes(edges, shares)
