"""Recoil spectra as a mix of few: what couplings and nuclear radii do, for toys and scans.

A recoil spectrum is a sum of folded terms with weights,

    spectrum_c(T) = sum_r w_r(theta) G_r(T),        r = (flavour, nuclide, term, radius node),

for each arrival class c. The weights of all flavours, nuclides and terms move together: over all
couplings they span a space of few dimensions (three for the weak mixing angle, six for two
couplings in one amplitude). A singular value decomposition of sampled weights finds them, so

    spectrum_c(T) = sum_j v_j(theta) phi_j(T),      v = U^T w,

to rounding. Form factors at another radius are interpolated in the radius between Chebyshev
nodes: F(q R) is entire, and 24 nodes are exact to 1e-10 over any range of nuclear radii.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from cevns.experiments.prediction.separable import Moved, Values
from cevns.experiments.prediction.signal import Signal, spectral_ends
from cevns.experiments.tables.monomials import Monomials
from cevns.parameters import Parameter
from cevns.processes import Proportional, Term
from cevns.rates.electrons import WithElectrons
from cevns.rates.fold import Fold
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.period_fold import KernelPeriods, PeriodFold
from cevns.typing import Array, IntArray

__all__ = ["Mixture", "RadiusNodes", "mixture", "raw_rows", "raw_weights"]

Mixed = Fold | PeriodFold | WithElectrons | KernelFold
"""Folds that are a sum of spectra with weights; a kernel is one if it is `Proportional`."""

_RADIUS_NODES = 24
_MONOMIALS = 500
"""Monomials at most; beyond, weights are evaluated one by one."""
_EXACT = 1e-9
"""Accuracy of polynomials at points far outside those they were made from: rounding."""
_RANK = 1e-13
"""Share of a sampled weight vector below which a direction is rounding."""


@dataclass(frozen=True, eq=False)
class RadiusNodes:
    """Lagrange interpolation in the neutron radius of one nuclide.

    Args:
        centre: of the range, fm.
        half: half its width, fm; zero where the radius never moves.
    """

    centre: float
    half: float

    @property
    def x(self) -> Array:
        """Chebyshev nodes in [-1, 1]; the centre alone where nothing moves."""
        return np.zeros(1) if self.half == 0.0 else chebyshev.chebpts1(_RADIUS_NODES)

    @property
    def radii_fm(self) -> Array:
        """Radii of the nodes."""
        return self.centre + self.half * self.x

    def basis(self, radius_fm: Any) -> list[Any]:
        """Lagrange polynomials of the nodes at a radius: from Chebyshev polynomials."""
        if self.half == 0.0:
            return [1.0]
        # L_k(t) = (2/n) sum'_m T_m(x_k) T_m(t), the first term halved
        factors = 2.0 / _RADIUS_NODES * chebyshev.chebvander(self.x, _RADIUS_NODES - 1)
        factors[:, 0] *= 0.5
        return list(chebyshev.chebval((radius_fm - self.centre) / self.half, factors.T))


@dataclass(frozen=True, eq=False)
class Mixture(Moved):
    """Spectra phi_j and the weights v_j that mix them.

    Args:
        spectra: phi, ``(n_basis, n_nodes)``; those of one arrival class stand together.
        segments: first and last (exclusive) row of each arrival class.
        couplings: that move the weights; empty, without a radius, for constant ones.
        fold: recoil spectra, whose interaction gives the weights.
        radius: name of a parameter that scales all neutron radii.
        radii: range of the neutron radius of each nuclide.
        reduce: U^T, ``(n_basis, n_raw)``; ``(0, 0)`` for constant weights.
        polynomial: the weights as polynomials, where that is what they are: monomials in the
            couplings and coefficients ``(n_basis, n_monomials)``.
    """

    spectra: Array
    segments: tuple[tuple[int, int], ...]
    couplings: tuple[str, ...]
    fold: Mixed
    radius: str | None
    radii: tuple[RadiusNodes, ...]
    reduce: Array
    polynomial: tuple[Monomials, Array] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Couplings and radius."""
        return self.couplings if self.radius is None else (*self.couplings, self.radius)

    @cached_property
    def _stacked_polynomial(self) -> Array:
        """Coefficients of the weights and, below them, of their slopes."""
        assert self.polynomial is not None
        monomials, coefficients = self.polynomial
        slopes = [coefficients @ monomials.slopes[n] for n in self.names]
        return np.concatenate([coefficients, *slopes])

    def weights(self, values: Values, like: Array) -> list[Array]:
        """V and its slopes along `names`, each ``(n_basis, ...)``."""
        if self.polynomial is not None:
            stacked = self._stacked_polynomial
            there = self.polynomial[0].evaluate(values, like)
            product = stacked @ there.reshape(len(there), -1)
            return list(product.reshape(1 + len(self.names), -1, *like.shape))

        def at(point: Mapping[str, Any]) -> Array:
            raw = raw_weights(self.fold, self.radius, self.radii, point, like)
            flat = self.reduce @ raw.reshape(raw.shape[0], -1)
            return flat.reshape(-1, *like.shape)

        mine = {n: values[n] for n in self.parameters}
        out = [at(mine)]
        for name in self.names:
            # weights are smooth in couplings scaled to one: the central difference is exact to 1e-8
            ends = spectral_ends(self.fold, name, mine[name])
            up, down = (at({**mine, name: end}) for end in ends)
            out.append((up - down) / (ends[0] - ends[1]))
        return out

    def mix(self, weights: Array, rows: Array) -> Array:
        """``sum_j v_j rows_j``: ``(n_basis, m, ...)`` to ``(n_classes, m, ...)``."""
        weighted = weights[:, None] * rows
        return np.stack([np.sum(weighted[a:b], axis=0) for a, b in self.segments])


