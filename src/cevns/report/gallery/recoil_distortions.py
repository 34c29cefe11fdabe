"""Recoil spectra of CsI with new physics over the Standard Model: scaling and distortion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.processes import Combined, StandardModel
from cevns.processes.light_vector import LightVector
from cevns.processes.magnetic_moment import MagneticMoment
from cevns.processes.nsi import NSI
from cevns.processes.sterile import Sterile
from cevns.rates import recoil_spectrum
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources import SNS
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CASES", "RECOILS_KEV", "Case", "figure", "ratio", "table"]

_SOURCE: Final = SNS(distance_m=19.3, protons=1e23)
RECOILS_KEV: Final = (1.0, 5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True)
class Case:
    """A model with values of its parameters.

    Args:
        label: for figures.
        values: of the parameters.
        process: Standard Model and new physics.
        look: of the line.
    """

    label: str
    values: Mapping[str, float]
    process: Combined
    look: Mapping[str, Any]


CASES: Final = (
    Case(
        r"Heavy mediator, $\varepsilon^u_{ee}=\varepsilon^u_{\mu\mu}=0.03$",
        {"eps_ee_u": 0.03, "eps_mumu_u": 0.03},
        Combined(StandardModel(), (NSI(),)),
        {"color": "#2f5fb3"},
    ),
    Case(
        r"Light vector, 10 MeV, $g=2\times10^{-5}$",
        {"g_zprime": 2e-5},
        Combined(StandardModel(), (LightVector(10.0, normalisation="talk"),)),
        {"color": "#e42536", "linestyle": (0, (5, 1.6))},
    ),
    Case(
        r"Magnetic moment, $2\times10^{-9}\,\mu_B$",
        {"mu_nu": 20.0},
        Combined(StandardModel(), (MagneticMoment(),)),
        {"color": "#d98200", "linestyle": (0, (4, 1.2, 1, 1.2))},
    ),
    Case(
        r"Sterile, 2 eV$^2$, $\sin^22\theta_{ee}=\sin^22\theta_{\mu\mu}=0.3$",
        {"sin2_2theta_ee": 0.3, "sin2_2theta_mumu": 0.3},
        Combined(StandardModel(), (Sterile(dm2_41=2.0),)),
        {"color": "#3f8f5b", "linestyle": (0, (2.5, 1))},
    ),
)
"""The models whose formulae the talk of 2021 shows; the light vector as it writes its amplitude."""


def ratio(case: Case, recoil_kev: Array) -> Array:
    """Recoil spectrum over that of the Standard Model, all flavours together."""
    both = [
        sum(recoil_spectrum(_SOURCE, "CsI", 1.0, recoil_kev, interaction=case.process, values=v)
            .values())
        for v in (case.values, {})
    ]  # fmt: skip
    found: Array = np.asarray(both[0]) / np.asarray(both[1])
    return found


def table() -> Table:
    """The ratio at five recoil energies."""
    recoil = np.array(RECOILS_KEV)
    rows = tuple(
        (
            case.process.name,
            ", ".join(f"{name} = {value:g}" for name, value in case.values.items()),
            *ratio(case, recoil).tolist(),
        )
        for case in CASES
    )
    return Table(
        ("model", "at", *(f"ratio at {t:g} keVnr" for t in RECOILS_KEV)),
        rows,
        (
            (
                "CsI at 19.3 m from the SNS, before any detector effect. The light vector has 10 "
                "MeV and the amplitude of the talk, 3 g²/[2√2 G_F (Q² + M²)]; the sterile "
                "neutrino has 2 eV²; mu_nu is in 1e-10 mu_B. The values were chosen to show the "
                "shapes; limits are given in the entries of each model."
            ),
        ),
    )


@style.styled
def figure() -> Figure:
    """The ratio against the recoil energy."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.5)
    axes, recoil = grid[0, 0], np.geomspace(0.3, 40.0, 600)
    axes.axhline(1.0, color=style.INK, linewidth=0.9, zorder=0)
    for case in CASES:
        axes.plot(recoil, ratio(case, recoil), label=case.label, **case.look)
    axes.set_xscale("log")
    axes.set_xlim(0.3, 40.0)
    axes.set_ylim(0.3, 2.0)
    ticks = (0.5, 1, 2, 5, 10, 20, 40)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Recoil energy [keVnr]")
    axes.set_ylabel("Recoil spectrum / Standard Model")
    axes.legend(loc="upper right", fontsize=7.5)
    line = style.flavour_text("nu_mu")
    note = f"before any detector; recoils of {line} end at 14 to 15 keVnr; cevns {VERSION}"
    style.caption(axes, "New physics in CsI at the SNS", note)
    return figure
