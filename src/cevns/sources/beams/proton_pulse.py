"""Time structure of a gaussian or flat proton pulse followed by exponential decays.

A gaussian (mean t0, width s) folded with a decay of mean life tau is the exponentially modified
gaussian. With v = (t - t0)/s and r = s/tau,

    pdf = (1/tau) exp(r^2/2 - r v) Phi(v - r),      cdf = Phi(v) - tau pdf.

The product is evaluated without large exponents that cancel, whatever the ratio of width and life:

    exp(r^2/2 - r v) Phi(v - r) = exp(-v^2/2) erfcx((r - v)/sqrt(2))/2    for v < r.

A second decay of mean life tau' in sequence gives

    [tau' EMG(tau') - tau EMG(tau)]/(tau' - tau)        for pdf and cdf alike.
"""

from __future__ import annotations

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["emg_cdf", "emg_pdf", "flat_cdf", "flat_pdf", "sequential"]


def emg_pdf(t_us: ArrayLike, t0_us: ArrayLike, sigma_us: float, tau_us: float) -> Array:
    """Density of gaussian plus decay time, 1/us.

    Examples:
        >>> round(float(emg_pdf(0.5, 0.5, 0.15, 2.2)), 4)
        0.2154
    """
    v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / sigma_us
    result: Array = _decaying(v, sigma_us / tau_us) / tau_us
    return result


def emg_cdf(t_us: ArrayLike, t0_us: ArrayLike, sigma_us: float, tau_us: float) -> Array:
    """Fraction before `t_us`.

    Examples:
        >>> round(float(emg_cdf(50.0, 0.5, 0.15, 2.2)), 9)
        1.0
    """
    from scipy.special import ndtr

    v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / sigma_us
    # rounding can leave -1e-17 far to the left of the pulse
    result: Array = np.maximum(ndtr(v) - _decaying(v, sigma_us / tau_us), 0.0)
    return result


def _decaying(v: Array, r: float) -> Array:
    """``exp(r^2/2 - r v) Phi(v - r)``, the share that has not decayed."""
    from scipy.special import erfcx, ndtr

    before = 0.5 * np.exp(-0.5 * v * v) * erfcx(np.maximum(r - v, 0.0) * np.sqrt(0.5))
    after = np.exp(r * (0.5 * r - np.maximum(v, r))) * ndtr(v - r)
    result: Array = np.where(v < r, before, after)
    return result


def flat_pdf(t_us: ArrayLike, t0_us: ArrayLike, width_us: float, tau_us: float) -> Array:
    """Density of flat pulse plus decay time, 1/us; a mean life of zero leaves the pulse.

    Examples:
        >>> flat_pdf([-1.1, 0.0, 1.1], 0.0, 2.0, 0.0).tolist()
        [0.0, 0.5, 0.0]
    """
    a, b = _inside(t_us, t0_us, width_us)
    if not tau_us:
        return np.where((a > 0.0) & (b == 0.0), 1.0 / width_us, 0.0)
    # the difference of two exponentials with the larger one in front: neither overflows
    result: Array = np.exp(-b / tau_us) * -np.expm1((b - a) / tau_us) / width_us
    return result


def flat_cdf(t_us: ArrayLike, t0_us: ArrayLike, width_us: float, tau_us: float) -> Array:
    """Fraction before `t_us`.

    Examples:
        >>> flat_cdf([-1.0, 0.0, 1.0], 0.0, 2.0, 0.0).tolist()
        [0.0, 0.5, 1.0]
    """
    a, b = _inside(t_us, t0_us, width_us)
    result: Array = (a - b) / width_us - tau_us * flat_pdf(t_us, t0_us, width_us, tau_us)
    return np.maximum(result, 0.0)


def _inside(t_us: ArrayLike, t0_us: ArrayLike, width_us: float) -> tuple[Array, Array]:
    """Times since the begin and since the end of a flat pulse, not below zero."""
    since = np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)
    return np.maximum(since + 0.5 * width_us, 0.0), np.maximum(since - 0.5 * width_us, 0.0)


def sequential(first: Array, second: Array, tau_first_us: float, tau_second_us: float) -> Array:
    """Two decays in sequence from the EMG of each (pdf or cdf)."""
    return (tau_second_us * second - tau_first_us * first) / (tau_second_us - tau_first_us)
