"""The curves of the figure of a scan as numbers: the CSV that ``--overlay`` reads.

The curve of one parameter has one row for each value. The region of two has its border, each line
of it after a blank line; a closed line ends where it begins. Numbers have up to 15 digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.report.scan_figures import scan_parts as parts
from cevns.report.scan_figures.raster import RasterRegion
from cevns.report.scan_figures.scan_curves import QUANTITY
from cevns.report.scan_figures.scan_maps import name_of, region_of
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["scan_csv"]

_EXPECTED = ("expected, -2 sigma", "expected, -1 sigma", "expected", "expected, +1 sigma",
             "expected, +2 sigma")  # fmt: skip
_MEANING: Final = {
    "q": "q is the rise of -2 ln L above its minimum, all other parameters profiled",
    "cls": "cls is CLs: the p-value of signal and background over that of background alone",
    "density": "density is that of the posterior, all other parameters marginalised",
}
"""What the second column holds."""


def scan_csv(scan: Scan, *, levels: Sequence[float] = ()) -> str:
    """Curves of a scan of one or two parameters.

    Args:
        scan: from `cevns.analysis.scanning.scan_task.scan`, or read from its file.
        levels: confidence levels beside that of the scan, of regions.

    Returns:
        Comments with what it stands on, a line with the names of the columns, then the curves,
        each with a line ``# label:``. Parameters are in the units of the scan.

    Raises:
        InputError: if a level is not in the scan, or the scan was refused.
    """
    drawn = parts.further(scan, levels)
    single = len(scan.names) == 1
    columns = (*scan.names, *([QUANTITY[scan.method]] if single else []))
    units = [f"{n} in {u}" for n, u in zip(scan.names, scan.units, strict=True) if u]
    meant = [_MEANING[QUANTITY[scan.method]]] if single else []
    head = [f"# {scan.heading}", f"# {parts.note(scan)}", *(f"# {u}" for u in (*units, *meant))]
    lines = [*head, ",".join(columns)]
    curves = list(_curve(scan) if single else _borders(scan, drawn))
    if not curves:
        lines.append("# no boundary of the region lies in the scanned ranges")
    for label, points in curves:
        lines += ["", f"# label: {label}"]
        lines += [f"{a:.15g},{b:.15g}" for a, b in points[np.isfinite(points).all(axis=1)]]
    return "\n".join(lines) + "\n"


def _curve(scan: Scan) -> Iterator[tuple[str, Array]]:
    """What is drawn upwards, with what it is compared to."""
    x = scan.axes[0]
    if scan.method == "bayes":
        yield "posterior density", np.stack([x, parts.dataset(scan, "posterior/density")], -1)
        return
    if scan.method == "cls":
        yield "observed", np.stack([x, parts.dataset(scan, "cls/cls")], -1)
        for name, row in zip(_EXPECTED, parts.dataset(scan, "cls/expected"), strict=True):
            yield name, np.stack([x, row], -1)
        return
    yield "profile likelihood", np.stack([x, scan.q], -1)
    if scan.method == "fc":
        critical = parts.critical_at(scan, scan.cl)
        yield f"critical value, toys, {parts.percent(scan.cl)}", np.stack([x, critical], -1)


def _borders(scan: Scan, levels: Sequence[float]) -> Iterator[tuple[str, Array]]:
    """Lines around the regions, in the order of the axes of the scan."""
    for cl in levels:
        # without an argument the ends that were fitted are taken, where there are some
        field = None if np.isclose(cl, scan.cl) else parts.statistic(scan, cl)
        region = region_of(scan, field)
        if isinstance(region, RasterRegion):
            lines = [_in_order(scan, line) for line in region.lines()]
        else:
            lines = [np.stack([c.x, c.y], -1) for c in region.contour.curves]
        for line in lines:
            yield name_of(scan, cl), line
    if scan.method == "cls" and scan.raster:
        from cevns.inference.scan.cls import ClsScan

        found = ClsScan(scan.file)
        at = scan.axes[scan.names.index(scan.raster[0])]
        for name, row in zip(_EXPECTED, found.expected, strict=True):
            yield name, _in_order(scan, np.stack([at, found.upper(row)], -1))


def _in_order(scan: Scan, points: Array) -> Array:
    """Structural values and others, as columns in the order of the axes."""
    return points if scan.names[0] in scan.raster else points[:, ::-1]
