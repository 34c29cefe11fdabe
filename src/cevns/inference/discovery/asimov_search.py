r"""Expected significance of a signal over backgrounds of uncertain size, profiled exactly.

Bins i, exposure M, strength times signal sigma s_i and backgrounds b_ki per unit of exposure, whose
sizes change by the fraction d_jk for a unit of the pull theta_j (of unit width; d is diagonal where
their errors are independent):

    m_i(theta) = M sum_k (1 + sum_j d_jk theta_j) b_ki,      D_i = M (sigma s_i + sum_k b_ki).

The data are the expected counts D, for which the full model has its maximum at the truth, so

    q0 = min_theta { 2 sum_i [ m_i - D_i + D_i ln(D_i/m_i) ] + sum_j theta_j^2 }.

At the profiled theta, by the envelope theorem,

    d q0/d ln sigma = 2 M sigma sum_i s_i ln(D_i/m_i),      d q0/d ln M = q0 - sum_j theta_j^2,

the second because the counts are homogeneous in M. On a line of constant q0 the index

    n = -(d ln sigma/d ln M)^-1 = 2 M sigma sum_i s_i ln(D_i/m_i) / (q0 - sum_j theta_j^2)

says how the smallest strength that is discovered falls with the exposure, sigma ~ M^(-1/n): 1
without background, 2 where Poisson fluctuations of the background decide, more where the errors of
its size do. No difference is taken and nothing is smoothed.

Sources: Cowan et al., arXiv:1007.1727 (the statistic); O'Hare, arXiv:2109.03116 (the index).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.typing import Array, ArrayLike

__all__ = ["AsimovSearch", "Profiled"]

_EMPTY: Final = 1e-30
"""Background per unit of exposure of a bin without any: a logarithm needs one."""
_LEAST: Final = 1e-6
"""Smallest size of a background, relative to its nominal one, that its own pull may give it."""
_STEPS: Final = 60
_HALVINGS: Final = 40
_DECREMENT: Final = 1e-10
"""Change of q0 by the last Newton step; the next one would be its square."""
_LONGEST: Final = 3.0
"""Of a step in the logarithm of the exposure."""


@dataclass(frozen=True)
class Profiled:
    """Expected significance at several points.

    Args:
        q0: the statistic, shape ``(p,)``; its root is the median significance.
        pulls: of the backgrounds at the minimum without signal, ``(p, j)``.
        slope: d q0/d ln sigma, ``(p,)``.
    """

    q0: Array
    pulls: Array
    slope: Array

    @property
    def exposure_slope(self) -> Array:
        """The derivative d q0/d ln M = q0 - sum theta^2, ``(p,)``."""
        result: Array = self.q0 - np.einsum("pk,pk->p", self.pulls, self.pulls)
        return result

    @property
    def index(self) -> Array:
        """The index n = -(d ln sigma/d ln M)^-1 on the line of constant q0, ``(p,)``."""
        result: Array = self.slope / self.exposure_slope
        return result


@dataclass(frozen=True)
class AsimovSearch:
    """A counting search in bins, with backgrounds known up to relative errors.

    Args:
        backgrounds: expected counts per unit of exposure, ``(k, b)``; not negative.
        relative_errors: of their sizes, ``(k,)``, 0 for one that is known; or relative changes of
            the sizes for each pull, ``(j, k)``, where they are correlated. A background with a pull
            of its own does not become negative; of correlated ones only their sum does not.

    Raises:
        InputError: if shapes do not fit, or a number is negative or not finite.

    Examples:
        One bin with background 100 and signal 20 per unit of exposure, background known:

        >>> search = AsimovSearch([[100.0]], [0.0])
        >>> found = search.profile([[20.0]], [1.0])
        >>> round(float(found.q0[0]), 4)  # 2 (120 ln 1.2 - 20)
        3.7572
    """

    backgrounds: Array
    relative_errors: Array
    _total: Array = field(init=False, repr=False, compare=False)
    _moved: Array = field(init=False, repr=False, compare=False)
    _pairs: Array = field(init=False, repr=False, compare=False)
    _free: Array = field(init=False, repr=False, compare=False)
    _lower: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = np.atleast_2d(np.asarray(self.backgrounds, dtype=float))
        given = np.atleast_1d(np.asarray(self.relative_errors, dtype=float))
        changes = np.diag(given) if given.ndim == 1 else given
        if changes.shape[1] != rows.shape[0]:
            raise InputError(
                f"{rows.shape[0]} backgrounds and {changes.shape[1]} relative errors: give each "
                "its own"
            )
        if not (np.isfinite(rows).all() and np.isfinite(changes).all()):
            raise InputError("a background or its relative error is not finite")
        if (rows < 0.0).any() or (given.ndim == 1 and (given < 0.0).any()):
            raise InputError("a background or its relative error is negative")
        # where nothing changes, or nothing is there to change, there is no pull
        there = rows.sum(axis=1) > 0.0
        free = np.flatnonzero((changes * there != 0.0).any(axis=1))
        moved = changes[free] @ rows
        first, second = np.triu_indices(free.size)
        put = object.__setattr__
        put(self, "backgrounds", rows)
        put(self, "relative_errors", changes)
        put(self, "_total", rows.sum(axis=0) + _EMPTY)
        put(self, "_moved", moved)
        put(self, "_pairs", moved[first] * moved[second])
        put(self, "_free", free)
        lower = np.full(free.size, -np.inf)
        if given.ndim == 1:
            lower = -(1.0 - _LEAST) / given[free]
        put(self, "_lower", lower)

    @property
    def bins(self) -> int:
        """Their number."""
        return int(self.backgrounds.shape[1])

    @property
    def total(self) -> Array:
        """All backgrounds together per unit of exposure, ``(b,)``."""
        return self._total

    def signals(self, shapes: ArrayLike) -> Array:
        """Checked signals, ``(p, b)``.

        Raises:
            InputError: if they have other bins, or one is negative, not finite, or nowhere.
        """
        rows = np.atleast_2d(np.asarray(shapes, dtype=float))
        if rows.shape[1] != self.bins:
            raise InputError(f"a signal has {rows.shape[1]} bins, the backgrounds {self.bins}")
        if not np.isfinite(rows).all() or (rows < 0.0).any():
            raise InputError("a signal is negative or not finite")
        if not (rows.sum(axis=1) > 0.0).all():
            raise InputError("a signal has no events in the bins and cannot be discovered")
        return rows

    def profile(
        self, signals: ArrayLike, exposure: ArrayLike, start: Array | None = None
    ) -> Profiled:
        """q0 of signals at exposures, minimised over the sizes of the backgrounds.

        Newton's method in the pulls, whose Hessian is positive definite, projected where a
        background would become negative; a step is halved while q0 grows.

        Args:
            signals: strength times signal, counts per unit of exposure, ``(p, b)``.
            exposure: M, ``(p,)``.
            start: pulls to begin with, ``(p, j)``; zero by default.

        Raises:
            FitError: if a minimum is not found.
        """
        signal = np.atleast_2d(np.asarray(signals, dtype=float))
        size = np.broadcast_to(np.asarray(exposure, dtype=float), signal.shape[:1])
        points, free = signal.shape[0], self._free.size
        theta = np.zeros((points, free)) if start is None else start[:, self._free].copy()
        q0, ratio, mean = self._value(signal, size, theta)
        if free:
            theta, q0, ratio = self._minimise(signal, size, theta, (q0, ratio, mean))
        pulls = np.zeros((points, self.relative_errors.shape[0]))
        pulls[:, self._free] = theta
        slope = 2.0 * size * np.einsum("pb,pb->p", signal, np.log1p(ratio))
        return Profiled(q0, pulls, slope)

    def _minimise(
        self, signal: Array, size: Array, theta: Array, state: tuple[Array, Array, Array]
    ) -> tuple[Array, Array, Array]:
        """Pulls at the minimum, q0 and D/m - 1 there."""
        q0, ratio, mean = state
        active = np.arange(signal.shape[0])
        for _ in range(_STEPS):
            step, decrement = self._step(size[active], theta[active], ratio[active], mean[active])
            now = self._move(signal[active], size[active], theta[active], step, q0[active])
            theta[active], q0[active], ratio[active], mean[active] = now
            active = active[decrement > _DECREMENT]
            if not active.size:
                return theta, q0, ratio
        raise FitError(
            "the normalisations of the backgrounds were not found: the statistic has no minimum"
        )

    def _value(self, signal: Array, size: Array, theta: Array) -> tuple[Array, Array, Array]:
        """q0 at pulls, D/m - 1 and m/M.

        With r = (D - m)/m, D ln(D/m) - (D - m) = m [(1 + r) ln(1 + r) - r]: nothing large cancels.
        """
        moved = theta @ self._moved
        mean = self._total + moved
        ratio = (signal - moved) / mean
        with np.errstate(divide="ignore", invalid="ignore"):  # outside, where q0 is not a number
            excess = (1.0 + ratio) * np.log1p(ratio) - ratio
        excess = np.where(np.abs(ratio) < 1e-5, _series(ratio), excess)
        bins = np.einsum("pb,pb->p", mean, excess)
        return 2.0 * size * bins + np.einsum("pk,pk->p", theta, theta), ratio, mean

    def _step(self, size: Array, theta: Array, ratio: Array, mean: Array) -> tuple[Array, Array]:
        """Newton's step, ``(p, k)``, and by how much it lowers q0."""
        k = theta.shape[1]
        gradient = 2.0 * theta - 2.0 * size[:, None] * (ratio @ self._moved.T)
        curvature = 2.0 * size[:, None] * (((1.0 + ratio) / mean) @ self._pairs.T)
        hessian = np.empty((theta.shape[0], k, k))
        row, column = np.triu_indices(k)
        hessian[:, row, column] = curvature
        hessian[:, column, row] = curvature
        hessian[:, np.arange(k), np.arange(k)] += 2.0
        # a pull at its bound that would go beyond stays there
        pinned = (theta <= self._lower) & (gradient > 0.0)
        if pinned.any():
            gradient = np.where(pinned, 0.0, gradient)
            hessian[pinned[:, :, None] | pinned[:, None, :]] = 0.0
            hessian[:, np.arange(k), np.arange(k)] += pinned
        step = -np.linalg.solve(hessian, gradient[..., None])[..., 0].astype(float)
        return step, -0.5 * np.einsum("pk,pk->p", gradient, step)

    def _move(
        self, signal: Array, size: Array, theta: Array, step: Array, before: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Pulls after a step that is halved where it is too long, q0, D/m - 1 and m/M."""
        new = np.maximum(theta + step, self._lower)
        q0, ratio, mean = self._value(signal, size, new)
        length = 1.0
        for _ in range(_HALVINGS):
            worse = np.flatnonzero(~(q0 <= before * (1.0 + 1e-12) + 1e-12))
            if not worse.size:
                break
            length *= 0.5
            new[worse] = np.maximum(theta[worse] + length * step[worse], self._lower)
            q0[worse], ratio[worse], mean[worse] = self._value(
                signal[worse], size[worse], new[worse]
            )
        return new, q0, ratio, mean

    def exposure_for(
        self,
        signals: ArrayLike,
        q0: float,
        start: Array,
        pulls: Array | None = None,
        *,
        tolerance: float = 1e-8,
    ) -> tuple[Array, Profiled]:
        """Exposures at which signals reach a value of q0: Newton's method in ln M.

        Args:
            signals: strength times signal, counts per unit of exposure, ``(p, b)``.
            q0: to be reached, 9 for three standard deviations.
            start: exposures to begin with, ``(p,)``.
            pulls: to begin with, ``(p, j)``.
            tolerance: of ln M.

        Returns:
            Exposures, ``(p,)``, and what is found there.

        Raises:
            FitError: if an exposure is not found.
        """
        signal = np.atleast_2d(np.asarray(signals, dtype=float))
        size = np.asarray(start, dtype=float).copy()
        active = np.arange(size.size)
        found = self.profile(signal, size, pulls)
        kept = [found.q0.copy(), found.pulls.copy(), found.slope.copy()]
        for _ in range(_STEPS):
            change = np.log(q0 / found.q0) * found.q0 / found.exposure_slope
            change = np.clip(change, -_LONGEST, _LONGEST)
            going = np.abs(change) > tolerance
            active, change = active[going], change[going]
            if not active.size:
                return size, Profiled(*kept)
            size[active] *= np.exp(change)
            found = self.profile(signal[active], size[active], found.pulls[going])
            for array, value in zip(kept, (found.q0, found.pulls, found.slope), strict=True):
                array[active] = value
        raise FitError(f"no exposure reaches q0 = {q0:g}: the statistic does not grow with it")


def _series(ratio: Array) -> Array:
    """(1 + r) ln(1 + r) - r for small r."""
    result: Array = ratio * ratio * (0.5 - ratio / 6.0)
    return result
