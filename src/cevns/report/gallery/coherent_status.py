"""Status of COHERENT's detectors: what the experiment files have, beside the table of the talk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from cevns.experiments import load
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.recoil_thresholds import half_seen_kev
from cevns.reproduction.detector_numbers import Detector, detectors, year, years
from cevns.sources import SNS
from cevns.sources.stopped_pion import StoppedPion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Line", "figure", "lines", "table"]

_BESIDE: Final = {
    "coh-csi-1": (8.0, -3.0, "left"),
    "coh-lar-10": (0.0, -13.0, "center"),
    "coh-ge-1": (10.0, 4.0, "left"),
    "coh-nai-2": (-8.0, -11.0, "right"),
    "coh-ar-750": (16.0, 0.0, "left"),
    "coh-cryocsi-1": (0.0, 13.0, "center"),
}
"""Labels beside their marks: offset in points and alignment."""


@dataclass(frozen=True)
class Line:
    """A detector by its experiment file, beside the talk.

    Args:
        detector: as the talks have it.
        target: material of the file, with what recoils in it.
        mass_kg: of the file.
        distance_m: of the file.
        half_seen_kev: recoil energy at which the analysis of the file keeps half of what it keeps
            at most, keVnr; None of a detector of charged currents.
        per_year: counts in the region of the file in a year of 5000 h at 1.4 MW.
        inelastic: whether these are inelastic events and no CEvNS.
    """

    detector: Detector
    target: str
    mass_kg: float
    distance_m: float
    half_seen_kev: float | None
    per_year: float
    inelastic: bool


@cache
def lines() -> tuple[Line, ...]:
    """All detectors, in the order of the talks.

    The count of a file is that of a year of the facility at the distance of the file.
    """
    out = []
    for d in detectors():
        experiment = load(d.experiment)
        view = next(iter(experiment.views.values()))
        source = experiment.source
        assert isinstance(source, SNS | StoppedPion)
        inelastic = isinstance(view.interaction, InelasticChannel)
        out.append(
            Line(
                d,
                experiment.material.name,
                experiment.declaration.target.mass,
                source.distance_m,
                None if inelastic else half_seen_kev(view),
                experiment.prediction() / years(source),
                inelastic,
            )
        )
    return tuple(out)


def table() -> Table:
    """Mass, distance, threshold and counts: of each detector a line of its file and of the talk."""
    rows: list[tuple[str | float | None, ...]] = []
    for line in lines():
        d, talk = line.detector, line.detector.talk_2021
        name = f"{d.title}, {line.target}, {d.technology}"
        rows.append(
            (
                name, d.experiment, line.mass_kg, line.distance_m, line.half_seen_kev,
                line.per_year, d.status,
            )
        )  # fmt: skip
        published = d.published_text or (None if d.published is None else f"{d.published:.0f}")
        since = f"data since {talk.start}" if talk.start else ""
        said = (talk.mass, talk.distance, talk.threshold, published)
        state = "; ".join(filter(None, (since, talk.future)))
        if any(said) or state:
            rows.append((d.title, "talk", *said, state))
    return Table(
        ("detector", "from", "kg", "m", "keVnr", "per year", "state"),
        tuple(rows),
        (
            (
                "Mass, distance and counts are those of the experiment files, the counts in a year "
                "of 5000 h at 1.4 MW, in the region and with the efficiency of the file. keVnr: "
                "the recoil energy at half of the maximum efficiency; the talk does not define "
                "its thresholds."
            ),
            (
                "Talk: K. Scholberg, PANIC 2021, as written; it has two masses for the same NaI. "
                "Published counts: COHERENT talk 2020, which does not state its assumptions."
            ),
            (
                "The counts of heavy water and of the 185 kg of NaI are charged-current events of "
                "nu_e on deuterium and on iodine."
            ),
        ),
        digits=3,
    )  # fmt: skip


@style.styled
def figure() -> Figure:
    """CEvNS a year against the threshold: files, and the numbers of the talks as they stand."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.9)
    axes = grid[0, 0]
    first = True
    for line in lines():
        d, threshold = line.detector, line.half_seen_kev
        if threshold is None:
            continue
        sharp, sharp_kev = d.per_year(), d.recoil_threshold_kev
        assert sharp is not None
        assert sharp_kev is not None
        axes.plot([threshold, sharp_kev], [line.per_year, sharp], color="0.75", zorder=0)
        axes.plot(
            threshold, line.per_year, "o", color=style.ACCENT, markersize=4.5, linestyle="none",
            label="Experiment file, half of the maximum efficiency" if first else None,
        )  # fmt: skip
        axes.plot(
            sharp_kev, sharp, "o", color=style.ACCENT, markerfacecolor="none", markersize=8.5,
            linestyle="none", label="Published sharp threshold, full efficiency" if first else None,
        )  # fmt: skip
        if d.published is not None:
            axes.plot(
                sharp_kev, d.published, "D", color=style.PUBLISHED, markerfacecolor="none",
                markersize=7.5, markeredgewidth=1.3, linestyle="none",
                label="Published" if d.id == "coh-ge-1" else None,
            )  # fmt: skip
        dx, dy, side = _BESIDE.get(d.id, (8.0, 0.0, "left"))
        mass = f"{line.mass_kg:g} kg" if line.mass_kg < 1000 else f"{line.mass_kg / 1000:.3g} t"
        axes.annotate(
            f"{d.title.partition(' (')[0]}, {mass}", (threshold, line.per_year), (dx, dy),
            textcoords="offset points", ha=side, va="center", fontsize=7.5,
        )  # fmt: skip
        first = False
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.4, 60.0)
    axes.set_ylim(60.0, 2e4)
    axes.set_xticks((0.5, 1, 2, 5, 10, 20, 50), ("0.5", "1", "2", "5", "10", "20", "50"))
    axes.set_yticks((100, 1000, 10000), ("100", "1000", "10000"))
    axes.set_xlabel("Threshold as recoil energy [keVnr]")
    axes.set_ylabel("CEvNS counts per SNS year")
    axes.legend(loc="upper left", fontsize=7.5)
    y = year(20.0)
    note = f"{y.hours:.0f} h of {y.power_mw:g} MW; published: COHERENT talk 2020; cevns {VERSION}"
    style.caption(axes, "COHERENT detectors according to their experiment files", note)
    return figure
