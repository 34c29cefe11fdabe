"""An inelastic channel of neutrinos on a nucleus: cross section, its scale, what is seen.

    charged current:   nu_e + A -> e- + B,       the cross section of nu_e
    neutral current:   nu + A -> nu + A*,        that of each flavour, of neutrinos or antineutrinos

A channel is seen as a bare count, or by the visible energy y = E_nu - Q of a transition to one
level, of which the neutrino energy follows (`ToLevel`). Its scale is one parameter that multiplies
the cross section of the calculation; a fit frees it, or constrains it with the error of the theory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import digits
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np

from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.particles import FLAVOURS
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import Threshold
from cevns.processes.inelastic.cross_sections import CrossSection
from cevns.typing import Array

__all__ = ["ChargedCurrent", "EffectiveLevel", "InelasticChannel", "NeutralCurrent"]

_KNOWN_TO_MEV: Final = 100.0
"""Tables end at 60 or 100 MeV, and go on as a power to here; muons are made from 106 MeV on."""
_MOST_BEYOND: Final = 0.01
"""Share of the events that may be of neutrinos beyond."""


class _Flux(Protocol):
    """What is asked of a source."""

    @property
    def flavours(self) -> tuple[str, ...]: ...

    def fluence_cm2(self, flavour: str) -> float: ...

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]: ...

    def nodes(self, flavour: str) -> tuple[Array, Array]: ...


@dataclass(frozen=True)
class InelasticChannel(ABC):
    """A channel with its tables, its scale and its visible energy.

    Class attributes: ``target``, the isotope that was computed, as which all isotopes of its
    element are taken but those of hydrogen; ``threshold_mev``; ``tables``, cross sections
    by the name of the calculation, the default first; ``scale_name`` and ``relative_error`` of the
    theory; ``invisible_mev``, Q of y = E_nu - Q, or None for a bare count. For simulated events:
    ``neutrons`` that are freed, None where that is not known; ``electron_alone``, whether what is
    seen is the electron; ``asymmetry`` a of its directions, 1 + a beta cos(theta).

    Args:
        table: name of the calculation; empty for the default.

    Raises:
        UnknownNameError: if there is no such table.
    """

    table: str = ""
    name: ClassVar[str]
    target: ClassVar[str]
    threshold_mev: ClassVar[float]
    scale_name: ClassVar[str]
    relative_error: ClassVar[float]
    tables: ClassVar[Mapping[str, tuple[CrossSection, ...]]]
    invisible_mev: ClassVar[float | None] = None
    neutrons: ClassVar[int | None] = None
    electron_alone: ClassVar[bool] = False
    asymmetry: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        table = self.table or next(iter(self.tables))
        if table not in self.tables:
            raise UnknownNameError(f"table of {self.name}", table, self.tables)
        object.__setattr__(self, "table", table)

    @abstractmethod
    def of_species(self, species: str) -> CrossSection | None:
        """The cross section of a flavour; None for one to which nothing happens."""
        ...

    @property
    def parameters(self) -> Parameters:
        """The scale of the cross section, one at the calculation."""
        said = f"cross section of {self.name} over the calculation, good to {self.relative_error:g}"
        scale = Parameter(
            self.scale_name, 1.0, lower=0.0, role="poi", shared=True, description=said,
            typical=self.relative_error, natural=(0.0, 2.0),
        )  # fmt: skip
        return Parameters([scale])

    @property
    def unit(self) -> Mapping[str, float]:
        """A scale of one."""
        return {self.scale_name: 1.0}

    def scale(self, values: Mapping[str, Any]) -> Any:
        """The scale."""
        return values.get(self.scale_name, 1.0)

    @property
    def choices(self) -> Mapping[str, str]:
        """The table, where there are several."""
        return {"table": self.table} if len(self.tables) > 1 else {}

    @property
    def lost_mev(self) -> float | None:
        """Q of y = E_nu - Q, MeV; None for a bare count."""
        return self.invisible_mev

    @property
    def quantity(self) -> Quantity:
        """A bare count, or visible energy."""
        return "count" if self.lost_mev is None else "visible-energy"

    @property
    def to_level(self) -> bool:
        """Whether y = E_nu - Q."""
        return self.lost_mev is not None

    @property
    def kinematics(self) -> Threshold:
        """Deposits up to E_nu - Q."""
        return Threshold(self.threshold_mev if self.lost_mev is None else self.lost_mev)

    def hits(self, nuclide: Nuclide) -> bool:
        """Whether the channel is one of this nuclide."""
        alike = nuclide.symbol != "H" and nuclide.symbol == self.target.rstrip(digits)
        return alike or nuclide.name == self.target

    def for_source(self, source: _Flux) -> Self:
        """The same; a source of which it does not know enough is refused.

        Args:
            source: the neutrinos.

        Raises:
            InputError: if more than a hundredth of the events are of neutrinos above 100 MeV, or a
                line would make one visible energy, which no density in it has.
        """
        below = beyond = 0.0
        for species in source.flavours:
            sigma = self.of_species(species) if species in FLAVOURS else None
            if sigma is None:
                continue
            if self.to_level:
                for energy, share in source.lines(species):
                    if share * sigma(energy) > 0.0:
                        raise InputError(
                            f"{self.name}: the line of {species} at {energy:g} MeV would be a "
                            "line in visible energy, which is not supported; remove it from the "
                            "source"
                        )
            energies, weights = source.nodes(species)
            events = source.fluence_cm2(species) * weights * sigma(energies)
            below += float(events.sum())
            beyond += float(events[energies > _KNOWN_TO_MEV].sum())
        if beyond > _MOST_BEYOND * below:
            raise InputError(
                f"{self.name}: {beyond / below:.0%} of the events are from neutrinos "
                f"above {_KNOWN_TO_MEV:g} MeV, where its cross section is not known; use "
                "a source that ends below this energy"
            )
        return self

    def total_cm2(
        self, energy_mev: Array, species: str, target: Nuclide, values: Mapping[str, Any]
    ) -> Array:
        """sigma, cm2, in the shape of the energies; zero for other nuclides.

        Args:
            energy_mev: of the neutrino, MeV.
            species: its flavour.
            target: the nuclide.
            values: with the scale.

        Raises:
            SpeciesError: if the species is not a neutrino flavour.
        """
        if species not in FLAVOURS:
            raise SpeciesError(f"{species!r} is not a neutrino flavour")
        sigma = self.of_species(species) if self.hits(target) else None
        if sigma is None:
            return np.zeros(np.shape(energy_mev))
        result: Array = self.scale(values) * sigma(energy_mev)
        return result

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """sigma, cm2, of a count and of a transition to one level, broadcast; see `total_cm2`."""
        sigma = self.total_cm2(energy_mev, species, target, values)
        return sigma + np.zeros(np.shape(deposit_kev))


class ChargedCurrent(InelasticChannel):
    """nu_e + A -> e- + B; nu_mu and nu_tau are below threshold, antineutrinos do something else."""

    species: ClassVar[str] = "nu_e"

    def of_species(self, species: str) -> CrossSection | None:
        """That of nu_e."""
        return self.tables[self.table][0] if species == self.species else None


class NeutralCurrent(InelasticChannel):
    """nu + A -> nu + A*, alike for three flavours; tables of neutrinos and of antineutrinos."""

    def of_species(self, species: str) -> CrossSection | None:
        """That of neutrinos, or the last one of the table for antineutrinos."""
        return self.tables[self.table][-1 if species.startswith("nubar") else 0]


@dataclass(frozen=True)
class EffectiveLevel(ChargedCurrent):
    """A charged current of which all strength is taken at one excitation: T_e = E_nu - Q_eff.

    Neutrinos between the threshold and Q_eff leave no visible energy here, and are not counted.

    Args:
        q_eff: Q_eff, MeV; structural, ``q_eff`` and what follows from the name of the process.
    """

    q_eff: float = 0.0
    electron_alone = True
    q_range: ClassVar[tuple[float, float]]
    q_name: ClassVar[str]

    @property
    def structure(self) -> Parameters:
        """Q_eff."""
        low, high = self.q_range
        return Parameters(
            [
                Parameter(
                    self.q_name, self.q_eff, unit="MeV", lower=low, upper=high, fixed=True,
                    shared=True, natural=self.q_range,
                    description=f"energy of {self.name} that the electron does not have",
                )
            ]
        )  # fmt: skip

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same with another Q_eff.

        Raises:
            UnknownNameError: if a name is another.
            InputError: if it is outside its bounds.
        """
        return replace(self, q_eff=self.structure.at(values)[self.q_name].value)

    @property
    def lost_mev(self) -> float:
        """Q_eff, MeV."""
        return self.q_eff
