"""CsI[Na] 2021: charge radii of nu_e and nu_mu beyond the Standard Model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["RANGES", "figure", "table"]

CARRIED = scans.TOYS_FROM

RANGES = {"charge_radius_ee": (-90.0, 40.0, 66), "charge_radius_mumu": (-80.0, 30.0, 56)}


def _plane() -> Scan:
    return scans.profile("charge-radius", RANGES)


def table() -> Table:
    """90 % intervals of one radius at a time, in 1e-32 cm2, by both methods."""
    rows = []
    for name in (*RANGES, "charge_radius_emu"):
        found = scans.profile("charge-radius", {name: (-90.0, 40.0, 66)})
        wanted = name in RANGES  # toys of the diagonal radii
        toys = scans.toys_text(found, name.replace("_", "-")) if wanted else ""
        rows.append((name, found.units[0], scans.wilks_text(found), toys))
    notes = (
        (
            "Radii beyond the Standard Model, whose own radii are included in the couplings; the "
            "others are zero."
        ),
        "There are two regions: far below zero the weak amplitude has the opposite sign.",
        scans.TOYS_NOTE,
    )
    columns = ("parameter", "unit", "90 %, Wilks", "90 %, Feldman-Cousins")
    return Table(columns, tuple(rows), notes)


def figure() -> Figure:
    """The four regions in the plane of both diagonal radii."""
    return scan_figure(_plane(), title="Neutrino charge radii, CsI[Na] 2021")
