"""Neutrons with a form factor of their own: F_n as a sum of shapes with coefficients.

    F_n(q) = sum_b beta_b(theta; nucleus) B_b(q)

so a shape phi_s F_n of the amplitude is a sum over b of shapes phi_s B_b, and its coefficient is
shared out by beta. Whatever couples to neutrons, of the Standard Model or of any extension, sees
the same F_n, and all of it stays a sum of terms with weights. The axial current keeps F_A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.processes.framework.extension import Extension, RecoilFactor, Shape
from cevns.typing import Array

__all__ = ["Neutrons"]


@dataclass(frozen=True)
class _Both:
    """Two factors in T as one; equal ones compare equal."""

    factors: tuple[RecoilFactor, ...]

    def __call__(self, recoil_energy_kev: Array, target: Any) -> Array:
        out = self.factors[0](recoil_energy_kev, target)
        for factor in self.factors[1:]:
            out = out * factor(recoil_energy_kev, target)
        return out


def _times(shape: Shape, own: Shape) -> Shape:
    factors = tuple(f for f in (shape.of_recoil, own.of_recoil) if f is not None)
    name = shape.name if own.name == "1" and own.nucleon == "n" else f"{shape.name} {own.name}"
    both = None if not factors else factors[0] if len(factors) == 1 else _Both(factors)
    return Shape(name, own.nucleon, both)


@dataclass(frozen=True)
class Neutrons:
    """What an extension makes of the neutrons' form factor; nothing where none does.

    Args:
        extension: the one with `Extension.neutron_shapes`.
    """

    extension: Extension | None

    @classmethod
    def of(cls, extensions: Sequence[Extension]) -> Neutrons:
        """Those of some extensions.

        Raises:
            InputError: if two of them have a form factor.
        """
        found = [e for e in extensions if e.neutron_shapes]
        if len(found) > 1:
            raise InputError(
                f"{' and '.join(e.name for e in found)} both define the form factor of the "
                "neutrons: use one of them"
            )
        return cls(found[0] if found else None)

    def shapes(self, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        """Each shape that carries F_n as those it is made of."""
        if self.extension is None:
            return tuple(shapes)
        out: list[Shape] = []
        for shape in shapes:
            own = self.extension.neutron_shapes if shape.nucleon == "n" else ()
            out += [_times(shape, b) for b in own] or [shape]
        return tuple(out)

    def coefficients(
        self,
        shapes: Sequence[Shape],
        by_state: Mapping[str, Sequence[Any]],
        nuclide: Nuclide,
        values: Mapping[str, Any],
    ) -> dict[str, list[Any]]:
        """Coefficients of `shapes` as those of ``self.shapes(shapes)``, by final state."""
        if self.extension is None:
            return {state: list(row) for state, row in by_state.items()}
        beta = self.extension.neutron_coefficients(nuclide, values)
        out: dict[str, list[Any]] = {}
        for state, row in by_state.items():
            out[state] = []
            for shape, c in zip(shapes, row, strict=True):
                out[state] += [c * b for b in beta] if shape.nucleon == "n" else [c]
        return out
