"""The distance between source and detector, where it is known."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["Distant"]


@runtime_checkable
class Distant(Protocol):
    """A source that stands at a distance from the detector, the baseline of oscillations."""

    @property
    def distance_m(self) -> float | tuple[float, ...] | None:
        """From the source to the detector, m, or of each of its parts; None where not known."""
        ...
