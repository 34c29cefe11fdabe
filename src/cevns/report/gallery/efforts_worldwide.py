"""CEvNS experiments worldwide as the talk of 2021 lists them, with what their files predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from cevns.experiments import load
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery.reactor_results import per_kg_day
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.recoil_thresholds import half_seen_kev
from cevns.reproduction.detector_numbers import year, years
from cevns.sources import SNS
from cevns.sources.reactor import Reactor
from cevns.sources.stopped_pion import StoppedPion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EFFORTS", "Effort", "Line", "figure", "lines", "table"]


@dataclass(frozen=True)
class Effort:
    """A line of the table of the talk.

    Args:
        title: of the experiment.
        technology: as written.
        place: as written.
        source: as written.
        files: experiments of the catalogue.
        said: what another slide of the talk says of it, where one does.
    """

    title: str
    technology: str
    place: str
    source: str
    files: tuple[str, ...]
    said: str = ""


EFFORTS: Final = (
    Effort(
        "COHERENT", "CsI, Ar, Ge, NaI", "USA", "πDAR",
        ("coherent-csi-2021", "coherent-ar-10", "coherent-ge-1", "coherent-nai-3t"),
    ),
    Effort("CCM", "Ar", "USA", "πDAR", ("ccm120", "ccm200"), "10 t, 20 m"),
    Effort(
        "ESS", "CsI, Si, Ge, Xe", "Sweden", "πDAR", ("ess-csi", "ess-si", "ess-ge", "ess-xe")
    ),
    Effort(
        "CONNIE", "Si CCDs", "Brazil", "Reactor", ("connie-2019",),
        "3.8 GW, 32 m, 47.6 g, about 0.1 keVee",
    ),
    Effort(
        "CONUS", "HPGe", "Germany", "Reactor", ("conus-2020",), "3.9 GW, 17 m, 4 kg, about 300 eVee"
    ),
    Effort("MINER", "Ge/Si cryogenic", "USA", "Reactor", ("miner-2025",)),
    Effort(
        "NuCleus", "Cryogenic CaWO4, Al2O3 calorimeter array", "Europe", "Reactor",
        ("nucleus-2026",), "1 g, 10 g, 1 kg",
    ),
    Effort(
        "νGEN", "Ge PPC", "Russia", "Reactor", ("nugen-2021",), "3 GW, 10 m, 1.5 kg, 0.32 keVee"
    ),
    Effort(
        "RED-100", "LXe dual phase", "Russia", "Reactor", ("red-100",),
        "3 GW (with νGEN), 19 m, 100 kg, about 4 electrons",
    ),
    Effort("Ricochet", "Ge, Zn bolometers", "France", "Reactor", ("ricochet-ge", "ricochet-zn")),
    Effort("TEXONO", "p-PCGe", "Taiwan", "Reactor", ("texono-2025",)),
)  # fmt: skip
"""The table of the talk of 2021, in its order."""
_COLORS: Final = {"πDAR": "#2f5fb3", "Reactor": "#d98200"}


@dataclass(frozen=True)
class Line:
    """An experiment file.

    Args:
        effort: of the talk.
        file: name.
        target: material, with what recoils in it.
        power_gw: of a reactor, of several cores each; empty elsewhere.
        mass_kg: of the target.
        distance_m: from the source, of several cores from each.
        half_seen_kev: recoil energy at which half is kept of what is kept at most, keVnr.
        per_kg_day: predicted CEvNS in the region per kg and day of beam or of full power.
    """

    effort: Effort
    file: str
    target: str
    power_gw: str
    mass_kg: float
    distance_m: str
    half_seen_kev: float | None
    per_kg_day: float


def _each(value: float | Sequence[float]) -> str:
    """One number, or those of several cores."""
    values = [value] if isinstance(value, int | float) else value
    return ", ".join(f"{v:g}" for v in values)


def _line(effort: Effort, name: str) -> Line:
    experiment = load(name)
    source, mass = experiment.source, experiment.declaration.target.mass
    assert isinstance(source, Reactor | StoppedPion | SNS)
    if isinstance(source, Reactor):
        daily = per_kg_day(name)
    elif isinstance(source, StoppedPion):
        daily = experiment.prediction() / mass / (source.exposure_h / 24.0)
    else:  # so many protons: scaled to a year of the facility
        days = years(source) * year(source.distance_m).exposure_h / 24.0
        daily = experiment.prediction() / mass / days
    return Line(
        effort, name, experiment.material.name,
        _each(source.power_gw) if isinstance(source, Reactor) else "", mass,
        _each(source.distance_m),
        half_seen_kev(next(iter(experiment.views.values()))), daily,
    )  # fmt: skip


@cache
def lines() -> tuple[Line, ...]:
    """All files, in the order of the talk."""
    return tuple(_line(effort, name) for effort in EFFORTS for name in effort.files)


def table() -> Table:
    """The talk's line of every experiment, and its files with what they predict."""
    rows = tuple(
        (
            line.effort.title, line.effort.technology, line.effort.place, line.effort.source,
            line.effort.said, line.file, line.target, line.power_gw, line.mass_kg, line.distance_m,
            line.half_seen_kev, line.per_kg_day,
        )
        for line in lines()
    )  # fmt: skip
    return Table(
        (
            "experiment", "technology", "location", "source", "on its slide", "file", "target",
            "GW", "kg", "m", "T½ / keVnr", "CEvNS / (kg d)",
        ),
        rows,
        (
            (
                "The first five columns are as written in the talk of 2021, which states that its "
                "list is incomplete. The others are from the experiment files, whose numbers are "
                "those of the papers: CONUS has 3.73 kg at 17.1 m, CONNIE is at 30 m, RED-100 has "
                "130 kg in its sensitive volume at 3.1 GW, MINER's result is one of Al2O3, and "
                "NuCleus begins with 7 g."
            ),
            (
                "Predicted in the region of the file, per kg and day of beam (stopped pions) or of "
                "full power; T½ is the recoil energy at half of the maximum efficiency."
            ),
        ),
        digits=3,
    )  # fmt: skip


