"""Quantities with units at the border: ``"19.3 m"`` in, a plain float in the internal unit out.

Inside the package numbers are plain floats whose names carry the unit; users write units in
experiment files and on the command line. A number without a unit where one is needed is an
error, as is a unit of another dimension. Energies of neutrinos and masses (keV), of nuclear
recoils (keVnr) and of what electrons would have to deposit for the same signal (keVee) are three
dimensions: quenching is between the last two, and no factor converts one into the other.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, get_type_hints

from cevns.exceptions import InputError, UnitError

__all__ = [
    "Measurement",
    "Unit",
    "computable",
    "measurement",
    "quantity",
    "unit_of",
    "unit_written",
    "written_names",
]

# no meV and no nm: nothing here is that small, and they are one slip from MeV and m
# unit -> (dimension, factor to the base unit of that dimension); base: MeV, m, us, kg, 1
_UNITS: Final[dict[str, tuple[str, float]]] = {
    "": ("1", 1.0),
    "%": ("1", 0.01),
    "eV": ("energy", 1e-6),
    "keV": ("energy", 1e-3),
    "MeV": ("energy", 1.0),
    "GeV": ("energy", 1e3),
    "TeV": ("energy", 1e6),
    "erg": ("energy", 624150.9074460763),
    "eVnr": ("nuclear recoil energy", 1e-6),
    "keVnr": ("nuclear recoil energy", 1e-3),
    "MeVnr": ("nuclear recoil energy", 1.0),
    "eVee": ("electron-equivalent energy", 1e-6),
    "keVee": ("electron-equivalent energy", 1e-3),
    "MeVee": ("electron-equivalent energy", 1.0),
    "fm": ("length", 1e-15),
    "mm": ("length", 1e-3),
    "cm": ("length", 1e-2),
    "m": ("length", 1.0),
    "km": ("length", 1e3),
    "pc": ("length", 30856775814913673.0),
    "kpc": ("length", 3.0856775814913673e19),
    "Mpc": ("length", 3.0856775814913673e22),
    "ps": ("time", 1e-6),
    "ns": ("time", 1e-3),
    "us": ("time", 1.0),
    "ms": ("time", 1e3),
    "s": ("time", 1e6),
    "min": ("time", 60e6),
    "h": ("time", 3600e6),
    "d": ("time", 86400e6),
    "day": ("time", 86400e6),
    "days": ("time", 86400e6),
    "yr": ("time", 31557600e6),
    "mg": ("mass", 1e-6),
    "g": ("mass", 1e-3),
    "kg": ("mass", 1.0),
    "t": ("mass", 1e3),
    "W": ("power", 1e-6),
    "kW": ("power", 1e-3),
    "MW": ("power", 1.0),
    "GW": ("power", 1e3),
    "MWh": ("beam energy", 1.0),
    "GWh": ("beam energy", 1e3),
    "Hz": ("rate", 1e-6),
    "kHz": ("rate", 1e-3),
    "MHz": ("rate", 1.0),
    "/ns": ("rate", 1e3),
    "/us": ("rate", 1.0),
    "/ms": ("rate", 1e-3),
    "/s": ("rate", 1e-6),
    "PE": ("light", 1.0),
    "electrons": ("charge", 1.0),
    "PE/eVee": ("light yield", 1e6),
    "PE/keVee": ("light yield", 1e3),
    "PE/MeVee": ("light yield", 1.0),
    "cm2": ("area", 1.0),
    "m2": ("area", 1e4),
    "e-40 cm2": ("area", 1e-40),
    "kg d": ("exposure", 1.0),
    "kg day": ("exposure", 1.0),
    "kg days": ("exposure", 1.0),
    "kg yr": ("exposure", 365.25),
    "t d": ("exposure", 1e3),
    "t yr": ("exposure", 365.25e3),
    "/kg/d": ("counting rate", 1.0),
    "/keV/kg/d": ("background rate", 1.0),
    "/m": ("wave number", 1.0),
    "/cm": ("wave number", 1e2),
    "deg": ("angle", 1.0),
    "rad": ("angle", 57.29577951308232),
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"^\s*({_NUMBER}|[-+]?nan|[-+]?inf)\s*(.*?)\s*$", re.IGNORECASE)
_PLUS_MINUS = re.compile(rf"^\s*({_NUMBER})\s*(?:\+/?-|±)\s*({_NUMBER})\s*(.*?)\s*$", re.IGNORECASE)


def _convert(number: float, unit: str, target: str, what: str) -> float:
    unit, target = unit.replace("µ", "u"), target.replace("µ", "u")
    if target not in _UNITS:
        raise UnitError(f"{what}: cevns does not know the unit {target!r}")
    dimension, scale = _UNITS[target]
    if unit not in _UNITS:
        known = ", ".join(u for u, (d, _) in _UNITS.items() if d == dimension and u)
        raise UnitError(f"{what}: unknown unit {unit!r}; use one of {known or 'no unit'}")
    found, factor = _UNITS[unit]
    if found != dimension:
        if unit == "":
            raise UnitError(f"{what}: a number without a unit; write for example '1 {target}'")
        if dimension == "1":
            raise UnitError(f"{what}: write a plain number, without the unit {unit!r}")
        known = ", ".join(u for u, (d, _) in _UNITS.items() if d == dimension and u)
        raise UnitError(
            f"{what}: {unit!r} is a unit of {found}, not of {dimension}; use {known or 'no unit'}"
        )
    # units differ by decimal fractions: kept as such, 1000 eV is 1 keV and 350 ns is 0.35 us
    ratio = Fraction(repr(factor)) / Fraction(repr(scale))
    if ratio.denominator == 1:
        return number * ratio.numerator
    return number / ratio.denominator * ratio.numerator


def computable(number: float) -> bool:
    """Whether products of a few such numbers stay within double precision."""
    return number == 0 or 1e-60 < abs(number) < 1e60


def quantity(value: Any, unit: str, *, what: str = "value") -> float:
    """Read a quantity and return it as a float in `unit`.

    Args:
        value: a string such as ``"19.3 m"``, a pint or astropy quantity, or a plain number
            (only where `unit` is dimensionless, ``""``).
        unit: the unit of the returned number.
        what: how an error message calls the value.

    Returns:
        The finite value in `unit`.

    Raises:
        UnitError: if the unit is missing, unknown or of another dimension.
        InputError: if the text is no number, or the number is not finite.

    Examples:
        >>> quantity("19.3 m", "cm")
        1930.0
        >>> quantity("350 ns", "us")
        0.35
        >>> quantity("3 kg", "m", what="distance")
        Traceback (most recent call last):
            ...
        cevns.exceptions.UnitError: distance: 'kg' is a unit of mass, not of length; use fm, \
