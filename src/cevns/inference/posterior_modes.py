"""The maxima of a posterior: where a chain starts, and jumps from one to another.

Fits from many starting points find the maxima. Near each the posterior is about a Gaussian with
the inverse Fisher matrix as covariance C; its share of the probability is about
``exp(-q/2) sqrt(det C)``, q its -2 ln L (Laplace). Walkers start in these proportions. Local moves
do not cross deep valleys, so a move of its own maps the Gaussian of mode a onto that of mode b,

    y = m_b + C_b^(1/2) C_a^(-1/2) (x - m_a),

which is accepted with ``p(y)/p(x) sqrt(det C_b/det C_a)``, as any deterministic map and its inverse
that are proposed equally often (Green, Biometrika 82 (1995) 711). The shares of the modes then
come out right however good the approximation is; it only decides how often a jump succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.batched import FAILED, BatchFitter
from cevns.inference.log_posterior import LogPosterior
from cevns.typing import Array

STARTS = 32
"""Fits that look for modes."""
MOST = 8
"""Modes that are kept: a valley of equal minima yields one with every fit."""
_APART = 3.0
"""Distance in standard deviations at which two fits are two modes."""
_NEGLIGIBLE = 12.0
"""Logarithm of the ratio of probabilities beyond which a mode is left out."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Gaussians around the maxima, in coordinates, from the heaviest.

    Args:
        centres: ``(n, n_free)``.
        roots: lower triangular roots of the covariance matrices, ``(n, n_free, n_free)``.
        weights: approximate shares of the probability, ``(n,)``, with sum one.
    """

    centres: Array
    roots: Array
    weights: Array

    def __len__(self) -> int:
        """Number of modes."""
        return len(self.centres)

    def draw(self, rng: np.random.RandomState, n: int, target: LogPosterior) -> Array:
        """`n` points of finite density, spread as the Gaussians are, ``(n, n_free)``."""
        at = rng.choice(len(self), n, p=self.weights)
        noise = rng.standard_normal((n, self.centres.shape[1]))
        points = np.empty_like(noise)
        left = np.arange(n)
        for shrink in 0.25 ** np.arange(8):  # 6e-5 of the width at last
            step = np.einsum("bij,bj->bi", self.roots[at[left]], shrink * noise[left])
            points[left] = _fold(self.centres[at[left]] + step, *target.bounds)
            left = left[~np.isfinite(target(points[left]))]
            if not left.size:
                break
        points[left] = self.centres[at[left]]
        return points

    def jump(self, x: Array, rng: np.random.RandomState) -> tuple[Array, Array]:
        """Proposal of a jump for each point, and the logarithm of its Jacobian determinant."""
        n = len(self)
        a = rng.randint(n, size=len(x))
        b = (a + rng.randint(1, n, size=len(x))) % n
        standard = np.linalg.solve(self.roots[a], (x - self.centres[a])[:, :, None])
        size = np.log(np.abs(np.diagonal(self.roots, axis1=1, axis2=2))).sum(axis=1)
        return self.centres[b] + (self.roots[b] @ standard)[:, :, 0], size[b] - size[a]


JumpMove = Callable[[Array, np.random.RandomState], tuple[Array, Array]]


def _fold(u: Array, lower: Array, upper: Array) -> Array:
    """Points beyond a bound reflected there."""
    u = np.where(u < lower, 2.0 * lower - u, u)
    u = np.where(u > upper, 2.0 * upper - u, u)
    return np.clip(u, lower, upper)


def _starts(target: LogPosterior, rng: np.random.RandomState, n: int) -> Array:
    """Starting points: the nominal one, some around it, the others all over flat priors."""
    parameters = [target.model.parameters[int(i)] for i in target.free]
    nominal = target.coordinates(np.array([p.value for p in parameters]))
    lower, upper = target.bounds
    u = np.tile(nominal, (n, 1))
    flat = [k for k, p in enumerate(parameters) if p.constraint is None]
    for k in flat:
        scale = 1.0 if target.is_log[k] else parameters[k].scale
        near = nominal[k] + scale * 10.0 ** rng.uniform(-0.5, 1.5, n) * rng.standard_normal(n)
        anywhere = rng.uniform(lower[k], upper[k], n)
        u[1:, k] = np.where(np.arange(n) % 2, near, anywhere)[1:]
    return _fold(u, lower, upper)


def _root(target: LogPosterior, u: Array) -> Array:
    """Root of the covariance matrix at a point; a flat prior alone has width^2/12."""
    theta = target.theta(u[None, :])[0]
    slope = np.where(target.is_log, theta[target.free], 1.0)
    fisher = target.likelihood.fisher(theta)[np.ix_(target.free, target.free)]
    fisher = fisher * slope[:, None] * slope
    lower, upper = target.bounds
    information = fisher + np.diag(12.0 / (upper - lower) ** 2)
    scale = 1.0 / np.sqrt(np.diagonal(information))
    covariance = np.linalg.inv(information * scale[:, None] * scale)
    root: Array = scale[:, None] * np.linalg.cholesky(0.5 * (covariance + covariance.T))
    return root


def find_modes(target: LogPosterior, rng: np.random.RandomState, n: int = STARTS) -> Modes:
    """The modes that fits from `n` starting points find.

    A fit that does not converge counts with the point where it began: a posterior needs no
    minimum.

    Raises:
        InputError: if the posterior vanishes at all of them.
    """
    start = _starts(target, rng, n)
    data = target.likelihood.data
    found = BatchFitter(target.model).fit(data.counts, data.auxiliary, target.theta(start).T)
    lower, upper = target.bounds
    fitted = np.clip(target.coordinates(found.theta[:, target.free]), lower, upper)
    u = np.where((found.status < FAILED)[:, None], fitted, start)
    density = target(u)
    kept: list[tuple[float, Array, Array]] = []
    for k in np.argsort(-density, kind="stable"):
        if not np.isfinite(density[k]) or len(kept) == MOST:
            break
        away = (np.linalg.solve(root, u[k] - centre) for _, centre, root in kept)
        if any(np.linalg.norm(d) < _APART for d in away):
            continue
        root = _root(target, u[k])
        kept.append((float(density[k] + np.log(np.diagonal(root)).sum()), u[k], root))
    if not kept:
        raise InputError(
            f"model {target.model.name!r}: the counts are impossible at all {n} starting points; "
            "move its nominal values or narrow the priors"
        )
    kept.sort(key=lambda item: -item[0])
    kept = [item for item in kept if item[0] > kept[0][0] - _NEGLIGIBLE]
    weights = np.exp(np.array([w for w, _, _ in kept]) - kept[0][0])
    return Modes(
        np.array([c for _, c, _ in kept]),
        np.array([r for _, _, r in kept]),
        weights / weights.sum(),
    )
