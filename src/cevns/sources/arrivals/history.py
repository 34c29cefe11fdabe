"""A rate that follows a table P(t): the power of a reactor, the duty of a beam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.sources.beams.arrival import Arrival, Shares
from cevns.typing import Array

__all__ = ["MODEL", "History"]

CITE = "file: the power is a table of the experiment"

_HIGHEST = 10.0
"""A fluence may be that of a mean, but a power far above it is one in per cent or a unit."""


@dataclass(frozen=True)
class History(Arrival):
    """Shares in proportion to the integral of P(t), constant between the edges of a table.

    P is relative to the rate that the source's fluence was computed for, over the time from the
    first edge to the last: a reactor that is off for half of that time gives half of the fluence.

    Args:
        edges_d: d, increasing.
        power: P of each interval, not negative.

    Raises:
        InputError: if the table is not a table.

    Examples:
        >>> year = History(edges_d=(0.0, 300.0, 330.0, 365.0), power=(1.0, 0.0, 0.8))
        >>> year.shares([0.0, 300.0, 365.0])[0].round(4).tolist()
        [0.8219, 0.0767]
        >>> round(float(year.live_share()[0]), 4)
        0.8986
    """

    edges_d: tuple[float, ...]
    power: tuple[float, ...]

    def __post_init__(self) -> None:
        edges, power = np.asarray(self.edges_d, float), np.asarray(self.power, float)
        if edges.size < 2 or edges.size != power.size + 1:
            raise InputError(
                f"a history of {power.size} powers needs {power.size + 1} edges, not {edges.size}"
            )
        if not (np.all(np.isfinite(edges)) and np.all(np.diff(edges) > 0.0)):
            raise InputError("the edges of a history must be finite and increase")
        if not (np.all(np.isfinite(power)) and np.all(power >= 0.0)):
            raise InputError("the powers of a history must be finite and not negative")
        if power.max() > _HIGHEST:
            raise InputError(
                f"a power of {power.max():g} in a history is {power.max():g} times that of the "
                "source; powers are relative to it, 1 at full load"
            )

    @property
    def unit(self) -> str:
        """Days."""
        return "d"

    @property
    def live(self) -> tuple[float, float]:
        """First and last edge, d."""
        return self.edges_d[0], self.edges_d[-1]

    def cumulative(
        self, times: Array, values: Mapping[str, Any], live: tuple[float, float]
    ) -> Shares:
        """The integral of P to each time over the length of the table."""
        _ = values
        edges = np.asarray(self.edges_d, dtype=float)
        above = np.append(0.0, np.cumsum(np.diff(edges) * self.power))
        return np.interp(times, edges, above) / (live[1] - live[0]), {}


MODEL = History
