"""Expected counts against time, where an axis in time is one of seconds or days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.analysis.question import place
from cevns.experiments.experiment import Experiment
from cevns.records import BinAxis, Binned
from cevns.typing import Array
from cevns.units import quantity

__all__ = ["TimeCounts", "time_counts"]

_UNITS = ("d", "s")
_PULSE_US = 1e5
"""Windows of pulsed beams are shorter: what arrives in them is no season and no burst."""


@dataclass(frozen=True, eq=False)
class TimeCounts(Binned):
    """Counts in the bins of a time axis, over all energies of the analysis region.

    Args:
        unit: of the times, ``d`` or ``s``.
        edges: of the bins, in the unit, ``(n + 1,)``.
        expected: counts by component, ``(n,)`` each.
    """

    unit: str
    edges: Array = field(repr=False)
    expected: Mapping[str, Array]

    @property
    def per_unit(self) -> dict[str, Array]:
        """Counts by component, per day or second."""
        return {name: counts / np.diff(self.edges) for name, counts in self.expected.items()}

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, Array]]:
        """The times; the counts of each component."""
        return (BinAxis("time", self.unit, self.edges),), dict(self.expected)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "unit": self.unit,
            "edges": self.edges.tolist(),
            "expected": {name: counts.tolist() for name, counts in self.expected.items()},
        }


def time_counts(
    experiment: Experiment, *, at: Mapping[str, float] | None = None
) -> dict[str, TimeCounts]:
    """Expected counts against time by channel, before any fit.

    Args:
        experiment: from `cevns.experiments.load`.
        at: values of parameters of the interaction.

    Returns:
        The channels with an axis in time of a tenth of a second or longer whose data are the bins
        of the axes. A pulsed beam has none.

    Raises:
        UnknownNameError: if a parameter is unknown.

    Examples:
        >>> from cevns.experiments import load
        >>> time_counts(load("coherent-csi-2021"))
        {}
    """
    placed, held = place(experiment, at or {})
    views = placed.views
    axes = {name: view.time_edges for name, view in views.items()}
    if not any(edges is not None and np.ptp(edges) >= _PULSE_US for edges in axes.values()):
        return {}
    model = placed.model(tuple(held) or "count")
    theta = model.parameters.at(held).values
    several, every, out = len(model.channels) > 1, model.components(theta), {}
    for name, view in views.items():
        edges = view.time_edges
        called = f"{placed.name}.{name}" if name else placed.name
        channel = next(c for c in model.channels if c.name == called)
        binned = len(channel.shape) > 1 and channel.events is None
        if edges is None or np.ptp(edges) < _PULSE_US or not binned:
            continue
        unit = next((u for u in _UNITS if np.ptp(edges) >= 2.0 * quantity(f"1 {u}", "us")), "s")
        counts = {}
        for component in channel.components:
            own = f"{called}.{component.name}" if several else component.name
            cells = every[own][model.bins[called]].reshape(channel.shape)
            counts[component.name] = cells.sum(axis=tuple(range(cells.ndim - 1)))
        out[called] = TimeCounts(unit, edges / quantity(f"1 {unit}", "us"), counts)
    return out
