"""Measured values with Gaussian errors: the least-squares fit, by the same minimiser.

    chi2 = (x - mu(theta))^T V^-1 (x - mu(theta)) + sum_k ((theta_k - a_k) / sigma_k)^2

x are measured values of any sign, V is their covariance. An error that several values share is
either an entry of V or, visible in the result with its pull, a constrained parameter that moves
them together; for a linear effect both give the same estimate (profiling a Gaussian is
marginalising it).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cevns.exceptions import FitError, InputError
from cevns.inference.fitting.fit_result import FitResult, fitted_parameters
from cevns.inference.fitting.minuit import Fix, degenerate, diagnose, minimise
from cevns.inference.fitting.quoted_fit import MinosChoice, minos_names, with_minos
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Model, constraint_arrays, linearise, parameter_point
from cevns.typing import Array

__all__ = [
    "GaussianLikelihood",
    "GaussianModel",
    "Values",
    "fit_gaussian",
    "gaussian_likelihood",
    "least_squares",
]


class GaussianModel(Model, Protocol):
    """A model whose `observed` are measured values and `expected` what they should be."""

    @property
    def covariance(self) -> Array:
        """Covariance of the measured values, ``(n, n)``."""


@dataclass(frozen=True, eq=False)
class Values(Data):
    """Measured values (``counts``, of any sign) and auxiliary measurements.

    Raises:
        InputError: if a value is not finite.
    """

    def __post_init__(self) -> None:
        bad = ~np.isfinite(self.counts)
        if bad.any():
            raise InputError(f"data: value {int(np.argmax(bad))} is not a finite number")


@dataclass(frozen=True, eq=False)
class GaussianLikelihood(Likelihood):
    """-2 ln L (up to a constant, so that it is chi2) of a Gaussian model on measured values.

    Make it with `gaussian_likelihood`.

    Args:
        model: the model.
        data: values and auxiliary measurements.
        floor: not used; part of the base class.
    """

    model: GaussianModel

    @cached_property
    def _whitening(self) -> Array:
        """W with W^T W = V^-1: residuals times W are independent with unit variance."""
        try:
            lower = np.linalg.cholesky(self.model.covariance)
        except np.linalg.LinAlgError:
            raise InputError(
                f"model {self.model.name!r}: the covariance of the values is not positive "
                "definite; every value needs an error of its own"
            ) from None
        return np.asarray(np.linalg.inv(lower))

    def expected(self, theta: Array) -> Array:
        """The model's expectation, ``(..., n_par) -> (..., n)``."""
        return self.model.expected(theta)

    def residuals(self, theta: Array) -> Array:
        """Measured minus expected, decorrelated, unit variance: ``(..., n_par) -> (..., n)``."""
        return (self.data.counts - self.expected(theta)) @ self._whitening.T

    def chi2(self, theta: Array) -> Array:
        """The part of the values, without pulls."""
        result: Array = np.sum(self.residuals(theta) ** 2, axis=-1)
        return result

    def twice_nll(self, theta: Array) -> Array:
        """chi2 with the pulls, ``(..., n_par) -> (...)``."""
        return self.chi2(theta) + self.pull_term(theta)

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """chi2 with the pulls, and its gradient, at one point."""
        mu, jac = linearise(self.model, theta[None, :])
        away = (self.data.counts - mu[0]) @ self._whitening.T
        pulls = self.inverse_variance * (theta - self.data.auxiliary)
        gradient = -2.0 * (jac[0] @ self._whitening.T) @ away + 2.0 * pulls
        return float(away @ away + self.pull_term(theta)), gradient

    def fisher(self, theta: Array) -> Array:
        """Information ``J V^-1 J^T + 1/sigma^2``; its inverse is the covariance of a fit."""
        scaled = linearise(self.model, theta[None, :])[1][0] @ self._whitening.T
        result: Array = scaled @ scaled.T + np.diag(self.inverse_variance)
        return result

    def check(self, theta: Array) -> None:
        """Raise `InputError` if an expected value at `theta` is not finite."""
        if not np.isfinite(self.expected(theta)).all():
            raise InputError(
                f"model {self.model.name!r}: an expected value is not finite; start elsewhere"
            )


def gaussian_likelihood(model: GaussianModel, data: Values | None = None) -> GaussianLikelihood:
    """The likelihood of a Gaussian model on `data`, or on its own measured values.

    Raises:
        InputError: if the number of values or of parameters differs.
    """
    if data is None:
        prior = constraint_arrays(model.parameters)[0]
        data = Values(np.asarray(model.observed, dtype=float), prior)
    n = np.shape(model.observed)
    if data.counts.shape != n or data.auxiliary.shape != (len(model.parameters),):
        raise InputError(
            f"model {model.name!r} has {n} values and {len(model.parameters)} parameters; the "
            f"data have {data.counts.shape} and {data.auxiliary.shape}"
        )
    return GaussianLikelihood(model, data, np.zeros(n))


