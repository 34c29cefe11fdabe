"""-2 ln L of a joint model for many data sets at once: a block for each part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.inference.minimum.objectives import Constrained, Objective, objective
from cevns.inference.model.expectation import constraint_arrays
from cevns.inference.model.joining import JointModel, Part
from cevns.typing import Array

__all__ = ["Blocks"]


@dataclass(frozen=True, eq=False)
class Blocks(Constrained):
    """Objective of a joint model; see `cevns.inference.minimum.objectives.Objective`.

    A part's own objective is asked at auxiliary measurements equal to its parameters, where its
    pulls vanish and leave only their constant curvature, which is taken off again.
    """

    model: JointModel
    held: frozenset[str] = frozenset()

    @cached_property
    def _parts(self) -> tuple[tuple[Part, Objective, Array], ...]:
        out = []
        for part in self.model.parts:
            weight = constraint_arrays(part.model.parameters)[1]
            names = part.names(self.model.parameters)
            still = [own for own, joint in names.items() if joint in self.held]
            out.append((part, objective(part.model, still), 2.0 * np.diag(weight)[:, :, None]))
        return tuple(out)

    def gradient(self, theta: Array, counts: Array, aux: Array) -> Array:
        """Gradient of -2 ln L by all parameters, ``(n_par, B)``."""
        total = self._pulls(theta, aux)[1]
        for part, target, _ in self._parts:
            factors = part.factors[:, None]
            own = theta[part.columns] * factors
            mine = target.gradient(own, counts[part.bins], own)
            total[part.columns] += factors * mine
        return total

    def evaluate(self, theta: Array, counts: Array, aux: Array) -> tuple[Array, Array, Array]:
        """-2 ln L up to a constant of the data ``(B,)``, gradient and curvature."""
        value, gradient, constraints = self._pulls(theta, aux)
        curvature = constraints + np.zeros((len(theta), *theta.shape))
        for part, target, pulls in self._parts:
            factors = part.factors[:, None]
            own = theta[part.columns] * factors
            terms = target.evaluate(own, counts[part.bins], own)
            value = value + terms[0]
            gradient[part.columns] += factors * terms[1]
            block = factors[:, None] * factors * (terms[2] - pulls)
            curvature[np.ix_(part.columns, part.columns)] += block
        return value, gradient, curvature