def raw_weights(
    fold: Mixed,
    radius: str | None,
    radii: tuple[RadiusNodes, ...],
    values: Mapping[str, Any],
    like: Array,
) -> Array:
    """Weights of all rows, ``(n_raw, ...)``, in the order of `raw_rows`."""
    coupled = {n: v for n, v in values.items() if n != radius}
    if isinstance(fold, KernelFold):
        assert isinstance(fold.interaction, Proportional)
        return np.stack([fold.interaction.scale(coupled) + 0.0 * like] * len(fold.flavours))
    lagrange = [nodes.basis(_radius(fold, a, radius, values)) for a, nodes in enumerate(radii)]
    rows = []
    for flavour in fold.flavours:
        for a, (nuclide, _) in enumerate(fold.material.atoms):
            weights = fold.interaction.weights(flavour, nuclide, coupled)
            for k, term in enumerate(fold.interaction.terms):
                factors = lagrange[a] if _has_neutrons(term) else [1.0]
                rows += [weights[k] * f + 0.0 * like for f in factors]
        if isinstance(fold, WithElectrons):
            rows += [w + 0.0 * like for w in fold.electrons.weights(coupled, flavour)]
    return np.stack(rows)


def raw_rows(fold: Mixed, radii: tuple[RadiusNodes, ...]) -> tuple[Array, IntArray]:
    """Folded terms G, ``(n_raw, n_nodes)``, and the flavour of each."""
    if isinstance(fold, KernelFold):
        return fold.unit_spectrum, np.arange(len(fold.flavours))
    rows, flavours = [], []
    for f in range(len(fold.flavours)):
        for a, nodes in enumerate(radii):
            by_radius = np.stack([fold.folded_terms(f, a, r) for r in nodes.radii_fm])
            for k, term in enumerate(fold.interaction.terms):
                rows.append(by_radius[:, k] if _has_neutrons(term) else by_radius[:1, k])
                flavours += [f] * len(rows[-1])
        if isinstance(fold, WithElectrons):
            rows.append(fold.electron_terms(f))
            flavours += [f] * len(rows[-1])
    return np.concatenate(rows), np.array(flavours, dtype=np.int64)


def _has_neutrons(term: Term) -> bool:
    """Whether a term depends on the radius of the neutrons."""
    return any(f in ("n", "a") for f in term.form_factors)


def _radius(fold: Mixed, a: int, radius: str | None, values: Mapping[str, Any]) -> Any:
    """Neutron radius of a nuclide at a point, fm; its default where nothing moves it."""
    assert not isinstance(fold, KernelFold)  # its radii are its own
    relative = 1.0 if radius is None else values[radius]
    return fold.neutron_rms_fm(a, values) * relative


