"""COHERENT's detectors and the CEvNS each should see in a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.detector_numbers import Detector, detectors, year

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]


def table() -> Table:
    """Every detector, and below it the other numbers in circulation."""
    rows: list[tuple[str | float | None, ...]] = []
    for d in detectors():
        words = "; ".join(text for text in (d.conflicts, d.note) if text)
        published = d.published_text or (None if d.published is None else f"{d.published:.0f}")
        rows.append((d.title, d.technology, *_numbers(d), published, d.status, words))
        rows += [(f"— {v}", "", *_numbers(d.variant(v)), None, "", "") for v in d.variants]
    y = year(20.0)
    return Table(
        (
            "detector",
            "technology",
            "kg",
            "m",
            "threshold / keVnr",
            "CEvNS / year",
            "published",
            "status",
            "conflicts and notes",
        ),
        tuple(rows),
        (
            (
                f"A year is {y.hours:.0f} h of {y.power_mw:g} MW of {y.proton_energy_gev:g} GeV "
                f"protons with {y.yield_per_flavour:.3g} neutrinos per proton and flavour. The "
                "counts are recoils above a sharp threshold with full efficiency, while an "
                "analysis has an efficiency and includes some recoils below. For NaI only sodium "
                "recoils are counted. A threshold of germanium in keVee is converted to keVnr "
                "with Lindhard's theory "
                "(k = 0.157)."
            ),
            "Published: COHERENT talks of 2020 and 2021.",
        ),
        digits=3,
    )


def _numbers(d: Detector) -> tuple[float | None, ...]:
    return d.mass_kg, d.distance_m, d.recoil_threshold_kev, d.per_year()


@style.styled
def figure() -> Figure:
    """Predicted CEvNS per year; bands are the range of the other numbers in circulation."""
    shown = [(d, count) for d in detectors() if (count := d.per_year()) is not None]
    figure, grid = style.panels(style.DOUBLE_IN, 0.75 + 0.33 * len(shown))
    axes = grid[0, 0]
    for row, (d, count) in enumerate(shown):
        others = [c for v in d.variants if (c := d.variant(v).per_year()) is not None]
        if others:
            axes.plot(
                [min(count, *others), max(count, *others)],
                [row, row],
                color="#a9c7ea",
                linewidth=5.0,
                solid_capstyle="butt",
                label="With alternative published numbers" if row == 0 else None,
            )
        axes.plot(
            count,
            row,
            "o",
            color=style.ACCENT,
            markersize=6.0,
            label="Predicted" if row == 0 else None,
        )
        if d.published is not None:
            axes.plot(
                d.published,
                row,
                "D",
                color=style.PUBLISHED,
                markerfacecolor="none",
                markersize=7.0,
                markeredgewidth=1.4,
                linestyle="none",
                label="Published" if d.id == "coh-ge-1" else None,
            )
        axes.annotate(
            f"{count:.0f}",
            (1.0, row),
            (30.0, 0.0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
        )
        axes.axhline(row, color="0.88", linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(80.0, 2e4)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(range(len(shown)), [f"{d.title}, {_mass(d.mass_kg)}" for d, _ in shown])
    axes.tick_params(axis="y", which="both", length=0)
    ticks = (100, 1000, 10000)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xlabel("CEvNS recoils above threshold per SNS year")
    axes.legend(loc="upper right", fontsize=7.5)
    y = year(20.0)
    note = (
        f"{y.hours:.0f} h of {y.power_mw:g} MW, full efficiency; published: COHERENT talk 2020; "
        f"prediction: cevns {VERSION}"
    )
    style.caption(axes, "COHERENT detectors", note)
    return figure


def _mass(mass_kg: float) -> str:
    return f"{mass_kg:g} kg" if mass_kg < 1000 else f"{mass_kg / 1000:g} t"
