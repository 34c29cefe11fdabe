"""Borders and areas of regions, drawn into axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.model.grid import Axis
from cevns.inference.scan.regions import Contour, contour
from cevns.parameters import Parameter
from cevns.report.drawing import style
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["Region", "entry", "fill_paths"]


@dataclass(frozen=True, eq=False)
class Region:
    """Where a field over the grid of a scan is negative.

    Args:
        contour: from `cevns.inference.scan.regions.contour`.
        upright: whether the first axis of the grid is drawn to the right.
    """

    contour: Contour
    upright: bool

    @classmethod
    def of(cls, scan: Scan, field: Array, *, upright: bool) -> Region:
        """The region of a scan where `field`, with the shape of its grid, is negative."""
        first, second = (
            Axis(Parameter(name, float(values[0]), unit), values, log)
            for name, unit, values, log in zip(
                scan.names, scan.units, scan.axes, scan.logarithmic, strict=True
            )
        )
        return cls(contour((first, second), field, 0.0), upright)

    def outline(self, axes: Axes, label: str = "_", **look: Any) -> None:
        """Draw the border; it is in the legend also where the map has none of it."""
        for c in self.contour.curves:
            axes.plot(*((c.x, c.y) if self.upright else (c.y, c.x)), **look)
        if label != "_":
            axes.plot([], [], label=style.plain(label), **look)

    def fill(self, axes: Axes, label: str = "_", **look: Any) -> None:
        """Fill the pieces, their holes left out."""
        fill_paths(axes, self._paths(), label, **look)

    def _paths(self) -> list[Path]:
        from matplotlib.path import Path

        order = (0, 1) if self.upright else (1, 0)
        out = []
        for piece in self.contour.pieces:
            rings = [r[:, order] for r in (piece.outline, *piece.holes)]
            codes = [
                np.array([Path.MOVETO, *[Path.LINETO] * (len(r) - 2), Path.CLOSEPOLY])
                for r in rings
            ]
            out.append(Path(np.concatenate(rings), np.concatenate(codes)))
        return out


def fill_paths(axes: Axes, paths: Sequence[Path], label: str = "_", **look: Any) -> None:
    """Fill paths, with one entry in the legend."""
    from matplotlib.collections import PathCollection

    axes.add_collection(PathCollection(paths, **look), autolim=False)
    if label != "_":
        entry(axes, label, **look)


def entry(axes: Axes, label: str, **look: Any) -> None:
    """A coloured box in the legend, nothing in the figure."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((axes.get_xlim()[0], axes.get_ylim()[0]), 0.0, 0.0, label=label, **look)
    )
