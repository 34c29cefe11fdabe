"""What the exchange of any light particle has in common: a mass, a coupling, a propagator.

A mediator of mass M turns a contact interaction into one with 1/(Q^2 + M^2), Q^2 = 2 M_N T, which
depends on the recoil energy alone: it belongs to the shapes. The mass is therefore *structure*
(one set of templates for each), the coupling a parameter of the fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cevns.constants import G_FERMI_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.parameters import Parameter
from cevns.particles import LEPTONS
from cevns.processes.framework.extension import bounded
from cevns.typing import Array

__all__ = [
    "LARGEST_COUPLING",
    "LIGHTEST_MEV",
    "Propagator",
    "check_leptons",
    "coupling_parameter",
    "mass_parameter",
    "momentum_transfer_squared",
    "squared_propagator",
]

LIGHTEST_MEV: Final = 1e-6
"""Below 1 eV the range exceeds an atom's size by far: no force between free particles."""
HEAVIEST_MEV: Final = 1e6
NATURAL_MASSES_MEV: Final = (0.1, 1e4)
"""From where the mass no longer matters beside the momentum transfer of reactor neutrinos to where
the exchange is a contact interaction at any source: outside, limits follow by scaling."""
LARGEST_COUPLING: Final = math.sqrt(4.0 * math.pi)
"""Beyond it, perturbation theory says nothing."""
_TYPICAL_Q_MEV: Final = 50.0  # of a stopped-pion source on a heavy nucleus


def mass_parameter(name: str, value: float, particle: str) -> Parameter:
    """The mass of a mediator, MeV: structure, held in a fit.

    Raises:
        InputError: if the mass is not a number from 1e-6 to 1e6 MeV.

    Examples:
        >>> mass_parameter("m_zprime", 100.0, "vector").unit
        'MeV'
    """
    if not LIGHTEST_MEV <= value <= HEAVIEST_MEV:
        raise InputError(
            f"{name} is {value:g} MeV: the mass of a {particle} mediator lies from "
            f"{LIGHTEST_MEV:g} to {HEAVIEST_MEV:g} MeV; for a contact interaction use nsi"
        )
    return Parameter(
        name, value, unit="MeV", lower=LIGHTEST_MEV, upper=HEAVIEST_MEV, fixed=True, shared=True,
        description=f"mass of the {particle} mediator", natural=NATURAL_MASSES_MEV,
    )  # fmt: skip


def coupling_parameter(
    name: str, description: str, mass_mev: float, charge: float = 1.0
) -> Parameter:
    """The coupling g >= 0 of a mediator, which enters through g^2; nominal 0.

    At g = 0 every derivative with respect to g vanishes, and the typical size tells a minimiser
    how far to go: there g^2 `charge`/(Q^2 + M^2) is a tenth of sqrt2 G_F at Q = 50 MeV. Its natural
    range holds that size for all natural masses, and a factor of 10 beyond, in whole decades.
    """

    def size(mass_mev: float) -> float:
        scale = 0.1 * math.sqrt(2.0) * G_FERMI_MEV * (mass_mev**2 + _TYPICAL_Q_MEV**2)
        return math.sqrt(scale / (abs(charge) or 1.0))

    least, most = (size(m) for m in NATURAL_MASSES_MEV)
    natural = (
        10.0 ** math.floor(math.log10(least / 10.0)),
        10.0 ** math.ceil(math.log10(10.0 * most)),
    )
    return bounded(
        name,
        description,
        reach=(0.0, LARGEST_COUPLING),
        typical=min(size(mass_mev), 1.0),
        natural=(natural[0], min(natural[1], 1.0)),
    )


def momentum_transfer_squared(recoil_energy_kev: Array, mass_mev: float) -> Array:
    """Q^2 = 2 M T, MeV^2, in the shape of the recoil energy."""
    result: Array = 2e-3 * mass_mev * np.asarray(recoil_energy_kev, dtype=float)
    return result


def squared_propagator(q2_mev2: Array, mass_mev: float | None) -> Array:
    """1/(Q^2 + M^2)^2, MeV^-4; G_F^2/2 where nothing is exchanged, of a contact interaction.

    So a contact coefficient C in L = (G_F/sqrt2) C [...][...] is the g_nu g_q/M^2 of a mediator
    that is heavy, C = sqrt2 g_nu g_q/(G_F M^2).

    Args:
        q2_mev2: momentum transfer squared.
        mass_mev: M; None for a contact interaction.
    """
    if mass_mev is None:
        return np.full_like(q2_mev2, 0.5 * G_FERMI_MEV**2)
    result: Array = 1.0 / (q2_mev2 + mass_mev**2) ** 2
    return result


def check_leptons(leptons: tuple[str, ...]) -> None:
    """Refuse neutrino families that do not exist.

    Raises:
        UnknownNameError: if one is not ``e``, ``mu`` or ``tau``.
    """
    for name in leptons:
        if name not in LEPTONS:
            raise UnknownNameError("lepton", name, LEPTONS)


@dataclass(frozen=True)
class Propagator:
    """1/[sqrt2 G_F (Q^2 + M^2)]: the exchange of a vector in units of the weak amplitude.

    Args:
        mass_mev: of the mediator.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> round(float(Propagator(1e3)(np.array([0.0]), nuclide("Cs133"))[0]))
        60624
    """

    mass_mev: float

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        """At recoil energies, keV, of a nuclide or electron; dimensionless, ``(nT,)``."""
        q2 = momentum_transfer_squared(recoil_energy_kev, target.mass_mev)
        result: Array = 1.0 / (math.sqrt(2.0) * G_FERMI_MEV * (q2 + self.mass_mev**2))
        return result
