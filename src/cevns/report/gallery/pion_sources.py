"""Stopped-pion sources: neutrino flux against the rejection by the duty cycle."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources.facilities.pion_facility import Facility, facilities
from cevns.sources.stopped_pion import StoppedPion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AREA_PER_MW", "figure", "table"]

AREA_PER_MW: Final = 55.0
"""Area of a marker, square points per MW."""
_REFERENCE: Final = "sns-2013-23"
_UPGRADES: Final = ("sns-2013-23", "sns-ppu", "sns-sts")
# label beside its point: offset in points and alignment, so that no two touch
_BESIDE: Final = {
    "sns-2013-23": (-7.0, -3.0, "right"),
    "sns-2023": (0.0, -14.0, "center"),
    "sns-ppu": (9.0, -4.0, "left"),
    "sns-fts-with-sts": (8.0, 2.0, "left"),
    "sns-sts": (-2.0, 7.0, "center"),
    "mlf": (7.0, 5.0, "left"),
    "csns-2": (-7.0, -3.0, "right"),
    "ess": (11.0, -3.0, "left"),
}
_SHORT: Final = {
    "proton_energy_gev": "GeV",
    "power_mw": "MW",
    "repetition_hz": "Hz",
    "hours": "hours",
    "pulse": "pulse",
    "pulse_fwhm_us": "pulse",
    "bunches": "pulse",
    "bunch_spacing_us": "pulse",
    "yield_per_flavour": "yield",
    "yield_models": "models",
}
"""What a table calls the fields of a facility."""
_MERIT: Final[dict[str, Any]] = {"color": "0.72", "linestyle": (0, (5, 3)), "linewidth": 0.8}
_YES: Final = style.ACCENT
_NO: Final = style.FLAVOUR_LINES["nu_mu"][0]


def _at(name: str, yield_per_flavour: float | None = None) -> StoppedPion:
    """A facility; what is asked of it does not depend on distance and hours."""
    return StoppedPion(20.0, name, hours=1.0, yield_per_flavour=yield_per_flavour)


def table() -> Table:
    """Beam, neutrinos, duty factor and figure of merit of every facility."""
    first = _at(_REFERENCE).figure_of_merit
    rows = []
    for name, known in facilities().items():
        s = _at(name)
        rows.append(
            (
                known.title,
                known.state,
                s.proton_energy_gev,
                s.power_mw,
                s.repetition_hz,
                s.after(()).length_us,
                known.target,
                s.yield_per_flavour,
                s.flux20_cm2_s / 1e7,
                1e4 * s.duty,
                s.figure_of_merit / first,
                known.source,
                ", ".join(dict.fromkeys(_SHORT[field] for field in known.memory)),
            )
        )
    return Table(
        (
            "source",
            "state",
            "GeV",
            "MW",
            "Hz",
            "pulse / µs",
            "target",
            "ν per proton and flavour",
            "10⁷ ν/cm²/s per flavour at 20 m",
            "duty / 10⁻⁴",
            "figure of merit",
            "published in",
            "from memory",
        ),
        tuple(rows),
        (
            (
                "The duty factor is repetition × (pulse train + τ_μ); 'pion-decay' has that of a "
                "window of 6 µs in which an analysis counts, 3.6e-4 for the SNS. The figure of "
                "merit is the "
                "flux squared over the duty factor, relative to the SNS of 2013 to 2023: the "
                "inverse of the time to a given significance if a steady background dominates. "
                "Beam neutrons are not included. The yield of J-PARC is measured, "
                "0.485 ± 0.17; hadron models give 0.26 to 0.35. Numbers from memory were not "
                "checked against a paper."
            ),
        ),
        digits=3,
    )


def _ranges(axes: Axes, name: str, known: Facility, y: float) -> None:
    """Error of a measured yield, and what hadron models give."""
    if known.yield_error is not None:
        s = _at(name)
        per = s.flux20_cm2_s / (s.emitted / s.protons)
        axes.errorbar(s.flux20_cm2_s, y, xerr=per * known.yield_error, color=_YES, capsize=2.0)
        low, high = (_at(name, m).flux20_cm2_s for m in known.yield_models)
        axes.plot([low, high], [y / 1.25] * 2, color=style.FAINT, linewidth=2.2)
        axes.annotate(
            "hadron models",
            (low, y / 1.25),
            (-3.0, -3.0),
            textcoords="offset points",
            ha="right",
            color=style.FAINT,
            fontsize=7.0,
        )


@style.styled
def figure() -> Figure:
    """Up and to the right is better; dashed lines join equal flux²/duty."""
    from matplotlib.patheffects import withStroke

    figure, grid = style.panels(style.DOUBLE_IN, 4.3)
    axes = grid[0, 0]
    sources = {name: _at(name) for name in facilities()}
    flux = {name: s.flux20_cm2_s for name, s in sources.items()}
    rejection = {name: 1.0 / s.duty for name, s in sources.items()}
    x, y = np.array([2e5, 4e8]), np.array([5.0, 1e5])
    first = sources[_REFERENCE].figure_of_merit
    for merit in (0.01, 0.1, 1.0):
        axes.plot(x, merit * first / x**2, zorder=0, **_MERIT)
        end = np.sqrt(merit * first / 6e4)
        axes.annotate(
            f"{merit:g}", (end, 6e4), (2.0, 0.0), textcoords="offset points", color=style.FAINT
        )
    for begin, end in itertools.pairwise(_UPGRADES):
        axes.annotate(
            "",
            (flux[end], rejection[end]),
            (flux[begin], rejection[begin]),
            arrowprops={"arrowstyle": "->", "color": style.INK, "shrinkA": 5.0, "shrinkB": 5.0},
        )
    colors = [_YES if s.prompt_separates else _NO for s in sources.values()]
    planned = [known.state != "running" for known in facilities().values()]
    axes.scatter(
        list(flux.values()),
        list(rejection.values()),
        s=[AREA_PER_MW * (s.power_mw or 0.0) for s in sources.values()],
        facecolors=["white" if p else c for p, c in zip(planned, colors, strict=True)],
        edgecolors=colors,
        linewidths=1.3,
        zorder=3,
        label="data",
    )
    for (name, known), color in zip(facilities().items(), colors, strict=True):
        _ranges(axes, name, known, rejection[name])
        dx, dy, side = _BESIDE.get(name, (7.0, -3.0, "left"))
        axes.annotate(
            style.plain(known.title),
            (flux[name], rejection[name]),
            (dx, dy),
            textcoords="offset points",
            ha=side,
            color=color,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=4,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*x)
    axes.set_ylim(*y)
    handles = [
        axes.plot([], [], "o", color=_YES, label="Prompt separates from delayed")[0],
        axes.plot([], [], "o", color=_NO, label="Pulse too long for that")[0],
        axes.plot([], [], "o", color="0.4", markerfacecolor="white", label="Planned or not built")[
            0
        ],
        *(
            axes.scatter([], [], s=AREA_PER_MW * power, color="0.6", label=f"{power:g} MW")
            for power in (0.1, 1.0, 5.0)
        ),
        axes.plot([], [], label="Equal flux$^2$/duty (SNS 2013-23: 1)", **_MERIT)[0],
    ]
    axes.legend(handles=handles, loc="lower left", labelspacing=0.55)
    axes.set_xlabel(r"Neutrinos per flavour at 20 m [cm$^{-2}$ s$^{-1}$]")
    axes.set_ylabel(r"Background rejection, 1/duty = $1/[f\,(\Delta t + \tau_\mu)]$")
    style.caption(axes, "Stopped-pion sources", f"published beams; rates: cevns {VERSION}")
    return figure