mm, cm, m, km, pc, kpc, Mpc
    """
    if hasattr(value, "to_value"):  # astropy
        number = float(value.to_value(unit))
    elif hasattr(value, "m_as"):  # pint
        number = float(value.m_as(unit))
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{what}: {value!r} is not a quantity; write a number and a unit")
    else:
        match = _QUANTITY.match(str(value))
        if match is None:
            raise InputError(f"{what}: {value!r} is not a number followed by a unit")
        text, found = match.groups()
        number = _convert(float(text), found, unit, what)
    if not math.isfinite(number):
        raise InputError(f"{what}: {value!r} is not a finite number")
    if not computable(number):
        raise InputError(f"{what}: {value!r} is outside the range of numbers that can be used")
    return number


def unit_written(text: str) -> str:
    """The unit behind a number, as it is written; empty where there is none, or no number.

    Examples:
        >>> unit_written("20 keVee"), unit_written("3"), unit_written("ice")
        ('keVee', '', '')
    """
    match = _QUANTITY.match(text)
    return "" if match is None else match[2]


@dataclass(frozen=True)
class Measurement:
    """A value with a symmetric uncertainty, as written ``18.4 +/- 4.6``."""

    value: float
    sigma: float


def measurement(value: Any, unit: str = "", *, what: str = "value") -> Measurement:
    """Read ``"18.4 +/- 4.6"`` (with an optional unit of both numbers behind) in `unit`.

    Raises:
        InputError: if there is no ``+/-``, the uncertainty is not positive, or it is a percentage:
            ``500 +/- 2 %`` may mean 10, and read as two percentages it is 5.00 +/- 0.02.
        UnitError: as `quantity`.

    Examples:
        >>> measurement("474 +/- 25 ns", "us")
        Measurement(value=0.474, sigma=0.025)
    """
    match = _PLUS_MINUS.match(str(value))
    if match is None:
        raise InputError(f"{what}: {value!r} is not of the form 'value +/- uncertainty'")
    centre, sigma, found = match.groups()
    if found == "%":
        raise InputError(
            f"{what}: {value!r} does not define the reference of the percentage; write it as "
            "a number, such as '500 +/- 10'"
        )
    result = Measurement(
        _convert(float(centre), found, unit, what), _convert(float(sigma), found, unit, what)
    )
    if not (math.isfinite(result.value) and math.isfinite(result.sigma) and result.sigma > 0):
        raise InputError(f"{what}: the uncertainty in {value!r} must be positive and finite")
    if not (abs(result.value) < 1e15 and 1e-15 < result.sigma < 1e15):
        raise InputError(f"{what}: {value!r} is outside the range that a fit can use")
    return result


@dataclass(frozen=True)
class Unit:
    """Marks a float field as a quantity: ``distance_m: Annotated[float, Unit("m")]``.

    In Python the field is a plain float in that unit; read from a file (through pydantic, which
    finds the hook below) it must be written with a unit, and is converted.

    Examples:
        >>> from typing import Annotated
        >>> from pydantic import TypeAdapter
        >>> TypeAdapter(Annotated[float, Unit("m")]).validate_python("1930 cm")
        19.3
    """

    symbol: str

    def without(self, name: str) -> str:
        """A field's name without the unit at its end: a file writes the unit with the value.

        The end is the symbol in lower case, words joined by ``_`` and a solidus written ``per``;
        for an energy that says what it is an energy of (keVnr, keVee), the energy alone will do.

        Examples:
            >>> Unit("m").without("distance_m"), Unit("MW").without("power_mw")
            ('distance', 'power')
            >>> Unit("kg d").without("exposure_kg_d"), Unit("/us").without("rate")
            ('exposure', 'rate')
        """
        words = re.sub(r"\W+", "_", self.symbol.replace("/", " per ")).strip("_").lower()
        for end in (words, re.sub("ev(nr|ee)$", "ev", words)):
            if words and name.endswith(f"_{end}"):
                return name.removesuffix(f"_{end}")
        return name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Convert before pydantic's own validation; called by pydantic only."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(
            lambda value: quantity(value, self.symbol), handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """What a file may write there; called by pydantic only."""
        if not self.symbol:
            return {"type": ["number", "string"]}
        return {"type": "string", "description": f"a quantity, for example '1 {self.symbol}'"}


def written_names(model: Any) -> dict[str, str]:
    """Names of a model's fields as a file writes them, to the dataclass's names.

    A quantity carries its unit in its value, so its name does without: ``distance: 19.3 m``
    is ``distance_m``.

    Examples:
        >>> from typing import Annotated
        >>> fields = [("distance_m", Annotated[float, Unit("m")]), ("protons", float)]
        >>> Beam = dataclasses.make_dataclass("Beam", fields)
        >>> written_names(Beam)
        {'distance': 'distance_m', 'protons': 'protons'}
    """
    hints = get_type_hints(model, include_extras=True)
    units = {f.name: unit_of(hints[f.name]) for f in dataclasses.fields(model) if f.init}
    return {name if unit is None else unit.without(name): name for name, unit in units.items()}


def unit_of(hint: Any) -> Unit | None:
    """The unit that a type is marked with, itself or inside a tuple."""
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, Unit):
            return mark
    inside = (unit_of(a) for a in getattr(hint, "__args__", ()))
    return next((u for u in inside if u is not None), None)