def mixture(signal: Signal, scale: Mapping[str, float], classes: list[tuple[int, ...]]) -> Mixture:
    """The recoil spectra of a signal as a mix of few.

    Args:
        signal: the exact one.
        scale: typical steps of the parameters that are not the interaction's.
        classes: flavours that arrive alike.
    """
    fold, binding = signal.fold, signal.binding
    assert not isinstance(fold, KernelPeriods)  # `fast_form` leaves it exact
    names = binding.interaction
    if binding.neutron_radius is not None:
        names = (*names, binding.neutron_radius)
    samples = _samples(signal, names, scale)
    like = np.zeros(len(next(iter(samples.values()), np.zeros(1))))
    radii = []
    for a in range(0 if isinstance(fold, KernelFold) else len(fold.material.atoms)):
        found = np.asarray(_radius(fold, a, binding.neutron_radius, samples)) + like
        low, high = float(found.min()), float(found.max())
        moving = high - low > 1e-9 * high
        radii.append(RadiusNodes(0.5 * (low + high), 0.5 * (high - low) if moving else 0.0))
    rows, flavours = raw_rows(fold, tuple(radii))
    weights = raw_weights(fold, binding.neutron_radius, tuple(radii), samples, like)
    spectra, reduce = [], []
    for members in classes:
        mine = np.isin(flavours, members)
        if not names:
            spectra.append(weights[mine, :1].T @ rows[mine])
        else:
            size = np.abs(rows[mine]).sum(axis=1)
            kept = size > 0.0
            scaled = size[kept, None] * weights[mine][kept]
            norm = np.linalg.norm(scaled, axis=0)
            scaled = scaled[:, norm > 0.0] / norm[norm > 0.0]
            directions, values, _ = np.linalg.svd(scaled, full_matrices=False)
            directions = directions[:, values > _RANK * values.max(initial=0.0)]  # none if empty
            spectra.append(directions.T @ (rows[mine][kept] / size[kept, None]))
            block = np.zeros((directions.shape[1], len(rows)))
            block[:, np.flatnonzero(mine)[kept]] = directions.T * size[kept]
            reduce.append(block)
    ends = np.cumsum([0, *map(len, spectra)]).tolist()
    found_mixture = Mixture(
        np.concatenate(spectra),
        tuple(pairwise(ends)),
        binding.interaction,
        fold,
        binding.neutron_radius,
        tuple(radii),
        np.concatenate(reduce) if reduce else np.zeros((0, 0)),
    )
    if not names:
        return found_mixture
    return replace(found_mixture, polynomial=_polynomial(found_mixture, samples))


def _polynomial(mixture: Mixture, samples: Mapping[str, Array]) -> tuple[Monomials, Array] | None:
    """The weights as polynomials of the couplings; None where they are none (an angle, a radius).

    Amplitudes are linear in most couplings and quadratic in that of a mediator, so weights are
    quadratic or quartic. The coefficients come from points near the nominal values; at the samples,
    orders of magnitude farther out, they must hold to rounding.
    """
    known = mixture.fold.interaction.parameters
    if isinstance(mixture.fold, KernelFold) or not all(known.has(n) for n in mixture.parameters):
        return None  # one factor is quick as it is, and exactly zero where nothing is coupled
    every = np.zeros(len(next(iter(samples.values()))))
    wanted = mixture.weights(samples, every)[0]
    size = np.abs(wanted) + np.abs(wanted).max(axis=1, initial=0.0, keepdims=True) * 1e-6
    centres = np.array([known[n].value for n in mixture.parameters])
    scales = np.array([3.0 * known[n].scale for n in mixture.parameters])
    rng = np.random.default_rng(16)
    for degree in (2, 4):
        count = math.comb(len(mixture.parameters) + degree, degree)
        if count > _MONOMIALS:
            return None
        monomials = Monomials.up_to(degree, mixture.parameters, centres, scales)
        points = {
            n: np.clip(c + s * rng.uniform(-1.0, 1.0, 6 * count), known[n].lower, known[n].upper)
            for n, c, s in zip(mixture.parameters, centres, scales, strict=True)
        }
        like = np.zeros(6 * count)
        design = monomials.evaluate(points, like)
        values = mixture.weights(points, like)[0]
        coefficients = np.linalg.lstsq(design.T, values.T, rcond=None)[0].T
        there = coefficients @ monomials.evaluate(samples, every)
        if np.all(np.abs(there - wanted) <= _EXACT * size):
            return monomials, np.ascontiguousarray(coefficients)
    return None


def _samples(
    signal: Signal, names: tuple[str, ...], scale: Mapping[str, float]
) -> dict[str, Array]:
    """Points over the reach of couplings (over orders of magnitude) and radii."""
    rng = np.random.default_rng(15)
    known = signal.fold.interaction.parameters
    # more points than the weights of a few couplings, or of a radius with its nodes, can span
    size = 200 + 150 * len(names)
    out = {}
    for name in names:
        if name == signal.binding.neutron_radius:
            step = 4.0 * scale[name]
            out[name] = rng.uniform(max(1.0 - step, 0.1), 1.0 + step, size)
            continue
        out[name] = _spread(known[name], size, rng)
    return out


def _spread(p: Parameter, size: int, rng: np.random.Generator) -> Array:
    width = p.upper - p.lower
    if np.isfinite(width) and width <= 200.0 * p.scale:
        return rng.uniform(p.lower, p.upper, size)
    magnitude = p.scale * 10.0 ** rng.uniform(-2.0, 1.5, size)
    signed = magnitude * rng.choice([-1.0, 1.0], size)
    result: Array = np.clip(p.value + signed, p.lower, p.upper)
    return result
