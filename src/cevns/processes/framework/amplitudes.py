"""From amplitudes to cross sections: pairs of shapes are terms, products of coefficients weights.

Nuclei and electrons share the arithmetic. With the coefficients c_s(b) of final state b,

    sum_b |sum_s c_s(b) phi_s|^2
        = sum_{s <= s'} (2 - delta_ss') [sum_b c_s(b) c_s'(b)] phi_s phi_s',

and the axial charge A of the Standard Model meets the state of its own flavour: 2 A c_s phi_s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from cevns.processes.framework.extension import RecoilFactor, Shape
from cevns.processes.framework.terms import Factor, Term
from cevns.processes.standard_model import axial_shape, interference_shape, vector_shape
from cevns.typing import Array

__all__ = ["Amplitudes", "all_shapes", "amplitude_terms", "pairs", "stack"]


@dataclass(frozen=True)
class _Scaled:
    """A kinematic polynomial times factors in T; equal ones compare equal and are shared."""

    polynomial: Any
    factors: tuple[RecoilFactor, ...]

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        out: Array = self.polynomial(recoil_energy_kev, target)
        for factor in self.factors:
            out = out * factor(recoil_energy_kev, target)
        return out


def _term(name: str, polynomial: Any, carriers: Sequence[str], shapes: Sequence[Shape]) -> Term:
    factors = tuple(s.of_recoil for s in shapes if s.of_recoil is not None)
    form_factors = cast("tuple[Factor, ...]", tuple(c for c in carriers if c not in ("e", "")))
    return Term(name, form_factors, _Scaled(polynomial, factors) if factors else polynomial)


def pairs(n: int) -> list[tuple[int, int]]:
    """Pairs of `n` shapes, each once, a shape with itself included."""
    return [(i, j) for i in range(n) for j in range(i, n)]


def amplitude_terms(basis: Sequence[Shape], axial: str | None) -> list[Term]:
    """Terms of the squared amplitude.

    Args:
        basis: the shapes.
        axial: form factor of the axial current, ``a``; ``e`` for none; None without the current.
    """
    labels = [s.nucleon if s.name == "1" else f"{s.name}.{s.nucleon}".rstrip(".") for s in basis]
    out = [
        _term(
            f"{labels[i]}*{labels[j]}",
            vector_shape,
            (basis[i].nucleon, basis[j].nucleon),
            (basis[i], basis[j]),
        )
        for i, j in pairs(len(basis))
    ]
    if axial is None:
        return out
    for label, shape in zip(labels, basis, strict=True):
        out.append(_term(f"{label}*a", interference_shape, (shape.nucleon, axial), (shape,)))
    return [*out, _term("a*a", axial_shape, (axial, axial), ())]


class Amplitudes:
    """Coefficients of the shapes by final state, to which extensions add.

    What arrives may be a superposition of flavours: the amplitudes of each are added with its own.

    Args:
        basis: the shapes.
    """

    def __init__(self, basis: Sequence[Shape]) -> None:
        self._position = {s.key: k for k, s in enumerate(basis)}
        self._states: dict[str, list[Any]] = {}
        self._axial: dict[str, Any] = {}

    def add(
        self,
        shapes: Sequence[Shape],
        by_state: Mapping[str, Sequence[Any]],
        amplitude: complex = 1.0,
    ) -> None:
        """Add coefficients of `shapes` to their final states, of a flavour with `amplitude`."""
        for state, coefficients in by_state.items():
            for part, label in _parts(state, amplitude):
                row = self._states.setdefault(label, [0.0] * len(self._position))
                for shape, c in zip(shapes, coefficients, strict=True):
                    k = self._position[shape.key]
                    row[k] = row[k] + (c if part == 1.0 else part * c)

    def add_axial(self, state: str, charge: Any, amplitude: complex = 1.0) -> None:
        """Add the axial charge of a flavour, a number or of points; it leaves it as it is."""
        for part, label in _parts(state, amplitude):
            self._axial[label] = self._axial.get(label, 0.0) + part * charge

    def weights(self) -> list[Any]:
        """Weights of `amplitude_terms`, with those of the axial current where it was added."""
        out: list[Any] = []
        for i, j in pairs(len(self._position)):
            factor = 1.0 if i == j else 2.0
            out.append(sum(factor * row[i] * row[j] for row in self._states.values()))
        if self._axial:
            for k in range(len(self._position)):
                meet = ((self._states.get(s), a) for s, a in self._axial.items())
                out.append(sum(2.0 * row[k] * a for row, a in meet if row is not None))
            out.append(sum(a * a for a in self._axial.values()))
        return out


def _parts(state: str, amplitude: complex) -> list[tuple[float, str]]:
    """Real and imaginary part of an amplitude times that of a state, each a state of its own."""
    whole, own = complex(amplitude), state
    if state.endswith(":im"):
        whole, own = 1j * whole, state.removesuffix(":im")
    found = ((whole.real, own), (whole.imag, f"{own}:im"))
    return [(part, label) for part, label in found if part != 0.0]


def stack(rows: Sequence[Any], scale: Any, values: Mapping[str, Any]) -> Array:
    """Weights times a factor, in the shape of the point they are asked at: ``(n_terms, ...)``."""
    size = np.broadcast_shapes(*(np.shape(x) for x in (*rows, scale, *values.values())))
    out = np.empty((len(rows), *size))
    for k, row in enumerate(rows):  # this is the innermost loop of exact fits
        np.multiply(row, scale, out=out[k, ...])
    return out


def all_shapes(first: Sequence[Shape], *others: Sequence[Shape]) -> tuple[Shape, ...]:
    """Shapes in their order, each once."""
    found: dict[tuple[str, str], Shape] = {}
    for shape in (*first, *(s for shapes in others for s in shapes)):
        found.setdefault(shape.key, shape)
    return tuple(found.values())
