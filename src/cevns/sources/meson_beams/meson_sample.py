"""Mesons as seen from a detector: a fixed set of weighted points, drawn once for all models.

A meson at polar angle theta to the beam, its azimuth phi, and a detector at theta_d have between
them the angle alpha,

    cos alpha = cos theta cos theta_d + sin theta sin theta_d cos phi.

The flux comes mostly from fast mesons that fly towards the detector. So directions are drawn around
the line of sight, half of them as a moving source of light would send them to it, and more of the
fast mesons than there are; weights make up for it. The points are scrambled Sobol points, which
integrate smooth functions much better than random ones, with a fixed seed, so that a result is a
smooth and repeatable function of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

import numpy as np

from cevns.sources.meson_beams.beam_targets import BeamTarget
from cevns.typing import Array

__all__ = [
    "POINTS",
    "FormulaSpectrum",
    "ListedSpectrum",
    "MesonSample",
    "MesonSpectrum",
    "Mesons",
    "NamedSpectrum",
    "seen_from",
    "sobol_points",
    "turned",
]

POINTS: Final = 8192
"""Points of a sample: 5e-4 of a rate, on average over models and angles."""
_SEED: Final = 20211
_BOOST: Final = 0.95
_TILT: Final = 1.3


@dataclass(frozen=True)
class Mesons:
    """Mesons by the cosine of their angle to the beam, kinetic energy (MeV) and weight."""

    cosine: Array
    kinetic_mev: Array
    weight: Array


class MesonSpectrum(Protocol):
    """Energies and angles of mesons; hashable, as the key of what is remembered.

    It is also a `FormulaSpectrum` or a `ListedSpectrum`.
    """

    def __hash__(self) -> int: ...

    @property
    def description(self) -> str:
        """What it is and how far it holds, for tables of results."""
        ...


@runtime_checkable
class FormulaSpectrum(MesonSpectrum, Protocol):
    """A spectrum that is known at each angle."""

    def angular(self, cosine: Array) -> Array:
        """Density in cos(theta), whose integral from -1 to 1 is one."""
        ...

    def kinetic(self, cosine: Array, uniform: Array, mass_mev: float) -> tuple[Array, Array]:
        """Kinetic energies (MeV) at angles, for uniform numbers, with weights of mean one."""
        ...


@runtime_checkable
class ListedSpectrum(MesonSpectrum, Protocol):
    """A spectrum that is a list."""

    def mesons(self, mass_mev: float) -> Mesons:
        """The list; the weights sum to one."""
        ...


class NamedSpectrum(Protocol):
    """An entry of the registry: makes the spectrum of a beam."""

    def __call__(self, beam: BeamTarget, file: str) -> MesonSpectrum:
        """The spectrum; `file` is empty where none is given."""
        ...


@dataclass(frozen=True)
class MesonSample:
    """Moving parents as seen from a detector, arrays of one shape.

    Args:
        gamma: Lorentz factors.
        momentum: beta gamma.
        cosine: of the angle between parent and line of sight.
        weight: of each; they sum to what is emitted.
    """

    gamma: Array
    momentum: Array
    cosine: Array
    weight: Array


@lru_cache(maxsize=8)
def sobol_points(dimension: int, count: int) -> Array:
    """Scrambled Sobol points with a fixed seed, ``(dimension, count)``, inside (0, 1)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimension, scramble=True, seed=np.random.default_rng(_SEED))
    points: Array = engine.random_base2(int(np.log2(count))).T.copy()
    # a point on the edge has no quantile
    return np.clip(points, 1e-12, 1.0 - 1e-12)


def turned(cosine: Array, azimuth: Array, angle_deg: float) -> Array:
    """Cosine of the angle to an axis, for a direction given around another axis.

    Args:
        cosine: of the angle to the first axis.
        azimuth: around it, rad.
        angle_deg: between the axes, degrees.
    """
    between = np.deg2rad(angle_deg)
    sine = np.sqrt(np.maximum(1.0 - cosine * cosine, 0.0))
    found: Array = cosine * np.cos(between) + sine * np.sin(between) * np.cos(azimuth)
    return np.clip(found, -1.0, 1.0)


def _towards(uniform: Array) -> tuple[Array, Array]:
    """Cosines to the line of sight and their density: half isotropic, half boosted along it."""
    b = _BOOST
    share = np.where(uniform < 0.5, 2.0 * uniform, 2.0 * uniform - 1.0)
    boosted = (1.0 - 1.0 / (1.0 / (1.0 + b) + 2.0 * b * share / (1.0 - b * b))) / b
    cosine = np.clip(np.where(uniform < 0.5, 2.0 * share - 1.0, boosted), -1.0, 1.0)
    density = 0.25 + 0.25 * (1.0 - b * b) / (1.0 - b * cosine) ** 2
    return cosine, density


@lru_cache(maxsize=16)
def seen_from(
    spectrum: MesonSpectrum, mass_mev: float, angle_deg: float, count: int = POINTS
) -> MesonSample:
    """A spectrum's mesons as seen at an angle to the beam; the weights sum to one.

    Args:
        spectrum: of the mesons.
        mass_mev: of a meson, MeV.
        angle_deg: of the detector to the beam, degrees.
        count: of the points of a formula, a power of two.
    """
    uniform = sobol_points(3, count)
    # reflection in the plane of beam and detector changes nothing: half a turn is enough
    azimuth = np.pi * uniform[2]
    if isinstance(spectrum, ListedSpectrum):
        mesons = spectrum.mesons(mass_mev)
        kinetic, weight = mesons.kinetic_mev, mesons.weight
        cosine = turned(mesons.cosine, np.resize(azimuth, weight.shape), angle_deg)
    else:
        assert isinstance(spectrum, FormulaSpectrum)
        cosine, density = _towards(uniform[0])
        to_beam = turned(cosine, azimuth, angle_deg)
        above = (1.0 - uniform[1]) ** _TILT
        kinetic, weight = spectrum.kinetic(to_beam, 1.0 - above, mass_mev)
        weight = weight * spectrum.angular(to_beam) / density
        weight = weight * _TILT * above ** (1.0 - 1.0 / _TILT) / count
    gamma = 1.0 + kinetic / mass_mev
    momentum = np.sqrt((gamma - 1.0) * (gamma + 1.0))
    return MesonSample(gamma, momentum, cosine, weight)
