"""Neutron radii of nuclei: measured with CEvNS and parity violation, beside theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PUBLISHED", "figure", "table"]

CARRIED = tables.FITS_FROM

PUBLISHED: Final = {
    "CsI": "5.47 ± 0.38 (arXiv:2303.09360, from memory)",
    "CsI and parity violation": "4.5 % (arXiv:2303.09360)",
    "Ar": "below 4.2 (arXiv:2005.01645, from memory)",
    "Ge 2024": "7.6 +1.6 −1.7, angle free (arXiv:2506.13555, from a summary)",
}
_COLORS: Final = {"Cs": "#e42536", "Ar": "#2f5fb3", "Ge": "#964a8b"}
THEORY_ERROR: Final = 0.02
"""Calculations of one nucleus differ by 1 to 3 % (an estimate)."""


@dataclass(frozen=True)
class _Radius:
    nucleus: str
    limit: bool
    value: float
    up: float
    down: float
    nominal: float


def _radii() -> list[_Radius]:
    numbers = ("radius_fm", "up", "down", "nominal")
    return [
        _Radius(r["nucleus"], r["kind"] == "limit", *(float(r[k]) for k in numbers))
        for r in tables.lines("global-neutron-radii")
    ]


def table() -> Table:
    """Radii from single nuclei, the calculated ones and published results."""
    rows = tuple(
        (
            r.nucleus,
            f"below {r.value:.2f}" if r.limit else f"{r.value:.2f} +{r.up:.2f} −{r.down:.2f}",
            r.nominal,
            PUBLISHED.get(r.nucleus, ""),
        )
        for r in _radii()
    )
    notes = (
        (
            "The weak mixing angle is held at its Standard-Model value, and so is the pull of the "
            "form factor, which represents the radius. Errors are 68.3 %."
        ),
        (
            "Calculated: 5.09 fm (Cs), 5.03 (I) and 3.55 (Ar) as the literature on CEvNS uses them "
            "(from memory); for Ge the radius of Lewin and Smith, a fit to charge radii and not a "
            "calculation of the neutron distribution. The grey bars are 2 %, an estimate of the "
            "spread of calculations."
        ),
        (
            "Argon: its excess of counts prefers the smallest radius, so there is only an upper "
            "limit, where -2 ln L is one above its value at the smallest radius (68.3 %, not the "
            "90 % of a usual limit). Xenon is absent, as at the momenta of 8B neutrinos the rate "
            "hardly depends on the radius; so is iodine alone, as CsI measures one radius that "
            "both nuclei share."
        ),
        "Germanium 2024 is contained in 2026. " + tables.MADE,
    )
    return Table(("nucleus", "R_n / fm", "calculated / fm", "published / fm"), rows, notes)


@style.styled
def figure() -> Figure:
    """A line a nucleus: errors of 68.3 %, an arrow for a limit, in grey what is calculated."""
    found = _radii()
    figure, grid = style.panels(style.DOUBLE_IN * 0.8, 1.3 + 0.36 * len(found))
    axes = grid[0, 0]
    for row, r in enumerate(found):
        half = THEORY_ERROR * r.nominal
        axes.fill_between(
            [r.nominal - half, r.nominal + half], row - 0.34, row + 0.34, color="0.75",
            linewidth=0.0, label="Calculated, 2 %" if row == 0 else None,
        )  # fmt: skip
        color = _COLORS[r.nucleus[:2]]
        if r.limit:
            axes.plot([r.value, r.value], [row - 0.18, row + 0.18], color=color, linewidth=1.4)
            axes.annotate(
                "", (r.value - 0.8, row), (r.value, row),
                arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
            axes.annotate(
                "68.3 %", (r.value - 0.8, row), (-3.0, 0.0), textcoords="offset points",
                ha="right", va="center", fontsize=7.0, color=color,
            )  # fmt: skip
        else:
            axes.errorbar(
                r.value, row, xerr=[[r.down], [r.up]], fmt="o", color=color, markersize=5.0,
                capsize=2.5, linewidth=1.3,
            )  # fmt: skip
    axes.set_yticks(range(len(found)), [r.nucleus for r in found])
    axes.tick_params(axis="y", which="both", length=0.0)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(1.5, 9.0)
    axes.set_xlabel(style.with_unit("Root-mean-square radius of the neutrons", "fm"))
    axes.legend(loc="upper right")
    style.caption(axes, "Neutron radii", f"weak mixing angle held; {tables.VERSION_NOTE}")
    return figure
