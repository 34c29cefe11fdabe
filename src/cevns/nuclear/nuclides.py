"""Nuclides: masses, abundances, spins and charge radii from our own table."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from importlib import resources

from cevns.constants import ATOMIC_MASS_MEV, M_ELECTRON_MEV
from cevns.exceptions import UnknownNameError

__all__ = ["Nuclide", "isotopes", "nuclide", "nuclides"]

_NAME = re.compile(r"^(?:([A-Za-z]{1,2})-?(\d{1,3})|(\d{1,3})-?([A-Za-z]{1,2}))$")


@dataclass(frozen=True)
class Nuclide:
    """One nuclide with the numbers that CEvNS needs.

    All values of the table are written down from memory [M]: masses AME-type, abundances
    IUPAC-type, charge radii of Angeli & Marinova 2013 (ADNDT 99, 69).

    Args:
        name: symbol and mass number, for example ``"Cs133"``.
        symbol: chemical symbol.
        z: number of protons.
        a: mass number.
        atomic_mass_u: mass of the neutral atom, u.
        abundance: natural atom fraction within the element.
        spin: of the ground state.
        charge_radius_fm: rms charge radius, fm.

    Examples:
        >>> cs = nuclide("Cs133")
        >>> cs.n, round(cs.mass_mev, 2), cs.unpaired
        (78, 123772.53, (1, 0))
    """

    name: str
    symbol: str
    z: int
    a: int
    atomic_mass_u: float
    abundance: float
    spin: float
    charge_radius_fm: float

    @property
    def n(self) -> int:
        """Number of neutrons."""
        return self.a - self.z

    @cached_property
    def mass_mev(self) -> float:
        """NUCLEAR mass ``m_atom u - Z m_e``, MeV; the electrons' binding is neglected."""
        return self.atomic_mass_u * ATOMIC_MASS_MEV - self.z * M_ELECTRON_MEV

    @property
    def unpaired(self) -> tuple[int, int]:
        """``(Z+ - Z-, N+ - N-)``: one for an odd number of protons, of neutrons, else zero.

        The counting of hep-ph/0508299 for the axial amplitude; a shell-model spin expectation
        value would replace it where the axial part matters.
        """
        return self.z % 2, self.n % 2


@cache
def nuclides() -> tuple[Nuclide, ...]:
    """All nuclides of the table, by proton and mass number.

    Examples:
        >>> [x.name for x in nuclides()][:3]
        ['H1', 'H2', 'He3']
    """
    text = resources.files("cevns.nuclear").joinpath("nuclides.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Nuclide(
            name=row["nuclide"],
            symbol=row["nuclide"].rstrip("0123456789"),
            z=int(row["z"]),
            a=int(row["a"]),
            atomic_mass_u=float(row["atomic_mass_u"]),
            abundance=float(row["abundance"]),
            spin=float(Fraction(row["spin"])),
            charge_radius_fm=float(row["charge_radius_fm"]),
        )
        for row in rows
    )


@cache
def _by_name() -> dict[str, Nuclide]:
    return {x.name.casefold(): x for x in nuclides()}


def nuclide(name: str) -> Nuclide:
    """The nuclide called `name`: ``Cs133``, ``133Cs``, ``Cs-133``, in any case.

    Raises:
        UnknownNameError: if the table has no such nuclide.

    Examples:
        >>> nuclide("133Cs") is nuclide("cs-133")
        True
    """
    match = _NAME.match(name.strip())
    if match:
        symbol, mass = (match[1], match[2]) if match[1] else (match[4], match[3])
        found = _by_name().get(f"{symbol}{int(mass)}".casefold())
        if found is not None:
            return found
    raise UnknownNameError("nuclide", name, (x.name for x in nuclides()))


@cache
def isotopes(symbol: str) -> tuple[Nuclide, ...]:
    """The naturally occurring nuclides of an element.

    Raises:
        UnknownNameError: if the table has no such element.

    Examples:
        >>> [x.name for x in isotopes("C")]
        ['C12', 'C13']
    """
    found = tuple(x for x in nuclides() if x.symbol == symbol)
    if not found:
        raise UnknownNameError("element", symbol, {x.symbol for x in nuclides()})
    return found
