"""How every figure looks: field style at the size of print, colours, labels, what made it.

Figures are `matplotlib.figure.Figure` objects, made without the global state of pyplot: they
work in any program, with or without a display. The style is that of mplhep at 8 to 9 points, in
the widths of a journal. Colours differ for colour-blind readers (Petroff, arXiv:2107.02270, two
of them darkened) and in brightness wherever two touch, so that a grey print is readable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast

from cevns.exceptions import InputError, MissingExtraError
from cevns.records import VERSION
from cevns.report.drawing.look import current

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from cevns.experiments.joint import JointExperiment
    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = [
    "ACCENT",
    "DOUBLE_IN",
    "FAINT",
    "FILLS",
    "FLAVOUR_LINES",
    "HATCHES",
    "INK",
    "PUBLISHED",
    "SIGNAL_FILL",
    "SINGLE_IN",
    "STEADY_FILL",
    "P",
    "canvas",
    "caption",
    "context",
    "credit",
    "energy_label",
    "energy_unit",
    "fills",
    "flavour_line",
    "flavour_text",
    "in_place_of",
    "panels",
    "plain",
    "pulse_shape_label",
    "resize",
    "sentence",
    "settle",
    "styled",
    "time_label",
    "unit_text",
    "with_error",
    "with_unit",
]

P = ParamSpec("P")

SINGLE_IN: Final = 3.5
"""Width of one journal column, inches."""
DOUBLE_IN: Final = 7.1
"""Width of two journal columns, inches."""

INK: Final = "black"
FAINT: Final = "0.45"
ACCENT: Final = "#2f5fb3"
PUBLISHED: Final = "#e42536"
"""Of a published number beside ours."""
# filled areas: dark and light alternate, so that neighbours in a stack differ in brightness
SIGNAL_FILL: Final = "#5c8fe0"
STEADY_FILL: Final = "#d3d3d8"
FILLS: Final = ("#f89c20", "#964a8b", "#e9d58f", "#e42536", "#a9c7ea")
HATCHES: Final = ("", "////", "\\\\\\\\", "xxxx", "....")
# lines: colour and dash both tell the flavour
FLAVOUR_LINES: Final[dict[str, tuple[str, Any]]] = {
    "nu_mu": ("#e42536", "-"),
    "nu_e": ("#2f5fb3", (0, (5, 1.6))),
    "nubar_mu": ("#d98200", (0, (4, 1.2, 1, 1.2))),
    "nubar_e": ("#964a8b", (0, (1.2, 1.2))),
    "nu_tau": ("#6f6f76", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    "nubar_tau": ("#3f8f5b", (0, (2.5, 1))),
}
_FLAVOUR_TEXT: Final = {
    "nu_e": r"$\nu_e$",
    "nu_mu": r"$\nu_\mu$",
    "nu_tau": r"$\nu_\tau$",
    "nubar_e": r"$\bar{\nu}_e$",
    "nubar_mu": r"$\bar{\nu}_\mu$",
    "nubar_tau": r"$\bar{\nu}_\tau$",
}
_UNIT_TEXT: Final = {
    "us": "µs",
    "cm2": "cm$^2$",
    "cm-2 s-1": "cm$^{-2}$ s$^{-1}$",
    "eV2": "eV$^2$",
    "deg": "degrees",
    "e": "$e$",
    "mu_B": r"$\mu_B$",
}
_PRINT: Final[dict[str, Any]] = {
    # by name, not "sans-serif": a generic family is looked up when drawn, after the style is gone
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],  # codespell:ignore heros
    "font.size": 8.5,
    "axes.labelsize": 9.0,
    "axes.titlesize": 8.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.handlelength": 1.7,
    "legend.labelspacing": 0.35,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "lines.linewidth": 1.3,
    "mathtext.fontset": "stixsans",
    "mathtext.default": "it",
    "hatch.linewidth": 0.5,
    "figure.dpi": 120,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.h_pad": 0.03,
    "xtick.major.pad": 3.0,
    "ytick.major.pad": 3.0,
}


@contextmanager
def context() -> Iterator[None]:
    """The style, for as long as the block lasts; nothing is left changed behind it.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    try:
        import matplotlib
        import mplhep
    except ImportError as error:
        package = (error.name or "matplotlib").partition(".")[0]
        raise MissingExtraError(package, "plot", "drawing a figure") from None
    rules: Any = {**mplhep.styles.ROOT, **_PRINT}
    with matplotlib.rc_context(rules):
        yield


