"""What the figures of scans share: where a region is, how it is named, points to mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import DataError, InputError
from cevns.inference.scan.profile_scan import levels as chi2_level
from cevns.inference.toys.toy_job import TIE
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.labels import parameter_label
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = [
    "ABOVE",
    "METHODS",
    "axis_label",
    "best",
    "critical_at",
    "dataset",
    "density_threshold",
    "further",
    "interval_text",
    "note",
    "percent",
    "standard_model",
    "statistic",
    "upright",
    "without_fit",
    "without_toys",
]

ABOVE: Final = ("dm2_41",)
"""Structural axes that the field draws upwards; masses of mediators run to the right."""
METHODS: Final = {
    "profile": "profile likelihood",
    "fc": "Feldman-Cousins",
    "cls": "CLs",
    "bayes": "posterior",
}
_TINY: Final = 1e-300


def percent(cl: float) -> str:
    """A confidence level as a figure writes it.

    Examples:
        >>> percent(0.9), percent(0.683)
        ('90%', '68.3%')
    """
    return f"{100.0 * cl:.4g}%"


def dataset(scan: Scan, name: str) -> Array:
    """A dataset of the scan.

    Raises:
        DataError: if the file lacks it.
    """
    try:
        return scan.file.datasets[name]
    except KeyError:
        raise DataError(
            f"it lacks the dataset {name!r} of the method {scan.method}; compute the scan again",
            path="the scan",
        ) from None


def critical_at(scan: Scan, cl: float) -> Array:
    """Critical value of q at any confidence level, with the shape of the grid.

    Of a Feldman-Cousins scan at other levels than its own it comes from the stored quantiles of q,
    between which it is interpolated.

    Raises:
        InputError: if the level is not between 0 and 1, or above the stored quantiles.
    """
    wilks = chi2_level(cl, scan.degrees)
    if scan.method != "fc":
        return np.full(scan.shape, wilks)
    if np.isclose(cl, scan.cl):
        return scan.critical
    known, table = dataset(scan, "toys/levels"), dataset(scan, "toys/quantiles")
    if cl > known[-1]:
        raise InputError(
            f"the scan holds quantiles of its toys up to {percent(float(known[-1]))}, not at "
            f"{percent(cl)}; ask for a lower level"
        )
    found = np.array([np.interp(cl, known, row) for row in table]).reshape(scan.shape)
    return np.where(scan.excluded, wilks, found + TIE)


def statistic(scan: Scan, cl: float | None = None) -> tuple[Array, Array]:
    """What is not negative and at most its critical value inside the region, and that value.

    It is q, or -ln CLs, or by how much the posterior density is below its largest value.

    Args:
        scan: the scan.
        cl: level of the region; by default that of the scan.

    Returns:
        Both with the shape of the grid.

    Raises:
        InputError: if the region at this level is not in the scan.
    """
    cl = scan.cl if cl is None else cl
    if scan.method == "cls":
        if not np.isclose(cl, scan.cl):
            raise InputError(
                f"this CLs scan has limits at {percent(scan.cl)}; {percent(cl)} needs its own scan"
            )
        cls = dataset(scan, "cls/cls").reshape(scan.shape)
        return -np.log(np.maximum(cls, _TINY)), np.full(scan.shape, -np.log(1.0 - cl))
    if scan.method == "bayes":
        density = dataset(scan, "posterior/density").reshape(scan.shape)
        top = float(density.max())
        return top - density, np.full(scan.shape, top - density_threshold(scan, cl))
    return scan.q, critical_at(scan, cl)


def density_threshold(scan: Scan, cl: float) -> float:
    """Density at the border of the credible region.

    Raises:
        InputError: if it is not in the scan.
    """
    if np.isclose(cl, scan.cl):
        return float(dataset(scan, "posterior/level"))
    if "posterior/credibility" not in scan.file.datasets:
        raise InputError(
            f"the scan holds its credible region at {percent(scan.cl)} only, not at {percent(cl)}"
        )
    density = dataset(scan, "posterior/density").ravel()
    inside = dataset(scan, "posterior/credibility").ravel() <= cl
    if inside.all() or not inside.any():
        return float(density.min() if inside.all() else density.max())
    return float(0.5 * (density[inside].min() + density[~inside].max()))


def further(scan: Scan, wanted: Sequence[float]) -> list[float]:
    """The scan's level and others, without repetition, the largest first.

    Raises:
        InputError: if one is not between 0 and 1, or the scan was refused.
    """
    if scan.refused:
        raise InputError(f"this scan was refused and is not drawn: {scan.refused}")
    for cl in wanted:
        chi2_level(cl, 1)
    others = {cl for cl in wanted if not np.isclose(cl, scan.cl)}
    return sorted({scan.cl, *others}, reverse=True)


def without_toys(scan: Scan) -> NDArray[np.bool_]:
    """Points of a Feldman-Cousins scan where no toy was made, with the shape of the grid."""
    if scan.method != "fc":
        return np.zeros(scan.shape, dtype=bool)
    return np.isnan(scan.critical)


_PLAIN = 25.0
"""Rise of -2 ln L above the critical value from which a point is excluded whatever else."""


def without_fit(scan: Scan) -> NDArray[np.bool_]:
    """Points where the fit failed and the answer is not plain, with the shape of the grid.

    Far outside the region, where all neighbours are excluded by tens of units, a fit that fails
    says the same as one that does not.
    """
    if scan.method == "bayes":
        return np.zeros(scan.shape, dtype=bool)
    from scipy.ndimage import binary_dilation

    bad = ~np.isfinite(scan.q)
    open_ = ~bad & (scan.q < np.nanmax(scan.critical) + _PLAIN)
    near = binary_dilation(open_, structure=np.ones((3,) * scan.q.ndim))
    result: NDArray[np.bool_] = bad & near
    return result


def standard_model(scan: Scan) -> tuple[float | None, ...]:
    """Where the Standard Model lies on each axis; None where it has no place on it."""
    known = scan.file.run.get("standard model")
    return tuple(known) if known is not None else (None,) * len(scan.names)


def axis_label(scan: Scan, k: int) -> str:
    """What the figure calls an axis of the scan."""
    said = scan.file.run.get("descriptions", [""] * len(scan.names))
    return parameter_label(scan.names[k], scan.units[k], said[k])


def best(scan: Scan) -> tuple[float | None, ...] | None:
    """Best fit on each axis, None on one where the scan does not say; None where there is none.

    A raster scan asks at each value of the structural axis about the other parameter alone. Its
    lowest -2 ln L of all is marked only if it lies inside both ranges: where the data prefer no
    coupling all masses are as good, and one at the end of its range is the best of what was asked.
    CLs is a limit, and knows no best fit.
    """
    if scan.method == "cls" or "profile/best" not in scan.file.datasets:
        return None
    found = scan.best
    at = tuple(found.get(n) for n in scan.names)
    if scan.raster:
        ends = ((v, x[0], x[-1]) for v, x in zip(at, scan.axes, strict=True))
        if not all(v is not None and _inside(v, low, high) for v, low, high in ends):
            return None
    return at


def _inside(value: float, low: float, high: float) -> bool:
    """Whether a value lies in a range and not at its ends."""
    return low < value < high and not np.isclose(value, (low, high), rtol=1e-6, atol=0.0).any()


def upright(scan: Scan) -> bool:
    """Whether the first axis of a map is drawn to the right and the second upwards."""
    for k, name in enumerate(scan.names):
        if name in scan.raster:
            return (name in ABOVE) == (k == 1)
    return True


def interval_text(pieces: Sequence[tuple[float, float]]) -> str:
    """Pieces of a confidence set, rounded to three digits of the shortest.

    Examples:
        >>> interval_text([(-0.0412, 0.0831), (0.3141, 0.4655)])
        '[−0.041, 0.083] ∪ [0.314, 0.466]'
        >>> interval_text([])
        'nothing'
    """
    if not pieces:
        return "nothing"
    shortest = min((b - a for a, b in pieces if b > a), default=0.0)
    size = max(abs(v) for p in pieces for v in p)
    if shortest <= 0 or size >= 1e4 or size < 1e-3:
        shown = [f"[{a:.3g}, {b:.3g}]" for a, b in pieces]
    else:
        digits = max(0, 2 - int(np.floor(np.log10(shortest))))
        # rounded first, then a sum with +0.0: no "-0"
        shown = [
            f"[{round(a, digits) + 0.0:.{digits}f}, {round(b, digits) + 0.0:.{digits}f}]"
            for a, b in pieces
        ]
    return " ∪ ".join(shown).replace("-", "−")


def note(scan: Scan) -> str:
    """What the figure stands on: the data's papers and what made the curves."""
    run = scan.file.run
    made = f"scan: cevns {run.get('version', VERSION)}"
    if run["asimov"]:
        return f"expected counts instead of data; {made}"
    cite = ", ".join(run.get("cite", ()))
    return f"data: {style.plain(cite)}; {made}" if cite else made
