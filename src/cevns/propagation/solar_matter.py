r"""What becomes of electron neutrinos on their way out of the Sun: adiabatic flavour conversion.

A neutrino is born in states of matter, which turn into mass states and part on their way. What
arrives is a mixture of mass states with the probabilities

.. math:: P_1 = c_{13}^2 \cos^2\theta_m, \quad P_2 = c_{13}^2 \sin^2\theta_m, \quad P_3 = s_{13}^2,
   \quad \rho_{\alpha\beta} = \sum_i P_i U_{\alpha i} U_{\beta i}^*

.. math:: \cos 2\theta_m = \frac{\cos 2\theta_{12} - \epsilon}
   {\sqrt{(\cos 2\theta_{12} - \epsilon)^2 + \sin^2 2\theta_{12}}},
   \quad \epsilon = \frac{2 E V c_{13}^2}{\Delta m^2_{21}}

with :math:`V = \sqrt2\, G_F n_e` where it is born. The diagonal of :math:`\rho` holds the
probabilities of flavours, as :math:`P_{ee} = c_{13}^4 [\frac12 + \frac12 \cos 2\theta_m
\cos 2\theta_{12}] + s_{13}^4` (S. J. Parke, Phys. Rev. Lett. 57, 1275 (1986), without jumps; the
reference from memory). What is beside it matters where a process turns one flavour into another.
It is the mixture by day: what the Earth gives back by night is left out.

New interactions of neutrinos with quarks change the potential. With the third mass far above the
others two states mix, the first columns :math:`O_1, O_2` of :math:`R_{23} U_{13}`
(M. C. Gonzalez-Garcia and M. Maltoni, arXiv:1307.3092, from memory; tested against states of three
flavours), with N_f/N_e fermions an electron and :math:`\epsilon = \sum_f (N_f/N_e) \epsilon^f`:

.. math:: \epsilon_D = \tfrac12 (O_2^\dagger \epsilon\, O_2 - O_1^\dagger \epsilon\, O_1), \quad
   \epsilon_N = O_1^\dagger \epsilon\, O_2

so that above :math:`\cos 2\theta_{12} - \epsilon` turns into
:math:`\cos 2\theta_{12} - (2 E V/\Delta m^2_{21}) (c_{13}^2 - 2 \epsilon_D)` and
:math:`\sin 2\theta_{12}` of matter into
:math:`|\sin 2\theta_{12} + (4 E V/\Delta m^2_{21}) \epsilon_N|`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cevns.constants import AVOGADRO, G_FERMI_MEV, HBARC_MEV_FM
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import within
from cevns.particles import LEPTONS
from cevns.propagation.lepton_mixing import ComplexArray, LeptonMixing
from cevns.typing import Array, ArrayLike

__all__ = ["CITE", "SolarMixing"]

CITE = ("parke-1986", "arXiv:1307.3092")

_G_FERMI_EV = G_FERMI_MEV * 1e-12
"""eV^-2."""
_HBARC_EV_CM = HBARC_MEV_FM * 1e6 * 1e-13
"""eV cm."""
_PLACES: Final = tuple((i, j, LEPTONS[i] + LEPTONS[j]) for i in range(3) for j in range(i, 3))
_LARGEST: Final = 5.0
_COEFFICIENTS: Final = tuple(f"eps_{ab}_{q}" for _, _, ab in _PLACES for q in "ud")


@dataclass(frozen=True)
class SolarMixing:
    """Mixing of solar neutrinos, and what follows from it.

    Args:
        sin2_theta12: of the mass states 1 and 2; this and the next two are near global fits (from
            memory).
        sin2_theta13: of 1 and 3.
        dm21_ev2: difference of squared masses, eV2, positive.
        sin2_theta23: of 2 and 3; with 0.5 and the phase below nu_mu and nu_tau arrive alike.
        delta_cp_deg: CP phase, degrees.
        matter_nsi: coefficients of new interactions with quarks in the Sun, real, by the names of
            the interaction ``nsi``: ``eps_ee_u``, ``eps_mutau_d``. The conversion stays adiabatic.
        neutrons_per_electron: Y_n, which gives N_u/N_e = 2 + Y_n and N_d/N_e = 1 + 2 Y_n: from 1/6
            at the edge to 1/2 in the centre. 0.45 is near where 8B, 7Be and CNO neutrinos are born
            (from memory).

    Raises:
        InputError: if a number is out of range.
        UnknownNameError: if there is no such coefficient.

    Examples:
        >>> SolarMixing().survival([1.0, 8.0], 87.9).round(3).tolist()  # 8B
        [0.52, 0.343]
    """

    sin2_theta12: float = 0.307
    sin2_theta13: float = 0.0220
    dm21_ev2: float = 7.53e-5
    sin2_theta23: float = 0.5
    delta_cp_deg: float = 270.0
    matter_nsi: Mapping[str, float] = field(default_factory=dict)
    neutrons_per_electron: float = 0.45

    def __post_init__(self) -> None:
        _ = self.vacuum  # raises where an angle is out of range
        within("neutrons per electron in the Sun", self.neutrons_per_electron, 0.0, 1.0, "as 0.45")
        for name, value in self.matter_nsi.items():
            if name not in _COEFFICIENTS:
                raise UnknownNameError("coefficient in the Sun", name, _COEFFICIENTS)
            if not -_LARGEST <= value <= _LARGEST:
                raise InputError(
                    f"{name} in the Sun is between -{_LARGEST:g} and {_LARGEST:g}, such as "
                    f"0.1, not {value:g}"
                )
        within("dm21_ev2 in eV2", self.dm21_ev2, 1e-7, 1e-2, "as 7.53e-5")

    @property
    def vacuum(self) -> LeptonMixing:
        """The mixing outside of matter."""
        return LeptonMixing(
            self.sin2_theta12, self.sin2_theta13, self.sin2_theta23, self.delta_cp_deg
        )

    def mass_states(self, energy_mev: ArrayLike, electrons_mol_cm3: float) -> Array:
        """P_1, P_2 and P_3 by day, ``(3, ...)``.

        Args:
            energy_mev: MeV, shape ``(...)``.
            electrons_mol_cm3: density of electrons where the neutrinos are born, mol/cm3.

        Examples:
            >>> SolarMixing().mass_states([1e-3, 100.0], 87.9).round(3).tolist()
            [[0.678, 0.001], [0.3, 0.977], [0.022, 0.022]]
        """
        energy = np.asarray(energy_mev, dtype=float)
        electrons = electrons_mol_cm3 * AVOGADRO * _HBARC_EV_CM**3
        potential_ev = math.sqrt(2.0) * _G_FERMI_EV * electrons
        cos2, c13 = 1.0 - 2.0 * self.sin2_theta12, 1.0 - self.sin2_theta13
        sin2 = 4.0 * self.sin2_theta12 * (1.0 - self.sin2_theta12)
        strength = 2.0 * energy * 1e6 * potential_ev / self.dm21_ev2
        diagonal, mixed = self.effective_nsi
        off = cos2 - strength * (c13 - 2.0 * diagonal)
        beside = np.abs(math.sqrt(sin2) + 2.0 * strength * mixed)
        in_matter = off / np.hypot(off, beside)
        first, second = (0.5 * c13 * (1.0 + sign * in_matter) for sign in (1.0, -1.0))
        return np.stack([first, second, np.full_like(first, self.sin2_theta13)])

    def density_matrix(self, energy_mev: ArrayLike, electrons_mol_cm3: float) -> ComplexArray:
        """Rho of the flavours e, mu, tau that arrive by day, ``(..., 3, 3)``; its trace is 1.

        Args:
            energy_mev: MeV, shape ``(...)``.
            electrons_mol_cm3: density of electrons where the neutrinos are born, mol/cm3.

        Examples:
            >>> abs(SolarMixing().density_matrix(8.0, 87.9)).round(2).tolist()
            [[0.34, 0.24, 0.24], [0.24, 0.33, 0.3], [0.24, 0.3, 0.33]]
        """
        u = self.vacuum.matrix
        shares = self.mass_states(energy_mev, electrons_mol_cm3)
        rho: ComplexArray = np.einsum("i...,ai,bi->...ab", shares, u, u.conj())
        return rho

    def arriving(self, flavour: int, energy_mev: ArrayLike, electrons_mol_cm3: float) -> Array:
        """Probability of a flavour by day, in the shape of the energies.

        Args:
            flavour: 0, 1 or 2 for e, mu or tau.
            energy_mev: MeV.
            electrons_mol_cm3: density of electrons where the neutrinos are born, mol/cm3.
        """
        share = np.abs(self.vacuum.matrix[flavour]) ** 2
        states = self.mass_states(energy_mev, electrons_mol_cm3)
        out: Array = np.tensordot(share, states, axes=1)
        return out

    def survival(self, energy_mev: ArrayLike, electrons_mol_cm3: float) -> Array:
        """P_ee by day, in the shape of the energies.

        Args:
            energy_mev: MeV.
            electrons_mol_cm3: density of electrons where the neutrinos are born, mol/cm3.
        """
        return self.arriving(0, energy_mev, electrons_mol_cm3)

    @property
    def effective_nsi(self) -> tuple[float, complex]:
        """eps_D and eps_N of the two states, per electron; zero without new interactions.

        Examples:
            >>> diagonal, mixed = SolarMixing(matter_nsi={"eps_ee_u": 0.1}).effective_nsi
            >>> round(diagonal, 4), round(abs(mixed), 4)  # -0.1 c13^2 2.45/2
            (-0.1198, 0.0)
        """
        y_n = self.neutrons_per_electron
        size = {"u": 2.0 + y_n, "d": 1.0 + 2.0 * y_n}
        eps = np.zeros((3, 3))
        for a, b, ab in _PLACES:
            eps[a, b] = eps[b, a] = sum(
                size[q] * self.matter_nsi.get(f"eps_{ab}_{q}", 0.0) for q in size
            )
        two = self.vacuum.heavy_rotation[:, :2]
        found = two.conj().T @ eps @ two
        return float(0.5 * (found[1, 1] - found[0, 0]).real), complex(found[0, 1])

    @property
    def averaged(self) -> float:
        """P_ee after many oscillations in vacuum: of what comes from far away, without the Sun."""
        sin2 = 4.0 * self.sin2_theta12 * (1.0 - self.sin2_theta12)
        return (1.0 - self.sin2_theta13) ** 2 * (1.0 - 0.5 * sin2) + self.sin2_theta13**2
