r"""LMA-Dark: the solution of oscillation data that only scattering can exclude.

In matter a neutrino feels eps_ab = sum_f (N_f/N_e) eps^f_ab. With Y_n = N_n/N_e,

    N_u/N_e = 2 + Y_n,     N_d/N_e = 1 + 2 Y_n,     eps_ab = (xi^e + xi^p + Y_n xi^n) eps_ab (mix)

Oscillation probabilities do not change when the Hamiltonian H turns into -H^*. That is the *exact
degeneracy* (Coloma & Schwetz, arXiv:1604.05772; arXiv:1805.04530)

    theta_12 -> pi/2 - theta_12,     dm2_31 -> -dm2_31 + dm2_21,     delta -> pi - delta,
    eps_ee - eps_mumu -> -(eps_ee - eps_mumu) - 2,
    eps_tautau - eps_mumu -> -(eps_tautau - eps_mumu),     eps_ab -> -eps_ab^*  (a != b)

with delta in the rotation 1-2: U = R_23(theta_23) R_13(theta_13) R_12(theta_12, delta). So the
standard solution without new physics has a dark partner at eps_ee - eps_mumu = -2 in units of the
matter potential, or -2/(N_f/N_e) of one coupling. It is exact on any path on which Y_n is constant;
Sun and Earth differ in Y_n, so together they prefer some values, and what they allow is an input
here (`regions`), declared in a table. Oscillations fix differences only: along the dark solution
eps_mumu is free, and CEvNS decides: `dark_points` are the points to test. Reached as
``cevns.processes.lma_dark``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.exceptions import InputError
from cevns.processes.ingredients.oscillation_regions import FILE, Region, region, regions
from cevns.processes.nsi_quark_mix import DOWN_DEG, UP_DEG, nucleon_couplings
from cevns.typing import Array, ArrayLike

__all__ = [
    "FILE",
    "Y_N_EARTH",
    "Y_N_SUN",
    "Region",
    "dark_difference",
    "dark_points",
    "degenerate_partner",
    "matter_factor",
    "region",
    "regions",
]

Y_N_EARTH: Final = 1.051
"""Neutrons per electron, average of the Earth (arXiv:1805.04530, from memory)."""
Y_N_SUN: Final = (1.0 / 6.0, 0.5)
"""Neutrons per electron at the edge and in the centre of the Sun (from memory, rounded)."""


def matter_factor(eta_deg: Any, y_n: Any = Y_N_EARTH, zeta_deg: Any = 0.0) -> Any:
    """Coefficient in matter over coupling, xi^e + xi^p + Y_n xi^n.

    Args:
        eta_deg: angle of the mix (``nsi-quark-mix``), degrees, any shape.
        y_n: neutrons per electron.
        zeta_deg: angle of the electrons' share, degrees.

    Examples:
        >>> [round(float(matter_factor(eta)), 3) for eta in (UP_DEG, DOWN_DEG)]
        [3.051, 3.102]
    """
    p, n = nucleon_couplings(eta_deg, zeta_deg)
    electron = math.sqrt(5.0) * np.cos(np.deg2rad(eta_deg)) * np.sin(np.deg2rad(zeta_deg))
    return electron + p + y_n * n


def dark_difference(
    difference: ArrayLike = 0.0,
    *,
    eta_deg: ArrayLike = UP_DEG,
    y_n: ArrayLike = Y_N_EARTH,
    zeta_deg: ArrayLike = 0.0,
) -> Array:
    """The dark partner of a value of eps_ee - eps_mumu, exact at constant Y_n.

    In units of the coupling it is ``-difference - 2/matter_factor``; infinite where the coupling
    has no effect in that matter.

    Args:
        difference: eps_ee - eps_mumu of the standard solution, any shape.
        eta_deg: angle of the mix; `UP_DEG` and `DOWN_DEG` for one kind of quark.
        y_n: neutrons per electron on the path.
        zeta_deg: angle of the electrons' share, degrees.

    Examples:
        >>> [round(float(dark_difference(eta_deg=eta, y_n=0.5)), 3) for eta in (UP_DEG, DOWN_DEG)]
        [-0.8, -1.0]
    """
    factor = np.asarray(matter_factor(eta_deg, y_n, zeta_deg), dtype=float)
    with np.errstate(divide="ignore"):
        result: Array = -np.asarray(difference, dtype=float) - 2.0 / factor
    return result


def degenerate_partner(
    oscillation: Mapping[str, float], epsilon: ArrayLike
) -> tuple[dict[str, float], Array]:
    """The point with the same oscillation probabilities, on any path of constant composition.

    Args:
        oscillation: ``theta_12`` and ``delta`` (radians), ``dm2_21`` and ``dm2_31`` (eV^2); other
            entries stay.
        epsilon: hermitian 3 x 3 matrix of coefficients in matter (in units of the standard
            potential), families in the order e, mu, tau.

    Returns:
        The same of the partner; the matrix up to a multiple of one, with its mumu entry zero.

    Raises:
        InputError: if an entry is missing or the matrix is not hermitian.

    Examples:
        >>> import numpy as np
        >>> lma = dict(theta_12=0.59, delta=1.0, dm2_21=7.4e-5, dm2_31=2.5e-3)
        >>> dark, epsilon = degenerate_partner(lma, np.zeros((3, 3)))
        >>> float(epsilon[0, 0].real), dark["dm2_31"] < 0
        (-2.0, True)
    """
    needed = ("theta_12", "delta", "dm2_21", "dm2_31")
    if missing := [name for name in needed if name not in oscillation]:
        raise InputError(f"an oscillation point needs {', '.join(missing)}")
    matrix = np.asarray(epsilon, dtype=complex)
    if matrix.shape != (3, 3) or not np.allclose(matrix, matrix.conj().T, rtol=0, atol=1e-12):
        raise InputError("the coefficients in matter must be a hermitian 3 x 3 matrix")
    partner = {
        **oscillation,
        "theta_12": math.pi / 2.0 - oscillation["theta_12"],
        "delta": math.pi - oscillation["delta"],
        "dm2_31": oscillation["dm2_21"] - oscillation["dm2_31"],
    }
    reduced = matrix - matrix[1, 1] * np.eye(3)
    out: Array = -reduced.conj()
    out[0, 0] -= 2.0
    return partner, out


def dark_points(
    coupling: str | float,
    eps_mumu: ArrayLike,
    *,
    points: int = 41,
    y_n: ArrayLike | None = None,
    path: Path | str = FILE,
) -> tuple[Array, Array]:
    """Values of (eps_ee, eps_mumu) along the dark solution, for a test with CEvNS.

    For one kind of quark the difference eps_ee - eps_mumu covers the declared region. For an
    angle there is none: it takes the values -2/matter_factor of the exact degeneracy with the
    standard solution without new physics, one for each `y_n`, by default from the Sun's edge to
    its centre, where the dark solution was found. The coefficients are those of the interaction
    ``nsi`` for a quark, of ``nsi-quark-mix`` for an angle.

    Args:
        coupling: ``u``, ``d``, or the angle eta in degrees.
        eps_mumu: shape ``(m,)``.
        points: values of the difference over a region, or over the Sun.
        y_n: neutrons per electron, shape ``(n,)``; only for an angle.
        path: table of regions, ours unless given.

    Returns:
        eps_ee and eps_mumu, each ``(points, m)`` or ``(n, m)``.

    Raises:
        DataError: if the table of regions is broken.
        UnknownNameError: if the quark is unknown.
        InputError: if an angle has no effect in that matter, or there are no points.

    Examples:
        >>> ee, mumu = dark_points("u", [0.0, 0.1], points=3)
        >>> (ee - mumu)[:, 1].round(3).tolist()
        [-1.192, -0.997, -0.802]
    """
    free = np.atleast_1d(np.asarray(eps_mumu, dtype=float))
    if points < 1 or free.ndim != 1 or not free.size:
        raise InputError("points along the dark solution need at least one value of each axis")
    if isinstance(coupling, str):
        if y_n is not None:
            raise InputError(
                "the region of one kind of quark is declared; y_n belongs to an angle: give "
                f"{UP_DEG:.2f} or {DOWN_DEG:.2f} degrees in place of {coupling!r}"
            )
        found = region(coupling, path=path)
        difference = np.linspace(found.lower, found.upper, points)
    else:
        y = np.linspace(*Y_N_SUN, points) if y_n is None else np.atleast_1d(np.asarray(y_n, float))
        difference = dark_difference(eta_deg=coupling, y_n=y)
        if not np.isfinite(difference).all() or (np.abs(difference) > 1e6).any():
            raise InputError(
                f"eta = {coupling:g} degrees has no effect in matter with this composition, so "
                "there is no dark solution"
            )
    mumu = np.broadcast_to(free, (difference.size, free.size)).copy()
    return difference[:, None] + mumu, mumu
