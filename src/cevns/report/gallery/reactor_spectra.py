"""Antineutrinos of a reactor: what they are from, and the named spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns import registry
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources.fission.core import PWR
from cevns.sources.fission.ibd import THRESHOLD_MEV, cross_section_cm2
from cevns.sources.fission.tabulation import ISOTOPES, capture, tabulated
from cevns.sources.reactor import Reactor
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "CAPTURES",
    "OWN",
    "OWN_TOTAL",
    "OWN_WITH_CAPTURES",
    "SPECTRA",
    "figure",
    "parts",
    "table",
    "totals",
]

_PACKAGE: Final = "cevns.sources.reactor_spectra"
SPECTRA: Final = (
    "hm-bestiole",
    "hm",
    "bestiole",
    "vogel-engel",
    "kopeikin",
    "silaeva",
    "hm-dayabay",
)
CAPTURES: Final = 0.6
"""Captures of neutrons on U-238 per fission of a power reactor."""
OWN: Final = {
    "hm-bestiole": ((6.189, 6.65), (7.213, 10.14), (5.512, 4.36), (6.212, 6.07)),
    "bestiole": ((6.077, 6.19), (7.161, 9.91), (5.500, 4.44), (6.256, 6.52)),
    "vogel-engel": ((5.672, 6.53), (6.606, 9.23), (5.080, 4.24), (5.932, 6.05)),
}
"""By isotope antineutrinos per fission, and the yield of inverse beta decay in 1e-43 cm2 per
fission, of an independent program."""
OWN_TOTAL: Final = {"hm-bestiole": 6.07, "bestiole": 6.00, "vogel-engel": 5.59, "kopeikin": 6.67}
"""Antineutrinos per fission of a pressurised-water reactor, of the same program; captures are in
that of Kopeikin alone."""
OWN_WITH_CAPTURES: Final = 7.27
"""The same of the default spectra, with captures."""
_TITLES: Final = {
    "u235": "$^{235}$U",
    "u238": "$^{238}$U",
    "pu239": "$^{239}$Pu",
    "pu241": "$^{241}$Pu",
    "U-239": "$^{239}$U, capture",
    "Np-239": "$^{239}$Np, capture",
}
_PARTS: Final[dict[str, tuple[str, Any]]] = {
    "u235": ("#2f5fb3", "-"),
    "pu239": ("#e42536", (0, (5, 1.6))),
    "u238": ("#d98200", (0, (4, 1.2, 1, 1.2))),
    "pu241": ("#964a8b", (0, (1.2, 1.2))),
    "U-239": ("#3f8f5b", "-"),
    "Np-239": ("#3f8f5b", (0, (2.5, 1))),
}
_SHARP: Final[dict[str, tuple[str, Any]]] = {
    "hm": ("#6f6f76", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    "bestiole": ("#2f5fb3", "-"),
    "vogel-engel": ("#3f8f5b", (0, (2.5, 1))),
    "kopeikin": ("#e42536", (0, (5, 1.6))),
    "silaeva": ("#d98200", (0, (4, 1.2, 1, 1.2))),
    "hm-dayabay": ("#964a8b", "-"),
}
_END_MEV: Final = 12.5
_MIDDLES: Final = (np.arange(12500) + 0.5) * 1e-3


def _site(name: str) -> Reactor:
    return Reactor(power_gw=1.0, distance_m=10.0, live_time_d=1.0, spectra=name)


def parts(energy_mev: Array) -> dict[str, Array]:
    """Antineutrinos per fission and MeV of the default reactor, by what they are from.

    Args:
        energy_mev: antineutrino energies, MeV.

    Returns:
        Of each isotope, times its fraction of the fissions, and of both decays after a capture.
    """
    model = registry.load(_PACKAGE, "reactor spectrum", SPECTRA[0]).MODEL
    fissions = tabulated(model).by_isotope(energy_mev)
    out = {i: PWR[i] * row for i, row in zip(ISOTOPES, fissions, strict=True)}
    captured = CAPTURES * capture().by_isotope(energy_mev)
    return out | dict(zip(("U-239", "Np-239"), captured, strict=True))


def totals(name: str) -> tuple[tuple[float, float], ...]:
    """Antineutrinos per fission and yield of inverse beta decay, 1e-43 cm2, by isotope.

    Sums over ten thousand steps of 1 keV; the steps of the spectra lie on their edges.

    Args:
        name: of the spectra.
    """
    rows = tabulated(registry.load(_PACKAGE, "reactor spectrum", name).MODEL).by_isotope(_MIDDLES)
    number = 1e-3 * rows.sum(axis=1)
    by_ibd = 1e40 * (rows * cross_section_cm2(_MIDDLES)).sum(axis=1)
    return tuple(zip(number.tolist(), by_ibd.tolist(), strict=True))


def table() -> Table:
    """Antineutrinos per fission and yields of every spectrum, an independent program beside."""
    rows: list[tuple[str | float | None, ...]] = []
    for name in SPECTRA:
        model = registry.load(_PACKAGE, "reactor spectrum", name).MODEL
        found = totals(name)
        if not model.mixed:
            nothing = [(None, None)] * len(ISOTOPES)
            for isotope, ours, own in zip(ISOTOPES, found, OWN.get(name, nothing), strict=True):
                rows.append((name, _plain(isotope), ours[0], own[0], ours[1], own[1]))
        mixed = [sum(PWR[i] * f[k] for i, f in zip(ISOTOPES, found, strict=True)) for k in (0, 1)]
        rows.append((name, "reactor", mixed[0], OWN_TOTAL.get(name), mixed[1], None))
        if not model.with_capture:
            whole = _site(name).antineutrinos_per_fission
            beside = OWN_WITH_CAPTURES if name == SPECTRA[0] else None
            rows.append((name, "reactor, with captures", whole, beside, None, None))
    fractions = ", ".join(f"{_plain(i)} {f:g}" for i, f in PWR.items())
    return Table(
        (
            "spectra",
            "of",
            "ν̄ per fission",
            "own",
            "IBD yield / 10⁻⁴³ cm²",
            "own yield",
        ),
        tuple(rows),
        (
            (
                "Own: an independent program with the same tables and the same cross section of "
                "inverse beta decay. It has no numbers for hm, silaeva and hm-dayabay. Published "
                "yields of Huber and Mueller, from memory: 6.69, 10.1, 4.40, 6.03."
            ),
            (
                f"Reactor: fractions of fissions {fractions}; captures on U-238 {CAPTURES:g} per "
                "fission, each with two antineutrinos. They are included in Kopeikin's spectrum."
            ),
        ),
    )


def _plain(isotope: str) -> str:
    """U-235 of u235."""
    return f"{isotope[:-3].capitalize()}-{isotope[-3:]}"


@style.styled
def figure() -> Figure:
    """Above the default reactor by parts; below the named spectra relative to it.

    With captures all of them; where a spectrum ends, so does its line.
    """
    figure, grid = style.panels(style.DOUBLE_IN, 5.2, 2, 1, sharex=True, height_ratios=(1.7, 1.0))
    above, below = grid[:, 0]
    energy = np.linspace(0.0, _END_MEV, 2501) + 1e-6  # within the last panel of the tables
    energy = energy[energy < _END_MEV]
    found = parts(energy)
    total = np.sum(list(found.values()), axis=0)
    above.plot(energy, total, color=style.INK, linewidth=1.6, label="Total")
    for name, row in found.items():
        color, dash = _PARTS[name]
        shown = np.where(row > 0.0, row, np.nan)
        above.plot(energy, shown, color=color, linestyle=dash, label=_TITLES[name])
    above.set_yscale("log")
    above.set_ylim(1e-7, 20.0)
    above.set_ylabel(r"$\bar{\nu}_e$ per fission and MeV")
    above.legend(loc="upper right", ncols=2)
    _ratios(below, energy, total)
    for axes in (above, below):
        axes.axvline(THRESHOLD_MEV, color=style.FAINT, linestyle=":", linewidth=1.0, zorder=0)
    above.annotate(
        f"IBD threshold\n{THRESHOLD_MEV:.2f} MeV",
        (THRESHOLD_MEV, 2e-7),
        (4.0, 0.0),
        textcoords="offset points",
        color=style.FAINT,
        fontsize=7.5,
    )
    below.set_xlim(0.0, _END_MEV)
    below.set_xlabel("Antineutrino energy [MeV]")
    note = (
        "isotopes times their fractions of fissions, 0.6 captures on $^{238}$U per fission; "
        f"spectra: hm-bestiole, cevns {VERSION}"
    )
    style.caption(above, "Antineutrinos of a power reactor", note)
    return figure


def _ratios(axes: Axes, energy: Array, total: Array) -> None:
    axes.axhline(1.0, color=style.INK, linewidth=1.0, label=SPECTRA[0])
    for name in SPECTRA[1:]:
        site = _site(name)
        inside = energy < site.end_point_mev("nubar_e")
        color, dash = _SHARP[name]
        ratio = np.where(inside, site.emission(energy) / total, np.nan)
        axes.plot(energy, ratio, color=color, linestyle=dash, linewidth=1.1, label=name)
    axes.set_ylim(0.25, 1.6)
    axes.set_ylabel("Ratio to hm-bestiole", fontsize=8.0)
    axes.legend(loc="lower right", fontsize=6.5, labelspacing=0.2)
