"""Recoils of WIMPs per tonne and year, at one energy or above a threshold."""

from __future__ import annotations

import numpy as np

from cevns.analysis.fog import RecoilWindow
from cevns.nuclear import material
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources.beams.dark_halo import read_halo

__all__ = ["compute"]

_HIGHEST_KEV = 1000.0


def compute(
    target: str,
    mass_gev: float,
    halo: str,
    recoil_energy_kev: float | None = None,
    threshold_kev: float | None = None,
    cross_section_cm2: float = 1e-45,
) -> float:
    """Events per tonne, year and keV at an energy, or per tonne and year above a threshold.

    Args:
        target: material.
        mass_gev: of the WIMP, GeV.
        halo: as for `cevns.sources.beams.dark_halo.read_halo`.
        recoil_energy_kev: keV.
        threshold_kev: keV; with it the number above.
        cross_section_cm2: on a nucleon.
    """
    model, matter = read_halo(halo), material(target)
    if threshold_kev is None:
        assert recoil_energy_kev is not None
        rate = wimp_rate(model, matter, mass_gev, recoil_energy_kev)[0, 0]
    else:
        energy, into = RecoilWindow(threshold_kev, _HIGHEST_KEV).nodes()
        rate = float((wimp_rate(model, matter, mass_gev, energy) @ into).sum())
    return float(np.float64(rate)) * cross_section_cm2
