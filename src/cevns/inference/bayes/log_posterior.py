"""The logarithm of a posterior density, for many points at once.

    ln p(u) = -1/2 (-2 ln L(theta(u))) + constant    inside the bounds, minus infinity outside

The *coordinates* u are the free parameters, or the logarithms of those whose prior is flat in the
logarithm: then every flat prior is constant in u. Gaussian priors are the pulls of -2 ln L.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.minimum.linalg import quiet_division
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model, digest
from cevns.parameters import Parameters
from cevns.typing import ENGINE, Array, IntArray

__all__ = ["LogPosterior"]


@dataclass(frozen=True, eq=False)
class LogPosterior:
    """A density over the coordinates.

    Args:
        likelihood: of a model under its priors (`cevns.inference.model.priors.under`).
        logarithmic: names of the parameters that are sampled as logarithms.
    """

    likelihood: Likelihood
    logarithmic: tuple[str, ...]

    @classmethod
    def of(
        cls,
        model: Model,
        data: Data | None = None,
        logarithmic: tuple[str, ...] = (),
        *,
        measured: Parameters | None = None,
    ) -> LogPosterior:
        """The density of a model under its priors, on data or on its own observed data.

        Args:
            model: the model under its priors.
            data: counts and auxiliary measurements.
            logarithmic: names of the parameters that are sampled as logarithms.
            measured: the parameters before priors were added, whose constraints are auxiliary
                measurements; all constraints are by default.
        """
        if data is not None:  # priors were not measured: their means stay
            before = model.parameters if measured is None else measured
            constrained = np.array([p.constraint is not None for p in before])
            prior_means = observed(model).auxiliary
            data = Data(data.counts, np.where(constrained, data.auxiliary, prior_means))
        return cls(Likelihood.of(model, data), logarithmic)

    @property
    def model(self) -> Model:
        """The model."""
        return self.likelihood.model

    @cached_property
    def free(self) -> IntArray:
        """Positions of the sampled parameters in the parameter vector."""
        return np.array(self.model.parameters.free)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the sampled parameters."""
        return tuple(self.model.parameters[int(i)].name for i in self.free)

    @cached_property
    def is_log(self) -> Array:
        """Whether each coordinate is a logarithm, ``(n_free,)``."""
        return np.array([n in self.logarithmic for n in self.names])

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper ends of the coordinates, each ``(n_free,)``."""
        sides = []
        for side in ("lower", "upper"):
            ends = np.array([getattr(self.model.parameters[int(i)], side) for i in self.free])
            sides.append(np.where(self.is_log, np.log(np.where(self.is_log, ends, 1.0)), ends))
        return sides[0], sides[1]

    def values(self, u: Array) -> Array:
        """Values of the sampled parameters, same shape as the coordinates."""
        return np.where(self.is_log, np.exp(np.where(self.is_log, u, 0.0)), u)

    def coordinates(self, values: Array) -> Array:
        """The inverse of `values`."""
        return np.where(self.is_log, np.log(np.where(self.is_log, values, 1.0)), values)

    def theta(self, u: Array) -> Array:
        """Whole parameter vectors, ``(B, n_free) -> (B, n_par)``."""
        theta = np.tile(self.model.parameters.values, (len(u), 1))
        theta[:, self.free] = self.values(u)
        return theta

    def __call__(self, u: Array) -> Array:
        """``ln p`` up to a constant, ``(B, n_free) -> (B,)``.

        Raises:
            InputError: if the likelihood is not a number somewhere inside the bounds.
        """
        lower, upper = self.bounds
        inside = np.all((u >= lower) & (u <= upper), axis=1)
        theta = self.theta(np.clip(u, lower, upper))
        # exp(log(x)) may lie one rounding outside
        low, high = ([getattr(p, s) for p in self.model.parameters] for s in ("lower", "upper"))
        theta = np.clip(theta, low, high)
        with quiet_division():
            value = np.asarray(self.likelihood.twice_nll(theta), dtype=float)
        if np.isnan(value[inside]).any():
            at = theta[inside & np.isnan(value)][0, self.free]
            point = ", ".join(f"{n}={v:.4g}" for n, v in zip(self.names, at, strict=True))
            raise InputError(
                f"model {self.model.name!r}: the likelihood is not a number at {point}; narrow the "
                "bounds or the prior"
            )
        return np.where(inside, -0.5 * np.where(inside, value, np.inf), -np.inf)

    def fingerprint(self) -> dict[str, Any]:
        """What must agree for chains to belong together."""
        data = self.likelihood.data
        numbers = np.concatenate([data.counts, data.auxiliary])
        return {
            "model": self.model.name,
            "model digest": digest(self.model),
            "data digest": hashlib.sha256(numbers.tobytes()).hexdigest(),
            "parameters": list(self.names),
            "flat in the logarithm": sorted(self.logarithmic),
            "engine": ENGINE,
        }
