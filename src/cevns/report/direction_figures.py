"""Recoil directions: cosines above thresholds, energies against cosines, and maps of the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.processes.framework.kinematics import cos_recoil_angle
from cevns.records import VERSION
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.directions import DirectionsRecord
    from cevns.nuclear import Material, Nuclide
    from cevns.typing import Array

__all__ = ["directions_figure", "map_figure"]

_COLORS: Final = ("#2f5fb3", "#d98200", "#964a8b", "#3f8f5b", "#e42536", "#6f6f76")
_COLUMNS: Final = 3


@style.styled
def directions_figure(record: DirectionsRecord) -> Figure:
    """Left: counts by cosine, ideal as thin lines. Right: the plane of energies and cosines.

    Args:
        record: from `cevns.analysis.directions`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    figure, grid = style.panels(style.DOUBLE_IN, 3.6, 1, 2)
    _cosines(grid[0, 0], record)
    _plane(figure, grid[0, 1], record)
    found = record.found
    target = style.plain(found.angles.material.name)
    style.caption(
        grid[0, 0],
        f"{target}, source: {style.plain(record.source)}, {style.plain(record.exposure)}",
        f"resolution {style.plain(found.response.said)}, head-tail "
        f"{found.response.head_tail:g}; thin: true directions",
    )
    low = found.above[0].angles.threshold_kev
    style.caption(
        grid[0, 1],
        f"Measured recoils above {low:g} keVnr",
        f"true directions lie above the line; cevns {VERSION}",
    )
    return figure


def _cosines(axes: Axes, record: DirectionsRecord) -> None:
    found = record.found
    width = np.diff(found.edges)
    top = 0.0
    for k, each in enumerate(found.above):
        color = _COLORS[k % len(_COLORS)]
        measured = record.scale * each.measured_counts / width
        ideal = record.scale * each.ideal_counts / width
        label = f"T > {each.angles.threshold_kev:g} keVnr"
        axes.stairs(measured, found.edges, color=color, linewidth=1.4, label=label)
        axes.stairs(ideal, found.edges, color=color, linewidth=0.7, alpha=0.8)
        top = max(top, float(measured.max()), float(ideal.max()))
    axes.set_xlim(-1.0, 1.0)
    axes.set_ylim(0.0, 1.15 * top)
    axes.set_xlabel(_angle(record))
    axes.set_ylabel("Counts per unit cosine")
    axes.legend(loc="upper left", fontsize=7.0)


def _plane(figure: Figure, axes: Axes, record: DirectionsRecord) -> None:
    edges, counts = record.plane()
    cosines = record.found.edges
    wide = edges[-1] > 20.0 * edges[0]
    width = np.diff(np.log10(edges)) if wide else np.diff(edges)
    density = counts / width[:, None] / np.diff(cosines)
    shown = axes.pcolormesh(edges, cosines, density.T, cmap="YlGnBu", vmin=0.0, rasterized=True)
    angles = record.found.above[0].angles
    top = max(angles.source.end_point_mev(f) for f in angles.source.flavours)
    recoil = np.geomspace(edges[0], edges[-1], 300)
    for x in _ends(angles.material):
        limit = cos_recoil_angle(top, recoil, x.mass_mev)
        axes.plot(recoil[limit <= 1.0], limit[limit <= 1.0], color=style.INK, linewidth=0.9)
    axes.set_xscale("log" if wide else "linear")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(-1.0, 1.0)
    axes.set_xlabel(style.with_unit("Recoil energy", "keVnr"))
    axes.set_ylabel(_angle(record))
    bar = figure.colorbar(shown, ax=axes, pad=0.02)
    bar.set_label(f"Counts per {'decade' if wide else 'keVnr'} and unit cosine")


def _ends(target: Material) -> list[Nuclide]:
    """The most frequent isotopes of the lightest and of the heaviest element."""
    charges = [x.z for x in target.nuclides]
    found = [
        max((atom for atom in target.atoms if atom[0].z == z), key=lambda atom: atom[1])[0]
        for z in (min(charges), max(charges))
    ]
    return found[: 1 if min(charges) == max(charges) else 2]


