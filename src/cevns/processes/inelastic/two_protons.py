r"""Energies of the two protons of nu_e d -> e- p p, which the electron lacks.

With T_e = E_nu - Q - T_pp and T_pp the energy of the protons in their centre of mass, the shape is

    dN/dT_pp ~ p_e E_e p |I|^2,    p^2 = m_p T_pp,
    |I|^2 = C2 (gamma + K)^2/{(gamma^2 + p^2)^2 [(C2 p)^2 + K^2]},
    K = -hbar c/a + r p^2/(2 hbar c),    C2 = x/(e^x - 1),    x = pi alpha m_p/p,

the tail e^(-gamma r)/r of the deuteron, gamma^2 = m_p 2.2246 MeV, against the wave 1S0 of the
effective-range theory with a = -7.82 fm and r = 2.8 fm; the Coulomb function h(eta) is left out.
Its own total follows the calculation of Nakamura et al. within 7 % from 10 to 50 MeV, so that the
shape is taken from here and the size of the cross section from there. Motion of the pair as a
whole, below T_e/100, is left out.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cevns.constants import ALPHA, HBARC_MEV_FM, M_ELECTRON_MEV
from cevns.typing import Array, ArrayLike

__all__ = ["Q_MEV", "electron_density", "overlap_squared"]

Q_MEV: Final = 1.442
"""Threshold of nu_e d -> e- p p, MeV."""
_PROTON_MEV: Final = 938.272
_GAMMA_MEV: Final = math.sqrt(_PROTON_MEV * 2.2246)
_SCATTERING_LENGTH_FM: Final = -7.82
_EFFECTIVE_RANGE_FM: Final = 2.8
_X, _W = np.polynomial.legendre.leggauss(48)


def overlap_squared(t_pp_mev: ArrayLike) -> Array:
    """|I|^2 of the deuteron and two protons of energy T_pp > 0, in MeV^-4.

    Examples:
        >>> (overlap_squared([0.2, 1.0, 5.0]) / overlap_squared(0.5)).round(3).tolist()
        [1.117, 0.614, 0.058]
    """
    p = np.sqrt(_PROTON_MEV * np.asarray(t_pp_mev, dtype=float))
    x = math.pi * ALPHA * _PROTON_MEV / p
    with np.errstate(over="ignore"):
        c2 = x / np.expm1(x)
    k = -HBARC_MEV_FM / _SCATTERING_LENGTH_FM + _EFFECTIVE_RANGE_FM * p * p / (2.0 * HBARC_MEV_FM)
    gamma = _GAMMA_MEV
    found: Array = c2 * (gamma + k) ** 2 / ((gamma * gamma + p * p) ** 2 * ((c2 * p) ** 2 + k * k))
    return found


def _rate(t_pp: Array, available: Array) -> Array:
    """p_e E_e p |I|^2 with T_e = available - T_pp, 0 < T_pp < available; not normalised."""
    e = available - t_pp + M_ELECTRON_MEV
    out: Array = np.sqrt(e * e - M_ELECTRON_MEV**2) * e * np.sqrt(t_pp) * overlap_squared(t_pp)
    return out


def electron_density(electron_mev: ArrayLike, energy_mev: ArrayLike) -> Array:
    """Probability density of T_e, 1/MeV, at a neutrino energy, broadcast; zero where impossible.

    It integrates to one over 0 < T_e < E_nu - Q, to 1e-6.

    Args:
        electron_mev: kinetic energy T_e of the electron.
        energy_mev: energy of the neutrino.

    Examples:
        >>> t = np.linspace(0.0, 28.558, 200001)
        >>> density = electron_density(t, 30.0)
        >>> [round(float(np.trapezoid(density * y, t)), 3) for y in (1.0, 28.558 - t)]  # <T_pp>
        [1.0, 2.942]
    """
    t, energy = np.broadcast_arrays(
        np.asarray(electron_mev, dtype=float), np.asarray(energy_mev, dtype=float)
    )
    available = energy - Q_MEV
    protons = available - t
    inside = (t >= 0.0) & (protons > 0.0)
    whole = np.where(inside, available, 1.0)[..., None]
    # v^2 takes the nodes to small T_pp, where the protons attract each other
    v = 0.5 * (_X + 1.0)
    norm = (_rate(whole * v**2, whole) * whole * v * _W).sum(axis=-1)
    density = _rate(np.where(inside, protons, 0.5), np.where(inside, available, 1.0)) / norm
    result: Array = np.where(inside, density, 0.0)
    return result
