"""Target materials: a formula and an isotopic composition give nuclei per kilogram."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cevns.constants import AVOGADRO
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.nuclides import Nuclide, isotopes, nuclide, nuclides

__all__ = ["Material", "material"]

_TOKEN = re.compile(r"([A-Z][a-z]?)|(\()|(\))|(\d+(?:\.\d+)?)")
_ELEMENT_AND_NUMBER = re.compile(r"([A-Z][a-z]?)-?(\d+(?:\.\d+)?)|\d+-?[A-Z][a-z]?")
_HEAVIER_THAN = 10  # below, counts of atoms are as large as mass numbers: C16H18
_NUCLEONS_PER_PROTON = (1.8, 3.0)
_SUM_TOLERANCE = 1e-3  # natural abundances are tabulated to three or more figures


@dataclass(frozen=True)
class Material:
    """A target material.

    Args:
        name: as the user wrote it.
        atoms: pairs of nuclide and number of atoms in a formula unit.

    Examples:
        >>> csi = material("CsI")
        >>> round(csi.molar_mass_g, 3), f"{14.6 * csi.nuclei_per_kg()['Cs133']:.4g}"
        (259.81, '3.384e+25')
    """

    name: str
    atoms: tuple[tuple[Nuclide, float], ...]

    @property
    def molar_mass_g(self) -> float:
        """Mass of a mole of formula units, g (the molar mass constant taken as 1 g/mol)."""
        return sum(count * x.atomic_mass_u for x, count in self.atoms)

    def nuclei_per_kg(self) -> dict[str, float]:
        """Nuclei of each nuclide, by name, in a kilogram of the material."""
        per_unit = 1000.0 * AVOGADRO / self.molar_mass_g
        return {x.name: count * per_unit for x, count in self.atoms}

    def only(self, symbols: Collection[str]) -> tuple[Material, float]:
        """The nuclei of some elements, and their part of the mass.

        Raises:
            UnknownNameError: if the material has no such element.

        Examples:
            >>> sodium, part = material("NaI").only(["Na"])
            >>> sodium.name, sodium.nuclides[0].name, round(part, 4)
            ('Na in NaI', 'Na23', 0.1534)
        """
        known = dict.fromkeys(x.symbol for x, _ in self.atoms)
        for symbol in symbols:
            if symbol not in known:
                raise UnknownNameError(f"element of {self.name}", symbol, known)
        atoms = tuple((x, n) for x, n in self.atoms if x.symbol in symbols)
        some = Material(f"{' and '.join(s for s in known if s in symbols)} in {self.name}", atoms)
        return some, some.molar_mass_g / self.molar_mass_g

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """The nuclides, in the order of `atoms`."""
        return tuple(x for x, _ in self.atoms)


def _charge(symbol: str) -> int:
    """Z of an element; 3 for deuterium, whose atoms are counted; 0 for one that is unknown."""
    return 3 if symbol == "D" else next((x.z for x in nuclides() if x.symbol == symbol), 0)


def _refuse_mass_number(formula: str, symbol: str, number: str) -> None:
    """Refuse a number of atoms that can only be meant as a mass number, as in Xe136F6."""
    z = _charge(symbol)
    least, most = (ratio * z for ratio in _NUCLEONS_PER_PROTON)
    if z > _HEAVIER_THAN and number.isdigit() and least <= int(number) <= most:
        raise InputError(
            f"material {formula!r}: {symbol}{number} looks like a nuclide, but in a compound a "
            f"number counts atoms: write {symbol} and give the nuclides of {symbol} as the "
            f"composition of the material (in an experiment file), or ({symbol}){number} if "
            f"{number} atoms are meant"
        )


def _elements(formula: str) -> Counter[str]:
    """Count the elements of a formula with optional parentheses."""
    stack: list[Counter[str]] = [Counter()]
    last: Counter[str] | None = None  # the unit that a following number multiplies
    numbers: list[tuple[str, str]] = []  # directly behind an element
    position = 0
    for match in _TOKEN.finditer(formula):
        if match.start() != position:
            break
        position = match.end()
        element, opened, closed, number = match.groups()
        if opened:
            stack.append(Counter())
            last = None
        elif number:
            if last is None or float(number) == 0.0:
                raise InputError(
                    f"material {formula!r}: the number {number} is not a valid number of atoms"
                )
            if formula[match.start() - 1] != ")":
                numbers.append((next(iter(last)), number))
            for key, n in last.items():
                stack[-1][key] += n * (float(number) - 1.0)  # type: ignore[assignment]
            last = None
        else:
            if closed:
                if len(stack) == 1:
                    raise InputError(f"material {formula!r}: a parenthesis closes too often")
                last = stack.pop()
            else:
                last = Counter({element: 1})
            for key, n in last.items():
                stack[-1][key] += n
    if position != len(formula) or not formula:
        raise InputError(
            f"material {formula!r} is not a chemical formula: write for example CsI, CaWO4, Ge "
            f"or a nuclide such as Ge76 (the error is at {formula[position:]!r})"
        )
    if len(stack) != 1:
        raise InputError(f"material {formula!r}: a parenthesis is not closed")
    for element, number in numbers:
        _refuse_mass_number(formula, element, number)
    return stack[0]


def _fractions(
    formula: str, symbol: str, given: Mapping[Nuclide, float]
) -> list[tuple[Nuclide, float]]:
    """Atom fractions of an element, as given or natural, normalised to one."""
    if given:
        total = math.fsum(given.values())
        if abs(total - 1.0) > 1e-6:
            raise InputError(
                f"material {formula!r}: the composition of {symbol} sums to {total:.7g}, not 1"
            )
        return [(x, f) for x, f in given.items() if f > 0.0]
    natural = isotopes(symbol)
    total = math.fsum(x.abundance for x in natural)
    if abs(total - 1.0) > _SUM_TOLERANCE:
        raise InputError(
            f"material {formula!r}: the natural composition of {symbol} is not complete in the "
            f"table of nuclides (it sums to {total:.4f}); give the composition yourself"
        )
    return [(x, x.abundance / total) for x in natural]


def material(formula: str, composition: Mapping[str, float] | None = None) -> Material:
    """A material from a formula, natural in composition unless told otherwise.

    Args:
        formula: chemical formula (``CsI``, ``Ca(WO4)``, ``D2O``), or the name of a single
            nuclide (``Ge76``; so ``H2`` is deuterium). ``D`` is the nuclide H2. In a compound a
            number counts atoms.
        composition: atom fractions by nuclide, for each element that is not natural; those of
            an element must sum to one within 1e-6.

    Raises:
        InputError: if the formula cannot be read, or a composition does not sum to one, is
            negative, or names a nuclide that the material does not contain, or if a number of
            atoms in a compound can only be a mass number (of elements beyond neon, 1.8 Z to 3 Z).
        UnknownNameError: if an element or nuclide is not in the table; one element and a number,
            as Ge71, is always a nuclide.

    Examples:
        >>> [(x.name, round(f, 4)) for x, f in material("NaI").atoms]
        [('Na23', 1.0), ('I127', 1.0)]
        >>> material("Ge", composition={"Ge76": 0.87, "Ge74": 0.13}).atoms[0][1]
        0.87
    """
    formula = formula.strip()
    given = {nuclide(name): float(f) for name, f in (composition or {}).items()}
    for x, fraction in given.items():
        if not (math.isfinite(fraction) and 0.0 <= fraction <= 1.0):
            raise InputError(
                f"material {formula!r}: the fraction of {x.name} is {fraction:g}, not within 0..1"
            )
    try:
        single = nuclide(formula)
    except UnknownNameError:
        # 71 atoms of germanium are not a material, and natural germanium is not Ge71; a number
        # that is no mass number counts atoms, as of O2
        named = _ELEMENT_AND_NUMBER.fullmatch(formula)
        if named is not None and (not named[1] or float(named[2]) >= _charge(named[1])):
            raise
        single = None
    if single is not None:
        if given:
            raise InputError(f"material {formula!r} is one nuclide and takes no composition")
        return Material(single.name, ((single, 1.0),))
    counts = _elements(formula)
    atoms: dict[Nuclide, float] = {}
    for symbol, count in counts.items():
        own = {x: f for x, f in given.items() if x.symbol == symbol}
        parts = [(nuclide("H2"), 1.0)] if symbol == "D" else _fractions(formula, symbol, own)
        for x, fraction in parts:
            atoms[x] = atoms.get(x, 0.0) + count * fraction
    foreign = [x.name for x in given if x.symbol not in counts]
    if foreign:
        raise InputError(
            f"material {formula!r} contains no {foreign[0]}: remove it from the composition"
        )
    return Material(formula, tuple(atoms.items()))