def least_squares(
    likelihood: GaussianLikelihood, start: Array | None = None, *, steps: int = 50
) -> Array:
    """The minimum by Gauss-Newton steps: exact in one for a linear model, for toys and starts.

    Bounds are not kept and nothing is checked; the fit that is quoted is `fit_gaussian`.

    Raises:
        FitError: if the steps do not settle, or the parameters are degenerate.
    """
    parameters = likelihood.model.parameters
    theta = parameters.values if start is None else np.array(start, dtype=float)
    free = np.array(parameters.free, dtype=int)
    for _ in range(steps):
        value, gradient = likelihood.value_and_gradient(theta)
        information = likelihood.fisher(theta)[np.ix_(free, free)]
        # parameters of different units: scaled to a unit diagonal before the inversion
        width = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-300))
        try:
            scaled = np.linalg.solve(
                information * np.outer(width, width), -0.5 * gradient[free] * width
            )
        except np.linalg.LinAlgError:
            break
        step = scaled * width
        theta[free] += step
        # what chi2 still falls by, twice: 1e-5 of a standard deviation is left
        if abs(gradient[free] @ step) < 1e-10 * max(1.0, value):
            return theta
    raise FitError(
        f"least squares of {likelihood.model.name!r} did not settle: the values cannot tell the "
        "parameters apart; take fewer of them or start elsewhere"
    )


def fit_gaussian(
    model: GaussianModel,
    *,
    data: Values | None = None,
    fix: Fix | None = None,
    start: Array | None = None,
    minos: MinosChoice = "none",
) -> FitResult:
    """Fit measured values with MIGRAD and HESSE, and MINOS where asked for.

    In the record ``twice_nll`` is the whole chi2, ``deviance`` and ``pearson`` its part without
    pulls, ``ndof`` the number of values minus the unconstrained free parameters.

    Args:
        model: what to fit.
        data: values and auxiliary measurements; the model's own by default.
        fix: parameters held fixed, at a value or (None) where they are.
        start: starting point; nominal values by default.
        minos: as in `cevns.inference.fitting.quoted_fit.fit`.

    Raises:
        UnknownNameError: if a named parameter does not exist.
        InputError: if the covariance is not positive definite or an expectation is not finite.
        FitError: if the fit does not converge.
    """
    likelihood = gaussian_likelihood(model, data)
    parameters = model.parameters.fix(fix or {})
    theta = parameter_point(model, start)
    held = np.array([p.fixed for p in parameters])
    theta[held] = parameters.values[held]
    likelihood.check(theta)
    if held.all():
        return _record(likelihood, theta, np.zeros((theta.size, theta.size)), held)
    minuit = minimise(likelihood, parameters, theta, strategy=1, second=False)
    if minuit.valid:
        minuit.hesse()
    valid, diagnosis = diagnose(minuit)
    at = theta.copy()
    at[~held] = minuit.values
    if valid and (alike := degenerate(likelihood, at, ~held)):
        valid, diagnosis = False, alike
    if not valid:
        raise FitError(f"fit of {model.name!r}: {diagnosis}")
    covariance = np.zeros((theta.size, theta.size))
    covariance[np.ix_(~held, ~held)] = np.asarray(minuit.covariance)
    result = _record(likelihood, at, covariance, held, float(minuit.fmin.edm), int(minuit.nfcn))
    return with_minos(minuit, result, minos_names(parameters, None, minos))


def _record(
    likelihood: GaussianLikelihood,
    theta: Array,
    covariance: Array,
    held: Array,
    edm: float = 0.0,
    calls: int = 1,
) -> FitResult:
    model, fixed = likelihood.model, tuple(bool(h) for h in held)
    unconstrained = sum(
        1 for p, h in zip(model.parameters, fixed, strict=True) if not h and p.constraint is None
    )
    chi2 = float(likelihood.chi2(theta))
    return FitResult(
        model=model.name,
        poi=None,
        fitted=fitted_parameters(
            model, theta, np.sqrt(np.diag(covariance)), fixed, likelihood.data
        ),
        covariance=covariance,
        twice_nll=float(likelihood.twice_nll(theta)),
        deviance=chi2,
        pearson=chi2,
        ndof=int(likelihood.data.counts.size - unconstrained),
        edm=edm,
        calls=calls,
        valid=True,
        diagnosis="",
        components={k: np.asarray(v) for k, v in model.components(theta).items()},
        data=likelihood.data,
    )
