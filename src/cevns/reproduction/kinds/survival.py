"""Survival of electron neutrinos on their way out of the Sun."""

from __future__ import annotations

from cevns.propagation.solar_matter import SolarMixing

__all__ = ["compute"]


def compute(energy_mev: float, electrons_mol_cm3: float) -> float:
    """P_ee by day with the usual mixing.

    Args:
        energy_mev: MeV.
        electrons_mol_cm3: density of electrons where they are born, mol/cm3.
    """
    return float(SolarMixing().survival(energy_mev, electrons_mol_cm3))
