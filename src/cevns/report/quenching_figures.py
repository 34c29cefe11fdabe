"""Quenching points by data set with the fitted curve and published ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.quenching import DataSet, QuenchingFit, references
from cevns.quenching.variations import error_of
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["energy_figure", "factor_figure", "quenching_figures"]

_MARKS: Final = ("o", "s", "^", "D", "v", "P", "X", "<")
_COLORS: Final = ("#2f5fb3", "#e42536", "#d98200", "#964a8b", "#3f8f5b", "#6f6f76", "#2a9aa8")
_NAMES: Final = {"csi": "CsI[Na]", "ar": "Liquid argon", "ge": "Germanium", "si": "Silicon"}


def quenching_figures(fit: QuenchingFit, sets: Sequence[DataSet] = ()) -> dict[str, Figure]:
    """Both views of a fit, by name: ``factor`` (QF) and ``energy`` (E_ee against E_nr)."""
    return {"factor": factor_figure(fit, sets), "energy": energy_figure(fit, sets)}


@style.styled
def factor_figure(fit: QuenchingFit, sets: Sequence[DataSet] = ()) -> Figure:
    """The quenching factor: points by set, fit with its band, published curves.

    Thin error bars are independent errors and common ones in quadrature, thick ones the
    independent errors alone. Sets that were not fitted are drawn open.

    Args:
        fit: from `cevns.quenching.fit`.
        sets: all sets to show; those of the fit by default.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return _figure(fit, sets, lambda t: 100.0 / t, "Quenching factor [%]")


@style.styled
def energy_figure(fit: QuenchingFit, sets: Sequence[DataSet] = ()) -> Figure:
    """The electron-equivalent energy against the recoil energy, in which the fit is made.

    Args:
        fit: from `cevns.quenching.fit`.
        sets: all sets to show; those of the fit by default.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    return _figure(fit, sets, np.ones_like, "Electron-equivalent energy [keVee]")


def _figure(fit: QuenchingFit, sets: Sequence[DataSet], unit: Any, label: str) -> Figure:
    figure, grid = style.panels(style.DOUBLE_IN, 3.6)
    axes = grid[0][0]
    sets = tuple(sets) or fit.model.sets
    high = max(float((s.recoil_kev + s.recoil_error_kev).max()) for s in sets)
    logarithmic = fit.material in ("ge", "si")
    low = 0.7 * min(float(s.recoil_kev.min()) for s in sets) if logarithmic else 0.0
    end = 1.15 * high if logarithmic else 1.03 * high
    if logarithmic:
        axes.set_xscale("log")
        t = np.geomspace(low, end, 400)
    else:
        t = np.linspace(max(low, 0.004 * end), end, 400)
    _curves(axes, fit, t, unit)
    fitted = {s.name for s in fit.model.sets}
    for k, s in enumerate(sorted(sets, key=lambda s: s.name not in fitted)):
        _points(axes, s, unit, k, filled=s.name in fitted)
    axes.set_xlim(low, end)
    if logarithmic and label.startswith("Electron"):
        axes.set_yscale("log")
    else:
        tops = [(s.electron_kevee + s.electron_error_kevee) * unit(s.recoil_kev) for s in sets]
        axes.set_ylim(0.0, 1.12 * max(float(top.max()) for top in tops))
    axes.set_xlabel("Recoil energy [keVnr]")
    axes.set_ylabel(label)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7.0, frameon=False)
    name = _NAMES.get(fit.material, fit.material)
    curve = fit.family.name.replace("-", " ").replace("lindhard", "Lindhard")
    if curve == "polynomial":
        curve = f"polynomial of order {len(fit.numbers)} without constant term"
    points = "published points" if fit.origin == "carried" else "points of the user"
    chi2 = f"χ² {fit.result.chi2:.1f}/{fit.result.ndof}, errors × {fit.inflation:.2f}"
    note = (
        f"{points}; thick bars: independent errors of E_ee, thin: with common ones; "
        f"fit in E_ee against E_nr, {chi2}: cevns {VERSION}"
    )
    style.caption(axes, f"{name}: {curve}", note)
    return figure


def _curves(axes: Axes, fit: QuenchingFit, t: Array, unit: Any) -> None:
    """The fit with its band, where it was measured; published curves where they are valid."""
    inside = (t >= fit.model.recoil_kev.min()) & (t <= fit.model.recoil_kev.max())
    value, error = fit.energy(t)
    factor = unit(t)
    axes.fill_between(
        t[inside],
        ((value - error) * factor)[inside],
        ((value + error) * factor)[inside],
        color=style.SIGNAL_FILL,
        alpha=0.45,
        linewidth=0.0,
        label="This fit, ±1σ",
    )
    axes.plot(t[inside], (value * factor)[inside], color=style.ACCENT, linewidth=1.6)
    looks = (("black", (0, (5, 1.6)), "none"), ("0.45", ":", "0.75"))
    for (name, curve), (color, dash, fill) in zip(
        references(fit.material).items(), looks, strict=False
    ):
        valid = (t >= curve.valid_kev[0]) & (t <= curve.valid_kev[1])
        x, y = t[valid], curve.curve(t[valid], curve.parameters) * factor[valid]
        axes.plot(x, y, color=color, linestyle=dash, linewidth=1.2, label=style.sentence(name))
        if not curve.variations:
            continue
        spread = error_of(curve, x) * factor[valid]
        if fill == "none":
            for side in (-1.0, 1.0):
                axes.plot(x, y + side * spread, color=color, linestyle=dash, linewidth=0.6)
        else:
            axes.fill_between(x, y - spread, y + spread, color=fill, alpha=0.35, linewidth=0.0)


def _points(axes: Axes, s: DataSet, unit: Any, k: int, *, filled: bool) -> None:
    color = _COLORS[k % len(_COLORS)]
    x, factor = s.recoil_kev, unit(s.recoil_kev)
    y = s.electron_kevee * factor
    alone = s.electron_error_kevee * factor
    both = np.hypot(s.electron_error_kevee, s.quenching_common * x) * factor
    bars: dict[str, Any] = {"color": color, "linestyle": "none", "marker": "none"}
    axes.errorbar(x, y, xerr=s.recoil_error_kev, yerr=both, elinewidth=0.7, **bars)
    axes.errorbar(x, y, yerr=alone, elinewidth=1.8, **bars)
    title = s.title if filled else f"{s.title} (not fitted)"
    axes.plot(
        x,
        y,
        linestyle="none",
        marker=_MARKS[k % len(_MARKS)],
        markersize=4.2,
        markeredgewidth=0.9,
        color=color,
        markerfacecolor=color if filled else "white",
        label=_broken(title),
    )


def _broken(title: str) -> str:
    """A legend entry in lines that leave room for the figure."""
    from textwrap import fill

    return fill(style.plain(title), 26)
