"""Backgrounds in an experiment file: how many events, and how they are distributed."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.declaration.event_numbers import Count, events_of_rate
from cevns.morphing import Between
from cevns.typing import Array
from cevns.units import Measurement, Unit, quantity

__all__ = [
    "STEADY_STATE_ROLE",
    "Alternative",
    "Background",
    "Component",
    "EnergyFormula",
    "Exponential",
    "ExponentialEnergy",
    "ExponentialFit",
    "ExponentialsEnergy",
    "FlatEnergy",
    "Gaussian",
    "GridEnergy",
    "Lines",
    "Name",
    "PowerLaw",
    "Pulse",
    "Section",
    "Strength",
    "Table",
    "Template",
]


STEADY_STATE_ROLE = "ac-energy"
"""The table of a release with what was seen out of time with the beam."""


class Section(BaseModel):
    """A section of a file: no field but those that are named."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )


def _plain(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise InputError(f"{name!r} is no name: use small letters, digits and '-'")
    return name


Name = Annotated[str, AfterValidator(_plain)]
"""Of an experiment or of several together."""


class Component(BaseModel):
    """A section that a registered model reads: its name and the model's own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @property
    def fields(self) -> dict[str, Any]:
        """The fields beside ``kind``, as written."""
        return dict(self.__pydantic_extra__ or {})


Strength = list[str | Annotated[float, Field(gt=0, allow_inf_nan=False)] | Component]
"""Factors: names of parameters, numbers, and functions (`cevns.inference.factors`)."""

AXIS_UNITS: Mapping[str, str] = {
    "": "",
    "PE": "PE",
    "electrons": "electrons",
    **{f"{p}eV{s}": f"keV{s}" for s in ("ee", "nr", "") for p in ("", "k", "M")},
}


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
    variations: dict[str, Alternative] = {}


class Table(Section):
    """A histogram in a CSV file beside the YAML; `role` names it in the public release.

    Columns: lower and upper edge of each axis in the internal unit (PE, keVee, us), the content.
    With ``efficiency: true`` the table is a density before the time efficiency, which is then
    applied inside the bins.
    """

    file: str
    role: str | None = None
    efficiency: bool = False


class EnergyFormula(Section):
    """A shape along energy that is a formula: a sum of exponentials."""

    @abstractmethod
    def terms(self, unit: str) -> list[tuple[float, float]]:
        """Heights at E = 0 and scales, of each h exp(-E/scale).

        Args:
            unit: the internal one of the axis, in which the scales are.

        Raises:
            InputError: if a scale is not positive.
            UnitError: if its unit is not one of the axis.
        """


class FlatEnergy(EnergyFormula):
    """The same number of events per unit of the energy axis.

    Args:
        within: ends of the flat part as written, outside of which there is nothing; by default
            those of the analysis region.
    """

    kind: Literal["flat"]
    within: tuple[str | float, str | float] | None = None

    def ends(self, unit: str) -> tuple[float, float]:
        """Of the flat part, in the unit of the axis.

        Raises:
            InputError: if the ends do not increase.
            UnitError: if their unit is not one of the axis.
        """
        if self.within is None:
            return -math.inf, math.inf
        low, high = (quantity(end, unit, what="within") for end in self.within)
        if not low < high:
            raise InputError(f"within: the ends must increase, not {low:g} and {high:g}")
        return low, high

    def terms(self, unit: str) -> list[tuple[float, float]]:
        """One that does not fall."""
        self.ends(unit)
        return [(1.0, math.inf)]


class GridEnergy(Section):
    """A table of a file that is known at a grid of parameter values (`cevns.morphing`).

    The count of the background is that at their nominal values, and follows them as the table does.

    Args:
        file: the archive, beside the experiment file.
        table: which of its tables.
        between: what lies between the values, ``spline`` or ``line``.
        parameter_values: by name, the values, where the file does not say; ``{}`` for a table that
            follows no parameter.
    """

    kind: Literal["grid"]
    file: str
    table: str
    between: Between = "spline"
    parameter_values: dict[str, list[float]] | None = None


class ExponentialEnergy(EnergyFormula):
    """``exp(-E/scale)``, the scale in a unit of the energy axis (a plain number where it has none).

    Args:
        scale: as written, for example ``10 PE``.
        slope: name of a parameter p of the file that steepens it, ``exp(-p E/scale)``.
    """

    kind: Literal["exponential"]
    scale: str | float
    slope: str | None = None

    def terms(self, unit: str) -> list[tuple[float, float]]:
        """One; see `EnergyFormula`."""
        return [(1.0, _scale(self.scale, unit))]


class ExponentialsEnergy(EnergyFormula):
    """``sum_i heights_i exp(-E/scales_i)``: an excess at low energies that falls ever more slowly.

    Args:
        scales: as written, for example ``[28 eVnr, 320 eVnr]``.
        heights: of each at E = 0, relative to each other.
    """

    kind: Literal["exponentials"]
    scales: list[str | float] = Field(min_length=2)
    heights: list[Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _pairs(self) -> ExponentialsEnergy:
        if len(self.scales) != len(self.heights):
            raise InputError(
                f"{len(self.scales)} scales have as many heights, not {len(self.heights)}"
            )
        return self

    def terms(self, unit: str) -> list[tuple[float, float]]:
        """One for each scale; see `EnergyFormula`."""
        scales = [_scale(s, unit) for s in self.scales]
        return list(zip(self.heights, scales, strict=True))


def _scale(written: str | float, unit: str) -> float:
    scale = quantity(written, unit, what="scale")
    if scale <= 0:
        raise InputError(f"scale: {written!r} must be positive")
    return scale


class Lines(Section):
    """Lines of X-rays or gammas, each as wide as the detector's resolution makes it.

    Args:
        energies: electron-equivalent energies of the lines.
        intensities: events of the whole lines relative to each other, also of those that lie
            partly outside the analysis region; equal where left out.

    Examples:
        >>> Lines(kind="lines", energies=["1.297 keVee", "1142 eVee"]).energies
        [1.297, 1.142]
    """

    kind: Literal["lines"]
    energies: list[Annotated[float, Unit("keVee"), Field(gt=0)]] = Field(min_length=1)
    intensities: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _paired(self) -> Lines:
        if self.intensities and len(self.intensities) != len(self.energies):
            raise InputError(
                f"lines: {len(self.energies)} energies have {len(self.intensities)} intensities; "
                "give one for each"
            )
        return self


class Exponential(Section):
    """``exp(-rate t)``: flat for a rate of zero."""

    kind: Literal["exponential"]
    rate: Annotated[float, Unit("/us"), Field(ge=0)]


class PowerLaw(Section):
    """``(t - begin)^-exponent``: what becomes quieter after a detector was cooled down.

    Args:
        exponent: 0.59 of the excess that NUCLEUS sees (arXiv:2603.24450).
        begin: of the fall, on the time axis and not after its first edge.
    """

    kind: Literal["power-law"]
    exponent: Annotated[float, Field(ge=0, le=10)]
    begin: Annotated[float, Unit("us")]

    def bins(self, edges: Array) -> Array:
        """Its integral over bins of time, us, any normalisation.

        Raises:
            InputError: if it begins behind the first edge, or would be infinite there.
        """
        since = edges - self.begin
        if since[0] < 0.0 or (since[0] == 0.0 and self.exponent >= 1.0):
            raise InputError(
                "a power law begins before the first edge of the time axis, and at the edge it "
                "is infinite for an exponent of one or more; move 'begin'"
            )
        since = since / since[-1]
        power = 1.0 - self.exponent
        if abs(power) < 1e-9:
            return np.diff(np.log(since))
        result: Array = np.diff(since**power) / power
        return result


class Gaussian(Section):
    """A pulse that is gaussian in time, for example of beam neutrons."""

    kind: Literal["gaussian"]
    mean: Annotated[float, Unit("us")]
    sigma: Annotated[float, Unit("us"), Field(gt=0)]


class Pulse(Section):
    """The arrival times of the source's prompt flavour at the nominal time of the pulse."""

    kind: Literal["pulse"]


class ExponentialFit(Table):
    """An exponential whose slope is fitted to a table of times measured outside the beam window.

    Args:
        start: of the range of times that is fitted; by default the table's own.
        end: of that range.
    """

    kind: Literal["exponential-fit"]
    start: Annotated[float, Unit("us")] | None = None
    end: Annotated[float, Unit("us")] | None = None
    efficiency: Literal[False] = False


def _form(axis: str, kinds: Mapping[str, type[Section]], example: str) -> BeforeValidator:
    """The form of a shape, decided by the fields that are there: an error is about one form."""

    def picked(value: Any) -> Any:
        if isinstance(value, dict):
            kind = str(value.get("kind"))
            if "kind" in value and kind not in kinds:
                raise UnknownNameError(f"{axis} shape", kind, kinds)
            return kinds.get(kind, Table).model_validate(value)
        if value is not None and not isinstance(value, (Table, *kinds.values())):
            raise InputError(f"expected {example} or {{file: ...}}, got {value!r}")
        return value

    return BeforeValidator(picked)


_IN_ENERGY = _form(
    "energy",
    {
        "flat": FlatEnergy,
        "exponential": ExponentialEnergy,
        "exponentials": ExponentialsEnergy,
        "grid": GridEnergy,
        "lines": Lines,
    },
    "{kind: flat}",
)
_IN_TIME = _form(
    "time",
    {
        "exponential": Exponential,
        "exponential-fit": ExponentialFit,
        "gaussian": Gaussian,
        "power-law": PowerLaw,
        "pulse": Pulse,
    },
    "{kind: exponential, ...}",
)


class Background(Section):
    """A background: expected count in the analysis region and its shape.

    The ``count``, or a ``rate`` that goes with mass and live time or with the exposure of the beam,
    has its prior error behind it; ``{free: 9600}`` is one that only the data know, ``{exact: 0.5}``
    one without an error of its own. Of several channels it is that of an exposure of one. The shape
    is a product of one in ``energy`` and one in ``time``, or a released ``template``.

    ``steady`` says that it does not follow the beam; left out, `out_of_beam` tells by the shape.
    """

    title: str = ""
    events: Count | None = Field(default=None, alias="count")
    rate: str | dict[str, Any] | None = None
    steady: bool | None = None
    template: Template | None = None
    energy: Annotated[
        FlatEnergy | ExponentialEnergy | ExponentialsEnergy | GridEnergy | Lines | Table | None,
        _IN_ENERGY,
    ] = None
    time: Annotated[
        Exponential | ExponentialFit | Gaussian | PowerLaw | Pulse | Table | None, _IN_TIME
    ] = None
    strength: Strength = Field(default_factory=list)
    _count: Measurement | None = PrivateAttr(default=None)

    @property
    def count(self) -> Measurement:
        """Expected events in the analysis region, with an infinite error where they are free."""
        assert self._count is not None  # resolved with the file
        return self._count

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
        range_kev: float | None,
        exposures: Mapping[str, Callable[[], float]],
    ) -> None:
        """Make the count of a rate.

        Args:
            mass_kg: of the target.
            range_kev: length of the energy axis; None where it is not in keV.
            exposures: days and GWh, see `events_of_rate`.

        Raises:
            InputError: if there is neither or both, a rate without its exposure, or the rate is
                another count in another channel.
        """
        if (self.events is None) == (self.rate is None):
            raise InputError("give either 'count' or 'rate'")
        if self.events is not None:
            self._count = self.events
            return
        count = events_of_rate(self.rate, mass_kg, range_kev, exposures)
        if self._count not in (None, count):
            raise InputError(
                "its rate is another count here than in another channel, whose mass or axis "
                "differ: declare a background for each"
            )
        self._count = count

    @model_validator(mode="after")
    def _one_shape(self) -> Background:
        if self.template is not None and self.energy is not None:
            raise InputError("give either 'energy' (and 'time') or 'template'")
        return self
