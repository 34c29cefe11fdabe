"""The pi+ parametrisation of Burman and Smith (LA-11502-MS, 1989), taken for pi0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from cevns.constants import M_PION_MEV
from cevns.exceptions import InputError
from cevns.sources.meson_beams.beam_targets import BeamTarget
from cevns.sources.meson_beams.meson_sample import Mesons
from cevns.typing import Array

__all__ = ["MODEL", "BurmanSmith"]

_KNOTS_DEG: Final = (0.0, 0.0, 0.0, 30.0, 70.0, 180.0, 180.0, 180.0)
_FITTED_MEV: Final = (585.0, 730.0)
_FERMI_MEV: Final = 25.0


@dataclass(frozen=True)
class BurmanSmith:
    r"""Density of pions in kinetic energy T and angle theta (degrees), times sin(theta).

    .. math:: \frac{d^2 n}{dT\,d\theta} \propto a(\theta) \sin\theta\,
              \frac{\exp[-(\bar T - T)^2/2\sigma^2]}{1 + e^{(T - T_F)/B}}, \quad
              \bar T = 48 + 330 e^{-\theta/T_A}, \quad \sigma = \sigma_A e^{-\theta/85}

    with T_F = T_p - 140 - 2B, B = 25 MeV, and a(theta) a quadratic B-spline. T_A and sigma_A are
    linear in T_p through their values at 585 and 730 MeV, between which the fit was made: at the
    1 GeV of the SNS it is an extrapolation, and above about 1 GeV on mercury an amplitude turns
    negative, which is refused. A pi0 is given the momentum of the pi+ (R. Burman and E. Smith
    1989, as in BdNMC, arXiv:1609.01770; coefficients read in that program).

    Args:
        beam: protons and target, heavier than oxygen.
        file: none is read.

    Raises:
        InputError: outside of what the parametrisation can do.

    Examples:
        >>> from cevns.sources.meson_beams.beam_targets import BEAMS
        >>> BurmanSmith(BEAMS["sns-1gev"]).amplitudes[0].__round__(2)
        13.13
    """

    beam: BeamTarget
    file: str = ""

    def __post_init__(self) -> None:
        if self.file:
            raise InputError("mesons 'burman-smith' reads no file; leave meson_file out")
        if self.beam.target_z <= 8.0:
            raise InputError(
                f"mesons 'burman-smith' holds for targets above oxygen, not Z = "
                f"{self.beam.target_z:g}; give a list of mesons"
            )
        if self.beam.proton_mev < _FITTED_MEV[0] or min(self.amplitudes) < 0.0:
            raise InputError(
                f"mesons 'burman-smith' is fitted from 585 to 730 MeV and has no positive "
                f"continuation to {self.beam.proton_mev:g} MeV on Z = {self.beam.target_z:g}; "
                "give a list of mesons"
            )

    @property
    def amplitudes(self) -> tuple[float, ...]:
        """Of the B-spline in the angle."""
        t, z = self.beam.proton_mev, self.beam.target_z - 12.0
        first = 27.0 - 4.0 * (min(730.0 - t, 0.0) / 145.0) ** 2
        return first, 18.2, 8.0, 13.0 + z / 10.0, 9.0 + z / 10.0 - (t - 685.0) / 20.0

    @property
    def description(self) -> str:
        """The parametrisation, and whether the beam lies in its range."""
        beyond = self.beam.proton_mev > _FITTED_MEV[1]
        return "burman-smith of pi+" + (", extrapolated beyond 730 MeV" if beyond else "")

    @property
    def scales(self) -> tuple[float, float]:
        """T_A, degrees, and sigma_A, MeV."""
        beyond = (self.beam.proton_mev - 730.0) / 145.0
        return 29.9 + 3.9 * beyond, 166.0 + 31.0 * beyond

    def moments_at(self, theta_deg: Array) -> tuple[Array, Array]:
        """Mean and width of the gaussian in T at an angle, MeV."""
        t_a, sigma_a = self.scales
        return 48.0 + 330.0 * np.exp(-theta_deg / t_a), sigma_a * np.exp(-theta_deg / 85.0)

    def cut(self, kinetic_mev: Array) -> Array:
        """The factor that ends the spectrum."""
        fermi = self.beam.proton_mev - 140.0 - 2.0 * _FERMI_MEV
        found: Array = 1.0 / (1.0 + np.exp((kinetic_mev - fermi) / _FERMI_MEV))
        return found

    def mesons(self, uniform: Array, mass_mev: float) -> Mesons:
        """Points of the gaussian in each angle, weighted by what remains of the density."""
        from scipy.special import ndtr, ndtri

        grid, cumulative = _angles(self)
        theta = np.interp(uniform[0], cumulative, grid)
        mean, sigma = self.moments_at(theta)
        low = ndtr(-mean / sigma)
        high = ndtr((self.beam.proton_mev - M_PION_MEV - mean) / sigma)
        kinetic = mean + sigma * ndtri(np.clip(low + uniform[1] * (high - low), 1e-300, 1.0))
        kinetic = np.clip(kinetic, 0.0, self.beam.proton_mev - M_PION_MEV)
        weight = self.cut(kinetic)
        momentum2 = kinetic * (kinetic + 2.0 * M_PION_MEV)
        as_neutral = np.sqrt(momentum2 + mass_mev**2) - mass_mev
        return Mesons(np.cos(np.deg2rad(theta)), as_neutral, weight / weight.sum())


@lru_cache
def _angles(spectrum: BurmanSmith) -> tuple[Array, Array]:
    """Angles in degrees, and the distribution function of what is drawn."""
    from scipy.interpolate import BSpline
    from scipy.special import ndtr

    theta = np.linspace(0.0, 180.0, 7201)
    mean, sigma = spectrum.moments_at(theta)
    amplitude = BSpline(_KNOTS_DEG, spectrum.amplitudes, 2)(theta)
    whole = ndtr((spectrum.beam.proton_mev - M_PION_MEV - mean) / sigma) - ndtr(-mean / sigma)
    density = amplitude * np.sin(np.deg2rad(theta)) * sigma * whole
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    return theta, cumulative / cumulative[-1]


MODEL = BurmanSmith
