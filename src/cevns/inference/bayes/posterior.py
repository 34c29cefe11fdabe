"""What sampling a posterior returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.bayes.autocorrelation import mean_error
from cevns.inference.bayes.chain_arviz import inference_data
from cevns.inference.bayes.chain_state import ChainState
from cevns.inference.bayes.credible import CredibleMap, credible_map, equal_tailed, highest_density
from cevns.inference.model.grid import Grid
from cevns.parameters import Parameters, fold_name
from cevns.records import Result
from cevns.typing import Array

__all__ = ["LEVELS", "Posterior"]

LEVELS = (0.6826894921370859, 0.9)
"""Levels of the intervals in `Posterior.to_dict`."""


@dataclass(frozen=True, eq=False)
class Posterior(Result):
    """Samples of a posterior and what they say.

    Args:
        model: name of the model.
        parameters: the sampled ones, with the bounds and constraints that are their priors.
        logarithmic: names of those whose prior is flat in the logarithm.
        seed: of the chain.
        samples: after burn-in, ``(n_steps, n_walkers, n_free)``.
        log_posterior: up to a constant, ``(n_steps, n_walkers)``.
        burn_in: steps left out before.
        autocorrelation: integrated autocorrelation time in steps, ``(n_free,)``.
        r_hat: rank-normalised split R-hat over the walkers, ``(n_free,)``.
        acceptance: share of accepted proposals.
        converged: the chain is long beside its autocorrelation time, the walkers agree.
        modes: where the walkers started, ``(n_modes, n_free)``, from the heaviest.
        state: the whole chain, from which `cevns.inference.bayes.sampling.sample` goes on.
        timing: ``evaluations`` of the likelihood in this call, ``wall_s``,
            ``evaluations_per_second``.
    """

    model: str
    parameters: Parameters
    logarithmic: tuple[str, ...]
    seed: int
    samples: Array = field(repr=False)
    log_posterior: Array = field(repr=False)
    burn_in: int
    autocorrelation: Array
    r_hat: Array
    acceptance: float
    converged: bool
    modes: Array = field(repr=False)
    state: ChainState = field(repr=False)
    timing: Mapping[str, float] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sampled parameters."""
        return self.parameters.names

    @property
    def flat(self) -> Array:
        """Samples of all walkers one after the other, ``(n_steps * n_walkers, n_free)``."""
        return self.samples.reshape(-1, len(self.names))

    @property
    def effective_sample_size(self) -> Array:
        """Number of independent draws that the samples are worth, ``(n_free,)``."""
        return self.log_posterior.size / self.autocorrelation

    @property
    def mean(self) -> Array:
        """Posterior means, ``(n_free,)``."""
        result: Array = self.flat.mean(axis=0)
        return result

    @cached_property
    def mean_error(self) -> Array:
        """Monte Carlo errors of the means."""
        return mean_error(self.samples)

    @property
    def covariance(self) -> Array:
        """Posterior covariance matrix."""
        return np.atleast_2d(np.cov(self.flat, rowvar=False))

    def chains(self, name: str) -> Array:
        """Samples of one parameter, ``(n_steps, n_walkers)``.

        Raises:
            UnknownNameError: if it is not among the sampled ones.
        """
        result: Array = self.samples[:, :, self._position(name)]
        return result

    def _position(self, name: str) -> int:
        if fold_name(name) not in map(fold_name, self.names):
            raise UnknownNameError("sampled parameter", name, self.names)
        return self.parameters.position(name)

    def probability(self, name: str, lower: float, upper: float) -> tuple[float, float]:
        """Posterior probability that a parameter lies between two values, and its MC error.

        Raises:
            UnknownNameError: if the parameter is unknown.
        """
        chains = self.chains(name)
        inside = ((chains >= lower) & (chains <= upper)).astype(float)[:, :, None]
        return float(inside.mean()), float(mean_error(inside)[0])

    def equal_tailed(self, name: str, level: float) -> tuple[float, float]:
        """The credible interval with the same probability on either side.

        Raises:
            UnknownNameError: if the parameter is unknown.
            InputError: if `level` is not between 0 and 1.
        """
        return equal_tailed(self.chains(name), level)

    def highest_density(self, name: str, level: float) -> tuple[tuple[float, float], ...]:
        """Pieces of the credible region of highest density: its density is higher than elsewhere.

        The density is that in the logarithm where the prior is flat in it.

        Raises:
            UnknownNameError: if the parameter is unknown.
            InputError: if `level` is not between 0 and 1.
        """
        p = self.parameters[self._position(name)]
        chains = self.chains(name)
        if p.name not in self.logarithmic:
            return highest_density(chains, level, p.lower, p.upper)
        pieces = highest_density(np.log(chains), level, math.log(p.lower), math.log(p.upper))
        # exp(log(x)) may lie one rounding outside
        ends = [[min(max(math.exp(v), p.lower), p.upper) for v in piece] for piece in pieces]
        return tuple((a, b) for a, b in ends)

    def region(self, grid: Grid) -> CredibleMap:
        """The posterior of one or two parameters on a grid, and its credible regions.

        Raises:
            UnknownNameError: if an axis was not sampled.
            InputError: if an axis is structural: each of its values has a posterior of its own.
        """
        if grid.raster:
            raise InputError(
                f"the axis {grid.raster[0]!r} is structural: each of its values has a "
                "separate model and posterior; sample them one after the other"
            )
        columns = [self._position(a.name) for a in grid.axes]
        return credible_map(self.samples[:, :, columns], grid.axes)

    def to_arviz(self) -> Any:
        """An ``arviz.InferenceData`` with groups ``posterior`` and ``sample_stats`` (``lp``).

        The logarithms of the likelihood of each bin are left out: they are many.

        Raises:
            MissingExtraError: if arviz is not installed.
        """
        return inference_data(
            {name: self.chains(name) for name in self.names},
            self.log_posterior,
            {
                "model": self.model,
                "inference_library": "emcee",
                "seed": self.seed,
                "burn_in": self.burn_in,
                "acceptance": self.acceptance,
            },
        )

    def to_dict(self) -> dict[str, Any]:
        """A summary in plain values, without the samples."""
        sizes = self.effective_sample_size
        spread = self.flat.std(axis=0)
        rows = []
        for k, p in enumerate(self.parameters):
            rows.append(
                {
                    "name": p.name,
                    "unit": p.unit,
                    "prior": self._prior(p.name),
                    "mean": float(self.mean[k]),
                    "mean_error": float(self.mean_error[k]),
                    "median": float(np.median(self.flat[:, k])),
                    "sd": float(spread[k]),
                    "intervals": [
                        {
                            "level": level,
                            "equal_tailed": list(self.equal_tailed(p.name, level)),
                            "highest_density": [
                                list(piece) for piece in self.highest_density(p.name, level)
                            ],
                        }
                        for level in LEVELS
                    ],
                    "autocorrelation": float(self.autocorrelation[k]),
                    "effective_sample_size": float(sizes[k]),
                    "r_hat": float(self.r_hat[k]),
                }
            )
        return {
            "model": self.model,
            "method": "bayes",
            "parameters": rows,
            "steps": len(self.samples),
            "walkers": self.samples.shape[1],
            "burn_in": self.burn_in,
            "acceptance": self.acceptance,
            "converged": self.converged,
            "seed": self.seed,
            "modes": self.modes.tolist(),
        }

    def _prior(self, name: str) -> dict[str, Any]:
        p = self.parameters[name]
        ends = [v if math.isfinite(v) else None for v in (p.lower, p.upper)]
        if p.constraint is not None:
            shape: dict[str, Any] = {
                "shape": "gaussian",
                "mean": p.constraint.mean,
                "sigma": p.constraint.sigma,
            }
        else:
            shape = {"shape": "flat in log" if p.name in self.logarithmic else "flat"}
        return {**shape, "range": ends}
