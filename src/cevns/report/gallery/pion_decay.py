"""Neutrinos of pions that decay at rest: spectra and arrival times at the SNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV, TAU_MUON_US, TAU_PION_US
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.kinds import pion_flux
from cevns.sources import SNS
from cevns.sources.stopped_pion import StoppedPion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SOURCE", "figure", "mean_energy_mev", "table"]

_FACILITY: Final = "sns-2013-23"
SOURCE: Final = SNS(distance_m=20.0, protons=1.0)
"""Shapes only: neither depends on distance and protons."""
WINDOW_US: Final = 6.0


def mean_energy_mev(flavour: str) -> float:
    """Mean energy of a flavour, by quadrature of its spectrum (exact for a polynomial)."""
    if SOURCE.lines(flavour):
        return sum(energy * weight for energy, weight in SOURCE.lines(flavour))
    x, w = np.polynomial.legendre.leggauss(8)
    half = E_MICHEL_MAX_MEV / 2.0
    energy = half * (x + 1.0)
    return float(half * w @ (energy * SOURCE.spectrum(flavour, energy)))


def table() -> Table:
    """Numbers of the source, published beside ours."""
    recent, early = (
        pion_flux.compute(_FACILITY, 20.0, yield_per_flavour=y, scale=1e-7) for y in (0.0848, 0.08)
    )
    repetition = StoppedPion(20.0, _FACILITY).repetition_hz or 0.0
    duty = f"{1e-2 * repetition * WINDOW_US:.1f}"
    pulse = f"{2e3 * np.sqrt(2 * np.log(2)) * SOURCE.pulse_sigma_us:.0f}"
    return Table(
        ("quantity", "unit", "published", "ours"),
        (
            ("energy of the prompt ν_μ", "MeV", "", f"{mean_energy_mev('nu_mu'):.2f}"),
            ("mean energy of ν_e", "MeV", "", f"{mean_energy_mev('nu_e'):.2f}"),
            ("mean energy of ν̄_μ", "MeV", "", f"{mean_energy_mev('nubar_mu'):.2f}"),
            ("flux of three flavours at 20 m", "10⁷ cm⁻² s⁻¹", "4.3", f"{recent:.2f}"),
            ("the same with 0.08 per proton", "10⁷ cm⁻² s⁻¹", "4.3", f"{early:.2f}"),
            ("proton pulse (FWHM)", "ns", "350; 380", pulse),
            ("duty factor, 60 Hz × 6 µs", "10⁻⁴", "few", duty),
        ),
        (
            (
                "Published: COHERENT talks of 2020 and 2021. Flux of ours: 1.4 MW of 1 GeV, "
                "0.0848 neutrinos per proton and flavour."
            ),
            (
                "The duty factor here is that of the window of 6 µs in which an analysis counts; "
                "that of 'pion-sources' is the repetition times the pulse and one lifetime of the "
                "muon, which is 1.5e-4 for the SNS. The talk does not say which it means."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Spectra per decay, and arrival densities after a proton pulse of 150 ns (sigma)."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 2)
    _energy(grid[0, 0])
    _time(grid[0, 1])
    note = f"normalised to one decay; cevns {VERSION}"
    style.caption(grid[0, 0], "Pion decay at rest", note)
    return figure


def _energy(axes: Axes) -> None:
    energy = np.linspace(0.0, E_MICHEL_MAX_MEV, 600)
    for flavour in ("nubar_mu", "nu_e"):
        line = style.flavour_line(flavour)
        axes.plot(
            [*energy, energy[-1]],
            [*SOURCE.spectrum(flavour, energy), 0.0],
            label=style.flavour_text(flavour),
            **line,
        )
    top = 0.046
    line = style.flavour_line("nu_mu")
    arrow = {
        "arrowstyle": "-|>,head_width=0.18,head_length=0.45",
        "color": line["color"],
        "linewidth": 1.5,
        "shrinkA": 0.0,
        "shrinkB": 0.0,
    }
    axes.annotate("", (E_PION_LINE_MEV, 0.97 * top), (E_PION_LINE_MEV, 0.0), arrowprops=arrow)
    axes.text(
        E_PION_LINE_MEV - 1.2,
        0.9 * top,
        f"{style.flavour_text('nu_mu')} line,\n{E_PION_LINE_MEV:.1f} MeV",
        ha="right",
        va="center",
        color=line["color"],
    )
    axes.set_xlim(0.0, 57.0)
    axes.set_ylim(0.0, top)
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.set_ylabel(r"Neutrinos per decay [MeV$^{-1}$]")
    axes.legend(loc="center left")


def _time(axes: Axes) -> None:
    time = np.linspace(-0.5, 5.0, 1100)
    prompt = SOURCE.time_pdf("nu_mu", time, 0.0)
    delayed = SOURCE.time_pdf("nu_e", time, 0.0)
    pulse = np.exp(-0.5 * (time / SOURCE.pulse_sigma_us) ** 2)
    pulse /= SOURCE.pulse_sigma_us * np.sqrt(2.0 * np.pi)
    axes.fill_between(time, pulse, color=style.STEADY_FILL, linewidth=0.0, label="Proton pulse")
    both = f"{style.flavour_text('nu_e')}, {style.flavour_text('nubar_mu')}, each"
    axes.plot(time, prompt, label=style.flavour_text("nu_mu"), **style.flavour_line("nu_mu"))
    axes.plot(time, delayed, label=both, **style.flavour_line("nu_e"))
    axes.set_xlim(-0.5, 5.0)
    axes.set_ylim(0.0, 1.12 * float(pulse.max()))
    axes.set_xlabel("Time after the middle of the pulse [µs]")
    axes.set_ylabel("Neutrinos per decay [µs$^{-1}$]")
    axes.legend(loc="upper right")
    axes.text(
        0.97,
        0.5,
        rf"$\tau_\pi$ = {1e3 * TAU_PION_US:.0f} ns" + "\n" + rf"$\tau_\mu$ = {TAU_MUON_US:.2f} µs",
        transform=axes.transAxes,
        ha="right",
        va="center",
    )
