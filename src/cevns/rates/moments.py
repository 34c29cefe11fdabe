"""Flux moments with a weight that depends on neutrino energy, for oscillations on the way.

    I_k(E_min) = integral_{E_min}^inf phi(E) h(E) E^-k dE,    k = 0, 1, 2        (MeV^-k)

Lines are exact. The rest is integrated between all the E_min asked for, from the end point down,
so that moments near it keep their digits. Each piece is halved until Gauss-Legendre on it and on
its halves agree. A moment k enters a rate with E_min^k, so its error is held against I_0/E^k:
at low energies, where h may oscillate without end, nothing is resolved that cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

import numpy as np

from cevns.exceptions import InputError
from cevns.processes import FluxFactor, Kinematics, Term, term_kinematics
from cevns.sources import Source
from cevns.typing import Array, ArrayLike

__all__ = ["TOLERANCE", "TermsAt", "alike", "fold_terms", "weighted_moments"]

TOLERANCE = 1e-13
"""Of a piece, relative to the flux above it."""
_NODES = 16
_ROUNDING = 64.0 * np.finfo(float).eps
_MOST_PIECES = 400_000
_CHUNK = 20_000


class TermsAt(Protocol):
    """A process as a sum of terms, at nuclei or at electrons."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms."""
        ...

    @property
    def kinematics(self) -> Kinematics:
        """Which recoils a neutrino can give."""
        ...


def weighted_moments(
    source: Source,
    flavour: str,
    e_min_mev: ArrayLike,
    factor: Callable[[Array], Array] | None = None,
) -> Array:
    """Flux moments above `e_min_mev` with the weight `factor`, shape ``(3, ...)``, MeV^-k.

    Args:
        source: the neutrinos.
        flavour: as emitted.
        e_min_mev: lower ends, MeV.
        factor: h, function of energies in MeV; None for the source's own moments.

    Raises:
        InputError: if the factor oscillates too fast to be integrated.

    Examples:
        >>> from cevns.sources import SNS
        >>> sns = SNS(distance_m=19.3, protons=3.198e23)
        >>> ours = weighted_moments(sns, "nu_e", [5.0, 50.0], lambda e: e)
        >>> np.allclose(ours[1:], sns.moments("nu_e", [5.0, 50.0])[:2], rtol=1e-12)
        True
    """
    if factor is None:
        return source.moments(flavour, e_min_mev)
    e_min = np.asarray(e_min_mev, dtype=float)
    flat = e_min.ravel()
    total = np.zeros((3, flat.size))
    for energy, weight in source.lines(flavour):
        value = weight * float(np.asarray(factor(np.array([energy])))[0])
        total += (flat <= energy) * value * energy ** -np.arange(3.0)[:, None]
    total += _continuous(source, flavour, flat, factor)
    return total.reshape(3, *e_min.shape)


def fold_terms(
    interaction: TermsAt,
    polynomials: Array,
    source: Source,
    flavour: str,
    recoil_energy_kev: Array,
    mass_mev: float,
) -> Array:
    """Flux-averaged terms without form factors, cm2/keV, ``(n_terms, n)``.

    Args:
        interaction: with terms, and kinematics that say which energies give a recoil.
        polynomials: coefficients of the terms, ``(n_terms, 3, n)``.
        source: the neutrinos.
        flavour: as emitted.
        recoil_energy_kev: ``(n,)``.
        mass_mev: of what recoils.
    """
    out = np.empty((len(interaction.terms), recoil_energy_kev.size))
    for (factor, kinematics), mine in alike(interaction).items():
        e_min = kinematics.minimum_energy_mev(recoil_energy_kev, mass_mev)
        moments = np.asarray(weighted_moments(source, flavour, e_min, factor))
        out[mine] = np.einsum("kmj,mj->kj", polynomials[mine], moments)
    return out


def alike(interaction: TermsAt) -> dict[tuple[FluxFactor | None, Kinematics], list[int]]:
    """Positions of the terms that meet the same moments of the flux, by what makes these."""
    members: dict[tuple[FluxFactor | None, Kinematics], list[int]] = {}
    for k, term in enumerate(interaction.terms):
        key = term.flux_factor, term_kinematics(term, interaction.kinematics)
        members.setdefault(key, []).append(k)
    return members


def _continuous(
    source: Source, flavour: str, e_min: Array, factor: Callable[[Array], Array]
) -> Array:
    """Moments of the continuous part above each of `e_min`."""
    top = source.end_point_mev(flavour)
    inside = np.minimum(np.maximum(e_min, 0.0), top)
    lowest = float(inside.min(initial=top))
    breaks = [e for e in source.breaks(flavour) if lowest < e < top]
    edges = np.unique([*inside.tolist(), *breaks, top])
    if edges.size < 2:
        return np.zeros((3, e_min.size))

    def integrand(energy: Array) -> Array:
        inverse = 1.0 / energy
        weighted = source.spectrum(flavour, energy) * factor(energy)
        return np.stack([weighted, weighted * inverse, weighted * inverse * inverse])

    pieces = _pieces(integrand, edges, np.asarray(source.moments(flavour, edges[:-1]))[0])
    above = np.zeros((3, edges.size))
    above[:, :-1] = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
    result: Array = above[:, np.searchsorted(edges, inside)]
    return result


@cache
def _gauss() -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(_NODES)
    return x, w


def _rule(integrand: Callable[[Array], Array], lower: Array, upper: Array) -> Array:
    """Gauss-Legendre on every interval, ``(3, n)``."""
    x, w = _gauss()
    out = np.empty((3, lower.size))
    for start in range(0, lower.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        half = 0.5 * (upper[part] - lower[part])
        nodes = lower[part, None] + half[:, None] * (x + 1.0)
        out[:, part] = (integrand(nodes) @ w) * half
    return out


def _pieces(integrand: Callable[[Array], Array], edges: Array, above: Array) -> Array:
    """Integrals between the edges, ``(3, n)``; `above` is the flux above each lower edge."""
    lower, upper = edges[:-1], edges[1:]
    owner = np.arange(lower.size)
    total = np.zeros((3, lower.size))
    whole = _rule(integrand, lower, upper)
    powers = np.arange(3.0)[:, None]
    while owner.size:
        if owner.size > _MOST_PIECES:
            raise InputError(
                "the flux factor oscillates too fast over the spectrum to be integrated: lower "
                "dm2_41, declare the extent of the source, or ask for higher recoil energies"
            )
        middle = 0.5 * (lower + upper)
        left, right = _rule(integrand, lower, middle), _rule(integrand, middle, upper)
        both = left + right
        scale = lower**powers
        error = (np.abs(both - whole) * scale).max(axis=0)
        rounding = _ROUNDING * (np.abs(both) * scale).max(axis=0)
        settled = error <= np.maximum(TOLERANCE * above[owner], rounding)
        for k in range(3):
            total[k] += np.bincount(owner[settled], both[k, settled], minlength=total.shape[1])
        open_ = ~settled
        whole = np.concatenate([left[:, open_], right[:, open_]], axis=1)
        lower, upper, owner = (
            np.concatenate([lower[open_], middle[open_]]),
            np.concatenate([middle[open_], upper[open_]]),
            np.concatenate([owner[open_], owner[open_]]),
        )
    return total
