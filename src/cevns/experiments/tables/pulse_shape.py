"""The signal from first principles with a pulse-shape axis.

    S[e, f, t] = P[e, f] S[e, t]

S[e, t] is the exact signal in energy and time (`cevns.experiments.prediction.signal`); P, the
pulse shape at the reconstructed energy, sums to one along f. Pulse shape and time are independent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from cevns.detectors.framework.pulse_shape_bins import PulseShapeBins
from cevns.experiments.prediction.separable import Moved, Separable, Values
from cevns.inference.model.rows import DenseRows
from cevns.inference.model.shapes import ComputedShape
from cevns.typing import Array

__all__ = ["PulseShapeSignal"]


@dataclass(frozen=True, eq=False)
class PulseShapeSignal(Moved, ComputedShape):
    """Expected signal counts per (energy, pulse-shape, time) bin.

    Args:
        shape: the signal in energy and time.
        pulse_shape: contents of the pulse-shape bins at each energy; its directions are driven by
            the parameters of the same names.
    """

    shape: Separable
    pulse_shape: PulseShapeBins

    @property
    def n_bins(self) -> int:
        """See `cevns.inference.model.shapes.Shape`."""
        return int(self.shape.n_bins * self.pulse_shape.nominal.shape[1])

    @property
    def parameters(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        return (*self.shape.parameters, *self.pulse_shape.odd)

    def with_fixed(self, names: Iterable[str]) -> PulseShapeSignal:
        """See `Moved`; the signal holds them too."""
        return replace(super().with_fixed(names), shape=self.shape.with_fixed(names))

    def evaluate(self, values: Values) -> Array:
        """Expected counts, ``(..., n_energy, n_pulse_shape, n_time)``."""
        flat = self.shape.evaluate(values)
        return self.pulse_shape.evaluate(values)[..., None] * flat[..., None, :]

    def rows(self, values: Values, like: Array) -> DenseRows:
        """See `cevns.inference.model.shapes.Shape`."""
        flat = self.shape.rows(values, like).dense()  # (B, rows, n_energy n_time)
        cells = self.shape.n_energy, 1, self.shape.n_time
        flat = flat.reshape(*flat.shape[:2], *cells)
        spread = {n: values[n] + like for n in self.pulse_shape.odd}
        out = [self.pulse_shape.evaluate(spread)[..., None, :, :, None] * flat]
        for name, slope in self.pulse_shape.slopes(spread).items():
            if name not in self.held:
                moved = np.broadcast_to(slope, (like.size, *slope.shape[-2:]))
                out.append(moved[:, None, :, :, None] * flat[:, :1])
        stacked = np.concatenate(out, axis=1)
        return DenseRows(stacked.reshape(*stacked.shape[:2], -1))
