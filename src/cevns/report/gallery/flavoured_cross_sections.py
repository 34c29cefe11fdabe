"""CsI[Na] 2021: cross sections of nu_mu and nu_e, and the time of the pulse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared
from cevns.report.scan_figures.scan_figure import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["NAME", "figure", "table"]

CARRIED = scans.TOYS_FROM

NAME = "flavoured-cross-sections"


def _scan(**held: float | None) -> Scan:
    over = {"sigma_mu": (0.0, 2.0, 51), "sigma_e": (0.0, 4.0, 51)}
    return scans.profile("flavoured-cross-sections", over, fix=held)


def table() -> Table:
    """Each with the other one profiled, at two pulse times, beside an independent calculation."""
    return compared("csi-2021-sigma")


def figure() -> Figure:
    """The region with the pulse time free inside its constraint, and held at two values."""
    return scan_figure(
        _scan(),
        overlays=[
            scans.shipped(NAME),
            ("t0 held at 474 ns, 90%", _scan(t0=0.474)),
            ("t0 held at 500 ns, 90%", _scan(t0=0.5)),
        ],
        title="Flavoured cross sections, t0 = 474 ± 25 ns",
    )
