"""How far the couplings of two flavours to protons are apart at a momentum transfer."""

from __future__ import annotations

import math

import numpy as np

from cevns.nuclear import nuclide
from cevns.processes import differential_cross_section, interaction

__all__ = ["compute"]

_ENERGY_MEV = 200.0


def compute(
    momentum_mev: float, couplings: str = "cadeddu2022", flavours: tuple[str, str] = ("e", "mu")
) -> float:
    """g_V^p of the first flavour less that of the second, from cross sections on a bare proton.

    Args:
        momentum_mev: Q, MeV.
        couplings: scheme.
        flavours: lepton families.
    """
    proton = nuclide("H1")
    process = interaction("charge-radius-running", couplings=couplings, axial=False)
    recoil = 1e3 * momentum_mev**2 / (2.0 * proton.mass_mev)
    base = process.terms[0].coefficients(np.array([recoil]), proton)[:, 0]
    unit = float((base * _ENERGY_MEV ** -np.arange(3.0)).sum())

    def coupling(lepton: str) -> float:
        slope = differential_cross_section(
            proton, _ENERGY_MEV, recoil, f"nu_{lepton}", interaction=process, form_factor="unity"
        )
        return math.sqrt(float(slope) / unit)

    return coupling(flavours[0]) - coupling(flavours[1])
