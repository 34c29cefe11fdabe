"""What the entries on the global fit share: its shipped tables, and their regions in a plane.

The fits take minutes and need the release of argon: their tables are made by
``tools/make_global_tables.py``, which says in each how.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.datasets.delimited_text import read_lines
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label
from cevns.report.drawing.outlines import fill_paths
from cevns.report.drawing.overlays import read_curves
from cevns.report.gallery_parts.carried_scans import shipped, shipped_lines
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns.typing import Array

__all__ = [
    "LOOKS",
    "MADE",
    "NOTE",
    "TITLES",
    "VERSION_NOTE",
    "Look",
    "draw_plane",
    "ends",
    "extent",
    "extents",
    "extents_of",
    "legend",
    "lines",
    "minima",
    "rings",
]

MADE: Final = (
    "From tables in the package, made by tools/make_global_tables.py with the default "
    "configuration of cevns global; their comments state the sets and choices."
)
VERSION_NOTE: Final = f"fits: cevns {VERSION}"
NOTE: Final = f"90 %, two parameters, Wilks; {VERSION_NOTE}"


@dataclass(frozen=True)
class Look:
    """Of a region.

    Args:
        color: of border and filling.
        dash: of the border.
        alpha: of the filling; zero for none.
    """

    color: str
    dash: Any = "-"
    alpha: float = 0.16


TITLES: Final = {
    "csi": "CsI 2021",
    "lar": "Ar 2020",
    "ge-2024": "Ge 2024",
    "ge-2026": "Ge 2026",
    "conus-plus": "Ge, CONUS+",
    "xenon": "Xe, 8B neutrinos",
    "xenonnt": "Xe, XENONnT",
    "pandax": "Xe, PandaX-4T",
    "all": "All together",
    "these four": "These four",
    "together": "Together",
    "on Earth": "CsI, Ar, Ge",
    "apv-cs": "Parity violation, Cs",
    "csi and apv-cs": "Both",
    "ge-2024 and conus-plus": "Ge 2024 and CONUS+",
    "ge-2026 and conus-plus": "Ge 2026 and CONUS+",
}
"""What figures and tables call a set."""
LOOKS: Final = {
    "csi": Look("#e42536"),
    "lar": Look("#2f5fb3", (0, (5, 1.6))),
    "ge-2024": Look("#964a8b", (0, (4, 1.2, 1, 1.2))),
    "conus-plus": Look("#d98200", (0, (1.2, 1.2))),
    "xenon": Look("#3f8f5b", (0, (6, 1.5, 1, 1.5, 1, 1.5)), 0.10),
    "all": Look("black", "-", 0.4),
    "these four": Look("black", "-", 0.4),
    "together": Look("black", "-", 0.4),
    "xenonnt": Look("#3f8f5b", (0, (6, 1.5, 1, 1.5, 1, 1.5)), 0.10),
    "on Earth": Look("#6f6f76", "-"),
    "apv-cs": Look("#2f5fb3", (0, (5, 1.6))),
    "csi and apv-cs": Look("black", "-", 0.55),
    "ge-2024 and conus-plus": Look("black", "-", 0.45),
    "ge-2026 and conus-plus": Look("#3f8f5b", "-", 0.0),
}

FITS_FROM: Final = "regions, limits and fits, from tools/make_global_tables.py"
"""What entries draw from tables in the package."""


def lines(name: str) -> list[dict[str, str]]:
    """The rows of a shipped table by its columns."""
    return list(csv.DictReader(shipped_lines(name)))


@cache
def rings(name: str, columns: tuple[str, str]) -> Mapping[str, tuple[Array, ...]]:
    """Closed borders of the regions of a plane, ``(n, 2)`` each, by label.

    Outer ones and those of holes turn in opposite senses.
    """
    found: dict[str, tuple[Array, ...]] = {}
    for curve in read_curves(shipped(name), columns):
        found[curve.label] = (*found.get(curve.label, ()), curve.points)
    return found


@cache
def ends(name: str, columns: tuple[str, str]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a plane begins and ends along both parameters, from its comments."""
    (line,) = (t for t in read_lines(shipped(name)) if t.startswith("# Plane:"))
    known = {}
    for part in line.removeprefix("# Plane:").split(","):
        column, low, _, high = part.split()
        known[column] = (float(low), float(high))
    return known[columns[0]], known[columns[1]]


