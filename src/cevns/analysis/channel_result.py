"""One channel of a fit: its data, the fitted counts of its components, its bins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.inference import Channel, FitResult, Model
from cevns.records import BinAxis, Binned, Result
from cevns.typing import Array

__all__ = ["ChannelResult", "ComponentCount"]


@dataclass(frozen=True)
class ComponentCount(Result):
    """Events of one component in the analysis region.

    Args:
        name: of the component.
        title: a line for tables.
        prediction: before the fit; of a background its prior.
        prediction_error: prior uncertainty; infinite where only the data know it.
        fit: fitted count.
        error: HESSE error of the fitted count, propagated from all parameters.
    """

    name: str
    title: str
    prediction: float
    prediction_error: float
    fit: float
    error: float

    @property
    def predicted(self) -> str:
        """The prediction with its uncertainty, as tables have it."""
        free = math.isinf(self.prediction_error)
        return f"{self.prediction:.1f} " + ("(free)" if free else f"± {self.prediction_error:.1f}")

    def to_dict(self) -> dict[str, Any]:
        """The title, and numbers by name."""
        return {k: v for k, v in vars(self).items() if k != "name"}


def data_axes(view: Apparatus, channel: Channel) -> dict[str, Array]:
    """Edges along which the data of a channel lie, by axis, in the order of the data.

    ``energy``, ``pulse-shape`` and ``time`` as declared, ``cell`` for data that are no bins of
    these, and none for a list of events.

    Args:
        view: target, detector and axes of the channel.
        channel: of a model.
    """
    statistic = channel.statistic
    if statistic.events_are_points:
        return {}
    edges = (view.energy_edges, view.pulse_shape_edges, view.time_edges)
    named = zip(("energy", "pulse-shape", "time"), edges, strict=True)
    axes = {name: e for name, e in named if e is not None}
    own = view.declaration.axes
    if own.cells is None and own.energy is not None and (statistic.counts or len(axes) == 1):
        return axes
    return {"cell": 0.5 + np.arange(channel.n_bins - statistic.extra + 1.0)}


@dataclass(frozen=True, eq=False)
class ChannelResult(Binned):
    """One channel in a fit.

    Args:
        experiment: to which it belongs.
        model: of the fit.
        fit: the record of the minimiser.
        channel: which.
        components: events in its analysis region; the signal comes first.
        deviance: its part of -2 ln L.
        asimov: whether the data were Asimov data.
    """

    main_table: ClassVar[str] = "components"

    experiment: Experiment
    model: Model = field(repr=False)
    fit: FitResult = field(repr=False)
    channel: Channel = field(repr=False)
    components: Mapping[str, ComponentCount]
    deviance: float
    asimov: bool = False

    @property
    def seen_with(self) -> Apparatus:
        """Target, detector and axes of the channel."""
        return self.experiment.views[self._own_name]

    @property
    def title(self) -> str:
        """A line for figures: that of the experiment, and of several channels which."""
        several = len(self.experiment.declaration.entries) > 1
        return f"{self.experiment.title}, {self._own_name}" if several else self.experiment.title

    @property
    def _own_name(self) -> str:
        """Of the channel in its file."""
        return self.channel.name.removeprefix(self.experiment.name)[1:]

    @property
    def bins(self) -> slice:
        """Where its counts stand among those of the fit."""
        return self.model.bins[self.channel.name]

    @property
    def observed(self) -> Array:
        """Fitted counts, ``(energy, time)`` or ``(energy, pulse shape, time)``."""
        return self.fit.data.counts[self.bins].reshape(self.channel.cells)

    @property
    def events(self) -> float:
        """Number of events in the data."""
        return float(self.channel.counted(self.observed.ravel()))

    @property
    def axes(self) -> dict[str, Array]:
        """Edges along which its data lie, by axis, in the order of the data: `data_axes`."""
        return data_axes(self.seen_with, self.channel)

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, Array]]:
        """Axes as declared; the counts of ``observed`` and of each fitted component."""
        if not self.axes or "cell" in self.axes or not self.channel.statistic.counts:
            raise InputError(f"{self.title}: the fitted data are not a table of counts along axes")
        energy = self.seen_with.declaration.axes.energy
        units = {"energy": "" if energy is None else energy.unit, "time": "us"}
        axes = tuple(
            BinAxis(n.replace("-", "_"), units.get(n, ""), e, title=n) for n, e in self.axes.items()
        )
        shape = tuple(len(e) - 1 for e in self.axes.values())
        every = {"observed": self.observed, **self.expected()}
        return axes, {name: counts.reshape(shape) for name, counts in every.items()}

    def expected(self) -> dict[str, Array]:
        """Fitted counts per component, each shaped like `observed`."""
        prefix = f"{self.channel.name}." if len(self.model.channels) > 1 else ""
        return {
            c.name: self.fit.components[prefix + c.name][self.bins].reshape(self.channel.cells)
            for c in self.channel.components
        }

    def counted(self) -> dict[str, float]:
        """Fitted events per component."""
        return {n: float(self.channel.counted(c.ravel())) for n, c in self.expected().items()}

    def to_dict(self) -> dict[str, Any]:
        """The block ``channels.NAME`` of the JSON."""
        return {
            "cells": list(self.channel.cells),
            "observed": round(self.events, 9),
            "expected": self.counted(),
            "components": {k.name: k.to_dict() for k in self.components.values()},
            "deviance": self.deviance,
        }
