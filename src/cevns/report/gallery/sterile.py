"""CsI[Na] 2021: a sterile neutrino, mixing against the splitting of squared masses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cevns.experiments import load
from cevns.experiments.families import known_parameters
from cevns.experiments.scanning import scan, scan_plan
from cevns.inference.grid import Axis
from cevns.report.gallery import _scans as scans
from cevns.report.gallery._table import Table
from cevns.report.scans import scan_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.experiments.scan_record import Scan

ANGLES = ("sin2_2theta_mumu", "sin2_2theta_ee")


@cache
def _scan(angle: str) -> Scan:
    csi = load(scans.CSI)
    known = known_parameters(csi, "sterile")
    over = {
        "dm2_41": Axis.between(known["dm2_41"], 0.3, 100.0, 19, log=True, structural=True),
        angle: Axis.between(known[angle], 0.0, 1.0, 41),
    }
    found = scan(scan_plan(csi, "sterile", over), "profile", engine="numpy")
    assert found is not None  # only shares of a scan are None
    return found


def table() -> Table:
    """Smallest rise of -2 ln L that full mixing meets at some splittings, and what is excluded."""
    rows = []
    for angle in ANGLES:
        found = _scan(angle)
        for i in range(0, found.shape[0], 6):
            full = float(found.q[i, -1])
            verdict = "excluded" if full > found.wilks else "allowed"
            rows.append((angle, float(found.axes[0][i]), full, verdict))
    note = f"Critical value at 90 %: {_scan(ANGLES[0]).wilks:.3f} (Wilks, one degree of freedom)."
    columns = ("angle", "Δm²₄₁ / eV²", "−2Δ ln L at sin²2θ = 1", "at 90 %")
    return Table(columns, tuple(rows), (note, "One angle at a time, the other one zero."))


def figure() -> Figure:
    """What is excluded of the mixing of the muon neutrino."""
    return scan_figure(_scan(ANGLES[0]), title="Sterile neutrino (3+1), CsI[Na] 2021")
