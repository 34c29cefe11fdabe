"""Figures of scans of two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.scan.profile_scan import levels as chi2_level
from cevns.report.drawing import style
from cevns.report.drawing.outlines import Region, entry
from cevns.report.drawing.overlays import Curve
from cevns.report.scan_figures import scan_parts as parts
from cevns.report.scan_figures.raster import RasterRegion
from cevns.report.scan_figures.scan_curves import overlay_line
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["name_of", "region_map", "region_of"]

EXCLUDED_FILL: Final = "#dcdce0"
_NESTED: Final = ("#c9daf3", "#8fb3e6", "#5c8fe0", "#2f5fb3")
"""Fills of regions from the largest: each is darker than that around it."""
_DASHES: Final[tuple[Any, ...]] = ((0, (1.2, 1.2)), (0, (3, 1.2, 1, 1.2)), (0, (6, 2)))


def region_map(
    axes: Axes, scan: Scan, levels: Sequence[float], overlays: Sequence[tuple[str, Any]]
) -> None:
    """Draw a scan of two parameters into axes.

    Args:
        axes: where.
        scan: the scan.
        levels: confidence levels from the largest, that of the scan among them.
        overlays: label and another scan, or label and a `Curve` in the order of the scan's axes.

    Raises:
        InputError: if a level is not in the scan.
    """
    if min(scan.shape) < 2:
        raise InputError(
            f"a map needs two values or more along {' and '.join(scan.names)}; it has "
            f"{' x '.join(map(str, scan.shape))}"
        )
    order = (0, 1) if parts.upright(scan) else (1, 0)
    x, y = (scan.axes[k] for k in order)
    for k, set_scale in zip(order, (axes.set_xscale, axes.set_yscale), strict=True):
        if scan.logarithmic[k]:
            set_scale("log")
    if scan.raster:
        _excluded(axes, scan, levels)
    else:
        _allowed(axes, scan, levels)
    if scan.method == "cls":
        _expected(axes, scan)
    if scan.method == "fc":
        region_of(scan, (scan.q, np.full(scan.shape, chi2_level(scan.cl, scan.degrees)))).outline(
            axes,
            f"Wilks, {parts.percent(scan.cl)}",
            color=style.INK,
            linestyle=(0, (4, 2)),
            linewidth=1.0,
        )
    for label, other in overlays:
        look = overlay_line([name for name, _ in overlays], label)
        if isinstance(other, Curve):
            _curve(axes, label, other, order, look)
        else:
            turned = other.names != scan.names
            region = region_of(other, upright=parts.upright(scan) != turned)
            region.outline(axes, label, **look)
    _markers(axes, scan, order)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    axes.set_xlabel(parts.axis_label(scan, order[0]))
    axes.set_ylabel(parts.axis_label(scan, order[1]))


def region_of(
    scan: Scan, field: tuple[Array, Array] | None = None, *, upright: bool | None = None
) -> Region | RasterRegion:
    """Where a statistic is at most its critical value; by default the region of the scan."""
    upright = parts.upright(scan) if upright is None else upright
    if scan.raster:
        sideways = upright == (scan.names[1] in scan.raster)
        if field is None and "region/slice" in scan.file.datasets:
            return RasterRegion.fitted(scan, sideways=sideways)
        return RasterRegion.of(scan, *(field or parts.statistic(scan)), sideways=sideways)
    field = field or parts.statistic(scan)
    return Region.of(scan, field[0] - field[1], upright=upright)


def name_of(scan: Scan, cl: float) -> str:
    """What the legend calls the region at a level."""
    return f"{parts.percent(cl)}, {parts.METHODS[scan.method]}"


def _allowed(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    """Regions inside each other."""
    first = 1 if len(levels) == 1 else 0
    for k, cl in enumerate(levels):
        region = region_of(scan, parts.statistic(scan, cl))
        color = _NESTED[min(first + k, len(_NESTED) - 1)]
        region.fill(axes, name_of(scan, cl), facecolor=color, linewidth=0.0, zorder=1.0)
        region.outline(axes, color=style.ACCENT, linewidth=1.2)


def _excluded(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    """The excluded side at the scan's level, and the borders at others."""
    region = region_of(scan)
    hatched: dict[str, Any] = {"facecolor": EXCLUDED_FILL, "hatch": "////", "edgecolor": "0.72"}
    axes.patch.set(**hatched)
    entry(axes, f"Excluded, {name_of(scan, scan.cl)}", linewidth=0.0, **hatched)
    # an edge of its own colour: no seams between quadrangles
    region.fill(axes, facecolor="white", edgecolor="white", linewidth=0.4, zorder=0.5)
    region.outline(axes, color=style.ACCENT, linewidth=1.1)
    others = [cl for cl in levels if not np.isclose(cl, scan.cl)]
    for k, cl in enumerate(others):
        region_of(scan, parts.statistic(scan, cl)).outline(
            axes,
            parts.percent(cl),
            color=style.ACCENT,
            linestyle=_DASHES[k % len(_DASHES)],
            linewidth=1.0,
        )


