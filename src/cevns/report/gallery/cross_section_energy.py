"""Cross sections of CEvNS against neutrino energy, beside charged currents on nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import numpy as np

from cevns.constants import E_MICHEL_MAX_MEV
from cevns.processes import process, total_cross_section
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CHANNELS", "ENERGIES_MEV", "NUCLEI", "cevns_e40", "channel_e40", "figure", "table"]

NUCLEI: Final = {
    "Cs133": "#e42536",
    "Ge74": "#964a8b",
    "Ar40": "#2f5fb3",
    "Na23": "#d98200",
}
CHANNELS: Final = {
    "nue-pb208-cc-1n": (r"$\nu_e$ Pb, 1 n", "#6f6f76", (0, (5, 1.6))),
    "nue-i127-cc": (r"$\nu_e$ I", "#964a8b", (0, (4, 1.2, 1, 1.2))),
    "nue-ar40-cc": (r"$\nu_e$ Ar", "#3f8f5b", (0, (2.5, 1))),
    "nue-d-cc": (r"$\nu_e$ d", "#7a5230", (0, (1.2, 1.2))),
}
"""Charged currents of the package with the largest cross sections, and heavy water."""
ENERGIES_MEV: Final = (10.0, 30.0, 50.0)


def cevns_e40(name: str, energy_mev: Array, form_factor: str = "klein-nystrand") -> Array:
    """Cross section of CEvNS, 1e-40 cm2."""
    return 1e40 * total_cross_section(name, energy_mev, form_factor=form_factor)


def channel_e40(name: str, energy_mev: Array) -> Array:
    """Cross section of a charged current on a nucleus, default table, 1e-40 cm2."""
    channel = cast("InelasticChannel", process(name))
    return 1e40 * channel.tables[channel.table][0](energy_mev)


def table() -> Table:
    """Both at three energies; what the form factor leaves of a point-like nucleus."""
    energy = np.array(ENERGIES_MEV)
    rows: list[tuple[str | float | None, ...]] = []
    for name in NUCLEI:
        sigma = cevns_e40(name, energy)
        left = 100.0 * sigma / cevns_e40(name, energy, "unity")
        rows.append((f"CEvNS, {name}", *sigma.tolist(), *left.tolist()))
    rows += [(name, *channel_e40(name, energy).tolist(), None, None, None) for name in CHANNELS]
    return Table(
        (
            "channel",
            *(f"{e:g} MeV, 10⁻⁴⁰ cm²" for e in ENERGIES_MEV),
            *(f"{e:g} MeV, % of point-like" for e in ENERGIES_MEV),
        ),
        tuple(rows),
        (
            (
                "CEvNS: one flavour in the Standard Model, couplings scholberg2021, form factor "
                "klein-nystrand. The talk of 2021 calls it coherent up to about 50 MeV; the table "
                "gives the reduction by the form factor."
            ),
            (
                "The figure of the talk is not available in its text, so its curves cannot be "
                "compared."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Full lines CEvNS, thin full lines of a point-like nucleus, dashed lines charged currents."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.7)
    axes, energy = grid[0, 0], np.linspace(1.0, 60.0, 119)
    for name, color in NUCLEI.items():
        label = f"CEvNS, {name.rstrip('0123456789')}"
        axes.plot(energy, cevns_e40(name, energy), color=color, label=label, linewidth=1.6)
        axes.plot(energy, cevns_e40(name, energy, "unity"), color=color, linewidth=0.6)
    for name, (label, color, dashes) in CHANNELS.items():
        sigma = channel_e40(name, energy)
        seen = sigma > 0.0
        axes.plot(energy[seen], sigma[seen], color=color, linestyle=dashes, label=label)
    axes.axvline(E_MICHEL_MAX_MEV, color="#9a9aa2", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylim(3e-4, 1e3)
    axes.set_xlim(0.0, 60.0)
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.set_ylabel(r"Cross section per nucleus [$10^{-40}$ cm$^2$]")
    axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0.34, 0.0), fontsize=7.5)
    note = f"thin: point-like nucleus; vertical: end point of muon decay; cevns {VERSION}"
    style.caption(axes, "CEvNS and charged currents", note)
    return figure
