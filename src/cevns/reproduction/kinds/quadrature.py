"""The sum in quadrature of published numbers, to check a published total."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["compute"]


def compute(parts: Sequence[float]) -> float:
    """``sqrt(sum x^2)``.

    Examples:
        >>> compute([3.0, 4.0])
        5.0
    """
    return math.hypot(*parts)
