"""The neutrino fog: index over masses and cross sections, floors, limits of experiments."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.fog import NeutrinoFog
    from cevns.analysis.fog.floors import FloorCurve
    from cevns.analysis.fog.limit_curves import LimitCurve
    from cevns.typing import Array

__all__ = ["fog_figure"]

_LEVELS: Final = tuple(np.round(np.arange(1.0, 4.01, 0.1), 2))
_TOLD: Final = (2.5, 3.0)
"""Indices with a line of their own in a map."""
_ABOVE, _BELOW = 100.0, 30.0
"""Of what a figure without a map shows beyond its floors, as a factor."""
_LIMIT_COLORS: Final = (
    "#e42536", "#d98200", "#3f8f5b", "#964a8b", "#0e7c86", "#8c5a2b", "#d6589f", "#5a6b00",
)  # fmt: skip
_DASHES: Final[dict[str, tuple[Any, ...]]] = {
    "limit": ("-", (0, (8, 1.3)), (0, (8, 1.3, 1.3, 1.3)), (0, (8, 1.3, 1.3, 1.3, 1.3, 1.3))),
    "projection": ((0, (3, 1.5)), (0, (3, 1.5, 1, 1.5))),
    "floor": ((0, (1, 1)), (0, (1, 2.2))),
    "region": ("-",),
}
"""Dashes of each kind of curve; the next one where its colours are used up."""
_ORDER: Final = tuple(_DASHES)
_KIND_TEXT: Final = {
    "limit": "",
    "projection": ", projected",
    "floor": ", floor",
    "region": ", region",
}
_COLUMNS: Final = 4
_LEGEND_ROW_IN: Final = 0.145


@style.styled
def fog_figure(found: NeutrinoFog) -> Figure:
    """Cross section against mass: map of n where there is one, the floor, and the rest.

    Args:
        found: from `cevns.analysis.fog.neutrino_fog`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    inside, outside = _shown(found)
    entries = 1 + len(inside) + len(found.limits) + (found.billard is not None)
    rows = -(-(entries + (found.one_event is not None)) // _COLUMNS)
    wide = style.DOUBLE_IN if entries > 5 or found.index_map is not None else 1.5 * style.SINGLE_IN
    figure, grid = style.panels(wide, 3.6 + _LEGEND_ROW_IN * rows)
    axes = grid[0, 0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    floor = found.floor
    one = floor.mass_gev.size == 1
    if found.index_map is not None and not one and found.index_map.cross_section_cm2.size > 1:
        _map(figure, axes, found)
    marker = "o" if one else ""
    axes.plot(
        *_line(floor), color=style.INK, linewidth=2.0, marker=marker,
        label="Floor, $n = 2$", zorder=5,
    )  # fmt: skip
    if found.billard is not None:
        curve = found.billard.curve
        axes.plot(
            *_line(curve), color=style.FAINT, linestyle=(0, (4, 1.5)),
            marker=marker, label="As arXiv:1307.5458", zorder=4,
        )  # fmt: skip
    if found.one_event is not None:
        axes.plot(
            *_line(found.one_event), color=style.FAINT,
            linestyle=":", marker=marker, label="2.3 WIMPs, 1 neutrino", zorder=4,
        )  # fmt: skip
    for k, (exposure, curve) in enumerate(found.limits.items()):
        axes.plot(
            *_line(curve), color=style.ACCENT, marker=marker,
            linestyle=(0, (6, 1.2, *(1, 1.2) * (k + 1))), linewidth=1.1, zorder=4,
            label=rf"3$\sigma$, {exposure:g} t yr",
        )  # fmt: skip
    _limits(axes, inside)
    low, high = _masses(found)
    axes.set_xlim(low, high)
    if (ends := _cross_sections(found)) is not None:
        axes.set_ylim(*ends)
    axes.set_xlabel(style.with_unit("WIMP mass", "GeV"))
    spin = found.case.spin
    symbol = r"$\sigma_\mathrm{SI}$ on a nucleon"
    if spin is not None:
        symbol = rf"$\sigma_\mathrm{{SD}}$ on a {spin}"
    axes.set_ylabel(style.with_unit(symbol, "cm2"))
    names = ", ".join(curve.title for curve in outside)
    title = textwrap.fill(f"Outside of the frame: {names}", 110) if outside else None
    legend = figure.legend(
        loc="outside lower left", ncols=_COLUMNS if wide == style.DOUBLE_IN else 3,
        handlelength=3.2, fontsize=7.0, columnspacing=1.2, borderaxespad=0.3,
        title=title and style.plain(title), title_fontsize=6.5, alignment="left",
    )  # fmt: skip
    legend.get_title().set_color(style.FAINT)
    said = found.case.conventions()
    style.caption(
        axes,
        f"Neutrino fog of {said['target']} ({', '.join(said['nuclides'][:3])}"
        f"{', ...' if len(said['nuclides']) > 3 else ''})",
        f"halo {style.plain(said['halo']['name'])}, fluxes {style.plain(said['fluxes'])}, "
        f"{said['window_kevnr'][0]:.3g} to {said['window_kevnr'][1]:.3g} keVnr; cevns {VERSION}",
    )
    return figure


def _line(curve: FloorCurve) -> tuple[Array, Array]:
    """Masses in order, and cross sections."""
    order = np.argsort(curve.mass_gev)
    return curve.mass_gev[order], curve.cross_section_cm2[order]


def _map(figure: Figure, axes: Axes, found: NeutrinoFog) -> None:
    """Filled steps of n, and lines where it is 2.5 and 3."""
    grid = found.index_map
    assert grid is not None
    order, across = np.argsort(grid.cross_section_cm2), np.argsort(grid.mass_gev)
    mass, sigma = grid.mass_gev[across], grid.cross_section_cm2[order]
    n = grid.index[order][:, across]
    shown = axes.contourf(
        mass, sigma, np.ma.masked_invalid(np.maximum(n, _LEVELS[0])), levels=_LEVELS,
        cmap="YlGnBu", extend="max", zorder=0.2,
    )  # fmt: skip
    axes.contour(
        mass, sigma, np.ma.masked_invalid(n), levels=_TOLD, colors="white", linewidths=0.5,
        zorder=0.3,
    )  # fmt: skip
    bar = figure.colorbar(shown, ax=axes, pad=0.02, ticks=(1.0, 2.0, *_TOLD, 4.0))
    bar.ax.tick_params(which="both", left=False, right=True, direction="out", length=3.0)
    bar.ax.axhline(2.0, color=style.INK, linewidth=1.6)
    for level in _TOLD:
        bar.ax.axhline(level, color="white", linewidth=0.8)
    bar.set_label(r"Index of the fog, $n = -(d\ln\sigma/d\ln M)^{-1}$")


def _masses(found: NeutrinoFog) -> tuple[float, float]:
    """Those of the floor, GeV."""
    mass = found.floor.mass_gev
    low, high = float(mass.min()), float(mass.max())
    return (low / 3.0, high * 3.0) if low == high else (low, high)


def _cross_sections(found: NeutrinoFog) -> tuple[float, float] | None:
    """Those of the map, or around our own curves, cm2: curves of others decide nothing."""
    if found.index_map is not None and found.index_map.cross_section_cm2.size > 1:
        values = found.index_map.cross_section_cm2
        return float(values.min()), float(values.max())
    curves = [found.floor, *found.limits.values()]
    if found.billard is not None:
        curves.append(found.billard.curve)
    every = np.concatenate([c.cross_section_cm2 for c in curves])
    every = every[np.isfinite(every)]
    if not every.size:
        return None
    bottom, top = float(every.min()), float(every.max())
    if found.overlays:
        return bottom / _BELOW, top * _ABOVE
    edge = 2.0 if len(curves) == 1 else 3.0
    return bottom / edge, top * edge


def _shown(found: NeutrinoFog) -> tuple[list[LimitCurve], list[LimitCurve]]:
    """Curves of others that come into the frame, by kind and name, and those that do not."""
    (left, right), ends = _masses(found), _cross_sections(found)
    inside: list[LimitCurve] = []
    outside: list[LimitCurve] = []
    for curve in sorted(found.overlays, key=lambda c: (_ORDER.index(c.kind), c.title.casefold())):
        x, y = np.log(curve.mass_gev), np.log(curve.cross_section_cm2)
        # along the line, not only at its points
        along = np.linspace(0.0, x.size - 1.0, 50 * x.size)
        x, y = (np.interp(along, np.arange(x.size), v) for v in (x, y))
        there = (x >= np.log(left)) & (x <= np.log(right))
        if ends is not None:
            there &= (y >= np.log(ends[0])) & (y <= np.log(ends[1]))
        (inside if there.any() else outside).append(curve)
    return inside, outside


def _limits(axes: Axes, curves: Sequence[LimitCurve]) -> None:
    """Curves of others: limits, projections, floors, regions as closed areas."""
    from matplotlib.patheffects import Normal, Stroke

    halo = [Stroke(linewidth=2.2, foreground="white", alpha=0.6), Normal()]
    number = dict.fromkeys(_ORDER, 0)
    for curve in curves:
        k = number[curve.kind]
        number[curve.kind] += 1
        color = _LIMIT_COLORS[k % len(_LIMIT_COLORS)]
        dashes = _DASHES[curve.kind]
        label = style.plain(curve.title + _KIND_TEXT[curve.kind])
        if curve.closed:
            axes.fill(
                curve.mass_gev, curve.cross_section_cm2, facecolor=color, alpha=0.25,
                edgecolor=color, linewidth=0.9, label=label, zorder=3,
            )  # fmt: skip
            continue
        axes.plot(
            curve.mass_gev, curve.cross_section_cm2, color=color, linewidth=1.2, label=label,
            linestyle=dashes[k // len(_LIMIT_COLORS) % len(dashes)], zorder=3, path_effects=halo,
        )  # fmt: skip
