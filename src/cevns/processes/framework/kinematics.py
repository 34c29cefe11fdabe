"""Kinematics of elastic scattering of a massless particle on a nucleus at rest.

Energies E of neutrinos in MeV, recoil energies T in keV, nuclear masses M in MeV. Reached as
``cevns.processes.kinematics``.
"""

from __future__ import annotations

import numpy as np

from cevns.constants import HBARC_MEV_FM
from cevns.typing import Array, ArrayLike

__all__ = [
    "cos_neutrino_angle",
    "cos_recoil_angle",
    "maximum_recoil_kev",
    "minimum_energy_mev",
    "momentum_transfer_inv_fm",
    "momentum_transfer_mev",
]


def maximum_recoil_kev(energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Largest recoil energy, T_max = 2 E^2/(M + 2 E), keV (backward scattering).

    Examples:
        >>> round(float(maximum_recoil_kev(30.0, 123772.53)), 2)
        14.54
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    result: Array = 2e3 * e * e / (m + 2.0 * e)
    return result


def minimum_energy_mev(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Smallest neutrino energy that gives recoil T, E_min = [T + sqrt(T^2 + 2 M T)]/2, MeV.

    Examples:
        >>> round(float(minimum_energy_mev(maximum_recoil_kev(30.0, 37215.5), 37215.5)), 12)
        30.0
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = 0.5 * (t + np.sqrt(t * (t + 2.0 * np.asarray(mass_mev, dtype=float))))
    return result


def momentum_transfer_mev(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Q = sqrt(2 M T), MeV: exact for the four-momentum transfer.

    The three-momentum sqrt(2 M T + T^2) differs by T/(4 M), below 2e-5 for stopped pions.

    Examples:
        >>> round(float(momentum_transfer_mev(10.0, 123772.53)), 2)
        49.75
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = np.sqrt(2.0 * np.asarray(mass_mev, dtype=float) * t)
    return result


def momentum_transfer_inv_fm(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Q in 1/fm, the argument of the form factors.

    Examples:
        >>> round(float(momentum_transfer_inv_fm(10.0, 123772.53)), 4)
        0.2521
    """
    return momentum_transfer_mev(recoil_energy_kev, mass_mev) / HBARC_MEV_FM


def cos_neutrino_angle(
    energy_mev: ArrayLike, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike
) -> Array:
    """Cosine of the neutrino's scattering angle, from T = E^2 (1 - c)/(M + E (1 - c)).

    Examples:
        >>> float(cos_neutrino_angle(30.0, 0.0, 37215.5))
        1.0
    """
    e, t = np.asarray(energy_mev, dtype=float), 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = 1.0 - np.asarray(mass_mev, dtype=float) * t / (e * (e - t))
    return result


def cos_recoil_angle(
    energy_mev: ArrayLike, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike
) -> Array:
    """Cosine of the nucleus' recoil angle, ((E + M)/E) sqrt(T/(T + 2 M)).

    Examples:
        >>> t_max = maximum_recoil_kev(30.0, 37215.5)
        >>> round(float(cos_recoil_angle(30.0, t_max, 37215.5)), 12)
        1.0
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = (e + m) / e * np.sqrt(t / (t + 2.0 * m))
    return result
