"""CsI[Na] 2021: a sterile neutrino, mixing against the splitting of squared masses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cevns.inference.model.grid import Axis
from cevns.inference.scan.regions import confidence_set
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.scan_figures.scan_figure import scan_figure
from cevns.report.scan_figures.scan_parts import interval_text
from cevns.study import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["ANGLES", "figure", "table"]

ANGLES = ("sin2_2theta_mumu", "sin2_2theta_ee")


@cache
def _scan(angle: str) -> Scan:
    csi = load(scans.CSI, models="sterile")
    known = csi.couplings
    # prompt neutrinos have one energy: the rate oscillates with a period of 3.8 eV2, and a map
    # that goes further up needs steps that resolve it
    over = {
        "dm2_41": Axis.between(known["dm2_41"], 0.3, 10.0, 43, log=True, structural=True),
        angle: Axis.between(known[angle], 0.0, 1.0, 21),
    }
    return csi.scan(over)


def table() -> Table:
    """Accepted mixing at some splittings."""
    found = {angle: _scan(angle) for angle in ANGLES}
    rows: list[tuple[str | float, ...]] = []
    for i, dm2 in enumerate(found[ANGLES[0]].axes[0]):
        if i % 3 == 0:
            accepted = (_accepted(scan, i) for scan in found.values())
            rows.append((float(dm2), *accepted))
    notes = (
        (
            "One mixing angle at a time, the other one zero; Wilks, one degree of freedom at each "
            "splitting."
        ),
        (
            "Oscillations are constrained by the shape in energy and time and by the flux, which "
            "is known to 10 %."
        ),
    )
    return Table(("Δm²₄₁ / eV²", "sin²2θ_μμ, 90 %", "sin²2θ_ee, 90 %"), tuple(rows), notes)


def _accepted(found: Scan, i: int) -> str:
    pieces = confidence_set(found.axes[1], found.q[i], found.wilks).pieces
    return interval_text([(p.lower, p.upper) for p in pieces])


def figure() -> Figure:
    """What is excluded of the mixing of the muon neutrino."""
    return scan_figure(_scan(ANGLES[0]), title="Sterile neutrino (3+1), CsI[Na] 2021")
