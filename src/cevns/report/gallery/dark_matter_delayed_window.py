"""What the delayed neutrinos give to a search for dark matter in the beam pulse: limits in CsI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.dark_beams import LIMITS_FROM, Y_UNIT, carried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from cevns.typing import Array

__all__ = ["MASSES_MEV", "figure", "limits", "table"]

CARRIED = LIMITS_FROM

MASSES_MEV: Final = (10.0, 30.0)
_LOOK: Final[dict[str, dict[str, Any]]] = {
    "all": {"color": "#2f5fb3"},
    "early": {"color": "#e42536"},
}
_TITLE: Final = {"all": "all times", "early": "before 0.75 µs"}
_DASH: Final[dict[str, Any]] = {"observed": "-", "expected": (0, (4, 2))}


def limits() -> Mapping[str, Array]:
    """Limits on Y against the error of the neutrino flux, by mass, data and kind."""
    return carried("dark-matter-delayed", "flux_error")


def table() -> Table:
    """Limits with and without the data after 0.75 us."""
    found = limits()
    rows: list[tuple[str | float | None, ...]] = []
    for m in MASSES_MEV:
        parts = {
            (which, what): found[f"{m:g} MeV {which} {what}"] for which in _LOOK for what in _DASH
        }
        for k, error in enumerate(parts["all", "observed"][:, 0].tolist()):
            row: list[str | float] = [m, f"{100.0 * error:g} %"]
            for what in _DASH:
                whole, early = parts["all", what][k, 1], parts["early", what][k, 1]
                row += [float(whole), float(early), float(early / whole)]
            rows.append(tuple(row))
    return Table(
        (
            "m_chi, MeV",
            "error of the flux",
            "observed",
            "without t > 0.75 us",
            "ratio",
            "expected",
            "without t > 0.75 us (expected)",
            "ratio (expected)",
        ),
        tuple(rows),
        (
            (
                "90 % limits on Y, decays of pi0 alone, m_V = 3 m_chi, alpha_D = 0.5; the "
                "published error of the flux is 10 %. Events are proportional to the square of Y."
            ),
            (
                "Without the later data the likelihood has the same constraints: those of the "
                "flux, the steady background (from its own sample), neutrons, the detector and "
                "the mean time of the pulse."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Limits against the error of the flux, with all data and with those of the pulse."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 2)
    found = limits()
    for axes, m in zip(grid[0], MASSES_MEV, strict=True):
        for which, look in _LOOK.items():
            for what, dash in _DASH.items():
                error, y = found[f"{m:g} MeV {which} {what}"].T
                label = f"{style.sentence(what)}, {_TITLE[which]}"
                axes.plot(error, 1e11 * y, linestyle=dash, label=label, **look)
        axes.axvline(0.1, color=style.FAINT, linewidth=0.8, linestyle=":")
        axes.set_xscale("log")
        axes.set_xlim(0.01, 1.0)
        axes.set_ylim(0.0, None)
        ticks = (0.01, 0.03, 0.1, 0.3, 1.0)
        axes.set_xticks(ticks, [f"{100.0 * t:g} %" for t in ticks])
        axes.set_xlabel("Error of the neutrino flux")
        axes.text(0.96, 0.06, rf"$m_\chi$ = {m:g} MeV", transform=axes.transAxes, ha="right")
    grid[0, 0].set_ylabel(rf"90 % limit on {Y_UNIT} [$10^{{-11}}$]")
    grid[0, 1].legend(loc="lower left")
    style.caption(
        grid[0, 0], "Constraint from the delayed window",
        f"data: arXiv:2110.07730; dotted: the error of the file; cevns {VERSION}",
    )  # fmt: skip
    return figure
