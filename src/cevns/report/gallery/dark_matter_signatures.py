"""Dark matter from the SNS beam in CsI beside CEvNS and neutrons: time, energy and angle."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.analysis.question import place
from cevns.analysis.studies.dark_exclusion import with_dark_source
from cevns.experiments import load
from cevns.rates import recoil_spectrum
from cevns.rates.recoil_angles import RecoilAngles
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts import dark_beams
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources.sns import SNS
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MASSES_MEV", "figure", "table"]

CARRIED = dark_beams.LIMITS_FROM

MASSES_MEV: Final = (1.0, 10.0, 40.0)
_EXPERIMENT: Final = "coherent-csi-2021-dm"
_MASS_KG: Final = 14.6
_THRESHOLD_KEV: Final = 9.0
_T0_US: Final = 0.474
_WINDOW: Final = slice(2, 6)
"""Cells of the time axis from 0.25 to 0.75 us."""
_EARLY: Final = 6
_DARK: Final[dict[float, dict[str, Any]]] = {
    1.0: {"color": "#964a8b", "linestyle": (0, (1.2, 1.2))},
    10.0: {"color": "#e42536", "linestyle": "-"},
    40.0: {"color": "#d98200", "linestyle": (0, (5, 1.6))},
}
_PROMPT: Final[dict[str, Any]] = {"color": "#2f5fb3", "linestyle": (0, (4, 1.2, 1, 1.2))}
_DELAYED: Final[dict[str, Any]] = {"color": "#3f8f5b", "linestyle": (0, (6, 2))}
_COSINES: Final = np.linspace(0.0, 1.0, 26)


class _Prompt(SNS):
    """The neutrinos of the pion alone."""

    @property
    def flavours(self) -> tuple[str, ...]:
        return ("nu_mu",)


class _Delayed(SNS):
    """Those of the muon."""

    @property
    def flavours(self) -> tuple[str, ...]:
        return "nu_e", "nubar_mu"


_NEUTRINOS: Final = {
    "prompt": _Prompt(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848),
    "delayed": _Delayed(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848),
}


@cache
def _limits() -> tuple[Array, Array]:
    """Masses and observed limits on Y."""
    points = dark_beams.carried("dark-matter-pi0", "m_chi")["observed"]
    return points[:, 0], points[:, 1]


def _y_limit(m_chi_mev: float) -> float:
    mass, y = _limits()
    return float(np.exp(np.interp(np.log(m_chi_mev), np.log(mass), np.log(y))))


@cache
def _cells(m_chi_mev: float) -> dict[str, Array]:
    """Counts of the components in cells of PE and time, chi at its limit."""
    at = {"m_chi": m_chi_mev, "mass_ratio": 3.0, "y_dm": _y_limit(m_chi_mev)}
    placed = with_dark_source(load(_EXPERIMENT), "dark-photon")
    placed, held = place(placed, at)
    model = placed.model(tuple(held))
    found = model.components(model.parameters.at(held).values)
    return {name: counts.reshape(model.channels[0].cells) for name, counts in found.items()}


@cache
def _edges() -> tuple[Array, Array]:
    """Of the PE axis and the time axis, us."""
    view = next(iter(load(_EXPERIMENT).views.values()))
    assert view.time_edges is not None
    axis = load(_EXPERIMENT).declaration.axes.energy
    assert axis is not None
    return np.asarray(axis.edges, dtype=float), view.time_edges


def _recoils(m_chi_mev: float, recoil_kev: Array) -> dict[str, Array]:
    """Of chi at its limit, counts per keV in the exposure, by its bands."""
    process = dark_beams.chi(m_chi_mev)
    return recoil_spectrum(
        dark_beams.beam(m_chi_mev), "CsI", _MASS_KG, recoil_kev, interaction=process,
        values={"y_dm": _y_limit(m_chi_mev)},
    )  # fmt: skip


def _neutrino_recoils(which: str, recoil_kev: Array) -> Array:
    found = recoil_spectrum(_NEUTRINOS[which], "CsI", _MASS_KG, recoil_kev)
    total: Array = np.sum(list(found.values()), axis=0)
    return total


def _arrival(m_chi_mev: float, time_us: Array) -> Array:
    """Density of the arrival times of recoils above the threshold, 1/us."""
    recoil = np.geomspace(_THRESHOLD_KEV, 120.0, 200)
    found = _recoils(m_chi_mev, recoil)
    size = {name: float(np.trapezoid(rate, recoil)) for name, rate in found.items()}
    source = dark_beams.beam(m_chi_mev)
    parts = [n * source.time_pdf(name, time_us, _T0_US) for name, n in size.items()]
    total: Array = np.sum(parts, axis=0) / sum(size.values())
    return total


def _mean_recoil(recoil_kev: Array, rate: Array) -> float:
    return float(np.trapezoid(rate * recoil_kev, recoil_kev) / np.trapezoid(rate, recoil_kev))


@cache
def _angles(which: str) -> RecoilAngles:
    return RecoilAngles(_NEUTRINOS[which], "CsI", _MASS_KG, threshold_kev=_THRESHOLD_KEV)


def _median_deg(share: Array) -> float:
    below = np.append(0.0, np.cumsum(share))
    return float(np.degrees(np.arccos(np.interp(0.5, below, np.linspace(0.0, 1.0, below.size)))))


def table() -> Table:
    """Counts at the limit, and how recoils come: when, how large, and where to."""
    recoil = np.geomspace(_THRESHOLD_KEV, 150.0, 600)
    fine = np.linspace(0.0, 1.0, 401)
    rows: list[tuple[str | float | None, ...]] = []
    for m in MASSES_MEV:
        cells = _cells(m)["dm"]
        rate = np.sum(list(_recoils(m, recoil).values()), axis=0)
        rows.append((
            f"chi of {m:g} MeV, Y = {_y_limit(m):.2e}", float(cells.sum()),
            float(cells[:, :_EARLY].sum() / cells.sum()), _mean_recoil(recoil, rate),
            _median_deg(dark_beams.recoil_angles(m, fine, _THRESHOLD_KEV)),
            dark_beams.mean_delay_ns(m, _THRESHOLD_KEV),
        ))  # fmt: skip
    parts = _cells(10.0)
    early = float(parts["cevns"][:, :_EARLY].sum() / parts["cevns"].sum())
    rows.append(("CEvNS, all", float(parts["cevns"].sum()), early, None, None, None))
    for which in _NEUTRINOS:
        rate = _neutrino_recoils(which, recoil)
        mean = _mean_recoil(recoil, rate)
        rows.append((f"CEvNS, {which}", None, None, mean, _angles(which).median_deg, None))
    for name, title in (("brn", "neutrons of the beam"), ("nin", "neutrons of neutrinos")):
        share = float(parts[name][:, :_EARLY].sum() / parts[name].sum())
        rows.append((title, float(parts[name].sum()), share, None, None, None))
    return Table(
        (
            "what",
            "events to 250 PE",
            "share before 0.75 us",
            "mean recoil above 9 keVnr, keV",
            "median angle above 9 keVnr, degrees",
            "mean delay above 9 keVnr, ns",
        ),
        tuple(rows),
        (
            (
                "Chi at the observed 90 % limit of the CsI data for decays of pi0, a complex "
                "scalar with m_V = 3 m_chi and alpha_D = 0.5; events after efficiency, in 14.6 kg "
                "and 13.99 GWh."
            ),
            (
                "Angles are those to the line of sight from the target, without any detector; "
                "the direction of neutrons is not known, so they have none."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Arrival time, recoil energy, photoelectrons in the pulse, and angle."""
    figure, grid = style.panels(style.DOUBLE_IN, 5.4, 2, 2)
    _times(grid[0, 0])
    _energies(grid[0, 1])
    _photoelectrons(grid[1, 0])
    _cosines(grid[1, 1])
    style.caption(
        grid[0, 0],
        "Dark matter from the beam in CsI",
        f"chi at the observed limit, pi0 alone; cevns {VERSION}",
    )
    return figure


