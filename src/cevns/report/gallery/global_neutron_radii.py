"""Neutron radii of nuclei: measured with CEvNS and parity violation, beside theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.global_fit import global_tables as tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PUBLISHED", "figure", "table"]

PUBLISHED: Final = {
    "CsI": "5.47 ± 0.38 (arXiv:2303.09360, from memory)",
    "CsI and parity violation": "4.5 % (arXiv:2303.09360)",
    "Ar": "below 4.2 (arXiv:2005.01645, from memory)",
    "Ge 2024": "7.6 +1.6 −1.7, angle free (arXiv:2506.13555, from a summary)",
}
_COLORS: Final = {"Cs": "#e42536", "Ar": "#2f5fb3", "Ge": "#964a8b"}
THEORY_ERROR: Final = 0.02
"""Calculations of one nucleus differ by 1 to 3 % (an estimate)."""


def _rows() -> list[tuple[str, str, float, float, float, float]]:
    return [
        (r["nucleus"], r["kind"], *(float(r[k]) for k in ("radius_fm", "up", "down", "nominal")))
        for r in tables.lines("global-neutron-radii")
    ]


def table() -> Table:
    """Radii from single nuclei, the calculated ones and published results."""
    rows = tuple(
        (
            nucleus,
            f"below {value:.2f}" if kind == "limit" else f"{value:.2f} +{up:.2f} −{down:.2f}",
            nominal,
            PUBLISHED.get(nucleus, ""),
        )
        for nucleus, kind, value, up, down, nominal in _rows()
    )
    notes = (
        (
            "The weak mixing angle is held at its value of the Standard Model, and the pull of the "
            "form factor, which stands for the radius. Errors of 68.3 %."
        ),
        (
            "Calculated: 5.09 fm (Cs), 5.03 (I) and 3.55 (Ar) as the literature on CEvNS uses them "
            "(from memory); of Ge the radius of Lewin and Smith, a fit to charge radii and no "
            "calculation of neutrons. The grey bars are 2 %, an estimate of how far "
            "calculations differ."
        ),
        (
            "Argon: its excess of counts wants the smallest radius, so that there is an upper limit "
            "alone. Xenon: at the momenta of 8B neutrinos the rate hardly knows the radius."
        ),
        "Germanium 2024 is contained in 2026. " + tables.MADE,
    )
    return Table(("nucleus", "R_n / fm", "calculated / fm", "published / fm"), rows, notes)


@style.styled
def figure() -> Figure:
    """A line a nucleus: points with errors of 68.3 %, arrows for limits, grey what is calculated."""
    found = _rows()
    figure, grid = style.panels(style.DOUBLE_IN * 0.8, 1.3 + 0.36 * len(found))
    axes = grid[0, 0]
    for row, (nucleus, kind, value, up, down, nominal) in enumerate(found):
        half = THEORY_ERROR * nominal
        axes.fill_between(
            [nominal - half, nominal + half], row - 0.34, row + 0.34, color="0.75", linewidth=0.0,
            label="Calculated, 2 %" if row == 0 else None,
        )  # fmt: skip
        color = _COLORS[nucleus[:2]]
        if kind == "limit":
            axes.plot([value, value], [row - 0.18, row + 0.18], color=color, linewidth=1.4)
            axes.annotate(
                "", (value - 0.8, row), (value, row),
                arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
        else:
            axes.errorbar(
                value, row, xerr=[[down], [up]], fmt="o", color=color, markersize=5.0,
                capsize=2.5, linewidth=1.3,
            )  # fmt: skip
    axes.set_yticks(range(len(found)), [r[0] for r in found])
    axes.tick_params(axis="y", which="both", length=0.0)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(1.5, 9.0)
    axes.set_xlabel(style.with_unit("Root-mean-square radius of the neutrons", "fm"))
    axes.legend(loc="upper right")
    style.caption(axes, "Neutron radii", f"weak mixing angle held; {tables.VERSION_NOTE}")
    return figure
