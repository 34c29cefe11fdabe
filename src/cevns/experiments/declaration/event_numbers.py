"""Numbers of events in an experiment file: counts with their errors, and rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from cevns.exceptions import InputError
from cevns.units import Measurement, measurement

__all__ = ["Count", "events_of_rate"]


def _number(value: Any) -> float:
    """A plain number; NaN for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _count(value: Any) -> Measurement:
    if isinstance(value, Measurement):
        return value
    if isinstance(value, dict):
        if "exact" in value:
            return Measurement(_start(value, "exact"), 0.0)
        return Measurement(_start(value, "free"), math.inf)
    number = _number(value)
    if math.isfinite(number) and number >= 0 and not isinstance(value, bool):
        small = max(number / 100, 0.1)
        raise InputError(
            f"the count {number:g} has no error; write 'value +/- error', for a precisely known "
            f"background for example '{number:g} +/- {small:.1g}'"
        )
    result = measurement(value)
    if result.value < 0:
        raise InputError(f"a count cannot be negative: {value!r}")
    return result


def _start(value: Mapping[str, Any], word: str) -> float:
    """The number of ``{free: 9600}``, which only the data know, or of ``{exact: 0.5}``."""
    if list(value) != [word]:
        raise InputError(
            f"write 'value +/- error', '{{free: start}}' or '{{exact: value}}'; got {value!r}"
        )
    number = _number(value[word])
    if math.isnan(number):
        raise InputError(f"{word}: {value[word]!r} is not a number")
    if not (math.isfinite(number) and number >= 0):
        said = "a free count starts at" if word == "free" else "an exact count is"
        raise InputError(f"{said} a number that is not negative, not {number:g}")
    return number


Count = Annotated[Measurement, BeforeValidator(_count, str | dict[str, float])]
"""Events with their prior error; ``{free: start}`` has an infinite one, ``{exact: n}`` none."""

_RATES: Mapping[str, tuple[str, ...]] = {
    "/".join(["", *powers]): powers
    for some in ((), ("kg",), ("keV",), ("keV", "kg"), ("kg", "keV"))
    for per in ("d", "GWh")
    for powers in ((*some, per), (per, *some))
}
"""Units of rates, ``/d`` to ``/keV/kg/d`` and ``/keV/kg/GWh``, and what each is divided by."""


def events_of_rate(
    written: Any,
    mass_kg: float,
    range_kev: float | None,
    exposures: Mapping[str, Callable[[], float]],
) -> Measurement:
    """A rate, for example ``0.4 +/- 0.1 /keV/kg/d``, in events of one detector.

    Args:
        written: as in the file; ``{free: 0.4 /keV/kg/d}`` for one that only the data know.
        mass_kg: mass of the target.
        range_kev: length of the energy axis; None where it is not in keV.
        exposures: what rates in time (``d``) and of the beam (``GWh``) are multiplied with.

    Raises:
        InputError: if it cannot be read, or is one per keV on an axis in another unit.

    Examples:
        >>> events_of_rate("2 +/- 1 /kg/d", 3.0, None, {"d": lambda: 10.0})
        Measurement(value=60.0, sigma=30.0)
    """
    free = isinstance(written, dict)
    if free and list(written) != ["free"]:
        raise InputError(f"write 'value +/- error /d', or '{{free: start /d}}'; got {written!r}")
    text = str(written["free"] if free else written)
    unit = next((u for u in sorted(_RATES, key=len, reverse=True) if text.endswith(u)), None)
    if unit is None:
        known = ", ".join(sorted(_RATES, key=len))
        raise InputError(f"the rate {text!r} needs one of the units {known} after its numbers")
    number = text.removesuffix(unit).strip()
    found = (
        Measurement(_start({"free": number}, "free"), math.inf)
        if free
        else measurement(number, what="rate")
    )
    factor = 1.0
    if "kg" in _RATES[unit]:
        factor *= mass_kg
    if "keV" in _RATES[unit]:
        if range_kev is None:
            raise InputError(f"the rate {text!r} is per keV, but the energy axis is not in keV")
        factor *= range_kev
    factor *= exposures["GWh" if "GWh" in _RATES[unit] else "d"]()
    return Measurement(found.value * factor, found.sigma * factor)
