"""How many steps of a chain are worth one independent draw."""

from __future__ import annotations

import numpy as np

from cevns.typing import Array

__all__ = ["autocorrelation_time", "mean_error"]

_WINDOW = 5.0


def autocorrelation_time(chains: Array) -> Array:
    """Integrated autocorrelation time ``1 + 2 sum_t rho(t)`` in steps.

    The sum ends at the first ``t`` beyond five times its own value (Sokal, "Monte Carlo methods in
    statistical mechanics", Cargèse 1996, section 3), and ``rho`` is averaged over the chains
    (Foreman-Mackey et al., arXiv:1202.3665). Mean and variance are those of all chains together:
    chains that each stay in a mode of their own would otherwise look independent.

    Args:
        chains: ``(n_steps, n_chains, n_par)``.

    Returns:
        ``(n_par,)``; at least one. One where a parameter does not move.

    Examples:
        >>> noise = np.random.default_rng(1).normal(size=(2000, 50, 1))
        >>> round(float(autocorrelation_time(noise)[0]), 1)
        1.0
    """
    n, _, n_par = chains.shape
    times = np.ones(n_par)
    for k in range(n_par):
        displacement = chains[:, :, k] - chains[:, :, k].mean()
        variance = np.mean(displacement**2)
        if variance <= 0:
            continue
        # twice the length: no wrapping around
        spectrum = np.abs(np.fft.rfft(displacement, 2 * n, axis=0)) ** 2
        covariance = np.fft.irfft(spectrum.mean(axis=1))[:n] / n
        sums = 2.0 * np.cumsum(covariance / variance) - 1.0
        beyond = np.arange(n) >= _WINDOW * sums
        times[k] = sums[np.argmax(beyond)] if beyond.any() else sums[-1]
    return np.maximum(times, 1.0)


def mean_error(chains: Array) -> Array:
    """Monte Carlo errors of means, ``(n_steps, n_chains, n_par) -> (n_par,)``."""
    size = chains.shape[0] * chains.shape[1]
    result: Array = chains.std(axis=(0, 1)) * np.sqrt(autocorrelation_time(chains) / size)
    return result
