"""Points of non-standard interactions that no rate on a target tells from the Standard Model.

With x = (2 Z + N) eps^u_aa + (Z + 2 N) eps^d_aa and equal form factors of protons and neutrons the
rate goes with (G_V + x)^2, G_V = Z g_V^p + N g_V^n < 0, so it is that of the Standard Model on two
parallel lines of the (u, d) plane,

    (2 Z + N) eps^u_aa + (Z + 2 N) eps^d_aa = 0   or   2 |G_V|,

with a slope that differs from target to target. Unequal form factors bend the second line by the
difference of F_p and F_n, a few per cent. A flavour-changing coefficient y adds y^2: the rate is
that of the Standard Model on the circle (G_V + x)^2 + y^2 = G_V^2. Reached as
``cevns.processes.degeneracy``. Source: Barranco, Miranda & Rashba, hep-ph/0508299; Scholberg,
hep-ex/0511042.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.couplings import Couplings, couplings
from cevns.nuclear.materials import Material
from cevns.nuclear.materials import material as find_material
from cevns.nuclear.nuclides import Nuclide
from cevns.typing import Array, ArrayLike

__all__ = ["SCHEME", "DegenerateLines", "degenerate_lines", "degenerate_value"]

SCHEME = "scholberg2021"


@dataclass(frozen=True)
class DegenerateLines:
    """The two lines ``up eps^u + down eps^d = 0`` and ``= offset`` of a nuclide.

    Args:
        nuclide: the target.
        up: 2 Z + N.
        down: Z + 2 N.
        offset: 2 |G_V|.
    """

    nuclide: Nuclide
    up: float
    down: float
    offset: float

    def eps_d(self, eps_u: ArrayLike) -> tuple[Array, Array]:
        """Both lines as functions of eps^u, the one of the Standard Model first.

        Examples:
            >>> import numpy as np
            >>> through_zero, other = degenerate_lines("Ar40")["Ar40"].eps_d(np.array([0.0, 0.1]))
            >>> through_zero.round(3).tolist(), other.round(3).tolist()
            ([0.0, -0.094], [0.346, 0.252])
        """
        first: Array = -self.up / self.down * np.asarray(eps_u, dtype=float)
        return first, first + self.offset / self.down


def degenerate_lines(
    target: str | Material, lepton: str = "mu", scheme: str | Couplings = SCHEME
) -> dict[str, DegenerateLines]:
    """The lines of each nuclide of a target.

    Args:
        target: material or its formula.
        lepton: ``e``, ``mu`` or ``tau``; it matters to flavour-dependent couplings.
        scheme: of the weak couplings.

    Raises:
        InputError: if the formula cannot be read.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> [f"{line.offset / line.up:.3f}" for line in degenerate_lines("CsI").values()]
        ['0.407', '0.403']
    """
    found = find_material(target) if isinstance(target, str) else target
    c = couplings(scheme)
    return {
        x.name: DegenerateLines(
            x, 2.0 * x.z + x.n, x.z + 2.0 * x.n, abs(c.weak_charge(x.z, x.n, lepton))
        )
        for x in found.nuclides
    }


def degenerate_value(
    target: str | Material,
    direction: Mapping[str, float],
    lepton: str = "mu",
    scheme: str | Couplings = SCHEME,
) -> float:
    """Where along a direction of the (u, d) plane the rate is again that of the Standard Model.

    With a_i = (2 Z_i + N_i) u + (Z_i + 2 N_i) d of nuclide i, sum_i n_i [(G_i + a_i s)^2 - G_i^2]
    vanishes at s = 0 and at

        s = -2 sum_i n_i G_i a_i / sum_i n_i a_i^2;     n_i: atoms, form factors left out.

    Args:
        target: material or its formula.
        direction: ``{"u": 1.0}``, ``{"d": 1.0}``, or both: any mix.
        lepton: ``e``, ``mu`` or ``tau``.
        scheme: of the weak couplings.

    Raises:
        InputError: if the direction is none of the plane, or no rate changes along it.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> [f"{degenerate_value(m, {q: 1.0}):.2f}" for m in ("CsI", "Ar") for q in "ud"]
        ['0.41', '0.36', '0.37', '0.35']
    """
    if not direction or set(direction) - {"u", "d"}:
        raise InputError(
            "a direction in the plane of up and down quarks is {'u': 1.0}, {'d': 1.0} or both, "
            f"not {dict(direction)}"
        )
    found = find_material(target) if isinstance(target, str) else target
    lines = degenerate_lines(found, lepton, scheme)
    u, d = direction.get("u", 0.0), direction.get("d", 0.0)
    above = below = 0.0
    for x, atoms in found.atoms:
        line = lines[x.name]
        a = line.up * u + line.down * d
        above += atoms * line.offset * a
        below += atoms * a * a
    if below == 0.0:
        raise InputError(f"no rate on {found.name} changes along {dict(direction)}")
    return above / below
