"""CsI[Na] 2021: light vector mediators, coupling against mass from 0.1 MeV to 10 GeV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts import carried_scans as scans
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.scan_figures.raster import RasterRegion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from cevns.inference.scan.regions import Segment

__all__ = ["NAME", "figure", "limits", "table"]

CARRIED = scans.TOYS_FROM

NAME: Final = "light-mediators"
LOOKS: Final = {
    "universal": ("#2f5fb3", "-", "universal"),
    "B-L": ("#e42536", (0, (5, 1.6)), "$B-L$"),
    "L_mu-L_tau": ("#d98200", (0, (4, 1.2, 1, 1.2)), r"$L_\mu-L_\tau$"),
}
SHOWN_MEV: Final = (1.0, 10.0, 100.0, 1000.0)


def limits(model: str) -> Mapping[float, tuple[Segment, ...]]:
    """Accepted couplings of a shipped table by mass, MeV; a lower end at zero is open."""
    return scans.accepted(NAME)[model]


def table() -> Table:
    """Accepted couplings at some masses."""
    rows = []
    for model in LOOKS:
        known = limits(model)
        for mass in SHOWN_MEV:
            pieces = known[mass]
            text = [f"[{0.0 if p.lower_open else p.lower:.3g}, {p.upper:.3g}]" for p in pieces]
            rows.append((model, mass, " ∪ ".join(text)))
    notes = (
        "One coupling at each mass, all other parameters profiled; Wilks, one degree of freedom.",
        (
            "Universal and L_mu-L_tau interfere destructively: in the second region the amplitude "
            "has the opposite sign. B-L interferes constructively."
        ),
        "Light masses: scattering on electrons included. Made by tools/make_gallery_scans.py.",
    )
    return Table(("model", "mass / MeV", "g, 90 %"), tuple(rows), notes)


@style.styled
def figure() -> Figure:
    """Above each line, and outside the narrow strips, the coupling is excluded."""
    figure, grid = style.panels(style.SINGLE_IN * 1.2, 3.3)
    axes = grid[0, 0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    for model, (color, dash, label) in LOOKS.items():
        known = limits(model)
        at = np.array(sorted(known))
        region = RasterRegion(at, tuple(known[m] for m in at), log=True, sideways=False)
        look: dict[str, Any] = {"color": color, "linestyle": dash, "linewidth": 1.2}
        region.outline(axes, **look)
        axes.plot([], [], label=label, **look)
    axes.set_xlim(0.1, 1e4)
    axes.set_ylim(3e-6, 2.0)
    axes.set_xlabel(style.with_unit("$M_{Z'}$", "MeV"))
    axes.set_ylabel("$g_{Z'}$")
    axes.legend(loc="upper left", title="Border at 90%", title_fontsize=8.0)
    note = f"data: arXiv:2110.07730; scan: cevns {VERSION}"
    style.caption(axes, "Light vector mediators, CsI[Na] 2021", note)
    return figure