def _times(axes: Axes) -> None:
    time = np.linspace(0.0, 2.0, 500)
    for m in (10.0, 40.0):
        axes.plot(time, _arrival(m, time), label=rf"$\chi$, {m:g} MeV", **_DARK[m])
    for which, look in (("prompt", _PROMPT), ("delayed", _DELAYED)):
        source = _NEUTRINOS[which]
        pdf = source.time_pdf(source.flavours[0], time, _T0_US)
        axes.plot(time, pdf, label=f"CEvNS, {which}", **look)
    edges = _edges()[1]
    counts = _cells(10.0)["brn"].sum(axis=0)
    density = counts / counts.sum() / np.diff(edges)
    axes.stairs(density, edges, fill=True, color=style.STEADY_FILL, label="Neutrons")
    axes.set_xlim(0.0, 2.0)
    axes.set_ylim(0.0, 3.3)
    axes.set_xlabel("Arrival time [µs]")
    axes.set_ylabel("Share per µs")
    axes.legend(loc="upper right")


def _energies(axes: Axes) -> None:
    recoil = np.geomspace(0.5, 100.0, 400)
    for m in MASSES_MEV:
        rate = np.sum(list(_recoils(m, recoil).values()), axis=0)
        axes.plot(recoil, rate, label=rf"$\chi$, {m:g} MeV", **_DARK[m])
    for which, look in (("prompt", _PROMPT), ("delayed", _DELAYED)):
        axes.plot(recoil, _neutrino_recoils(which, recoil), label=f"CEvNS, {which}", **look)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.5, 100.0)
    axes.set_ylim(1e-3, 1e3)
    axes.set_xlabel("Recoil energy [keVnr]")
    axes.set_ylabel("Recoils per keVnr")
    axes.legend(loc="lower left")