def _expected(axes: Axes, scan: Scan) -> None:
    """Limits expected without signal, with bands, over a structural axis."""
    from cevns.inference.scan.cls import ClsScan

    if not scan.raster:
        return
    found = ClsScan(scan.file)
    at = scan.axes[scan.names.index(scan.raster[0])]
    last = scan.axes[1 - scan.names.index(scan.raster[0])][-1]
    limits = [found.upper(v) for v in found.expected]
    # a band leaves through the edge of the figure; a line or a band beyond it altogether is none
    ends = [np.where(np.isinf(v), last, v) for v in limits]
    sideways = scan.raster[0] in parts.ABOVE
    between = axes.fill_betweenx if sideways else axes.fill_between
    for n in found.bands:
        low, high, color = 2 - n, 2 + n, "#bcd2ee" if n == 2 else "#8fb3e6"
        seen = np.isfinite(limits[low])
        if seen.any():
            between(
                at,
                ends[low],
                ends[high],
                where=seen.tolist(),
                color=color,
                linewidth=0.0,
                label=f"Expected ± {n}σ",
                zorder=0.8,
            )
    middle = np.where(np.isfinite(limits[2]), limits[2], np.nan)
    if np.isfinite(middle).any():
        line = (middle, at) if sideways else (at, middle)
        axes.plot(*line, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0, label="Expected")
    else:
        axes.plot([], [], color="none", label="Expected: no limit in this range")


def _curve(
    axes: Axes, label: str, curve: Curve, order: tuple[int, ...], look: dict[str, Any]
) -> None:
    x, y = (curve.points[:, k] for k in order)
    if len(x) == 1:
        axes.plot(x, y, "s", color=look["color"], markersize=4.0, label=style.plain(label))
        return
    axes.plot(x, y, label=style.plain(label), **look)
    if curve.closed:
        axes.fill(x, y, facecolor=look["color"], alpha=0.2, linewidth=0.0, zorder=1.5)


def _markers(axes: Axes, scan: Scan, order: tuple[int, ...]) -> None:
    """Best fit, Standard Model, and points that the region does not stand on."""
    mesh = np.meshgrid(*scan.axes, indexing="ij")
    for bad, name, color in (
        (parts.without_fit(scan), "Fit failed", "#e42536"),
        (scan.unsure, "Unsure", "#7a21dd"),
        (parts.without_toys(scan), "No toys", "0.3"),
    ):
        if bad.any():
            axes.plot(
                *(mesh[k][bad] for k in order),
                "x",
                color=color,
                markersize=2.6,
                markeredgewidth=0.6,
                label=f"{name} ({int(bad.sum())})",
            )
    marks: tuple[tuple[tuple[float | None, ...] | None, str, dict[str, Any]], ...] = (
        (parts.best(scan), "Best fit", {"marker": "*", "markersize": 8.0, "color": style.INK}),
        (
            parts.standard_model(scan),
            "Standard Model",
            {"marker": "D", "markersize": 4.5, "color": "white", "markeredgecolor": style.INK},
        ),
    )
    for point, name, look in marks:
        if point is None:
            continue
        at = [(v, scan.axes[k]) for k in order if (v := point[k]) is not None]
        if len(at) == 2 and all(values[0] <= v <= values[-1] for v, values in at):
            where = [v for v, _ in at]
            axes.plot(*where, linestyle="none", label=name, zorder=4.0, clip_on=False, **look)