def _angle(record: DirectionsRecord) -> str:
    return r"$\cos\theta$ from the Sun" if record.solar else r"$\cos\theta$ to the beam"


@style.styled
def map_figure(record: DirectionsRecord) -> Figure:
    """Recoils of the Sun's neutrinos on the sky; contours of those of dark matter, if asked for.

    Args:
        record: from `cevns.analysis.directions`, of the sun.

    Raises:
        InputError: if the source is not the sun, which alone has a place on the sky.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    from cevns.analysis.directions.sky_maps import places_deg, recoil_map, sun_axes, wind_axes
    from cevns.sources.beams.dark_halo import dark_halo

    if not record.solar:
        raise InputError(
            "a map of the sky is drawn for the sun only; omit --map or the other --source"
        )
    found = record.sun_map()
    figure = style.canvas(style.DOUBLE_IN, 4.3)
    axes: Any = figure.add_subplot(projection="mollweide")
    # seen from within the sphere, longitudes grow to the left
    x, y = np.radians(-found.longitude_deg), np.radians(found.latitude_deg)
    density = 4.0 * np.pi * found.density
    lowest = float(density.min())
    shown = axes.pcolormesh(
        x, y, density, cmap="YlGnBu", shading="gouraud", rasterized=True,
        vmin=lowest if lowest > 0.3 * density.max() else 0.0,
    )  # fmt: skip
    bar = figure.colorbar(shown, ax=axes, orientation="horizontal", shrink=0.6, pad=0.1)
    bar.set_label("Recoils of solar neutrinos, relative to isotropy", loc="center")
    days = np.asarray(record.days)
    halo = dark_halo("fog") if record.limits is None else record.limits.case.case.dark
    wind = wind_axes(days, halo.v_lab_km_s)
    note = ""
    if record.limits is not None:
        mass = float(record.limits.mass_gev[0])
        dark = recoil_map(record.limits.wind_moments(mass), wind, record.frame)
        lines = axes.contour(
            x, y, 4.0 * np.pi * dark.density, levels=6, colors="#e42536", linewidths=0.8
        )
        axes.clabel(lines, fontsize=6.0, fmt="%.2g")
        note = f"; red: WIMPs of {mass:g} GeV, relative to isotropy"
    many = days.size > 1
    _mark(axes, places_deg(-sun_axes(days), record.frame), "#d98200", "o", "Sun", many)
    _mark(axes, places_deg(-wind, record.frame), "#e42536", "*", "Whence WIMPs come", many)
    _frame(axes, record.frame)
    style.caption(
        axes,
        f"Directions of recoils of {style.plain(record.found.angles.material.name)}, "
        f"T > {record.found.above[0].angles.threshold_kev:g} keVnr",
        f"{record.when}, resolution "
        f"{style.plain(record.found.response.said)}, head-tail "
        f"{record.found.response.head_tail:g}{note}; cevns {VERSION}",
    )
    return figure


def _frame(axes: Any, frame: str) -> None:
    """Longitudes that grow to the left, and names."""
    from matplotlib.patheffects import withStroke

    ticks = np.arange(-120, 121, 60)
    axes.set_xticks(np.radians(ticks), [f"{-t % 360}°" for t in ticks])
    axes.set_yticks(np.radians((-60, -30, 0, 30, 60)))
    axes.grid(color="0.6", linewidth=0.4)
    axes.tick_params(labelsize=7.0)
    for label in axes.get_xticklabels():
        label.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
    galactic = frame == "galactic"
    axes.set_xlabel("Galactic longitude" if galactic else "Right ascension", loc="center")
    axes.set_ylabel("Galactic latitude" if galactic else "Declination", loc="center")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, -0.12), fontsize=7.0, borderaxespad=0.0)


def _mark(
    axes: Any, where: tuple[Array, Array], color: str, marker: str, label: str, many: bool
) -> None:
    """A place on the sky, or the way of a year."""
    longitude, latitude = (np.radians(v) for v in where)
    axes.plot(
        -longitude, latitude, "." if many else marker, color=color, markersize=3.5 if many else 8.0,
        markeredgewidth=0.3, markeredgecolor="white", label=label, linestyle="none",
    )  # fmt: skip
