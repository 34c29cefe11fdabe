"""Recoil spectrum by flavour and what the detector sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import rates
from cevns.experiments.declaration import assembly
from cevns.report.drawing import style
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = ["RecoilSpectrum", "pulse_time_us", "recoil_energies", "recoil_figure", "recoil_spectrum"]


@dataclass(frozen=True, eq=False)
class RecoilSpectrum:
    """Predicted recoils of an experiment's exposure.

    Args:
        recoil_energy_kev: where it is evaluated, keVnr.
        by_flavour: counts/keVnr before efficiency.
        detected: counts/keVnr that end in the analysis region, all flavours.
    """

    recoil_energy_kev: Array
    by_flavour: Mapping[str, Array]
    detected: Array

    @property
    def total(self) -> Array:
        """Counts/keVnr before efficiency, all flavours."""
        total: Array = np.sum(list(self.by_flavour.values()), axis=0)
        return total


def recoil_energies(experiment: Apparatus, points: int = 800) -> Array:
    """Recoil energies, keVnr, that hold all but 1e-4 of the recoils."""
    cumulated = np.cumsum(experiment.fold.spectrum().sum(axis=0))
    last = int(np.searchsorted(cumulated, (1.0 - 1e-4) * cumulated[-1]))
    nodes = experiment.fold.nodes
    return np.linspace(nodes[0], nodes[min(last, nodes.size - 1)], points)


def recoil_spectrum(experiment: Apparatus, recoil_energy_kev: Array) -> RecoilSpectrum:
    """Recoil spectrum before the detector, and the part that ends in the analysis region.

    ``dN_det/dT = sum_f dN_f/dT sum_b R_b(E_ee(T)) sum_t tau_f[t]`` with all parameters at their
    nominal values.

    Args:
        experiment: from `cevns.experiments.load`.
        recoil_energy_kev: recoil energies, keV, ``(n,)``.
    """
    density = experiment.exposure * experiment.recoil_density(recoil_energy_kev)
    electron = experiment.quenching.on(recoil_energy_kev).electron_energy_kevee()
    seen = experiment.response.evaluate(electron).sum(axis=-1)
    seen = seen * experiment.recoil_efficiency(recoil_energy_kev)
    if experiment.periods:
        arriving = experiment.exposure * _in_periods(experiment, recoil_energy_kev)
    else:
        t0 = pulse_time_us(experiment)
        in_time = [float(table.evaluate(t0).sum()) for table in experiment.times]
        arriving = np.array(in_time) @ density
    return RecoilSpectrum(
        recoil_energy_kev,
        dict(zip(experiment.fold.flavours, density, strict=True)),
        seen * arriving,
    )


def _in_periods(experiment: Apparatus, recoil_energy_kev: Array) -> Array:
    """Counts/keVnr of what a burst sends within the time axis, before the detector."""
    parts = (
        rates.recoil_spectrum(
            part,
            experiment.material,
            experiment.declaration.target.mass,
            recoil_energy_kev,
            interaction=experiment.interaction,
            form_factor=experiment.form_factor,
        )
        for part in experiment.periods
    )
    total: Array = np.sum([flux for part in parts for flux in part.values()], axis=0)
    return total


def pulse_time_us(experiment: Apparatus) -> float:
    """Nominal mean time of the beam pulse, us; 0 where none is declared."""
    pulse = experiment.one_acting_on("pulse-time")
    return 0.0 if pulse is None else pulse.value


@style.styled
def recoil_figure(experiment: Apparatus, title: str = "") -> Figure:
    """Recoil spectrum by flavour (left) and the expected signal by flavour (right).

    Left: counts per keVnr of the exposure before efficiency, with what ends in the analysis
    region. Right: predicted counts per unit of reconstructed energy, stacked.

    Args:
        experiment: from `cevns.experiments.load`, or one of its `views`.
        title: of the figure; by default that of the experiment.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    spectrum = recoil_spectrum(experiment, recoil_energies(experiment))
    figure, grid = style.panels(style.DOUBLE_IN, 2.9, 1, 2)
    left, right = grid[0]
    x = spectrum.recoil_energy_kev
    left.plot(x, spectrum.total, color=style.INK, linewidth=1.5, label="All flavours")
    for flavour, counts in spectrum.by_flavour.items():
        left.plot(x, counts, label=style.flavour_text(flavour), **style.flavour_line(flavour))
    left.fill_between(x, spectrum.detected, color=style.STEADY_FILL, linewidth=0.0)
    left.plot(x, spectrum.detected, color=style.FAINT, linewidth=1.0, label="In analysis region")
    left.set_yscale("log")
    top = 2.0 * float(spectrum.total.max())
    left.set_ylim(max(1e-5 * top, 0.3 * float(spectrum.total[-1])), top)
    left.set_xlim(0.0, x[-1])
    left.set_xlabel("Recoil energy [keVnr]")
    left.set_ylabel("Counts / keVnr")
    left.legend(loc="upper right")

    nominal = assembly.declared_parameters(experiment.declaration).values()
    values = {p.name: np.asarray(p.value) for p in nominal}
    edges = experiment.energy_edges
    if not np.isfinite(edges).all():  # no axis: one bin of all events
        edges = np.array([0.0, 1.0])
    width = np.diff(edges)
    base = np.zeros_like(width)
    for k, (flavour, counts) in enumerate(experiment.signal().per_flavour(values).items()):
        in_energy = experiment.exposure * counts.sum(axis=1)
        top_edge = base + in_energy / width
        right.stairs(
            top_edge,
            edges,
            baseline=base,
            fill=True,
            facecolor=style.flavour_line(flavour)["color"],
            edgecolor="white",
            linewidth=0.5,
            hatch=style.HATCHES[k % 2],
            label=f"{style.flavour_text(flavour)}: {in_energy.sum():.0f}",
        )
        base = top_edge
    right.set_xlim(edges[0], edges[-1])
    right.set_ylim(bottom=0.0)
    right.set_xlabel(style.energy_label(experiment))
    if experiment.declaration.axes.energy is None:
        right.set_xticks([])
        right.set_ylim(top=1.4 * float(base.max()))  # for the legend above the one bin
        right.set_ylabel("Predicted signal")
    else:
        right.set_ylabel(f"Predicted signal / {style.energy_unit(experiment)}")
    right.legend(*(reversed(part) for part in right.get_legend_handles_labels()))
    note = style.credit(experiment, kind="prediction")
    style.caption(left, title or experiment.title, note)
    return figure
