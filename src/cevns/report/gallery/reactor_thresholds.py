"""Largest recoil energy against reactor neutrino energy, with the thresholds of experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.nuclear import Nuclide
from cevns.processes import kinematics
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.label_places import beside
from cevns.report.gallery_parts.reactor_files import Reach, color, reaches
from cevns.sources.fission.ibd import THRESHOLD_MEV

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["figure", "heaviest", "seen_from_mev", "table"]

_END_MEV: Final = 12.5
_MEASURED_TO_MEV: Final = 9.5
_RANGE_KEV: Final = (0.005, 30.0)


def heaviest(r: Reach) -> Nuclide:
    """The most frequent isotope of the heaviest element: what makes most of the counts."""
    atoms = r.experiment.material.atoms
    z = max(nuclide.z for nuclide, _ in atoms)
    return max((a for a in atoms if a[0].z == z), key=lambda a: a[1])[0]


def seen_from_mev(recoil_kev: float, nuclide: Nuclide) -> float:
    """The smallest neutrino energy that gives a recoil of this energy, MeV.

    ``E = (T + sqrt(T^2 + 2 M T))/2``: the neutrino is scattered backwards.
    """
    return float(kinematics.minimum_energy_mev(recoil_kev, nuclide.mass_mev))


def table() -> Table:
    """Thresholds as declared, as recoil energies, and the neutrinos that reach them."""
    rows = tuple(
        (
            r.label,
            r.target,
            1e3 * r.declared_kev,
            r.unit.removeprefix("k"),
            r.chosen,
            1e3 * r.recoil_kev,
            heaviest(r).name,
            seen_from_mev(r.recoil_kev, heaviest(r)),
        )
        for r in reaches()
    )
    return Table(
        (
            "experiment",
            "target",
            "threshold",
            "unit",
            "quenching",
            "T / eVnr",
            "nucleus",
            "seen from / MeV",
        ),
        rows,
        (
            (
                "The threshold is the lowest edge of the axis in the experiment's file, or the "
                "lowest of all channels. The resolution also admits recoils, and thus neutrinos, "
                "of lower energy. Lighter nuclei of a compound are sensitive to lower energies, "
                "with fewer counts."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """T_max(E) = 2 E^2/(M + 2 E) of the targets; marks where each experiment begins to see."""
    figure, grid = style.panels(style.DOUBLE_IN, 4.4)
    axes = grid[0, 0]
    energy = np.geomspace(0.2, _END_MEV, 200)
    nuclei = {heaviest(r).name: (heaviest(r), color(r.target)) for r in reaches()}
    tops = []
    for nuclide, tint in nuclei.values():
        curve = kinematics.maximum_recoil_kev(energy, nuclide.mass_mev)
        axes.plot(energy, curve, color=tint)
        tops.append((f"$^{{{nuclide.a}}}${nuclide.symbol}", float(curve[-1]), tint))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(energy[0], _END_MEV)
    axes.set_ylim(*_RANGE_KEV)
    for r in reaches():
        at = seen_from_mev(r.recoil_kev, heaviest(r))
        axes.plot([at, _END_MEV], [r.recoil_kev] * 2, color=color(r.target), linewidth=0.5)
        axes.plot(at, r.recoil_kev, zorder=5, **r.marker)
    _labels(axes, tops)
    axes.axvspan(THRESHOLD_MEV, _MEASURED_TO_MEV, color="0.95", linewidth=0.0, zorder=-1)
    axes.text(
        4.15, 0.0065, "Spectrum measured\nby inverse beta decay", ha="center", color=style.FAINT
    )
    ticks = (0.2, 0.5, 1, 2, 5, 10)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xticks([], minor=True)
    heights = (0.01, 0.1, 1.0, 10.0)
    axes.set_yticks(heights, [f"{h:g}" for h in heights])
    axes.set_xlabel("Antineutrino energy [MeV]")
    axes.set_ylabel("Largest recoil energy [keVnr]")
    note = (
        "marks: where a neutrino first reaches the threshold; open: keVee by Lindhard's theory; "
        f"cevns {VERSION}"
    )
    style.caption(axes, "Thresholds at reactors", note)
    return figure


def _labels(axes: Axes, tops: list[tuple[str, float, str]]) -> None:
    """Nuclei and thresholds at the right, apart from each other, each joined to its line."""
    names = [(f"{r.label}, {_energy(r)}", r.recoil_kev, color(r.target), 7.0) for r in reaches()]
    beside(axes, [*((*top, 9.0) for top in tops), *names], 0.122)


def _energy(r: Reach) -> str:
    """As declared, and in recoil energy where that is another."""
    declared = f"{1e3 * r.declared_kev:g} {r.unit.removeprefix('k')}"
    return declared if r.unit == "keVnr" else f"{declared} = {1e3 * r.recoil_kev:.0f} eVnr"
