"""Neutrinos per proton of a stopped-pion source: by a formula, or from a measured fluence."""

from __future__ import annotations

import math

from cevns.exceptions import InputError
from cevns.sources.facilities.pion_yield import hg_geant4

__all__ = ["compute"]


def compute(
    proton_energy_gev: float | None = None,
    per_cm2_and_proton: float | None = None,
    distance_m: float | None = None,
    errors: tuple[float, ...] = (),
) -> float:
    """The yield on mercury at a proton energy, or 4 pi L^2 times a fluence per proton.

    Args:
        proton_energy_gev: kinetic energy of the protons, for the formula.
        per_cm2_and_proton: measured fluence of one flavour.
        distance_m: at which it was measured.
        errors: of the fluence; where they are given, their quadratic sum takes its place.

    Raises:
        InputError: if it is neither, or the formula does not hold.

    Examples:
        >>> round(compute(per_cm2_and_proton=6.7e-9, distance_m=24.0), 3)
        0.485
    """
    if proton_energy_gev is not None:
        return hg_geant4(proton_energy_gev)
    if per_cm2_and_proton is None or distance_m is None:
        raise InputError(
            "a yield follows from proton_energy_gev, or per_cm2_and_proton and a distance_m"
        )
    measured = math.hypot(*errors) if errors else per_cm2_and_proton
    return 4.0 * math.pi * (100.0 * distance_m) ** 2 * measured
