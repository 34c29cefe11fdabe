"""What a number of the file does to the prediction if it only multiplies components.

Nothing here knows that a signal grows with the mass of the target. The model is built with the
number changed, twice, and compared bin by bin; where every component is multiplied by a power
of the number, at the nominal parameters and at others, the number is a *scale*, and moving it
costs no new model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from cevns.inference import Model
from cevns.typing import Array

__all__ = ["Law", "felt", "scale_law", "scaled"]

Law = Mapping[tuple[str, str], int]
"""By channel and component the power with which a number multiplies it."""
_TRIED: Final = (2.0, 0.6)
"""What the number is multiplied with; the first one tells the power."""
_SAME: Final = 1e-13
_HIGHEST: Final = 4
_FELT: Final = 1e-12


def scale_law(build: Callable[[float], Model]) -> Law | None:
    """The powers with which a number multiplies the components; None where it does more.

    Args:
        build: the model with the number multiplied.
    """
    usual = build(1.0)
    points = _points(usual)
    contents = [_contents(usual, theta) for theta in points]
    law: dict[tuple[str, str], int] = {}
    for factor in _TRIED:
        other = build(factor)
        if not _alike(usual, other):
            return None
        for theta, before in zip(points, contents, strict=True):
            now = _contents(other, theta)
            for key, counts in before.items():
                if key not in law:
                    law[key] = _power(counts, now[key])
                expected = counts * factor ** law[key]
                if not np.allclose(now[key], expected, rtol=_SAME, atol=_SAME * _size(expected)):
                    return None
    return law


def scaled(model: Model, factors: Mapping[tuple[str, str], float]) -> Model:
    """A model with its components multiplied.

    Args:
        model: the model.
        factors: by channel and component.
    """
    channels = {
        c.name: replace(
            c,
            components=tuple(
                replace(k, strength=(*k.strength, factors[c.name, k.name]))
                if factors.get((c.name, k.name), 1.0) != 1.0
                else k
                for k in c.components
            ),
        )
        for c in model.channels
    }
    return model.with_channels(channels)


def _alike(one: Model, other: Model) -> bool:
    """Whether two models have the same parameters, data and floors."""
    if one.parameters.names != other.parameters.names:
        return False
    if any(a != b for a, b in zip(one.parameters, other.parameters, strict=True)):
        return False
    for a, b in zip(one.channels, other.channels, strict=True):
        if (a.floor is None) != (b.floor is None) or a.n_bins != b.n_bins:
            return False
        if a.floor is not None and b.floor is not None and not np.array_equal(a.floor, b.floor):
            return False
        if any(x.normalised for x in a.components):
            return False
    return True


def _points(model: Model) -> tuple[Array, Array]:
    """The nominal point, and one where every parameter is elsewhere."""
    there = model.parameters.values
    moved = [min(max(p.value + 0.5 * p.scale, p.lower), p.upper) for p in model.parameters]
    return there, np.array(moved)


def _contents(model: Model, theta: Array) -> dict[tuple[str, str], Array]:
    """Expected data of each component, by channel and component."""
    several = len(model.channels) > 1
    found = model.components(theta)
    return {
        (c.name, k.name): found[f"{c.name}.{k.name}" if several else k.name]
        for c in model.channels
        for k in c.components
    }


def _power(usual: Array, double: Array) -> int:
    """The power with which a doubled number multiplies; zero where it is none."""
    at = int(np.argmax(np.abs(usual)))
    ratio = double[at] / usual[at] if usual[at] else 1.0
    power = round(math.log2(ratio)) if ratio > 0 and math.isfinite(ratio) else 0
    return power if abs(power) <= _HIGHEST else 0


def _size(counts: Array) -> float:
    return float(np.abs(counts).max())


def felt(model: Model) -> set[str]:
    """Parameters that move the expectation, at nominal values or with the others moved."""
    there, names = model.parameters.values, model.parameters.names
    steps = np.array([p.scale for p in model.parameters])
    low = np.array([p.lower for p in model.parameters])
    high = np.array([p.upper for p in model.parameters])
    up = np.clip(there + np.diag(steps), low, high)
    down = np.clip(there - np.diag(steps), low, high)
    usual, *moved = model.expected(np.concatenate([there[None], up, down]))
    change = np.abs(np.array(moved) - usual).max(axis=1) > _FELT * np.abs(usual).max()
    count = len(names)
    found = {n for n, a, b in zip(names, change[:count], change[count:], strict=True) if a or b}
    return found | {n for n in names if n not in found and model.feels(n)}
