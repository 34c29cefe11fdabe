"""Flux-averaged cross section against neutron number, with the measurements."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.nuclear import Nuclide, material, nuclide
from cevns.processes import StandardModel
from cevns.rates import flux_averaged_cross_section
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.reproduction.published_results import PublishedResult, results
from cevns.sources import SNS
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "ELEMENTS",
    "ODD",
    "SOURCE",
    "TARGETS",
    "axial_share",
    "figure",
    "measured",
    "neutrons",
    "stable",
    "standard_model",
    "table",
]

SOURCE: Final = SNS(distance_m=20.0, protons=1.0)
ELEMENTS: Final = ("Na", "Ar", "Ge", "I", "Cs")
"""Shown as points of the Standard Model."""
TARGETS: Final = ("C", "O", "F", "Na", "Al", "Si", "Ar", "Ge", "I", "Xe", "Cs", "CsI", "W", "Pb")
"""Rows of the table."""
ODD: Final = ("F19", "Na23", "Al27", "Ge73", "I127", "Cs133")
"""Nuclei with an axial part, so a spin-dependent one."""
_MARKS: Final = {"CsI": "o", "Ar": "s", "Ge": "D"}
_COLORS: Final = {"CsI": "#e42536", "Ar": "#2f5fb3", "Ge": "#964a8b"}


@cache
def standard_model(target: str | Nuclide, form_factor: str = "klein-nystrand") -> float:
    """Flux-averaged cross section per nucleus, 1e-40 cm2."""
    return flux_averaged_cross_section(SOURCE, target, form_factor=form_factor).mean_cm2 * 1e40


@cache
def axial_share(name: str) -> float:
    """What the axial current adds to the cross section, relative to the vector one."""
    vector = flux_averaged_cross_section(SOURCE, name, interaction=StandardModel(axial=False))
    return standard_model(name) * 1e-40 / vector.mean_cm2 - 1.0


def neutrons(target: str) -> float:
    """Mean neutron number of the nuclei of a material."""
    atoms = material(target).atoms
    return sum(x.n * count for x, count in atoms) / sum(count for _, count in atoms)


def stable(protons: int) -> Nuclide:
    """A spin-0 nucleus on the line of stability, ``Z = A/(1.98 + 0.0155 A^(2/3))``.

    For a smooth curve through the elements; its mass is A u.
    """
    from scipy.optimize import brentq

    a = brentq(lambda x: x / (1.98 + 0.0155 * x ** (2 / 3)) - protons, protons, 4 * protons)
    even = 2 * round((a - protons) / 2) + protons
    return Nuclide(f"Z{protons}", "", protons, even, even, 1.0, 0.0, 0.9 * even ** (1 / 3))


def measured() -> tuple[tuple[PublishedResult, tuple[float, float, float]], ...]:
    """Published cross sections with errors up and down, 1e-40 cm2."""
    out = []
    for result in results():
        value = result.cross_section_cm2
        if value is not None:
            out.append((result, (value[0] * 1e40, value[1] * 1e40, value[2] * 1e40)))
    return tuple(out)


def table() -> Table:
    """The Standard Model with and without form factor, the axial part, and measurements."""
    found: dict[str, list[str]] = {}
    papers: dict[str, float] = {}
    for result, (value, up, down) in measured():
        errors = f"± {up:.0f}" if round(up) == round(down) else f"+{up:.0f} −{down:.0f}"
        found.setdefault(result.target, []).append(f"{value:.0f} {errors}")
        if result.standard_model is not None:
            papers[result.target] = result.standard_model
    rows = tuple(
        (
            name,
            neutrons(name),
            standard_model(name),
            standard_model(name, "unity"),
            100.0 * axial_share(name),
            papers.get(name),
            "; ".join(found.get(name, [])),
        )
        for name in TARGETS
    )
    return Table(
        (
            "target",
            "N",
            "σ / 10⁻⁴⁰ cm²",
            "point-like",
            "axial / %",
            "SM, published",
            "measured",
        ),
        rows,
        (
            (
                "Mean over nuclei and flavours at a stopped-pion source; couplings scholberg2021, "
                "form factor klein-nystrand. Measured: arXiv:2110.07730 (CsI), arXiv:2003.10630 "
                "(Ar, analyses A and B), arXiv:2603.17951 (Ge)."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Cross section against N; below, measured over Standard Model, and the axial part."""
    figure, grid = style.panels(
        style.DOUBLE_IN, 5.4, 3, 1, sharex=True, height_ratios=(2.6, 1.0, 0.8)
    )
    above, middle, below = grid[:, 0]
    line = [stable(z) for z in range(4, 61, 2)]
    n = np.array([x.n for x in line], dtype=float)
    folded = np.array([standard_model(x) for x in line])
    point = np.array([standard_model(x, "unity") for x in line])
    above.fill_between(n, folded, point, color="0.93", linewidth=0.0)
    above.plot(n, point, color="0.45", linestyle=(0, (5, 1.6)), label="SM, point-like nucleus")
    above.plot(n, folded, color=style.INK, label="SM, with form factor")
    _elements(above)
    _measurements(above, middle)
    above.set_yscale("log")
    above.set_ylim(0.9, 600.0)
    above.set_ylabel(r"$\langle\sigma\rangle$ [$10^{-40}$ cm$^2$]")
    above.legend(loc="lower right")
    middle.axhline(1.0, color=style.INK, linewidth=0.9)
    middle.set_ylim(0.3, 1.85)
    middle.set_ylabel("Measured / SM", fontsize=8.0)
    _axial(below)
    below.set_xlim(0.0, 84.0)
    below.set_xlabel("Neutron number")
    note = (
        "points: arXiv:2110.07730 (CsI), 2003.10630 (Ar, A and B), 2603.17951 (Ge); "
        f"SM: cevns {VERSION}"
    )
    style.caption(above, "Flux-averaged cross section at a stopped-pion source", note)
    return figure


