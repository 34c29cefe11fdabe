"""What an observable is: a number that a process predicts, beside the rates it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cevns.processes import Interaction
from cevns.typing import Array

__all__ = ["Observable", "Predicted"]


class Observable(Protocol):
    """A number that depends on parameters of a process."""

    def parameters(self, process: Interaction) -> tuple[str, ...]:
        """Those of its parameters that move the number."""

    def value(self, process: Interaction, values: Mapping[str, Array]) -> Array:
        """The number.

        Args:
            process: the interaction.
            values: its parameters by name, ``(B,)``; nominal where left out.
        """


@dataclass(frozen=True)
class Predicted:
    """An observable of a process as a function of some of its parameters: ``(B, n) -> (B, 1)``.

    Args:
        observable: which.
        process: of what.
        names: of the parameters, in the order of the columns.
    """

    observable: Observable
    process: Interaction
    names: tuple[str, ...]

    def __call__(self, points: Array) -> Array:
        """The number at each point."""
        values = {n: points[:, k] for k, n in enumerate(self.names)}
        found = np.asarray(self.observable.value(self.process, values), dtype=float)
        return np.broadcast_to(found, len(points))[:, None]
