"""The schema of an experiment file: what may be declared, in which units.

A file is a declaration; it holds no code and no expression. Sections with a ``kind`` (source,
interaction, quenching, resolution, efficiency) are checked by the model of that name: its fields
are the fields of the section, so a new detector effect needs no change here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from cevns.exceptions import InputError
from cevns.units import Measurement, Unit, measurement


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
    result = measurement(value)
    if result.value < 0:
        raise InputError(f"a count cannot be negative: {value!r}")
    return result


Count = Annotated[Measurement, BeforeValidator(_count)]


class Target(_Section):
    """What the neutrinos hit."""

    material: str
    mass: Annotated[float, Unit("kg"), Field(gt=0)]
    composition: dict[str, float] | None = None


class Interaction(_Section):
    """The process at the nucleus and its named physics choices."""

    kind: str = "standard-model"
    couplings: str = "scholberg2021"
    form_factor: str = "klein-nystrand"
    axial: bool = True


class Efficiency(_Section):
    """Efficiency in reconstructed energy and in time; 1 where not declared."""

    energy: Component = Component(kind="unity")
    time: Component = Component(kind="unity")


class Detector(_Section):
    """What the apparatus makes of a recoil."""

    quenching: Component
    resolution: Component
    efficiency: Efficiency = Efficiency()


class Axis(_Section):
    """A reconstructed axis: bin edges in its unit."""

    name: str = "energy"
    unit: str = ""
    edges: list[float] = Field(min_length=2)

    @field_validator("edges")
    @classmethod
    def _increasing(cls, edges: list[float]) -> list[float]:
        if not all(a < b for a, b in pairwise(edges)):
            raise InputError(f"bin edges must be finite and increase; got {edges}")
        if edges[0] < 0:
            raise InputError(f"bin edges must not be negative; got {edges[0]:g}")
        return edges


class TimeAxis(Axis):
    """Arrival time after the beam signal."""

    name: str = "time"
    unit: Literal["us"] = "us"


class Axes(_Section):
    """The axes of the analysis region."""

    energy: Axis
    time: TimeAxis | None = None


class Table(_Section):
    """A histogram in a CSV file beside the YAML; `role` names it in the public release.

    With ``efficiency: true`` the table is a density before the time efficiency, which is then
    applied inside the bins.
    """

    file: str
    role: str | None = None
    efficiency: bool = False


class Exponential(_Section):
    """``exp(-rate t)``: flat for a rate of zero."""

    kind: Literal["exponential"]
    rate: Annotated[float, Unit("/us"), Field(ge=0)]


class Background(_Section):
    """A background: expected count in the analysis region, shape in energy and in time."""

    title: str = ""
    count: Count
    energy: Table
    time: Exponential | Table | None = None

    @field_validator("time", mode="before")
    @classmethod
    def _pick(cls, value: Any) -> Any:
        # decide by the fields that are there, so that an error is about one form, not both
        if isinstance(value, dict):
            return (Exponential if "kind" in value else Table).model_validate(value)
        return value


ActsOn = Literal["signal", "pulse-time", "quenching", "efficiency", "neutron-radius", "interaction"]


class ParameterEntry(_Section):
    """A parameter and what it acts on: constrained (``constraint``) or held (``value``)."""

    acts_on: ActsOn
    constraint: str | None = None
    value: str | float | None = None
    shared: bool = False
    description: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> ParameterEntry:
        if (self.constraint is None) == (self.value is None):
            raise InputError("give either 'constraint: value +/- error' or 'value' (held fixed)")
        return self

    @property
    def unit(self) -> str:
        """The internal unit of the parameter."""
        return "us" if self.acts_on == "pulse-time" else ""


class Data(_Section):
    """Observed counts carried beside the file, and the public release they come from."""

    release: str | None = None
    counts: Table | None = None

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
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = ""
    cite: list[str] = []
    overlaps: list[str] = []
    source: Component
    target: Target
    interaction: Interaction = Interaction()
    detector: Detector
    axes: Axes
    backgrounds: dict[str, Background] = {}
    parameters: dict[str, ParameterEntry] = {}
    data: Data | None = None
