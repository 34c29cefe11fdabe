"""Backgrounds in an experiment file: how many events, and how they are distributed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from cevns.exceptions import InputError
from cevns.experiments.declaration.event_numbers import Count, events_of_rate
from cevns.experiments.forms.energy_forms import IN_ENERGY, EnergyForm, EnergyFormula
from cevns.experiments.forms.named_backgrounds import named_background
from cevns.experiments.forms.section import Section, Strength, Table
from cevns.experiments.forms.time_forms import IN_TIME, Exponential, ExponentialFit, TimeForm
from cevns.typing import Array
from cevns.units import Measurement, quantity

__all__ = ["STEADY_STATE_ROLE", "Alternative", "Background", "Template"]

STEADY_STATE_ROLE = "ac-energy"
"""The table of a release with what was seen out of time with the beam."""


class Alternative(Section):
    """Released templates at +1 and -1 sigma of a parameter, by role.

    With ``plus`` alone the release is one-sided: the alternative belongs to +1 sigma, and -1 sigma
    is its mirror image, nominal - (plus - nominal).
    """

    plus: str
    minus: str | None = None


class Template(Section):
    """A released template in all axes, by role, and its alternatives by parameter."""

    role: str
    variations: dict[str, Alternative] = Field(default_factory=dict)


class Background(Section):
    """A background: expected count in the analysis region and its shape.

    The ``count``, or a ``rate`` that goes with mass and live time or with the exposure of the beam,
    has its prior error behind it; ``{free: 9600}`` is one that only the data know, ``{exact: 0.5}``
    one without an error of its own. Of several channels it is that of an exposure of one. The shape
    is a product of one in ``energy`` and one in ``time``, or a released ``template``.

    ``steady`` says that it does not follow the beam; left out, `out_of_beam` tells by the shape.
    ``window`` is the range of energies that count and rate are of, by default the analysis region.
    ``like`` names one that others measured (`named_background`): what the section says beside has
    the last word, and a count or rate of its own is of a window of its own.
    """

    title: str = ""
    events: Count | None = Field(default=None, alias="count")
    rate: str | dict[str, Any] | None = None
    window: list[str | float] | None = Field(default=None, min_length=2, max_length=2)
    steady: bool | None = None
    template: Template | None = None
    energy: Annotated[EnergyForm | None, IN_ENERGY] = None
    time: Annotated[TimeForm | None, IN_TIME] = None
    strength: Strength = Field(default_factory=list)
    _count: Measurement | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _like_another(cls, value: Any) -> Any:
        if not (isinstance(value, Mapping) and "like" in value):
            return value
        own = {k: v for k, v in value.items() if k != "like"}
        named = named_background(str(value["like"]))
        if own.keys() & {"count", "rate"}:
            named = {k: v for k, v in named.items() if k not in ("count", "rate", "window")}
        return {**named, **own}

    @property
    def count(self) -> Measurement:
        """Expected events in the analysis region, with an infinite error where they are free."""
        assert self._count is not None  # resolved with the file
        return self._count

    @property
    def constrained(self) -> bool:
        """Whether the count has a finite error; true while it is not resolved."""
        return self._count is None or math.isfinite(self._count.sigma)

    @property
    def out_of_beam(self) -> bool:
        """Whether it does not follow the beam: flat in time or measured out of time by default."""
        if self.steady is not None:
            return self.steady
        flat = isinstance(self.time, Exponential) and self.time.rate == 0.0
        measured = isinstance(self.energy, Table) and self.energy.role == STEADY_STATE_ROLE
        return flat or measured or isinstance(self.time, ExponentialFit)

    def resolve(
        self,
        mass_kg: float,
        region: Array | None,
        unit: str,
        exposures: Mapping[str, Callable[[], float]],
    ) -> None:
        """Make the count in the analysis region, of a rate or of what is told in a window.

        Args:
            mass_kg: of the target.
            region: ends of the energy axis; None without one.
            unit: the internal one of that axis.
            exposures: days and GWh, see `events_of_rate`.

        Raises:
            InputError: if there is neither or both, a rate without its exposure, a window that
                cannot be, or the count is another one in another channel.
        """
        if (self.events is None) == (self.rate is None):
            raise InputError("give either 'count' or 'rate'")
        share, window = self._told_in(region, unit)
        if self.events is not None:
            told = self.events
        else:
            range_kev = None
            if window is not None and unit.startswith("keV"):
                range_kev = float(window[1] - window[0])
            told = events_of_rate(self.rate, mass_kg, range_kev, exposures)
        count = Measurement(told.value * share, told.sigma * share)
        if self._count not in (None, count):
            raise InputError(
                "its rate gives a different count in another channel with a different "
                "mass or axis: declare a separate background for each"
            )
        self._count = count

    def _told_in(self, region: Array | None, unit: str) -> tuple[float, Array | None]:
        """Share of the region in what is told, and the window in which it is told."""
        if self.window is None:
            return 1.0, region
        if region is None or not isinstance(self.energy, EnergyFormula):
            raise InputError(
                "'window' needs a shape in energy that is defined beyond the axis: flat, "
                "exponential, exponentials, steps or beta-decay"
            )
        window = np.array([quantity(edge, unit, what="window") for edge in self.window])
        if not window[0] < window[1]:
            raise InputError(
                f"'window' goes from a lower energy to a higher one, not {self.window}"
            )
        return self.energy.share(region, window, unit), window

    @model_validator(mode="after")
    def _one_shape(self) -> Background:
        if self.template is not None and self.energy is not None:
            raise InputError("give either 'energy' (and 'time') or 'template'")
        return self
