"""Interpolation between a nominal quantity and its +1 and -1 sigma variations.

With S = (plus - minus)/2 and D = (plus + minus)/2 - nominal,

    value(alpha) = nominal + alpha S + d(alpha) D,
    d = alpha^2 (15 - 10 alpha^2 + 3 alpha^4)/8 for |alpha| <= 1,   |alpha| outside.

d(+-1) = 1, and value, first and second derivative are continuous everywhere: at |alpha| = 1,
d = 1, d' = 1, d'' = 0 from both sides, and no kink at 0. Outside the curve goes on along the
straight line from the nominal through the variation. (This is HistFactory's interpolation
"code 4p".) A symmetric variation, D = 0, stays exactly linear.
"""

from __future__ import annotations

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["even_part", "even_part_derivative"]


def even_part(alpha: ArrayLike) -> Array:
    """The function d(alpha) above, same shape as `alpha`.

    Examples:
        >>> even_part([-2.0, -1.0, 0.0, 0.5, 1.0]).round(4).tolist()
        [2.0, 1.0, 0.0, 0.3965, 1.0]
    """
    x: Array = np.asarray(alpha)
    square = x * x
    inside = square * (15.0 + square * (-10.0 + 3.0 * square)) * 0.125
    return np.where(square <= 1.0, inside, np.abs(x))


def even_part_derivative(alpha: ArrayLike) -> Array:
    """The derivative of `even_part`.

    Examples:
        >>> even_part_derivative([-2.0, 0.0, 1.0]).tolist()
        [-1.0, 0.0, 1.0]
    """
    x: Array = np.asarray(alpha)
    square = x * x
    inside = x * (30.0 + square * (-40.0 + 18.0 * square)) * 0.125
    return np.where(square <= 1.0, inside, np.sign(x))
