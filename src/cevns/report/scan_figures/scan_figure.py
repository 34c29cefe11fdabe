"""Figures of scans of new physics: curves, regions and limits by every method.

The figure of one parameter shows -2 ln L above its minimum with the critical value by Wilks and,
of a Feldman-Cousins scan, that of the toys with its Monte Carlo error; CLs with what is expected
without signal; or the posterior density. That of two parameters shows the regions, the border by
Wilks beside that of Feldman and Cousins, the best fit and the Standard Model. Where one axis is
structural (a mass) the other one is limited at each of its values, and what is excluded is
hatched: an allowed strip between two excluded areas stays white.

A scan holds in its datasets, flattened with the last axis fastest:

``profile``, ``fc``
    ``profile/q``, and of toys ``toys/critical``, ``toys/critical_error``, ``toys/levels`` and
    ``toys/quantiles``.
``cls``
    what `cevns.inference.scan.cls.ClsScan` reads.
``bayes``
    ``posterior/density`` at the points, normalised over the cells of the grid (over those of the
    logarithm along logarithmic axes); ``posterior/level``, the density at the border of the
    region of highest density at the scan's level; and for borders at other levels
    ``posterior/credibility``, the probability of all that is denser than the point. See
    `cevns.inference.bayes.credible.CredibleMap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cevns.report.drawing import style
from cevns.report.drawing.legends import legend_below
from cevns.report.drawing.look import current
from cevns.report.drawing.overlays import check_axes, read_overlays, scan_file
from cevns.report.scan_figures import scan_parts as parts
from cevns.report.scan_figures.scan_curves import QUANTITY, check_quantity, curve
from cevns.report.scan_figures.scan_maps import region_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.analysis.scanning.scan_record import Scan

    Overlay = Path | str | Scan | tuple[str, Scan]

__all__ = ["check_overlays", "scan_figure"]

_SMALL: Final = 0.02
"""Size of the numbers of an axis below which they have many digits."""


def check_overlays(run: Mapping[str, Any], overlays: Sequence[Path | str]) -> list[str]:
    """Refuse overlays that do not go with a scan, before it is computed.

    Args:
        run: what describes the scan: its ``method`` and all of `ScanPlan.label`.
        overlays: files and folders.

    Returns:
        What of folders will be left out, and why.

    Raises:
        InputError: if a scan has other axes, or another quantity.
        DataError: if a file cannot be read, or holds at another alpha_D and does not say what its
            search counts; the message names the file.
    """
    return [text for given in overlays for text in _read(run, given)[1]]


@style.styled
def scan_figure(
    scan: Scan,
    *,
    overlays: Sequence[Overlay] = (),
    levels: Sequence[float] = (),
    title: str = "",
) -> Figure:
    """A scan of one or two parameters.

    Args:
        scan: from `cevns.analysis.scanning.scan_task.scan`, or read from its file.
        overlays: other scans of the same parameters (or a label and a scan), or their files, or
            CSV files of curves, or folders with such. The columns of a CSV file are named like the
            axes, perhaps with the unit (``m_chi_MeV``); with one parameter the second one is
            ``q``, ``cls`` or ``density``. A blank line, or another entry of a column ``curve``,
            begins a new curve, a line ``# label: TEXT`` names those that follow, a closed curve is
            filled and a single point is a marker.
        levels: confidence levels beside that of the scan.
        title: in place of experiments and physics.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
        InputError: if a level is not in the scan, or an overlay has other axes.
        DataError: if an overlay cannot be read; the message names file and line.
    """
    from matplotlib.patches import Patch  # noqa: F401  (a missing library is found first)

    drawn = parts.further(scan, levels)
    over = [entry for o in overlays for entry in _overlay(scan, o)]
    single = len(scan.names) == 1
    figure, grid = style.panels(style.SINGLE_IN, 3.0)
    axes = grid[0, 0]
    (curve if single else region_map)(axes, scan, drawn, over)
    style.caption(axes, title or scan.heading, parts.note(scan))
    current().cut(axes)
    _thin(axes)
    legend_below(figure, 2.9)
    return figure


def _thin(axes: Axes) -> None:
    """Fewer numbers where they have many digits, which would run into each other."""
    from matplotlib.ticker import MaxNLocator

    if axes.get_xscale() == "linear" and max(map(abs, axes.get_xlim())) < _SMALL:
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def _overlay(scan: Scan, source: Overlay) -> list[tuple[str, Any]]:
    """Labels and what is drawn, from an argument of `scan_figure`."""
    from cevns.analysis.scanning.scan_record import Scan as Record

    run = scan.file.run
    if isinstance(source, tuple):
        label, other = source
        check_axes(run, other.file.run, label)
        return [(label, other)]
    if isinstance(source, Record):
        check_axes(run, source.file.run, "the overlay")
        found: Sequence[Any] = [source]
    else:
        found, _ = _read(run, source)
    return [(_label(scan, o) if isinstance(o, Record) else o.label, o) for o in found]


def _label(scan: Scan, other: Scan) -> str:
    """What the legend calls another scan."""
    what = f"{parts.METHODS[other.method]}, {parts.percent(other.cl)}"
    return what if other.title == scan.title else f"{other.heading}, {what}"


def _read(run: Mapping[str, Any], given: Path | str) -> tuple[Sequence[Any], list[str]]:
    """A scan, or curves, of a file or a folder; and what of the folder is left out."""
    names = run["axes"]
    if scan_file(given):
        from cevns.analysis.scanning.scan_record import Scan as Record

        other = Record.read(given)
        check_axes(run, other.file.run, str(given))
        if len(names) == 1:
            check_quantity(other.method, run["method"])
        return [other], []
    columns = (names[0], names[1] if len(names) == 2 else QUANTITY[run["method"]])
    return read_overlays(given, run, columns)
