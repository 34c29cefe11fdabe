"""Largest recoil energy from pp neutrinos to atmospheric ones, with the thresholds of detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.experiments import load
from cevns.nuclear import nuclide
from cevns.processes import kinematics
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.label_places import beside
from cevns.report.gallery_parts.recoil_thresholds import thresholds
from cevns.sources import SNS, Source, source

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ENERGIES_MEV", "RECOILS_KEV", "TARGETS", "figure", "ranges", "table"]

TARGETS: Final = {
    "He4": "#2a9aa8",
    "F19": "#3f8f5b",
    "Si28": "#d98200",
    "Ar40": "#6f6f76",
    "Ge74": "#964a8b",
    "I127": "#7a5230",
    "Xe132": "#2f5fb3",
    "W184": "#e42536",
}
"""Nuclei and their colours."""
_SAME: Final = {"Cs133": "I127", "Zn64": "Ge74", "Al27": "Si28", "Na23": "F19"}
"""Nuclei of detectors whose curve would lie on one that is drawn: its colour."""
ENERGIES_MEV: Final = (0.423, 0.861, 8.0, 16.34, 29.79, 52.83)
"""Ends of pp, the line of 7Be, reactors, the end of 8B, the line and the end of stopped pions."""
RECOILS_KEV: Final = (0.1, 0.5, 1.0, 5.0, 10.0)
_SHARE: Final = 0.05
"""Of the neutrinos of a source that lie below, and above, the range that is shown of it."""
_SUPERNOVA: Final = (15.0, 2.5)
"""Mean energy, MeV, and pinching of a usual burst."""
_HIGHEST_MEV: Final = 1000.0
_GAP: Final = 0.17
"""Of two labels, decades."""


def table() -> Table:
    """T_max of the nuclei at energies of the sources, and what a recoil energy needs."""
    rows: list[tuple[str | float, ...]] = []
    for name in TARGETS:
        mass = nuclide(name).mass_mev
        highest = kinematics.maximum_recoil_kev(ENERGIES_MEV, mass)
        lowest = kinematics.minimum_energy_mev(RECOILS_KEV, mass)
        rows.append((name, *highest.tolist(), *lowest.tolist()))
    return Table(
        (
            "nucleus",
            *(f"T_max / keV at {e:g} MeV" for e in ENERGIES_MEV),
            *(f"E_min / MeV for {t:g} keV" for t in RECOILS_KEV),
        ),
        tuple(rows),
        (
            (
                "Energies: ends of pp, the line of 7Be, reactors, the end of 8B, the line and the "
                "end of pion decay at rest; with nuclear masses."
            ),
        ),
        digits=3,
    )


def _middle(found: Source, share: float = _SHARE) -> tuple[float, float]:
    """Energies below and above which a share of the neutrinos of a source lies."""
    from scipy.optimize import brentq

    fluence = {f: found.fluence_cm2(f) for f in found.flavours}
    top = max(found.end_point_mev(f) for f in found.flavours)

    def above(energy: float) -> float:
        parts = [size * float(found.moments(f, energy)[0]) for f, size in fluence.items()]
        return sum(parts) / sum(fluence.values())

    low, high = (
        float(brentq(lambda e, want=want: above(e) - want, 1e-6, top))
        for want in (1 - share, share)
    )
    return low, high


def ranges() -> dict[str, tuple[tuple[float, float] | None, tuple[float, ...]]]:
    """Of each source the energies of nine tenths of its neutrinos, and its lines, MeV.

    Examples:
        >>> low, high = ranges()["8B"][0]
        >>> round(low, 1), round(high, 1)
        (2.4, 11.3)
    """
    from scipy.stats import gamma

    def sun(branch: str) -> Source:
        return source("sun", live_time_d=1.0, branches=branch)

    mean, pinching = _SUPERNOVA
    burst = gamma(pinching + 1.0, scale=mean / (pinching + 1.0)).ppf((_SHARE, 1.0 - _SHARE))
    sns = SNS(distance_m=20.0, protons=1e23)
    atmospheric = source("atmospheric", live_time_d=1.0)
    return {
        "pp": (_middle(sun("pp")), ()),
        "7Be": (None, tuple(e for e, _ in sun("be7").lines("nu_e"))),
        "Reactor": (_middle(load("conus-plus-2025").source), ()),
        "8B": (_middle(sun("b8")), ()),
        "Supernova": ((float(burst[0]), float(burst[1])), ()),
        "Pion decay at rest": (_middle(sns), tuple(e for e, _ in sns.lines("nu_mu"))),
        "Atmospheric": (_middle(atmospheric), ()),
    }


@style.styled
def figure() -> Figure:
    """T_max(E) = 2 E^2/(M + 2 E); below it the sources, at the right the detectors."""
    figure, grid = style.panels(
        style.DOUBLE_IN, 7.2, 2, 1, sharex=True, gridspec_kw={"height_ratios": [4.2, 1.0]}
    )
    axes, below = grid[:, 0]
    energy = np.geomspace(0.1, _HIGHEST_MEV, 300)
    for k, (name, color) in enumerate(TARGETS.items()):
        x = nuclide(name)
        axes.plot(energy, kinematics.maximum_recoil_kev(energy, x.mass_mev), color=color)
        where = (0.03, 0.95 - 0.055 * k)
        text = f"$^{{{x.a}}}${x.symbol}"
        axes.text(*where, text, transform=axes.transAxes, color=color, va="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.1, _HIGHEST_MEV)
    axes.set_ylim(1e-3, 1e3)
    names = []
    for each in thresholds():
        mass = each.nuclide.mass_mev
        color = TARGETS.get(_SAME.get(each.nuclide.name, each.nuclide.name), style.FAINT)
        at = float(kinematics.minimum_energy_mev(each.recoil_kev, mass))
        axes.plot([at, _HIGHEST_MEV], [each.recoil_kev] * 2, color=color, linewidth=0.5)
        filled = "white" if each.stated else color
        axes.plot(
            at, each.recoil_kev, "o", color=color, markerfacecolor=filled, markersize=3.5, zorder=5
        )
        size = f"{each.recoil_kev:.2g} keV" if each.recoil_kev >= 1 else (
            f"{1e3 * each.recoil_kev:.0f} eV"
        )  # fmt: skip
        names.append((f"{each.label}, {size}", each.recoil_kev, color, 7.0))
    beside(axes, names, _GAP, (1e-3, 1e3))
    _sources(below)
    below.set_xlabel(style.with_unit("Neutrino energy", "MeV"))
    axes.set_ylabel(style.with_unit("Largest recoil energy", "keVnr"))
    style.caption(
        axes,
        "Recoils from the Sun to the atmosphere",
        "marks: where half of the efficiency is reached (open: a threshold as stated); bars: nine "
        f"tenths of a source; cevns {VERSION}",
    )
    return figure


def _sources(axes: Axes) -> None:
    """A bar for each source."""
    found = ranges()
    for k, (name, (wide, lines)) in enumerate(found.items()):
        height = -float(k)
        if wide is not None:
            axes.barh(
                height, wide[1] - wide[0], 0.62, left=wide[0], color=style.SIGNAL_FILL, linewidth=0
            )
        for line in lines:
            axes.plot([line] * 2, [height - 0.4, height + 0.4], color=style.INK, linewidth=1.1)
        first, last = min([*lines, *(wide or ())]), max([*lines, *(wide or ())])
        right = 1.12 * last < 0.3 * _HIGHEST_MEV
        axes.text(
            1.12 * last if right else first / 1.12, height, name, va="center", fontsize=7.0,
            ha="left" if right else "right",
        )  # fmt: skip
    axes.set_ylim(-len(found) + 0.4, 0.6)
    axes.set_yticks([])
    axes.tick_params(axis="y", which="both", left=False, right=False)
