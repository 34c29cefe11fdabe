"""What fits and expectations draw of themselves: projections, pulls, curves, recoils, fluxes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cevns.report.drawing import style
from cevns.report.flux_figures import flux_figure
from cevns.report.profile_figures import profile_figure
from cevns.report.projections import projection_figure
from cevns.report.pulls import pull_figure
from cevns.report.record_figures.table_figure import table_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from cevns.analysis.channel_result import ChannelResult
    from cevns.analysis.expected.fluxes import Flux
    from cevns.analysis.expected.recoil_rate import Rate
    from cevns.analysis.measurement import ExperimentResult, Measurement
    from cevns.analysis.profiling import Profile
    from cevns.inference import FitResult

__all__ = [
    "experiment_figure",
    "flux_of",
    "measurement_figure",
    "profile_of",
    "pulls_or_values",
    "rate_of",
]

_HEIGHT_IN = 3.9
"""Of the projections of one channel."""


def measurement_figure(found: Measurement) -> Figure:
    """The data of each channel with the fitted components; of lists of events the pulls.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return _channels(list(found.channels.values())) or pulls_or_values(found.fit)


def experiment_figure(found: ExperimentResult) -> Figure:
    """The same of one experiment in a fit.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    channels = list(found.channels.values())
    return _channels(channels) or pulls_or_values(channels[0].fit)


@style.styled
def _one_below_the_other(channels: Sequence[ChannelResult]) -> Figure:
    figure = style.canvas(style.DOUBLE_IN, _HEIGHT_IN * len(channels))
    for axes, channel in zip(figure.subplots(len(channels)), channels, strict=True):
        style.in_place_of(axes, partial(projection_figure, channel))
    return figure


def _channels(channels: Sequence[ChannelResult]) -> Figure | None:
    """Projections of the channels whose data lie in cells; None where none do."""
    binned = [c for c in channels if c.axes]
    if not binned:
        return None
    return projection_figure(binned[0]) if len(binned) == 1 else _one_below_the_other(binned)


def pulls_or_values(fit: FitResult) -> Figure:
    """Pulls of constrained parameters; without any the values of all.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    pulled = any(not p.fixed and p.pull is not None for p in fit)
    return pull_figure(fit, title=fit.model) if pulled else table_figure(fit)


def profile_of(found: Profile) -> Figure:
    """The curve with its levels.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    note = style.credit(found.experiment, asimov=found.asimov)
    return profile_figure(found.curve, title=found.experiment.title, note=note)


def flux_of(found: Flux) -> Figure:
    """The spectra at the detector.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return flux_figure(found.experiment)


@style.styled
def rate_of(found: Rate) -> Figure:
    """The recoil spectrum by flavour, before any efficiency.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    if not found.recoil_energy_kev.size:
        return table_figure(found)
    figure, grid = style.panels(style.SINGLE_IN, 2.9)
    axes = grid[0, 0]
    for name, rate in found.rate_per_kev.items():
        total = name == "total"
        line = {"color": style.INK, "linewidth": 1.5} if total else style.flavour_line(name)
        label = "All flavours" if total else style.flavour_text(name)
        axes.plot(found.recoil_energy_kev, rate, label=label, **line)
    axes.set_yscale("log")
    if found.logarithmic:
        axes.set_xscale("log")
    top = 2.0 * max(float(rate.max()) for rate in found.rate_per_kev.values())
    axes.set_ylim(1e-5 * top, top)
    axes.set_xlabel("Recoil energy [keVnr]")
    axes.set_ylabel("Recoils / keVnr")
    axes.legend()
    note = style.credit(found.experiment, kind="prediction")
    style.caption(axes, found.experiment.title, f"before efficiency; {note}")
    return figure
