"""Neutrino flux of a stopped-pion facility at a distance."""

from __future__ import annotations

from cevns.sources.stopped_pion import StoppedPion

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
        UnknownNameError: if the facility is unknown.
    """
    # an hour of beam: a facility need not say how many it has in a year
    beam = StoppedPion(distance_m, source, hours=1.0, yield_per_flavour=yield_per_flavour)
    return flavours * beam.fluence_cm2("nu_e") / (3600.0 * beam.exposure_h) * scale
