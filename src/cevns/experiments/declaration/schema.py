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

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cevns import datasets
from cevns.exceptions import CevnsError, InputError
from cevns.experiments.declaration.backgrounds import (
    AXIS_UNITS,
    Background,
    Count,
    ExponentialEnergy,
    Section,
    Table,
    Template,
)
from cevns.parameters import fold_name
from cevns.units import Unit, measurement, quantity

__all__ = [
    "Axes",
    "Axis",
    "ChannelEntry",
    "Component",
    "Data",
    "Detector",
    "Efficiency",
    "ExperimentFile",
    "Interaction",
    "ParameterEntry",
    "ReleasedSignal",
    "Source",
    "Target",
    "TimeAxis",
]


class Component(BaseModel):
    """A section that a registered model reads: its name and the model's own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @property
    def fields(self) -> dict[str, Any]:
        """The fields beside ``kind``, as written."""
        return dict(self.__pydantic_extra__ or {})


class Source(Component):
    """What emits, and when its particles arrive where they do not follow a beam pulse."""

    arrival: Component | None = None


class Target(Section):
    """What the neutrinos hit."""

    material: str
    mass: Annotated[float, Unit("kg"), Field(gt=0)]
    composition: dict[str, float] | None = None


class Interaction(Section):
    """The process at the nucleus and its named physics choices.

    ``electrons`` adds elastic scattering on electrons. Left out, it is added where an extension
    of the Standard Model changes it and `ExperimentFile.blind_to_electrons` gives no reason not to.
    """

    kind: str = "standard-model"
    couplings: str = "scholberg2021"
    form_factor: str = "klein-nystrand"
    axial: bool = True
    electrons: bool | None = None


class Efficiency(Section):
    """Efficiency in recoil energy, in reconstructed energy and in time; 1 where not declared."""

    recoil: Component = Component(kind="unity")
    energy: Component = Component(kind="unity")
    time: Component = Component(kind="unity")


class Detector(Section):
    """What the apparatus makes of a recoil."""

    quenching: Component
    resolution: Component
    efficiency: Efficiency = Efficiency()
    pulse_shape: Component | None = None


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


class Axes(Section):
    """The axes of the analysis region."""

    energy: Axis
    pulse_shape: Axis | None = None
    time: TimeAxis | None = None


class ReleasedSignal(Section):
    """A signal PDF that the release holds, beside the one from first principles.

    ``use`` chooses; new physics and the weak mixing angle always take first principles.
    """

    use: Literal["released", "first-principles"] = "released"
    count: Count
    template: Template


ActsOn = Literal[
    "signal",
    "pulse-time",
    "quenching",
    "efficiency",
    "neutron-radius",
    "interaction",
    "source",
    "arrival",
    "shape",
    "component",
]


class ParameterEntry(Section):
    """A parameter and what it acts on: constrained (``constraint``) or held (``value``).

    With ``held`` a constrained parameter stays at its mean in the fit that is quoted; a second fit
    with all of them free is shown beside it.

    ``shared: true`` says that it is the same quantity in every experiment that names it,
    ``shared: material`` in every experiment of the same target material that does.
    """

    acts_on: ActsOn
    constraint: str | None = None
    value: str | float | None = None
    free: Annotated[float, Field(ge=0)] | None = None
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
        if self.free is not None and self.acts_on != "component":
            raise InputError("only what acts on a component may be 'free'; constrain or hold it")
        if [self.constraint, self.value, self.free].count(None) != 2:
            raise InputError("give either 'constraint: value +/- error' or 'value' (held fixed)")
        if self.free is not None:
            value = self.free
        elif self.constraint is not None:
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


class Data(Section):
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


class ChannelEntry(Section):
    """One of several sets of data of an experiment: reactor on and off, runs, detectors alike.

    Source, target, detector and axes are those of the file; backgrounds of the same name are one
    quantity in all channels.

    Args:
        exposure: what backgrounds, and the signal, are multiplied with.
        source: what the signal is multiplied with beside: the power of the source, zero where it
            is off.
        backgrounds: names of those that this channel has; by default all.
        data: its counts; without, the channel is a projection.
    """

    exposure: Annotated[float, Field(gt=0)] = 1.0
    source: Annotated[float, Field(ge=0)] = 1.0
    backgrounds: list[str] | None = None
    data: Data | None = None


class ComponentEntry(Section):
    """A further signal in the same detector: dark matter over CEvNS, a second source.

    Args:
        title: a line for tables.
        source: where it comes from; by default the source of the file.
        interaction: what happens; by default the interaction of the file.
        strength: parameters that multiply it, all of which act on ``component``.
    """

    title: str = ""
    source: Source | None = None
    interaction: Interaction | None = None
    strength: list[str] = Field(default_factory=list)


class CorrelatedConstraint(Section):
    """One auxiliary measurement of several parameters.

    Args:
        parameters: by name, each held nowhere else.
        covariance: of their values, in their units.
    """

    parameters: list[str] = Field(min_length=2)
    covariance: list[list[float]]


class ExperimentFile(Section):
    """One measurement, as declared in its file.

    ``components`` are further signals beside CEvNS, with their own source or process. With
    ``channels`` it has several sets of data. ``variants`` are named sets of changed fields, chosen
    by ``--set variant=NAME``.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: str
    title: str = ""
    cite: list[str] = Field(default_factory=list)
    overlaps: list[str] = Field(default_factory=list)
    source: Source
    target: Target
    interaction: Interaction = Interaction()
    signal: ReleasedSignal | None = None
    detector: Detector
    axes: Axes
    backgrounds: dict[str, Background] = Field(default_factory=dict)
    parameters: dict[str, ParameterEntry] = Field(default_factory=dict)
    data: Data | None = None
    live_time: Annotated[float, Unit("d"), Field(gt=0)] | None = None
    components: dict[str, ComponentEntry] = Field(default_factory=dict)
    correlations: list[CorrelatedConstraint] = Field(default_factory=list)
    channels: dict[str, ChannelEntry] = Field(default_factory=dict)
    variants: dict[str, dict[str, str | float]] = Field(default_factory=dict)

    @property
    def every_data(self) -> tuple[Data | None, ...]:
        """The data of all channels, or of the one that needs no name."""
        return tuple(c.data for c in self.channels.values()) if self.channels else (self.data,)

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
        kinds: dict[str, Mapping[str, Any]] = {
            "background": self.backgrounds,
            "component": self.components,
            "parameter": self.parameters,
        }
        for kind, names in kinds.items():
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
        self._check_channels()
        self._check_components()
        edges = self.axes.energy.edges
        range_kev = edges[-1] - edges[0] if self.axes.energy.unit.startswith("keV") else None
        for name, background in self.backgrounds.items():
            try:
                background.resolve(self.target.mass, self.live_time, range_kev)
            except InputError as error:
                raise InputError(f"background {name!r}: {error}") from None
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

    def _check_channels(self) -> None:
        if not self.channels:
            return
        if self.data is not None or self.signal is not None:
            raise InputError(
                "a file with 'channels' has its data in them, and no released 'signal'"
            )
        if not any(c.source > 0 for c in self.channels.values()):
            raise InputError("in no channel is the source on; give one a 'source' above 0")
        if len({c.data is None for c in self.channels.values()}) > 1:
            raise InputError("either all channels have data or, for a projection, none")
        for name, channel in self.channels.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                raise InputError(
                    f"{name!r} is no name of a channel: use small letters, digits, '-'"
                )
            for background in channel.backgrounds or ():
                if background not in self.backgrounds:
                    raise InputError(f"channel {name!r}: there is no background {background!r}")

    def _check_components(self) -> None:
        acting = {n for n, p in self.parameters.items() if p.acts_on == "component"}
        used = {n for c in self.components.values() for n in c.strength}
        for name in sorted(acting ^ used):
            raise InputError(
                f"the parameter {name!r} multiplies a component, but "
                + (
                    "no component has it in its 'strength'"
                    if name in acting
                    else "it is not declared with 'acts_on: component'"
                )
            )
        if self.components and self.signal is not None:
            raise InputError("a file with a released 'signal' has no further 'components'")
        for correlated in self.correlations:
            for name in correlated.parameters:
                entry = self.parameters.get(name)
                if entry is None or entry.constraint is None:
                    raise InputError(
                        f"correlations: {name!r} is no parameter with a constraint, whose mean is "
                        "what was measured"
                    )
            size = len(correlated.parameters)
            if [len(row) for row in correlated.covariance] != [size] * size:
                raise InputError(
                    f"correlations: give a covariance of {size} rows of {size} numbers"
                )
