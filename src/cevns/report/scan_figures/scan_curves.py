"""Figures of scans of one parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.scan.profile_scan import levels as chi2_level
from cevns.report.drawing import style
from cevns.report.drawing.overlays import Curve
from cevns.report.scan_figures import scan_parts as parts
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["QUANTITY", "check_quantity", "curve", "overlay_line"]

QUANTITY: Final = {"profile": "q", "fc": "q", "cls": "cls", "bayes": "density"}
"""What is drawn upwards: the name of the second column of an overlaid CSV file."""
TOYS_LINE: Final = "#c46b00"
OVERLAY_LINES: Final[tuple[tuple[str, Any], ...]] = (
    ("#964a8b", (0, (5, 1.6))),
    ("#e42536", (0, (4, 1.2, 1, 1.2))),
    ("#3f8f5b", (0, (1.2, 1.2))),
    ("#6f6f76", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    ("#d98200", (0, (8, 1.3))),
    ("#2a9aa8", (0, (3, 1.5))),
    ("#7a5230", (0, (2.5, 1, 1, 1))),
    ("#d6589f", "-"),
)
_FEW: Final = 40


def curve(
    axes: Axes, scan: Scan, levels: Sequence[float], overlays: Sequence[tuple[str, Any]]
) -> None:
    """Draw a scan of one parameter into axes.

    Args:
        axes: where.
        scan: the scan.
        levels: confidence levels, that of the scan among them.
        overlays: label and another scan, or label and a `Curve`.

    Raises:
        InputError: if a level or an overlay does not go with the scan.
    """
    x = scan.axes[0]
    if scan.logarithmic[0]:
        axes.set_xscale("log")
    axes.set_xlim(x[0], x[-1])
    draw = {"cls": _cls, "bayes": _density}.get(scan.method, _rise)
    draw(axes, scan, levels)
    for label, other in overlays:
        look = overlay_line([name for name, _ in overlays], label)
        look["label"] = style.plain(label)
        if isinstance(other, Curve):
            axes.plot(*other.points.T, **look)
        else:
            axes.plot(other.axes[0], _quantity(other, scan), **look)
    (sm,) = parts.standard_model(scan)
    if sm is not None and x[0] <= sm <= x[-1]:
        axes.axvline(
            sm, color=style.INK, linewidth=0.8, linestyle=(0, (1, 1.5)), label="Standard Model"
        )
    axes.set_xlabel(parts.axis_label(scan, 0))


def overlay_line(labels: Sequence[str], label: str) -> dict[str, Any]:
    """Colour and dash of an overlay: the same for all of one label."""
    order = list(dict.fromkeys(labels))
    k, count = order.index(label), len(OVERLAY_LINES)
    color, dash = OVERLAY_LINES[k % count][0], OVERLAY_LINES[(k + k // count) % count][1]
    return {"color": color, "linestyle": dash, "linewidth": 1.2}


def check_quantity(other: str, method: str) -> None:
    """Raise if another method draws something else upwards.

    Raises:
        InputError: the message names both.
    """
    if QUANTITY[other] != QUANTITY[method]:
        raise InputError(
            f"a scan by {parts.METHODS[other]} has no curve comparable with one by "
            f"{parts.METHODS[method]}; overlay a scan by the same method"
        )


def _quantity(other: Scan, scan: Scan) -> Array:
    """What is drawn upwards, of another scan."""
    check_quantity(other.method, scan.method)
    if other.method == "cls":
        return parts.dataset(other, "cls/cls")
    if other.method == "bayes":
        return parts.dataset(other, "posterior/density")
    return np.where(np.isfinite(other.q), other.q, np.nan)


def _pieces(scan: Scan, cl: float) -> list[tuple[float, float]]:
    """The confidence set at a level."""
    if np.isclose(cl, scan.cl):
        return scan.intervals
    from cevns.inference.scan.regions import confidence_set

    found = confidence_set(scan.axes[0], *parts.statistic(scan, cl))
    return [(p.lower, p.upper) for p in found.pieces]


def _set_text(scan: Scan, pieces: list[tuple[float, float]]) -> str:
    """Pieces of a set; one from the bound of the parameter upwards is an upper limit."""
    (x,) = scan.axes
    if len(pieces) == 1 and scan.begins(scan.names[0]) and pieces[0][0] <= x[0]:
        return f"< {pieces[0][1]:.3g}" if pieces[0][1] < x[-1] else "no limit in this range"
    return parts.interval_text(pieces)


def _shade(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    """Accepted pieces: darker where the level is lower."""
    shades = np.linspace(0.16, 0.4, len(levels)) if len(levels) > 1 else [0.28]
    for cl, alpha in zip(levels, shades, strict=True):
        pieces = _pieces(scan, cl)
        label = f"{parts.percent(cl)}: {_set_text(scan, pieces)}"
        for low, high in pieces:
            axes.axvspan(
                low,
                high,
                facecolor=style.SIGNAL_FILL,
                alpha=float(alpha),
                linewidth=0.0,
                label=label,
            )
            label = "_"
        if not pieces:
            axes.plot([], [], color="none", label=label)


def _rise(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    x, q = scan.axes[0], np.where(np.isfinite(scan.q), scan.q, np.nan)
    heights = [chi2_level(cl, scan.degrees) for cl in levels]
    if scan.method == "fc":
        heights.append(float(np.nanmax(scan.critical, initial=0.0)))
    top = 1.7 * max(heights)
    _shade(axes, scan, levels)
    axes.plot(
        x,
        q,
        color=style.ACCENT,
        linewidth=1.6,
        marker="." if len(x) < _FEW else "",
        markersize=4.0,
        label="Profile likelihood",
    )
    for k, cl in enumerate(levels):
        axes.axhline(
            chi2_level(cl, scan.degrees),
            color=style.FAINT,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label="_" if k else "Critical value, Wilks",
        )
        if scan.method == "fc":
            critical = parts.critical_at(scan, cl)
            label = "_" if k else "Critical value, toys"
            axes.plot(x, critical, color=TOYS_LINE, linewidth=1.0, label=label)
            if np.isclose(cl, scan.cl):
                error = parts.dataset(scan, "toys/critical_error").reshape(scan.shape)
                axes.fill_between(
                    x,
                    critical - error,
                    critical + error,
                    color=TOYS_LINE,
                    alpha=0.35,
                    linewidth=0.0,
                    label="± Monte Carlo error",
                )
    for bad, name, color in (
        (parts.without_fit(scan), "Fit failed", "#e42536"),
        (scan.unsure, "Unsure", "#7a21dd"),
        (parts.without_toys(scan), "No toys", style.INK),
    ):
        if bad.any():
            axes.plot(
                x[bad],
                np.full(int(bad.sum()), 0.03),
                "x",
                color=color,
                markersize=4.0,
                transform=axes.get_xaxis_transform(),
                label=f"{name} ({int(bad.sum())})",
            )
    axes.set_ylim(0.0, top)
    axes.set_ylabel(r"$-2\,\Delta\ln L$")


def _cls(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    from cevns.inference.scan.cls import ClsScan

    for cl in levels:
        parts.statistic(scan, cl)  # raises for other levels
    found = ClsScan(scan.file)
    x = scan.axes[0]
    expected = found.floored(found.expected)
    observed = found.floored(found.cls)
    (limit,) = found.upper()
    for n in found.bands:
        color = style.STEADY_FILL if n == 2 else style.FILLS[4]
        axes.fill_between(
            x, expected[2 - n], expected[2 + n], color=color, linewidth=0.0,
            label=f"Expected ± {n}σ",
        )  # fmt: skip
    axes.plot(
        x,
        expected[2],
        color=style.INK,
        linestyle=(0, (4, 2)),
        linewidth=1.0,
        label=f"Expected{_limit(float(found.upper(found.expected[2])[0]))}",
    )
    if np.any(found.cls_error > 0):
        axes.errorbar(x, observed, found.cls_error, fmt="none", ecolor=style.ACCENT, elinewidth=0.7)
    axes.plot(
        x,
        observed,
        color=style.ACCENT,
        linewidth=1.6,
        marker="." if len(x) < _FEW else "",
        markersize=4.0,
        label=f"Observed{_limit(float(limit))}",
    )
    axes.axhline(
        1.0 - scan.cl,
        color="#e42536",
        linewidth=0.9,
        label=f"Excluded below, {parts.percent(scan.cl)}",
    )
    if np.isfinite(limit):
        axes.plot([limit, limit], [1e-9, 1.0 - scan.cl], color=style.ACCENT, linewidth=0.7)
    axes.set_yscale("log")
    axes.set_ylim(0.1 * (1.0 - scan.cl), 1.5)
    axes.set_ylabel(r"$\mathrm{CL}_s$")


def _limit(value: float) -> str:
    if np.isnan(value):
        return ", all excluded"
    return f", < {value:.3g}" if np.isfinite(value) else ", no limit here"


def _density(axes: Axes, scan: Scan, levels: Sequence[float]) -> None:
    x, density = scan.axes[0], parts.dataset(scan, "posterior/density")
    _shade(axes, scan, levels)
    axes.plot(x, density, color=style.ACCENT, linewidth=1.6, label="Posterior density")
    for k, cl in enumerate(levels):
        axes.axhline(
            parts.density_threshold(scan, cl),
            color=style.FAINT,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label="_" if k else "Border, highest density",
        )
    axes.set_ylim(0.0, 1.15 * float(np.nanmax(density)))
    unit = scan.units[0]
    if scan.logarithmic[0]:
        axes.set_ylabel("Posterior density in the logarithm")
    else:
        axes.set_ylabel(f"Posterior density{f' [1/({style.unit_text(unit)})]' if unit else ''}")
