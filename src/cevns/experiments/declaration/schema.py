"""The schema of an experiment file: what may be declared, in which units.

A file is a declaration; it holds no code and no expression. Sections with a ``kind`` (source,
interaction, quenching, resolution, efficiency) are checked by the model of that name: its fields
are the fields of the section, so a new detector effect needs no change here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from cevns import datasets
from cevns.exceptions import CevnsError, InputError, UnknownNameError
from cevns.parameters import fold_name
from cevns.typing import Array
from cevns.units import Measurement, Unit, measurement, quantity

__all__ = [
    "Alternative",
    "Axes",
    "Axis",
    "Background",
    "Component",
    "Data",
    "Detector",
    "Efficiency",
    "ExperimentFile",
    "Exponential",
    "ExponentialEnergy",
    "ExponentialFit",
    "FlatEnergy",
    "Interaction",
    "ParameterEntry",
    "ReleasedSignal",
    "Source",
    "Table",
    "Target",
    "Template",
    "TimeAxis",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Component(BaseModel):
    """A section that a registered model reads: its name and the model's own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @property
    def fields(self) -> dict[str, Any]:
        """The fields beside ``kind``, as written."""
        return dict(self.__pydantic_extra__ or {})


def _count(value: Any) -> Measurement:
    if isinstance(value, Measurement):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number) and number >= 0 and not isinstance(value, bool):
        small = max(number / 100, 0.1)
        raise InputError(
            f"the count {number:g} has no error; write 'value +/- error', for a well-known "
            f"background for example '{number:g} +/- {small:.1g}'"
        )
    result = measurement(value)
    if result.value < 0:
        raise InputError(f"a count cannot be negative: {value!r}")
    return result


Count = Annotated[Measurement, BeforeValidator(_count)]


class Source(Component):
    """What emits, and when its particles arrive where they do not follow a beam pulse."""

    arrival: Component | None = None


class Target(_Section):
    """What the neutrinos hit."""

    material: str
    mass: Annotated[float, Unit("kg"), Field(gt=0)]
    composition: dict[str, float] | None = None


class Interaction(_Section):
    """The process at the nucleus and its named physics choices.

    ``electrons`` adds elastic scattering on electrons. Left out, it is added where an extension
    of the Standard Model changes it and `ExperimentFile.blind_to_electrons` gives no reason not to.
    """

    kind: str = "standard-model"
    couplings: str = "scholberg2021"
    form_factor: str = "klein-nystrand"
    axial: bool = True
    electrons: bool | None = None


class Efficiency(_Section):
    """Efficiency in recoil energy, in reconstructed energy and in time; 1 where not declared."""

    recoil: Component = Component(kind="unity")
    energy: Component = Component(kind="unity")
    time: Component = Component(kind="unity")


class Detector(_Section):
    """What the apparatus makes of a recoil."""

    quenching: Component
    resolution: Component
    efficiency: Efficiency = Efficiency()
    pulse_shape: Component | None = None


_AXIS_UNITS: Mapping[str, str] = {
    "": "",
    "PE": "PE",
    **{f"{p}eV{s}": f"keV{s}" for s in ("ee", "nr", "") for p in ("", "k", "M")},
}
_TIME_UNITS: Mapping[str, str] = dict.fromkeys(("us", "ps", "ns", "ms", "s", "h", "d"), "us")
_MAX_BINS = 1000
"""Bins an axis may have: more of them are a mistake, or a fit that does not end."""


class Axis(_Section):
    """A reconstructed axis: bin edges in its unit.

    What is written in another unit (eVee, ns) is converted: `unit` and `edges` hold the internal
    one (PE, keVee, us), in which efficiencies and tables are written too.
    """

    units: ClassVar[Mapping[str, str]] = _AXIS_UNITS
    signed: ClassVar[bool] = False

    name: str = "energy"
    unit: str = ""
    edges: list[float] = Field(min_length=2, max_length=_MAX_BINS + 1)

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        if unit not in cls.units:
            known = ", ".join(u for u in cls.units if u)
            raise InputError(f"{unit!r} is no unit of this axis; use one of {known}")
        return unit

    @field_validator("edges")
    @classmethod
    def _increasing(cls, edges: list[float]) -> list[float]:
        for a, b in pairwise(edges):
            if not (a < b and math.isfinite(b - a)):
                raise InputError(f"bin edges must be finite and increase; {b:g} follows {a:g}")
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


class Axes(_Section):
    """The axes of the analysis region."""

    energy: Axis
    pulse_shape: Axis | None = None
    time: TimeAxis | None = None


