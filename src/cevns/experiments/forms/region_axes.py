"""The axes of an analysis region: bin edges with their units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from cevns.exceptions import InputError
from cevns.experiments.forms.section import AXIS_UNITS, Section
from cevns.units import quantity

__all__ = ["Axes", "Axis", "TimeAxis"]

_TIME_UNITS: Mapping[str, str] = dict.fromkeys(("us", "ps", "ns", "ms", "s", "h", "d"), "us")
_MAX_BINS = 1000
"""Bins an axis may have: more of them are a mistake, or a fit that does not end."""


class Axis(Section):
    """A reconstructed axis: bin edges in its unit.

    What is written in another unit (eVee, ns) is converted: `unit` and `edges` hold the internal
    one (PE, keVee, us), in which efficiencies and tables are written too.
    """

    units: ClassVar[Mapping[str, str]] = AXIS_UNITS
    signed: ClassVar[bool] = False

    name: str = "energy"
    unit: str = ""
    # edges that are no numbers are refused below, with their neighbours
    edges: list[Annotated[float, Field(allow_inf_nan=True)]] = Field(
        min_length=2, max_length=_MAX_BINS + 1
    )

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        if unit not in cls.units:
            known = ", ".join(u for u in cls.units if u)
            raise InputError(f"{unit!r} is not a unit of this axis; use one of {known}")
        return unit

    @field_validator("edges", mode="before", json_schema_input_type=list[float] | dict[str, float])
    @classmethod
    def _even(cls, edges: Any) -> Any:
        """Edges of bins of one width, where that is how they are written."""
        if not isinstance(edges, Mapping):
            return edges
        words = ("from", "to", "width")
        numbers = [edges.get(word) for word in words]
        if set(edges) != set(words) or not all(
            isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n)
            for n in numbers
        ):
            raise InputError(
                "bins of equal width are written {from: 160, to: 800, width: 10}, three "
                "plain numbers in the unit of the axis"
            )
        low, high, width = (float(n) for n in numbers if n is not None)
        count = (high - low) / width if width > 0.0 else 0.0
        if not 0.5 < count < _MAX_BINS + 0.5 or abs(count - round(count)) > 1e-6 * count:
            raise InputError(
                f"from {low:g} to {high:g} there is no whole number of bins, at most {_MAX_BINS}, "
                f"of width {width:g}"
            )
        return np.linspace(low, high, round(count) + 1).tolist()

    @field_validator("edges")
    @classmethod
    def _increasing(cls, edges: list[float]) -> list[float]:
        for a, b in pairwise(edges):
            if not (a < b and math.isfinite(b - a)):
                raise InputError(f"bin edges must be finite and increase; {b:g} follows {a:g}")
        if max(abs(edges[0]), edges[-1]) > 1e15:
            raise InputError(f"bin edges lie within 1e15; got {edges[0]:g} to {edges[-1]:g}")
        if edges[0] < 0 and not cls.signed:
            raise InputError(f"bin edges must not be negative; got {edges[0]:g}")
        return edges

    @model_validator(mode="after")
    def _internal(self) -> Axis:
        internal = self.units[self.unit]
        if internal != self.unit:
            edges = [quantity(f"{e!r} {self.unit}", internal) for e in self.edges]
            object.__setattr__(self, "edges", edges)  # the model is frozen for everybody else
            object.__setattr__(self, "unit", internal)
        return self


class TimeAxis(Axis):
    """Arrival time after the beam signal; a region may begin before it."""

    units: ClassVar[Mapping[str, str]] = _TIME_UNITS
    signed: ClassVar[bool] = True

    name: str = "time"
    unit: str = "us"


class Axes(Section):
    """The axes of the analysis region; without one in energy, events are counted.

    With ``cells``, a table of rectangles between edges of the axes, the data are these and not all
    bins: an analysis region that is no rectangle, or bins of unequal size.
    """

    energy: Axis | None = None
    pulse_shape: Axis | None = None
    time: TimeAxis | None = None
    cells: str | None = None

    @property
    def region(self) -> tuple[tuple[float, float] | None, ...]:
        """Ends of the axes in energy, pulse shape and time; None where there is no such axis."""
        axes = (self.energy, self.pulse_shape, self.time)
        return tuple(None if a is None else (a.edges[0], a.edges[-1]) for a in axes)
