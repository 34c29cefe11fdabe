"""Numbers as a report writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["percent", "plain", "quoted", "quoted_unit", "value_with_errors", "with_unit"]

_CM2: Final = 1e-40
_UNITS: Final = {"cm2": "10⁻⁴⁰ cm²", "us": "µs"}


def plain(value: float | None, digits: int = 4) -> str:
    """A number with some significant digits, with a minus sign; nothing where there is none.

    Examples:
        >>> plain(-0.54321), plain(1286.04, 5), plain(None)
        ('−0.5432', '1286', '')
    """
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:z.{digits}g}".replace("-", "−")


def percent(share: float | None, digits: int = 1, sign: str = "") -> str:
    r"""A share in per cent, with a blank that breaks no line.

    Examples:
        >>> percent(0.127), percent(-0.0312, 2, "+"), percent(None)
        ('12.7\xa0%', '−3.12\xa0%', '')
    """
    if share is None or not math.isfinite(share):
        return ""
    return f"{100.0 * share:{sign}z.{digits}f}\N{NO-BREAK SPACE}%".replace("-", "−")


def quoted(parameter: Mapping[str, Any], key: str, digits: int = 4) -> str:
    """A field of a fitted parameter, of a cross section in 1e-40 cm2.

    Examples:
        >>> quoted({"value": 1.709e-38, "unit": "cm2"}, "value")
        '170.9'
    """
    value = parameter.get(key)
    scale = _CM2 if parameter.get("unit") == "cm2" else 1.0
    return plain(None if value is None else value / scale, digits)


def quoted_unit(parameter: Mapping[str, Any]) -> str:
    """The unit of `quoted`."""
    unit = str(parameter.get("unit") or "")
    return _UNITS.get(unit, unit)


def value_with_errors(parameter: Mapping[str, Any]) -> str:
    """A fitted value with the errors of MINOS, or of the covariance, and its unit.

    Examples:
        >>> value_with_errors({"value": 310.39, "error": 31.87, "error_up": 32.29,
        ...                    "error_down": 31.45, "unit": ""})
        '310.4 +32.29 −31.45'
    """
    up, down = quoted(parameter, "error_up"), quoted(parameter, "error_down")
    both = up and down
    if both or (parameter.get("at_bound") and (up or down)):
        error = " ".join([f"+{up}"] * bool(up) + [f"−{down}"] * bool(down))
    elif parameter.get("fixed") or not parameter.get("error"):
        error = "(fixed)"
    else:
        error = f"± {quoted(parameter, 'error')}"
    return with_unit(f"{quoted(parameter, 'value')} {error}", parameter)


def with_unit(text: str, parameter: Mapping[str, Any]) -> str:
    """A number with its unit; one that begins with a power of ten is a factor.

    Examples:
        >>> with_unit("14", {"unit": "1e6 /cm2/s"}), with_unit("2.1", {"unit": ""})
        ('14 × 1e6 /cm2/s', '2.1')
    """
    unit = quoted_unit(parameter)
    return f"{text} {'× ' if unit[:1].isdigit() else ''}{unit}".rstrip()