def minima(name: str, columns: tuple[str, str]) -> dict[str, list[tuple[float, float, float]]]:
    """Local minima of -2 ln L in a plane, the lowest first, with its height."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    if not shipped(f"{name}-minima").is_file():  # upper limits have none
        return found
    for row in lines(f"{name}-minima"):
        point = (float(row[columns[0]]), float(row[columns[1]]), float(row["q"]))
        found.setdefault(row["subject"], []).append(point)
    return found


def draw_plane(
    axes: Axes,
    name: str,
    columns: tuple[str, str],
    units: tuple[str, str],
    filled: Collection[str] | None = None,
) -> None:
    """Regions of all subjects of a plane, filled, and the minima of what is joined.

    Args:
        axes: to draw into.
        name: of the table.
        columns: parameters to the right and upwards.
        units: of both.
        filled: subjects whose regions are filled; None for all.
    """
    from matplotlib.path import Path

    for order, (label, borders) in enumerate(rings(name, columns).items()):
        look = LOOKS[label]
        whole = Path.make_compound_path(*(Path(r, closed=True) for r in borders))
        above = {"linestyle": look.dash, "zorder": 2.0 + 0.1 * order}
        if look.alpha and (filled is None or label in filled):
            fill_paths(
                axes, [whole], facecolor=look.color, alpha=look.alpha, linewidth=0.0,
                zorder=1.0 + 0.1 * order,
            )  # fmt: skip
        for ring in borders:
            axes.plot(*ring.T, color=look.color, linewidth=1.1, **above)
    for label, points in minima(name, columns).items():
        for k, (x, y, _) in enumerate(points):
            axes.plot(
                x, y, "*" if k == 0 else "P", color="white", markeredgecolor=LOOKS[label].color,
                markersize=7.0 if k == 0 else 5.0, markeredgewidth=0.7, zorder=5,
            )  # fmt: skip
    across, upwards = ends(name, columns)
    axes.set_xlim(*across)
    axes.set_ylim(*upwards)
    axes.set_xlabel(parameter_label(columns[0], units[0]))
    axes.set_ylabel(parameter_label(columns[1], units[1]))


def legend(labels: Sequence[str], titles: Mapping[str, str] | None = None) -> list[Any]:
    """Entries of a legend for subjects, drawn nowhere; `titles` in place of the usual ones."""
    named = {**TITLES, **(titles or {})}
    from matplotlib.patches import Patch

    return [
        Patch(
            facecolor=(LOOKS[n].color, LOOKS[n].alpha), edgecolor=LOOKS[n].color,
            linestyle=LOOKS[n].dash, linewidth=1.1, label=style.plain(named[n]),
        )
        for n in labels
    ]  # fmt: skip


def extent(values: Array, edges: tuple[float, float]) -> str:
    """Smallest and largest value of a ring, open where the plane ends.

    Examples:
        >>> extent(np.array([-0.6, 0.1]), (-0.6, 0.8))
        'below 0.1'
    """
    low, high = float(values.min()), float(values.max())
    step = 1e-6 * (edges[1] - edges[0])
    at_low, at_high = low <= edges[0] + step, high >= edges[1] - step
    if at_low and at_high:
        return "any"
    if at_low:
        return f"below {high:.3g}"
    return f"above {low:.3g}" if at_high else f"{low:.3g} to {high:.3g}"


def extents(name: str, columns: tuple[str, str]) -> Table:
    """The pieces of the region of each subject: how far they reach along both parameters."""
    found = rings(name, columns)
    edges = ends(name, columns)
    rows = [
        (TITLES[label], *(extent(ring[:, k], edges[k]) for k in (0, 1)))
        for label, borders in found.items()
        for ring in borders
        if _turns_left(ring)  # no hole
    ]
    notes = [
        f"{TITLES[label]}: minima of −2 ln L at "
        + ", ".join(f"({x:.3g}, {y:.3g}), +{q:.2g}" for x, y, q in points)
        + "."
        for label, points in minima(name, columns).items()
    ]
    return Table(("sets", *columns), tuple(rows), tuple(notes))


def extents_of(
    planes: Mapping[str, tuple[str, str]],
    notes: Sequence[str],
    units: Mapping[str, str] | None = None,
) -> Table:
    """The extents of several planes, each row with the names of its parameters.

    Args:
        planes: parameters of each shipped table, by its name.
        notes: what a reader must know beside the minima and how the tables were made.
        units: of both parameters of a plane; without them there is no such column.
    """
    found = {name: extents(name, columns) for name, columns in planes.items()}
    rows = [
        (f"{sets}", x, f"{along}", y, f"{upwards}", *([units[name]] if units else []))
        for name, (x, y) in planes.items()
        for sets, along, upwards in found[name].rows
    ]
    lowest = [
        f"{y} against {x}: {note}" for name, (x, y) in planes.items() for note in found[name].notes
    ]
    heads = ("sets", "x", "reaches", "y", "reaches ", *(["unit"] if units else []))
    return Table(heads, tuple(rows), (*lowest, *notes, MADE))


def _turns_left(ring: Array) -> bool:
    x, y = (ring - ring.mean(axis=0)).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) > 0.0