@style.styled
def figure() -> Figure:
    """Predicted counts per kg and day of every file; colours are the sources."""
    shown = lines()
    figure, grid = style.panels(style.DOUBLE_IN, 0.9 + 0.22 * len(shown))
    axes = grid[0, 0]
    names = []
    for row, line in enumerate(shown):
        color = _COLORS[line.effort.source]
        axes.plot([1e-4, line.per_kg_day], [row, row], color="0.88", linewidth=0.6, zorder=0)
        axes.plot(line.per_kg_day, row, "o", color=color, markersize=5.0)
        at = line.half_seen_kev
        if at is not None:
            text = f"{at:.3g} keV" if at >= 1.0 else f"{1e3 * at:.3g} eV"
            axes.annotate(
                text, (line.per_kg_day, row), (7.0, 0.0), textcoords="offset points", va="center",
                fontsize=7.0, color=style.FAINT,
            )  # fmt: skip
        alike = [o for o in shown if (o.effort, o.target) == (line.effort, line.target)]
        name = line.effort.title if len(alike) == 1 else line.file.upper()
        names.append(f"{name}, {line.target}")
    axes.set_yticks(range(len(shown)), names, fontsize=7.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.set_xlim(1e-4, 300.0)
    for source, color in _COLORS.items():
        label = "Stopped pions" if source == "πDAR" else source
        axes.plot([], [], "o", color=color, markersize=5.0, label=label)
    axes.legend(loc="upper right", fontsize=7.5)
    axes.set_xlabel("Predicted CEvNS [(kg d)$^{-1}$]")
    note = f"grey: threshold, at half of the maximum efficiency; from the files; cevns {VERSION}"
    style.caption(axes, "CEvNS experiments in the table of the talk of 2021", note)
    return figure
