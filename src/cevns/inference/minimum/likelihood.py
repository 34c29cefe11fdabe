"""-2 ln L of a model on one data set, in the saturated form.

    -2 ln L = sum_channels D(n, mu(theta)) + sum_k ((theta_k - a_k) / sigma_k)^2

For Poisson counts D is the deviance ``2 sum_i [mu_i - n_i + n_i ln(n_i / mu_i)]``: zero for a
perfect description, and distributed as chi2 for large counts (Baker and Cousins, NIM 221 (1984)
437). What is quoted is infinite where nothing is expected and something is counted; minimisers see
an expectation that is bent to stay positive (`cevns.inference.statistics.poisson`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.objectives import Objective, Part
from cevns.inference.model.data import Data, observed
from cevns.inference.model.expectation import Model
from cevns.typing import Array, IntArray

_REMEMBERED = 256
"""Points a channel: the single and double steps of some tens of parameters."""

__all__ = ["Likelihood"]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """-2 ln L of a model on data, with gradient and Fisher information.

    Args:
        model: the model.
        data: counts and auxiliary measurements; the model's own by default (`of`).
    """

    model: Model
    data: Data

    @classmethod
    def of(cls, model: Model, data: Data | None = None) -> Likelihood:
        """The likelihood of `model` on `data`, or on its own observed data.

        Raises:
            InputError: if the number of bins or of parameters differs, or data are impossible.
        """
        return cls(model, (observed(model) if data is None else data).check(model))

    @property
    def objective(self) -> Objective:
        """The same for many data sets; slopes of fixed parameters are left out."""
        return _objective(self.model)

    @cached_property
    def constant(self) -> float:
        """What depends on the data alone."""
        return float(self.objective.constant(self.data.counts[:, None])[0])

    def _columns(self, theta: Array) -> tuple[Array, Data]:
        """Points, and the data for each, batch last."""
        columns = np.ascontiguousarray(np.reshape(theta, (-1, np.shape(theta)[-1])).T)
        counts = np.broadcast_to(self.data.counts[:, None], (self.model.n_bins, columns.shape[1]))
        return columns, Data(counts, self.data.auxiliary[:, None])

    def expected(self, theta: Array) -> Array:
        """The model's expectation, kept positive, ``(..., n_par) -> (..., n_bins)``."""
        mu = self.objective.regularised(self._columns(theta)[0])
        return mu.T.reshape(*np.shape(theta)[:-1], -1)

    def twice_nll(self, theta: Array, expected: Array | None = None) -> Array:
        """-2 ln L as it is quoted, ``(..., n_par) -> (...)``.

        Args:
            theta: points.
            expected: of the model there, ``(..., n_bins)``, where it is known already.
        """
        known = None if expected is None else expected.reshape(-1, self.model.n_bins).T
        found = self.objective.quoted(*self._columns(theta), known)
        total = sum(found.values(), start=np.zeros(()))
        return np.asarray(total).reshape(np.shape(theta)[:-1])

    def by_channel(self, theta: Array) -> dict[str, float]:
        """-2 ln L of each channel at a point, and of the constraints (``constraints``)."""
        found = self.objective.quoted(*self._columns(np.asarray(theta)[None]))
        return {name: float(value[0]) for name, value in found.items()}

    def minimised(self, theta: Array) -> float:
        """-2 ln L at a point as minimisers see it: finite everywhere."""
        total = self.constant + float(self._pulls(theta[:, None])[0][0])
        for part, known, _ in self._cache:
            key = theta[part.columns].tobytes()
            if key not in known:
                data = self.data.counts[part.bins, None]
                _store(known, key, self.objective.value(part, theta[:, None], data))
            total += float(known[key][0])
        return total

    def gradient(self, theta: Array) -> Array:
        """Gradient of `minimised` at a point, ``(n_par,)``."""
        total = self._pulls(theta[:, None])[1]
        for part, _, known in self._cache:
            key = theta[part.columns].tobytes()
            if key not in known:
                data = self.data.counts[part.bins, None]
                _store(known, key, self.objective.slope(part, theta[:, None], data))
            total[part.columns] += known[key]
        return 2.0 * total[:, 0]

    def _pulls(self, columns: Array) -> tuple[Array, Array]:
        return self.objective.pulls(columns, self.data.auxiliary[:, None])

    @cached_property
    def _cache(self) -> list[tuple[Part, dict[bytes, Array], dict[bytes, Array]]]:
        """Values and gradients of each channel at the last few points.

        A minimiser moves one or two parameters at a time, and mostly those of one channel.
        """
        return [(part, {}, {}) for part in self.objective.parts]

    def _gradients(self, columns: Array) -> Array:
        """Gradients at many points, ``(n_par, B)``; a channel where its own parameters differ."""
        total = self._pulls(columns)[1]
        for part in self.objective.parts:
            distinct, inverse = np.unique(columns[part.columns], axis=1, return_inverse=True)
            points = np.repeat(columns[:, :1], distinct.shape[1], axis=1)
            points[part.columns] = distinct
            data = self.data.counts[part.bins, None]
            total[part.columns] += self.objective.slope(part, points, data)[:, inverse.ravel()]
        return 2.0 * total

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
        gradient = self._gradients(np.concatenate([up, down]).T).T
        width = (up - down)[np.arange(n), free]
        rows = ((gradient[:n] - gradient[n:]) / width[:, None])[:, free]
        return np.asarray(0.5 * (rows + rows.T))

    def fisher(self, theta: Array) -> Array:
        """Expected information ``sum dmu_j dmu_k / mu + 1/sigma^2`` at one point.

        Its inverse is the covariance matrix of the parameters, ``(n_par, n_par)``.
        """
        return self.objective.information(self._columns(theta)[0])[:, :, 0]

    def pearson(self, theta: Array) -> float:
        """Pearson's chi2 at a point, ``sum (n - mu)^2 / mu``, over the bins that expect something.

        Channels that are not counts give their -2 ln L.
        """
        mu, values = self.expected(theta), self.by_channel(theta)
        total = 0.0
        for channel in self.model.channels:
            bins = self.model.bins[channel.name]
            if channel.statistic.counts:
                used = mu[bins] > 0
                expected, counts = mu[bins][used], self.data.counts[bins][used]
                total += float(np.sum((counts - expected) ** 2 / expected))
            else:
                total += values[channel.name]
        return total

    def check(self, theta: Array) -> None:
        """Raise if the expected counts at a point cannot have produced the counts.

        Raises:
            InputError: if an expected count is negative or not finite, or is zero where there are
                counts; the message names the bin.
        """
        whole = np.asarray(self.expected(theta))
        for channel in self.model.channels:
            if not channel.statistic.counts:
                continue
            bins = self.model.bins[channel.name]
            mu, counts = whole[bins], self.data.counts[bins]
            tolerance = -1e-9 * np.abs(mu).max(initial=0.0)  # rounding of a difference of templates
            bad = ~np.isfinite(mu) | (mu < tolerance) | ((mu <= 0) & (counts > 0))
            if bad.any():
                i = int(np.argmax(bad))
                where = f"model {self.model.name!r}"
                if len(self.model.channels) > 1:
                    where += f", channel {channel.name!r}"
                raise InputError(
                    f"{where}: bin {i} holds {counts[i]:g} counts where {mu[i]:.3g} are expected; "
                    "give the model a background there or leave the bin out"
                )


@lru_cache(maxsize=4)  # toys and MINOS make many likelihoods of one model
def _objective(model: Model) -> Objective:
    return Objective(model)


def _store(known: dict[bytes, Array], key: bytes, value: Array) -> None:
    if len(known) >= _REMEMBERED:
        del known[next(iter(known))]
    known[key] = value
