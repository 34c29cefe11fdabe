r"""What becomes of electron neutrinos on their way out of the Sun: adiabatic flavour conversion.

.. math:: P_{ee} = c_{13}^4 \big[\tfrac12 + \tfrac12 \cos 2\theta_m \cos 2\theta_{12}\big]
   + s_{13}^4, \quad \cos 2\theta_m = \frac{\cos 2\theta_{12} - \epsilon}
   {\sqrt{(\cos 2\theta_{12} - \epsilon)^2 + \sin^2 2\theta_{12}}},
   \quad \epsilon = \frac{2 E V c_{13}^2}{\Delta m^2_{21}}

with :math:`V = \sqrt2\, G_F n_e` where the neutrino is born (S. J. Parke, Phys. Rev. Lett. 57, 1275
(1986), without jumps; the reference from memory). It is the probability by day: what the Earth
gives back by night is left out, and so is any new interaction with matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cevns.constants import AVOGADRO, G_FERMI_MEV, HBARC_MEV_FM
from cevns.exceptions import InputError
from cevns.nuclear.checks import within
from cevns.typing import Array, ArrayLike

__all__ = ["SolarMixing"]

_G_FERMI_EV = G_FERMI_MEV * 1e-12
"""eV^-2."""
_HBARC_EV_CM = HBARC_MEV_FM * 1e6 * 1e-13
"""eV cm."""


@dataclass(frozen=True)
class SolarMixing:
    """Mixing of solar neutrinos, and what follows from it.

    Args:
        sin2_theta12: of the mass states 1 and 2; this and the next two are near global fits (from
            memory).
        sin2_theta13: of 1 and 3.
        dm21_ev2: difference of squared masses, eV2, positive.
        sin2_theta23: shares what is no electron neutrino between the others; 0.5 gives each a half.

    Raises:
        InputError: if a number is out of range.

    Examples:
        >>> SolarMixing().survival([1.0, 8.0], 87.9).round(3).tolist()  # 8B
        [0.52, 0.343]
    """

    sin2_theta12: float = 0.307
    sin2_theta13: float = 0.0220
    dm21_ev2: float = 7.53e-5
    sin2_theta23: float = 0.5

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
        off = cos2 - 2.0 * energy * 1e6 * potential_ev * c13 / self.dm21_ev2
        in_matter = off / np.sqrt(off * off + sin2)
        out: Array = c13**2 * 0.5 * (1.0 + in_matter * cos2) + self.sin2_theta13**2
        return out

    @property
    def averaged(self) -> float:
        """P_ee after many oscillations in vacuum: of what comes from far away, without the Sun."""
        sin2 = 4.0 * self.sin2_theta12 * (1.0 - self.sin2_theta12)
        return (1.0 - self.sin2_theta13) ** 2 * (1.0 - 0.5 * sin2) + self.sin2_theta13**2
