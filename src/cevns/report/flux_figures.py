"""What the source sends to the detector, in energy and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.report.drawing import style
from cevns.report.recoil_figures import pulse_time_us
from cevns.sources import PulsedSource
from cevns.sources.beams.pion_at_rest import PionAtRest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.experiments.experiment import Experiment
    from cevns.sources import Source

__all__ = ["flux_figure"]


@style.styled
def flux_figure(experiment: Experiment) -> Figure:
    """Fluence of the exposure per flavour, in energy and, of a pulsed source, in time.

    Args:
        experiment: from `cevns.experiments.load`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    source = experiment.source
    edges = experiment.time_edges
    pulsed = source if isinstance(source, PulsedSource) and edges is not None else None
    width = style.SINGLE_IN if pulsed is None else style.DOUBLE_IN
    figure, grid = style.panels(width, 2.9, 1, 1 if pulsed is None else 2)
    panels = grid[0]
    _energy(panels[0], source)
    if pulsed is not None and edges is not None:
        _time(panels[1], pulsed, pulse_time_us(experiment), float(edges[-1]))
    note = style.credit(experiment, kind="prediction")
    style.caption(panels[0], experiment.title, note)
    return figure


def _energy(axes: Axes, source: Source) -> None:
    end = max(source.end_point_mev(f) for f in source.flavours)
    # both sides of every step: end points, and the narrow peaks of a histogram
    steps = np.array(source.recoil_kinks)
    sides = np.concatenate([np.nextafter(steps, 0.0), steps, np.nextafter(steps, np.inf)])
    energy = np.union1d(np.linspace(0.0, end, 1200), sides)
    densities = {f: source.fluence_cm2(f) * source.spectrum(f, energy) for f in source.flavours}
    largest = max(float(d.max()) for d in densities.values())
    lines = [(f, at, weight) for f in source.flavours for at, weight in source.lines(f)]
    exponent = _exponent(largest) if lines else 0
    scale = 10.0**exponent
    for flavour, density in densities.items():
        if density.max() > 0:
            name, line = style.flavour_text(flavour), style.flavour_line(flavour)
            axes.plot(energy, density / scale, label=name, **line)
    axes.set_xlim(0.0, 1.04 * end)
    axes.set_xlabel("Neutrino energy [MeV]")
    if lines:
        top = 1.25 * largest / scale
        axes.set_ylim(0.0, top)
        axes.set_ylabel(rf"Fluence [$10^{{{exponent}}}$ cm$^{{-2}}$ MeV$^{{-1}}$]")
        for flavour, at, weight in lines:
            _line(axes, source, flavour, at, weight, top)
        axes.legend(loc="center left")
    else:  # a line lies in one narrow bin, far above the rest
        axes.set_yscale("log")
        axes.set_ylim(1e-6 * largest, 5.0 * largest)
        seen = energy[np.max(list(densities.values()), axis=0) > 1e-6 * largest]
        axes.set_xlim(0.0, 1.04 * float(seen[-1]))
        axes.set_ylabel(r"Fluence [cm$^{-2}$ MeV$^{-1}$]")
        axes.legend(loc="upper right", ncols=2)


def _line(
    axes: Axes, source: Source, flavour: str, at_mev: float, weight: float, top: float
) -> None:
    """A monochromatic part: an arrow, for its density has no height, and its fluence."""
    color = style.flavour_line(flavour)["color"]
    arrow = {
        "arrowstyle": "-|>,head_width=0.18,head_length=0.45",
        "color": color,
        "linewidth": 1.5,
        "shrinkA": 0.0,
        "shrinkB": 0.0,
    }
    axes.annotate("", xy=(at_mev, 0.97 * top), xytext=(at_mev, 0.0), arrowprops=arrow)
    fluence = weight * source.fluence_cm2(flavour)
    power = _exponent(fluence)
    axes.annotate(
        f"{style.flavour_text(flavour)} line, {at_mev:.1f} MeV:\n"
        rf"{fluence / 10.0**power:.2f} $\times\, 10^{{{power}}}$ cm$^{{-2}}$",
        xy=(at_mev, 0.9 * top),
        xytext=(-6.0, 0.0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=color,
        fontsize=8.0,
    )


def _time(axes: Axes, source: PulsedSource, t0_us: float, last_us: float) -> None:
    time = np.linspace(0.0, last_us, 1500)
    rates = {f: source.fluence_cm2(f) * source.time_pdf(f, time, t0_us) for f in source.flavours}
    largest = max(float(r.max()) for r in rates.values())
    exponent = _exponent(largest)
    scale = 10.0**exponent
    if isinstance(source, PionAtRest):  # simulated times may hold their pulse already
        shape = source.after(()).pdf(time, t0_us)
        axes.fill_between(
            time,
            0.5 * largest / scale * shape / shape.max(),
            color=style.STEADY_FILL,
            linewidth=0.0,
            label="Proton pulse (shape)",
        )
    for flavour, rate in rates.items():
        axes.plot(
            time, rate / scale, label=style.flavour_text(flavour), **style.flavour_line(flavour)
        )
    axes.set_xlim(0.0, last_us)
    axes.set_ylim(0.0, 1.15 * largest / scale)
    axes.set_xlabel(style.with_unit("Arrival time", "us"))
    axes.set_ylabel(rf"Fluence [$10^{{{exponent}}}$ cm$^{{-2}}$ µs$^{{-1}}$]")
    axes.legend(loc="upper right")


def _exponent(value: float) -> int:
    return int(np.floor(np.log10(value)))
