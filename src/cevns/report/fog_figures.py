"""The neutrino fog: index over masses and cross sections, floors, limits of experiments."""

from __future__ import annotations

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
_DECADES: Final = 1e13
"""Of the cross sections that a figure shows at most."""
_LIMIT_COLORS: Final = ("#d98200", "#3f8f5b", "#964a8b", "#e42536", "#0e7c86", "#8c5a2b")
_DASHES: Final[dict[str, Any]] = {
    "limit": "-",
    "projection": (0, (5, 1.6)),
    "floor": (0, (1.2, 1.2)),
    "region": "-",
}


@style.styled
def fog_figure(found: NeutrinoFog) -> Figure:
    """Cross section against mass: map of n where there is one, the floor, and the rest.

    Args:
        found: from `cevns.analysis.fog.neutrino_fog`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    overlays = len(found.overlays) + len(found.limits)
    figure, grid = style.panels(style.SINGLE_IN * (1.9 if overlays > 4 else 1.5), 3.9)
    axes = grid[0, 0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    floor = found.floor
    one = floor.mass_gev.size == 1
    if found.index_map is not None and not one and found.index_map.cross_section_cm2.size > 1:
        _map(figure, axes, found)
    marker = "o" if one else ""
    axes.plot(
        *_line(floor), color=style.INK, linewidth=1.7, marker=marker,
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
    _limits(axes, found)
    _frame(axes, found)
    axes.set_xlabel(style.with_unit("WIMP mass", "GeV"))
    spin = found.case.spin
    symbol = r"$\sigma_\mathrm{SI}$ on a nucleon"
    if spin is not None:
        symbol = rf"$\sigma_\mathrm{{SD}}$ on a {spin}"
    axes.set_ylabel(style.with_unit(symbol, "cm2"))
    figure.legend(
        loc="outside lower left", ncols=3, handlelength=2.6, fontsize=7.0, borderaxespad=0.3
    )
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
        mass, sigma, np.ma.masked_invalid(np.clip(n, _LEVELS[0], _LEVELS[-1])),
        levels=_LEVELS, cmap="YlGnBu", zorder=0.2,
    )  # fmt: skip
    axes.contour(
        mass, sigma, np.ma.masked_invalid(n), levels=(2.5, 3.0), colors="white",
        linewidths=0.5, zorder=0.3,
    )  # fmt: skip
    bar = figure.colorbar(shown, ax=axes, pad=0.02, ticks=(1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0))
    bar.set_label(r"$n = -(d\ln\sigma/d\ln M)^{-1}$")


def _limits(axes: Axes, found: NeutrinoFog) -> None:
    """Curves of others: limits, projections, floors, regions as closed areas."""
    for k, curve in enumerate(found.overlays):
        color = _LIMIT_COLORS[k % len(_LIMIT_COLORS)]
        label = style.plain(_label(curve))
        if curve.closed:
            axes.fill(
                curve.mass_gev, curve.cross_section_cm2, facecolor=color, alpha=0.25,
                edgecolor=color, linewidth=0.9, label=label, zorder=3,
            )  # fmt: skip
            continue
        axes.plot(
            curve.mass_gev, curve.cross_section_cm2, color=color, linestyle=_DASHES[curve.kind],
            linewidth=1.1, label=label, zorder=3,
        )  # fmt: skip


def _label(curve: LimitCurve) -> str:
    kind = {"limit": "", "projection": ", projected", "floor": ", floor", "region": ", region"}
    name = curve.name.removeprefix("projection_").removeprefix("floor_")
    return name.replace("_", " ") + kind[curve.kind]


def _frame(axes: Axes, found: NeutrinoFog) -> None:
    """Masses of the floor; cross sections of the map, or of all curves between these masses."""
    mass = found.floor.mass_gev
    low, high = float(mass.min()), float(mass.max())
    if low == high:
        low, high = low / 3.0, high * 3.0
    axes.set_xlim(low, high)
    mapped = found.index_map is not None and found.index_map.cross_section_cm2.size > 1
    if mapped:
        assert found.index_map is not None
        values = [found.index_map.cross_section_cm2]
    else:
        curves = [(found.floor.mass_gev, found.floor.cross_section_cm2)]
        curves += [(c.mass_gev, c.cross_section_cm2) for c in found.limits.values()]
        curves += [(c.mass_gev, c.cross_section_cm2) for c in found.overlays]
        if found.billard is not None:
            curves.append((mass, found.billard.curve.cross_section_cm2))
        values = [y[(x >= low) & (x <= high)] for x, y in curves]
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if every.size:
        bottom, top = float(every.min()), float(every.max())
        edge = 1.0 if mapped else 2.0 if len(values) == 1 else 3.0
        axes.set_ylim(bottom / edge, min(top * edge, _DECADES * bottom))
