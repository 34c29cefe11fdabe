"""What statistics needs of a model, and nothing more.

Everything in `cevns.inference` talks to this protocol: named parameters with their constraints,
the observed counts, and the expected counts as a function of the parameter vector. The
derivative is optional: a model that knows its own is faster, the others get differences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from cevns.exceptions import InputError
from cevns.parameters import Parameters
from cevns.signatures import refuse_xp
from cevns.typing import Array

__all__ = [
    "LinearisedModel",
    "Model",
    "constraint_arrays",
    "differences",
    "digest",
    "linearise",
    "parameter_point",
    "single_poi",
]


@runtime_checkable
class Model(Protocol):
    """A binned model: parameters, observed counts, expected counts.

    Models are immutable; for toys on a process pool they must be picklable.
    """

    @property
    def name(self) -> str:
        """What the model is called in results."""

    @property
    def parameters(self) -> Parameters:
        """All parameters, in the order of the parameter vector, with their constraints."""

    @property
    def observed(self) -> Array:
        """Observed counts, shape ``(n_bins,)``."""

    def expected(self, theta: Array) -> Array:
        """Expected counts: ``(..., n_par) -> (..., n_bins)``."""

    def components(self, theta: Array) -> Mapping[str, Array]:
        """Expected counts of each component at one parameter point, each ``(n_bins,)``."""


@runtime_checkable
class LinearisedModel(Model, Protocol):
    """A model that also knows its derivative."""

    def linearise(self, theta: Array) -> tuple[Array, Array]:
        """``(B, n_par) -> mu (B, n_bins), d(mu)/d(theta) (B, n_par, n_bins)``."""


def check_methods(model: Model) -> None:
    """Raise if a user's model was written for an earlier version.

    Raises:
        InputError: if `expected` or `linearise` still takes the array module as ``xp``.
    """
    refuse_xp(type(model), ("expected", "linearise"))


def linearise(model: Model, theta: Array) -> tuple[Array, Array]:
    """Expected counts and their derivative by the parameters, for a batch of points.

    Uses the model's own ``linearise`` where it has one; otherwise central differences (relative
    error about 1e-9 for a smooth model, points kept inside the bounds).

    Args:
        model: the model.
        theta: parameter points, shape ``(B, n_par)``.

    Returns:
        ``mu (B, n_bins)`` and ``jac (B, n_par, n_bins)``.
    """
    if isinstance(model, LinearisedModel):
        return model.linearise(theta)
    return differences(model, theta)


def differences(model: Model, theta: Array) -> tuple[Array, Array]:
    """Expected counts and their central differences, ``(B, n_par) -> mu, jac``."""
    theta = np.atleast_2d(np.asarray(theta, dtype=float))
    mu = model.expected(theta)
    jac = np.empty((theta.shape[0], theta.shape[1], mu.shape[-1]))
    for k, p in enumerate(model.parameters):
        # cube root of the rounding error: where truncation and rounding balance
        step = 6e-6 * max(p.scale, 1e-3 * abs(p.value))
        up, down = theta.copy(), theta.copy()
        up[:, k] = np.minimum(theta[:, k] + step, max(p.upper, theta[:, k].max()))
        down[:, k] = np.maximum(theta[:, k] - step, min(p.lower, theta[:, k].min()))
        width = up[:, k] - down[:, k]
        jac[:, k] = (model.expected(up) - model.expected(down)) / width[:, None]
    return mu, jac


def parameter_point(model: Model, values: Mapping[str, float] | Array | None = None) -> Array:
    """The parameter vector of a model: its nominal values, some of them replaced by name.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a value is not finite or outside its bounds, or a vector has a wrong length.
    """
    check_methods(model)
    if values is None:
        return model.parameters.values
    if isinstance(values, Mapping):
        return model.parameters.at(values).values
    theta = np.array(values, dtype=float)
    if theta.shape != (len(model.parameters),):
        raise InputError(
            f"model {model.name!r}: a parameter vector needs shape ({len(model.parameters)},), "
            f"not {theta.shape}"
        )
    return model.parameters.at(dict(zip(model.parameters.names, theta, strict=True))).values


def constraint_arrays(parameters: Parameters) -> tuple[Array, Array]:
    """Means and inverse variances of the Gaussian constraints, each ``(n_par,)``.

    A free parameter has inverse variance zero (and its nominal value as mean), so that
    ``inverse_variance * (theta - mean)**2`` is the pull term without a mask.
    """
    mean = np.array([p.constraint.mean if p.constraint else p.value for p in parameters])
    weight = np.array([p.constraint.sigma**-2 if p.constraint else 0.0 for p in parameters])
    return mean, weight


def single_poi(model: Model, name: str | None = None) -> str:
    """The name of the parameter of interest: `name`, or the only free one of role ``poi``.

    Raises:
        UnknownNameError: if `name` is unknown.
        InputError: if no name is given and there is none or more than one.
    """
    if name is not None:
        return model.parameters[name].name
    found = [p.name for p in model.parameters if p.role == "poi" and not p.fixed]
    if len(found) != 1:
        raise InputError(
            f"model {model.name!r} has {len(found)} free parameters of interest; name one of "
            + ", ".join(model.parameters.names)
        )
    return found[0]


def digest(model: Model) -> str:
    """SHA-256 of what a model is to statistics: parameters, data, values and derivatives.

    Evaluated at the nominal point and at three points about one sigma away, so two models with
    the same digest give the same fits. Rounded to seven digits: how many threads add up a table
    changes the thirteenth.
    """
    check_methods(model)
    parameters = model.parameters
    rng = np.random.default_rng(20201)
    steps = rng.uniform(-1.0, 1.0, (4, len(parameters))) * [p.scale for p in parameters]
    steps[0] = 0.0
    theta = parameters.values + steps
    low, high = [p.lower for p in parameters], [p.upper for p in parameters]
    mu = model.expected(np.clip(theta, low, high))
    text = [model.name, *(repr(p) for p in parameters)]
    text += [f"{v:.6e}" for v in np.concatenate([model.observed, mu.ravel()])]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()
