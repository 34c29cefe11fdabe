"""CsI: rate over the Standard Model against couplings of nu_e to u and d quarks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.nuclear import material
from cevns.processes import Combined, StandardModel
from cevns.processes.nsi import NSI
from cevns.rates import flux_averaged_cross_section
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources import SNS
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["POINTS", "exact", "figure", "rate", "table"]

_SOURCE: Final = SNS(distance_m=19.3, protons=1.0)
_PROCESS: Final = Combined(StandardModel(), (NSI(),))
_STEP: Final = 0.3
POINTS: Final = ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.2, 0.0), (0.41, 0.0), (0.0, 0.36),
                 (0.5, -0.5), (-0.2, 0.2))  # fmt: skip
"""Couplings of the table, to u and to d."""


def exact(u: float, d: float) -> float:
    """Rate over that of the Standard Model, from the cross section at these couplings."""
    new, old = (
        flux_averaged_cross_section(_SOURCE, "CsI", interaction=_PROCESS, values=v).mean_cm2
        for v in ({"eps_ee_u": u, "eps_ee_d": d}, {})
    )
    return new / old


@cache
def _coefficients() -> tuple[float, ...]:
    """Of 1, u, d, u^2, u d, d^2: the rate is a polynomial of second degree, so six points do."""
    s = _STEP
    at = [(0.0, 0.0), (s, 0.0), (-s, 0.0), (0.0, s), (0.0, -s), (s, s)]
    u, d = np.array(at).T
    powers = np.stack([np.ones_like(u), u, d, u * u, u * d, d * d], axis=1)
    found = np.linalg.solve(powers, [exact(*each) for each in at])
    return tuple(found.tolist())


def rate(u: Array | float, d: Array | float) -> Array:
    """The same from the polynomial, in the shape of the couplings."""
    one, a, b, aa, ab, bb = _coefficients()
    return np.asarray(one + a * u + b * d + aa * u * u + ab * u * d + bb * d * d)


def table() -> Table:
    """The rate at some couplings, and the direction that it does not feel."""
    atoms = material("CsI").atoms
    z = sum(x.z * count for x, count in atoms)
    n = sum(x.n * count for x, count in atoms)
    rows = tuple((u, d, float(rate(u, d)), exact(u, d)) for u, d in POINTS)
    return Table(
        ("eps_ee_u", "eps_ee_d", "rate / SM, polynomial", "rate / SM, direct"),
        rows,
        (
            (
                "Mean over the three flavours of the SNS, of which only nu_e changes, before any "
                "detector effect. Along d eps_ee_d / d eps_ee_u = −(2Z + N)/(Z + 2N) = "
                f"{-(2 * z + n) / (z + 2 * n):.3f} the rate is constant up to the form factor."
            ),
            (
                "The figure of the talk of 2021 is not available in its text, so it cannot be "
                "compared."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """The plane, with lines of equal rate; on the black ones it is that of the Standard Model."""
    from matplotlib.colors import LogNorm

    figure, grid = style.panels(style.DOUBLE_IN, 4.3)
    axes = grid[0, 0]
    at = np.linspace(-1.0, 1.0, 201)
    u, d = np.meshgrid(at, at)
    found = rate(u, d)
    scale = LogNorm(0.6, 45.0)
    shown = axes.pcolormesh(u, d, found, cmap="viridis", norm=scale, rasterized=True)
    levels = (0.7, 1.5, 2.0, 3.0, 5.0, 10.0)
    lines = axes.contour(u, d, found, levels=levels, colors="white", linewidths=0.7)
    axes.clabel(lines, fmt="%g", fontsize=7.0)
    axes.contour(u, d, found, levels=(1.0,), colors="black", linewidths=1.5)
    axes.plot(0.0, 0.0, "*", color="black", markersize=9.0)
    axes.set_xlabel(r"$\varepsilon^{u}_{ee}$")
    axes.set_ylabel(r"$\varepsilon^{d}_{ee}$")
    ticks = (1, 2, 5, 10, 20)
    bar = figure.colorbar(shown, ax=axes, ticks=ticks, format="%g")
    bar.set_label("Rate / Standard Model")
    style.caption(
        axes, "Couplings of electron neutrinos in CsI", f"black: rate of the SM; cevns {VERSION}"
    )
    return figure
