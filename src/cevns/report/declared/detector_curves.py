"""Quenching, resolution and efficiency of a declared detector, as curves."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.resolution.none import Perfect
from cevns.exceptions import CevnsWarning
from cevns.report.drawing import style
from cevns.report.recoil_figures import recoil_energies
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = ["detector_figures"]

_CENTRAL = (0.0228, 0.1587, 0.5, 0.8413, 0.9772)
"""Probabilities at -2, -1, 0, 1 and 2 standard deviations of a Gaussian."""


def detector_figures(experiment: Apparatus, title: str = "") -> dict[str, Figure]:
    """The curves of a detector that are declared, by the name of their file.

    Args:
        experiment: from `cevns.experiments.load`, or one of its `views`.
        title: of the figures; by default that of the experiment.

    Returns:
        ``quenching`` (where there is one), ``resolution`` and ``efficiency`` (likewise).

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    declared, heading = experiment.declaration.detector, title or experiment.title
    figures = {}
    if declared.quenching is not None:
        figures["quenching"] = _quenching(experiment, heading)
    if not isinstance(experiment.resolution, Perfect):
        figures["resolution"] = _resolution(experiment, heading)
    if _efficiencies(experiment):
        figures["efficiency"] = _efficiency(experiment, heading)
    return figures


@style.styled
def _quenching(experiment: Apparatus, title: str) -> Figure:
    """E_ee and E_ee/T against the recoil energy, with one standard deviation of each variation."""
    recoil = recoil_energies(experiment)
    recoil = recoil[recoil > 0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)  # said where rates are computed
        curve = experiment.quenching.on(recoil)
    nominal = curve.electron_energy_kevee()
    spread = np.sqrt(np.sum(curve.odd**2, axis=0)) if curve.odd.size else np.zeros_like(nominal)
    figure, grid = style.panels(style.DOUBLE_IN, 2.9, 1, 2)
    for axes, scale in zip(grid[0], (np.ones_like(recoil), recoil), strict=True):
        if curve.odd.size:
            low, high = np.maximum(nominal - spread, 0.0) / scale, (nominal + spread) / scale
            axes.fill_between(recoil, low, high, color=style.STEADY_FILL, linewidth=0.0)
        axes.plot(recoil, nominal / scale, color=style.ACCENT)
        axes.set_xlim(0.0, recoil[-1])
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("Recoil energy [keVnr]")
    grid[0][0].set_ylabel("Electron-equivalent energy [keVee]")
    grid[0][1].set_ylabel("Quenching factor")
    style.caption(grid[0][0], title, style.credit(experiment, kind="curve"))
    return figure


@style.styled
def _resolution(experiment: Apparatus, title: str) -> Figure:
    """Median and the central 68 and 95 % of the reconstructed value against the energy."""
    top = _largest_kevee(experiment)
    energy = np.linspace(top / 400.0, top, 120)
    resolution = experiment.resolution
    spread = float(np.max(resolution.mean(energy)))
    value = np.linspace(0.0, 2.0 * spread, 4001)
    below = np.stack([resolution.cdf(value, e) for e in energy])
    quantiles = np.array([[value[np.searchsorted(b, q)] if b[-1] > q else np.nan for q in _CENTRAL]
                          for b in below])  # fmt: skip
    figure, grid = style.panels(style.SINGLE_IN, 2.9)
    axes = grid[0][0]
    axes.fill_between(energy, quantiles[:, 0], quantiles[:, 4], color="#e3e9f6", label="95 %")
    axes.fill_between(energy, quantiles[:, 1], quantiles[:, 3], color="#a9c7ea", label="68 %")
    axes.plot(energy, quantiles[:, 2], color=style.ACCENT, label="Median")
    axes.set_xlim(0.0, top)
    axes.set_ylim(0.0, 1.05 * float(np.nanmax(quantiles)))
    axes.set_xlabel("Electron-equivalent energy [keVee]")
    axes.set_ylabel(style.energy_label(experiment))
    axes.legend(loc="upper left")
    style.caption(axes, title, style.credit(experiment, kind="curve"))
    return figure


def _largest_kevee(experiment: Apparatus) -> float:
    """Electron-equivalent energy of the largest recoils, and no more than twice the axis."""
    recoil = recoil_energies(experiment)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)
        top = float(np.max(experiment.quenching.on(recoil).electron_energy_kevee()))
    end = float(experiment.energy_edges[-1])
    energy = np.linspace(0.0, top, 400)[1:]
    beyond = experiment.resolution.mean(energy) > 1.2 * end
    return float(energy[int(np.argmax(beyond))]) if beyond.any() else top


def _efficiencies(experiment: Apparatus) -> dict[str, tuple[Efficiency, str, Array]]:
    """Efficiencies that are not one, with the label of their axis and where to draw them."""
    found: dict[str, tuple[Efficiency, str, Array]] = {}
    edges, times = experiment.energy_edges, experiment.time_edges
    if not isinstance(experiment.recoil_efficiency, Unity):
        recoil = recoil_energies(experiment)
        found["recoil"] = experiment.recoil_efficiency, "Recoil energy [keVnr]", recoil
    if not isinstance(experiment.energy_efficiency, Unity):
        values = np.linspace(0.0, edges[-1], 1200)
        found["energy"] = experiment.energy_efficiency, style.energy_label(experiment), values
    if times is not None and not isinstance(experiment.time_efficiency, Unity):
        values = np.linspace(times[0], times[-1], 1200)
        label = style.with_unit("Arrival time", "us")
        found["time"] = experiment.time_efficiency, label, values
    return found


@style.styled
def _efficiency(experiment: Apparatus, title: str) -> Figure:
    """Each efficiency with its variations."""
    curves = _efficiencies(experiment)
    width = style.SINGLE_IN if len(curves) == 1 else style.DOUBLE_IN
    figure, grid = style.panels(width, 2.9, 1, len(curves))
    for axes, (curve, label, x) in zip(grid[0], curves.values(), strict=True):
        _draw(axes, curve, x)
        axes.set_xlabel(label)
        axes.set_ylabel("Efficiency")
    style.caption(grid[0][0], title, style.credit(experiment, kind="curve"))
    return figure


def _draw(axes: Axes, curve: Efficiency, x: Array) -> None:
    """A curve, and its variations as a band."""
    for plus, minus in curve.varied.values():
        ends = plus(x), minus(x)
        low, high = np.minimum(*ends), np.maximum(*ends)
        axes.fill_between(x, low, high, color=style.STEADY_FILL, linewidth=0.0)
    axes.plot(x, curve(x), color=style.ACCENT)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(0.0, 1.05)
