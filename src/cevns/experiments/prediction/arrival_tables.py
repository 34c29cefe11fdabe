"""Arrival-time bins, from the pulse of a source or from an arrival that a file declares."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import partial

import numpy as np

from cevns.detectors import TimeTable
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.exceptions import InputError
from cevns.parameters import Parameter
from cevns.sources import PulsedSource, Source
from cevns.sources.arrivals import Arrival
from cevns.sources.beams.source import BurstSource, ShapedPulse
from cevns.typing import Array
from cevns.units import quantity

__all__ = ["declared_arrival", "parts_in_time", "pulsed"]


def pulsed(
    source: Source, edges: Array, efficiency: Efficiency, pulse: Parameter | None
) -> tuple[TimeTable, ...]:
    """Arrival-time bins of every flavour over the reach of the pulse-time parameter.

    Raises:
        InputError: if the source has no time structure, no parameter says when the pulse comes, or
            a pulse with sharp ends stands beside an efficiency in time.
    """
    if not isinstance(source, PulsedSource):
        raise InputError(
            "this source has no time structure; remove the time axis, or declare the arrival "
            "times in its section, for example 'arrival: {kind: steady}'"
        )
    if pulse is None:
        raise InputError(
            "the time axis needs the pulse's mean time: declare a parameter, for example "
            "'t0: {constraint: 474 +/- 25 ns, acts_on: pulse-time}' (or 'value: 474 ns')"
        )
    covered = pulse.lower, pulse.upper
    if isinstance(source, ShapedPulse) and source.sharp_ends:
        if not isinstance(efficiency, Unity):
            raise InputError(
                "an efficiency in time needs a pulse without sharp ends: use a Gaussian pulse in "
                "the source, or remove the efficiency"
            )
        return tuple(_with_sharp_ends(source, f, edges, covered) for f in source.flavours)
    densities = [partial(source.time_pdf, f) for f in source.flavours]
    return tuple(TimeTable.build(pdf, edges, covered, efficiency) for pdf in densities)


def _with_sharp_ends(
    source: ShapedPulse, flavour: str, edges: Array, covered: tuple[float, float]
) -> TimeTable:
    """Bins of a pulse with sharp ends, which no quadrature of its density resolves."""

    def shares(t0_us: Array) -> Array:
        return np.diff(source.time_cdf(flavour, edges, t0_us[:, None]), axis=-1)

    # its slope has a kink where an end crosses an edge: a spline comes to 1e-6 of a bin there
    return TimeTable.along(edges, shares, covered, tolerance=1e-6)


def parts_in_time(
    source: Source, edges: Array | None, efficiency: Efficiency, moved: Parameter | None
) -> tuple[Source, ...]:
    """What a source that changes sends in each time bin; empty where there are no such parts.

    Args:
        source: of the neutrinos.
        edges: of the time axis, us.
        efficiency: in time.
        moved: a parameter of the file that would move a pulse.

    Raises:
        InputError: if there is an efficiency in time, a parameter of a pulse, or a bin of times
            that the source knows nothing of.
    """
    if edges is None or not isinstance(source, BurstSource) or source.burst_s is None:
        return ()
    if moved is not None or not isinstance(efficiency, Unity):
        raise InputError(
            "the times of this source are those of its model: remove the efficiency in time and "
            "parameters that act on the pulse time"
        )
    seconds = edges * quantity("1 us", "s")
    return tuple(source.during(float(a), float(b)) for a, b in itertools.pairwise(seconds))


def declared_arrival(
    arrival: Arrival, edges: Array | None, efficiency: Efficiency, moved: Parameter | None
) -> TimeTable:
    """Bins of a declared arrival, of every species alike; its parameters at their nominal values.

    Without a time axis everything that arrives in the exposure is in one bin.

    Args:
        arrival: when particles arrive.
        edges: of the time axis, us.
        efficiency: in time.
        moved: a parameter of the file that moves the arrival's of the same name.

    Raises:
        InputError: if there is an efficiency in time, which is one after a beam signal, or the
            arrival has no such parameter.
    """
    if not isinstance(efficiency, Unity):
        raise InputError("an efficiency in time needs a beam pulse: remove it or 'arrival'")
    own = None if edges is None else edges * quantity("1 us", arrival.unit)
    bins = np.array([0.0, 1.0]) if edges is None else edges

    def shares(values: Mapping[str, Array]) -> Array:
        if own is None:
            share = arrival.live_share(values)[0]
            points = np.broadcast_shapes(share.shape, *(np.shape(v) for v in values.values()))
            return np.broadcast_to(share, points)[..., None]
        return arrival.shares(own, values)[0]

    if moved is None:
        return TimeTable.constant(bins, shares({}))
    name = moved.name
    if name not in arrival.parameters.names:
        known = ", ".join(arrival.parameters.names) or "none"
        raise InputError(f"the arrival has no parameter {name!r}; it has {known}")
    return TimeTable.along(bins, lambda v: shares({name: v}), (moved.lower, moved.upper))
