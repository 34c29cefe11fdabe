"""One-dimensional confidence sets that may come in pieces.

The set is where the statistic is at most its critical value, a constant (Wilks) or a curve
(Feldman-Cousins). Its edges are bracketed on a grid and then polished: by the straight line
between the square roots of neighbours, which for a parabola is exact, or by calls back to the
model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array

__all__ = ["ConfidenceSet", "Piece", "confidence_set"]

_PRECISION = 1e-4
"""Of a polished edge, in units of the width of its piece."""
_CALLS = 60


@dataclass(frozen=True)
class Piece:
    """One connected piece of a confidence set.

    Args:
        lower: lower edge.
        upper: upper edge.
        lower_open: the set goes on below the scanned range.
        upper_open: it goes on above.
    """

    lower: float
    upper: float
    lower_open: bool = False
    upper_open: bool = False


@dataclass(frozen=True)
class ConfidenceSet:
    """A set of values that may be empty or disjoint.

    Args:
        pieces: from the lowest.
    """

    pieces: tuple[Piece, ...]

    @property
    def intervals(self) -> list[list[float]]:
        """``[[lower, upper], ...]``."""
        return [[p.lower, p.upper] for p in self.pieces]

    def __contains__(self, x: float) -> bool:
        """Whether a value is in it."""
        return any(p.lower <= x <= p.upper for p in self.pieces)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists; ``at_edge`` says which ends are those of the scanned range."""
        return {
            "intervals": self.intervals,
            "at_edge": [[p.lower_open, p.upper_open] for p in self.pieces],
        }


def confidence_set(
    values: Array,
    statistic: Array,
    critical: float | Array,
    *,
    rise: Callable[[float], float] | None = None,
    extra: tuple[float, ...] = (),
) -> ConfidenceSet:
    """Where a statistic is at most its critical value.

    Args:
        values: scanned values, increasing, ``(n,)``.
        statistic: rise of -2 ln L there, not negative; infinite where excluded for sure.
        critical: critical value, or one for each value; between them a straight line.
        rise: the statistic at any value; polishes the edges to 1e-4 of the width of their piece.
        extra: values of minima known from elsewhere; with `rise` they are added to the scan, so
            that a piece narrower than its steps is not lost.

    Raises:
        InputError: if lengths differ or values do not increase.

    Examples:
        >>> x = np.linspace(-3, 3, 61)
        >>> confidence_set(x, (x**2 - 1) ** 2 * 9, 1.0).to_dict()["intervals"]
        [[-1.154, -0.816], [0.816, 1.154]]
    """
    values, statistic = np.asarray(values, dtype=float), np.asarray(statistic, dtype=float)
    limit = np.broadcast_to(np.asarray(critical, dtype=float), values.shape)
    if values.ndim != 1 or values.shape != statistic.shape or not values.size:
        raise InputError(
            f"a confidence set needs one statistic a value; there are {statistic.size} for "
            f"{values.size} values"
        )
    if np.any(np.diff(values) <= 0):
        raise InputError("a confidence set needs increasing values")

    def allowed(x: float) -> float:
        return float(np.interp(x, values, limit))

    x, q = values, np.where(np.isnan(statistic), np.inf, statistic)
    if rise is not None:
        new = np.array([v for v in extra if values[0] < v < values[-1] and v not in values])
        x = np.concatenate([values, new])
        q = np.concatenate([q, [rise(float(v)) for v in new]])
        order = np.argsort(x)
        x, q = x[order], q[order]
    inside = q <= np.interp(x, values, limit)
    starts = np.flatnonzero(inside & ~np.append(False, inside[:-1]))
    ends = np.flatnonzero(inside & ~np.append(inside[1:], False))
    pieces = []
    for i, j in zip(starts.tolist(), ends.tolist(), strict=True):
        low_open, high_open = i == 0, j == len(x) - 1
        low = x[0] if low_open else _crossing(x, q, allowed, i, i - 1)
        high = x[-1] if high_open else _crossing(x, q, allowed, j, j + 1)
        if rise is not None:
            goal = _PRECISION * (high - low)
            if not low_open:
                low = _polish(rise, allowed, x[i], x[i - 1], low, goal)
            if not high_open:
                high = _polish(rise, allowed, x[j], x[j + 1], high, goal)
        pieces.append(Piece(float(low), float(high), low_open, high_open))
    return ConfidenceSet(tuple(pieces))


def _crossing(
    x: Array, q: Array, allowed: Callable[[float], float], inner: int, outer: int
) -> float:
    """Where the root of the statistic crosses that of its critical value, on a straight line."""
    a, b = (
        math.sqrt(max(q[k], 0.0)) - math.sqrt(max(allowed(float(x[k])), 0.0))
        for k in (inner, outer)
    )
    if not math.isfinite(b):  # excluded for sure: all that is known is the step
        return float(x[inner])
    part = a / (a - b) if a != b else 0.0
    return float(x[inner] + part * (x[outer] - x[inner]))


def _polish(
    rise: Callable[[float], float],
    allowed: Callable[[float], float],
    inner: float,
    outer: float,
    guess: float,
    goal: float,
) -> float:
    """The edge between a value inside and one outside, by bracketing (Illinois rule)."""

    def root(v: float) -> float:
        found = rise(v)
        if not math.isfinite(found):
            return math.inf
        return math.sqrt(max(found, 0.0)) - math.sqrt(max(allowed(v), 0.0))

    a, b = float(inner), float(outer)
    fa, fb = root(a), root(b)
    if fa > 0 or fb < 0:  # the grid knew it otherwise: within what the fits converge to
        return float(inner)
    goal = max(goal, 4e-16 * max(abs(a), abs(b)))
    v, side = guess, 0
    for _ in range(_CALLS):
        low, high = min(a, b), max(a, b)
        if not low < v < high:
            v = 0.5 * (a + b)
        fv = root(v)
        if fv <= 0:
            a, fa = v, fv
            fb, side = (0.5 * fb if side < 0 and math.isfinite(fb) else fb), -1
        else:
            b, fb = v, fv
            fa, side = (0.5 * fa if side > 0 else fa), 1
        if abs(b - a) < goal or fv == 0.0:
            break
        straight = math.isfinite(fb) and fb != fa
        new = b - fb * (b - a) / (fb - fa) if straight else 0.5 * (a + b)
        if abs(new - v) < 0.25 * goal:
            v = new
            break
        v = new
    return v
