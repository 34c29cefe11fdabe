"""A scan in lines for people."""

from __future__ import annotations

import math

import numpy as np

from cevns.analysis.scanning.scan_findings import Pieces, ScanFindings
from cevns.exceptions import MissingExtraError

__all__ = ["answer", "next_steps", "summary"]

_EQUALLY = 0.01
"""Rise of -2 ln L that is none."""
_CELLS = 2.0
"""Cells of the grid below which the area of a piece is not known."""
_SLICES = 12
"""Values of a structural axis that are shown."""


def summary(scan: ScanFindings) -> list[str]:
    """What was found, in lines.

    Args:
        scan: the scan.
    """
    percent = f"{100.0 * scan.cl:g} %"
    how = {
        "profile": f"profile likelihood, critical value {scan.wilks:.3f} (Wilks)",
        "fc": "Feldman-Cousins, toys at profiled nuisances",
        "cls": "CLs",
        "bayes": "posterior, highest density",
    }[scan.method]
    units = dict(zip(scan.names, scan.units, strict=True))
    middle = "posterior mean" if scan.method == "bayes" else "best fit"
    lines = [f"{middle}: {_values({n: v for n, v in scan.best.items() if n in units}, units)}"]
    held = {**scan.file.run["held couplings"], **scan.file.run["held parameters"]}
    lines += _best_outside(scan)
    profiled = {n: scan.best[n] for n in scan.file.run["profiled couplings"] if n in scan.best}
    if profiled:
        lines.append(f"profiled: {_values(profiled, scan.file.run['held units'])}")
    if held:
        lines.append(f"held: {_values(held, scan.file.run['held units'])}")
    if "left out" in scan.file.run:
        lines.append(_left_out(scan))
    if len(scan.names) == 1:
        lines.append(_pieces(scan, scan.names[0], scan.intervals) + f" at {percent} ({how})")
        lines += _open_ends(scan, scan.names[0], [scan.intervals])
    else:
        lines.append(f"region at {percent}: {how}")
        lines += _region(scan)
    if scan.method == "fc":
        lines += _toys(scan)
    if scan.method == "cls":
        lines += _expected(scan)
    if scan.excluded.any():
        run = scan.file.run
        lines.append(
            f"{int(scan.excluded.sum()):,} points are excluded without toys: -2 ln L lies more "
            f"than {run['excluded above']:g} above its minimum, "
            f"p < {run['p-value of the excluded below']:g}"
        )
    if scan.refused:
        lines.append(f"this result is refused: {scan.refused}")
    if scan.failed:
        points = "point has" if scan.failed == 1 else "points have"
        lines.append(f"{scan.failed} {points} no converged fit")
    if scan.unsure.any():
        lines.append(
            f"at {int(scan.unsure.sum())} of {scan.unsure.size:,} points a fit that did not "
            "converge has reached a lower value; use a finer grid"
        )
    return lines


def next_steps(scan: ScanFindings) -> list[str]:
    """What another run would cost: for who has just made this one, and no part of its result.

    Args:
        scan: the scan.
    """
    if "fits by toys" not in scan.file.notes:
        return []
    fits = _rounded(scan.file.notes["fits by toys"])
    many = f"'--method fc' would take about {fits} fits with 1,000 toys a point"
    return [f"{many}; '--plan' estimates the time"]


def answer(scan: ScanFindings) -> str:
    """What was found, in one line: the interval, the best limit, or the region and its best fit."""
    at = f"at {100.0 * scan.cl:g} %"
    units = dict(zip(scan.names, scan.units, strict=True))
    if len(scan.names) == 1:
        found = f"{_pieces(scan, scan.names[0], scan.intervals)} {at}"
        return next(line for line in summary(scan) if line.startswith(found))
    best = _values({n: v for n, v in scan.best.items() if n in units}, units)
    middle = "posterior mean" if scan.method == "bayes" else "best fit"
    if scan.raster:
        (structural,) = scan.raster
        (name,) = (n for n in scan.names if n != structural)
        ends = [(p[0][1], v) for v, p in scan.slices() if len(p) == 1 and scan.begins(name)]
        ends = [(high, v) for high, v in ends if high < scan.axes[scan.names.index(name)][-1]]
        if ends:
            high, v = min(ends)
            limit = f"{name} < {_with_unit(f'{high:.4g}', units[name])}"
            where = f"{structural} = {_with_unit(f'{v:.4g}', units[structural])}"
            return f"the strongest limit is {limit} {at}, where {where}"
        return f"{middle}: {best}; intervals of {name} {at} for each {structural}"
    found, *coarse = _region(scan) or [""]
    found += " on a coarse grid" if coarse else ""
    region = f"region of {' and '.join(scan.names)} {at}"
    return f"{region}: {found}; {middle} {best}" if found else f"{region}; {middle} {best}"


