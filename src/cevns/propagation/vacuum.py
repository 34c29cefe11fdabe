"""Vacuum oscillations at short baseline with one sterile neutrino (3+1).

Where only the splitting dm2 = dm2_41 has time to act, every probability is a product of mixings
and one function of energy (Giunti and Laveder, arXiv:1107.1452, section 2 [M])::

    P_ab = delta_ab - 4 |U_a4|^2 (delta_ab - |U_b4|^2) S(E),     S = <sin^2(dm2 L/4E)>,

for neutrinos and antineutrinos alike. The mean is over the lengths that the source and the
detector give the line of flight. With the characteristic function C of their spread,

    <sin^2 phi> = [1 - C(2 phi/L) cos 2 phi]/2,

which tends to 1/2, decoherence, where phi changes by much across them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from cevns.constants import HBARC_MEV_FM
from cevns.exceptions import InputError, UnknownNameError
from cevns.particles import LEPTONS
from cevns.typing import Array, ArrayLike

__all__ = ["PHASE_PER_EV2_M_PER_MEV", "Extent", "Mixing", "Oscillation", "vacuum_phase"]

PHASE_PER_EV2_M_PER_MEV: Final = 1e3 / (4.0 * HBARC_MEV_FM)
"""1/(4 hbar c) = 1.26693 MeV/(eV^2 m)."""


def vacuum_phase(dm2_ev2: ArrayLike, length_m: ArrayLike, energy_mev: ArrayLike) -> Array:
    """The phase dm2 L/(4 hbar c E), dimensionless, the arguments broadcast.

    Args:
        dm2_ev2: difference of squared masses, eV^2.
        length_m: distance, m.
        energy_mev: neutrino energy, MeV, positive.

    Examples:
        >>> round(float(vacuum_phase(1.0, 19.3, 30.0)), 4)
        0.8151
    """
    size = np.asarray(dm2_ev2, dtype=float) * np.asarray(length_m, dtype=float)
    result: Array = PHASE_PER_EV2_M_PER_MEV * size / np.asarray(energy_mev, dtype=float)
    return result


@dataclass(frozen=True)
class Extent:
    """How far the points of emission (or of detection) are spread along the line of flight.

    Args:
        length_m: full length of a uniform spread, or sigma of a gaussian one, m.
        shape: ``uniform`` or ``gaussian``.

    Raises:
        InputError: if the length is negative or not finite.
        UnknownNameError: if the shape is unknown.

    Examples:
        >>> Extent(0.5).coherence(np.array([0.0, 4.0 * np.pi])).round(12) + 0.0
        array([1., 0.])
    """

    length_m: float
    shape: Literal["uniform", "gaussian"] = "uniform"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.length_m) and self.length_m >= 0.0):
            raise InputError(f"an extent must be zero or positive, not {self.length_m:g} m")
        if self.shape not in ("uniform", "gaussian"):
            raise UnknownNameError("shape of an extent", self.shape, ("uniform", "gaussian"))

    def coherence(self, wave_number: Array) -> Array:
        """Mean of cos(k x) over the spread about its centre, for k in 1/m."""
        x = wave_number * self.length_m
        # np.sinc(y) is sin(pi y)/(pi y)
        return np.sinc(x / (2.0 * np.pi)) if self.shape == "uniform" else np.exp(-0.5 * x * x)


@dataclass(frozen=True)
class Oscillation:
    """S(E) = <sin^2(dm2 L/4E)>, averaged over the extents of source and detector.

    The flux falls as 1/L^2 within the extents; that moves the mean distance by d^2/(6 L), 2 mm
    for 0.5 m at 19.3 m, and is left out.

    Args:
        dm2_ev2: dm2_41, eV^2; infinite for complete decoherence.
        baseline_m: distance between the centres, m.
        extents: of source and detector along the line of flight.

    Raises:
        InputError: if dm2 is negative, or the baseline not positive and finite.

    Examples:
        >>> s = Oscillation(1.0, 19.3)
        >>> s(np.array([10.0, 30.0])).round(4)
        array([0.4115, 0.5296])
        >>> Oscillation(np.inf, 19.3)(np.array([30.0]))
        array([0.5])
    """

    dm2_ev2: float
    baseline_m: float
    extents: tuple[Extent, ...] = ()

    def __post_init__(self) -> None:
        if not self.dm2_ev2 >= 0.0:
            raise InputError(f"dm2_41 must be zero or positive, not {self.dm2_ev2:g} eV2")
        if not (math.isfinite(self.baseline_m) and self.baseline_m > 0.0):
            raise InputError(f"the baseline must be positive and finite, not {self.baseline_m:g} m")

    def __call__(self, energy_mev: Array) -> Array:
        """S at neutrino energies, MeV; 1/2 at zero energy, where it has no limit."""
        energy = np.asarray(energy_mev, dtype=float)
        if self.dm2_ev2 == 0.0 or math.isinf(self.dm2_ev2):
            return np.full_like(energy, 0.0 if self.dm2_ev2 == 0.0 else 0.5)
        coherent = energy > 0.0
        phase = vacuum_phase(self.dm2_ev2, self.baseline_m, np.where(coherent, energy, 1.0))
        coherence = np.ones_like(phase)
        for extent in self.extents:
            coherence = coherence * extent.coherence(2.0 * phase / self.baseline_m)
        # for small phases no digit is lost: sin^2 is not one minus a cosine
        mean = coherence * np.sin(phase) ** 2 + 0.5 * (1.0 - coherence)
        return np.where(coherent, mean, 0.5)


@dataclass(frozen=True)
class Mixing:
    """The row U_a4: how much of the fourth mass state is in each active flavour.

    Args:
        squared: |U_e4|^2, |U_mu4|^2, |U_tau4|^2 by lepton family, numbers or arrays ``(...)``.

    Examples:
        >>> m = Mixing.from_angles(0.2, 0.0)
        >>> print(round(m.squared["e"], 4), round(m.sin2_2theta("e", "e"), 4))
        0.0528 0.2
    """

    squared: Mapping[str, Any]

    @classmethod
    def from_angles(
        cls, sin2_2theta_ee: Any, sin2_2theta_mumu: Any, sin2_theta_34: Any = 0.0
    ) -> Mixing:
        """From the effective angles of disappearance, on the branch |U_a4|^2 <= 1/2.

        sin^2 2theta_aa = 4 |U_a4|^2 (1 - |U_a4|^2), so |U_a4|^2 = [1 - sqrt(1 - sin^2 2theta)]/2.
        sin^2 theta_34 is the share of what is left that is nu_tau, |U_tau4|^2 = sin^2 theta_34
        (1 - |U_e4|^2 - |U_mu4|^2): any values between 0 and 1 are a unitary mixing.
        """
        e, mu = (
            0.5 * (1.0 - np.sqrt(np.maximum(1.0 - np.asarray(s, dtype=float), 0.0)))
            for s in (sin2_2theta_ee, sin2_2theta_mumu)
        )
        return cls({"e": e, "mu": mu, "tau": sin2_theta_34 * (1.0 - e - mu)})

    @property
    def sterile(self) -> Any:
        """|U_s4|^2 = 1 - |U_e4|^2 - |U_mu4|^2 - |U_tau4|^2."""
        return 1.0 - sum(self.squared[b] for b in LEPTONS)

    def sin2_2theta(self, a: str, b: str) -> Any:
        """Effective amplitude, 4 |U_a4|^2 |delta_ab - |U_b4|^2|; `b` may be ``s``.

        Args:
            a: family of the incoming neutrino.
            b: family it is seen as, or ``s`` for sterile.
        """
        other = self.sterile if b == "s" else self.squared[b]
        return 4.0 * self.squared[a] * (1.0 - other if a == b else other)

    def change(self, a: str, b: str) -> Any:
        """(P_ab - delta_ab)/S: minus the amplitude for a = b, plus it otherwise."""
        return (-1.0 if a == b else 1.0) * self.sin2_2theta(a, b)

    def probability(self, a: str, b: str, sin2_phase: ArrayLike) -> Array:
        """P_ab for S = <sin^2 phi>, of `Oscillation`, broadcast with the mixings.

        Examples:
            >>> m = Mixing({"e": 0.1, "mu": 0.05, "tau": 0.0})
            >>> sum(m.probability("e", b, 0.7) for b in ("e", "mu", "tau", "s")).round(12)
            np.float64(1.0)
        """
        one = 1.0 if a == b else 0.0
        result: Array = one + self.change(a, b) * np.asarray(sin2_phase, dtype=float)
        return result
