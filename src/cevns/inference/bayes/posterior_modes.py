"""The maxima of a posterior: where a chain starts, and moves that know them.

Fits from many starting points find the maxima. Near each the posterior is about a Gaussian with
the inverse of half the curvature of -2 ln L as covariance C; its share of the probability is about
``exp(-q/2) sqrt(det C)``, q its -2 ln L (Laplace). Walkers start in these proportions. Local moves
do not cross deep valleys, and differ little from step to step, so two more moves use the Gaussians:

- a new point is drawn from their mixture g, with heavier tails (a t distribution), and accepted
  with ``p(y) g(x) / (p(x) g(y))`` (Hastings, Biometrika 57 (1970) 97);
- the Gaussian of mode a is mapped onto that of b, ``y = m_b + C_b^(1/2) C_a^(-1/2) (x - m_a)``,
  accepted with ``p(y)/p(x) sqrt(det C_b/det C_a)``, as any deterministic map that is proposed as
  often as its inverse (Green, Biometrika 82 (1995) 711).

The posterior comes out right however good the approximation is, which only decides how often these
moves succeed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.bayes.log_posterior import LogPosterior
from cevns.inference.minimum.batch import FAILED, BatchFitter
from cevns.inference.minimum.minima import spread
from cevns.typing import Array

__all__ = ["MOST", "STARTS", "Modes", "find_modes"]

STARTS = 24
"""Fits that look for modes."""
_SCREENED = 1024
"""Points that their starting points are chosen from."""
MOST = 8
"""Modes that are kept: a valley of equal minima yields one with every fit."""
_TAIL = 8.0
"""Degrees of freedom of the t distributions that new points are drawn from: tails heavier than
those of a Gaussian."""
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
        for factor in 0.25 ** np.arange(8):  # 6e-5 of the width at last
            step = np.einsum("bij,bj->bi", self.roots[at[left]], factor * noise[left])
            points[left] = _reflected(self.centres[at[left]] + step, *target.bounds)
            left = left[~np.isfinite(target(points[left]))]
            if not left.size:
                break
        points[left] = self.centres[at[left]]
        return points

    def _log_mixture(self, x: Array) -> Array:
        """Logarithm of the density that `independent` draws from, up to a constant."""
        n_free = x.shape[1]
        displacement = (x[:, None, :] - self.centres)[..., None]
        distance = (np.linalg.solve(self.roots, displacement)[..., 0] ** 2).sum(axis=2)
        power = -0.5 * (_TAIL + n_free) * np.log1p(distance / _TAIL)
        terms = np.log(self.weights) - self._log_sizes + power
        top = terms.max(axis=1)
        result: Array = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
        return result

    @cached_property
    def _log_sizes(self) -> Array:
        """Logarithms of the determinants of the roots, ``(n,)``."""
        result: Array = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        return result

    def independent(self, x: Array, rng: np.random.RandomState) -> tuple[Array, Array]:
        """Proposal of a new point for each, and the logarithm of the ratio of densities."""
        at = rng.choice(len(self), len(x), p=self.weights)
        noise = rng.standard_normal(x.shape)
        noise *= np.sqrt(_TAIL / rng.chisquare(_TAIL, (len(x), 1)))
        y = self.centres[at] + np.einsum("bij,bj->bi", self.roots[at], noise)
        return y, self._log_mixture(x) - self._log_mixture(y)

    def jump(self, x: Array, rng: np.random.RandomState) -> tuple[Array, Array]:
        """Proposal of a jump for each point, and the logarithm of its Jacobian determinant."""
        n = len(self)
        a = rng.randint(n, size=len(x))
        b = (a + rng.randint(1, n, size=len(x))) % n
        standard = np.linalg.solve(self.roots[a], (x - self.centres[a])[:, :, None])
        size = self._log_sizes
        return self.centres[b] + (self.roots[b] @ standard)[:, :, 0], size[b] - size[a]


def _reflected(u: Array, lower: Array, upper: Array) -> Array:
    """Points beyond a bound reflected there."""
    u = np.where(u < lower, 2.0 * lower - u, u)
    u = np.where(u > upper, 2.0 * upper - u, u)
    return np.clip(u, lower, upper)


def _starts(target: LogPosterior, rng: np.random.RandomState, n: int) -> Array:
    """Starting points: the nominal one, and others far from each other among the best of many.

    Half of those looked at lie around the nominal point, half all over the flat priors. From a
    point that describes the data badly a fit takes long, and often ends nowhere.
    """
    parameters = [target.model.parameters[int(i)] for i in target.free]
    nominal = target.coordinates(np.array([p.value for p in parameters]))
    lower, upper = target.bounds
    unconstrained = [k for k, p in enumerate(parameters) if p.constraint is None]
    if not unconstrained:
        return nominal[None, :]
    u = np.tile(nominal, (_SCREENED, 1))
    for k in unconstrained:
        scale = 1.0 if target.is_log[k] else parameters[k].scale
        width = scale * 10.0 ** rng.uniform(-0.5, 1.5, _SCREENED)
        around_nominal = nominal[k] + width * rng.standard_normal(_SCREENED)
        uniform = rng.uniform(lower[k], upper[k], _SCREENED)
        u[1:, k] = np.where(np.arange(_SCREENED) % 2, around_nominal, uniform)[1:]
    u = _reflected(u, lower, upper)
    best = np.argsort(-target(u), kind="stable")[: _SCREENED // 8]
    return np.concatenate([u[:1], u[best[spread(u[best][:, unconstrained], n - 1)]]])


def _root(target: LogPosterior, u: Array) -> Array:
    """Root of the covariance matrix at a point; a flat prior alone has width^2/12.

    From the curvature, or, where that has no minimum, from the Fisher matrix.
    """
    theta = target.theta(u[None, :])[0]
    slope = np.where(target.is_log, theta[target.free], 1.0)
    lower, upper = target.bounds
    try:
        curvature = 0.5 * target.likelihood.hessian(theta, target.free)
        return _inverse_root(curvature * slope[:, None] * slope, upper - lower)
    except np.linalg.LinAlgError:
        fisher = target.likelihood.fisher(theta)[np.ix_(target.free, target.free)]
        return _inverse_root(fisher * slope[:, None] * slope, upper - lower)


def _inverse_root(information: Array, width: Array) -> Array:
    """Lower triangular root of the inverse of an information matrix and that of the bounds.

    Raises:
        LinAlgError: if it is not positive definite.
    """
    total = information + np.diag(12.0 / width**2)
    diagonal = np.diagonal(total)
    if not (np.isfinite(total).all() and (diagonal > 0).all()):
        raise np.linalg.LinAlgError
    scale = 1.0 / np.sqrt(diagonal)
    scaled = total * scale[:, None] * scale
    np.linalg.cholesky(scaled)  # a matrix that is not positive definite may have an inverse
    covariance = np.linalg.inv(scaled)
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
    found = BatchFitter(target.model).fit(target.likelihood.data, target.theta(start).T)
    lower, upper = target.bounds
    fitted = np.clip(target.coordinates(found.theta[:, target.free]), lower, upper)
    u = np.where((found.status < FAILED)[:, None], fitted, start)
    density = target(u)
    kept: list[tuple[float, Array, Array]] = []
    for k in np.argsort(-density, kind="stable"):
        if not np.isfinite(density[k]) or len(kept) == MOST:
            break
        distances = (np.linalg.norm(np.linalg.solve(r, u[k] - centre)) for _, centre, r in kept)
        if any(d < _APART for d in distances):
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