class Alternative(_Section):
    """Released templates at +1 and -1 sigma of a parameter, by role.

    With ``plus`` alone the release is one-sided: the alternative belongs to +1 sigma, and -1 sigma
    is its mirror image, nominal - (plus - nominal).
    """

    plus: str
    minus: str | None = None


class Template(_Section):
    """A released template in all axes, by role, and its alternatives by parameter."""

    role: str
    variations: dict[str, Alternative] = {}


class ReleasedSignal(_Section):
    """A signal PDF that the release holds, beside the one from first principles.

    ``use`` chooses; new physics and the weak mixing angle always take first principles.
    """

    use: Literal["released", "first-principles"] = "released"
    count: Count
    template: Template


class Table(_Section):
    """A histogram in a CSV file beside the YAML; `role` names it in the public release.

    Columns: lower and upper edge of each axis in the internal unit (PE, keVee, us), the content.
    With ``efficiency: true`` the table is a density before the time efficiency, which is then
    applied inside the bins.
    """

    file: str
    role: str | None = None
    efficiency: bool = False


class FlatEnergy(_Section):
    """The same number of events per unit of the energy axis."""

    kind: Literal["flat"]

    def bins(self, edges: Array, unit: str) -> Array:  # noqa: ARG002 - as ExponentialEnergy
        """Share of each bin, any normalisation."""
        return np.diff(edges)


class ExponentialEnergy(_Section):
    """``exp(-E/scale)``, the scale in a unit of the energy axis (a plain number where it has none).

    Args:
        scale: as written, for example ``10 PE``.
    """

    kind: Literal["exponential"]
    scale: str | float

    def bins(self, edges: Array, unit: str) -> Array:
        """Share of each bin of an axis in `unit`, any normalisation.

        The integral from a to b is proportional to ``exp(-(a - edges[0])/scale)`` times
        ``1 - exp(-(b - a)/scale)``: no difference of nearly equal numbers, no underflow of the
        whole shape far above the scale.

        Raises:
            InputError: if the scale is not positive.
            UnitError: if its unit is not one of the axis.
        """
        scale = self.in_unit(unit)
        begin = np.exp(-(edges[:-1] - edges[0]) / scale)
        return np.asarray(begin * -np.expm1(-np.diff(edges) / scale))

    def in_unit(self, unit: str) -> float:
        """The scale in the internal unit of the axis."""
        scale = quantity(self.scale, unit, what="scale")
        written = re.sub(r"^.*[\d.\s]", "", str(self.scale).strip())
        # keV, keVee and keVnr convert into each other, but are different axes
        if _AXIS_UNITS.get(written) != unit:
            raise InputError(f"scale: {self.scale!r} is not in the unit of the axis, {unit}")
        if scale <= 0:
            raise InputError(f"scale: {self.scale!r} must be positive")
        return scale


class Exponential(_Section):
    """``exp(-rate t)``: flat for a rate of zero."""

    kind: Literal["exponential"]
    rate: Annotated[float, Unit("/us"), Field(ge=0)]


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


_ENERGY_KINDS: Mapping[str, type[_Section]] = {"flat": FlatEnergy, "exponential": ExponentialEnergy}
_TIME_KINDS: Mapping[str, type[_Section]] = {
    "exponential": Exponential,
    "exponential-fit": ExponentialFit,
}


def _pick(value: Any, axis: str, kinds: Mapping[str, type[_Section]]) -> Any:
    """The form of a shape, decided by the fields that are there: an error is about one form."""
    if isinstance(value, dict):
        kind = str(value.get("kind"))
        if "kind" in value and kind not in kinds:
            raise UnknownNameError(f"{axis} shape", kind, kinds)
        return kinds.get(kind, Table).model_validate(value)
    if value is not None and not isinstance(value, (Table, *kinds.values())):
        example = (
            f"{{kind: {next(iter(kinds))}}}" if axis == "energy" else "{kind: exponential, ...}"
        )
        raise InputError(f"expected {example} or {{file: ...}}, got {value!r}")
    return value


class Background(_Section):
    """A background: expected count in the analysis region and its shape.

    The shape is a product of one in ``energy`` and one in ``time``, or a released ``template``.
    """

    title: str = ""
    count: Count
    steady: bool = False
    template: Template | None = None
    energy: FlatEnergy | ExponentialEnergy | Table | None = None
    time: Exponential | ExponentialFit | Table | None = None

    @field_validator("energy", mode="before")
    @classmethod
    def _energy_form(cls, value: Any) -> Any:
        return _pick(value, "energy", _ENERGY_KINDS)

    @field_validator("time", mode="before")
    @classmethod
    def _time_form(cls, value: Any) -> Any:
        return _pick(value, "time", _TIME_KINDS)

    @model_validator(mode="after")
    def _one_shape(self) -> Background:
        if (self.template is None) == (self.energy is None):
            raise InputError("give either 'energy' (and 'time') or 'template'")
        return self


