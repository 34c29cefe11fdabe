"""Couplings against a mass: what each set of data accepts, beside limits of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.inference.scan.regions import Segment
from cevns.report.drawing import style
from cevns.report.drawing.overlays import read_curves
from cevns.report.gallery_parts.carried_scans import accepted, shipped
from cevns.report.global_fit.global_tables import LOOKS, TITLES
from cevns.report.scan_figures.raster import RasterRegion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LINE_NOTE", "draw_lines", "draw_overlay", "line_legend", "pieces_text"]

LINE_NOTE: Final = "90 %, one coupling at each mass, Wilks"
OVERLAY: Final = "0.45"
"""Grey of others."""


def draw_lines(axes: Axes, name: str) -> None:
    """Edges of what each set accepts, and filled what all together do, on logarithmic axes."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for label, known in accepted(name).items():
        at = np.array(sorted(known))
        region = RasterRegion(at, tuple(known[m] for m in at), log=True, sideways=False)
        look = LOOKS[label]
        whole: dict[str, Any] = {"linewidth": 1.8} if label == "together" else {"linewidth": 1.1}
        region.outline(axes, color=look.color, linestyle=look.dash, zorder=3, **whole)
        if label == "together":
            region.fill(axes, facecolor="black", alpha=0.10, linewidth=0.0, zorder=1)
    axes.minorticks_on()


def draw_overlay(
    axes: Axes, name: str, columns: tuple[str, str], group: str,
    places: Mapping[str, tuple[float, float, float]],
) -> None:  # fmt: skip
    """Curves of others, of the group that their labels begin with, each named beside it.

    Args:
        axes: to draw into.
        name: of the table.
        columns: mass and coupling.
        group: of the figure: ``mu`` for a curve ``mu: CHARM II``.
        places: of names, in the units of the axes, with their angle in degrees; none is written
            twice.
    """
    from matplotlib.patheffects import withStroke

    for curve in read_curves(shipped(name), columns):
        of, _, label = curve.label.partition(": ")
        if of == group:
            axes.plot(*curve.points.T, color=OVERLAY, linewidth=0.8, linestyle=(0, (2, 1)))
            if label in places:
                x, y, angle = places[label]
                axes.text(
                    x, y, style.plain(label), fontsize=6.3, color="0.3", rotation=angle,
                    rotation_mode="anchor", clip_on=True,
                    path_effects=[withStroke(linewidth=1.8, foreground="white")], zorder=4,
                )  # fmt: skip
                places = {k: v for k, v in places.items() if k != label}


def line_legend(labels: Sequence[str], others: bool = True) -> list[Any]:
    """Entries of a legend for sets, and for others."""
    from matplotlib.lines import Line2D

    found = [
        Line2D([], [], color=LOOKS[n].color, linestyle=LOOKS[n].dash,
               linewidth=1.8 if n == "together" else 1.1, label=style.plain(TITLES[n]))
        for n in labels
    ]  # fmt: skip
    if others:
        found.append(Line2D([], [], color=OVERLAY, linewidth=0.8, linestyle=(0, (2, 1)),
                            label="Limits of others"))  # fmt: skip
    return found


def pieces_text(pieces: Sequence[Segment]) -> str:
    """Accepted couplings in words."""
    parts = []
    for p in pieces:
        low = "0" if p.lower_open else f"{p.lower:.3g}"
        whole = p.lower_open and p.upper_open
        parts.append(
            "any" if whole else f"above {low}" if p.upper_open else f"{low} to {p.upper:.3g}"
        )
    return ", ".join(parts)