def _left_out(scan: ScanFindings) -> str:
    """Values of the structural axis that the scan was asked for and does not have."""
    name, found = scan.raster[0], scan.file.run["left out"]
    unit = scan.units[scan.names.index(name)]
    values = [f"{v:.4g}" for v in found["values"]]
    some = values if len(values) < 4 else [values[0], "...", values[-1]]
    return f"left out: {name} = {', '.join(some)} {unit}".rstrip() + f", no limit: {found['why']}"


def _toys(scan: ScanFindings) -> list[str]:
    """Critical values, where toys were drawn, and how well the border is known."""
    toys = scan.file.group("toys")
    c, error = toys["critical"], toys["critical_error"]
    values = (
        f"critical values {np.nanmin(c):.2f} to {np.nanmax(c):.2f} "
        f"(error {np.nanmedian(error):.2f}), by Wilks {scan.wilks:.2f}; "
    )
    if not scan.shared:
        return [f"{values}{int(toys['n'].sum()):,} toys at their points"]
    run = scan.file.run
    anchors = f"{len(run['anchors'])} of them, {run['toys of an anchor']:,} each"
    lines = [
        f"{values}{int(toys['fits']):,} fits",
        f"all points use the toys of {anchors}: errors of neighbours are correlated",
    ]
    border = scan.border.ravel()
    if border.any():
        lines.append(
            f"at the boundary the error of the p-value is {np.max(toys['p_error'][border]):.2g} "
            f"and that of the critical value {np.nanmax(error[border]):.2g}, as "
            f"{np.min(toys['equivalent'][border]):,.0f} toys of a point would, or better"
        )
    own = int(np.sum(toys["own_at_last"] > 0))
    if own:
        lines.append(f"{own:,} points have toys of their own beside, where those do not suffice")
    p, uncertainty = toys["goodness_of_fit"]
    if math.isfinite(p) and not run["asimov"]:
        lines.append(f"goodness of fit by the same toys: p = {p:.3f} +/- {uncertainty:.3f}")
    return lines


def _best_outside(scan: ScanFindings) -> list[str]:
    """A remark where the best fit lies outside the scanned ranges."""
    outside = [
        n
        for n, x in zip(scan.names, scan.axes, strict=True)
        if scan.method == "profile" and n in scan.best and not x[0] <= scan.best[n] <= x[-1]
    ]
    if not outside:
        return []
    where, known = " and ".join(outside), scan.file.run["bounds"]
    said = f"it lies outside the scanned range of {where}"
    if all(scan.best[n] in known[scan.names.index(n)] for n in outside):
        return [f"{said}, at the bound"]
    rise = float(np.nanmin(scan.q))
    if rise < _EQUALLY:
        return [f"{said}, along which values fit equally well"]
    return [f"{said}; at the best scanned point -2 ln L is {rise:.3g} higher"]


def _rounded(n: int) -> str:
    """Two digits of a whole number."""
    return f"{int(float(f'{n:.1e}')):,}"


def _values(values: dict[str, float], units: dict[str, str]) -> str:
    """``a = 1 MeV, b = 2 x 1e-10 mu_B``."""
    return ", ".join(f"{n} = {_with_unit(f'{v:.4g}', units.get(n, ''))}" for n, v in values.items())


def _with_unit(text: str, unit: str) -> str:
    if not unit:
        return text
    return f"{text} x {unit}" if unit[0].isdigit() else f"{text} {unit}"


def _pieces(scan: ScanFindings, name: str, pieces: Pieces) -> str:
    """``a < 2``, ``a < 2 or in [3, 4]`` or ``a in [1, 2]``: an end at the bound is no end."""
    if not pieces:
        return f"no scanned value of {name} is allowed"
    at, (low, high) = scan.names.index(name), pieces[0]
    unit = scan.units[at]
    if scan.begins(name) and low <= scan.axes[at][0]:
        if high >= scan.axes[at][-1]:  # infinite, or where the scan ends
            return f"no limit on {name} below {_with_unit(f'{scan.axes[at][-1]:.4g}', unit)}"
        text = f"{name} < {_with_unit(f'{high:.4g}', unit)}"
        return f"{text} or in {_with_unit(_brackets(pieces[1:]), unit)}" if pieces[1:] else text
    return f"{name} in {_with_unit(_brackets(pieces), unit)}"


def _brackets(pieces: Pieces) -> str:
    return " or ".join(
        f"[{a:.4g}, {f'{b:.4g}' if math.isfinite(b) else 'beyond the range'}]" for a, b in pieces
    )