ActsOn = Literal[
    "signal", "pulse-time", "quenching", "efficiency", "neutron-radius", "interaction", "source",
    "arrival", "shape",
]  # fmt: skip


class ParameterEntry(_Section):
    """A parameter and what it acts on: constrained (``constraint``) or held (``value``).

    With ``held`` a constrained parameter stays at its mean in the fit that is quoted; a second fit
    with all of them free is shown beside it.

    ``shared: true`` says that it is the same quantity in every experiment that names it,
    ``shared: material`` in every experiment of the same target material that does.
    """

    acts_on: ActsOn
    constraint: str | None = None
    value: str | float | None = None
    held: bool = False
    shared: bool | Literal["material"] = False
    description: str = ""

    @field_validator("constraint", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        # a bare number lacks its error: let the sentence about that be said
        return str(value) if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _readable(self) -> ParameterEntry:
        if (self.constraint is None) == (self.value is None):
            raise InputError("give either 'constraint: value +/- error' or 'value' (held fixed)")
        if self.constraint is not None:
            value = measurement(self.constraint, self.unit, what="constraint").value
        else:
            value = quantity(self.value, self.unit, what="value")
        if value < 0 and self.acts_on in ("signal", "neutron-radius"):
            raise InputError(f"a factor on the {self.acts_on} cannot be negative: {value:g}")
        return self

    @property
    def unit(self) -> str:
        """The internal unit of the parameter."""
        return "us" if self.acts_on == "pulse-time" else ""


class Data(_Section):
    """Observed counts carried beside the file, and the public release they come from.

    Beside released templates the counts are in the release alone: ``role`` names them there.
    """

    release: str | None = None
    counts: Table | None = None
    role: str | None = None

    @field_validator("release")
    @classmethod
    def _known(cls, release: str | None) -> str | None:
        return release if release is None else datasets.release(release).name

    @model_validator(mode="after")
    def _something(self) -> Data:
        if self.release is None and self.counts is None:
            raise InputError(
                "data needs 'counts' or 'release'; leave the section out for a projection"
            )
        return self


class ExperimentFile(_Section):
    """One measurement, as declared in its file."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str
    title: str = ""
    cite: list[str] = []
    overlaps: list[str] = []
    source: Source
    target: Target
    interaction: Interaction = Interaction()
    signal: ReleasedSignal | None = None
    detector: Detector
    axes: Axes
    backgrounds: dict[str, Background] = {}
    parameters: dict[str, ParameterEntry] = {}
    data: Data | None = None

    @property
    def blind_to_electrons(self) -> str:
        """Why recoils of electrons are no signal, or cannot be told; empty where they are one."""
        if self.signal is not None:
            return "the released signal is that of nuclear recoils"
        if self.detector.pulse_shape is not None or self.axes.pulse_shape is not None:
            return "the pulse shape tells recoils of electrons from those of nuclei"
        if self.detector.efficiency.recoil.kind != "unity":
            return "an efficiency in nuclear recoil energy does not say what becomes of electrons"
        if self.axes.energy.unit == "keVnr":
            return "the axis is the energy of nuclear recoils, keVnr"
        return ""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise InputError(f"{name!r} is no name: use small letters, digits and '-'")
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> ExperimentFile:
        taken = {"cevns": "the signal", "cross_section": "a parameter of interest"}
        for kind, names in (("background", self.backgrounds), ("parameter", self.parameters)):
            for name in names:
                if not re.fullmatch(r"[A-Za-z][\w.-]*", name):
                    raise InputError(f"{name!r} is no name of a {kind}: use letters, digits, _ . -")
                folded = fold_name(name)
                if folded in taken:
                    raise InputError(f"the {kind} {name!r} has the name of {taken[folded]}")
                taken[folded] = f"a {kind}"
        if self.interaction.electrons and self.blind_to_electrons:
            raise InputError(
                f"interaction.electrons is true, but {self.blind_to_electrons}; leave it out"
            )
        for name, background in self.backgrounds.items():
            if self.axes.time is not None and background.energy and background.time is None:
                raise InputError(
                    f"background {name!r} has no shape in time, but there is a time axis"
                )
            if isinstance(background.energy, ExponentialEnergy):
                try:
                    background.energy.in_unit(self.axes.energy.unit)
                except CevnsError as error:
                    raise InputError(f"background {name!r}, energy: {error}") from None
        return self
