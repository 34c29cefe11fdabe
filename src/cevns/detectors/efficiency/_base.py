"""What an efficiency curve is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import numpy as np

from cevns.detectors.variation import Variation, as_tuple
from cevns.typing import Array, ArrayLike, Namespace


def vary(
    make: Callable[[tuple[float, ...]], Efficiency], variations: Mapping[str, Variation]
) -> dict[str, tuple[Efficiency, Efficiency]]:
    """The curves that `make` makes of the numbers of each variation, plus and minus."""
    return {
        name: (make(as_tuple(v.plus)), make(as_tuple(v.minus))) for name, v in variations.items()
    }


class Efficiency(ABC):
    """A probability between 0 and 1 as a function of a reconstructed value x."""

    @abstractmethod
    def __call__(self, x: ArrayLike, xp: Namespace = np) -> Array:
        """The efficiency at x, same shape."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Values of x where the curve or its slope jumps: integrals are split there."""
        return ()

    @property
    def varied(self) -> Mapping[str, tuple[Efficiency, Efficiency]]:
        """The curve at +1 and -1 sigma of each of its nuisance directions, by name."""
        return {}
