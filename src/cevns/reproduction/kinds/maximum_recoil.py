"""The largest recoil energy of a nuclide at a neutrino energy."""

from __future__ import annotations

from typing import Literal

from cevns.constants import M_PROTON_MEV
from cevns.nuclear.nuclides import nuclide
from cevns.processes import kinematics

__all__ = ["compute"]


def compute(target: str, energy_mev: float, mass: Literal["nuclear", "A m_p"] = "nuclear") -> float:
    """T_max = 2 E^2/(M + 2E), keV, with the nuclear mass or with A times the proton mass."""
    n = nuclide(target)
    m = n.mass_mev if mass == "nuclear" else n.a * M_PROTON_MEV
    return float(kinematics.maximum_recoil_kev(energy_mev, m))
