"""Binned Poisson likelihood with Gaussian pulls, in the saturated form.

    -2 ln L = 2 sum_i [mu_i - n_i + n_i ln(n_i / mu_i)] + sum_k ((theta_k - a_k) / sigma_k)^2

The first sum is the deviance: zero for a perfect description, and distributed as chi2 for large
counts (Baker and Cousins, NIM 221 (1984) 437). A bin without counts gives ``2 mu_i``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model, check_methods, constraint_arrays, linearise
from cevns.inference.model.positivity import bend, floor_of
from cevns.typing import Array, IntArray

__all__ = ["FLOOR", "Likelihood", "check_expectation", "deviance", "pearson"]

FLOOR = 1e-12
"""Expected count below which a fit continues ln(mu) by its tangent, so that a minimiser that
steps outside the physical region meets a steep finite wall and not a NaN."""


def check_expectation(mu: Array, counts: Array, where: str) -> None:
    """Raise if the expected counts cannot have produced the counts.

    Raises:
        InputError: if an expected count is negative or not finite, or is zero where there are
            counts; the message names the bin.
    """
    tolerance = -1e-9 * np.abs(mu).max(initial=0.0)  # rounding of a difference of templates
    bad = ~np.isfinite(mu) | (mu < tolerance) | ((mu <= 0) & (counts > 0))
    if bad.any():
        i = int(np.argmax(bad))
        raise InputError(
            f"{where}: bin {i} holds {counts[i]:g} counts where {mu[i]:.3g} are expected; give the "
            "model a background there or leave the bin out"
        )


def deviance(mu: Array, counts: Array) -> Array:
    """Poisson deviance ``2 sum [mu - n + n ln(n/mu)]``, summed over the last axis.

    Args:
        mu: expected counts, ``(..., n_bins)``. Below `FLOOR` the logarithm continues linearly.
        counts: observed counts, broadcastable to `mu`.

    Examples:
        >>> float(deviance(np.array([3.0, 2.0]), np.array([3.0, 0.0])))
        4.0
    """
    safe = np.maximum(mu, FLOOR)
    log_mu = np.log(safe) + np.minimum(mu - safe, 0.0) / FLOOR
    log_n = np.log(np.where(counts > 0, counts, 1.0))
    terms = np.maximum(mu, 0.0) - counts + counts * (log_n - log_mu)
    result: Array = 2.0 * np.sum(terms, axis=-1)
    return result


def pearson(mu: Array, counts: Array) -> float:
    """Pearson's chi2, ``sum (n - mu)^2 / mu``; empty bins that expect nothing give nothing.

    Examples:
        >>> pearson(np.array([4.0, 0.0]), np.array([6.0, 0.0]))
        1.0
    """
    used = mu > 0
    return float(np.sum((counts[used] - mu[used]) ** 2 / mu[used]))


@dataclass(frozen=True, eq=False)
class Likelihood:
    """-2 ln L of a model on data, with gradient and Fisher information.

    Args:
        model: the model.
        data: counts and auxiliary measurements; the model's own by default (`of`).
        floor: below it an expectation is bent to stay positive
            (`cevns.inference.model.positivity`); the model's own by default (`of`).
    """

    model: Model
    data: Data
    floor: Array

    @classmethod
    def of(cls, model: Model, data: Data | None = None) -> Likelihood:
        """The likelihood of `model` on `data`, or on its own observed data.

        Raises:
            InputError: if the number of bins or of parameters differs.
        """
        check_methods(model)
        data = observed(model) if data is None else data
        n_bins = np.shape(model.observed)
        if data.counts.shape != n_bins or data.auxiliary.shape != (len(model.parameters),):
            raise InputError(
                f"model {model.name!r} has {n_bins} bins and {len(model.parameters)} parameters; "
                f"the data have {data.counts.shape} and {data.auxiliary.shape}"
            )
        return cls(model, data, floor_of(model))

    @cached_property
    def inverse_variance(self) -> Array:
        """Of the constraints, ``(n_par,)``, zero for free parameters."""
        return constraint_arrays(self.model.parameters)[1]

    def pull_term(self, theta: Array) -> Array:
        """Sum of the squared pulls, ``(..., n_par) -> (...)``."""
        result: Array = np.sum(self.inverse_variance * (theta - self.data.auxiliary) ** 2, axis=-1)
        return result

    def expected(self, theta: Array) -> Array:
        """The model's expectation, kept positive, ``(..., n_par) -> (..., n_bins)``."""
        return bend(self.model.expected(theta), self.floor)[0]

    def twice_nll(self, theta: Array) -> Array:
        """-2 ln L, ``(..., n_par) -> (...)``."""
        return deviance(self.expected(theta), self.data.counts) + self.pull_term(theta)

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """-2 ln L and gradient, ``2 sum (1 - n/mu) dmu + 2 (theta - a)/sigma^2``, at a point."""
        straight, jac = linearise(self.model, theta[None, :])
        mu, slope, _ = bend(straight[0], self.floor)
        n = self.data.counts
        value = deviance(mu, n) + self.pull_term(theta)
        residual = slope * (np.where(mu > 0, 1.0, 0.0) - n / np.maximum(mu, FLOOR))
        pulls = self.inverse_variance * (theta - self.data.auxiliary)
        return float(value), 2.0 * (jac[0] @ residual + pulls)

    def hessian(self, theta: Array, free: IntArray) -> Array:
        """Second derivatives of -2 ln L at a point by the parameters at the positions `free`.

        Central differences of the gradient over a thousandth of a typical step, inside the
        bounds: the third derivative enters with a relative 1e-6, rounding less.
        """
        n = len(free)
        steps = np.diag([1e-3 * p.scale for p in self.model.parameters])[free]
        lower, upper = (
            np.array([getattr(p, side) for p in self.model.parameters])
            for side in ("lower", "upper")
        )
        up = np.minimum(theta + steps, np.maximum(upper, theta))
        down = np.maximum(theta - steps, np.minimum(lower, theta))
        points = np.concatenate([up, down])
        straight, jac = linearise(self.model, points)
        mu, slope, _ = bend(straight, self.floor)
        residual = slope * (np.where(mu > 0, 1.0, 0.0) - self.data.counts / np.maximum(mu, FLOOR))
        gradient = 2.0 * (jac @ residual[:, :, None])[:, :, 0]
        gradient += 2.0 * self.inverse_variance * (points - self.data.auxiliary)
        width = (up - down)[np.arange(n), free]
        rows = ((gradient[:n] - gradient[n:]) / width[:, None])[:, free]
        return np.asarray(0.5 * (rows + rows.T))

    def gradient(self, theta: Array) -> Array:
        """The gradient at a point; without a Jacobian over the bins where the model can."""
        if not hasattr(self.model, "mean_and_pullback"):
            return self.value_and_gradient(theta)[1]
        straight, pullback = self.model.mean_and_pullback(theta[:, None])
        mu, slope, _ = bend(straight[:, 0], self.floor)
        ratio = self.data.counts / np.maximum(mu, FLOOR)
        residual = slope * (np.where(mu > 0, 1.0, 0.0) - ratio)
        pulls = self.inverse_variance * (theta - self.data.auxiliary)
        result: Array = 2.0 * (pullback(residual[:, None])[:, 0] + pulls)
        return result

    def fisher(self, theta: Array) -> Array:
        """Expected information ``sum dmu_j dmu_k / mu + 1/sigma^2`` at one point.

        Its inverse is the covariance matrix of the parameters, ``(n_par, n_par)``.
        """
        straight, jac = linearise(self.model, theta[None, :])
        mu, slope, _ = bend(straight[0], self.floor)
        scaled = jac[0] * slope / np.sqrt(np.maximum(mu, FLOOR))
        # a matrix product of this size would wake all threads of BLAS for half a millisecond
        information = np.einsum("ki,li->kl", scaled, scaled)
        result: Array = information + np.diag(self.inverse_variance)
        return result

    def check(self, theta: Array) -> None:
        """Raise `InputError` if the counts are impossible at `theta` (see `check_expectation`)."""
        check_expectation(
            np.asarray(self.expected(theta)), self.data.counts, f"model {self.model.name!r}"
        )
