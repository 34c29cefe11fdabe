"""The profile of the likelihood beside the parabola of the covariance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label, symbol
from cevns.report.drawing.look import current
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.inference.fitting.intervals import ProfileCurve

__all__ = ["LEVELS", "crossings", "profile_figure"]

LEVELS: Final = ((1.0, "68%"), (2.71, "90%"))


def crossings(curve: ProfileCurve, rise: float) -> tuple[float | None, float | None]:
    """Where the curve reaches `rise` below and above the best fit; None outside the scan.

    The signed square root of the rise is nearly straight, so it is what is interpolated.
    """
    x, root = curve.values, _signed_root(curve)
    goal = math.sqrt(rise)
    lower = float(np.interp(-goal, root, x)) if root[0] <= -goal else None
    upper = float(np.interp(goal, root, x)) if root[-1] >= goal else None
    return lower, upper


def _signed_root(curve: ProfileCurve) -> Array:
    side = np.sign(curve.values - curve.best[curve.parameter].value)
    # a conditional fit can end 1e-6 beside the next: interpolation needs increasing abscissae
    return np.maximum.accumulate(side * np.sqrt(np.maximum(curve.rise, 0.0)))


def _power(curve: ProfileCurve) -> int:
    """The power of ten in which large and small values are shown; zero for others."""
    size = float(np.abs(curve.values[[0, -1]]).max())
    if not size > 0.0 or 1e-2 <= size < 1e4 or curve.unit.startswith(("e", "1e")):
        return 0
    best = abs(curve.best[curve.parameter].quoted)
    return math.floor(math.log10(best if best > 0.1 * size else size))


def _label(curve: ProfileCurve, power: int) -> str:
    said = curve.best[curve.parameter].parameter.description
    if not power:
        return parameter_label(curve.parameter, curve.unit, said)
    if not curve.unit:
        return f"{symbol(curve.parameter, said)} [$10^{{{power}}}$]"
    return parameter_label(curve.parameter, f"1e{power} {curve.unit}", said)


def _best(curve: ProfileCurve, scale: float) -> str:
    """Best value and the errors of MINOS, or of the curve where MINOS was not run."""
    fitted = curve.best[curve.parameter]
    lower, upper = crossings(curve, 1.0)
    up, down = fitted.error_up, fitted.error_down
    up = upper - fitted.value if up is None and upper is not None else up
    down = fitted.value - lower if down is None and lower is not None else down
    value = fitted.quoted / scale
    if not up or not down:
        return f"{value:.4g}"
    up, down = up / scale, down / scale
    digits = max(0, 2 - math.floor(math.log10(min(up, down))))
    return f"{value:.{digits}f} (+{up:.{digits}f} −{down:.{digits}f})"


@style.styled
def profile_figure(curve: ProfileCurve, *, title: str = "", note: str = "") -> Figure:
    """Rise of -2 ln L with its 68 % and 90 % levels, the best fit and the HESSE parabola.

    Args:
        curve: from `cevns.inference.fitting.intervals.profile`.
        title: what was fitted.
        note: what the figure stands on, from `cevns.report.drawing.style.credit`.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    fitted = curve.best[curve.parameter]
    figure, grid = style.panels(style.SINGLE_IN, 2.9)
    axes = grid[0, 0]
    x = np.linspace(curve.values[0], curve.values[-1], 400)
    top = max(4.5, min(float(curve.rise.max()), 9.0))
    power = _power(curve)
    scale = 10.0**power
    best = f"Best fit {_best(curve, scale)}"
    axes.plot(
        x,
        np.interp(x, curve.values, _signed_root(curve)) ** 2,
        color=style.ACCENT,
        linewidth=1.6,
        label="Profile likelihood",
    )
    if fitted.error > 0:
        axes.plot(
            x,
            ((x - fitted.value) / fitted.error) ** 2,
            color=style.INK,
            linestyle=(0, (4, 2)),
            linewidth=1.0,
            label=f"Parabola of HESSE, ± {fitted.error / scale:.3g}",
        )
    axes.axvline(fitted.value, ymax=0.66, color=style.FAINT, linewidth=0.7, label=best)
    for rise, name in LEVELS:
        axes.axhline(rise, color=style.FAINT, linewidth=0.7, linestyle=":")
        axes.annotate(
            name,
            xy=(1.0, rise),
            xycoords=("axes fraction", "data"),
            xytext=(-4.0, 1.5),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
            color="0.3",
        )
        for end in crossings(curve, rise):
            if end is not None:
                axes.plot([end, end], [0.0, rise], color=style.ACCENT, linewidth=0.7, alpha=0.7)
    axes.set_xlim(x[0], x[-1])
    current().cut(axes)
    axes.set_ylim(0.0, top * 1.5)
    axes.set_xlabel(_label(curve, power))
    if power:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / scale:.4g}")
    axes.set_ylabel(r"$-2\,\Delta\ln L$")
    axes.legend(loc="upper center", handlelength=2.2)
    style.caption(axes, title, note)
    return figure
