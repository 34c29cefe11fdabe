"""Spectra of a supernova burst and of pions that decay at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.analysis.expected.spectrum_overlap import overlap, unit_area
from cevns.constants import E_PION_LINE_MEV
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources import SNS
from cevns.sources.supernova import Supernova

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BEAM", "BURST", "CONTINUOUS", "figure", "table"]

BURST: Final = Supernova(distance_kpc=10.0)
BEAM: Final = SNS(distance_m=20.0, protons=1.0)
"""Shapes only: neither depends on distance and protons."""
CONTINUOUS: Final = ("nu_e", "nubar_mu")


def table() -> Table:
    """Overlaps of the spectra at unit area."""
    rows = tuple(
        (
            weight,
            overlap(BURST, BEAM, power=power),
            overlap(BURST, BEAM, power=power, species=CONTINUOUS),
        )
        for weight, power in (("1", 0), ("E^2", 2))
    )
    return Table(
        ("weight", "all three species", "the two with continuous spectra"),
        rows,
        (
            (
                "The integral of the smaller of both spectra at unit area. The line of the muon "
                "neutrinos contains a third of the neutrinos and has no overlap with a continuous "
                "spectrum; an independent program that distributes it over a bin finds 0.33 with "
                "the weight E^2."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Unit area, as emitted and weighted with E^2."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 2)
    for axes, power, top in ((grid[0, 0], 0, 0.075), (grid[0, 1], 2, 0.075)):
        _panel(axes, power, top)
    grid[0, 0].set_ylabel("Neutrinos, unit area [MeV$^{-1}$]")
    grid[0, 1].set_ylabel(r"Neutrinos $\times\, E^2$, unit area [MeV$^{-1}$]")
    note = f"area of the overlap filled; the line has its share of the area; cevns {VERSION}"
    style.caption(grid[0, 0], "A supernova and pion decay at rest", note)
    return figure


def _panel(axes: Axes, power: int, top: float) -> None:
    energy = np.linspace(0.0, 70.0, 1401)
    burst, beam = (unit_area(s, energy, power=power) for s in (BURST, BEAM))
    axes.fill_between(energy, np.minimum(burst, beam), color=style.STEADY_FILL, linewidth=0.0)
    axes.plot(energy, burst, color="#2f5fb3", label="Supernova")
    axes.plot(energy, beam, color="#e42536", linestyle=(0, (5, 1.6)), label="Pion decay at rest")
    arrow = {
        "arrowstyle": "-|>,head_width=0.18,head_length=0.45",
        "color": "#e42536",
        "linewidth": 1.5,
        "shrinkA": 0.0,
        "shrinkB": 0.0,
    }
    axes.annotate("", (E_PION_LINE_MEV, 0.62 * top), (E_PION_LINE_MEV, 0.0), arrowprops=arrow)
    axes.text(
        E_PION_LINE_MEV + 1.0,
        0.58 * top,
        f"{style.flavour_text('nu_mu')} line,\n{E_PION_LINE_MEV:.2f} MeV",
        color="#e42536",
        va="center",
    )
    axes.text(
        0.97, 0.68, f"overlap {overlap(BURST, BEAM, power=power):.2f}",
        transform=axes.transAxes, ha="right", color=style.FAINT,
    )  # fmt: skip
    axes.set_xlim(0.0, 70.0)
    axes.set_ylim(0.0, top)
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.legend(loc="upper right")
