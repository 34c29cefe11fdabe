"""Time structure of a gaussian proton pulse followed by exponential decays.

A gaussian (mean t0, width s) folded with a decay of mean life tau is the exponentially modified
gaussian. With v = (t - t0)/s and r = s/tau,

    pdf = (1/tau) exp(r^2/2 - r v) Phi(v - r),      cdf = Phi(v) - tau pdf.

The product is taken in the exponent, with ln Phi, so nothing overflows: far to the left the
exponents cancel to -v^2/2. A second decay of mean life tau' in sequence gives

    [tau' EMG(tau') - tau EMG(tau)]/(tau' - tau)        for pdf and cdf alike.
"""

from __future__ import annotations

import numpy as np

from cevns.typing import Array, ArrayLike

__all__ = ["emg_cdf", "emg_pdf", "sequential"]


def emg_pdf(t_us: ArrayLike, t0_us: ArrayLike, sigma_us: float, tau_us: float) -> Array:
    """Density of gaussian plus decay time, 1/us.

    Examples:
        >>> round(float(emg_pdf(0.5, 0.5, 0.15, 2.2)), 4)
        0.2154
    """
    from scipy.special import log_ndtr

    v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / sigma_us
    r = sigma_us / tau_us
    result: Array = np.exp(r * (0.5 * r - v) + log_ndtr(v - r)) / tau_us
    return result


def emg_cdf(t_us: ArrayLike, t0_us: ArrayLike, sigma_us: float, tau_us: float) -> Array:
    """Fraction before `t_us`.

    Examples:
        >>> round(float(emg_cdf(50.0, 0.5, 0.15, 2.2)), 9)
        1.0
    """
    from scipy import special

    v = (np.asarray(t_us, dtype=float) - np.asarray(t0_us, dtype=float)) / sigma_us
    r = sigma_us / tau_us
    decaying = np.exp(r * (0.5 * r - v) + special.log_ndtr(v - r))
    # rounding can leave -1e-17 far to the left of the pulse
    result: Array = np.maximum(special.ndtr(v) - decaying, 0.0)
    return result


def sequential(first: Array, second: Array, tau_first_us: float, tau_second_us: float) -> Array:
    """Two decays in sequence from the EMG of each (pdf or cdf)."""
    return (tau_second_us * second - tau_first_us * first) / (tau_second_us - tau_first_us)
