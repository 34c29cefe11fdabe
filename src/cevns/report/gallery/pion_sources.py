"""Stopped-pion sources: neutrino flux against the rejection by the duty cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.source_numbers import pion_sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]

# label beside its point: offset in points and alignment, so that no two touch
_BESIDE: Final = {
    "sns": (-7.0, -2.5, "right"),
    "sns-upgraded": (7.0, -2.5, "left"),
    "sns-second-target": (7.0, -2.5, "left"),
    "lujan": (0.0, 8.0, "center"),
    "ess": (-7.0, -2.5, "right"),
}
_MERIT: Final[dict[str, Any]] = {"color": "0.72", "linestyle": (0, (5, 3)), "linewidth": 0.8}


def table() -> Table:
    """Beam, neutrinos and duty cycle of every source."""
    rows = tuple(
        (
            s.title,
            s.proton_energy_gev,
            s.power_mw,
            s.rate_hz,
            s.pulse_us,
            s.yield_per_flavour,
            s.neutrinos_per_s / 1e14,
            s.rejection,
            s.source,
            s.memory,
        )
        for s in pion_sources()
    )
    return Table(
        (
            "source",
            "GeV",
            "MW",
            "Hz",
            "pulse / µs",
            "ν per proton and flavour",
            "10¹⁴ ν/s per flavour",
            "rejection",
            "published in",
            "from memory",
        ),
        rows,
        (
            (
                "Rejection is 1/(rate × max(pulse, τ_μ)). Neutrinos per second follow from power, "
                "proton energy and yield. Numbers from memory were not checked against a paper."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Up and to the right is better; dashed lines join equal flux × sqrt(rejection)."""
    from matplotlib.patheffects import withStroke

    figure, grid = style.panels(style.DOUBLE_IN, 3.9)
    axes = grid[0, 0]
    x, y = np.array([8e12, 2e16]), np.array([10.0, 1e5])
    # signal over the root of a steady background, per mass and time, relative to the SNS
    first = pion_sources()[0]
    for merit in (0.01, 0.1, 1.0):
        level = (merit * first.neutrinos_per_s) ** 2 * first.rejection
        axes.plot(x, level / x**2, zorder=0, **_MERIT)
    for s in pion_sources():
        planned, memory = s.state == "planned", "all" in s.memory or "yield" in s.memory
        color = style.FLAVOUR_LINES["nu_mu"][0] if s.id.startswith("sns") else style.ACCENT
        axes.plot(
            s.neutrinos_per_s,
            s.rejection,
            "s" if planned else "o",
            color=color,
            markerfacecolor="white" if memory else color,
            markersize=6.5,
            markeredgewidth=1.3,
        )
        dx, dy, side = _BESIDE.get(s.id, (7.0, -2.5, "left"))
        axes.annotate(
            style.plain(s.title),
            (s.neutrinos_per_s, s.rejection),
            (dx, dy),
            textcoords="offset points",
            ha=side,
            color=color,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*x)
    axes.set_ylim(*y)
    for label, mark, fill in (
        ("Running", "o", "0.4"),
        ("Planned", "s", "0.4"),
        ("Yield from memory", "o", "white"),
    ):
        axes.plot([], [], mark, color="0.4", markerfacecolor=fill, label=label)
    axes.plot([], [], label="Equal flux × √rejection", **_MERIT)
    axes.legend(loc="lower left")
    axes.set_xlabel("Neutrinos per flavour [s$^{-1}$]")
    axes.set_ylabel(r"Duty-cycle rejection, $1/[f\;\mathrm{max}(\Delta t,\,\tau_\mu)]$")
    style.caption(axes, "Stopped-pion sources", f"published beams; rates: cevns {VERSION}")
    return figure
