"""Couplings at which chi is all dark matter, over its mass, and limits that cross them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.expected.relic_line import Relic, RelicPoint

__all__ = ["relic_figure"]

_LINES: Final[dict[str, tuple[str, Any]]] = {
    "scalar": (style.INK, "-"),
    "majorana": ("#2f5fb3", (0, (5, 1.6))),
    "dirac": ("#e42536", (0, (4, 1.2, 1, 1.2))),
    "pseudo-dirac": ("#d98200", (0, (1.2, 1.2))),
}
_KINETIC: Final = r"$Y = \varepsilon^2 \alpha_D (m_\chi/m_V)^4$"
_COUPLINGS: Final = {"epsilon": r"$\varepsilon$", "alpha_b": r"$\alpha_B$"}


@style.styled
def relic_figure(found: Relic) -> Figure:
    """Y of each model against the mass of chi, or the coupling where a portal has no Y.

    Args:
        found: from `cevns.analysis.expected.relic_line.relic`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figure, grid = style.panels(style.SINGLE_IN * 1.35, 3.6)
    axes = grid[0, 0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    kinetic = all(np.isfinite(p.y_dm) for p in found.points)
    for points in found.lines.values():
        _line(axes, points, kinetic)
    given = [p.given.y_dm for p in found.points if p.given is not None]
    if given:
        axes.axhline(given[0], color=style.FAINT, linewidth=0.9, label=f"Y = {given[0]:g}")
    axes.set_xlabel(style.with_unit(r"$m_\chi$", "MeV"))
    names = dict.fromkeys(p.model.portal.coupling for p in found.points)
    axes.set_ylabel(_KINETIC if kinetic else ", ".join(_COUPLINGS[n] for n in names))
    axes.legend(loc="best", handlelength=2.8)
    first = found.points[0]
    ratios = {round(p.pair.ratio, 6) for p in found.points}
    mediators = f"m_V = {first.pair.m_v_mev:g} MeV"
    if len(ratios) == 1:
        mediators = f"m_V = {first.pair.ratio:g} m_chi"
    style.caption(
        axes,
        "Thermal relics, Ωh² = 0.120",
        f"{mediators}, alpha_D = {first.pair.alpha_d:g}; over-abundant below a line; cevns "
        f"{VERSION}",
    )
    return figure


def _line(axes: Axes, points: tuple[RelicPoint, ...], kinetic: bool) -> None:
    order = np.argsort([p.pair.m_chi_mev for p in points])
    mass = [points[k].pair.m_chi_mev for k in order]
    value = [points[k].y_dm if kinetic else points[k].coupling for k in order]
    model = points[0].model
    color, dash = _LINES[model.kind.value]
    wide = 1.3 if model.portal.coupling == "epsilon" else 0.8
    axes.plot(
        mass, value, color=color, linestyle=dash, linewidth=wide, label=model.name,
        marker="o" if len(mass) == 1 else "",
    )  # fmt: skip
