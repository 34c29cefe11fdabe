"""Functions of a user, by the protocol alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevns.inference.model.factors import Values
from cevns.typing import Array


@dataclass(frozen=True)
class FunctionFactor:
    """Any differentiable function of some parameters.

    Args:
        names: of its arguments.
        function: values ``(n, B)`` to ``(B,)``.
        derivative: values ``(n, B)`` to ``(n, B)``; by central differences if it is not given.
    """

    names: tuple[str, ...]
    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array] | None = None

    def value(self, values: Values) -> Array:
        """See `Factor`."""
        return self.function(np.stack([values[n] for n in self.names]))

    def slopes(self, values: Values) -> dict[str, Array]:
        """See `Factor`."""
        at = np.stack([values[n] for n in self.names])
        if self.derivative is not None:
            return dict(zip(self.names, self.derivative(at), strict=True))
        # cube root of the rounding error: where truncation and rounding balance
        step = 6e-6 * np.maximum(np.abs(at), 0.1)
        out = {}
        for i, name in enumerate(self.names):
            up, down = at.copy(), at.copy()
            up[i] += step[i]
            down[i] -= step[i]
            out[name] = (self.function(up) - self.function(down)) / (2.0 * step[i])
        return out
