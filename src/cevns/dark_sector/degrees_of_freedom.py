"""Relativistic degrees of freedom of the early universe, by sums over ideal gases."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeAlias

import numpy as np

from cevns.constants import (
    M_ELECTRON_MEV,
    M_MUON_MEV,
    M_NEUTRON_MEV,
    M_PION_MEV,
    M_PROTON_MEV,
    M_TAU_MEV,
)
from cevns.typing import Array, ArrayLike

__all__ = ["energy_freedom", "entropy_freedom", "root_g_star"]

Interpolator: TypeAlias = Callable[[Array], Array]

_CONFINEMENT_MEV: Final = (160.0, 10.0)
"""Centre and width of the step from hadrons to quarks."""
_DECOUPLING_MEV: Final = 1.28
"""From where on neutrinos have their own temperature, all at once: it leaves N_eff = 3.044."""
_LEPTONS: Final = ((M_ELECTRON_MEV, 4), (M_MUON_MEV, 4), (M_TAU_MEV, 4))
_MESONS: Final = (  # mass in MeV, spin and isospin states: PDG
    (134.977, 1),
    (M_PION_MEV, 2),
    (493.677, 2),
    (497.611, 2),
    (547.862, 1),
    (775.3, 9),
    (782.7, 3),
    (893.6, 12),
    (957.8, 1),
    (1019.5, 3),
)
_BARYONS: Final = ((M_PROTON_MEV, 4), (M_NEUTRON_MEV, 4), (1115.7, 4), (1193.0, 12), (1232.0, 32))
_QUARKS: Final = ((2.2, 12), (4.7, 12), (93.0, 12), (1270.0, 12), (4180.0, 12))
_TEMPERATURES_MEV: Final = (1e-3, 1e4)
_GLUONS: Final = 16
_NEUTRINOS: Final = 3 * 2 * 7.0 / 8.0


def _gas(mass_over_t: Array, statistics: int) -> tuple[Array, Array]:
    """Energy and entropy of one state over those of a massless boson.

    ``(15/pi^4) int u^2 e/(exp(e) -+ 1) du`` and ``(45/(4 pi^4)) int u^2 (e + u^2/(3 e))/(...) du``
    with ``e^2 = u^2 + (m/T)^2``.
    """
    x, w = np.polynomial.legendre.leggauss(120)
    u, du = 25.0 * (x + 1.0), 25.0 * w
    e = np.hypot(u, mass_over_t[..., None])
    filled = u**2 * du / (np.exp(np.minimum(e, 700.0)) + statistics)
    energy = 15.0 / np.pi**4 * (filled * e).sum(axis=-1)
    entropy = 45.0 / (4.0 * np.pi**4) * (filled * (e + u**2 / (3.0 * e))).sum(axis=-1)
    return energy, entropy


def _sum(t: Array, species: tuple[tuple[float, int], ...], statistics: int) -> Array:
    """Both numbers of several species, first axis."""
    total = np.zeros((2, *t.shape))
    for mass, states in species:
        total += states * np.stack(_gas(mass / t, statistics))
    return total


def _charged(t: Array) -> Array:
    """Photons, leptons and what feels the strong force."""
    hadrons = _sum(t, _MESONS, -1) + _sum(t, _BARYONS, 1)
    quarks = _sum(t, _QUARKS, 1) + _GLUONS
    centre, width = _CONFINEMENT_MEV
    share = 0.5 * (1.0 + np.tanh((t - centre) / (2.0 * width)))
    found: Array = 2.0 + _sum(t, _LEPTONS, 1) + (1.0 - share) * hadrons + share * quarks
    return found


@cache
def _curves() -> tuple[Interpolator, ...]:
    """``g``, ``h`` and ``g_*^(1/2)`` over ln T, without overshoot: neutrinos decouple at once."""
    from scipy.interpolate import PchipInterpolator

    t = np.geomspace(*_TEMPERATURES_MEV, 600)
    log_t = np.log(t)
    energy, entropy = _charged(t)
    at_decoupling = float(_charged(np.array([_DECOUPLING_MEV]))[1, 0])
    own = np.where(t < _DECOUPLING_MEV, np.cbrt(entropy / at_decoupling), 1.0)
    g, h = energy + _NEUTRINOS * own**4, entropy + _NEUTRINOS * own**3
    root = h / np.sqrt(g) * (1.0 + np.gradient(np.log(h), log_t) / 3.0)
    return tuple(PchipInterpolator(log_t, y) for y in (g, h, root))


def _read(which: int, temperature_mev: ArrayLike) -> Array:
    found: Array = _curves()[which](
        np.log(np.clip(np.asarray(temperature_mev, dtype=float), *_TEMPERATURES_MEV))
    )
    return found


def energy_freedom(temperature_mev: ArrayLike) -> Array:
    """``g``: the energy density is ``(pi^2/30) g T^4``.

    Args:
        temperature_mev: of the photons, MeV; any shape. Below 1 keV and above 10 GeV, where nothing
            changes that is described here, the value is that at the end.

    Examples:
        >>> [round(float(g), 2) for g in energy_freedom([0.001, 1.0, 10.0, 100.0])]
        [3.37, 10.6, 10.76, 17.61]
    """
    return _read(0, temperature_mev)


def entropy_freedom(temperature_mev: ArrayLike) -> Array:
    """``h``: the entropy density is ``(2 pi^2/45) h T^3``; arguments as of `energy_freedom`.

    Examples:
        >>> round(float(entropy_freedom(0.001)), 2)
        3.93
    """
    return _read(1, temperature_mev)


def root_g_star(temperature_mev: ArrayLike) -> Array:
    """``g_*^(1/2) = h/sqrt(g) (1 + (1/3) d ln h/d ln T)``; arguments as of `energy_freedom`.

    Examples:
        >>> round(float(root_g_star(10.0)), 2)
        3.29
    """
    return _read(2, temperature_mev)
