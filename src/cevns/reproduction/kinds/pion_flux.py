"""Neutrino flux of a stopped-pion source at a distance."""

from __future__ import annotations

import math

from cevns.reproduction.source_numbers import pion_source

__all__ = ["compute"]


def compute(
    source: str,
    distance_m: float,
    yield_per_flavour: float | None = None,
    flavours: int = 3,
    scale: float = 1.0,
) -> float:
    """Neutrinos per cm2 and second, of so many flavours, times `scale`.

    Raises:
        UnknownNameError: if the source is unknown.
    """
    beam = pion_source(source)
    if yield_per_flavour is not None:
        beam = beam.model_copy(update={"yield_per_flavour": yield_per_flavour})
    area_cm2 = 4.0 * math.pi * (100.0 * distance_m) ** 2
    return flavours * beam.neutrinos_per_s / area_cm2 * scale
