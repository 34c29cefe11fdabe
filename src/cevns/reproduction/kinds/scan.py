"""A number from the scan of one parameter of new physics: its best fit, or an end of its set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.study import load

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["ONE_SIGMA", "compute"]

ONE_SIGMA = 0.6826894921370859
_Items = tuple[tuple[str, float | None], ...]


@cache
def _scan(
    experiment: str,
    model: str,
    parameter: str,
    over: tuple[float, float, int],
    free: tuple[str, ...],
    at: _Items,
    fix: _Items,
    level: float,
    overrides: tuple[tuple[str, str], ...],
    asimov: bool,
) -> Scan:
    low, high, points = over
    study = load(experiment, overrides=dict(overrides), models=model)
    return study.scan(
        {parameter: np.linspace(low, high, int(points))},
        free=free,
        at={name: value for name, value in at if value is not None},
        fix=dict(fix),
        cl=level,
        asimov=asimov,
    )


def compute(
    experiment: str,
    model: str,
    parameter: str,
    over: Sequence[float],
    field: Literal["best", "lower", "upper", "up", "down"],
    piece: int = 0,
    free: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    level: float = ONE_SIGMA,
    overrides: Mapping[str, str] | None = None,
    asimov: bool = False,
    offset: float = 0.0,
    scale: float = 1.0,
) -> float:
    """The best value of a parameter, or an end of a piece of its confidence set.

    Everything else is profiled, the critical value is that of Wilks with one degree of freedom.

    Args:
        experiment: name or path.
        model: new physics, or ``standard-model``.
        parameter: that is scanned.
        over: first and last value, and number of points; ends lie between points are refitted.
        field: ``best``; ``lower`` and ``upper`` end of a piece; ``up`` and ``down``, the distances
            of the ends from the best value.
        piece: which piece of a disjoint set, the lowest is 0.
        free: further parameters of the model that are profiled.
        at: values of others that are held.
        fix: nuisance parameters that are held, at a value or (None) where they are.
        level: confidence level.
        overrides: changed fields of the experiment file.
        asimov: whether expected counts are fitted: a projection.
        offset: added to a value, in its unit: what the parameter is counted from.
        scale: factor to the unit of the row.

    Raises:
        InputError: if there is no such piece, or it runs out of the range.
    """
    low, high, points = over
    found = _scan(
        experiment,
        model,
        parameter,
        (float(low), float(high), int(points)),
        tuple(free),
        tuple((at or {}).items()),
        tuple((fix or {}).items()),
        level,
        tuple((overrides or {}).items()),
        asimov,
    )
    best = float(found.best[parameter])
    if field == "best":
        return scale * (best + offset)
    pieces = found.intervals
    if not 0 <= piece < len(pieces):
        raise InputError(
            f"{parameter} of {experiment} has {len(pieces)} pieces from {low:g} to {high:g}, so "
            f"none with the number {piece}"
        )
    ends = dict(zip(("lower", "upper"), pieces[piece], strict=True))
    name = {"down": "lower", "up": "upper"}.get(field, field)
    # at the edge of the scan nothing was crossed
    if ends[name] in (low, high):
        raise InputError(
            f"{parameter} of {experiment} is not limited from {low:g} to {high:g}: extend the scan"
        )
    widths = {"up": ends["upper"] - best, "down": best - ends["lower"]}
    return scale * widths.get(field, ends[name] + offset)
