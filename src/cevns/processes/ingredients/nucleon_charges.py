"""Scalar and tensor charges of the nucleons: what a coupling to quarks means for a nucleus.

A vector current counts quarks; scalar and tensor currents need matrix elements, whose values
differ between papers by tens of per cent. They are declared, by name or as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from cevns.constants import M_NEUTRON_MEV, M_PROTON_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.nuclides import Nuclide
from cevns.processes.framework.terms import Term
from cevns.registry import canonical
from cevns.typing import Array

__all__ = ["NucleonCharges", "nucleon_charges", "pair_terms"]


@dataclass(frozen=True)
class NucleonCharges:
    """Charges c_N of the nucleons: the coupling of a nucleon is g c_N.

    Args:
        name: of the choice.
        proton: c_p.
        neutron: c_n.
        source: where the numbers come from; [M] is from memory.

    Raises:
        InputError: if a charge is not finite.
    """

    name: str
    proton: float
    neutron: float
    source: str = "own"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.proton) and math.isfinite(self.neutron)):
            raise InputError(f"charges {self.name!r}: proton and neutron must be finite numbers")

    @classmethod
    def scalar(
        cls,
        name: str,
        u: float,
        d: float,
        *,
        masses_mev: tuple[float, float] = (2.2, 4.7),
        in_proton: tuple[float, float] = (0.0208, 0.0411),
        in_neutron: tuple[float, float] = (0.0189, 0.0451),
    ) -> Self:
        """Scalar charges from couplings to u and d, c_N = sum_q (g_q/g) (m_N/m_q) f_q^N.

        The fractions f_q^N of the nucleon mass are those of arXiv:1506.04142 [M], the quark masses
        MS-bar at 2 GeV [M]; heavier quarks would add some 3 % if they coupled alike.

        Args:
            name: of the choice.
            u: g_u/g.
            d: g_d/g.
            masses_mev: of u and d.
            in_proton: f_u and f_d of the proton.
            in_neutron: f_u and f_d of the neutron.

        Examples:
            >>> c = NucleonCharges.scalar("up only", 1.0, 0.0)
            >>> round(c.proton, 2), round(c.neutron, 2)
            (8.87, 8.07)
        """
        ratios = u / masses_mev[0], d / masses_mev[1]
        proton, neutron = (
            m * sum(r * f for r, f in zip(ratios, fractions, strict=True))
            for m, fractions in ((M_PROTON_MEV, in_proton), (M_NEUTRON_MEV, in_neutron))
        )
        return cls(name, proton, neutron, "f_q of arXiv:1506.04142 [M]")

    @property
    def largest(self) -> float:
        """The larger of the two in size."""
        return max(abs(self.proton), abs(self.neutron))

    def squared(self, nuclide: Nuclide) -> tuple[float, float, float]:
        """(c_p Z F_p + c_n N F_n)^2 by form factors: the weights of `pair_terms`."""
        p, n = self.proton * nuclide.z, self.neutron * nuclide.n
        return p * p, 2.0 * p * n, n * n


def pair_terms(name: str, shape: Callable[[Array, Nuclide], Array]) -> tuple[Term, ...]:
    """Terms pp, pn and nn of one shape."""
    return (
        Term(f"{name}.pp", ("p", "p"), shape),
        Term(f"{name}.pn", ("p", "n"), shape),
        Term(f"{name}.nn", ("n", "n"), shape),
    )


_NUCLEONS = NucleonCharges("nucleons", 1.0, 1.0, "g is the coupling to nucleons")
# tensor, equal couplings to u and d: delta_u + delta_d, by isospin the same for both nucleons
_LATTICE, _ANSELMINO = 0.784 - 0.204, 0.54 - 0.23


@cache
def _named(kind: str) -> dict[str, NucleonCharges]:
    table = {
        "scalar": (
            NucleonCharges.scalar("quarks", 1.0, 1.0),
            NucleonCharges("14A+1.1Z", 15.1, 14.0, "arXiv:1604.01025, as in B. Kavanagh's code"),
            _NUCLEONS,
        ),
        "tensor": (
            NucleonCharges("lattice", _LATTICE, _LATTICE, "arXiv:1808.07597 [M], 2 GeV"),
            NucleonCharges("anselmino", _ANSELMINO, _ANSELMINO, "arXiv:0812.4366 [M]"),
            _NUCLEONS,
        ),
    }
    return {canonical(c.name): c for c in table[kind]}


def nucleon_charges(kind: str, choice: Any) -> NucleonCharges:
    """The charges called `choice`; one's own `NucleonCharges` pass through.

    Args:
        kind: ``scalar`` (``quarks``, ``14A+1.1Z``, ``nucleons``) or ``tensor`` (``lattice``,
            ``anselmino``, ``nucleons``).
        choice: a name or one's own.

    Raises:
        UnknownNameError: if there is no such choice.

    Examples:
        >>> c = nucleon_charges("scalar", "quarks")
        >>> round(c.proton, 1), round(c.neutron, 1), nucleon_charges("tensor", "lattice").proton
        (17.1, 17.1, 0.58)
    """
    if isinstance(choice, NucleonCharges):
        return choice
    known = _named(kind)
    if canonical(str(choice)) not in known:
        raise UnknownNameError(f"{kind} charges", str(choice), [c.name for c in known.values()])
    return known[canonical(str(choice))]
