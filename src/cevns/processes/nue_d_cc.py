"""Charged-current scattering of nu_e on the deuteron: an electron and two protons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cevns.nuclear.nuclides import Nuclide
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import Threshold
from cevns.processes.inelastic.cross_sections import Tabulated
from cevns.processes.inelastic.inelastic_channel import ChargedCurrent
from cevns.processes.inelastic.two_protons import Q_MEV, electron_density
from cevns.typing import Array

__all__ = ["MODEL", "DeuteronCC"]

CITE = ("nakamura-2002", "nakamura-2003")


@dataclass(frozen=True)
class DeuteronCC(ChargedCurrent):
    """nu_e + d -> e- + p + p: the electron is visible, T_e = E_nu - 1.442 MeV - T_pp.

    The cross section is that of Nakamura et al., NPA 707 (2002) 561 and 721 (2003) 549c, accurate
    to 2 to 3 % at these energies. The energy T_pp of the protons, which give no Cherenkov light,
    has the distribution of `cevns.processes.inelastic.two_protons`; its mean is 3.4 MeV at pion
    decay at rest. Electrons of simulated events have directions 1 - (beta/3) cos(theta), those of a
    Gamow-Teller transition (from memory).

    Examples:
        >>> from cevns.rates import flux_averaged_cross_section
        >>> from cevns.sources import SNS
        >>> sns = SNS(distance_m=20.0, protons=1e23)
        >>> sigma = flux_averaged_cross_section(sns, "D2O", interaction=DeuteronCC())
        >>> f"{sigma.flavours['nu_e']:.4g} cm2 per deuteron"
        '5.517e-41 cm2 per deuteron'
    """

    name = "nue-d-cc"
    target = "H2"
    threshold_mev = Q_MEV
    scale_name = "d_cc_scale"
    relative_error = 0.03
    neutrons = 0
    electron_alone = True
    asymmetry = -1.0 / 3.0
    tables: ClassVar = {"nakamura-2002": (Tabulated("deuteron.csv", "cc-nu", Q_MEV),)}

    @property
    def quantity(self) -> Quantity:
        """The energy of the electron, which is the visible energy."""
        return "visible-energy"

    @property
    def kinematics(self) -> Threshold:
        """T_e up to E_nu - 1.442 MeV."""
        return Threshold(Q_MEV)

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """sigma(E_nu) times the density of T_e, cm2/keV; see `InelasticChannel.kernel`."""
        sigma = super().kernel(deposit_kev, energy_mev, species, target, values)
        if self.of_species(species) is None or not self.hits(target):
            return sigma
        density = 1e-3 * electron_density(1e-3 * deposit_kev, energy_mev)
        result: Array = sigma * density
        return result


MODEL = DeuteronCC
