"""Expected errors and limits: against years, and as a matrix of detectors and topics."""

from __future__ import annotations

import math
from itertools import cycle
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import name_text, symbol, symbol_of_the_field

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.sensitivity.matrix import SensitivityMatrix
    from cevns.analysis.sensitivity.sensitivity_record import Sensitivity

__all__ = ["matrix_figure", "sensitivity_figure"]

_COLOURS: Final = ("#2f5fb3", "#e42536", "#d98200", "#964a8b", "#3f8f5b", "#6f6f76")
_DASHES: Final[tuple[Any, ...]] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1, 1.5)))
_LETTERS: Final = 52
"""Letters of a line of assumptions in the matrix."""


@style.styled
def sensitivity_figure(found: Sensitivity) -> Figure:
    """The first quantity against years: a colour an experiment, a dash an error of the flux.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    quantity = found.quantities[0]
    figure, grid = style.panels(style.DOUBLE_IN, 3.4)
    axes: Axes = grid[0, 0]
    percent = 100.0 if quantity.kind == "relative" else 1.0
    errors = list(dict.fromkeys(x.flux_error for x in found.expected))
    for name, colour in zip(found.names, cycle(_COLOURS), strict=False):
        for flux_error, dash in zip(errors, cycle(_DASHES), strict=False):
            cells = [
                x
                for x in found.expected
                if (x.of, x.quantity.name, x.flux_error) == (name, quantity.name, flux_error)
                and x.number is not None
            ]
            years = [x.years or x.exposure_factor for x in cells]
            numbers = [percent * (x.number or math.nan) for x in cells]
            flux = "" if flux_error is None else f", flux {100 * flux_error:g} %"
            axes.plot(
                years,
                numbers,
                color=colour,
                linestyle=dash,
                marker="o",
                markersize=3.0,
                label=style.plain(name + flux),
            )
    in_years = any(x.years is not None for x in found.expected)
    axes.set_xlabel("Years" if in_years else "Exposure, times that of the file")
    what = "90 % limit on" if quantity.kind == "limit" else "Error of"
    unit = "%" if quantity.kind == "relative" else quantity.unit
    said = symbol(quantity.name)
    # a name in words would begin with a capital in the middle of the label
    said = said if "$" in said else name_text(quantity.name)
    axes.set_ylabel(style.with_unit(f"{what} {said}", unit))
    axes.set_ylim(0.0, 1.05 * axes.get_ylim()[1])
    axes.set_xlim(left=0.0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.0)
    note = f"expected counts; sensitivity: cevns {VERSION}"
    style.caption(axes, style.sentence(found.title), note)
    return figure


@style.styled
def matrix_figure(found: SensitivityMatrix) -> Figure:
    """Numbers of detectors by topic; the darker a cell, the better among those of its column.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    notes = [wrap(row.assumption, _LETTERS) for row in found.rows]
    heights = [1.5 + 0.8 * len(note) for note in notes]
    total, columns = sum(heights) + 2.0, len(found.topics)
    left = 3.9
    figure = style.canvas(style.DOUBLE_IN + 0.6, 0.165 * total + 0.55)
    axes = figure.subplots()
    axes.set_xlim(-left, columns)
    axes.set_ylim(total, 0.0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.minorticks_off()
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Topic; a dash if it does not apply to the detector", loc="right", fontsize=7.0)
    for i, name in enumerate(found.topics):
        axes.text(
            i + 0.5,
            1.0,
            _head(found, name),
            ha="center",
            va="center",
            fontsize=8.6,
        )
    shades = _shades(found)
    top = 2.0
    for row, note, height, shade in zip(found.rows, notes, heights, shades, strict=True):
        axes.text(-left, top + 0.85, style.plain(row.name), va="center", fontsize=8.5)
        for k, line in enumerate(note):
            axes.text(
                -left,
                top + 1.75 + 0.8 * k,
                style.plain(line),
                va="center",
                fontsize=6.3,
                color="0.3",
            )
        for i, (cell, dark) in enumerate(zip(row.cells.values(), shade, strict=True)):
            colour = "0.96" if math.isnan(dark) else (*_blue(dark), 1.0)
            axes.fill(
                [i + 0.03, i + 0.97, i + 0.97, i + 0.03],
                [top + 0.12, top + 0.12, top + height - 0.12, top + height - 0.12],
                color=colour,
                linewidth=0.0,
            )
            text = "–" if cell is None else cell.written.removeprefix("< ").removesuffix(" %")
            axes.text(
                i + 0.5,
                top + 0.5 * height,
                text,
                ha="center",
                va="center",
                fontsize=7.8,
                color="white" if dark > 0.7 else style.INK,
            )
        top += height
    said = (
        f"{found.assumption}; one standard deviation, limits at 90 %; without a unit: "
        "dimensionless; in a column darker is better"
    )
    axes.set_title("Sensitivities of projections", loc="left", fontsize=9.0, pad=14.0)
    axes.text(
        -left, 0.0, style.plain(f"{said}; cevns {VERSION}"), fontsize=6.8, color="0.3", va="bottom"
    )
    return figure


def _head(found: SensitivityMatrix, topic: str) -> str:
    """The symbol of what a column has, or the short name of the topic, and its unit."""
    asked = {c.quantity.name: c.quantity for r in found.rows if (c := r.cells[topic]) is not None}
    said = [symbol_of_the_field(name) for name in asked]
    text = style.plain(found.topics[topic].short)
    if len(said) == 1 and said[0] is not None:
        before, equals, _ = said[0].partition(" = ")
        text = before + "$" if equals else before
    if any(q.kind == "relative" for q in asked.values()):
        return f"{text} [%]"
    units = {q.unit for q in asked.values() if q.unit}
    return text + "".join(f"\n[{style.unit_text(unit)}]" for unit in sorted(units))


def _shades(found: SensitivityMatrix) -> list[list[float]]:
    """How dark each cell is, 0 to 1 by the logarithm within its column; NaN where it is empty."""
    numbers = np.array(
        [
            [np.nan if c is None or not c.number else math.log(c.number) for c in r.cells.values()]
            for r in found.rows
        ]
    )
    out = np.full(numbers.shape, np.nan)
    for i in range(numbers.shape[1]):
        column = numbers[:, i]
        here = np.isfinite(column)
        if here.any():
            low, high = column[here].min(), column[here].max()
            out[here, i] = (high - column[here]) / (high - low) if high > low else 0.5
    shades: list[list[float]] = out.tolist()
    return shades


def _blue(dark: float) -> tuple[float, float, float]:
    light, deep = np.array([0.93, 0.95, 1.0]), np.array([0.13, 0.28, 0.58])
    red, green, blue = light + dark * (deep - light)
    return float(red), float(green), float(blue)
