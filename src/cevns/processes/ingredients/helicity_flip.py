"""What the exchange of a scalar and of a tensor share: both flip the neutrino's helicity.

A flip adds to the Standard Model without interference, with the fourth power of one coupling
g = sqrt(g_nu g_q), the same for the families that couple, and charges of the nucleons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cevns.citations import identifiers_in
from cevns.parameters import Parameters
from cevns.particles import lepton
from cevns.processes.framework.extension import Extension, Shape
from cevns.processes.ingredients.mediator import (
    check_leptons,
    coupling_parameter,
    mass_parameter,
)
from cevns.processes.ingredients.nucleon_charges import NucleonCharges, nucleon_charges

__all__ = ["HelicityFlip"]


class HelicityFlip(Extension):
    """Exchange of a particle that flips helicity; parameter ``g_<particle>``, ``m_<particle>``.

    A class that derives from it is a frozen dataclass with the fields named here and with the mass
    ``m_<particle>``, MeV.

    Attributes:
        particle: ``scalar`` or ``tensor``.
        charges: of the nucleons, or the name of a set of them.
        leptons: families that couple.
        electron: g_e/g, the coupling to electrons, which that to quarks does not fix.
    """

    particle: ClassVar[str]
    charges: str | NucleonCharges
    leptons: tuple[str, ...]
    electron: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "charges", nucleon_charges(self.particle, self.charges))
        check_leptons(self.leptons)
        _ = self.structure  # raises where the mass is out of bounds

    @property
    def nucleons(self) -> NucleonCharges:
        """The charges of the nucleons."""
        return nucleon_charges(self.particle, self.charges)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Source of the charges, where they are a named set."""
        return {"charges": identifiers_in(self.nucleons.source)}

    @property
    def mass_mev(self) -> float:
        """Mass of the particle, MeV."""
        return float(getattr(self, f"m_{self.particle}"))

    def coupling(self, description: str, charge: float) -> Parameters:
        """``g_<particle>``, of a size that the largest charge sets."""
        return Parameters(
            [coupling_parameter(f"g_{self.particle}", description, self.mass_mev, charge)]
        )

    @property
    def structure(self) -> Parameters:
        """``m_<particle>``, MeV."""
        return Parameters([mass_parameter(f"m_{self.particle}", self.mass_mev, self.particle)])

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """None: nothing interferes with the Standard Model."""
        return ()

    def electron_weights(self, flavour: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """g^4 (g_e/g)^2."""
        return [self.strength(flavour, values) * self.electron**2] if self.electron else []

    def strength(self, flavour: str, values: Mapping[str, Any]) -> Any:
        """g^4 for the families that couple, 0 for the others."""
        g = self.value(values, f"g_{self.particle}")
        return (g * g) ** 2 * float(lepton(flavour) in self.leptons)
