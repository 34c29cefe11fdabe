"""Figures of scans over a field: error or limit, and significance, against mass or time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.analysis.scanning.field_record import NUMBERS, FieldScan
from cevns.analysis.scanning.scan_files import read
from cevns.exceptions import InputError
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import symbol
from cevns.report.drawing.legends import legend_below
from cevns.report.drawing.look import current
from cevns.report.scan_figures.scan_parts import percent
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["field_csv", "field_figure", "read_fields"]

_LINES: Final[tuple[tuple[str, Any], ...]] = (
    (style.ACCENT, "-"), (style.PUBLISHED, (0, (5, 1.6))), ("#d98200", (0, (1.2, 1.2))),
    ("#964a8b", (0, (6, 1.5, 1, 1.5))), ("#3f8f5b", (0, (2.5, 1))),
)  # fmt: skip
_NAMES: Final = {
    "target.mass": "Mass of the target",
    "live_time": "Live time",
    "source.distance": "Distance from the source",
    "source.power": "Power of the source",
    "detector.efficiency.energy.threshold": "Threshold",
}
"""What the axis of a field is called; others have the name of the field."""
_PLAIN: Final = 100.0
"""Ratio of the ends up to which a logarithmic axis has plain numbers."""
_DECADE: Final = 10.0
"""Ratio of the ends from which numbers are drawn on a logarithmic axis."""


def read_fields(
    field: str, quantity: str, unit: str, files: Sequence[Path]
) -> list[tuple[str, FieldScan]]:
    """Other scans over the same field, by the names of their files.

    Args:
        field: which is scanned.
        quantity: what is asked.
        unit: of the values of the field.
        files: of the others.

    Raises:
        InputError: if one is over another field, or asks for something else.
        DataError: if a file cannot be read.
    """
    out = []
    for path in files:
        other = read(path)
        if not isinstance(other, FieldScan) or (field, quantity) != (
            other.name,
            other.quantity.name,
        ):
            raise InputError(
                f"{path} is not a scan of {quantity} over {field}; overlay such a scan"
            )
        if other.unit != unit:
            raise InputError(
                f"{path} has {field} in {other.unit or 'plain numbers'}, not in "
                f"{unit or 'plain numbers'}; scan it in the same unit"
            )
        out.append((path.stem, other))
    return out


@style.styled
def field_figure(
    found: FieldScan, *, overlays: Sequence[tuple[str, FieldScan]] = (), title: str = ""
) -> Figure:
    """Error or limit against the field and, where there is one, the significance below it.

    Args:
        found: from `cevns.Study.scan_field`, or read from its file.
        overlays: labels and other scans over the same field.
        title: in place of the experiments.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    both = found.has_significance
    figure, grid = style.panels(
        style.SINGLE_IN, 4.2 if both else 2.9, rows=2 if both else 1, sharex=True
    )
    each = [("", found), *overlays]
    columns = ["main", "significance"] if both else ["main"]
    for axes, what in zip(grid[:, 0], columns, strict=True):
        every = []
        for (label, scan), (colour, dash) in zip(each, cycle(_LINES), strict=False):
            y = _upwards(scan, what)
            every.append(y)
            name = label or (found.title if overlays and what == "main" else "")
            axes.plot(scan.values, y, color=colour, linestyle=dash, label=style.plain(name or "_"))
        if found.logarithmic:
            _logarithmic(axes, found.values)
        _scale(axes, np.concatenate(every))
        current().cut(axes)
    grid[0, 0].set_ylabel(_said(found))
    if both:
        grid[1, 0].set_ylabel(r"Significance [$\sigma$]")
        low, high = grid[1, 0].get_ylim()
        for sigmas in (3.0, 5.0):
            if low < sigmas < high:
                grid[1, 0].axhline(sigmas, color=style.FAINT, linewidth=0.7, linestyle=":")
    name = current().label(found.name) or _NAMES.get(found.name, style.plain(found.name))
    grid[-1, 0].set_xlabel(style.with_unit(name, found.unit))
    grid[0, 0].set_xlim(found.values[0], found.values[-1])
    current().cut(grid[0, 0])
    note = f"expected counts; sensitivity: cevns {VERSION}"
    style.caption(grid[0, 0], title or style.plain(found.title), note)
    if overlays:
        legend_below(figure, 4.1 if both else 2.8)
    return figure


def _upwards(scan: FieldScan, what: str) -> Array:
    """What is drawn upwards; relative numbers in per cent."""
    y = scan.main if what == "main" else scan[what]
    return 100.0 * y if what == "main" and scan.quantity.kind == "relative" else y


def _logarithmic(axes: Axes, x: Array) -> None:
    """A logarithmic axis; where it is short with plain numbers, 1, 2, 5, 10."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    if x[-1] <= _PLAIN * x[0]:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())


def _scale(axes: Axes, y: Array) -> None:
    """A logarithmic axis for what spans decades, else one from zero."""
    known = y[np.isfinite(y) & (y > 0.0)]
    if not known.size:
        return
    if known.max() > _DECADE * known.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(0.0, 1.08 * float(known.max()))


def _said(found: FieldScan) -> str:
    """Label of the upper panel."""
    q = found.quantity
    name = symbol(q.name, q.title)
    name = name if "$" in name else name[:1].lower() + name[1:]
    if q.kind == "limit":
        return style.with_unit(f"{percent(found.cl)} upper limit on {name}", q.unit)
    if q.kind == "relative":
        said = current().label(q.name) or "the cross section"
        return style.with_unit(f"Error of {said}", "%")
    return style.with_unit(f"Error of {name}", q.unit)


def field_csv(found: FieldScan) -> str:
    """The numbers at each value of the field as CSV.

    Returns:
        Comments with what it stands on, a line with the names of the columns, then the rows.
        Relative errors are shares of one; what does not exist is ``nan``.
    """
    q = found.quantity
    shown = [n for n in NUMBERS if not np.isnan(found[n]).all()]
    lines = [
        f"# {found.title}",
        f"# expected counts; sensitivity: cevns {VERSION}",
        f"# {q.name}: {q.title}{f', in {q.unit}' if q.unit else ''}; error: one sigma"
        + (", relative" if q.kind == "relative" else ""),
        f"# lower, upper, upper_limit: confidence level {found.cl:g}",
        *([f"# {found.name} in {found.unit}"] if found.unit else []),
        ",".join([found.name, *shown]),
    ]
    rows = zip(found.values, *(found[n] for n in shown), strict=True)
    return "\n".join([*lines, *(",".join(repr(float(v)) for v in row) for row in rows)]) + "\n"
