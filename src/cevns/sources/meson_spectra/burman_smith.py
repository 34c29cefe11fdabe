"""The pi+ parametrisation of Burman and Smith (LA-11502-MS, 1989), taken for pi0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from cevns.constants import M_PION_MEV
from cevns.exceptions import InputError
from cevns.sources.meson_beams.beam_targets import BeamTarget
from cevns.typing import Array

__all__ = ["MODEL", "BurmanSmith"]

CITE = ("burman-smith-1989", "arXiv:1609.01770")

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
            raise InputError("mesons 'burman-smith' reads no file; remove meson_file")
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

    def angular(self, cosine: Array) -> Array:
        """Density in cos(theta), of what is left by the cut in energy."""
        theta = np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0)))
        grid, density, _ = _angles(self)
        found: Array = np.interp(theta, grid, density)
        return found

    def kinetic(self, cosine: Array, uniform: Array, mass_mev: float) -> tuple[Array, Array]:
        """Kinetic energies of the gaussian at each angle, weighted by the cut."""
        from scipy.special import ndtr, ndtri

        theta = np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0)))
        mean, sigma = self.moments_at(theta)
        top = self.beam.proton_mev - M_PION_MEV
        low, high = ndtr(-mean / sigma), ndtr((top - mean) / sigma)
        kinetic = mean + sigma * ndtri(np.clip(low + uniform * (high - low), 1e-300, 1.0))
        kinetic = np.clip(kinetic, 0.0, top)
        grid, _, kept = _angles(self)
        as_neutral = np.sqrt(kinetic * (kinetic + 2.0 * M_PION_MEV) + mass_mev**2) - mass_mev
        return as_neutral, self.cut(kinetic) / np.interp(theta, grid, kept)


@lru_cache
def _angles(spectrum: BurmanSmith) -> tuple[Array, Array, Array]:
    """Angles in degrees, the density in cos(theta), and what the cut leaves of the gaussian."""
    from scipy.interpolate import BSpline
    from scipy.special import ndtr

    theta = np.linspace(0.0, 180.0, 3601)
    mean, sigma = spectrum.moments_at(theta)
    top = spectrum.beam.proton_mev - M_PION_MEV
    x, w = np.polynomial.legendre.leggauss(100)
    kinetic = 0.5 * top * (x + 1.0)
    gauss = np.exp(-0.5 * ((kinetic - mean[:, None]) / sigma[:, None]) ** 2)
    left = (gauss * spectrum.cut(kinetic)) @ (0.5 * top * w)
    whole = sigma * np.sqrt(2.0 * np.pi) * (ndtr((top - mean) / sigma) - ndtr(-mean / sigma))
    # the amplitude is per degree and holds no sine: a density in cos(theta) up to a factor
    density = BSpline(_KNOTS_DEG, spectrum.amplitudes, 2)(theta) * left
    norm = np.trapezoid(density * np.sin(np.deg2rad(theta)), np.deg2rad(theta))
    return theta, density / norm, left / whole


MODEL = BurmanSmith
