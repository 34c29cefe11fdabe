"""Largest nuclear recoil energy against neutrino energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.constants import E_MICHEL_MAX_MEV, M_PROTON_MEV
from cevns.nuclear import nuclide
from cevns.processes import kinematics
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PUBLISHED_KEV", "figure", "table"]

PUBLISHED_KEV: Final = {
    "C12": (4.44, 159.0),
    "Na23": (2.32, 83.2),
    "Ar40": (1.33, 47.9),
    "Ge74": (0.72, 25.9),
    "Cs133": (0.40, 14.4),
}
"""T_max at 5 and at 30 MeV in the COHERENT talk of 2020."""
ENERGIES_MEV: Final = (5.0, 30.0)
_LINES: Final = (
    ("#6f6f76", "-"),
    ("#d98200", (0, (5, 1.6))),
    ("#2f5fb3", "-"),
    ("#964a8b", (0, (4, 1.2, 1, 1.2))),
    ("#e42536", "-"),
)
_REACTOR: Final = "#f2f2f2"
_PIONS: Final = "#e8eefa"


def table() -> Table:
    """T_max at the energies of the talk: published, with true masses, with M = A m_p."""
    rows = []
    for name, published in PUBLISHED_KEV.items():
        n = nuclide(name)
        for energy, value in zip(ENERGIES_MEV, published, strict=True):
            true = float(kinematics.maximum_recoil_kev(energy, n.mass_mev))
            simple = float(kinematics.maximum_recoil_kev(energy, n.a * M_PROTON_MEV))
            rows.append((name, energy, value, true, simple))
    return Table(
        ("nucleus", "E / MeV", "published / keV", "ours / keV", "with M = A m_p / keV"),
        tuple(rows),
        ("The digits of the talk are reproduced only with M = A m_p; ours has nuclear masses.",),
    )


@style.styled
def figure() -> Figure:
    """T_max(E) = 2 E^2/(M + 2 E) of five nuclei; points are the values of the talk."""
    from matplotlib.patheffects import withStroke

    figure, grid = style.panels(style.DOUBLE_IN, 3.9)
    axes = grid[0, 0]
    energy = np.geomspace(1.0, 60.0, 300)
    axes.axvspan(1.0, 8.0, color=_REACTOR, linewidth=0.0)
    axes.axvspan(8.0, E_MICHEL_MAX_MEV, color=_PIONS, linewidth=0.0)
    for (name, published), (color, dash) in zip(PUBLISHED_KEV.items(), _LINES, strict=True):
        n = nuclide(name)
        curve = kinematics.maximum_recoil_kev(energy, n.mass_mev)
        axes.plot(energy, curve, color=color, linestyle=dash)
        axes.plot(ENERGIES_MEV, published, "o", color=color, markersize=4.5, markeredgecolor="w")
        element = f"$^{{{n.a}}}${n.symbol}"
        end = (energy[-1], curve[-1])
        axes.annotate(
            element, end, (4.0, 0.0), textcoords="offset points", color=color, va="center"
        )
        for at, value in zip(ENERGIES_MEV, published, strict=True):
            label = f"{value:.2f}" if value < 10 else f"{value:.1f}"
            axes.annotate(
                label,
                (at, value),
                (4.0, -7.5),
                textcoords="offset points",
                color=color,
                fontsize=7.0,
                zorder=6,
                path_effects=[withStroke(linewidth=2.0, foreground=_REACTOR if at < 8 else _PIONS)],
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1.0, 60.0)
    axes.set_ylim(0.01, 1000.0)
    ticks = (1, 2, 5, 10, 20, 30, 50)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xticks([], minor=True)
    heights = (0.1, 1, 10, 100, 1000)
    axes.set_yticks((0.01, *heights), ["0.01", *(str(h) for h in heights)])
    axes.text(2.8, 400.0, "Reactor", ha="center", color="0.35")
    axes.text(20.0, 400.0, "Pion decay at rest", ha="center", color=style.ACCENT)
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.set_ylabel("Largest recoil energy [keVnr]")
    note = f"points: COHERENT talk 2020; curves, with nuclear masses: cevns {VERSION}"
    style.caption(axes, "Largest recoil energy", note)
    return figure
