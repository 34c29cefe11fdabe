"""What the page shows of a state: plain numbers, ready to be drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.analysis.channel_result import data_axes
from cevns.app.bench import Bench, Placed
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.experiments.questions import SIGNAL
from cevns.inference import Channel, Model
from cevns.report.projections import poisson_interval, steady_state
from cevns.typing import Array, IntArray

__all__ = ["View", "channels_of", "counts_of", "finite", "projected"]


@dataclass(frozen=True)
class View:
    """The answer to a state.

    Args:
        record: counts, components per axis, data, -2 ln L, significance, fit, sliders.
    """

    record: Mapping[str, Any]

    @property
    def text(self) -> str:
        """JSON; the same state has the same text, byte for byte."""
        return json.dumps(self.record, allow_nan=False, separators=(",", ":"))


def finite(value: float) -> float | None:
    """A number as JSON has it; None where it is none."""
    return value if math.isfinite(value) else None


def channels_of(
    bench: Bench, placed: Placed, fitted: Model | None = None, *, compared: bool
) -> list[dict[str, Any]]:
    """What each channel counts and expects, along each of its axes.

    Args:
        bench: of the experiment.
        placed: where the sliders stand.
        compared: whether the data are of this experiment, and shown.
        fitted: a fitted model, its parameters at the best fit.
    """
    best = None if fitted is None else fitted.expected(fitted.parameters.values)
    out = []
    for channel in bench.counting(placed.model):
        view = bench.view(channel)
        expected = {c.name: placed.components[channel.name, c.name] for c in channel.components}
        kept = None if placed.kept is None else placed.kept[channel.name]
        fit = None
        if fitted is not None and best is not None:
            fit = best[fitted.bins[channel.name]]
        out.append(
            {
                "name": channel.name,
                "title": channel.name.removeprefix(bench.experiment.name)[1:],
                "counts": channel.statistic.counts,
                "components": [
                    {"name": c.name, "title": c.title or c.name, "kind": _kind(bench, c.name)}
                    for c in channel.components
                ],
                "axes": _axes(view, channel, expected, fit, kept, compared),
            }
        )
    return out


def _kind(bench: Bench, name: str) -> str:
    """What a component is drawn as: signal, steady-state background, or another."""
    if name == SIGNAL or name in bench.experiment.declaration.components:
        return "signal" if name == SIGNAL else "further"
    return "steady" if name in steady_state(bench.experiment) else "background"


def _is_signal(bench: Bench, name: str) -> bool:
    return _kind(bench, name) in ("signal", "further")


def _axes(
    view: Apparatus,
    channel: Channel,
    expected: Mapping[str, Array],
    fit: Array | None,
    kept: IntArray | None,
    compared: bool,
) -> list[dict[str, Any]]:
    """The projections of a channel on each of its axes.

    That on the energy shows all bins, those on other axes what is above the threshold.
    """
    axes = data_axes(view, channel) or {"cell": np.array([0.5, 1.5])}
    declared = view.declaration.axes.energy
    titles = {"energy": "energy", "time": "time", "pulse-shape": "pulse shape", "cell": "cell"}
    if "energy" in axes and declared is not None and not declared.unit:
        axes = {("cell" if n == "energy" else n): _numbered(e, n) for n, e in axes.items()}
        titles["cell"] = "template cell"
    cells = tuple(len(e) - 1 for e in axes.values())
    statistic = channel.statistic
    inside = np.ones(channel.n_bins) if kept is None else np.zeros(channel.n_bins)
    if kept is not None:
        inside[kept] = 1.0
    shown = compared and not statistic.events_are_points
    units = {"energy": "" if declared is None else declared.unit, "time": "µs"}
    out = []
    for number, (name, edges) in enumerate(axes.items()):
        here = np.ones(channel.n_bins) if name == "energy" else inside
        drawn = {n: projected(here * c, cells, number) for n, c in expected.items()}
        record: dict[str, Any] = {
            "name": name,
            "title": titles[name],
            "unit": units.get(name, ""),
            "edges": edges.tolist() if np.isfinite(edges).all() else [0.0, 1.0],
            "expected": {n: c.tolist() for n, c in drawn.items()},
            "data": None,
            "fit": None if fit is None else projected(here * fit, cells, number).tolist(),
        }
        if shown:
            record["data"] = _points(channel, here * channel.observed, cells, number)
        out.append(record)
    return out


def _numbered(edges: Array, axis: str) -> Array:
    """Edges around the numbers 1, 2, ... of cells in place of an energy without a unit."""
    return 0.5 + np.arange(float(len(edges))) if axis == "energy" else edges


def projected(values: Array, cells: Sequence[int], along: int) -> Array:
    """Values of cells, summed over all axes but one; beyond the cells there is nothing."""
    table = values[: math.prod(cells)].reshape(cells)
    summed: Array = table.sum(axis=tuple(k for k in range(len(cells)) if k != along))
    return summed


def _points(
    channel: Channel, data: Array, cells: Sequence[int], along: int
) -> dict[str, list[float]]:
    """Data with the ends of their errors: of counts the central Poisson interval."""
    if channel.statistic.counts and not channel.statistic.extra:
        values = projected(data, cells, along)
        low, high = poisson_interval(np.maximum(values, 0.0))
    else:
        values, down, up = channel.statistic.points(data)
        values, down, up = (v[: math.prod(cells)] for v in (values, down, up))
        values = projected(values, cells, along)
        spread = [np.sqrt(projected(e**2, cells, along)) for e in (down, up)]
        low, high = values - spread[0], values + spread[1]
    return {"values": values.tolist(), "low": low.tolist(), "high": high.tolist()}


def counts_of(bench: Bench, placed: Placed, *, compared: bool) -> dict[str, Any]:
    """Numbers of events above the threshold, by component, over all channels.

    Args:
        bench: of the experiment.
        placed: where the sliders stand.
        compared: whether the data are of this experiment, and counted.
    """
    components: dict[str, dict[str, Any]] = {}
    channels: list[dict[str, Any]] = []
    observed = 0.0
    for channel in bench.counting(placed.model):
        weights = np.ones(channel.n_bins) if channel.events is None else channel.events
        if placed.kept is not None:
            inside = np.zeros(channel.n_bins)
            inside[placed.kept[channel.name]] = 1.0
            weights = weights * inside
        here = float(weights @ channel.observed)
        observed += here
        own = {
            c.name: float(weights @ placed.components[channel.name, c.name])
            for c in channel.components
        }
        channels.append(
            {
                "name": channel.name.removeprefix(bench.experiment.name)[1:],
                "signal": sum(v for n, v in own.items() if _is_signal(bench, n)),
                "expected": sum(own.values()),
                "observed": here if compared else None,
            }
        )
        for c in channel.components:
            entry = components.setdefault(
                c.name,
                {"name": c.name, "title": c.title or c.name, "kind": _kind(bench, c.name)}
                | {"expected": 0.0},
            )
            entry["expected"] += own[c.name]
    return {
        "components": list(components.values()),
        "channels": channels,
        "expected": sum(c["expected"] for c in components.values()),
        "observed": observed if compared else None,
        "unit": bench.experiment.unit,
    }
