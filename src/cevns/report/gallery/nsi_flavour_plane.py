"""Couplings of nu_e and nu_mu to u quarks, with the dark solution of oscillations (LMA-Dark)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.datasets.delimited_text import read_lines
from cevns.report.drawing import style
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.lma_dark_figures import draw_region
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["PUBLISHED", "figure", "table"]

CARRIED = scans.TOYS_FROM

PUBLISHED = {"u": "3.1 (arXiv:1708.02899), 5.6 (arXiv:1909.00466)",
             "d": "3.6 (arXiv:1708.02899), 7.2 (arXiv:1909.00466)"}  # fmt: skip


def _scan() -> Scan:
    return scans.profile("nsi", {"eps_ee_u": (-1.0, 0.8, 46), "eps_mumu_u": (-0.4, 0.8, 41)})


def table() -> Table:
    """How far the data are from the dark solution for couplings to one kind of quark."""
    rows = []
    for line in read_lines(scans.shipped("lma-dark")):
        mix, *rest = line.split(",")
        if mix in PUBLISHED:
            _, delta, ee, mumu = map(float, rest)
            rows.append((mix, delta, delta**0.5, ee, mumu, PUBLISHED[mix]))
    columns = ("quark", "Δ(−2 ln L)", "σ", "ε_ee", "ε_μμ", "published σ, data of 2017")
    notes = (
        (
            "ε_ee − ε_μμ inside the oscillation region (2σ, from memory of arXiv:1805.04530), "
            "all other parameters profiled, one degree of freedom. Significances above 4σ depend "
            "on the tails of the priors."
        ),
        (
            "Published from the data of 2017, in arXiv:1708.02899 together with oscillation "
            "data: not the same statistic."
        ),
    )
    return Table(columns, tuple(rows), notes)


@style.styled
def figure() -> Figure:
    """The four regions of CsI, of argon and of both, and LMA-Dark."""
    drawn = scan_figure(
        _scan(),
        overlays=[scans.shipped("nsi-flavour-plane-argon")],
        title="NSI with u quarks, CsI[Na] 2021",
    )
    axes = drawn.axes[0]
    for solution in ("LMA", "LMA-D"):
        draw_region(axes, "u", solution=solution)
    for text, at in (("LMA", (-0.12, -0.26)), ("LMA-D", (-0.62, 0.42))):
        axes.annotate(f"{text}, 2$\\sigma$", at, rotation=37.0, fontsize=7.5, ha="center")
    return drawn