def styled(make: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a function that makes a figure inside `context`."""

    @wraps(make)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with context():
            return make(*args, **kwargs)

    return inside


_PLACE: ContextVar[Axes | None] = ContextVar("_PLACE", default=None)
"""Axes whose place the next figure takes."""


def in_place_of(ax: Axes, make: Callable[[], object]) -> SubFigure:
    """Draw a figure where axes of another one stand; the axes stay, without their frame.

    Args:
        ax: of a grid, made by ``subplots``.
        make: draws the figure.

    Raises:
        InputError: if the axes are in no grid.
    """
    from matplotlib.axes import Axes as MatplotlibAxes

    if not isinstance(ax, MatplotlibAxes):
        raise InputError(f"ax={ax!r}: give axes of matplotlib, such as plt.subplots()[1]")
    if ax.get_subplotspec() is None:
        raise InputError("ax is not part of a grid: create it with subplots, or plot without ax")
    token = _PLACE.set(ax)
    try:
        make()
    finally:
        _PLACE.reset(token)
    return ax.figure.subfigs[-1]


def canvas(width_in: float, height_in: float) -> Figure:
    """An empty figure of a size, or its place in another one; see `in_place_of`."""
    from matplotlib.figure import Figure

    ax = _PLACE.get()
    if ax is None:
        return Figure(figsize=(width_in, height_in), layout="constrained")
    _PLACE.set(None)  # for one figure
    ax.set_axis_off()
    spec = ax.get_subplotspec()
    assert spec is not None
    return cast("Figure", ax.figure.add_subfigure(spec))


def resize(figure: Figure | SubFigure, width_in: float, height_in: float) -> None:
    """Change the size of a figure; one that is a part of another keeps its place."""
    from matplotlib.figure import Figure

    if isinstance(figure, Figure):
        figure.set_size_inches(width_in, height_in)


def panels(
    width_in: float, height_in: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, NDArray[Any]]:
    """A figure whose parts make room for each other, and its axes, ``(rows, columns)``."""
    figure = canvas(width_in, height_in)
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    for axes in grid.ravel():
        settle(axes)
    return figure, grid


def settle(axes: Axes) -> None:
    """Write the tick style into the axes: ticks are made when drawn, after the style is gone."""
    axes.tick_params(which="major", direction="in", length=4.0, width=0.7)
    axes.tick_params(which="minor", direction="in", length=2.0, width=0.6)


def plain(text: str) -> str:
    r"""Text of a user's file as it stands: a dollar sign opens no formula.

    Examples:
        >>> print(plain("5$ detector"))
        5\$ detector
    """
    return text.replace("$", r"\$")


def sentence(text: str) -> str:
    """`text` with its first letter large.

    Examples:
        >>> sentence("beam-related neutrons")
        'Beam-related neutrons'
    """
    return plain(text[:1].upper() + text[1:])


def unit_text(unit: str) -> str:
    """A unit as a figure shows it, with its power of ten.

    Examples:
        >>> unit_text("us"), unit_text("1e-32 cm2")
        ('µs', '$10^{-32}$ cm$^2$')
    """
    power, space, rest = unit.partition(" ")
    if space and (found := re.fullmatch(r"1?e([+-]?\d+)", power)):
        return f"$10^{{{int(found[1])}}}$ {unit_text(rest)}"
    return _UNIT_TEXT.get(unit, plain(unit))


def with_unit(quantity: str, unit: str) -> str:
    """An axis label: the quantity and, in brackets, its unit.

    Examples:
        >>> with_unit("Recoil energy", "keVnr"), with_unit("Pull", "")
        ('Recoil energy [keVnr]', 'Pull')
    """
    return f"{quantity} [{unit_text(unit)}]" if unit else quantity


def energy_label(experiment: Apparatus) -> str:
    """Label of the reconstructed energy axis, as declared."""
    axis = experiment.declaration.axes.energy
    if axis is None:
        return "All events"
    named = axis.name not in ("energy", axis.unit)
    return with_unit(sentence(axis.name) if named else "Reconstructed energy", axis.unit)


def energy_unit(experiment: Apparatus) -> str:
    """Unit of the reconstructed energy axis, ``bin unit`` where none is declared."""
    axis = experiment.declaration.axes.energy
    return unit_text("" if axis is None else axis.unit) or "unit"


def pulse_shape_label(experiment: Apparatus) -> tuple[str, str]:
    """Label of the pulse-shape axis, as declared, and what its densities are per."""
    axis = experiment.declaration.axes.pulse_shape
    name = "pulse shape" if axis is None or axis.name == "energy" else axis.name
    return sentence(name), f"unit {plain(name)}"


def time_label(experiment: Apparatus) -> tuple[str, str, float]:
    """Label of the time axis, the unit that suits its length, and what a unit is in us."""
    edges = experiment.time_edges
    length = 0.0 if edges is None else float(edges[-1] - edges[0])
    in_us = {"d": 8.64e10, "s": 1e6, "ms": 1e3, "us": 1.0}
    # the windows of pulsed beams, up to a tenth of a second, are shown in microseconds
    unit = next((u for u, size in in_us.items() if length >= max(2.0 * size, 1e5)), "us")
    return with_unit("Arrival time", unit), unit_text(unit), in_us[unit]


def flavour_text(flavour: str) -> str:
    """A flavour as a formula."""
    return _FLAVOUR_TEXT.get(flavour, plain(flavour))


def flavour_line(flavour: str) -> dict[str, Any]:
    """Colour and dash of a flavour."""
    color, dash = FLAVOUR_LINES.get(flavour, (FAINT, ":"))
    return {"color": color, "linestyle": dash}


def fills(names: Iterable[str], signal: str, steady: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Fill of every component: signal, steady-state, then the others in turn."""
    out: dict[str, dict[str, Any]] = {}
    others = 0
    for name in names:
        if name == signal:
            out[name] = {"facecolor": SIGNAL_FILL, "hatch": ""}
        elif name in steady:
            out[name] = {"facecolor": STEADY_FILL, "hatch": ""}
        else:
            k = others % len(FILLS)
            out[name] = {"facecolor": FILLS[k], "hatch": HATCHES[k]}
            others += 1
    return out


def credit(
    experiment: Apparatus | JointExperiment, *, kind: str = "fit", asimov: bool = False
) -> str:
    """What a figure stands on: where the data are from and what made the curves.

    It names the paper, not the collaboration as an author: a figure made here is nobody's
    official result.
    """
    made = f"{kind}: cevns {VERSION}"
    if asimov:
        return f"expected counts instead of data; {made}"
    cite = ", ".join(experiment.cite)
    if kind == "fit" and cite:
        return f"data: {plain(cite)}; {made}"
    return f"inputs: {plain(cite)}; {made}" if cite else made


def caption(axes: Axes, title: str, note: str) -> None:
    """Title and, smaller below it, what the figure stands on; above the axes, to the left.

    Args:
        axes: the first ones of the figure.
        title: as the user wrote it; it is broken into three lines at most. That of `look` replaces
            it.
        note: from `credit`.
    """
    from textwrap import wrap

    # 15 letters an inch at this size; the rest of the width is that of labels beside the axes
    letters = int(13.5 * axes.figure.bbox.width / axes.figure.dpi)
    said = current().title
    lines = wrap(said or plain(title), letters, max_lines=3, placeholder=" ...") or [" "]
    # papers of several experiments do not fit into one line
    below = wrap(note, int(1.4 * letters)) or [""]
    heading = axes.set_title("\n".join(lines), loc="left", pad=4.5 + 8.5 * len(below))
    axes.annotate(
        "\n".join(below),
        xy=(0.0, 0.0),
        xycoords=heading,
        xytext=(0.0, -1.5),
        textcoords="offset points",
        fontsize=7.0,
        color="0.3",
        va="top",
    )


def with_error(value: float, error: float) -> str:
    """A value and its error, rounded to two digits of the error, or to integers above it.

    Examples:
        >>> with_error(1271.5, 23.6), with_error(17.04, 4.45), with_error(0.2204, 0.0271)
        ('1272 ± 24', '17.0 ± 4.5', '0.220 ± 0.027')
    """
    if not error > 0:
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
