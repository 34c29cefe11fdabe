"""LMA-Dark in figures: the test along the angle, and the regions in a plane of coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.processes import lma_dark as dark
from cevns.processes.nsi_quark_mix import DOWN_DEG, UP_DEG
from cevns.report.drawing import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.studies.lma_dark_sigma import LmaDarkCurve
    from cevns.typing import Array

__all__ = ["DIRECTIONS", "draw_region", "lma_dark_figure"]

DIRECTIONS: Final = {"p": 0.0, "u": UP_DEG, "d": DOWN_DEG, "n": 90.0}
"""Angles of couplings to protons, up quarks, down quarks and neutrons alone."""
_LINES: Final[tuple[tuple[str, Any], ...]] = (
    ("#2f5fb3", "-"),
    ("#e42536", (0, (5, 1.6))),
    ("#d98200", (0, (4, 1.2, 1, 1.2))),
    ("#964a8b", (0, (1.2, 1.2))),
    ("#6f6f76", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
)
_FILLS: Final = {"LMA": ("#d3d3d8", ""), "LMA-D": ("#f89c20", "////")}


def _root(x: Array) -> Array:
    result: Array = np.sqrt(np.maximum(x, 0.0))
    return result


@style.styled
def lma_dark_figure(
    curves: Sequence[LmaDarkCurve],
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
    note: str = "",
) -> Figure:
    """Rise of -2 ln L at the dark solution against the angle, one line an experiment.

    The axis goes with the square root, so equal steps are equal numbers of standard deviations.
    Shaded: angles without a dark solution within the bounds of the coefficients.

    Args:
        curves: from `cevns.analysis.studies.lma_dark_sigma.lma_dark_curve`.
        labels: of the curves; their experiments unless given.
        title: what was tested.
        note: what the figure stands on, from `cevns.report.drawing.style.credit`.

    Raises:
        InputError: if there are no curves, too many, or another number of labels.
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    names = list(labels) if labels is not None else [c.experiment for c in curves]
    if not 0 < len(curves) <= len(_LINES) or len(names) != len(curves):
        raise InputError(
            f"a figure of the dark solution holds 1 to {len(_LINES)} curves with a label each, "
            f"not {len(curves)} with {len(names)}"
        )
    figure, grid = style.panels(style.SINGLE_IN * 1.35, 3.2)
    axes = grid[0, 0]
    for curve, name, (color, dash) in zip(curves, names, _LINES, strict=False):
        order = np.argsort(curve.eta_deg)
        label = style.plain(name) + (" (expected)" if curve.asimov else "")
        axes.plot(
            curve.eta_deg[order], curve.delta[order], color=color, linestyle=dash, label=label
        )
    _shade_missing(axes, curves)
    largest = max([float(np.nanmax(c.delta)) for c in curves if np.isfinite(c.delta).any()] + [9.0])
    axes.set_yscale("function", functions=(_root, np.square))
    axes.set_ylim(0.0, (np.sqrt(largest) * 1.45) ** 2)
    axes.set_yticks([n**2 for n in range(0, int(np.sqrt(largest)) + 2, 2)])
    axes.set_yticks([n**2 for n in range(int(np.sqrt(largest)) + 2)], minor=True)
    for n in (2, 3, 5):
        axes.axhline(n * n, color=style.FAINT, linewidth=0.7, linestyle=":", zorder=0.5)
        axes.annotate(
            rf"{n}$\sigma$", xy=(1.0, n * n), xycoords=("axes fraction", "data"),
            xytext=(-3.0, 1.5), textcoords="offset points", ha="right", fontsize=7.5, color="0.3",
        )  # fmt: skip
    for name, angle in DIRECTIONS.items():
        axes.axvline(angle, ymax=0.66, color=style.FAINT, linewidth=0.7, zorder=0.6)
        axes.annotate(
            name, xy=(angle, 0.66), xycoords=("data", "axes fraction"),
            xytext=(0.0 if angle < 90.0 else -2.0, 2.0), textcoords="offset points", fontsize=8.0,
            ha="center" if angle < 90.0 else "right",
        )  # fmt: skip
    axes.set_xlim(-90.0, 90.0)
    axes.set_xticks(range(-90, 91, 30))
    axes.set_xticks(range(-90, 91, 10), minor=True)
    axes.set_xlabel(style.with_unit(r"Angle of the quark mix $\eta$", "deg"))
    axes.set_ylabel(r"$-2\,\Delta\ln L$ of LMA-Dark")
    axes.legend(loc="upper left", handlelength=2.6, ncols=2)
    style.caption(axes, title, note)
    return figure


def _shade_missing(axes: Axes, curves: Sequence[LmaDarkCurve]) -> None:
    """Grey where no curve has a dark solution, halfway to the next angle that has one."""
    angles = np.unique(np.concatenate([c.eta_deg for c in curves]))
    there = np.isin(angles, np.concatenate([c.eta_deg[np.isfinite(c.delta)] for c in curves]))
    edges = np.concatenate([angles[:1], 0.5 * (angles[1:] + angles[:-1]), angles[-1:]])
    label = "no dark solution"
    for i in np.flatnonzero(~there):
        axes.axvspan(
            edges[i], edges[i + 1], facecolor="0.88", linewidth=0.0, zorder=0.4, label=label
        )
        label = ""


def draw_region(
    axes: Axes,
    quark: str = "u",
    *,
    solution: str = "LMA-D",
    mumu_across: bool = False,
    path: Path | str = dark.FILE,
) -> None:
    """Draw what oscillations allow into a plane of eps_ee and eps_mumu of one kind of quark.

    A band at 45 degrees, behind what is there, within the limits the axes have now.

    Args:
        axes: with eps_ee across and eps_mumu upwards.
        quark: ``u`` or ``d``.
        solution: ``LMA`` or ``LMA-D``.
        mumu_across: whether eps_mumu is across and eps_ee upwards.
        path: table of regions, ours unless given.

    Raises:
        UnknownNameError: if there is no such region.
        DataError: if the table is broken.
    """
    found = dark.region(quark, solution, path)
    across, up = axes.get_xlim(), axes.get_ylim()
    x = np.array(across)
    color, hatch = _FILLS[solution]
    sign = 1.0 if mumu_across else -1.0
    lower, upper = x + sign * found.lower, x + sign * found.upper
    axes.fill_between(
        x, lower, upper, facecolor=color, alpha=0.35, hatch=hatch, edgecolor=color, linewidth=0.0,
        zorder=0.3, label=rf"{solution}, 2$\sigma$",
    )  # fmt: skip
    axes.set_xlim(across)
    axes.set_ylim(up)
