r"""How far a search reaches: discovery limits, the index of its limits, and where that is crossed.

The smallest strength that a search discovers falls like M^(-1/n) with its exposure M. Where n
exceeds two the errors of the backgrounds decide; the largest strength with n = 2 is the floor of a
search (O'Hare, arXiv:2109.03116).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cevns.exceptions import FitError, InputError
from cevns.inference.discovery.asimov_search import AsimovSearch
from cevns.typing import Array, ArrayLike

__all__ = ["Reached", "discovery_limits", "indices", "strengths_at_index"]

THREE_SIGMA: Final = 9.0
_STEP: Final = np.log(10.0) / 4.0
"""In ln(strength) on the way down: a quarter of a decade."""
_FEW: Final = 1e-3
"""Background counts where the signal is, at the exposure with which the way begins."""
_MOST_STEPS: Final = 120
_STEPS: Final = 60


@dataclass(frozen=True)
class Reached:
    """Strengths, the exposures at which they are just discovered, and what is found there.

    Args:
        strength: ``(p,)``; NaN where the index was not reached.
        exposure: ``(p,)``, likewise.
        index: n, ``(p,)``.
        pulls: of the backgrounds without signal, ``(p, j)``.
    """

    strength: Array
    exposure: Array
    index: Array
    pulls: Array


def discovery_limits(
    search: AsimovSearch, shapes: ArrayLike, exposure: ArrayLike, q0: float = THREE_SIGMA
) -> Reached:
    """Strengths that reach q0 at given exposures: Newton's method in ln(strength).

    Args:
        search: the backgrounds.
        shapes: counts per unit of strength and exposure, ``(p, b)``.
        exposure: a number or ``(p,)``.
        q0: 9 for the median limit of three standard deviations.

    Raises:
        InputError: if a signal or exposure cannot be used.
        FitError: if a strength is not found.

    Examples:
        >>> search = AsimovSearch([[100.0]], [0.0])
        >>> found = discovery_limits(search, [[1.0]], 1e6)  # gaussian: 3 sqrt(100/1e6)
        >>> round(float(found.strength[0]), 4), round(float(found.index[0]), 3)
        (0.03, 2.0)
    """
    rows = search.signals(shapes)
    size = np.broadcast_to(np.asarray(exposure, dtype=float), rows.shape[:1]).copy()
    if not (np.isfinite(size) & (size > 0.0)).all() or not q0 > 0.0:
        raise InputError("an exposure and the statistic to be reached must be positive and finite")
    # without background q0 is about twice the number of events times a logarithm
    strength = q0 / (2.0 * size * rows.sum(axis=1))
    found = search.profile(strength[:, None] * rows, size)
    kept = [found.q0.copy(), found.pulls.copy(), found.slope.copy()]
    active = np.arange(size.size)
    for _ in range(_STEPS):
        change = np.clip(np.log(q0 / found.q0) * found.q0 / found.slope, -3.0, 3.0)
        going = np.abs(change) > 1e-9
        active, change = active[going], change[going]
        if not active.size:
            slope = kept[0] - np.einsum("pk,pk->p", kept[1], kept[1])
            return Reached(strength, size, kept[2] / slope, kept[1])
        strength[active] *= np.exp(change)
        signal = strength[active, None] * rows[active]
        found = search.profile(signal, size[active], found.pulls[going])
        for array, value in zip(kept, (found.q0, found.pulls, found.slope), strict=True):
            array[active] = value
    raise FitError(f"no strength reaches q0 = {q0:g}")


def _first(search: AsimovSearch, rows: Array, q0: float) -> Reached:
    """Limits at exposures with hardly any background where the signal is."""
    total = rows.sum(axis=1)
    widths = total * total / np.einsum("pb,pb->p", rows, rows)
    where = (rows @ search.total) / total * widths
    return discovery_limits(search, rows, _FEW / where, q0)


def strengths_at_index(
    search: AsimovSearch,
    shapes: ArrayLike,
    index: float = 2.0,
    q0: float = THREE_SIGMA,
    *,
    largest_exposure: float = np.inf,
) -> Reached:
    """Largest strengths at which the index of the discovery limit reaches a value.

    From where there is hardly any background strengths fall by quarters of a decade, each with
    the exposure that just discovers it, until the index is reached; false position between the
    last two finds the strength to 1e-6.

    Args:
        search: the backgrounds.
        shapes: counts per unit of strength and exposure, ``(p, b)``.
        index: n, above one.
        q0: of a discovery.
        largest_exposure: beyond which no strength is looked for.

    Returns:
        Strengths and exposures; NaN where the index is not reached.

    Raises:
        InputError: if a signal cannot be used, or the index is not above one.
        FitError: if an exposure is not found.

    Examples:
        One bin whose background is known to 10 %: errors decide from where they exceed
        fluctuations.

        >>> search = AsimovSearch([[1.0]], [0.1])
        >>> found = strengths_at_index(search, [[1.0]], index=2.0)
        >>> 10.0 < float(found.exposure[0]) < 100.0
        True
    """
    rows = search.signals(shapes)
    if not index > 1.0:
        raise InputError(f"the index of discovery limits is above one, not {index:g}")
    begin = _first(search, rows, q0)
    points = rows.shape[0]
    out = Reached(
        np.full(points, np.nan),
        np.full(points, np.nan),
        np.full(points, np.nan),
        np.full_like(begin.pulls, np.nan),
    )
    way = _Way(search, rows, q0)
    upper = _Place(
        np.arange(points), np.log(begin.strength), begin.exposure, begin.pulls, begin.index
    )
    brackets: list[tuple[_Place, _Place]] = []
    for _ in range(_MOST_STEPS):
        lower = way.to(upper, upper.ln - _STEP)
        crossed = lower.index >= index
        if crossed.any():
            brackets.append((upper.at(crossed), lower.at(crossed)))
        upper = lower.at(~crossed & (lower.exposure < largest_exposure))
        if not upper.which.size:
            break
    if brackets:
        high, low = (_joined(side) for side in zip(*brackets, strict=True))
        found = _between(way, high, low, index)
        out.strength[found.which] = np.exp(found.ln)
        out.exposure[found.which] = found.exposure
        out.index[found.which] = found.index
        out.pulls[found.which] = found.pulls
    return out


def indices(
    search: AsimovSearch,
    shapes: ArrayLike,
    strengths: ArrayLike,
    q0: float = THREE_SIGMA,
    *,
    largest_exposure: float = np.inf,
) -> tuple[Array, Array]:
    """Index and exposure of each strength for each signal: a map.

    Args:
        search: the backgrounds.
        shapes: counts per unit of strength and exposure, ``(p, b)``.
        strengths: ``(s,)``, in any order.
        q0: of a discovery.
        largest_exposure: beyond which the rest of a column is left out (NaN).

    Returns:
        n and exposures, both ``(s, p)``.

    Raises:
        InputError: if a signal cannot be used, or a strength is not positive.
        FitError: if an exposure is not found.
    """
    rows = search.signals(shapes)
    values = np.atleast_1d(np.asarray(strengths, dtype=float))
    if not (np.isfinite(values) & (values > 0.0)).all():
        raise InputError("a strength must be positive and finite")
    order = np.argsort(values)[::-1]
    way = _Way(search, rows, q0)
    begin = _first(search, rows, q0)
    place = _Place(
        np.arange(rows.shape[0]), np.log(begin.strength), begin.exposure, begin.pulls, begin.index
    )
    n = np.full((values.size, rows.shape[0]), np.nan)
    exposure = np.full_like(n, np.nan)
    for k in order:
        if not place.which.size:
            break
        place = way.to(place, np.full(place.which.size, np.log(values[k])))
        n[k, place.which] = place.index
        exposure[k, place.which] = place.exposure
        place = place.at(place.exposure < largest_exposure)
    return n, exposure


@dataclass(frozen=True)
class _Place:
    """Points on the lines of constant q0: which signals, ln(strength), and what is found there."""

    which: NDArray[np.intp]
    ln: Array
    exposure: Array
    pulls: Array
    index: Array

    def at(self, chosen: NDArray[Any]) -> _Place:
        """Some of the points."""
        return _Place(*(a[chosen] for a in vars(self).values()))


def _joined(parts: tuple[_Place, ...]) -> _Place:
    return _Place(
        *(np.concatenate(a) for a in zip(*(vars(p).values() for p in parts), strict=True))
    )


@dataclass(frozen=True)
class _Way:
    """Moves along the lines of constant q0."""

    search: AsimovSearch
    rows: Array
    q0: float

    def to(self, place: _Place, ln: Array) -> _Place:
        """The points at other strengths, from near ones: d ln M = -n d ln(strength)."""
        signal = np.exp(ln)[:, None] * self.rows[place.which]
        start = place.exposure * np.exp(np.clip(place.index * (place.ln - ln), -30.0, 30.0))
        exposure, found = self.search.exposure_for(signal, self.q0, start, place.pulls)
        return _Place(place.which, ln, exposure, found.pulls, found.index)


def _between(way: _Way, high: _Place, low: _Place, index: float) -> _Place:
    """Where the index is reached between two places, by false position (Illinois)."""
    high, low = (p.at(np.argsort(p.which)) for p in (high, low))
    a, b = high.ln.copy(), low.ln.copy()
    at_a, at_b = high.index - index, low.index - index
    last = np.zeros(a.size)
    best = low
    for _ in range(_STEPS):
        middle = (a * at_b - b * at_a) / (at_b - at_a)
        best = way.to(best, middle)
        value = best.index - index
        if ((np.abs(value) < 1e-7) | (a - b < 1e-6)).all():
            break
        below = value >= 0.0  # the strength is small enough: the lower end moves up
        # an end that stays twice counts half, so that both ends move
        at_a = np.where(below, np.where(last > 0.0, 0.5 * at_a, at_a), value)
        at_b = np.where(below, value, np.where(last < 0.0, 0.5 * at_b, at_b))
        a, b = np.where(below, a, middle), np.where(below, middle, b)
        last = np.where(below, 1.0, -1.0)
    return best
