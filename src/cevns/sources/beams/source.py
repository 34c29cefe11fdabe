"""What a source is: species, spectra, flux moments and nodes, fluence, parameters and time.

A source enters a rate through the flux moments

    I_k(E_min) = integral_{E_min}^inf phi(E) E^-k dE,    k = 0, 1, 2        (MeV^-k)

of the spectrum phi, normalised to one particle, or through quadrature nodes of phi, times the
fluence of the exposure. Parameters of its own change phi to phi (1 + sum_i a_i v_i(E)).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from cevns.dark_sector.sector import DarkSector
from cevns.exceptions import UnknownNameError
from cevns.parameters import Parameters
from cevns.sources.beams.flux_nodes import flux_nodes
from cevns.typing import Array, ArrayLike

__all__ = [
    "AveragedSource",
    "BurstSource",
    "ChosenSource",
    "FluxesSource",
    "FromFarAway",
    "LastingSource",
    "OfMass",
    "OfSector",
    "PartedSource",
    "ProtonBeam",
    "ProtonSource",
    "PulledSource",
    "PulsedSource",
    "ShapedPulse",
    "Source",
    "SteadySource",
]


class Source(Protocol):
    """Beam particles by species: energies and number.

    A species is any name: a neutrino flavour, or that of another particle; energies are total
    energies. A pair of flavours is a species too: its fluence is twice the real part of what the
    density matrix has between them, of either sign. A process refuses the species that it does not
    scatter.

    A class that derives from this one needs `flavours`, `recoil_kinks`, `spectrum`, `end_point_mev`
    and `fluence_cm2`; lines, parameters, nodes and moments have defaults.

    Examples:
        >>> class Flat(Source):
        ...     flavours, recoil_kinks = ("chi",), (50.0,)
        ...
        ...     def spectrum(self, flavour, energy_mev):
        ...         e = np.asarray(energy_mev)
        ...         return np.where((e > 0) & (e <= 50.0), 0.02, 0.0)
        ...
        ...     def end_point_mev(self, flavour):
        ...         return 50.0
        ...
        ...     def fluence_cm2(self, flavour):
        ...         return 1e10
        >>> Flat().moments("chi", 10.0).round(6).tolist()  # 0.8, ln(5)/50, (1/10 - 1/50)/50
        [0.8, 0.032189, 0.0016]
    """

    @property
    def flavours(self) -> tuple[str, ...]:
        """The species it emits, neutrino flavours or others."""
        ...

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Energies, MeV, at which the moments are not smooth: lines and end points.

        A recoil spectrum has a kink or a step at the largest recoil energy of each; integrators
        place the borders of their panels there.
        """
        ...

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Continuous part of the spectrum per particle, 1/MeV."""
        ...

    def end_point_mev(self, flavour: str) -> float:
        """Largest energy, MeV."""
        ...

    def fluence_cm2(self, flavour: str) -> float:
        """Particles per cm2 in the exposure."""
        ...

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Monochromatic part: pairs of energy (MeV) and weight (fraction of particles)."""
        _ = flavour
        return ()

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Energies, MeV, between which the spectrum is smooth, the end point among them."""
        top = self.end_point_mev(flavour)
        return (*(e for e in self.recoil_kinks if 0.0 < e < top), top)

    def nodes(self, flavour: str, e_min_mev: ArrayLike = 0.0) -> tuple[Array, Array]:
        """Quadrature nodes of the flux above `e_min_mev`: energies, MeV, and weights.

        ``int_{E_min} phi(E) f(E) dE = sum_i weight_i f(energy_i)``; lines are nodes.

        Args:
            flavour: the species.
            e_min_mev: lower ends, MeV, of shape ``(...)``.

        Returns:
            Two arrays of shape ``(..., m)``; all energies are above their lower ends.
        """
        density = lambda e: self.spectrum(flavour, e)  # noqa: E731
        return flux_nodes(density, self.lines(flavour), self.breaks(flavour), e_min_mev)

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """I_k above `e_min_mev`, shape ``(3, ...)``, in MeV^-k; a line at E_min counts."""
        energy, weight = self.nodes(flavour, e_min_mev)
        inverse = 1.0 / energy
        return np.stack([(weight * inverse**k).sum(axis=-1) for k in range(3)])

    @property
    def parameters(self) -> Parameters:
        """Pulls that change the spectrum, with nominal values and constraints; none by default."""
        return Parameters([])

    def variation(self, name: str, flavour: str, energy_mev: ArrayLike) -> Array:
        """Relative change v(E) of the spectrum for a unit of a parameter off its nominal value.

        Args:
            name: of the parameter.
            flavour: the species.
            energy_mev: energies, MeV.

        Raises:
            UnknownNameError: if the source has no such parameter.
        """
        _ = flavour, energy_mev
        raise UnknownNameError("parameter of the source", name, self.parameters.names)


@runtime_checkable
class OfMass(Source, Protocol):
    """A source of particles whose mass the process says: any `Source` with `of_mass`."""

    def of_mass(self, mass_mev: float) -> Self:
        """The same source of particles of this mass, MeV."""
        ...


@runtime_checkable
class OfSector(Source, Protocol):
    """A source of dark matter that a process says what it is of: any `Source` with `of_sector`."""

    def of_sector(self, sector: DarkSector) -> Self:
        """The same source of the particles of this dark sector."""
        ...


@runtime_checkable
class Delayed(Source, Protocol):
    """A pulsed source of massive particles, which arrive after light by what their energy says."""

    @property
    def pulse_sigma_us(self) -> float:
        """Width (sigma) of the gaussian pulse, us."""
        ...

    def delay_us(self, energy_mev: ArrayLike) -> Array:
        """Delay behind light of particles of this total energy, us."""
        ...


@runtime_checkable
class PulsedSource(Source, Protocol):
    """A source with a time structure relative to a beam signal: any `Source` with `time_pdf`."""

    def time_pdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us, for a pulse whose mean is at `t0_us`, broadcast."""
        ...


