"""Cross section over the Standard Model against neutron number and momentum transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cevns.report.drawing import style
from cevns.report.gallery.cross_section import neutrons
from cevns.report.gallery.global_weak_mixing_angle import MARKS_MEV, MOMENTA_MEV
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TARGETS", "figure", "strengths", "table"]

CARRIED = tables.FITS_FROM

TARGETS: Final = {
    "lar": ("Ar", 0.0), "ge-2024": ("Ge", -1.2), "ge-2026": ("Ge", 0.0), "conus-plus": ("Ge", 1.2),
    "csi": ("CsI", 0.0), "xenonnt": ("Xe", 0.9), "pandax": ("Xe", 2.1),
}  # fmt: skip
"""Nuclei, and by how many neutrons a mark is moved so that error bars stand apart."""
_HEIGHTS: Final = {"ge-2026": -11.0, "csi": -11.0, "xenonnt": -12.0}
"""Of labels beside their marks, points."""
_SOURCES: Final = {
    "SNS": ("#2f5fb3", "o", ("lar", "ge-2024", "ge-2026", "csi")),
    "Reactor": ("#d98200", "D", ("conus-plus",)),
    "Sun": ("#3f8f5b", "s", ("xenonnt", "pandax")),
}


def strengths() -> dict[str, tuple[float, float, float]]:
    """Cross section over the Standard Model with errors up and down, by set."""
    return {
        row["set"]: (
            float(row["strength"]), float(row["strength_up"]), float(row["strength_down"])
        )
        for row in tables.lines("global-angles")
        if row["strength"]
    }  # fmt: skip


def table() -> Table:
    """Measured over Standard Model by set."""
    found = strengths()
    rows = tuple(
        (tables.TITLES[n], target, neutrons(target), *found[n])
        for n, (target, _) in TARGETS.items()
    )
    notes = (
        (
            "Fitted with the other parameters free within their constraints, errors of fluxes and "
            "efficiencies included where the usual configuration has them. The sets of the SNS "
            "share 10 % of flux: the band shows its size and is included in their bars. "
            "Germanium 2024 is contained in 2026. The bar of CONUS+ has the 86 events of the "
            "published fit alone, without the errors of the prediction; the published total is 106."
        ),
        "Reactors and the Sun: at momentum transfers where the form factor is near one.",
        tables.MADE,
    )
    return Table(("set", "target", "N", "σ / SM", "+", "−"), rows, notes)


@style.styled
def figure() -> Figure:
    """Left, against neutrons; right, against momentum transfer. Colours: source of neutrinos."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.4, 1, 2, sharey=True)
    left, right = grid[0]
    found = strengths()
    for axes in (left, right):
        axes.axhline(1.0, color=style.INK, linewidth=0.9, zorder=0)
        axes.axhspan(
            0.9, 1.1, color="0.92", zorder=-1, label="Flux of the SNS, 10 %, in the bars too"
        )
    for source, (color, shape, names) in _SOURCES.items():
        for k, name in enumerate(names):
            target, move = TARGETS[name]
            value, up, down = found[name]
            low, high = MOMENTA_MEV[name]
            look: dict[str, Any] = {
                "fmt": shape, "color": color, "markersize": 5.0, "capsize": 2.0, "linewidth": 1.2,
                "markerfacecolor": "white" if name == "ge-2024" else color,
                "label": source if k == 0 else None,
            }  # fmt: skip
            left.errorbar(neutrons(target) + move, value, [[down], [up]], **look)
            at = MARKS_MEV[name]
            right.errorbar(at, value, [[down], [up]], [[at - low], [high - at]], **look)
            places = ((left, neutrons(target) + move, "csi"), (right, at, "ge-2026"))
            for axes, x, to_the_left in places:
                beside = name not in ("ge-2024", to_the_left)
                height = 5.0 if name == to_the_left == "ge-2026" else _HEIGHTS.get(name, 5.0)
                axes.annotate(
                    tables.TITLES[name].removeprefix("Ge, ").removeprefix("Xe, "),
                    (x, value), (6.0 if beside else -6.0, height),
                    textcoords="offset points", ha="left" if beside else "right", fontsize=7.0,
                    color=color,
                )  # fmt: skip
    left.set_xlim(15.0, 94.0)
    left.set_ylim(0.0, 2.4)
    left.set_xlabel("Neutron number (mean of the natural material)")
    left.set_ylabel("Cross section / Standard Model")
    left.legend(loc="upper left")
    right.set_xscale("log")
    right.set_xlim(8.0, 120.0)
    ticks = (10.0, 20.0, 50.0, 100.0)
    right.set_xticks(ticks, [f"{t:g}" for t in ticks])
    right.minorticks_off()
    right.set_xlabel(style.with_unit("Momentum transfer", "MeV"))
    style.caption(left, "CEvNS cross sections of all nuclei", tables.VERSION_NOTE)
    style.caption(right, "Against momentum transfer", "bars: range of the region of interest")
    return figure
