"""Weak mixing angle against momentum transfer, from CEvNS and from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.constants import SIN2_THETA_W_MZ
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables
from cevns.report.global_fit.running_angle import ON_SHELL_TO_MSBAR, running_angle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MARKS_MEV", "MOMENTA_MEV", "Point", "figure", "points", "table"]

CARRIED = tables.FITS_FROM

MOMENTA_MEV: Final = {
    "csi": (38.0, 90.0),
    "lar": (39.0, 86.0),
    "ge-2024": (30.0, 65.0),
    "ge-2026": (30.0, 65.0),
    "conus-plus": (11.0, 17.0),
    "xenonnt": (11.0, 27.0),
    "pandax": (11.0, 27.0),
    "all": (11.0, 90.0),
}
"""Q = sqrt(2 M T) over the region of interest."""
MARKS_MEV: Final = {
    "csi": 61.0, "lar": 53.0, "ge-2024": 42.0, "ge-2026": 47.5, "conus-plus": 13.0,
    "xenonnt": 16.0, "pandax": 19.5, "all": 29.0,
}  # fmt: skip
"""Where on its bar a mark stands, so that no two error bars coincide."""
_SHAPES: Final = {
    "csi": "o", "lar": "s", "ge-2024": "D", "ge-2026": "d", "conus-plus": "^", "xenonnt": "v",
    "pandax": "<", "all": "*",
}  # fmt: skip
_CEVNS: Final = "#e42536"
_COLORS: Final = {
    "alone": style.INK, "apv": "#2f5fb3", "electrons": "#3f8f5b", "nutev": "#d98200",
}  # fmt: skip
# label beside its mark: offset in points and alignment
_BESIDE: Final = {
    "APV Cs": (5.0, -8.0, "left"),
    "APV Cs, Sahoo 2021": (5.0, 6.0, "left"),
    "Borexino": (-4.0, 0.0, "right"),
    "TEXONO": (-4.0, 0.0, "right"),
    "Reactors": (4.0, 0.0, "left"),
    "Below 100 MeV": (5.0, 0.0, "left"),
    "CHARM II": (-4.0, -8.0, "right"),
    "E158": (4.0, 7.0, "left"),
    "Qweak": (5.0, -9.0, "left"),
    "PVDIS": (-2.0, -17.0, "right"),
    "NuTeV": (5.0, 3.0, "left"),
    "NuTeV, reassessed": (5.0, 7.0, "left"),
    "CCFR": (5.0, -8.0, "left"),
    "LEP and SLC": (-2.0, -9.0, "center"),
}


@dataclass(frozen=True)
class Point:
    """A measurement from elsewhere.

    Args:
        label: of the figure.
        q_gev: momentum transfer, GeV.
        published: value as in the paper.
        value: at that Q, MS-bar: on-shell values are moved.
        up: error upwards.
        down: error downwards.
        group: measurements of one group share data; ``alone`` for none.
        scheme: of the published value.
        mark: how far it was checked.
        source: paper.
    """

    label: str
    q_gev: float
    published: float
    value: float
    up: float
    down: float
    group: str
    scheme: str
    mark: str
    source: str


def points() -> tuple[Point, ...]:
    """Measurements other than CEvNS, from a table of the package.

    An on-shell angle becomes that of MS-bar at M_Z, 0.0078 larger; one at M_Z runs from there to Q.
    """
    out = []
    for row in tables.lines("sin2-theta-w-points"):
        published, q = float(row["value"]), float(row["Q_GeV"])
        value = published
        if row["scheme"] in ("on shell", "MSbar at M_Z"):
            shift = ON_SHELL_TO_MSBAR if row["scheme"] == "on shell" else 0.0
            value = (published + shift) * float(running_angle(q)) / SIN2_THETA_W_MZ
        errors = (float(row["up"]), float(row["down"]))
        said = (row["colour"], row["scheme"], row["mark"], row["source"])
        out.append(Point(row["label"], q, published, value, *errors, *said))
    return tuple(out)


def _fitted() -> dict[str, tuple[float, float, float]]:
    return {
        row["set"]: (float(row["sin2_theta_w"]), float(row["up"]), float(row["down"]))
        for row in tables.lines("global-angles")
    }


def table() -> Table:
    """CEvNS as fitted here, then measurements as published and as drawn."""
    rows: list[tuple[str | float | None, ...]] = []
    named = {**tables.TITLES, "all and apv-cs": "All, and parity violation in Cs"}
    for name, (value, up, down) in _fitted().items():
        low, high = MOMENTA_MEV.get(name, (None, None))
        reach = "" if low is None else f"{low:g} to {high:g} MeV"
        rows.append((named[name], reach, value, up, down, None, "", "fitted here"))
    for p in points():
        q = f"{1e3 * p.q_gev:g} MeV" if p.q_gev < 1 else f"{p.q_gev:g} GeV"
        mark = f"{p.source}{f' ({p.mark})' if p.mark else ''}"
        rows.append((p.label, q, p.value, p.up, p.down, p.published, p.scheme, mark))
    columns = ("measurement", "Q", "sin²θ_W", "+", "−", "published", "scheme", "from")
    notes = (
        (
            "CEvNS fits determine the angle at Q = 0; the bars show the range of Q of the data. "
            + tables.MADE
        ),
        (
            "On-shell angles: 0.0078 is added at M_Z (from memory) and the sum runs to Q, as does "
            "the angle at M_Z of PVDIS. From memory, the Particle Data Group shows NuTeV at "
            "0.2356, without the running."
        ),
        (
            "The line: renormalisation group equation of hep-ph/0409169, MS-bar with Q as the "
            "scale, from 0.23122 at M_Z. At Q = 0 it gives 0.2387 (published 0.23867 and "
            "0.23868); below M_W the W bosons are integrated out, where it has its step."
        ),
        "Germanium 2024 is contained in 2026; the fit of all sets uses 2024.",
    )
    return Table(columns, tuple(rows), notes)


@style.styled
def figure() -> Figure:
    """Left, all momentum transfers; right, those of CEvNS, with the range of each set as a bar."""
    figure, grid = style.panels(style.DOUBLE_IN, 4.0, 1, 2, width_ratios=(1.5, 1.0))
    left, right = grid[0]
    q = np.geomspace(5e-5, 400.0, 400)
    for axes in (left, right):
        axes.plot(q, running_angle(q), color="0.35", linewidth=1.2, zorder=1)
        axes.set_xscale("log")
        axes.set_ylabel(r"$\sin^2\theta_W$")
    for p in points():
        _elsewhere(left, p)
    _all(left)
    left.set_xlim(5e-5, 400.0)
    left.set_ylim(0.2105, 0.2885)
    left.set_xlabel(style.with_unit("Momentum transfer", "GeV"))
    fitted = _fitted()
    for name, (low, high) in MOMENTA_MEV.items():
        value, up, down = fitted[name]
        at = MARKS_MEV[name]
        filled = "white" if name == "ge-2026" else _CEVNS
        right.errorbar(
            1e-3 * at, value, [[down], [up]], [[1e-3 * (at - low)], [1e-3 * (high - at)]],
            fmt=_SHAPES[name], color=_CEVNS, markerfacecolor=filled, markersize=8.0 if name == "all"
            else 5.0, elinewidth=1.6 if name == "all" else 0.9, capsize=0.0,
            label=tables.TITLES[name], zorder=4 if name == "all" else 3,
        )  # fmt: skip
    right.set_xlim(0.008, 0.12)
    right.set_ylim(0.09, 0.52)
    ticks = (0.01, 0.02, 0.05, 0.1)
    right.set_xticks(ticks, [f"{1e3 * t:g}" for t in ticks])
    right.minorticks_off()
    right.set_xlabel(style.with_unit("Momentum transfer", "MeV"))
    right.legend(loc="upper center", ncols=2, fontsize=7.5, columnspacing=1.0)
    style.caption(left, "Weak mixing angle", "one colour: data in common (black: none)")
    style.caption(
        right, "CEvNS, each set alone and all", f"open: not in all; {tables.VERSION_NOTE}"
    )
    return figure


def _elsewhere(axes: Axes, p: Point) -> None:
    from matplotlib.patheffects import withStroke

    color = _COLORS[p.group]
    axes.errorbar(
        p.q_gev, p.value, [[p.down], [p.up]], fmt="o", color=color, markersize=3.5,
        elinewidth=1.0, capsize=1.5, zorder=3,
    )  # fmt: skip
    dx, dy, side = _BESIDE.get(p.label, (5.0, 3.0, "left"))
    axes.annotate(
        p.label, (p.q_gev, p.value), (dx, dy), textcoords="offset points", ha=side, va="center",
        fontsize=6.8, color=color, zorder=6,
        path_effects=[withStroke(linewidth=2.0, foreground="white")],
    )  # fmt: skip


def _all(axes: Axes) -> None:
    """All CEvNS together, with its range of momentum transfers."""
    value, up, down = _fitted()["all"]
    low, high = (1e-3 * q for q in MOMENTA_MEV["all"])
    at = 1e-3 * MARKS_MEV["all"]
    look: dict[str, Any] = {"fmt": "*", "color": _CEVNS, "markersize": 8.0, "elinewidth": 1.4}
    axes.errorbar(at, value, [[down], [up]], [[at - low], [high - at]], zorder=4, **look)
    axes.annotate(
        "All CEvNS", (at, value - down), (-4.0, 3.0), textcoords="offset points", ha="right",
        fontsize=6.8, color=_CEVNS, zorder=6,
    )  # fmt: skip
