r"""Forces on nuclei by loops of charged leptons: L_mu - L_tau and its kin.

A mediator without quark charges mixes with the photon through loops of charged leptons. Their
vacuum polarisation is that of QED with one e Q_l replaced by g x_l, so the sign can be read off
the running of alpha: a photon exchanged between charges e x and e Q_q at spacelike Q^2 has the
amplitude e^2 x Q_q/Q^2 [1 + Pi_l(Q^2)] with Pi_l growing with Q^2 (screening). Replacing the
source e x of the photon by g x_nu of the mediator, whose propagator is 1/(Q^2 + M^2), and one
vertex of the loop by g x_l gives, besides the tree amplitude g x_nu g x_q/(Q^2 + M^2), that with

    x_q(Q^2) = Q_q sum_l x_l Q_l Pi_l(Q^2) = Q_q kappa(Q^2),                  Q_l = -1,

    kappa(Q^2) = -(2 alpha/pi) sum_l x_l int_0^1 dx x (1 - x) ln[m_l^2 + x (1 - x) Q^2],

finite because sum_l x_l = 0. For L_mu - L_tau at Q^2 -> 0 it is (alpha/(3 pi)) ln(m_tau^2/m_mu^2)
= 1/229 (a kinetic mixing of g/70), the constant of most papers; at Q = 50 MeV it is 0.8 % smaller.
For L_e - L_mu, where the electron's loop runs, the constant is three times too large there. The
formula is that of arXiv:2006.11225, eq. 7 (as quoted by the public code DarkCast). A bare mixing,
which a complete theory may have, is taken to be zero.

The Standard Model has the same diagram: for nu_l the W gives its own lepton l a contact coupling
+1, and g_V^p of nu_l rises by kappa, the (alpha/(3 pi)) ln(M_W^2/m_l^2) of its charge radius. So
kappa > 0 acts like g_q > 0: destructively for nu_mu in L_mu - L_tau.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from cevns.constants import ALPHA, M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV
from cevns.particles import LEPTONS
from cevns.processes.ingredients.mediator import Propagator, momentum_transfer_squared
from cevns.typing import Array, ArrayLike

__all__ = ["LoopPropagator", "LoopShift", "induced_charge"]

_LEPTON_MASSES_MEV = (M_ELECTRON_MEV, M_MUON_MEV, M_TAU_MEV)


@cache
def _nodes() -> tuple[Array, Array]:
    """Nodes x and weights 6 x (1 - x) dx; x = y^3/2 resolves x ~ m^2/Q^2 of the electron."""
    y, w = np.polynomial.legendre.leggauss(48)
    y, w = (y + 1.0) / 2.0, w / 2.0
    x = 0.5 * y**3
    return x, 2.0 * 6.0 * x * (1.0 - x) * 1.5 * y**2 * w


def induced_charge(
    leptons: tuple[float, float, float], q2_mev2: ArrayLike, *, running: bool = True
) -> Array:
    """kappa(Q^2): charge of a fermion per unit of electric charge, dimensionless.

    Args:
        leptons: charges of e, mu and tau, which sum to zero.
        q2_mev2: spacelike momentum transfer squared, MeV^2, any shape.
        running: with the momentum dependence, else the value at Q^2 = 0.

    Examples:
        >>> round(1 / float(induced_charge((0.0, 1.0, -1.0), 0.0)), 1)
        228.8
    """
    q2 = np.asarray(q2_mev2, dtype=float)
    x, w = _nodes()
    total = np.zeros_like(q2)
    for charge, mass in zip(leptons, _LEPTON_MASSES_MEV, strict=True):
        logarithm = np.full_like(q2, 2.0 * math.log(mass / M_ELECTRON_MEV))
        if running:
            logarithm += np.log1p((q2 / mass**2)[..., None] * (x * (1.0 - x))) @ w
        total = total + charge * logarithm
    result: Array = -ALPHA / (3.0 * math.pi) * total
    return result


@dataclass(frozen=True)
class LoopShift:
    """kappa(Q^2) - kappa(0) of one lepton of charge 1: what momentum takes from its loop.

    Args:
        lepton: ``e``, ``mu`` or ``tau``.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> recoil = np.array([12.09])  # Q = 30 MeV
        >>> [round(float(LoopShift(a)(recoil, nuclide("Ar40"))[0]), 5) for a in ("e", "mu")]
        [-0.00503, -1e-05]
    """

    lepton: str

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        """At recoil energies, keV, of a nuclide or electron; dimensionless, ``(nT,)``."""
        e, mu, tau = (float(self.lepton == a) for a in LEPTONS)
        q2 = momentum_transfer_squared(recoil_energy_kev, target.mass_mev)
        return induced_charge((e, mu, tau), q2) - induced_charge((e, mu, tau), 0.0)


@dataclass(frozen=True)
class LoopPropagator:
    """[x + Q kappa(Q^2)]/[sqrt2 G_F (Q^2 + M^2)] of a fermion with charges x and Q.

    Args:
        mass_mev: of the mediator.
        leptons: charges of e, mu and tau.
        running: with the momentum dependence of kappa.
        tree: x, charge of the fermion without loops.
        electric: Q, electric charge of the fermion.
    """

    mass_mev: float
    leptons: tuple[float, float, float]
    running: bool = True
    tree: float = 0.0
    electric: float = 1.0

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        """At recoil energies, keV, of a nuclide or electron; dimensionless, ``(nT,)``."""
        q2 = momentum_transfer_squared(recoil_energy_kev, target.mass_mev)
        kappa = induced_charge(self.leptons, q2, running=self.running)
        charge = self.tree + self.electric * kappa
        result: Array = charge * Propagator(self.mass_mev)(recoil_energy_kev, target)
        return result
