r"""How the weak mixing angle runs with the scale, by its renormalisation group equation.

In the MS-bar scheme both alpha and the vector coupling of the Z, v = T - 2 Q s^2, run by the mixing
of photon and Z, to which each particle below the scale mu adds (J. Erler, M. J. Ramsey-Musolf,
hep-ph/0409169, eqs. 8 to 13 from memory),

    mu^2 d(alpha)/d(mu^2) = (alpha^2/pi) b,     mu^2 d(s^2)/d(mu^2) = (alpha/pi) (b s^2 - c),

    b = (1/24) sum_i N_i gamma_i Q_i^2,         c = (1/48) sum_i N_i gamma_i Q_i t_i,

with gamma = 8 of a Dirac fermion and t = T its isospin; -22 for each of two W and 2 for the charged
scalar in it, t = 2 T; N the colours, of a quark that perturbation theory knows times
1 + alpha_s(mu)/pi. With one set of particles this is eq. 13 of the paper,

    s^2(mu) = s^2(mu_0) alpha/alpha_0 + lambda_1 (1 - alpha/alpha_0) + ...,    lambda_1 = c/b ,

so that hadrons enter by what they do to alpha: for u, d and s together lambda_1 = 1/2 whatever
the strong interaction is. At M_W the coupling of hypercharge, alpha/(1 - s^2), goes on while
1/alpha is smaller below by 1/(6 pi), a step of the scheme.

Inputs: alpha(0), alpha(M_Z) and s^2(M_Z) of the Particle Data Group. From alpha come the effective
masses of light quarks, below which they stop to add (that of s is 1.73 times that of u and d, as in
the paper, from memory; ratios of 1 and 3 change s^2 by 0.0001). What is left out: higher orders,
about 0.00002. The angle at low scales is then an outcome, 0.2387, beside published 0.23867(16) (the
paper) and 0.23868(5)(2) (arXiv:1712.09146). A momentum transfer is put for the scale, as
the Particle Data Group does in its figure: no form factors or boxes of one process are in it.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from cevns.constants import ALPHA, M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV, SIN2_THETA_W_MZ
from cevns.typing import Array, ArrayLike

__all__ = ["M_Z_GEV", "ON_SHELL_TO_MSBAR", "running_angle"]

M_Z_GEV: Final = 91.1876
ON_SHELL_TO_MSBAR: Final = 0.0078
"""MS-bar angle at M_Z less the on-shell one (from memory)."""
_M_W_GEV: Final = 80.38
_ALPHA_Z: Final = 1.0 / 127.95
_ALPHA_S_Z: Final = 0.118
_STRANGE_OVER_LIGHT: Final = 1.73
_CHARM_GEV, _BOTTOM_GEV, _TOP_GEV = 1.27, 4.18, 163.0
"""MS-bar masses at themselves."""
_W_STEP: Final = 1.0 / (6.0 * math.pi)
_LEPTONS_GEV: Final = (1e-3 * M_ELECTRON_MEV, 1e-3 * M_MUON_MEV, 1e-3 * M_TAU_MEV)
_HIGHEST_GEV, _LOWEST_GEV = 1e4, 1e-4
_POINTS: Final = 13
"""Of the curve between two thresholds."""
Quark = tuple[float, float, float]
"""Mass in GeV, charge, isospin."""


def running_angle(q_gev: ArrayLike) -> Array:
    """sin2(theta_W), MS-bar, at a momentum transfer in the place of its scale.

    Args:
        q_gev: Q, GeV, any shape, at most 10 TeV; below the mass of the electron nothing runs.

    Examples:
        >>> running_angle([1e-4, 91.1876]).round(4).tolist()
        [0.2387, 0.2312]
    """
    scale, angle = _curve()
    log = np.log(np.maximum(np.asarray(q_gev, dtype=float), _LOWEST_GEV))
    return np.asarray(np.interp(log, scale, angle))


@cache
def _curve() -> tuple[Array, Array]:
    """ln(mu/GeV), rising, and the angle; the step at M_W is between two equal scales."""
    below = _down(_light_quarks())
    above = _piece(M_Z_GEV, _TOP_GEV, 1.0 / _ALPHA_Z, SIN2_THETA_W_MZ, _quarks(1.0), bosons=True)
    _, inverse, angle = above[:, -1]
    highest = _piece(_TOP_GEV, _HIGHEST_GEV, inverse, angle, _quarks(1.0), bosons=True)
    scale, _, angles = np.concatenate([below[:, ::-1], above, highest], axis=1)
    return scale, angles


@cache
def _light_quarks() -> float:
    """Effective mass of u and d, GeV, with which alpha falls to that of zero momentum."""

    def excess(log_mass: float) -> float:
        return float(_down(math.exp(log_mass))[1, -1]) - 1.0 / ALPHA

    return math.exp(brentq(excess, math.log(0.02), math.log(0.5), xtol=1e-10))


def _quarks(light: float) -> tuple[Quark, ...]:
    up, down = (2.0 / 3.0, 0.5), (-1.0 / 3.0, -0.5)
    return (
        (light, *up), (light, *down), (_STRANGE_OVER_LIGHT * light, *down), (_CHARM_GEV, *up),
        (_BOTTOM_GEV, *down), (_TOP_GEV, *up),
    )  # fmt: skip


def _down(light: float) -> Array:
    """ln(mu), 1/alpha and the angle, ``(3, n)``, from M_Z downwards."""
    quarks = _quarks(light)
    pieces = [_piece(M_Z_GEV, _M_W_GEV, 1.0 / _ALPHA_Z, SIN2_THETA_W_MZ, quarks, bosons=True)]
    _, inverse, angle = pieces[0][:, -1]
    angle = 1.0 - (1.0 - angle) * inverse / (inverse - _W_STEP)
    inverse -= _W_STEP
    masses = sorted({*_LEPTONS_GEV, *(m for m, _, _ in quarks)}, reverse=True)
    ends = (_M_W_GEV, *(m for m in masses if m < _M_W_GEV), _LOWEST_GEV)
    for high, low in pairwise(ends):
        pieces.append(_piece(high, low, inverse, angle, quarks, bosons=False))
        _, inverse, angle = pieces[-1][:, -1]
    return np.concatenate(pieces, axis=1)


def _piece(
    start: float, end: float, inverse: float, angle: float, quarks: tuple[Quark, ...], *,
    bosons: bool,
) -> Array:  # fmt: skip
    """The same between two scales with one set of particles."""
    logs = np.linspace(math.log(start), math.log(end), _POINTS)
    middle = math.sqrt(start * end)

    def slope(log: float, state: Array) -> Array:
        b, c = _slopes(math.exp(log), middle, quarks, bosons=bosons)
        return 2.0 / math.pi * np.array([-b, (b * state[1] - c) / state[0]])

    found = solve_ivp(
        slope, (logs[0], logs[-1]), (inverse, angle), "DOP853", t_eval=logs, rtol=1e-10, atol=1e-12
    )
    return np.vstack([logs, found.y])


def _slopes(
    scale: float, within: float, quarks: tuple[Quark, ...], *, bosons: bool
) -> tuple[float, float]:
    """Both coefficients, of the particles whose masses are below a scale `within` the piece."""
    leptons = sum(m < within for m in _LEPTONS_GEV)
    b, c = leptons / 3.0, leptons / 12.0
    strong = 1.0 + (_alpha_s(scale) / math.pi if within > _CHARM_GEV else 0.0)
    for mass, charge, isospin in quarks:
        if mass < within:
            b += strong * charge**2
            c += strong * charge * isospin / 2.0
    if bosons:  # two W, Q t = 2 each, and a charged scalar, Q t = 1
        b += (2.0 * -22.0 + 2.0) / 24.0
        c += (2.0 * -22.0 * 2.0 + 2.0) / 48.0
    return b, c


def _alpha_s(scale: float) -> float:
    """Strong coupling to one loop, above the mass of charm."""
    inverse, at = 1.0 / _ALPHA_S_Z, M_Z_GEV
    for flavours, low in ((5, _BOTTOM_GEV), (4, _CHARM_GEV)):
        to = scale if flavours == 5 and scale > at else max(scale, low)
        inverse += (33.0 - 2.0 * flavours) / (6.0 * math.pi) * math.log(to / at)
        at = to
        if scale >= low:
            break
    return 1.0 / inverse
