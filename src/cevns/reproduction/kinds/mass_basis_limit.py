"""Limits on moments of mass states that follow from one effective moment of solar neutrinos."""

from __future__ import annotations

import numpy as np

from cevns.processes.magnetic_moment_mass_basis import MassBasisMoments
from cevns.propagation.lepton_mixing import MASS_STATES, LeptonMixing
from cevns.propagation.solar_matter import SolarMixing

__all__ = ["compute"]


def compute(state: int, effective: float, energy_mev: float, electrons_mol_cm3: float) -> float:
    """Lambda_k alone that gives the effective moment, in its unit.

    Args:
        state: k, from 1 to 3.
        effective: moment that is common to all flavours.
        energy_mev: of the neutrinos, MeV.
        electrons_mol_cm3: density of electrons where they are born, mol/cm3.
    """
    shares = SolarMixing().mass_states(energy_mev, electrons_mol_cm3)
    moments, mixing = MassBasisMoments(), LeptonMixing()
    at = {f"lambda_{state}": 1.0}
    squares = [
        float(moments.superposed_electron_weights(mixing.flavours_in(name), at)[0])
        for name in MASS_STATES
    ]
    return float(effective / np.sqrt(np.dot(shares, squares)))
