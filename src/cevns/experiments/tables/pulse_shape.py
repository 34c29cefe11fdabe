"""The signal from first principles with a pulse-shape axis.

    S[e, f, t] = P[e, f] S[e, t]

S[e, t] is the exact signal in energy and time (`cevns.experiments.prediction.signal`); P, the
pulse shape at the reconstructed energy, sums to one along f. Pulse shape and time are independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.experiments.prediction.signal import Signal
from cevns.experiments.tables.refolded import RefoldedSignal
from cevns.experiments.tables.tabulated import TabulatedSignal
from cevns.typing import Array

__all__ = ["PulseShapeSignal"]


@dataclass(frozen=True, eq=False)
class PulseShapeSignal:
    """Expected signal counts per (energy, pulse-shape, time) bin.

    Args:
        signal: in energy and time.
        pulse_shape: contents of the pulse-shape bins at each energy; its directions are driven by
            the parameters of the same names.
    """

    signal: Signal | TabulatedSignal | RefoldedSignal
    pulse_shape: PulseShapeBins

    def evaluate(self, values: Mapping[str, Array]) -> Array:
        """Expected counts, ``(..., n_energy, n_pulse_shape, n_time)``."""
        flat = self.signal.evaluate(values)
        return self.pulse_shape.evaluate(values)[..., None] * flat[..., None, :]

    def linearise(self, values: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
        """Expected counts and their derivative by every bound parameter, by name."""
        flat, flat_slopes = self.signal.linearise(values)
        shape = self.pulse_shape.evaluate(values)[..., None]
        slopes = {n: shape * s[..., None, :] for n, s in flat_slopes.items()}
        for name, slope in self.pulse_shape.slopes(values).items():
            slopes[name] = slope[..., None] * flat[..., None, :]
        return shape * flat[..., None, :], slopes
