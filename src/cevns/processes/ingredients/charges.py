"""Charges of the fermions under a new U(1), the named ones and one's own.

The mediator of a gauged, vector-like symmetry couples to a charged lepton and its neutrino
alike, and to quarks through baryon number. The combinations below are free of anomalies with
three right-handed neutrinos (universal is not: it stands for the comparison of experiments).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from typing import Any, Self

from cevns.exceptions import InputError, UnknownNameError
from cevns.registry import canonical

__all__ = ["Charges", "charge_assignments", "charges"]

_TABLES = "arXiv:2009.14220, 2202.10829, 2202.11002 [M]"


@dataclass(frozen=True)
class Charges:
    """Charges x_f: the coupling of a fermion is g x_f.

    Args:
        name: of the assignment.
        u: of up quarks.
        d: of down quarks.
        e: of electrons; used by scattering on electrons and in loops.
        mu: of muons; used in loops.
        tau: of taus; used in loops.
        nu_e: of electron neutrinos.
        nu_mu: of muon neutrinos.
        nu_tau: of tau neutrinos.
        source: where the numbers come from; [M] is from memory.

    Raises:
        InputError: if a charge is not finite, or if quarks have none and those of the charged
            leptons do not sum to zero: the mixing with the photon is then infinite.

    Examples:
        >>> b_l = charges("B-L")
        >>> b_l.proton, b_l.neutron, b_l.neutrino("mu"), b_l.by_loop
        (1.0, 1.0, -1.0, False)
        >>> Charges("protophobic", u=-1 / 3, d=2 / 3, nu_e=1.0).neutron
        1.0
    """

    name: str
    u: float = 0.0
    d: float = 0.0
    e: float = 0.0
    mu: float = 0.0
    tau: float = 0.0
    nu_e: float = 0.0
    nu_mu: float = 0.0
    nu_tau: float = 0.0
    source: str = "own"

    def __post_init__(self) -> None:
        values = (self.u, self.d, *self.leptons, self.nu_e, self.nu_mu, self.nu_tau)
        if not all(math.isfinite(x) for x in values):
            raise InputError(f"charges {self.name!r}: every charge must be a finite number")
        if self.by_loop and abs(sum(self.leptons)) > 1e-12:
            raise InputError(
                f"charges {self.name!r}: quarks have none, so the force on nuclei comes from "
                f"lepton loops, which are finite only if the charges of e, mu and tau sum to zero, "
                f"not to {sum(self.leptons):g}"
            )

    @classmethod
    def gauged(cls, name: str, baryon: float, e: float, mu: float, tau: float) -> Self:
        """``baryon`` times B, and the same charge for a lepton and its neutrino."""
        q = baryon / 3.0
        return cls(name, q, q, e, mu, tau, e, mu, tau, source=_TABLES)

    @property
    def proton(self) -> float:
        """2 x_u + x_d: a vector current counts quarks."""
        return 2.0 * self.u + self.d

    @property
    def neutron(self) -> float:
        """x_u + 2 x_d."""
        return self.u + 2.0 * self.d

    @property
    def leptons(self) -> tuple[float, float, float]:
        """Charges of e, mu and tau."""
        return self.e, self.mu, self.tau

    @property
    def by_loop(self) -> bool:
        """Whether nuclei feel the mediator only through loops of charged leptons."""
        return self.u == 0.0 == self.d

    def neutrino(self, lepton: str) -> float:
        """Charge of the neutrino of a lepton family."""
        return {"e": self.nu_e, "mu": self.nu_mu, "tau": self.nu_tau}[lepton]


@cache
def _named() -> dict[str, Charges]:
    gauged = Charges.gauged
    table = (
        Charges("universal", *(1.0,) * 8, source="arXiv:1708.04255, 2008.05022 [M]"),
        gauged("B-L", 1.0, -1.0, -1.0, -1.0),
        gauged("B-3L_e", 1.0, -3.0, 0.0, 0.0),
        gauged("B-3L_mu", 1.0, 0.0, -3.0, 0.0),
        gauged("B-3L_tau", 1.0, 0.0, 0.0, -3.0),
        gauged("B-2L_e-L_mu", 1.0, -2.0, -1.0, 0.0),
        gauged("B-L_e-2L_mu", 1.0, -1.0, -2.0, 0.0),
        gauged("B-1.5L_mu-1.5L_tau", 1.0, 0.0, -1.5, -1.5),
        # B_y = B_1 + y B_2 + (-3 + y) B_3: only the first family is inside nuclei
        gauged("B_y+L_mu+L_tau", 1.0, 0.0, 1.0, 1.0),
        gauged("L_e-L_mu", 0.0, 1.0, -1.0, 0.0),
        gauged("L_e-L_tau", 0.0, 1.0, 0.0, -1.0),
        gauged("L_mu-L_tau", 0.0, 0.0, 1.0, -1.0),
    )
    return {canonical(c.name): c for c in table}


def charge_assignments() -> tuple[str, ...]:
    """Names of the assignments.

    Examples:
        >>> charge_assignments()[:2]
        ('universal', 'B-L')
    """
    return tuple(c.name for c in _named().values())


def charges(name: str | Charges) -> Charges:
    """The assignment called `name` (case, ``-`` and ``_`` are equal); one's own passes through.

    One's own may be written too, as charges by the names of the fields with spaces between; what
    is left out is zero.

    Raises:
        UnknownNameError: if there is no such assignment, or fermion.
        InputError: if a charge is no number.

    Examples:
        >>> charges("l-mu-l-tau").neutrino("tau")
        -1.0
        >>> charges("u=1/3 d=1/3 nu_mu=-1").neutron
        1.0
    """
    if isinstance(name, Charges):
        return name
    if "=" in name:
        return _written(name)
    try:
        return _named()[canonical(name)]
    except KeyError:
        raise UnknownNameError("charge assignment", name, charge_assignments()) from None


def _written(text: str) -> Charges:
    """Charges by the names of fermions, ``u=1/3 d=1/3 nu_mu=-1``."""
    known = [f.name for f in fields(Charges) if f.type == "float"]
    given: dict[str, Any] = {}
    for pair in text.split():
        fermion, _, number = pair.partition("=")
        if fermion not in known:
            raise UnknownNameError("fermion", fermion, known)
        try:
            given[fermion] = float(Fraction(number))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise InputError(f"charges: {pair!r} is not a charge; write u=1/3 or u=0.3") from None
    return Charges(" ".join(text.split()), **given)
