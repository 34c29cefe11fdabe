"""CEvNS per year of a detector of COHERENT, above a sharp threshold."""

from __future__ import annotations

from cevns.exceptions import InputError
from cevns.reproduction.detector_numbers import detector

__all__ = ["compute"]


def compute(name: str, variant: str | None = None) -> float:
    """Recoils per year of the carried detector, or of one of its variants.

    Raises:
        InputError: if the detector sees no recoils.
        UnknownNameError: if a name is unknown.
    """
    chosen = detector(name) if variant is None else detector(name).variant(variant)
    count = chosen.per_year()
    if count is None:
        raise InputError(f"{name} has no recoil threshold, so no CEvNS is predicted for it")
    return count
