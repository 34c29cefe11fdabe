"""The abundance that is left of chi when the early universe has cooled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np

from cevns.dark_sector.annihilation import Annihilation
from cevns.dark_sector.dark_couplings import LARGEST_ALPHA
from cevns.dark_sector.degrees_of_freedom import entropy_freedom, root_g_star
from cevns.dark_sector.thermal_average import ThermalAverage
from cevns.exceptions import FitError, InputError
from cevns.typing import Array, ArrayLike

__all__ = ["OMEGA_DARK_MATTER", "FreezeOut", "relic_alpha_visible", "relic_freeze_out"]

Spline: TypeAlias = Any
"""A cubic spline of scipy, which has no types."""

OMEGA_DARK_MATTER: Final = 0.120
"""``Omega h^2`` of dark matter (Planck 2018, 0.1200 +- 0.0012)."""
_PLANCK_MASS_MEV: Final = 1.2209e22
_ENTROPY_TODAY_CM3: Final = 2891.2
_CRITICAL_MEV_CM3: Final = 1.05371e-2
_FIRST_X: Final = 2.0
_LAST_X: Final = 1e6
_COUPLED: Final = 1e4
"""Annihilations in a Hubble time, from which on chi follows its equilibrium closely."""
_IN_EQUILIBRIUM: Final = 10.0
_COARSE: Final = 240
_FINE: Final = 3000
_MOST_STEPS: Final = 25
_SOLVED: Final = 1e-5
_TINY: Final = 1e-13
_GONE: Final = 1e-9
"""Share of the equilibrium in the change of the abundance from which on it is left out."""


@dataclass(frozen=True)
class FreezeOut:
    """The Boltzmann equation of one pair of chi at one strength of its portal.

        dY/dx = -sqrt(pi/45) M_Pl m g_*^(1/2) x^-2 f <sigma v> (Y^2 - Y_eq^2)

    where Y counts chi and its antiparticle together, so that f = 1/2, and 1 for chi that is its
    own. It is solved in (ln x, ln Y) by Radau's method from where annihilations are ten thousand
    times as fast as the expansion, with Y the first order of ``Y/Y_eq - 1`` there, to where Y_eq no
    longer matters. What annihilates later is an integral: ``1/Y_0 = 1/Y + int lambda dx/x``. Chi
    keeps the temperature of the photons throughout.

    Args:
        annihilation: of what.
        alpha_visible: strength of the portal, see `Portal`.
        rtol: relative accuracy of the solution.

    Raises:
        InputError: if chi is not in equilibrium at x = 2.

    Examples:
        >>> from cevns.dark_sector import ChiKind, VectorPortal
        >>> pair = Annihilation(ChiKind.SCALAR, VectorPortal(), 10.0, 30.0, 0.5)
        >>> f"{FreezeOut(pair, 1.582e-11).omega_h2:.3f}"
        '0.120'
    """

    annihilation: Annihilation
    alpha_visible: float
    rtol: float = 1e-6

    @cached_property
    def _curves(self) -> tuple[Spline, Spline]:
        """``ln lambda`` and ``ln Y_eq`` over ln x; lambda Y: annihilations in a Hubble time."""
        from scipy.interpolate import CubicSpline
        from scipy.special import kve

        pair = self.annihilation
        m = pair.m_chi_mev
        coarse = np.linspace(np.log(_FIRST_X), np.log(_LAST_X), _COARSE)
        average = ThermalAverage(pair, self.alpha_visible, smallest_x=_FIRST_X)(np.exp(coarse))
        log_x = np.linspace(coarse[0], coarse[-1], _FINE)
        x = np.exp(log_x)
        share = 1.0 if pair.kind.is_own_antiparticle else 0.5
        per_x = np.sqrt(np.pi / 45.0) * _PLANCK_MASS_MEV * m * share * root_g_star(m / x) / x
        log_rate = CubicSpline(coarse, np.log(average))(log_x) + np.log(per_x)
        states = 45.0 / (4.0 * np.pi**4) * pair.kind.degrees_of_freedom / entropy_freedom(m / x)
        log_yield = np.log(states * x**2 * kve(2, x)) - x
        return CubicSpline(log_x, log_rate), CubicSpline(log_x, log_yield)

    @cached_property
    def _solved(self) -> tuple[float, float]:
        """``Y`` today, and the x at which it was ``(1 + sqrt 2)`` times its equilibrium."""
        from scipy.integrate import solve_ivp
        from scipy.interpolate import PPoly
        from scipy.optimize import brentq

        log_rate, log_equilibrium = self._curves
        log_x = log_rate.x
        annihilations = log_rate(log_x) + log_equilibrium(log_x)
        if annihilations[0] < np.log(_IN_EQUILIBRIUM):
            raise InputError(
                f"chi of {self.annihilation.m_chi_mev:g} MeV is not in equilibrium when the "
                f"temperature is half its mass, as it annihilates {np.exp(annihilations[0]):.2g} "
                "times in a Hubble time: its abundance is not determined by freeze-out; use a "
                "larger coupling"
            )
        ended = np.flatnonzero(annihilations < np.log(_COUPLED))
        start = float(log_x[max(int(ended[0]) - 1, 0)])
        lag = -float(log_equilibrium(start, 1)) / (
            2.0 * np.exp(float(log_rate(start) + log_equilibrium(start)))
        )

        # Both curves have the same knots: one evaluation for both, in this innermost loop.
        coefficients = np.stack([log_rate.c, log_equilibrium.c], axis=-1)
        curves = PPoly.construct_fast(coefficients, log_x)

        def slope(at: float, w: Array) -> list[float]:
            rate, left = curves(at).tolist()
            y = float(w[0])
            return [-math.exp(rate) * (math.exp(y) - math.exp(2.0 * left - y))]

        def curvature(at: float, w: Array) -> Array:
            rate, left = curves(at).tolist()
            y = float(w[0])
            return np.array([[-math.exp(rate) * (math.exp(y) + math.exp(2.0 * left - y))]])

        def gone(at: float, w: Array) -> float:
            return float(2.0 * (log_equilibrium(at) - w[0]) - np.log(_GONE))

        gone.terminal = True  # type: ignore[attr-defined]
        found = solve_ivp(
            slope,
            (start, float(log_x[-1])),
            [float(log_equilibrium(start)) + lag],
            method="Radau",
            jac=curvature,
            events=gone,
            rtol=self.rtol,
            atol=self.rtol,
            dense_output=True,
        )
        if not found.success or not found.t_events[0].size:
            raise FitError(f"the Boltzmann equation of chi could not be solved: {found.message}")
        last, w = float(found.t[-1]), float(found.y[0, -1])
        rest = np.linspace(last, float(log_x[-1]), _FINE)
        later = float(np.trapezoid(np.exp(log_rate(rest)), rest))

        def excess(at: float) -> float:
            return float(found.sol(at)[0] - log_equilibrium(at) - np.log1p(np.sqrt(2.0)))

        left_at = brentq(excess, start, last) if excess(start) < 0.0 else start
        return 1.0 / (np.exp(-w) + later), float(np.exp(left_at))

    @property
    def abundance(self) -> float:
        """``Y`` today: chi and its antiparticle over the entropy."""
        return self._solved[0]

    @property
    def freeze_out_x(self) -> float:
        """m/T at which Y was ``1 + sqrt(2)`` times its equilibrium."""
        return self._solved[1]

    @property
    def omega_h2(self) -> float:
        """``Omega h^2 = m s_0 Y_0/rho_c`` with ``s_0 = 2891.2 /cm3``."""
        mass = self.annihilation.m_chi_mev
        return mass * _ENTROPY_TODAY_CM3 * self.abundance / _CRITICAL_MEV_CM3

    def annihilation_rate(self, x: ArrayLike) -> Array:
        """``lambda`` at m/T: times Y, annihilations of a chi in a Hubble time."""
        found: Array = np.exp(self._curves[0](np.log(np.asarray(x, dtype=float))))
        return found


def relic_alpha_visible(
    annihilation: Annihilation,
    omega_h2: float = OMEGA_DARK_MATTER,
    *,
    rtol: float = 1e-6,
) -> float:
    """The strength of the portal at which freeze-out leaves a density.

    Args:
        annihilation: of what.
        omega_h2: ``Omega h^2`` to be left.
        rtol: of the Boltzmann equation.

    Raises:
        InputError: as `relic_freeze_out`.
        FitError: as `relic_freeze_out`.

    Examples:
        >>> from cevns.dark_sector import ChiKind, VectorPortal
        >>> pair = Annihilation(ChiKind.SCALAR, VectorPortal(), 10.0, 30.0, 0.5)
        >>> f"{relic_alpha_visible(pair):.3e}"
        '1.580e-11'
    """
    return relic_freeze_out(annihilation, omega_h2, rtol=rtol).alpha_visible


def relic_freeze_out(
    annihilation: Annihilation,
    omega_h2: float = OMEGA_DARK_MATTER,
    *,
    rtol: float = 1e-6,
) -> FreezeOut:
    """The freeze-out that leaves a density.

    A first guess is where ``1/Y_0`` is the annihilation after Y_eq has fallen to twice the Y_0 that
    is wanted; then the secant in the logarithms, to a relative 1e-5 of the density.

    Args:
        annihilation: of what.
        omega_h2: ``Omega h^2`` to be left.
        rtol: of the Boltzmann equation.

    Raises:
        InputError: if a coupling above one would be needed.
        FitError: if no strength is found.

    Examples:
        >>> from cevns.dark_sector import ChiKind, VectorPortal
        >>> pair = Annihilation(ChiKind.SCALAR, VectorPortal(), 10.0, 30.0, 0.5)
        >>> found = relic_freeze_out(pair)
        >>> f"{found.alpha_visible:.3e}, {found.omega_h2:.4f}"
        '1.580e-11, 0.1200'
    """
    wanted = omega_h2 * _CRITICAL_MEV_CM3 / (annihilation.m_chi_mev * _ENTROPY_TODAY_CM3)
    log_alpha = np.log(_guess(annihilation, wanted))
    points: list[tuple[float, float]] = []
    for _ in range(_MOST_STEPS):
        largest = annihilation.portal.alpha_visible(LARGEST_ALPHA)
        if log_alpha > np.log(largest):
            raise InputError(
                f"chi of {annihilation.m_chi_mev:g} MeV with a mediator of "
                f"{annihilation.m_v_mev:g} MeV does not give the relic density for any "
                f"{annihilation.portal.coupling} below {LARGEST_ALPHA:g}; use a larger "
                "alpha_d or a lighter mediator"
            )
        found = FreezeOut(annihilation, float(np.exp(log_alpha)), rtol)
        points.append((float(log_alpha), float(np.log(found.omega_h2 / omega_h2))))
        if abs(points[-1][1]) < _SOLVED:
            return found
        slope = -1.0
        if len(points) > 1:
            (a, f), (b, g) = points[-2:]
            slope = min((g - f) / (b - a), -0.2)
        log_alpha -= points[-1][1] / slope
    raise FitError(
        f"no coupling was found that leaves Omega h^2 = {omega_h2:g} of chi of "
        f"{annihilation.m_chi_mev:g} MeV in {_MOST_STEPS} steps"
    )


def _guess(pair: Annihilation, wanted: float) -> float:
    """A first strength: rates at a tiny one, where the width is that of chi, are linear."""
    tiny = _TINY
    at_tiny = FreezeOut(pair, tiny)
    log_rate, log_equilibrium = at_tiny._curves
    log_x = np.linspace(np.log(_FIRST_X), np.log(_LAST_X), _FINE)
    after = log_equilibrium(log_x) < np.log(2.0 * wanted)
    later = float(np.trapezoid(np.exp(log_rate(log_x))[after], log_x[after]))
    return tiny / (wanted * later)
