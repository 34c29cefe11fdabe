"""Flavours that change on the way: one more copy of every term for each flux factor.

A neutrino emitted as a arrives as b with probability P_ab(E) = delta_ab + sum_i c_i,ab h_i(E).
The signal of a is sum_b P_ab sigma_b, so with the weights W_b of the scattering

    W_a on the terms, and sum_b c_i,ab W_b on their copies with the flux factor h_i:

exact for any couplings that depend on flavour. What arrives is taken as a mixture of flavours:
interference between flavours that oscillate and a process that changes them is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cevns.exceptions import InputError
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.terms import FluxFactor, Term
from cevns.typing import Array

__all__ = ["arriving_weights", "with_flux_factors"]


@dataclass(frozen=True)
class _Product:
    """Two flux factors as one."""

    first: FluxFactor
    second: FluxFactor

    def __call__(self, energy_mev: Array) -> Array:
        return self.first(energy_mev) * self.second(energy_mev)


def _mixing(extensions: Sequence[Extension]) -> Extension | None:
    """The one extension that changes flavours.

    Raises:
        InputError: if there are two.
    """
    found = [e for e in extensions if e.flux_factors]
    if len(found) > 1:
        raise InputError(
            f"{' and '.join(e.name for e in found)} both change flavours on the way from the "
            "source: combine their probabilities in one extension"
        )
    return found[0] if found else None


def with_flux_factors(terms: tuple[Term, ...], extensions: Sequence[Extension]) -> tuple[Term, ...]:
    """The terms, then a copy of them all for each flux factor of an extension.

    Raises:
        InputError: if several extensions change flavours.
    """
    mixing = _mixing(extensions)
    factors = () if mixing is None else mixing.flux_factors
    return terms + tuple(
        replace(
            t,
            name=f"{t.name} h{i}",
            flux_factor=h if t.flux_factor is None else _Product(h, t.flux_factor),
        )
        for i, h in enumerate(factors)
        for t in terms
    )


def arriving_weights(
    extensions: Sequence[Extension],
    flavour: str,
    values: Mapping[str, Any],
    scattering: Callable[[str], Array],
) -> Array:
    """Weights of the terms `with_flux_factors`, ``(n_terms, ...)``.

    Args:
        extensions: one of them may change flavours.
        flavour: as emitted.
        values: parameters by name.
        scattering: weights of the terms, in the shape of `values`, for the flavour that arrives.
    """
    here = scattering(flavour)
    mixing = _mixing(extensions)
    if mixing is None:
        return here
    blocks = [here]
    for changes in mixing.transitions(flavour, values):
        total = np.zeros_like(here)
        for arriving, change in changes.items():
            total = total + change * (here if arriving == flavour else scattering(arriving))
        blocks.append(total)
    return np.concatenate(blocks)
