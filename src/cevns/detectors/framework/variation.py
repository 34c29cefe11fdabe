"""A +-1 sigma variation of a detector curve: other numbers, or another energy scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["Calibration", "Numbers", "Variation", "as_tuple"]

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
                "an error of the energy scale has a finite shift, or is a part of the energy: give "
                "'shift: 5 eVee' or 'relative: 0.01'"
            )

    def moved(self, energy_kevee: Array, sigmas: float) -> Array:
        """E_ee, keVee, so many standard deviations off."""
        moved: Array = energy_kevee + sigmas * (self.shift + self.relative * energy_kevee)
        return moved

    def written(self) -> dict[str, Any]:
        """As a file has it."""
        out: dict[str, Any] = {"shift": f"{self.shift!r} keVee"} if self.shift else {}
        return {**out, "relative": self.relative} if self.relative else out
