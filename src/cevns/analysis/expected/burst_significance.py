r"""How far away a burst is seen by counting in a window over a known steady background.

With b background events expected in the window, n or more come by chance with the probability

.. math:: p = \sum_{k \ge n} \frac{b^k e^{-b}}{k!} = P(n, b),

the regularised incomplete gamma function; p is quoted as one-sided standard deviations of a
normal distribution. A burst that gives s events is seen at z standard deviations if the count
reaches the smallest n with p(n) below that of z. The significance at a distance is that of the
median count of a Poisson distribution of mean s + b, and the distance of a discovery that at which
half of the bursts reach n. The window is one that something else points out, such as an alert of
other detectors: there is no factor for the number of windows in a year of searching. The background
is taken as known.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cevns.constants import DAY_S
from cevns.exceptions import InputError
from cevns.nuclear.checks import positive
from cevns.records import Result
from cevns.typing import Array, ArrayLike

__all__ = ["Detection", "count_needed", "median_count", "significance"]

_MOST_COUNTS = 10_000_000


def _log_tail(n: ArrayLike, b: float) -> Array:
    """Ln of the probability of n or more events where b are expected; exact far in the tail."""
    from scipy.special import gammainc, gammaln

    n = np.asarray(n, dtype=float)
    p = gammainc(np.maximum(n, 1.0), b)
    with np.errstate(divide="ignore"):
        direct = np.log(p)
    # the first term times 1 + b/(n+1) + b^2/((n+1)(n+2)) + ..., which converges fast for n >> b
    series, term = np.ones_like(n), np.ones_like(n)
    for k in range(1, 200):
        term = term * b / (n + k)
        series = series + term
    tail = n * math.log(b) - b - gammaln(n + 1.0) + np.log(series)
    return np.where(n < 1.0, 0.0, np.where(p > 1e-200, direct, tail))


def significance(n: ArrayLike, background: float) -> Array:
    """One-sided standard deviations of n or more events over an expected background, from 0 on.

    Args:
        n: counts.
        background: expected, positive.

    Raises:
        InputError: if the background is not positive.

    Examples:
        >>> round(float(significance(5, 0.01)), 2)  # p = 0.01^5/5!
        7.06
        >>> float(significance(0, 1.0))  # no more than what happens anyway
        0.0
    """
    from scipy.special import ndtri_exp

    positive("expected background", background)
    sigmas: Array = np.maximum(-ndtri_exp(np.minimum(_log_tail(n, background), 0.0)), 0.0)
    return sigmas


def count_needed(background: float, sigmas: float) -> int:
    """The smallest count whose significance reaches `sigmas`.

    Raises:
        InputError: if the background is not positive, or `sigmas` not between 0 and 30.

    Examples:
        >>> count_needed(0.01, 5.0)
        3
    """
    positive("expected background", background)
    if not 0.0 < sigmas <= 30.0:
        raise InputError(
            "the significance for the detection of a burst is 0 to 30 standard deviations, not "
            f"{sigmas:g}"
        )
    low, high = 0, 1 + int(background)
    while significance(high, background) < sigmas:
        low, high = high, 2 * high
        if high > _MOST_COUNTS:
            raise InputError(
                f"{background:g} background events in the window are too many for exact "
                "probabilities; shorten the window"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if significance(middle, background) >= sigmas else (middle, high)
    return high


def median_count(mean: ArrayLike) -> Array:
    """Median of a Poisson distribution: the largest n with P(N >= n) of at least one half.

    Examples:
        >>> median_count([0.5, 1.0, 18.4]).tolist()
        [0.0, 1.0, 18.0]
    """
    from scipy.special import gammainc

    mean = np.asarray(mean, dtype=float)
    out = np.floor(mean + 2.0 / 3.0)  # the median lies between mean - ln 2 and mean + 1/3
    for _ in range(3):
        out = np.where((out > 0.0) & (gammainc(np.maximum(out, 1.0), mean) < 0.5), out - 1.0, out)
    return out


@dataclass(frozen=True)
class Detection(Result):
    """A burst counted over a background.

    Args:
        distance_kpc: of the burst.
        signal: events in the window at that distance.
        background: events expected in the window.
        window_s: its length.
        sigmas: standard deviations at which a burst is seen.
        significance: of the median count at that distance.
        count_needed: the smallest count that is seen.
        probability: that the count is reached at that distance.
        reach_kpc: distance at which half of the bursts are seen.
        sure_kpc: distance at which 90 % of the bursts are seen.
    """

    distance_kpc: float
    signal: float
    background: float
    window_s: float
    sigmas: float
    significance: float
    count_needed: int
    probability: float
    reach_kpc: float
    sure_kpc: float

    @classmethod
    def of(
        cls,
        *,
        signal: float,
        distance_kpc: float,
        background_kg_d: float,
        mass_kg: float,
        window_s: float,
        sigmas: float,
    ) -> Detection:
        """From the rate of a steady background.

        Args:
            signal: events of the burst in the window.
            distance_kpc: of the burst.
            background_kg_d: per kg and day.
            mass_kg: of the target.
            window_s: length of the window, s.
            sigmas: standard deviations.

        Raises:
            InputError: if a number is not positive.
        """
        from scipy.special import gammainc, gammaincinv

        positive("background rate per kg and day", background_kg_d)
        b = background_kg_d * mass_kg * window_s / DAY_S
        n = count_needed(b, sigmas)

        def reach(probability: float) -> float:
            # P(N >= n) = P(n, s + b), and s goes with 1/D^2
            needed = float(gammaincinv(n, probability)) - b
            return math.inf if needed <= 0.0 else distance_kpc * math.sqrt(signal / needed)

        return cls(
            distance_kpc,
            signal,
            b,
            window_s,
            sigmas,
            float(significance(median_count(signal + b), b)),
            n,
            float(gammainc(n, signal + b)),
            reach(0.5),
            reach(0.9),
        )

    def at(self, distance_kpc: ArrayLike) -> Array:
        """Significance of the median count at other distances, kpc."""
        signal = self.signal * (self.distance_kpc / np.asarray(distance_kpc, dtype=float)) ** 2
        return significance(median_count(signal + self.background), self.background)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return asdict(self)
