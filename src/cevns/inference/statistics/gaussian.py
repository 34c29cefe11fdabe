"""Measured values with Gaussian errors: symmetric, two-sided, one-sided, or with a covariance.

    -2 ln L = sum_i ((x_i - mu_i)/sigma_i)^2      or      (x - mu)^T C^-1 (x - mu)

With two-sided errors sigma_i is the error on the side on which the expectation lies; an error
that is infinite on one side makes a limit of a measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.model.statistic import Statistic
from cevns.typing import Array

__all__ = ["MODEL", "Gaussian"]

CITE = "none: a normal distribution"


@dataclass(frozen=True, eq=False)
class Gaussian(Statistic):
    """See the module; extends `cevns.inference.model.statistic.Statistic`.

    Args:
        up: errors towards larger expectations, ``(n_bins,)``; infinite where there is no limit.
        down: towards smaller ones; as `up` by default.
        covariance: ``(n_bins, n_bins)``, in place of errors.

    Raises:
        InputError: if an error is not positive, or the covariance is not positive definite.
    """

    up: Array | None = None
    down: Array | None = None
    covariance: Array | None = None

    def __post_init__(self) -> None:
        for side in ("up", "down"):
            if (error := getattr(self, side)) is not None:
                object.__setattr__(self, side, np.atleast_1d(np.asarray(error, dtype=float)))
        if (self.up is None) == (self.covariance is None):
            raise InputError("measured values need either the errors 'up' or a covariance")
        if self.covariance is not None:
            square = self.covariance.ndim == 2 and len(set(self.covariance.shape)) == 1
            if not square or not np.allclose(self.covariance, self.covariance.T, rtol=1e-9, atol=0):
                raise InputError("the covariance of measured values is not symmetric")
        if self.up is not None and not ((self.up > 0).all() and (self._lower > 0).all()):
            raise InputError("the errors of measured values must be positive")
        _ = self.transform

    @property
    def _lower(self) -> Array:
        assert self.up is not None
        return self.up if self.down is None else self.down

    @property
    def can_draw(self) -> bool:
        """Not where an error is infinite: what a limit would have fluctuated to is unknown."""
        if self.up is None:
            return True
        return bool(np.isfinite(self.up).all() and np.isfinite(self._lower).all())

    @cached_property
    def transform(self) -> Array | None:
        """The inverse of the Cholesky factor of the covariance; None for independent errors."""
        if self.covariance is None:
            return None
        try:
            factor = np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:
            raise InputError("the covariance of measured values is not positive definite") from None
        return np.linalg.inv(factor)

    def _weight(self, mu: Array, data: Array) -> Array:
        """Inverse variances, ``(n_bins, B)``."""
        if self.up is None:
            return np.ones_like(mu)
        weight: Array = np.where(mu > data, self.up[:, None], self._lower[:, None]) ** -2.0
        return weight

    def _difference(self, mu: Array, data: Array) -> Array:
        difference: Array = mu - data
        return difference if self.transform is None else self.transform @ difference

    def check(self, data: Array, where: str) -> None:
        """Values are finite.

        Raises:
            InputError: otherwise.
        """
        if self.covariance is not None and len(self.covariance) != data.size:
            raise InputError(
                f"{where}: a covariance of {len(self.covariance)} values for {data.size} of them"
            )
        if not np.isfinite(data).all():
            raise InputError(f"{where}: a measured value is not finite")

    def evaluate(self, mu: Array, data: Array, floor: Array) -> tuple[Array, Array, Array]:
        """See `Statistic`."""
        difference, weight = self._difference(mu, data), self._weight(mu, data)
        residual = weight * difference
        del floor  # a value may be negative
        return np.sum(residual * difference, axis=0), residual, weight

    def information(self, mu: Array, floor: Array) -> Array:
        """Inverse variances; of two-sided errors the mean of both sides."""
        del floor
        if self.up is None:
            return np.ones_like(mu)
        both: Array = 0.5 * (self.up**-2.0 + self._lower**-2.0)
        return both[:, None] + 0.0 * mu

    def linear(self, mu: Array, floor: Array) -> tuple[Array, Array]:
        """See `Statistic`; of two-sided errors with the mean of both sides."""
        weight = self.information(mu, floor)
        moved = mu if self.transform is None else self.transform @ mu
        slope = -2.0 * weight * moved
        if self.transform is not None:
            slope = self.transform.T @ slope
        return np.sum(weight * moved * moved, axis=0), slope

    def log_density(self, mu: Array, data: Array) -> Array:
        """See `Statistic`; two-sided errors have on either side a half of a normal density."""
        if self.up is None or self.down is None or np.array_equal(self.up, self.down):
            return super().log_density(mu, data)
        above = data[:, None, :] - mu[:, :, None]
        error = np.where(above > 0, self._lower[:, None, None], self.up[:, None, None])
        result: Array = -np.sum(0.5 * (above / error) ** 2 + np.log(error), axis=0)
        return result

    def points(self, data: Array) -> tuple[Array, Array, Array]:
        """Values with their errors, of a covariance the square roots of its diagonal."""
        if self.up is None:
            assert self.covariance is not None
            error = np.sqrt(np.diag(self.covariance))
            return data, error, error
        return data, self._lower, self.up

    def draw(self, mu: Array, rng: np.random.Generator, n: int) -> Array:
        """Values around the expectation; two-sided errors on either side with equal chance."""
        normal = rng.standard_normal((n, mu.size)).T
        if self.covariance is not None:
            return mu[:, None] + np.linalg.cholesky(self.covariance) @ normal
        assert self.up is not None
        # a value above the expectation has the expectation on its lower side
        error = np.where(normal > 0, self._lower[:, None], self.up[:, None])
        result: Array = mu[:, None] + error * normal
        return result


MODEL = Gaussian
