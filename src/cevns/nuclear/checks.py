"""Checks of numbers at the border of the physics wing, each with one clear sentence."""

from __future__ import annotations

import math

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["finite", "positive", "within"]

_LARGEST = 1e100  # its square is still a number


def positive(what: str, value: float, *, zero: bool = False) -> float:
    """Return `value` as a float if it is finite and positive (or zero, if allowed).

    Raises:
        InputError: otherwise.

    Examples:
        >>> positive("target mass in kg", 14.6)
        14.6
    """
    number = float(value)
    if not math.isfinite(number) or number < 0.0 or (number == 0.0 and not zero):
        wanted = "zero or positive" if zero else "positive"
        raise InputError(f"{what} must be {wanted} and finite, not {number:g}")
    if number and not 1.0 / _LARGEST < number < _LARGEST:
        raise InputError(f"{what} is {number:g}, which is outside the physical range")
    return number


def within(what: str, value: float, lowest: float, highest: float, meant: str) -> float:
    """Return `value` as a float if it lies where every experiment's does.

    Args:
        what: the quantity and its unit.
        value: in that unit.
        lowest: that is plausible.
        highest: that is plausible.
        meant: what to look at.

    Raises:
        InputError: otherwise.

    Examples:
        >>> within("distance in m", 1e-8, 0.1, 1e12, "find its unit")
        Traceback (most recent call last):
            ...
        cevns.exceptions.InputError: distance in m is 1e-08, not between 0.1 and 1e+12; \
find its unit
    """
    number = positive(what, value)
    if not lowest <= number <= highest:
        raise InputError(f"{what} is {number:g}, not between {lowest:g} and {highest:g}; {meant}")
    return number


def finite(what: str, values: ArrayLike, *, minimum: float = -math.inf) -> Array:
    """Return `values` as a float array if all are finite and none lies below `minimum`.

    Raises:
        InputError: otherwise, with the first offending value, or if some values are masked.

    Examples:
        >>> finite("recoil energy in keV", [0.0, 1.5], minimum=0.0)
        array([0. , 1.5])
    """
    if np.ma.is_masked(values):
        raise InputError(f"{what}: some values are masked; give only valid values")
    array = np.asarray(values, dtype=float)
    # one reduction answers both questions for good input: a NaN fails every comparison
    if array.size and not (array.min() >= minimum and array.max() < math.inf):
        bad = array[~(np.isfinite(array) & (array >= minimum))].ravel()
        if bad.size:
            bound = "" if minimum == -math.inf else f" and at least {minimum:g}"
            raise InputError(f"{what} must be finite{bound}; got {bad[0]:g}")
    return array