def _expected(scan: ScanFindings) -> list[str]:
    """Limits by CLs that are expected without signal, with the bands of one and two sigma."""
    from cevns.inference.scan.cls import ClsScan, toys_for_band

    found = ClsScan(scan.file)
    name = str(scan.file.run["limited"])
    at = scan.names.index(name)
    limits = np.array([found.upper(row) for row in found.expected])

    def text(k: int, i: int) -> str:
        value = limits[k, i]
        if math.isfinite(value):
            return f"{value:.4g}"
        # NaN: all of the range is excluded
        return f"above {scan.axes[at][-1]:.4g}" if value > 0 else f"below {scan.axes[at][0]:.4g}"

    def line(i: int) -> str:
        known = sorted(found.bands)
        said = ", ".join(f"{n} sigma {text(2 - n, i)} to {text(2 + n, i)}" for n in known)
        bands = f" ({said})" if said else ""
        if math.isfinite(limits[2, i]):
            return f"{name} < {_with_unit(text(2, i), scan.units[at])}{bands}"
        return f"{name}: the limit is {text(2, i)}{bands}"

    few = []
    if len(found.bands) < 2:
        two, one = (toys_for_band(n) for n in (2, 1))
        need = f"the band of 2 sigma needs {two} toys per point, that of 1 sigma {one}"
        few = [f"{need}: increase --toys (toys=...)"]
    if not scan.raster:
        return [f"expected without signal: {line(0)}", *few]
    structural = scan.raster[0]
    unit = scan.units[scan.names.index(structural)]
    values = scan.axes[scan.names.index(structural)]
    return [
        "expected without signal:",
        *(
            f"{structural} = {_with_unit(f'{values[i]:.4g}', unit)}: {line(i)}"
            for i in range(0, len(values), -(-len(values) // _SLICES))
        ),
        *few,
    ]


def _region(scan: ScanFindings) -> list[str]:
    """Of two parameters: pieces and area, or the interval of each slice."""
    if scan.method == "bayes":
        return []
    if scan.raster:
        (structural,) = scan.raster
        (name,) = (n for n in scan.names if n != structural)
        unit = scan.units[scan.names.index(structural)]
        slices = scan.slices()
        step = -(-len(slices) // _SLICES)
        shown = [
            f"{structural} = {_with_unit(f'{v:.4g}', unit)}: {_pieces(scan, name, p)}"
            for v, p in slices[::step]
        ]
        if step > 1:
            shown.append(f"(every {step}th of {len(slices)} values; all of them with --json)")
        return shown + _open_ends(scan, name, [p for _, p in slices])
    if scan.method == "cls":
        return []
    try:
        found = scan.contours()
    except MissingExtraError:
        return []  # the region is what matters, its area a remark
    n = len(found.pieces)
    border = " (some end with the scanned ranges)" if any(p.at_border for p in found.pieces) else ""
    area = "area in the logarithm of logarithmic axes" if any(scan.logarithmic) else "area"
    said = [f"{n} piece{'s' if n != 1 else ''}{border}, {area} {found.area:.4g}"]
    if _coarse(scan, [p.area for p in found.pieces]):
        refine = "use '--refine 3' (refine=3)" if scan.method == "profile" else "use more points"
        said.append(
            "the grid is coarse: the region is about as narrow as its steps, so number, shape and "
            f"area of the pieces are not reliable; {refine} or a smaller range"
        )
    return said


def _coarse(scan: ScanFindings, areas: list[float]) -> bool:
    """Whether a piece is about as small as a cell, or nowhere wider than two steps."""
    if not areas:
        return False
    steps = [
        np.diff(np.log(x) if log else x) for x, log in zip(scan.axes, scan.logarithmic, strict=True)
    ]
    inside = np.nan_to_num(scan.excess, nan=np.inf) <= 0.0
    around = inside[1:-1, 1:-1] & inside[:-2, 1:-1] & inside[2:, 1:-1]
    around &= inside[1:-1, :-2] & inside[1:-1, 2:]
    cell = float(np.median(steps[0]) * np.median(steps[1]))
    return min(areas) < _CELLS * cell or not around.any()


def _open_ends(scan: ScanFindings, name: str, sets: list[Pieces]) -> list[str]:
    """A remark where a piece ends because the scanned range does."""
    at = scan.names.index(name)
    values, high = scan.axes[at], scan.file.run["bounds"][at][1]
    ends = []
    if not scan.begins(name) and any(p and p[0][0] == values[0] for p in sets):
        ends.append(values[0])
    if values[-1] != high and any(p and p[-1][1] >= values[-1] for p in sets):
        ends.append(values[-1])
    if not ends:
        return []
    where = " and ".join(_with_unit(f"{v:.4g}", scan.units[at]) for v in ends)
    return [f"the scanned range ends inside the region, at {name} = {where}: scan a wider one"]
