"""CsI[Na] 2021: magnetic moments of neutrinos, by Wilks and by Feldman-Cousins."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def table() -> Table:
    """90 % intervals of the moments of both flavours, electrons included, in 1e-10 mu_B."""
    rows = []
    for name, published in PUBLISHED.items():
        found = _scan(name)
        toys = scans.toys_text(found, name.replace("mu_nu", "magnetic-moment").replace("_", "-"))
        rows.append((name, found.units[0], scans.wilks_text(found), toys, *published))
    return Table(
        ("parameter", "unit", "90 %, Wilks", "90 %, Feldman-Cousins", "elsewhere, mu_B", "from"),
        tuple(rows),
        (
            "Limits of other experiments are given for comparison.",
            "The moment is bounded at zero, so Wilks' theorem does not hold near there.",
            scans.TOYS_NOTE,
        ),
    )


def figure() -> Figure:
    """The profile of the moment of the muon neutrino with both critical values."""
    return scan_figure(
        _scan("mu_nu_mu"),
        overlays=[scans.shipped("magnetic-moment-mu")],
        title="Muon-neutrino magnetic moment, CsI[Na]",
    )
