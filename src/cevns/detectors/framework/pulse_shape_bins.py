"""What a pulse-shape model is, and how its variations enter a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from cevns.morphing import even_part, even_part_derivative
from cevns.typing import Array

__all__ = ["PulseShape", "PulseShapeBins"]


@runtime_checkable
class PulseShape(Protocol):
    """Distribution of a pulse-shape variable at a reconstructed energy."""

    def probabilities(self, energy_kevee: Array, edges: Array) -> Array:
        """Content of each pulse-shape bin, ``(n_energy, n_bins)``, each row summing to one."""

    @property
    def varied(self) -> Mapping[str, tuple[PulseShape, PulseShape]]:
        """The model at +1 and -1 sigma of each of its nuisance directions, by name."""


@dataclass(frozen=True, eq=False)
class PulseShapeBins:
    """A pulse-shape model in the bins of an analysis.

    Args:
        nominal: ``(n_energy, n_bins)``, rows sum to one.
        odd: half the difference of the +-1 sigma contents, by nuisance direction.
        even: their mean minus the nominal.
    """

    nominal: Array
    odd: Mapping[str, Array]
    even: Mapping[str, Array]

    @classmethod
    def build(cls, model: PulseShape, energy_edges: Array, edges: Array) -> PulseShapeBins:
        """Tabulate `model` at the centres of the energy bins."""
        centres = 0.5 * (energy_edges[1:] + energy_edges[:-1])
        nominal = model.probabilities(centres, edges)
        odd, even = {}, {}
        for name, (up, down) in model.varied.items():
            plus, minus = (m.probabilities(centres, edges) for m in (up, down))
            odd[name], even[name] = 0.5 * (plus - minus), 0.5 * (plus + minus) - nominal
        return cls(nominal, odd, even)

    def evaluate(self, pulls: Mapping[str, Array]) -> Array:
        """Contents at pulls of shape ``(...)``: ``(..., n_energy, n_bins)``; see `cevns.morphing`.

        Rows sum to one at every pull, for those of `odd` and `even` sum to zero.
        """
        out: Array = np.asarray(self.nominal)
        for name in self.odd:
            alpha = pulls[name][..., None, None]
            out = out + alpha * self.odd[name] + even_part(alpha) * self.even[name]
        return out

    def slopes(self, pulls: Mapping[str, Array]) -> dict[str, Array]:
        """Derivatives of `evaluate` by the pulls, by name."""
        out = {}
        for name in self.odd:
            alpha = pulls[name][..., None, None]
            out[name] = self.odd[name] + even_part_derivative(alpha) * self.even[name]
        return out
