"""Electric charges of neutrinos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.constants import ALPHA, G_FERMI_MEV
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameters
from cevns.processes.framework.extension import Extension, Shape, bounded
from cevns.processes.ingredients.flavour_pairs import DIAGONAL, TRANSITIONS, pairs_from
from cevns.typing import Array

__all__ = ["MODEL", "STRENGTH_MEV2", "UNIT_E", "Millicharge", "photon"]

CITE = ("arXiv:1703.00401", "arXiv:2005.01645", "arXiv:2205.09484")

UNIT_E = 1e-10
"""Elementary charges per unit of the parameters."""
STRENGTH_MEV2 = 2.0 * math.sqrt(2.0) * math.pi * ALPHA / G_FERMI_MEV
"""2 sqrt2 pi alpha/G_F: over Q^2 it is the shift of g_V^p by a neutrino of charge +e, MeV^2."""
_FROZEN_KEV = 1e-9


def photon(recoil_energy_kev: Array, target: Any) -> Array:
    """The propagator 1/Q^2 = 1/(2 M T), MeV^-2; kept finite below 1e-6 eV."""
    t = 1e-3 * np.maximum(np.asarray(recoil_energy_kev, dtype=float), _FROZEN_KEV)
    result: Array = 1.0 / (2.0 * target.mass_mev * t)
    return result


_NUCLEUS = (Shape("photon", "p", photon),)
_ELECTRON = (Shape("photon", "e", photon),)


@dataclass(frozen=True)
class Millicharge(Extension):
    r"""Exchange of a photon between a charge q of the neutrino and the target::

        g_V^p -> g_V^p + 2 sqrt2 pi alpha q_aa/(G_F Q^2),   Q^2 = 2 M T,      nucleus
        g_V^e -> g_V^e - 2 sqrt2 pi alpha q_aa/(G_F Q^2),   Q^2 = 2 m_e T,    electron

    The sign: photon exchange is ``-e^2 q Q_f/Q^2`` times (nubar gamma P_L nu)(fbar gamma f), the
    weak one ``-sqrt2 G_F g_V^f`` times the same, with g_V^p = 1/2 - 2 s2; so a positive q adds to
    the proton's coupling and takes from the neutron-dominated amplitude of a nucleus. An
    antineutrino has the charge -q, but its weak vector amplitude changes sign too: the shift
    above holds for both.

    Diagonal charges interfere with the Standard Model. Transition charges, to another flavour,
    do not; they affect both flavours of the pair. The 1/T^2 of the squared amplitude is cut off
    by the threshold of the detector and, for electrons, by the lowest binding energy.

    Parameters, in units of 1e-10 e: ``millicharge_{ee,mumu,tautau}`` and
    ``millicharge_{emu,etau,mutau}``. Nuclear recoils of a stopped-pion experiment are sensitive to
    1e-8 e, electron recoils to 1e-10 e. Source: Kouzakov and Studenikin, PRD 95 (2017) 055013,
    arXiv:1703.00401; Cadeddu et al., arXiv:2005.01645 and 2205.09484 (from memory).

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> shift = Millicharge().amplitudes("nu_e", nuclide("H1"), {"millicharge_ee": 1.0})
        >>> round(shift["e"][0], 4)  # MeV2: over Q^2 the shift of g_V^p
        0.5559
    """

    name: str = field(default="millicharge", init=False)

    @property
    def parameters(self) -> Parameters:
        """``millicharge_{ee,mumu,tautau,emu,etau,mutau}``, 1e-10 e."""
        texts = dict.fromkeys(DIAGONAL, "electric charge of the neutrino, interferes")
        texts |= dict.fromkeys(TRANSITIONS, "transition charge, does not interfere")
        return Parameters(
            bounded(f"millicharge_{pair}", text, unit="1e-10 e", typical=1.0)
            for pair, text in texts.items()
        )

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The propagator, at protons."""
        return _NUCLEUS

    def amplitudes(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Z times the strength of each charge, MeV^2."""
        return {b: (nuclide.z * c,) for b, c in self._strengths(flavour, values).items()}

    @property
    def turns_flavours(self) -> bool:
        """True: a coefficient of two flavours."""
        return True

    @property
    def electron_shapes(self) -> tuple[Shape, ...]:
        """The propagator."""
        return _ELECTRON

    def electron_amplitudes(
        self, flavour: str, values: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Any]]:
        """Minus the strength of each charge, MeV^2."""
        return {b: (-c,) for b, c in self._strengths(flavour, values).items()}

    def _strengths(self, flavour: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            b: STRENGTH_MEV2 * UNIT_E * self.value(values, f"millicharge_{pair}")
            for b, pair in pairs_from(flavour).items()
        }


MODEL = Millicharge
