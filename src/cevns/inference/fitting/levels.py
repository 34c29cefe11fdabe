"""Confidence levels, and the roots where a curve reaches them."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from cevns.exceptions import InputError

__all__ = ["bracketed_root", "check_level", "threshold"]


def check_level(level: float, kind: str = "confidence") -> float:
    """`level`, if it is between 0 and 1.

    Args:
        level: the level.
        kind: of what, for the message.

    Raises:
        InputError: otherwise.
    """
    if not 0.0 < level < 1.0:
        percent = f"; {level:g} % is written {level / 100.0:g}" if 1.0 < level < 100.0 else ""
        raise InputError(f"a {kind} level lies between 0 and 1, not {level:g}{percent}")
    return level


def threshold(level: float) -> float:
    """Rise of -2 ln L that bounds an interval of confidence `level` for one parameter.

    Raises:
        InputError: if `level` is not between 0 and 1.

    Examples:
        >>> round(threshold(0.9), 4)
        2.7055
    """
    return NormalDist().inv_cdf(0.5 * (1.0 + check_level(level))) ** 2


def bracketed_root(
    function: Callable[[float], float],
    low: tuple[float, float],
    high: tuple[float, float],
    tolerance: float,
) -> float:
    """Root between two points of opposite sign (Illinois rule: a stale end counts half).

    Brent's method of scipy would do as well; importing scipy.optimize takes longer than the
    whole search.

    Args:
        function: of which; where it is infinite the interval is halved.
        low: a point and the value there.
        high: another, with a value of the other sign or zero.
        tolerance: step at which the search ends.

    Examples:
        >>> round(bracketed_root(lambda x: x**2 - 2.0, (0.0, -2.0), (2.0, 2.0), 1e-6), 6)
        1.414214
    """
    (a, fa), (b, fb) = low, high
    for _ in range(60):
        if fb == 0.0:
            return b
        straight = math.isfinite(fa) and math.isfinite(fb)
        x = b - fb * (b - a) / (fb - fa) if straight else 0.5 * (a + b)
        if abs(x - b) < tolerance:
            return x
        fx = function(x)
        if fx * fb < 0:
            a, fa = b, fb
        else:
            fa *= 0.5
        b, fb = x, fx
    return b
