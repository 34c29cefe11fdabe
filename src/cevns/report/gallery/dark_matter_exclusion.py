"""Limits on dark matter behind a dark photon from CsI, with the lines of thermal relics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.analysis.expected.relic_line import relic
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.drawing.overlays import read_curves
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.dark_beams import LIMITS_FROM, Y_UNIT, carried
from cevns.report.scan_figures.scan_curves import overlay_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns.typing import Array

__all__ = ["RELICS", "crossings", "figure", "limit_at", "relic_lines", "table"]

CARRIED = LIMITS_FROM

RELICS: Final[dict[str, tuple[str, Any]]] = {
    "dark-photon": ("scalar", "-"),
    "dark-photon-majorana": ("Majorana", (0, (5, 1.6))),
    "dark-photon-dirac": ("Dirac, pseudo-Dirac", (0, (1.2, 1.2))),
}
_RATIO: Final = 3.0
_ALPHA_D: Final = 0.5
_SHOWN: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 30.0, 40.0, 60.0, 100.0, 160.0, 200.0)
_PUBLISHED: Final = {2.0: 2.1e-11, 10.0: 3.4e-11, 25.0: 8.4e-11, 100.0: 1.9e-9}
"""Read from the figure of arXiv:2110.11453 to 5 per cent."""
_BAND: Final = ("observed times 0.5", "observed times 2")
_NOMINAL: Final = "observed times 1"


@cache
def relic_lines() -> dict[str, Array]:
    """Y at which chi is all dark matter, by model, ``(n, 2)``; at all masses of the limits too."""
    limits = carried("dark-matter-bremsstrahlung", "m_chi")[_NOMINAL][:, 0]
    # straight lines but for the threshold of muon pairs, where there are more masses
    masses = np.union1d(np.geomspace(70.0, 220.0, 10), limits)
    found = relic(list(RELICS), masses, alpha_d=_ALPHA_D, ratio=_RATIO)
    return {
        name: np.array([(p.pair.m_chi_mev, p.y_dm) for p in points])
        for name, points in found.lines.items()
    }


def limit_at(points: Array, m_chi_mev: float) -> float | None:
    """A curve at a mass, None outside of it."""
    mass, y = points.T
    if not mass[0] <= m_chi_mev <= mass[-1]:
        return None
    return float(np.exp(np.interp(np.log(m_chi_mev), np.log(mass), np.log(y))))


def crossings(points: Array, line: Array) -> tuple[float, ...]:
    """Masses at which a limit crosses a relic line, MeV.

    The logarithm of their ratio, which is flat where they run side by side, is interpolated by
    cubics without overshoot between the masses of the limit.
    """
    from scipy.interpolate import PchipInterpolator

    mass = points[:, 0]
    points = points[(line[0, 0] <= mass) & (mass <= line[-1, 0])]
    mass, limit = np.log(points).T
    ratio = limit - PchipInterpolator(*np.log(line).T)(mass)
    return tuple(float(np.exp(m)) for m in PchipInterpolator(mass, ratio).roots(extrapolate=False))


def table() -> Table:
    """Limits at some masses beside the published points, and the relic lines."""
    pions = carried("dark-matter-pi0", "m_chi")
    both = carried("dark-matter-bremsstrahlung", "m_chi")
    lines = relic_lines()
    rows: list[tuple[str | float | None, ...]] = []
    for m in _SHOWN:
        relics = [limit_at(lines[name], m) for name in RELICS]
        rows.append((
            m, limit_at(pions["observed"], m), limit_at(pions["expected"], m),
            limit_at(both[_NOMINAL], m), *(limit_at(both[name], m) for name in _BAND),
            limit_at(both["expected"], m), _PUBLISHED.get(m), *relics,
        ))  # fmt: skip
    below = {
        title: crossings(curve, lines["dark-photon"])
        for title, curve in (("pi0 alone", pions["observed"]), ("with both", both[_NOMINAL]))
    }
    said = "; ".join(
        f"{title}: " + (f"from {m[0]:.3g} to {m[-1]:.3g} MeV" if len(m) > 1 else "nowhere")
        for title, m in below.items()
    )
    return Table(
        (
            "m_chi, MeV",
            "observed, pi0",
            "expected, pi0",
            "observed, with bremsstrahlung",
            "half of it",
            "twice of it",
            "expected, with it",
            "published",
            *(f"relic, {title}" for title, _ in RELICS.values()),
        ),
        tuple(rows),
        (
            (
                "Y at 90 %: -2 ln L rises by 2.71 above its minimum in Y >= 0; complex scalar "
                "chi, m_V = 3 m_chi, alpha_D = 0.5; the mean time of the pulse is free within its "
                "error. Made by tools/make_dark_matter_limits.py."
            ),
            (
                "Published: read from the figure of arXiv:2110.11453, good to 5 per cent. The "
                "cuts of the bremsstrahlung, coherent-like, were chosen by comparison with this "
                "curve, which is therefore not confirmed above 25 MeV."
            ),
            f"The limit lies below the scalar relic line: {said}.",
        ),
        digits=3,
    )


@style.styled
def figure(overlays: Sequence[Path | str] = ()) -> Figure:
    """Limits of pi0 alone with the expected band, and with bremsstrahlung with its factor two.

    Args:
        overlays: CSV files of curves of others, with the columns ``m_chi`` and ``y_dm``, at
            m_V = 3 m_chi and alpha_D = 0.5.

    Raises:
        DataError: if an overlay cannot be read.
    """
    figure, grid = style.panels(style.DOUBLE_IN, 4.0, 1, 2, sharey=True)
    left, right = grid[0]
    pions = carried("dark-matter-pi0", "m_chi")
    both = carried("dark-matter-bremsstrahlung", "m_chi")
    for low, high, color, label in (
        ("expected -2", "expected +2", "#bcd2ee", "Expected ± 2σ, toys"),
        ("expected -1", "expected +1", "#8fb3e6", "Expected ± 1σ, toys"),
    ):
        _between(left, _along(pions, low), _along(pions, high), color, label)
    left.plot(
        *pions["expected"].T, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0,
        label="Expected",
    )  # fmt: skip
    left.plot(*pions["observed"].T, color=style.ACCENT, linewidth=1.7, label="Observed")
    _between(right, both[_BAND[1]], both[_BAND[0]], "#f3c98b", "Half to twice the bremsstrahlung")
    right.plot(*both["expected"].T, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0)
    right.plot(*both[_NOMINAL].T, color=style.ACCENT, linewidth=1.7)
    published = np.array(list(_PUBLISHED.items()))
    curves = [c for path in overlays for c in read_curves(path, ("m_chi", "y_dm"), ("MeV", ""))]
    for axes, title in ((left, r"$\pi^0$ alone"), (right, r"$\pi^0$ and bremsstrahlung")):
        for name, line in relic_lines().items():
            text, dash = RELICS[name]
            axes.plot(
                *line.T, color="#e42536", linestyle=dash, linewidth=1.0, label=f"Relic, {text}"
            )
        axes.plot(
            *published.T, "s", color=style.INK, markersize=3.5, markerfacecolor="white",
            label="arXiv:2110.11453", zorder=5.0,
        )  # fmt: skip
        for curve in curves:
            look = overlay_line([c.label for c in curves], curve.label)
            axes.plot(*curve.points.T, label=style.plain(curve.label), **{**look, "linewidth": 0.9})
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(1.0, 200.0)
        axes.set_ylim(1e-13, 1e-7)
        axes.set_xlabel(style.with_unit(r"$m_\chi$", "MeV"))
        axes.text(0.04, 0.95, title, transform=axes.transAxes, va="top")
    left.set_ylabel(f"90 % limit on {Y_UNIT}")
    handles, texts = [], []
    for axes in (left, right):
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
            if text not in texts:
                handles.append(handle)
                texts.append(text)
    figure.legend(handles, texts, loc="outside lower center", ncols=4, handlelength=2.4)
    style.caption(
        left, "Dark matter from the SNS beam in CsI",
        f"m_V = 3 m_chi, alpha_D = 0.5, scalar chi; data: arXiv:2110.07730; cevns {VERSION}",
    )  # fmt: skip
    return figure


def _along(curves: Mapping[str, Array], name: str) -> Array:
    """A border of the band at all masses of the expected limit, by its ratio to that."""
    at, expected = curves[name], curves["expected"]
    ratio = at[:, 1] / [limit_at(expected, float(m)) for m in at[:, 0]]
    log = np.interp(np.log(expected[:, 0]), np.log(at[:, 0]), np.log(ratio))
    found: Array = expected * np.stack([np.ones(log.size), np.exp(log)], axis=-1)
    return found


def _between(axes: Axes, low: Array, high: Array, color: str, label: str) -> None:
    """A band between curves at the same masses."""
    axes.fill_between(low[:, 0], low[:, 1], high[:, 1], color=color, linewidth=0.0, label=label)