@runtime_checkable
class ShapedPulse(PulsedSource, Protocol):
    """A pulsed source that knows how long its pulse is, and whether it ends sharply."""

    @property
    def span_us(self) -> tuple[float, float]:
        """Times around t0, us, outside of which less than one in a million arrives."""
        ...

    @property
    def sharp_ends(self) -> bool:
        """Whether the density of arrival times jumps at the ends of the pulse."""
        ...

    def time_cdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Fraction of neutrinos that arrive before `t_us`."""
        ...


@runtime_checkable
class ProtonBeam(Protocol):
    """A source that knows the beam of its protons: any class with these methods."""

    def beam_energy_gwh(self) -> float:
        """Energy of the beam on the target in the exposure, GWh.

        Raises:
            InputError: if it is not known.
        """
        ...

    def window_d(self, width_us: float) -> float:
        """Days in a window of this width, us, around each beam pulse of the exposure.

        Raises:
            InputError: if the number of pulses is not known, or the windows overlap.
        """
        ...

    def of_the_beam(self) -> Mapping[str, Any]:
        """Fields, as files write them, that a source of other particles of the beam takes over.

        None stands for what that source cannot be told.
        """
        ...


@runtime_checkable
class ProtonSource(Source, Protocol):
    """A source behind a target of protons: any `Source` that says how many there were."""

    @property
    def protons(self) -> float:
        """On target, in the whole exposure."""
        ...


@runtime_checkable
class SteadySource(Source, Protocol):
    """A source that emits at all times: any `Source` with a rate and the time it is seen for."""

    @property
    def live_time_d(self) -> float:
        """Days of data, of the whole exposure."""
        ...

    @property
    def duty(self) -> float:
        """Mean rate over the live time, relative to that at full power."""
        ...

    @property
    def totals(self) -> Mapping[str, float]:
        """What tells beside how strong it is, by name with the unit at the end."""
        ...

    def flux_cm2_s(self, flavour: str) -> float:
        """Particles per cm2 and second at full power."""
        ...


@runtime_checkable
class BurstSource(Source, Protocol):
    """A source whose spectra change in time, a burst or dark matter in the seasons.

    Any `Source` that has parts in time.
    """

    @property
    def burst_s(self) -> tuple[float, float] | None:
        """Begin and end on the time axis, s; None where nothing is known of the times."""
        ...

    def during(self, begin_s: float, end_s: float) -> Source:
        """What arrives between two times, with the same species in the same order."""
        ...


@runtime_checkable
class LastingSource(Source, Protocol):
    """A source that may shine with the reactor or beam beside it off: any `Source` that says so."""

    @property
    def lasts(self) -> bool:
        """Whether a channel in which the file's source is off keeps it."""
        ...


@runtime_checkable
class AveragedSource(SteadySource, Protocol):
    """A steady source that may know its changes in time, of which its rate is the mean."""

    @property
    def averaged(self) -> str:
        """The argument that has the changes; empty where it is not given."""
        ...


@runtime_checkable
class ChosenSource(Source, Protocol):
    """A source with named choices that every result repeats: any `Source` that says them."""

    @property
    def choices(self) -> Mapping[str, str]:
        """What was chosen, by what it is of: ``{"fluxes": "b16-gs98"}``."""
        ...


@runtime_checkable
class ThroughMatter(Source, Protocol):
    """A source whose flavours change in matter on their way, as those of the Sun do."""

    @property
    def matter(self) -> str:
        """``standard-model`` or ``nsi``, by the potential of the matter; empty without any."""
        ...


@runtime_checkable
class FromFarAway(Source, Protocol):
    """A source whose neutrinos arrive as a mixture of mass states, each on its own."""

    def in_mass_states(self) -> Source:
        """The same with mass states as species; itself where nothing has parted them, or asks."""
        ...


@runtime_checkable
class FluxesSource(Source, Protocol):
    """A source that sums published fluxes, which have pulls."""

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """By pull the relative change of each flux for one standard deviation."""
        ...


@runtime_checkable
class PartedSource(Source, Protocol):
    """A source of several parts with one spectrum, as the cores of a reactor."""

    @property
    def shares(self) -> tuple[float, ...]:
        """What each makes of the flux, in the order of the file; they sum to one."""
        ...


@runtime_checkable
class PulledSource(Source, Protocol):
    """A source that knows the moments of what its pulls add: any `Source` with `added_moments`.

    Of any other they are integrals of its spectrum times the variation, which take longer.
    """

    def added_moments(self, name: str, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments of the spectrum times v(E) of a parameter, shape ``(3, ...)``, MeV^-k."""
        ...
