"""A +-1 sigma variation of a detector curve: the same curve with other numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

__all__ = ["Numbers", "Variation", "as_tuple"]

Numbers: TypeAlias = float | tuple[float, ...]


def as_tuple(numbers: Numbers) -> tuple[float, ...]:
    """One number or several, as a tuple of floats.

    Examples:
        >>> as_tuple(0.1), as_tuple((1, 2))
        ((0.1,), (1.0, 2.0))
    """
    return tuple(np.atleast_1d(np.asarray(numbers, dtype=float)).tolist())


@dataclass(frozen=True)
class Variation:
    """The numbers of a curve at +1 and at -1 sigma of one nuisance direction.

    Args:
        plus: replaces the nominal numbers at alpha = +1.
        minus: replaces them at alpha = -1.

    Examples:
        >>> Variation(plus=0.1044, minus=0.0712).plus
        0.1044
    """

    plus: Numbers
    minus: Numbers
