r"""What becomes of electron neutrinos on their way out of the Sun: adiabatic flavour conversion.

.. math:: P_{ee} = c_{13}^4 \big[\tfrac12 + \tfrac12 \cos 2\theta_m \cos 2\theta_{12}\big]
   + s_{13}^4, \quad \cos 2\theta_m = \frac{\cos 2\theta_{12} - \epsilon}
   {\sqrt{(\cos 2\theta_{12} - \epsilon)^2 + \sin^2 2\theta_{12}}},
   \quad \epsilon = \frac{2 E V c_{13}^2}{\Delta m^2_{21}}

with :math:`V = \sqrt2\, G_F n_e` where the neutrino is born (S. J. Parke, Phys. Rev. Lett. 57, 1275
(1986), without jumps; the reference from memory). It is the probability by day: what the Earth
gives back by night is left out.

New interactions of neutrinos with quarks change the potential. With the third mass far above the
others, U = R_23 R_13 R_12 without phases, and N_f/N_e fermions to each electron, two states mix by
(M. C. Gonzalez-Garcia and M. Maltoni, arXiv:1307.3092, from memory; tested against states of three
flavours)

.. math:: H = \frac{\Delta m^2_{21}}{4E}
   \begin{pmatrix} -\cos 2\theta_{12} & \sin 2\theta_{12} \\
   \sin 2\theta_{12} & \cos 2\theta_{12} \end{pmatrix}
   + V \Big[ \begin{pmatrix} c_{13}^2 & 0 \\ 0 & 0 \end{pmatrix}
   + \sum_f \frac{N_f}{N_e} \begin{pmatrix} -\epsilon_D^f & \epsilon_N^f \\
   \epsilon_N^f & \epsilon_D^f \end{pmatrix} \Big]

.. math:: \epsilon_D = c_{13} s_{13} (s_{23} \epsilon_{e\mu} + c_{23} \epsilon_{e\tau})
   - (1 + s_{13}^2) c_{23} s_{23} \epsilon_{\mu\tau}
   - \tfrac12 c_{13}^2 (\epsilon_{ee} - \epsilon_{\mu\mu})
   + \tfrac12 (s_{23}^2 - s_{13}^2 c_{23}^2) (\epsilon_{\tau\tau} - \epsilon_{\mu\mu})

.. math:: \epsilon_N = c_{13} (c_{23} \epsilon_{e\mu} - s_{23} \epsilon_{e\tau})
   + s_{13} [(s_{23}^2 - c_{23}^2) \epsilon_{\mu\tau}
   + c_{23} s_{23} (\epsilon_{\tau\tau} - \epsilon_{\mu\mu})]

so that above :math:`\cos 2\theta_{12} - \epsilon` turns into
:math:`\cos 2\theta_{12} - (2 E V/\Delta m^2_{21}) (c_{13}^2 - 2 \epsilon_D)` and
:math:`\sin 2\theta_{12}` of matter into
:math:`\sin 2\theta_{12} + (4 E V/\Delta m^2_{21}) \epsilon_N`.
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
from cevns.typing import Array, ArrayLike

__all__ = ["SolarMixing"]

_G_FERMI_EV = G_FERMI_MEV * 1e-12
"""eV^-2."""
_HBARC_EV_CM = HBARC_MEV_FM * 1e6 * 1e-13
"""eV cm."""
_PAIRS: Final = ("ee", "mumu", "tautau", "emu", "etau", "mutau")
_LARGEST: Final = 5.0
_COEFFICIENTS: Final = tuple(f"eps_{ab}_{q}" for ab in _PAIRS for q in "ud")


@dataclass(frozen=True)
class SolarMixing:
    """Mixing of solar neutrinos, and what follows from it.

    Args:
        sin2_theta12: of the mass states 1 and 2; this and the next two are near global fits (from
            memory).
        sin2_theta13: of 1 and 3.
        dm21_ev2: difference of squared masses, eV2, positive.
        sin2_theta23: shares what is no electron neutrino between the others; 0.5 gives each a half.
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
    matter_nsi: Mapping[str, float] = field(default_factory=dict)
    neutrons_per_electron: float = 0.45

    def __post_init__(self) -> None:
        sines = {
            "sin2_theta12": self.sin2_theta12,
            "sin2_theta13": self.sin2_theta13,
            "sin2_theta23": self.sin2_theta23,
        }
        for name, value in sines.items():
            if not 0.0 <= value <= 1.0:
                raise InputError(
                    f"{name} is a squared sine, between 0 and 1, as 0.307, not {value:g}"
                )
        within("neutrons per electron in the Sun", self.neutrons_per_electron, 0.0, 1.0, "as 0.45")
        for name, value in self.matter_nsi.items():
            if name not in _COEFFICIENTS:
                raise UnknownNameError("coefficient in the Sun", name, _COEFFICIENTS)
            if not -_LARGEST <= value <= _LARGEST:
                raise InputError(
                    f"{name} in the Sun is between -{_LARGEST:g} and {_LARGEST:g}, as 0.1, not "
                    f"{value:g}"
                )
        within("dm21_ev2 in eV2", self.dm21_ev2, 1e-7, 1e-2, "as 7.53e-5")

    def survival(self, energy_mev: ArrayLike, electrons_mol_cm3: float) -> Array:
        """P_ee by day, in the shape of the energies.

        Args:
            energy_mev: MeV.
            electrons_mol_cm3: density of electrons where the neutrinos are born, mol/cm3.
        """
        energy = np.asarray(energy_mev, dtype=float)
        electrons = electrons_mol_cm3 * AVOGADRO * _HBARC_EV_CM**3
        potential_ev = math.sqrt(2.0) * _G_FERMI_EV * electrons
        cos2, c13 = 1.0 - 2.0 * self.sin2_theta12, 1.0 - self.sin2_theta13
        sin2 = 4.0 * self.sin2_theta12 * (1.0 - self.sin2_theta12)
        strength = 2.0 * energy * 1e6 * potential_ev / self.dm21_ev2
        diagonal, mixed = self.effective_nsi
        off = cos2 - strength * (c13 - 2.0 * diagonal)
        beside = math.sqrt(sin2) + 2.0 * strength * mixed
        in_matter = off / np.hypot(off, beside)
        out: Array = c13**2 * 0.5 * (1.0 + in_matter * cos2) + self.sin2_theta13**2
        return out

    @property
    def effective_nsi(self) -> tuple[float, float]:
        """eps_D and eps_N of the two states, per electron; zero without new interactions.

        Examples:
            >>> found = SolarMixing(matter_nsi={"eps_ee_u": 0.1})
            >>> [round(x, 4) for x in found.effective_nsi]  # -0.1 c13^2 2.45/2
            [-0.1198, 0.0]
        """
        y_n = self.neutrons_per_electron
        size = {"u": 2.0 + y_n, "d": 1.0 + 2.0 * y_n}
        eps = {
            ab: sum(size[q] * self.matter_nsi.get(f"eps_{ab}_{q}", 0.0) for q in size)
            for ab in _PAIRS
        }
        s13, s23 = math.sqrt(self.sin2_theta13), math.sqrt(self.sin2_theta23)
        c13, c23 = math.sqrt(1.0 - self.sin2_theta13), math.sqrt(1.0 - self.sin2_theta23)
        diagonal = (
            c13 * s13 * (s23 * eps["emu"] + c23 * eps["etau"])
            - (1.0 + s13**2) * c23 * s23 * eps["mutau"]
            - 0.5 * c13**2 * (eps["ee"] - eps["mumu"])
            + 0.5 * (s23**2 - s13**2 * c23**2) * (eps["tautau"] - eps["mumu"])
        )
        mixed = c13 * (c23 * eps["emu"] - s23 * eps["etau"]) + s13 * (
            (s23**2 - c23**2) * eps["mutau"] + c23 * s23 * (eps["tautau"] - eps["mumu"])
        )
        return diagonal, mixed

    @property
    def averaged(self) -> float:
        """P_ee after many oscillations in vacuum: of what comes from far away, without the Sun."""
        sin2 = 4.0 * self.sin2_theta12 * (1.0 - self.sin2_theta12)
        return (1.0 - self.sin2_theta13) ** 2 * (1.0 - 0.5 * sin2) + self.sin2_theta13**2
