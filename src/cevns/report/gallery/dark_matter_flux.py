"""Flux of dark matter behind the SNS target: by angle to the beam, energy and delay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts import dark_beams
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ANGLES_DEG", "MASSES_MEV", "figure", "table"]

ANGLES_DEG: Final = (0.0, 15.0, 30.0, 60.0, 90.0, 120.0, 150.0)
MASSES_MEV: Final = (1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
_M_CHI_MEV: Final = 10.0
_SPECTRA: Final[dict[str, dict[str, Any]]] = {
    "geant4-fit": {"color": "#2f5fb3"},
    "burman-smith": {"color": "#e42536", "linestyle": (0, (5, 1.6))},
}
_LISTED: Final = (0.205, 0.176, 0.136, 0.0868, 0.0683, 0.0601, 0.0558)
"""Per chi and steradian at `ANGLES_DEG`, by an independent program from the list of pi0 of Geant4
to which ``geant4-fit`` is the fit."""
_DELAYS_NS: Final = (0.0, 0.3, 1.3, 4.8, 9.1, 13.0, 22.0, 30.0)
"""By an independent program at `MASSES_MEV`."""


def table() -> Table:
    """Chance per steradian and mean energy by angle; mean delays by mass."""
    rows: list[tuple[str | float | None, ...]] = []
    for angle, listed in zip(ANGLES_DEG, _LISTED, strict=True):
        found = {
            name: dark_beams.chi_per_steradian(dark_beams.beam(_M_CHI_MEV, angle, name))
            for name in _SPECTRA
        }
        fit, smith = found["geant4-fit"], found["burman-smith"]
        rows.append((f"{angle:g} degrees", *fit, listed, *smith, None, None))
    for m, elsewhere in zip(MASSES_MEV, _DELAYS_NS, strict=True):
        delay = dark_beams.mean_delay_ns(m)
        rows.append((f"m_chi = {m:g} MeV", None, None, None, None, None, delay, elsewhere))
    return Table(
        (
            "at",
            "geant4-fit, 1/sr",
            "mean energy, MeV",
            "list of Geant4, 1/sr",
            "burman-smith, 1/sr",
            "mean energy, MeV (b.-s.)",
            "mean delay at 19.3 m, ns",
            "delay elsewhere, ns",
        ),
        tuple(rows),
        (
            (
                "Probability of the direction of a chi, m_chi = 10 MeV and m_V = 30 MeV, pi0 of "
                "1 GeV protons on mercury: an isotropic source has 0.0796 per steradian."
            ),
            (
                "The fit is smooth where the list, of 10 484 pi0, has its peak along the beam: "
                "it is a tenth lower there."
            ),
            (
                "Delays relative to light of chi whose recoils in CsI are above 9 keVnr, at 90 "
                "degrees."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """The chance per steradian, spectra ahead and beside, and delays."""
    figure, grid = style.panels(style.DOUBLE_IN, 2.9, 1, 3)
    left, middle, right = grid[0]
    angles = np.linspace(0.0, 180.0, 25)
    for name, look in _SPECTRA.items():
        chance = [
            dark_beams.chi_per_steradian(dark_beams.beam(_M_CHI_MEV, float(a), name))[0]
            for a in angles
        ]
        left.plot(angles, chance, label=name, **look)
    left.plot(ANGLES_DEG, _LISTED, "o", color=style.INK, markersize=3.5, label="list of Geant4")
    left.axhline(0.25 / np.pi, color=style.FAINT, linewidth=0.8, linestyle=":", label="isotropic")
    left.set_xlim(0.0, 180.0)
    left.set_ylim(0.0, 0.26)
    left.set_xticks([0, 45, 90, 135, 180])
    left.set_xlabel("Angle to the beam [degrees]")
    left.set_ylabel(r"Probability of a $\chi$ per sr")
    left.legend(loc="upper right")
    energy = np.linspace(_M_CHI_MEV, 400.0, 400)
    for angle, look in (
        (0.0, {"color": "#d98200"}),
        (90.0, {"color": "#2f5fb3", "linestyle": (0, (5, 1.6))}),
        (137.0, {"color": "#964a8b", "linestyle": (0, (1.2, 1.2))}),
    ):
        source = dark_beams.beam(_M_CHI_MEV, angle)
        flux = sum(source.fluence_cm2(f) * source.spectrum(f, energy) for f in source.flavours)
        middle.plot(energy, 1e-8 * np.asarray(flux), label=f"{angle:g} degrees", **look)
    middle.set_yscale("log")
    middle.set_xlim(0.0, 400.0)
    middle.set_ylim(1e2, None)
    middle.set_xlabel(r"Energy of $\chi$ [MeV]")
    middle.set_ylabel(r"$\chi$ at 19.3 m, $\varepsilon = 10^{-4}$ [cm$^{-2}$ MeV$^{-1}$]")
    middle.legend(loc="upper right")
    masses = np.array([1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    right.plot(
        masses, [dark_beams.mean_delay_ns(float(m)) for m in masses], color=style.ACCENT,
        label="above 9 keVnr",
    )  # fmt: skip
    elsewhere = np.array([(m, d) for m, d in zip(MASSES_MEV, _DELAYS_NS, strict=True) if d])
    right.plot(*elsewhere.T, "o", color=style.INK, markersize=3.5, label="elsewhere")
    right.axhline(26.0, color=style.FAINT, linewidth=0.8, linestyle=":")
    right.text(1.1, 28.0, "life of the pion", fontsize=7.0, color=style.FAINT)
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlim(1.0, 65.0)
    right.set_ylim(0.01, 100.0)
    right.set_xlabel(r"$m_\chi$ [MeV]")
    right.set_ylabel("Mean delay [ns]")
    right.legend(loc="lower right")
    style.caption(
        left,
        "Dark matter of the SNS",
        f"m_chi = 10 MeV, R = 3; cevns {VERSION}",
    )
    return figure
