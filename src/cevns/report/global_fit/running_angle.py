r"""How the weak mixing angle runs with the momentum transfer, to one loop.

Czarnecki and Marciano (hep-ph/9507420, hep-ph/0003049; the formulas are from memory) write the
angle of neutral currents at spacelike Q^2 as kappa(Q^2) sin2(theta_W)(M_Z), MS-bar,

    kappa = 1 - alpha/(2 pi s^2) [ (1/3) sum_f (T_f Q_f - 2 s^2 Q_f^2) L_f + B ],

    L_f = ln(m_f^2/M_Z^2) - 5/3 + 4 z + (1 - 2 z) p ln((p + 1)/(p - 1)),   z = m_f^2/Q^2,

    B = -(42 c^2 + 1)/12 ln c^2 + 1/18 - (p/2 ln((p + 1)/(p - 1)) - 1) [(7 - 4 z) c^2 + (1 + 4 z)/6]
        - z [3/4 - z + (z - 3/2) p ln((p + 1)/(p - 1)) + z (2 - z) ln^2((p + 1)/(p - 1))],

with p = sqrt(1 + 4 z), z = M_W^2/Q^2 in B, and a sum over colours. At Q = 0, L_f is
ln(m_f^2/M_Z^2) and B is -(42 c^2 + 1)/12 ln c^2 + 7/9 - s^2/3. alpha is that of M_Z, and the
effective masses of u, d and s, in one ratio of 1 : 1 : 7, are such that the angle at Q = 0 is the
0.2385 of the Particle Data Group. So both ends are inputs and the shape between them is one-loop:
a line to guide the eye, which may be wrong by some 0.0005, and no prediction.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cevns.constants import M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV, SIN2_THETA_W_MZ
from cevns.typing import Array, ArrayLike

__all__ = ["M_Z_GEV", "ON_SHELL_TO_MSBAR", "running_angle"]

M_Z_GEV: Final = 91.1876
ON_SHELL_TO_MSBAR: Final = 0.0078
"""MS-bar angle at M_Z less the on-shell one (from memory)."""
_M_W_GEV: Final = 80.38
_ALPHA: Final = 1.0 / 127.95
"""At M_Z: what is left out is of higher order."""
# isospin, charge, colours, mass in GeV; of quarks an effective one
_FERMIONS: Final = (
    *((-0.5, -1.0, 1, 1e-3 * m) for m in (M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV)),
    *((-0.5, -1.0 / 3.0, 3, m) for m in (0.0507, 0.355, 4.18)),
    *((0.5, 2.0 / 3.0, 3, m) for m in (0.0507, 1.275)),
)
_HEAVY: Final = 1e5
"""z above which the limit at Q = 0 stands: the terms cancel to 1/z, rounding grows with z^2."""


def running_angle(q_gev: ArrayLike) -> Array:
    """sin2(theta_W) at a momentum transfer.

    Args:
        q_gev: Q, GeV, any shape.

    Examples:
        >>> running_angle([1e-4, 91.19]).round(4).tolist()
        [0.2385, 0.2315]
    """
    q = np.asarray(q_gev, dtype=float)
    s2 = SIN2_THETA_W_MZ
    fermions = sum(
        colours * (isospin * charge - 2.0 * s2 * charge**2) * _fermion(q, mass)
        for isospin, charge, colours, mass in _FERMIONS
    )
    loops = fermions / 3.0 + _bosons(q, 1.0 - s2)
    return np.asarray(s2 - _ALPHA / (2.0 * math.pi) * loops)


def _parts(q: Array, mass: float) -> tuple[Array, Array, Array]:
    """z, p ln((p + 1)/(p - 1)) and the logarithm."""
    z = np.minimum(mass**2 / q**2, _HEAVY)
    p = np.sqrt(1.0 + 4.0 * z)
    log = 2.0 * np.arctanh(1.0 / p)
    return z, p * log, log


def _fermion(q: Array, mass: float) -> Array:
    z, plog, _ = _parts(q, mass)
    whole = -5.0 / 3.0 + 4.0 * z + (1.0 - 2.0 * z) * plog
    return math.log(mass**2 / M_Z_GEV**2) + np.where(z < _HEAVY, whole, 0.0)


def _bosons(q: Array, c2: float) -> Array:
    z, plog, log = _parts(q, _M_W_GEV)
    shape = (
        1.0 / 18.0
        - (0.5 * plog - 1.0) * ((7.0 - 4.0 * z) * c2 + (1.0 + 4.0 * z) / 6.0)
        - z * (0.75 - z + (z - 1.5) * plog + z * (2.0 - z) * log**2)
    )
    limit = 7.0 / 9.0 - (1.0 - c2) / 3.0
    return -(42.0 * c2 + 1.0) / 12.0 * math.log(c2) + np.where(z < _HEAVY, shape, limit)
