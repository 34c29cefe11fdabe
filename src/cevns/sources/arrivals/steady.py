"""The same number of particles at all times: a source that never rests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from cevns.exceptions import InputError
from cevns.sources.beams.arrival import Arrival, Shares
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "Steady"]

CITE = "none: nothing depends on time"


@dataclass(frozen=True)
class Steady(Arrival):
    """Shares in proportion to the time, (b - a)/(end - begin).

    Args:
        begin_d: of the exposure, d; the begin of the time axis unless given.
        end_d: of the exposure, d; the end of the time axis unless given.

    Raises:
        InputError: if one of them is given alone, or the exposure is empty.

    Examples:
        >>> Steady().shares([0.0, 10.0, 40.0])[0].tolist()
        [0.25, 0.75]
        >>> Steady(0.0, 80.0).shares([0.0, 10.0, 40.0])[0].tolist()
        [0.125, 0.375]
    """

    begin_d: Annotated[float, Unit("d")] | None = None
    end_d: Annotated[float, Unit("d")] | None = None

    def __post_init__(self) -> None:
        if (self.begin_d is None) != (self.end_d is None):
            raise InputError("an exposure has a begin and an end: give both, or neither")
        if self.live is not None and not self.live[0] < self.live[1]:
            raise InputError(
                f"the exposure from {self.begin_d:g} to {self.end_d:g} d is empty: it must end "
                "after it begins"
            )

    @property
    def unit(self) -> str:
        """Days."""
        return "d"

    @property
    def live(self) -> tuple[float, float] | None:
        """Begin and end, d."""
        if self.begin_d is None or self.end_d is None:
            return None
        return self.begin_d, self.end_d

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """(t - begin)/(end - begin) within the exposure."""
        _ = values
        begin, end = live
        return (np.clip(times, begin, end) - begin) / (end - begin), {}


MODEL = Steady
