"""The counts in energy and time beside what the fit expects, on one colour scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cevns.exceptions import InputError
from cevns.report.drawing import style
from cevns.report.projections import one_result
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.channel_result import ChannelResult
    from cevns.analysis.measurement import Measurement

__all__ = ["data_figure"]


@style.styled
def data_figure(measurement: Measurement | ChannelResult) -> Figure:
    """Density of events in energy and time: data on the left, the fitted sum on the right.

    The time axis is drawn as the square root of time from its beginning, which opens the first
    microsecond.

    Raises:
        InputError: if the experiment has no time axis.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    experiment = one_result(measurement).seen_with
    energy, time = experiment.energy_edges, experiment.time_edges
    if time is None:
        raise InputError(f"{experiment.name} has no time axis; its data are the energy projection")
    label, unit, unit_us = style.time_label(experiment)
    time = time / unit_us
    area = np.outer(np.diff(energy), np.diff(time))
    counts = np.sum(list(measurement.expected().values()), axis=0)
    between = tuple(range(1, counts.ndim - 1))  # a pulse-shape axis is summed over
    observed = measurement.observed.sum(axis=between) / area
    expected = counts.sum(axis=between) / area
    figure, grid = style.panels(style.DOUBLE_IN, 3.0, 1, 2, sharex=True, sharey=True)
    panels = list(grid[0])
    largest = float(max(observed.max(), expected.max()))
    names = ("Asimov data" if measurement.asimov else "Data", "Fit")
    for axes, density, name in zip(panels, (observed, expected), names, strict=True):
        mesh = axes.pcolormesh(energy, time, density.T, vmin=0.0, vmax=largest, cmap="viridis")
        axes.set_yscale("function", functions=_root_of_time(float(time[0])))
        ticks = _ticks(time)
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.tick_params(direction="out", top=False, right=False)
        axes.set_xlabel(style.energy_label(experiment))
        axes.annotate(
            f"{name}: {(density * area).sum():.0f} events",
            xy=(1.0, 1.0),
            xycoords="axes fraction",
            xytext=(-6.0, -6.0),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8.0,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": "none"},
        )
    panels[0].set_ylabel(label)
    bar = figure.colorbar(mesh, ax=panels, pad=0.015, fraction=0.05)
    style.settle(bar.ax)
    bar.ax.tick_params(direction="out", which="both", left=False)
    bar.set_label(f"Events / ({style.energy_unit(experiment)} {unit})")
    note = style.credit(experiment, asimov=measurement.asimov)
    style.caption(panels[0], one_result(measurement).title, note)
    return figure


def _root_of_time(start: float) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """The scale of the time axis and its inverse."""
    return (lambda t: np.sqrt(np.maximum(t - start, 0.0)), lambda u: start + np.square(u))


def _ticks(edges: Array) -> list[float]:
    """Bin edges far enough apart for their labels on the square-root axis."""
    root = np.sqrt(edges - edges[0])
    out = [0]
    for i in range(1, len(edges)):
        if root[i] - root[out[-1]] > 0.055 * root[-1]:
            out.append(i)
    return [float(edges[i]) for i in out]
