"""A +-1 sigma variation of a detector curve: other numbers, or another energy scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["AnyVariation", "Calibration", "NumberErrors", "Numbers", "Variation", "as_tuple"]

Numbers: TypeAlias = float | tuple[float, ...]


def as_tuple(numbers: Numbers) -> tuple[float, ...]:
    """One number or several, as a tuple of floats.

    Examples:
        >>> as_tuple(0.1), as_tuple((1, 2))
        ((0.1,), (1.0, 2.0))
    """
    return tuple(np.atleast_1d(np.asarray(numbers, dtype=float)).tolist())


@dataclass(frozen=True)
class Variation:
    """The numbers of a curve at +1 and at -1 sigma of one nuisance direction.

    Args:
        plus: replaces the nominal numbers at alpha = +1.
        minus: replaces them at alpha = -1.

    Examples:
        >>> Variation(plus=0.1044, minus=0.0712).plus
        0.1044
    """

    plus: Numbers
    minus: Numbers

    def written(self) -> dict[str, Any]:
        """As a file has it."""
        return {"plus": _plain(self.plus), "minus": _plain(self.minus)}


def _plain(numbers: Numbers) -> float | list[float]:
    return list(numbers) if isinstance(numbers, tuple) else numbers


@dataclass(frozen=True)
class NumberErrors:
    """Errors of the numbers of a curve: at +1 sigma they are larger by these, at -1 smaller.

    They stay errors of a curve whose numbers are changed.

    Args:
        error: of each number, in the order of the curve's.

    Examples:
        >>> NumberErrors(0.25).around((1.0,))
        Variation(plus=(1.25,), minus=(0.75,))
    """

    error: Numbers

    def around(self, nominal: tuple[float, ...]) -> Variation:
        """The variation of a curve.

        Raises:
            InputError: if the curve has another number of numbers, or no error moves it.
        """
        errors = as_tuple(self.error)
        if len(errors) != len(nominal) or not all(map(math.isfinite, errors)) or not any(errors):
            raise InputError(
                f"the curve has {len(nominal)} numbers: give as many finite errors, not all zero, "
                f"instead of {list(errors)}"
            )
        pairs = list(zip(nominal, errors, strict=True))
        return Variation(tuple(n + e for n, e in pairs), tuple(n - e for n, e in pairs))

    def written(self) -> dict[str, Any]:
        """As a file has it."""
        return {"error": _plain(self.error)}


@dataclass(frozen=True)
class Calibration:
    """An error of the energy scale: at +1 sigma E_ee is E_ee (1 + relative) + shift.

    It moves what is seen of a recoil, with any quenching curve; at -1 sigma as much the other way.

    Args:
        shift: keVee, the same at all energies.
        relative: part of the energy.

    Raises:
        InputError: if both are zero, or one is not finite.

    Examples:
        >>> Calibration(shift=0.005).moved(np.array([0.2]), -1.0).round(3).tolist()
        [0.195]
    """

    shift: Annotated[float, Unit("keVee")] = 0.0
    relative: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.shift + self.relative) or not (self.shift or self.relative):
            raise InputError(
                "an error of the energy scale is either a finite shift or a fraction of "
                "the energy: give 'shift: 5 eVee' or 'relative: 0.01'"
            )

    def moved(self, energy_kevee: Array, sigmas: float) -> Array:
        """E_ee, keVee, so many standard deviations off."""
        moved: Array = energy_kevee + sigmas * (self.shift + self.relative * energy_kevee)
        return moved

    def written(self) -> dict[str, Any]:
        """As a file has it."""
        out: dict[str, Any] = {"shift": f"{self.shift!r} keVee"} if self.shift else {}
        return {**out, "relative": self.relative} if self.relative else out


def _form(value: Any) -> str:
    """Which variation a section of a file is, by the first of its fields that is known."""
    if isinstance(value, Mapping):
        for field, form in _FORMS.items():
            if field in value:
                return form.__name__
    return type(value).__name__


class _Told:
    """Marks the union of variations: a section of a file is one of them by its fields."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Of the forms, the one that is meant; called by pydantic only."""
        from pydantic_core import core_schema

        return core_schema.tagged_union_schema(
            {form.__name__: handler.generate_schema(form) for form in _FORMS.values()},
            discriminator=_form,
            custom_error_type="variation",
            custom_error_message=(
                "expected a variation: {plus: ..., minus: ...}, {error: ...}, or {shift: 5 eVee} "
                "or {relative: 0.01} of the energy scale"
            ),
        )


_FORMS: dict[str, type] = {
    "plus": Variation,
    "minus": Variation,
    "error": NumberErrors,
    "shift": Calibration,
    "relative": Calibration,
}

AnyVariation: TypeAlias = Annotated[Variation | NumberErrors | Calibration, _Told()]
