"""Recoil spectra of CEvNS at a reactor, and where experiments begin to see them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.nuclear import Material, material
from cevns.processes import interaction
from cevns.rates import recoil_spectrum
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.reactor_files import color, reaches
from cevns.reproduction import reproduce
from cevns.sources.reactor import Reactor
from cevns.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["TARGETS", "density", "figure", "table"]

TARGETS: Final = ("Ge", "Si", "CaWO4", "Al2O3", "Zn", "Xe", "NaI", "Ar")
"""Of experiments at reactors, and argon."""
_MARKS: Final = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "*", "h", "p")
_RANGE_KEV: Final = (0.005, 8.0)
_POWER_GW, _DISTANCE_M = 1.0, 10.0


@cache
def _source() -> Reactor:
    return Reactor(_POWER_GW, _DISTANCE_M, live_time_d=1.0)


def density(target: str | Material, recoil_kev: ArrayLike, *, axial: bool = False) -> Array:
    """Recoils per kg, day and keVnr at the default reactor, 1 GW at 10 m.

    Couplings at tree level (0.02286, -0.5), form factor of Helm.

    Args:
        target: formula, or a material some of whose nuclei recoil.
        recoil_kev: recoil energies, keVnr.
        axial: whether the axial current counts too.
    """
    process = interaction("standard-model", couplings="tree-lowE", axial=axial)
    found = recoil_spectrum(
        _source(), target, 1.0, recoil_kev, interaction=process, form_factor="helm"
    )
    out: Array = np.sum(list(found.values()), axis=0)
    return out


def table() -> Table:
    """At energies where an independent program has numbers, and at the thresholds of the files."""
    rows: list[tuple[str | float | None, ...]] = []
    for row in reproduce(["reactor-spectrum"]):
        p, asked = row.published, row.published.compute
        assert asked is not None
        at = asked["target"], float(asked["recoil_energy_kev"])
        beside = p.published, p.own, row.verdict
        rows.append(("", *at, row.ours, float(density(*at, axial=True)), *beside))
    for r in sorted(reaches(), key=lambda r: (r.target, r.recoil_kev)):
        at, e = (r.experiment.material, r.recoil_kev), r.experiment
        part = e.recoiling_kg / e.declaration.target.mass  # of sodium in a kilogram of NaI
        both = part * float(density(*at)), part * float(density(*at, axial=True))
        rows.append((r.label, r.target, r.recoil_kev, *both, None, None, ""))
    return Table(
        (
            "threshold of",
            "target",
            "T / keVnr",
            "ours / (kg d keV)⁻¹",
            "with axial current",
            "published",
            "program",
            "verdict",
        ),
        tuple(rows),
        (
            (
                f"A power reactor of {_POWER_GW:g} GW at {_DISTANCE_M:g} m, spectra hm-bestiole, "
                "before any detector effect; the fluxes at the experiments differ. No spectrum "
                "was published in these units; own is an independent program."
            ),
            (
                "Thresholds are the lowest edge of the axis in the file, converted from keVee to "
                "keVnr with the quenching of the file; the resolution also admits lower recoils. "
                "Rates are per kilogram of the whole compound, also if only some of its recoils "
                "are included."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """One panel a target, the others in grey; marks are the thresholds of the files."""
    figure, grid = style.panels(style.DOUBLE_IN, 4.6, 2, 4, sharex=True, sharey=True)
    recoil = np.geomspace(*_RANGE_KEV, 300)
    curves = {t: np.maximum(density(t, recoil), 1e-9) for t in TARGETS}
    for axes, target in zip(grid.ravel(), TARGETS, strict=True):
        for curve in curves.values():
            axes.plot(recoil, curve, color="0.85", linewidth=0.6, zorder=0)
        axes.plot(recoil, curves[target], color=color(target), linewidth=1.5)
        _marks(axes, target)
        axes.text(
            0.95, 0.93, _formula(target), transform=axes.transAxes, ha="right", va="top",
            color=color(target), fontsize=10.0,
        )  # fmt: skip
    first = grid[0, 0]
    first.set_xscale("log")
    first.set_yscale("log")
    first.set_xlim(*_RANGE_KEV)
    first.set_ylim(3e-3, 3e5)
    ticks = (0.01, 0.1, 1.0)
    first.set_xticks(ticks, [f"{t:g}" for t in ticks])
    for axes in grid[1]:
        axes.set_xlabel("Recoil energy [keVnr]")
    for axes in grid[:, 0]:
        axes.set_ylabel(r"d$R$/d$T$ [(kg d keVnr)$^{-1}$]")
    note = (
        f"power reactor of {_POWER_GW:g} GW at {_DISTANCE_M:g} m; marks: thresholds of the files "
        f"in keVnr, open where Lindhard's theory turns keVee into keVnr: cevns {VERSION}"
    )
    style.caption(first, "CEvNS at a reactor", note)
    for text in first.texts:
        text.set_in_layout(False)  # a note wider than its panel is over the next ones
    return figure


def _marks(axes: Axes, target: str) -> None:
    """Thresholds on the curve, also of one element of a compound; below it which mark is which."""
    nuclides = set(material(target).nuclides)
    found = [r for r in reaches() if nuclides.issuperset(r.experiment.material.nuclides)]
    for r, mark in zip(found, _MARKS, strict=False):
        look = {**r.marker, "marker": mark}
        label = f"{r.label}: {r.recoil_kev:.2g}"
        axes.plot(r.recoil_kev, density(target, r.recoil_kev), label=label, linestyle="", **look)
    if found:
        axes.legend(
            loc="lower left", fontsize=6.0, handletextpad=0.2, borderpad=0.2, labelspacing=0.25,
            handlelength=1.2,
        )  # fmt: skip


def _formula(target: str) -> str:
    """With its numbers low."""
    return "".join(f"$_{c}$" if c.isdigit() else c for c in material(target).name)
