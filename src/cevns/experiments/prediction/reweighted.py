"""A released signal at other couplings: its template times a ratio of predictions.

    T[e, f, t] S(theta)[e, t]/S_SM[e, t],

T the template of the release, S the signal from first principles in energy and time. What the
collaboration knows of its detector stays in T, also along an axis that S does not have (a pulse
shape), and new physics enters as the ratio to the Standard Model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cevns.experiments.prediction.separable import Moved, Separable, Values
from cevns.inference.model.rows import DenseRows, StaticMatrix, WeightedRows
from cevns.inference.model.shapes import ComputedShape, Morph
from cevns.typing import Array

__all__ = ["Reweighted"]

_NOTHING = 1e-12
"""Of the largest cell: where less than this is predicted the ratio is one."""


@dataclass(frozen=True, eq=False)
class Reweighted(Moved, ComputedShape):
    """Expected signal counts per cell; see the module.

    Args:
        shape: the signal from first principles.
        template: of the release, and its variations.
        nominal: cells of `shape` in the Standard Model, ``(n_energy, n_time)``.
        count: events that the release predicts.
        still: parameters that stay where they are in the ratio, as the template varies with them.
    """

    shape: Separable
    template: Morph
    nominal: Array
    count: float
    still: Mapping[str, float]

    @property
    def n_bins(self) -> int:
        """See `cevns.inference.model.shapes.Shape`."""
        return self.template.n_bins

    @property
    def parameters(self) -> tuple[str, ...]:
        """See `cevns.inference.model.shapes.Shape`."""
        own = tuple(n for n in self.shape.parameters if n not in self.template.parameters)
        return (*self.template.parameters, *own)

    def with_fixed(self, names: Iterable[str]) -> Reweighted:
        """See `Moved`; its parts hold them too."""
        held = tuple(names)
        return replace(
            super().with_fixed(held),
            shape=self.shape.with_fixed((*held, *self.still)),
            template=self.template.with_fixed(held),
        )

    def evaluate(self, values: Values) -> Array:
        """Expected counts, ``(..., n_energy, n_pulse_shape, n_time)``."""
        shape = np.broadcast_shapes(*(np.shape(values[n]) for n in self.parameters))
        flat = {n: np.broadcast_to(values[n], shape).ravel() for n in self.parameters}
        counts = self.rows(flat, np.zeros(int(np.prod(shape)))).rows[:, 0]
        n_energy, n_time = self.nominal.shape
        return counts.reshape(*shape, n_energy, -1, n_time)

    def rows(self, values: Values, like: Array) -> DenseRows:
        """See `cevns.inference.model.shapes.Shape`."""
        n_energy, n_time = self.nominal.shape
        static = WeightedRows(StaticMatrix(self.template.matrix), self._weights(values, like))
        made = static.dense()
        made = self.count * made.reshape(*made.shape[:2], n_energy, -1, n_time)
        there = {n: value + like for n, value in self.still.items()}
        signal = self.shape.with_fixed(self.still).rows({**values, **there}, like).dense()
        signal = signal.reshape(*signal.shape[:2], n_energy, 1, n_time)
        seen = self.nominal > _NOTHING * self.nominal.max()
        over = np.where(seen, self.nominal, 1.0)[:, None]
        ratio = np.where(seen[:, None], signal / over, 0.0)
        ratio[:, 0] = np.where(seen[:, None], ratio[:, 0], 1.0)
        out = np.concatenate([made * ratio[:, :1], made[:, :1] * ratio[:, 1:]], axis=1)
        return DenseRows(out.reshape(*out.shape[:2], -1))

    def _weights(self, values: Values, like: Array) -> Array | None:
        return self.template.weights({n: values[n] + like for n in self.template.odd}, like)