def _photoelectrons(axes: Axes) -> None:
    edges, _ = _edges()
    width = np.diff(edges)

    def within(name: str, m: float = 10.0) -> Array:
        found: Array = _cells(m)[name][:, _WINDOW].sum(axis=1) / width
        return found

    neutrons = within("brn") + within("nin")
    axes.stairs(within("ssb"), edges, baseline=None, color=style.FAINT, label="Steady background")
    axes.stairs(within("cevns"), edges, baseline=None, **_PROMPT, label="CEvNS")
    axes.stairs(neutrons, edges, fill=True, color=style.STEADY_FILL, label="Neutrons", zorder=0.5)
    for m in MASSES_MEV:
        axes.stairs(within("dm", m), edges, baseline=None, label=rf"$\chi$, {m:g} MeV", **_DARK[m])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(6.0, 250.0)
    axes.set_ylim(1e-4, 2e3)
    axes.set_xlabel("PE, 0.25 to 0.75 µs")
    axes.set_ylabel("Events per PE")
    axes.legend(loc="upper right", ncols=2)


def _cosines(axes: Axes) -> None:
    width = np.diff(_COSINES)
    for m in MASSES_MEV:
        share = dark_beams.recoil_angles(m, _COSINES, _THRESHOLD_KEV)
        axes.stairs(share / width, _COSINES, baseline=None, label=rf"$\chi$, {m:g} MeV", **_DARK[m])
    for which, look in (("prompt", _PROMPT), ("delayed", _DELAYED)):
        counts = _angles(which).counts(_COSINES)
        axes.stairs(
            counts / counts.sum() / width, _COSINES, baseline=None, label=f"CEvNS, {which}", **look
        )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, None)
    axes.set_xlabel("Cosine of recoil and line of sight, above 9 keVnr")
    axes.set_ylabel("Share per unit")
    axes.legend(loc="upper left")