def _elements(axes: Axes) -> None:
    for name in ELEMENTS:
        x, y = neutrons(name), standard_model(name)
        axes.plot(x, y, marker="_", color=style.INK, markersize=7, markeredgewidth=1.4)
        dx, dy = {"Ar": (11.0, -9.0), "Ge": (10.0, -9.0), "Cs": (7.0, -12.0)}.get(
            name, (0.0, -12.0)
        )
        axes.annotate(
            name,
            (x, y),
            (dx, dy),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )


def _measurements(above: Axes, middle: Axes) -> None:
    # analyses of the same data stand side by side
    shift = {"coherent-lar-2020-a": -0.5, "coherent-lar-2020-b": 0.5}
    labels = {"CsI": "CsI 2021", "Ar": "Ar 2020 (A, B)", "Ge": "Ge 2026"}
    for result, (value, up, down) in measured():
        x = neutrons(result.target) + shift.get(result.id, 0.0)
        expected = standard_model(result.target)
        second = result.id.endswith("-b")
        look: dict[str, Any] = {
            "fmt": _MARKS[result.target],
            "color": _COLORS[result.target],
            "markerfacecolor": "white" if second else _COLORS[result.target],
            "markersize": 4.5,
            "capsize": 2.0,
            "linewidth": 1.2,
            "zorder": 5,
        }
        error: Array = np.array([[down], [up]])
        label = None if second else labels[result.target]
        above.errorbar(x, value, error, label=label, **look)
        middle.errorbar(x, value / expected, error / expected, **look)


def _axial(axes: Axes) -> None:
    for name in ODD:
        x = nuclide(name)
        share = 100.0 * axial_share(name)
        axes.bar(x.n, share, width=0.9, color="#d98200", edgecolor=style.INK, linewidth=0.5)
        label = f"$^{{{x.a}}}${x.symbol}"
        side, dx = {"Al27": ("left", -4.0)}.get(name, ("center", 0.0))
        axes.annotate(
            label,
            (x.n, share),
            (dx, 2.5),
            textcoords="offset points",
            ha=side,
            fontsize=7.0,
        )
    axes.set_ylim(0.0, 4.5)
    axes.set_ylabel("Axial [%]", fontsize=8.0)
