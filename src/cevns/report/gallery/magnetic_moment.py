"""CsI[Na] 2021: magnetic moments of neutrinos, by Wilks and by Feldman-Cousins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.report.drawing import style
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["PUBLISHED", "RANGES", "figure", "table"]

CARRIED = scans.TOYS_FROM

RANGES = {"mu_nu_e": (0.0, 60.0, 61), "mu_nu_mu": (0.0, 30.0, 61)}
PUBLISHED = {
    "mu_nu_e": ("5.18e-11, reactor", "arXiv:2605.22815"),
    "mu_nu_mu": ("6.8e-10, LSND (from memory)", "hep-ex/0101039"),
}


def _scan(name: str) -> Scan:
    return scans.profile("magnetic-moment", {name: RANGES[name]})


def _shipped(name: str) -> str:
    """The table of toys of a moment."""
    return name.replace("mu_nu", "magnetic-moment").replace("_", "-")


def table() -> Table:
    """90 % intervals of the moments of both flavours, electrons included, in 1e-10 mu_B."""
    rows = []
    for name, published in PUBLISHED.items():
        found = _scan(name)
        toys = scans.toys_text(found, _shipped(name))
        rows.append((name, found.units[0], scans.wilks_text(found), toys, *published))
    return Table(
        ("parameter", "unit", "90 %, Wilks", "90 %, Feldman-Cousins", "elsewhere, mu_B", "from"),
        tuple(rows),
        (
            "Limits of other experiments are given for comparison.",
            "The moment is bounded at zero, so Wilks' theorem does not hold near there.",
            "The talk of 2020 has 6e-10 for the limit of LSND.",
            scans.TOYS_NOTE,
            *(f"{name}: {scans.toys_said(_shipped(name))}." for name in PUBLISHED),
            "Points far from the border of the set have few toys, so the line jumps there.",
        ),
    )


def figure() -> Figure:
    """The profile of the moment of the muon neutrino, both critical values, the limit of LSND."""
    drawn = scan_figure(
        _scan("mu_nu_mu"),
        overlays=[scans.shipped("magnetic-moment-mu")],
        title="Muon-neutrino magnetic moment, CsI[Na]",
    )
    axes = drawn.axes[0]
    text, _ = PUBLISHED["mu_nu_mu"]
    limit = 1e10 * float(text.partition(",")[0])
    axes.axvline(limit, color=style.PUBLISHED, linewidth=1.1, linestyle=(0, (6, 1.5, 1, 1.5)))
    axes.annotate(
        "LSND, 90 %,\nfrom memory", (limit, 0.97 * axes.get_ylim()[1]), (4.0, 0.0),
        textcoords="offset points", va="top", fontsize=7.0, color=style.PUBLISHED,
    )  # fmt: skip
    return drawn
