"""Resolution and efficiency, folded: the response of a detector that is understood."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.framework.quenching_curve import QuenchingCurve
from cevns.detectors.framework.responding import Response
from cevns.detectors.framework.response import ResponseTable, SharpResponse
from cevns.detectors.resolution import Resolution
from cevns.detectors.resolution.none import Perfect
from cevns.exceptions import CevnsWarning, InputError
from cevns.typing import Array

__all__ = ["MODEL", "REACH", "Chain", "end_of_axis"]

CITE = "none: resolution and efficiency have their own"

REACH = 6.0
"""How many sigmas of the quenching pulls a table covers."""


@dataclass(frozen=True)
class Chain:
    """``R_b(E) = integral over b of eps(x) P(x|E) dx``, on a table where it is smooth.

    Examples:
        >>> from cevns.detectors.efficiency.unity import Unity
        >>> from cevns.detectors.quenching.constant import Constant
        >>> curve = Constant(0.1).on(np.array([0.0, 30.0]))
        >>> Chain().on(np.array([0.0, 1.0, 3.0]), Perfect(), Unity(), curve).n_bins
        2
    """

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """None."""
        return {}

    def on(
        self, edges: Array, resolution: Resolution, efficiency: Efficiency, curve: QuenchingCurve
    ) -> Response:
        """See `ResponseModel`.

        Warns:
            CevnsWarning: if the efficiency is known on a part of the axis only.

        Raises:
            InputError: if quenching or efficiency vary with a perfect resolution: it has no
                derivative to follow.
        """
        low, high = efficiency.known
        if low > edges[0] or high < edges[-1]:
            ends = [efficiency(x) for x in (edges[0], edges[-1])]
            warnings.warn(
                f"the efficiency is defined from {low:g} to {high:g} and the axis goes from "
                f"{edges[0]:g} to {edges[-1]:g}; at its ends {ends[0]:g} and {ends[1]:g} are taken",
                CevnsWarning,
                stacklevel=2,
            )
        if isinstance(resolution, Perfect):
            if len(curve.odd) or efficiency.varied:
                raise InputError(
                    "a perfect resolution has no smooth response; declare a resolution, or remove "
                    "the quenching and efficiency variations"
                )
            return SharpResponse(edges, resolution, efficiency)
        reach = end_of_axis(resolution, edges, curve.largest_kevee(REACH))
        return ResponseTable.build(resolution, efficiency, edges, reach)


def end_of_axis(resolution: Resolution, edges: Array, largest_kevee: float) -> float:
    """Energy, up to `largest_kevee`, beyond which nothing is reconstructed inside the axis.

    A sharp detector would otherwise spend its table on energies that it never shows.
    """
    reach = largest_kevee
    for _ in range(3):  # recoils of electrons go a thousand times beyond the axis, and more
        energies = np.linspace(0.0, reach, 1001)
        seen = np.flatnonzero(resolution.cdf(edges[-1], energies) > 1e-13)
        last = min(int(seen[-1]) + 1, 1000) if seen.size else 1000
        reach = float(energies[last])
        if last > 100:
            break
    return reach


MODEL = Chain
