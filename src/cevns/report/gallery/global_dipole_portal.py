"""Dipole portal: moment against the mass of a heavy neutral lepton, by set of data and together."""

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

__all__ = ["FLAVOURS", "figure", "table"]

CARRIED = tables.FITS_FROM

FLAVOURS: Final[Mapping[str, tuple[str, str, Mapping[str, tuple[float, float, float]]]]] = {
    "global-dipole-e": (
        "Electron neutrinos", "e", {"LSND": (2.2, 1.2e3, 0.0), "Super-K": (13.0, 25.0, 0.0)}
    ),
    "global-dipole-mu": (
        "Muon neutrinos", "mu",
        {"CHARM II": (1.1, 32.0, 0.0), "MiniBooNE": (1.6, 700.0, 0.0),
         "NOMAD": (6.0, 4.3e3, 0.0), "Super-K": (6.0, 38.0, 0.0)},
    ),
    "global-dipole": (
        "All flavours alike", "all",
        {"XENON1T": (1.1, 125.0, 0.0), "Borexino": (1.0, 21.0, 0.0), "LEP": (1.2, 1.6e3, 0.0),
         "Borexino and Super-K": (0.8, 1.7, 0.0), "SN 1987A, above": (9.0, 1.15, 0.0)},
    ),
}  # fmt: skip
_SHOWN_MEV: Final = (1.0, 10.0, 28.0)


def table() -> Table:
    """Accepted moments at some masses."""
    rows = [
        (title, tables.TITLES[label], mass, lines.pieces_text(pieces[mass]))
        for name, (title, *_) in FLAVOURS.items()
        for label, pieces in accepted(name).items()
        for mass in _SHOWN_MEV
    ]
    notes = (
        (
            "One moment at each mass, all other parameters profiled; 90 %, Wilks, one degree of "
            "freedom."
        ),
        (
            "Up-scattering on nuclei, and on electrons in CsI and CONUS+; decays of the lepton "
            "are not counted, and argon is not included. mu = 2 d, 1 mu_B = 296.3 / GeV. Reactors "
            "produce leptons lighter than about 10 MeV, the Sun lighter than 15 MeV and stopped "
            "pions lighter than 53 MeV."
        ),
        (
            "XENON1T of the figure (arXiv:2007.15563) is the same process, of 8B neutrinos on "
            "xenon, with 0.6 t yr above 1.6 keV; XENONnT has 6.8 t yr above 0.5 keV."
        ),
        (
            "Curves of others: collection HNLimits, at 90 or 95 %. The supernova excludes the "
            "region below its line, NOMAD that inside its line."
        ),
        (
            "Lines are interpolated linearly between about ten fitted masses for each model, so "
            "kinks are at these masses and an island ends at the last mass at which it occurs."
        ),
        tables.MADE,
    )
    return Table(("neutrinos", "sets", "mass / MeV", "moment / 1e-10 mu_B"), tuple(rows), notes)


@style.styled
def figure() -> Figure:
    """Above each line the moment is excluded."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.6, 1, 3, sharey=True)
    for axes, (name, (title, group, places)) in zip(grid[0], FLAVOURS.items(), strict=True):
        lines.draw_lines(axes, name)
        lines.draw_overlay(axes, "overlay-dipole", ("m4", "dipole"), group, places)
        axes.set_xlim(0.3, 50.0)
        axes.set_ylim(1.0, 1e4)
        axes.set_xlabel(style.with_unit(f"Mass {symbol('m4')}", "MeV"))
        note = lines.LINE_NOTE if axes is grid[0, 0] else ""
        style.caption(axes, title, note or tables.VERSION_NOTE)
    grid[0, 0].set_ylabel(style.with_unit(r"Moment $\mu = 2d$", "1e-10 mu_B"))
    labels = ("csi", "conus-plus", "xenonnt", "together")
    figure.legend(
        handles=lines.line_legend(labels), loc="outside lower center", ncols=3, columnspacing=1.4
    )
    return figure
