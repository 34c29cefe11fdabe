"""Suppression of the recoil spectrum by the nuclear form factor, in every model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.nuclear import form_factor, form_factors, nuclide
from cevns.processes import StandardModel
from cevns.rates import flux_averaged_cross_section, flux_averaged_slope
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources import SNS
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["NUCLEI", "REFERENCE", "SOURCE", "figure", "table"]

NUCLEI: Final = ("Ar40", "Cs133")
REFERENCE: Final = "klein-nystrand"
"""COHERENT's."""
SOURCE: Final = SNS(distance_m=20.0, protons=1.0)
_LINES: Final[dict[str, dict[str, Any]]] = {
    "unity": {"color": "0.6", "linestyle": "-"},
    "klein-nystrand": {"color": "black", "linestyle": "-", "linewidth": 1.6},
    "klein-nystrand-adapted": {"color": "#6f6f76", "linestyle": (0, (5, 1.6))},
    "helm": {"color": "#e42536", "linestyle": "-"},
    "helm-rms": {"color": "#d98200", "linestyle": (0, (5, 1.6))},
    "fermi": {"color": "#2f5fb3", "linestyle": "-"},
    "symmetrised-fermi": {"color": "#964a8b", "linestyle": (0, (1.2, 2.4)), "linewidth": 2.0},
}
_NAMES: Final = {
    "unity": "Point-like",
    "klein-nystrand": "Klein–Nystrand",
    "klein-nystrand-adapted": "Klein–Nystrand, adapted",
    "helm": "Helm, Lewin–Smith radius",
    "helm-rms": "Helm, charge radius",
    "fermi": "Fermi",
    "symmetrised-fermi": "Symmetrised Fermi",
}


def _models() -> tuple[str, ...]:
    """All models, point-like first and the reference second."""
    order = [name for name in _LINES if name in form_factors()]
    return (*order, *(name for name in form_factors() if name not in order))


def _slope(model: str, name: str, recoil_kev: Array) -> Array:
    """Flux-averaged d(sigma)/dT, mean of the flavours, cm2/keV."""
    flavours = flux_averaged_slope(
        SOURCE, StandardModel(), form_factor(model), nuclide(name), recoil_kev
    )
    mean: Array = flavours.mean(axis=0)  # the flavours have equal fluences
    return mean


def table() -> Table:
    """Flux-averaged cross sections and what the form factor leaves of the point-like one."""
    rows = []
    for name in NUCLEI:
        sigma = {
            m: flux_averaged_cross_section(SOURCE, name, form_factor=m).mean_cm2 * 1e40
            for m in _models()
        }
        for model, value in sigma.items():
            rms = (
                None
                if model == "unity"
                else float(form_factor(model).default_rms_radius(nuclide(name)))
            )
            share = value / sigma["unity"], value / sigma[REFERENCE]
            rows.append((name, model, rms, value, *share))
    return Table(
        (
            "nucleus",
            "form factor",
            "rms radius / fm",
            "σ / 10⁻⁴⁰ cm²",
            "of point-like",
            f"of {REFERENCE}",
        ),
        tuple(rows),
        (
            (
                "Each model at its own default radius. The COHERENT talk of 2020 gives 3.4 % (CsI) "
                "and 2.0 % (Ar) as the uncertainty of the rate."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """Flux-averaged recoil spectra (above) and their ratio to Klein-Nystrand (below)."""
    figure, grid = style.panels(style.DOUBLE_IN, 4.6, 2, 2, sharex="col", height_ratios=(1.6, 1.0))
    for column, name in enumerate(NUCLEI):
        above, below = grid[:, column]
        n = nuclide(name)
        end = {"Ar40": 125.0, "Cs133": 38.0}[name]
        recoil = np.linspace(0.0, end, 700)
        reference = _slope(REFERENCE, name, recoil)
        for model in _models():
            line = _LINES.get(model, {})
            slope = _slope(model, name, recoil)
            above.plot(recoil, slope * 1e40, label=_NAMES.get(model, model), **line)
            if model != "unity":
                below.plot(recoil, slope / reference, **line)
        above.set_yscale("log")
        top = 12.0 * float(_slope("unity", name, recoil[:1])[0]) * 1e40
        above.set_ylim(3e-5 * top, top)
        above.text(0.04, 0.06, f"$^{{{n.a}}}${n.symbol}", transform=above.transAxes, fontsize=11.0)
        below.set_xlim(0.0, end)
        below.set_ylim(*{"Ar40": (0.98, 1.16), "Cs133": (0.95, 1.4)}[name])
        below.set_xlabel("Recoil energy [keVnr]")
    grid[0, 0].set_ylabel(r"$\langle d\sigma/dT\rangle$ [$10^{-40}$ cm$^2$ keV$^{-1}$]")
    grid[1, 0].set_ylabel("Ratio to Klein–Nystrand")
    grid[0, 0].legend(loc="upper right", fontsize=7.0)
    note = f"each model at its own radius, stopped-pion neutrinos: cevns {VERSION}"
    style.caption(grid[0, 0], "Nuclear form factor", note)
    return figure
