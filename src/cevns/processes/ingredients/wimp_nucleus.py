r"""Scattering of WIMPs on nuclei: what a cross section on a nucleon is on a nucleus.

For a contact interaction that is equal on protons and neutrons and does not see spins,

    d(sigma)/dT = sigma_A m_N/(2 mu_N^2 v^2) F^2(q),   sigma_A = sigma_p A^2 mu_N^2/mu_p^2,

with mu_N and mu_p the reduced masses with nucleus and proton. A recoil T needs the speed
v_min = sqrt(m_N T/(2 mu_N^2)). Source: Lewin & Smith, Astropart. Phys. 6 (1996) 87.
"""

from __future__ import annotations

import numpy as np

from cevns.constants import M_PROTON_MEV
from cevns.nuclear.nuclides import Nuclide
from cevns.typing import Array, ArrayLike

__all__ = ["coherent_gain", "inverse_recoil_range", "minimum_speed", "reduced_mass"]


def reduced_mass(first_mev: ArrayLike, second_mev: ArrayLike) -> Array:
    """M M/(m + M), MeV.

    Examples:
        >>> float(reduced_mass(2.0, 2.0))
        1.0
    """
    m, other = np.asarray(first_mev, dtype=float), np.asarray(second_mev, dtype=float)
    result: Array = m * other / (m + other)
    return result


def coherent_gain(nuclide: Nuclide, wimp_mev: ArrayLike) -> Array:
    """sigma_A/sigma_p = A^2 mu_N^2/mu_p^2 at zero momentum transfer.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> f"{float(coherent_gain(nuclide('Xe131'), 50e3)):.4g}"
        '2.544e+07'
    """
    ratio = reduced_mass(nuclide.mass_mev, wimp_mev) / reduced_mass(M_PROTON_MEV, wimp_mev)
    result: Array = (nuclide.a * ratio) ** 2
    return result


def inverse_recoil_range(nuclide: Nuclide, wimp_mev: ArrayLike) -> Array:
    """m_N/(2 mu_N^2), 1/MeV: over v^2 it is one over the largest recoil energy.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> f"{float(inverse_recoil_range(nuclide('Xe131'), 50e3)):.3g} per MeV"
        '4.8e-05 per MeV'
    """
    reduced = reduced_mass(nuclide.mass_mev, wimp_mev)
    result: Array = nuclide.mass_mev / (2.0 * reduced * reduced)
    return result


def minimum_speed(nuclide: Nuclide, wimp_mev: ArrayLike, recoil_energy_kev: ArrayLike) -> Array:
    """v_min = sqrt(m_N T/(2 mu_N^2)) in units of the speed of light, broadcast.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> speed = minimum_speed(nuclide("Xe131"), 6e3, 1.0)
        >>> round(299792.458 * float(speed))  # km/s
        409
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    return np.sqrt(inverse_recoil_range(nuclide, wimp_mev) * t)
