"""What a source is: species, spectra, flux moments, fluence and time.

A source enters a rate only through its flux moments

    I_k(E_min) = integral_{E_min}^inf phi(E) E^-k dE,    k = 0, 1, 2        (MeV^-k)

of the spectrum phi, normalised to one neutrino, times the fluence of the exposure.
"""

from __future__ import annotations

from typing import Protocol

from cevns.typing import Array, ArrayLike

__all__ = ["PulsedSource", "Source"]


class Source(Protocol):
    """Beam particles by species: energies and number.

    A species is any name: a neutrino flavour, or that of another particle; energies are total
    energies. A process refuses the species that it does not scatter.
    """

    @property
    def flavours(self) -> tuple[str, ...]:
        """The species it emits, neutrino flavours or others."""
        ...

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Neutrino energies, MeV, at which the moments are not smooth: lines and end points.

        A recoil spectrum has a kink or a step at the largest recoil energy of each; integrators
        place the borders of their panels there.
        """
        ...

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Continuous part of the spectrum per neutrino, 1/MeV."""
        ...

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """Monochromatic part: pairs of energy (MeV) and weight (fraction of neutrinos)."""
        ...

    def end_point_mev(self, flavour: str) -> float:
        """Largest neutrino energy, MeV."""
        ...

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """I_k above `e_min_mev`, shape ``(3, ...)``, in MeV^-k; a line at E_min counts."""
        ...

    def fluence_cm2(self, flavour: str) -> float:
        """Neutrinos per cm2 in the exposure."""
        ...


class PulsedSource(Source, Protocol):
    """A source with a time structure relative to a beam signal."""

    def time_pdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us, for a pulse whose mean is at `t0_us`, broadcast."""
        ...

    def time_cdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Fraction of neutrinos before `t_us`, broadcast."""
        ...
