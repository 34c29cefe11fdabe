"""Neutrinos of pions and muons that decay at rest: spectra and their moments, closed forms.

pi+ -> mu+ nu_mu gives a line; mu+ -> e+ nu_e nubar_mu the two Michel spectra

    nubar_mu: 64 E^2/m^3 (3/4 - E/m),    nu_e: 192 E^2/m^3 (1/2 - E/m),    0 < E < h = m/2.

Moments are written in U = h - E_min, the distance to the end point: with u = h - E,

    nu_e:     192/m^4 int_0^U (h - u)^(2-k) u du,
    nubar_mu:  64/m^4 int_0^U (h - u)^(2-k) (m/4 + u) du,

whose polynomials lose no digits near the end point, where a difference of primitives would.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV, M_MUON_MEV
from cevns.exceptions import UnknownNameError
from cevns.typing import Array, ArrayLike

__all__ = ["FLAVOURS", "check", "end_point_mev", "moments", "spectrum"]

FLAVOURS: Final = ("nu_mu", "nu_e", "nubar_mu")
_H: Final = E_MICHEL_MAX_MEV
_M: Final = M_MUON_MEV

# density = norm * E^2 * (constant + u), so norm and constant define a Michel spectrum
_MICHEL: Final = {"nu_e": (192.0 / _M**4, 0.0), "nubar_mu": (64.0 / _M**4, _M / 4.0)}


def check(flavour: str) -> str:
    """Return `flavour` if stopped pions emit it.

    Raises:
        UnknownNameError: if not.
    """
    if flavour not in FLAVOURS:
        raise UnknownNameError("flavour of a stopped-pion source", flavour, FLAVOURS)
    return flavour


def spectrum(flavour: str, energy_mev: ArrayLike) -> Array:
    """Continuous spectrum per decay, 1/MeV; zero for the nu_mu line.

    Raises:
        UnknownNameError: if stopped pions do not emit the flavour.

    Examples:
        >>> round(float(spectrum("nubar_mu", 52.8)), 5)
        0.03786
    """
    e = np.asarray(energy_mev, dtype=float)
    if check(flavour) == "nu_mu":
        return np.zeros_like(e)
    norm, constant = _MICHEL[flavour]
    inside = (e > 0.0) & (e <= _H)
    return np.where(inside, norm * e * e * (constant + _H - e), 0.0)


def moments(flavour: str, e_min_mev: ArrayLike) -> Array:
    """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k.

    Raises:
        UnknownNameError: if stopped pions do not emit the flavour.

    Examples:
        >>> moments("nu_e", 0.0).round(5)
        array([1.     , 0.03786, 0.00215])
    """
    e = np.asarray(e_min_mev, dtype=float)
    if check(flavour) == "nu_mu":
        above = (e <= E_PION_LINE_MEV).astype(float)
        return np.stack([above, above / E_PION_LINE_MEV, above / E_PION_LINE_MEV**2])
    norm, constant = _MICHEL[flavour]
    u = np.minimum(np.maximum(_H - e, 0.0), _H)
    # int_0^U (h - u)^(2-k) (constant + u) du by powers of U, Horner
    b = constant
    zero = u * (b * _H**2 + u * ((_H**2 - 2.0 * b * _H) / 2.0 + u * ((b - 2.0 * _H) / 3.0 + u / 4)))
    one = u * (b * _H + u * ((_H - b) / 2.0 - u / 3.0))
    two = u * (b + u / 2.0)
    result: Array = norm * np.stack([zero, one, two])
    return result


def end_point_mev(flavour: str) -> float:
    """Largest energy, MeV.

    Raises:
        UnknownNameError: if stopped pions do not emit the flavour.

    Examples:
        >>> round(end_point_mev("nu_mu"), 3)
        29.792
    """
    return E_PION_LINE_MEV if check(flavour) == "nu_mu" else _H
