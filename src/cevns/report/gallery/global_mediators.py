"""Light vectors and a light scalar: coupling against mass, by set of data and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.drawing.labels import symbol
from cevns.report.gallery_parts.carried_scans import accepted
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables
from cevns.report.global_fit import mass_figures as lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

__all__ = ["MODELS", "figure", "table"]

CARRIED = tables.FITS_FROM

MODELS: Final[Mapping[str, tuple[str, str, str, Mapping[str, tuple[float, float, float]]]]] = {
    "global-vector-universal": (
        "Vector, universal", "z", "universal", {"COHERENT 2017": (0.13, 1.1e-4, 0.0)}
    ),
    "global-vector-b-l": (
        "Vector, B − L", "z", "B-L",
        {"red giant": (0.30, 1.3e-7, 70.0), "horizontal branch": (0.5, 1.3e-7, 0.0)},
    ),
    "global-vector-l-mu-l-tau": ("Vector, Lμ − Lτ", "z", "none", {}),
    "global-light-scalar": (
        "Scalar", "s", "scalar", {"COHERENT 2017": (0.13, 3e-5, 0.0)}
    ),
}  # fmt: skip
"""Title, whether a vector, curves of others, and where these are named."""
_AXES: Final = {"z": ("m_zprime", "g_zprime"), "s": ("m_scalar", "g_scalar")}
_SHOWN_MEV: Final = (0.1, 10.0, 1000.0)


def table() -> Table:
    """Accepted couplings at some masses."""
    rows = [
        (title, tables.TITLES[label], mass,
         lines.pieces_text(pieces[mass]))
        for name, (title, *_) in MODELS.items()
        for label, pieces in accepted(name).items()
        for mass in _SHOWN_MEV
    ]  # fmt: skip
    notes = (
        (
            "The coupling is g of the Lagrangian, of a scalar sqrt(g_nu g_q). One coupling at "
            "each mass, all other parameters profiled; 90 %, Wilks, one degree of freedom."
        ),
        (
            "Universal: the amplitude of the Standard Model is reduced, and has the opposite sign "
            "in the second region. B-L: it is increased. Electrons and nuclei may compensate, so "
            "the limit of CONUS+ is weaker near 0.4 MeV. Below some MeV electron recoils "
            "dominate, of which CONUS+ has those of the lowest energy and xenon has none."
        ),
        (
            "The published numbers of Ge 2024 and PandaX-4T assume the recoil spectrum of the "
            "Standard Model, which light mediators change, so they are not included. Argon, "
            "2.8e-5 for the "
            "universal vector of 10 MeV, is not included because its 960 bins take longer than "
            "all others. Reactors are not sensitive to L_mu - L_tau."
        ),
        (
            "CONUS+ here is a count in one window. The collaboration has coupling limits near 4e-7 "
            "for a light mediator (CONUS 2026, from a summary), with a spectrum."
        ),
        (
            "Others: COHERENT 2017 is a counting analysis of 1805.01798; stars from 2304.12907. "
            "Lines of NA64, BaBar, beam dumps and Borexino were not found as public numbers."
        ),
        (
            "Lines are interpolated linearly between about ten fitted masses for each model, so "
            "kinks are at these masses and an island ends at the last mass at which it occurs."
        ),
        tables.MADE,
    )
    return Table(("model", "sets", "mass / MeV", "g"), tuple(rows), notes)


@style.styled
def figure() -> Figure:
    """Above each line, and between line and island, the coupling is excluded."""
    figure, grid = style.panels(style.DOUBLE_IN, 6.2, 2, 2)
    for axes, (name, (title, kind, group, places)) in zip(grid.flat, MODELS.items(), strict=True):
        lines.draw_lines(axes, name)
        lines.draw_overlay(axes, "overlay-mediators", ("mass", "coupling"), group, places)
        mass, coupling = _AXES[kind]
        axes.set_xlim(0.1, 1e3)
        axes.set_ylim(*((3e-5, 0.1) if group == "none" else (1e-7, 3e-3)))
        axes.set_xlabel(style.with_unit(f"Mass {symbol(mass)}", "MeV"))
        axes.set_ylabel(f"Coupling {symbol(coupling)}")
        style.caption(axes, title, lines.LINE_NOTE if axes is grid[0, 0] else tables.VERSION_NOTE)
    labels = ("csi", "conus-plus", "xenonnt", "together")
    figure.legend(
        handles=lines.line_legend(labels), loc="outside lower center", ncols=3, columnspacing=1.4
    )
    return figure
