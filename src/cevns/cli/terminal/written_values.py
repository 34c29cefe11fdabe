"""Energies, exposures and lists of values as they are written on a command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cevns.exceptions import InputError, UnitError

if TYPE_CHECKING:
    from cevns.typing import Array

__all__ = ["exposure_tonne_year", "read_together", "recoil_kevnr", "several"]

_MOST = 100_000
_HOW = "write 5.5GeV,50GeV or 0.5GeV:1000GeV:200:log"


def exposure_tonne_year(text: str, what: str) -> float:
    """An exposure in tonne years; ``10tyr`` and ``10t*yr`` are ``10 t yr``.

    Raises:
        UnitError: if the unit is missing or another.
        InputError: if it is no number.

    Examples:
        >>> exposure_tonne_year("10tyr", "--exposure")
        10.0
    """
    from cevns.units import quantity

    spaced = text.replace("*", " ").replace("tyr", "t yr").replace("t-yr", "t yr")
    return quantity(spaced, "t yr", what=what)


def recoil_kevnr(text: str, what: str) -> float:
    """A recoil energy, keVnr; plain keV are those of the recoil here.

    Raises:
        UnitError: if the unit is missing or another, such as keVee.
        InputError: if it is no number.

    Examples:
        >>> recoil_kevnr("500eVnr", "--threshold"), recoil_kevnr("2 keV", "--threshold")
        (0.5, 2.0)
    """
    from cevns.units import quantity

    try:
        return quantity(text, "keVnr", what=what)
    except UnitError:
        stripped = text.strip()
        for unit in ("keV", "eV"):
            if stripped.endswith(unit) and not stripped.endswith(("MeV", "GeV", "TeV")):
                return quantity(stripped, "keV", what=what)
        raise


def read_together(read: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Values of several options, so that all that are wrong are said at once.

    Args:
        read: by name, what reads a value.

    Raises:
        InputError: with the sentences of all that cannot be read.

    Examples:
        >>> read_together({"threshold": lambda: recoil_kevnr("2 keV", "--threshold")})
        {'threshold': 2.0}
    """
    values, wrong = {}, []
    for name, value in read.items():
        try:
            values[name] = value()
        except InputError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InputError("; ".join(str(error) for error in wrong))
    return values


def several(text: str, unit: str, what: str, *, log: bool) -> Array:
    """Values of a list, or of ranges LOW:HIGH:N with ``:lin`` or ``:log`` behind.

    Args:
        text: as written.
        unit: of the values that are returned.
        what: the option, for errors.
        log: whether a range that does not say so is logarithmic.

    Raises:
        UnitError: if a unit is missing or another.
        InputError: if a range cannot be read, or a value is not above zero.

    Examples:
        >>> several("5.5GeV,50GeV", "GeV", "--masses", log=True).tolist()
        [5.5, 50.0]
    """
    import numpy as np

    from cevns.units import quantity

    parts = []
    for piece in text.split(","):
        ends = [p.strip() for p in piece.split(":")]
        if len(ends) == 1:
            parts.append([quantity(ends[0], unit, what=what)])
            continue
        spacing = ends.pop() if ends[-1] in ("log", "lin") else ("log" if log else "lin")
        if len(ends) != 3 or not ends[2].isdigit():
            raise InputError(f"{what} {piece}: {_HOW}")
        low, high = (quantity(e, unit, what=what) for e in ends[:2])
        number = int(ends[2])
        if not 2 <= number <= _MOST:
            raise InputError(f"{what} {piece}: {number} points; take 2 to {_MOST:,}")
        if not (low < high and (low > 0.0 or spacing == "lin")):
            raise InputError(f"{what} {piece}: a range goes from a lower to a higher value above 0")
        make = np.geomspace if spacing == "log" else np.linspace
        parts.append(make(low, high, number).tolist())
    values: Array = np.concatenate(parts)
    if not (values > 0.0).all():
        raise InputError(f"{what} {text}: the values must be above 0")
    return values
