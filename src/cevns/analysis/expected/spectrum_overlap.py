r"""How alike the spectra of two sources are.

.. math:: O_n = \int dE\, \min\left[\frac{E^n f(E)}{\int E^n f\, dE},
                                    \frac{E^n g(E)}{\int E^n g\, dE}\right]

with f and g summed over species, weighted by fluence. It is one for equal spectra and zero for
those that never meet. A line has its share of the area and overlaps with nothing continuous. With
n = 2 the spectra are weighted as coherent scattering without a threshold weights them.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np

from cevns.exceptions import InputError
from cevns.sources import Source
from cevns.typing import Array, ArrayLike

__all__ = ["overlap", "unit_area"]

_POINTS = 400
"""Of each piece between breaks: the minimum of two curves has kinks of its own."""


def unit_area(
    source: Source,
    energy_mev: ArrayLike,
    *,
    power: int = 0,
    species: Collection[str] | None = None,
) -> Array:
    """Continuous part of the spectrum of all species, 1/MeV, of unit area together with lines.

    Args:
        source: of the neutrinos.
        energy_mev: energies, MeV, any shape.
        power: n of the weight E^n.
        species: which ones; all by default.

    Raises:
        InputError: if none of the species is emitted.
    """
    energy = np.asarray(energy_mev, dtype=float)
    chosen = [f for f in source.flavours if species is None or f in species]
    area, total = 0.0, np.zeros(energy.shape)
    for flavour in chosen:
        at, weight = source.nodes(flavour)
        fluence = source.fluence_cm2(flavour)
        area += fluence * float(weight @ at**power)
        total = total + fluence * energy**power * source.spectrum(flavour, energy)
    if not area > 0.0:
        raise InputError("a spectrum of unit area needs a species that the source emits")
    result: Array = total / area
    return result


def overlap(
    first: Source,
    second: Source,
    *,
    power: int = 0,
    species: Collection[str] | None = None,
) -> float:
    """Overlap of two spectra of unit area.

    Args:
        first: a source.
        second: another; `species` of it are taken.
        power: n of the weight E^n.
        species: of the second source; all by default.

    Raises:
        InputError: if none of the species is emitted.

    Examples:
        >>> from cevns.sources import SNS
        >>> from cevns.sources.supernova import Supernova
        >>> burst, beam = Supernova(distance_kpc=10.0), SNS(distance_m=20.0, protons=1.0)
        >>> round(overlap(burst, beam), 2), round(overlap(burst, burst), 6)
        (0.25, 1.0)
    """
    ends = [e for s in (first, second) for f in s.flavours for e in s.breaks(f)]
    edges = np.unique([0.0, *ends])
    x, w = np.polynomial.legendre.leggauss(4)
    steps = np.unique(
        np.concatenate([np.linspace(a, b, _POINTS) for a, b in itertools.pairwise(edges)])
    )
    half = np.diff(steps)[:, None] / 2.0
    energy = steps[:-1, None] + half * (x + 1.0)
    both = np.minimum(
        unit_area(first, energy, power=power),
        unit_area(second, energy, power=power, species=species),
    )
    return float((both * w * half).sum())
