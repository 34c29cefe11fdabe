"""How the decay of an isoscalar vector to three pions opens with its mass."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from cevns.constants import M_PION_MEV
from cevns.typing import Array, ArrayLike

__all__ = ["M_PI0_MEV", "three_pion_width"]

M_PI0_MEV: Final = 134.9768
_RHO: Final = (775.3, 147.4)
_POINTS: Final = 80
_NODES: Final = 48
_HIGHEST_MEV: Final = 1100.0


def _propagator(s: Array) -> Array:
    """Of a rho at the squared mass of two pions, with its width in P-wave."""
    mass, width = _RHO
    k = np.sqrt(np.maximum(s / 4.0 - M_PION_MEV**2, 0.0))
    k0 = np.sqrt(mass**2 / 4.0 - M_PION_MEV**2)
    running = width * (k / k0) ** 3 * mass / np.sqrt(s)
    found: Array = 1.0 / (s - mass**2 + 1j * mass * running)
    return found


def _dalitz(mass: float) -> float:
    """``int |p+ x p-|^2 |sum of three rho|^2 ds12 ds23/m``, up to a constant."""
    charged, neutral = M_PION_MEV**2, M_PI0_MEV**2
    x, w = np.polynomial.legendre.leggauss(_NODES)
    low, high = 4.0 * charged, (mass - M_PI0_MEV) ** 2
    s12 = low + (high - low) * (x + 1.0) / 2.0
    root = np.sqrt(s12)
    own = np.sqrt(np.maximum(s12 / 4.0 - charged, 0.0))
    energy = (mass**2 - s12 - neutral) / (2.0 * root)
    other = np.sqrt(np.maximum(energy**2 - neutral, 0.0))
    # a charged and the neutral pion: s23 = base + 2 own other cos(angle) in the frame of the pair
    base = charged + neutral + root * energy
    s23 = base[:, None] + 2.0 * (own * other)[:, None] * x
    s13 = mass**2 + 2.0 * charged + neutral - s12[:, None] - s23
    sum_of = _propagator(s12)[:, None] + _propagator(s23) + _propagator(s13)
    # |p+ x p-| in the frame of the vector is own other sin(angle) sqrt(s12)/m
    cross2 = (own * other * root / mass)[:, None] ** 2 * (1.0 - x**2)
    inner = (cross2 * np.abs(sum_of) ** 2 * w).sum(axis=1) * 2.0 * own * other
    return float((inner * w).sum() * (high - low) / 2.0 / mass)


@cache
def _table() -> tuple[Array, Array]:
    """Square roots of s, and the cube root of the width, which is nearly straight."""
    least = 2.0 * M_PION_MEV + M_PI0_MEV
    masses = np.linspace(least, _HIGHEST_MEV, _POINTS)
    widths = np.array([0.0, *(_dalitz(float(m)) for m in masses[1:])])
    return masses, np.cbrt(widths)


def three_pion_width(s_mev2: ArrayLike, reference_mev: float) -> Array:
    """Width to pi+ pi- pi0 over the one at a reference mass, through three rho.

    The amplitude is ``eps(V, p+, p-, p0)`` times the sum of the propagators of rho in the three
    pairs (Gell-Mann, Sharp and Wagner, Phys. Rev. Lett. 8, 261, 1962).

    Args:
        s_mev2: squared mass, MeV^2, up to (1.1 GeV)^2, the value there is kept above; any shape.
        reference_mev: mass where the ratio is one, MeV.

    Examples:
        >>> [round(float(r), 4) for r in three_pion_width([400.0**2, 600.0**2, 782.66**2], 782.66)]
        [0.0, 0.0256, 1.0]
    """
    masses, roots = _table()
    at = np.sqrt(np.asarray(s_mev2, dtype=float))
    found: Array = (
        np.interp(at, masses, roots, left=0.0) / np.interp(reference_mev, masses, roots)
    ) ** 3
    return found
