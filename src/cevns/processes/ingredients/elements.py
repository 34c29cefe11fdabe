"""Parameters of nuclear structure: one an element, or one for a compound, whatever the isotopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import positive
from cevns.nuclear.materials import Material, material
from cevns.nuclear.nuclides import Nuclide, isotopes
from cevns.nuclear.radii import point_proton_radius, proton_distribution_radius

__all__ = [
    "ELEMENTS",
    "Group",
    "Property",
    "check_definition",
    "group_of",
    "groups",
    "proton_rms_fm",
]

ELEMENTS = ("Cs", "I", "Ar", "Ge", "Na", "Xe", "Si")
"""Of the detectors that run or are planned."""

Property = Callable[[Nuclide], float]

_DEFINITIONS: Mapping[str, Property] = {
    "charge": lambda x: x.charge_radius_fm,
    "distribution": proton_distribution_radius,
    "point": point_proton_radius,
}


@dataclass(frozen=True)
class Group:
    """The nuclides that one parameter describes.

    A parameter is the mean over the atoms of the natural material. Isotopes of one element keep
    their ratios in the form-factor model; different elements of a compound share the value.

    Args:
        formula: an element, a compound or a nuclide.
    """

    formula: str

    @property
    def label(self) -> str:
        """What names of parameters end in."""
        return self.formula.lower()

    @cached_property
    def natural(self) -> Material:
        """The natural material: read once, for a fit asks for it at each nuclide and point."""
        return material(self.formula)

    def __contains__(self, nuclide: Nuclide) -> bool:
        """Whether the nuclide occurs in the natural material."""
        return nuclide in self.natural.nuclides

    def mean(self, of: Property) -> float:
        """Mean of a property over the atoms."""
        atoms = self.natural.atoms
        return sum(count * of(x) for x, count in atoms) / sum(count for _, count in atoms)

    def smallest(self, of: Property) -> float:
        """The least value of a property."""
        return min(of(x) for x in self.natural.nuclides)

    def relative(self, nuclide: Nuclide, of: Property) -> float:
        """A property of an isotope over the mean of its element; 1 for a nuclide alone."""
        if len(self.natural.atoms) == 1:
            return 1.0
        isotopic = [x for x in isotopes(nuclide.symbol) if x.abundance > 0.0]
        mean = sum(x.abundance * of(x) for x in isotopic) / sum(x.abundance for x in isotopic)
        return of(nuclide) / mean if mean else 1.0

    def least_relative(self, of: Property) -> float:
        """The least of `relative` over the nuclides."""
        return self.smallest(lambda nuclide: self.relative(nuclide, of))


@cache
def groups(formulas: tuple[str, ...]) -> tuple[Group, ...]:
    """The groups of some formulas.

    Raises:
        InputError: if a nuclide is in two of them.
        UnknownNameError: if an element is unknown.
    """
    found = tuple(Group(f) for f in formulas)
    owner: dict[Nuclide, str] = {}
    for group in found:
        for nuclide in group.natural.nuclides:
            if nuclide in owner:
                raise InputError(
                    f"{nuclide.name} is in both {owner[nuclide]} and {group.formula}: describe "
                    "each nucleus by one parameter"
                )
            owner[nuclide] = group.formula
    return found


@cache
def group_of(formulas: tuple[str, ...], nuclide: Nuclide) -> Group | None:
    """The group a nuclide belongs to; None for none."""
    return next((g for g in groups(formulas) if nuclide in g), None)


def check_definition(definition: str | Mapping[str, float]) -> None:
    """Check a definition of the proton radius.

    Raises:
        UnknownNameError: if it is a name that nobody knows.
        InputError: if a radius is not positive.
    """
    if isinstance(definition, str):
        if definition not in ("default", *_DEFINITIONS):
            raise UnknownNameError("proton radius", definition, ("default", *_DEFINITIONS))
        return
    for name, radius in definition.items():
        positive(f"proton radius of {name} in fm", radius)


def proton_rms_fm(definition: str | Mapping[str, float], nuclide: Nuclide) -> float | None:
    """Rms radius of the protons, fm, as somebody defines it; None for the form-factor model's.

    Args:
        definition: ``default`` (the model's), ``charge``, ``distribution``, ``point`` (see
            `cevns.nuclear.radii`), or fm by element or nuclide.
        nuclide: the nucleus.
    """
    if isinstance(definition, str):
        return None if definition == "default" else _DEFINITIONS[definition](nuclide)
    return definition.get(nuclide.name, definition.get(nuclide.symbol))
