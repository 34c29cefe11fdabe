"""Mesons as seen from a detector: a fixed set of weighted points, drawn once for all models.

A meson at polar angle theta to the beam, its azimuth phi, and a detector at theta_d have between
them the angle alpha,

    cos alpha = cos theta cos theta_d + sin theta sin theta_d cos phi.

The points are scrambled Sobol points, which integrate smooth functions much better than random
ones, with a fixed seed, so that a result is a smooth and repeatable function of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np

from cevns.sources.meson_beams.beam_targets import BeamTarget
from cevns.typing import Array

__all__ = [
    "POINTS",
    "MesonSample",
    "MesonSpectrum",
    "Mesons",
    "seen_from",
    "sobol_points",
    "viewing_cosine",
]

POINTS: Final = 4096
"""Points of a sample: 1e-3 of a rate above threshold."""
_SEED: Final = 20211


@dataclass(frozen=True)
class Mesons:
    """Points of a spectrum: cosine of the angle to the beam, kinetic energy (MeV), weight.

    The weights sum to one.
    """

    cosine: Array
    kinetic_mev: Array
    weight: Array


class MesonSpectrum(Protocol):
    """Energies and angles of mesons; hashable, as the key of what is remembered."""

    def __hash__(self) -> int: ...

    @property
    def description(self) -> str:
        """What it is and how far it holds, for tables of results."""
        ...

    def mesons(self, uniform: Array, mass_mev: float) -> Mesons:
        """Points from uniform numbers, ``(2, n)``; a list repeats its own points instead."""
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


def viewing_cosine(cosine: Array, azimuth: Array, angle_deg: float) -> Array:
    """Cosine of the angle between a parent and the line of sight.

    Args:
        cosine: of the parent's angle to the beam.
        azimuth: of the parent, rad.
        angle_deg: of the detector to the beam, degrees.
    """
    seen = np.deg2rad(angle_deg)
    sine = np.sqrt(np.maximum(1.0 - cosine * cosine, 0.0))
    found: Array = cosine * np.cos(seen) + sine * np.sin(seen) * np.cos(azimuth)
    return np.clip(found, -1.0, 1.0)


@lru_cache(maxsize=16)
def seen_from(
    spectrum: MesonSpectrum, mass_mev: float, angle_deg: float, count: int = POINTS
) -> MesonSample:
    """A spectrum's mesons as seen at an angle to the beam; the weights sum to one.

    Args:
        spectrum: of the mesons.
        mass_mev: of a meson, MeV.
        angle_deg: of the detector to the beam, degrees.
        count: of the points, a power of two.
    """
    uniform = sobol_points(3, count)
    mesons = spectrum.mesons(uniform[:2], mass_mev)
    # reflection in the plane of beam and detector changes nothing: half a turn is enough
    azimuth = np.pi * np.resize(uniform[2], mesons.weight.shape)
    gamma = 1.0 + mesons.kinetic_mev / mass_mev
    return MesonSample(
        gamma=gamma,
        momentum=np.sqrt((gamma - 1.0) * (gamma + 1.0)),
        cosine=viewing_cosine(mesons.cosine, azimuth, angle_deg),
        weight=mesons.weight,
    )
