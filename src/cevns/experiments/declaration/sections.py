"""The sections of an experiment file, each with its fields and their units.

Sections with a ``kind`` (source, interaction, quenching, resolution, efficiency) are checked by the
model of that name: its fields are the fields of the section, so a new detector effect needs no
change here.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import Field, field_validator, model_validator

from cevns import datasets
from cevns.exceptions import InputError
from cevns.experiments.declaration.backgrounds import Template
from cevns.experiments.declaration.event_numbers import Count
from cevns.experiments.forms.region_axes import Axes
from cevns.experiments.forms.section import Component, Section, Strength, Table
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.processes.framework.user_models import is_path, parts
from cevns.units import Measurement, Unit, measurement, quantity

__all__ = [
    "ActsOn",
    "ChannelEntry",
    "ComponentEntry",
    "CorrelatedConstraint",
    "Data",
    "Detector",
    "Efficiency",
    "ExternalEntry",
    "Interaction",
    "ParameterEntry",
    "ReleasedSignal",
    "Source",
    "Target",
]


class Source(Component):
    """What emits, and when its particles arrive where they do not follow a beam pulse."""

    arrival: Component | None = None


class Target(Section):
    """What the neutrinos hit.

    ``recoils`` are the elements whose recoils are followed, where those of others are not seen or
    have another quenching; mass and rates per kilogram stay those of the whole.

    Args:
        material: a chemical formula or one nuclide, CsI, CaWO4 or Ge76.
        mass: of the whole target.
        composition: share of each isotope where it is not the natural one.
    """

    material: str
    mass: Annotated[float, Unit("kg"), Field(gt=0)]
    composition: dict[str, float] | None = None
    recoils: list[str] | None = Field(None, min_length=1)


class Radii(Section):
    """Rms radii of the protons and the neutrons of a nucleus, fm."""

    protons: Annotated[float, Unit("fm"), Field(gt=0)]
    neutrons: Annotated[float, Unit("fm"), Field(gt=0)]


class Interaction(Section):
    """The process at the nucleus and its named physics choices.

    ``radii`` are those of elements or nuclides that the form-factor model has otherwise.

    ``electrons`` adds elastic scattering on electrons. Left out, it is added where an extension
    of the Standard Model changes it and `ExperimentFile.blind_to_electrons` gives no reason not to.
    ``table`` is the calculation of an inelastic channel. ``charge_radius`` is that of the Standard
    Model in the couplings: a constant, or ``running`` with the momentum of each recoil.

    Args:
        kind: the process, of ``cevns list interactions``.
        couplings: weak couplings of the nucleons, of ``cevns list couplings``.
        form_factor: of ``cevns list form-factors``.
        axial: whether the axial current of nuclei with spin is included.
    """

    kind: str = "standard-model"
    table: str | None = None
    couplings: str = "scholberg2021"
    form_factor: str = "klein-nystrand"
    radii: dict[str, Radii] = Field(default_factory=dict)
    axial: bool = True
    charge_radius: Literal["constant", "running"] = "constant"
    electrons: bool | None = None

    @field_validator("kind")
    @classmethod
    def _no_code(cls, kind: str) -> str:
        # a declaration may come from anywhere: reading it must not run what stands beside it
        if any(is_path(part) for part in parts(kind)):
            raise InputError(
                f"an experiment file does not execute Python, so {kind!r} is not an interaction "
                "here: name one "
                "of 'cevns list interactions' or of an installed package, and give your own file "
                "as '--model'"
            )
        return kind


class Efficiency(Section):
    """Efficiency in recoil energy, in reconstructed energy and in time; 1 where not declared."""

    recoil: Component = Component(kind="unity")
    energy: Component = Component(kind="unity")
    time: Component = Component(kind="unity")


class Detector(Section):
    """What the apparatus makes of a deposit.

    Without ``quenching`` the deposit is seen as it is, and the axis is in its energy. ``response``
    is ``chain``, of resolution and efficiency, or what stands in their place: a released
    ``matrix``, or the ``identity`` of a detector that shows what was deposited.
    """

    quenching: Component | None = None
    response: Component = Component(kind="chain")
    resolution: Component | None = None
    efficiency: Efficiency = Efficiency()
    pulse_shape: Component | None = None


class ReleasedSignal(Section):
    """A signal PDF that the release holds, beside the one from first principles.

    ``use`` chooses. New physics and the weak mixing angle take first principles, or with
    ``reweighted`` the released one times the ratio of first principles to the Standard Model.
    """

    use: Literal["released", "first-principles", "reweighted"] = "released"
    count: Count
    template: Template

    @field_validator("count")
    @classmethod
    def _some(cls, count: Measurement) -> Measurement:
        if not count.value > 0:
            raise InputError(f"a released signal has events; its count is {count.value:g}")
        return count


ActsOn = Literal[
    "signal",
    "flux",
    "pulse-time",
    "quenching",
    "efficiency",
    "neutron-radius",
    "interaction",
    "source",
    "arrival",
    "shape",
    "response",
    "component",
    "function",
]


_MAY_BE_FREE = ("arrival", "component", "function", "pulse-time")


class ParameterEntry(Section):
    """A parameter and what it acts on: constrained (``constraint``), held (``value``) or ``free``.

    A free one may have bounds, ``within: [0 us, 4 us]``; one on the pulse time must have them, for
    arrival times are tabulated from end to end.

    With ``held`` a constrained parameter stays at its mean in the fit that is quoted; a second fit
    with all of them free is shown beside it.

    ``shared: true`` says that it is the same quantity in every experiment that names it,
    ``shared: material`` in every experiment of the same target material that does.
    """

    acts_on: ActsOn
    constraint: str | None = None
    value: str | float | None = None
    free: str | float | None = None
    within: tuple[str | float, str | float] | None = None
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
        if self.free is not None and self.acts_on not in _MAY_BE_FREE:
            raise InputError(
                "only parameters that act on a component, a function, an arrival or the pulse "
                "time may be 'free'; constrain or hold it"
            )
        if [self.constraint, self.value, self.free].count(None) != 2:
            raise InputError("give either 'constraint: value +/- error' or 'value' (held fixed)")
        value = self.measured.value
        if self.free is not None and value < 0 and self.within is None:
            raise InputError(f"a free parameter starts at a number that is not negative: {value:g}")
        self._check_ends(value)
        if value < 0 and self.acts_on in ("signal", "flux", "neutron-radius"):
            raise InputError(f"a factor on the {self.acts_on} cannot be negative: {value:g}")
        return self

    def _check_ends(self, value: float) -> None:
        if self.free is None and self.within is not None:
            raise InputError("'within' applies to a 'free' parameter; a constraint has an error")
        if self.ends is None and self.free is not None and self.acts_on == "pulse-time":
            raise InputError("a free pulse time needs bounds, 'within: [0 us, 4 us]'")
        if self.ends is not None and not self.ends[0] <= value <= self.ends[1]:
            low, high = self.ends
            raise InputError(f"within: {value:g} does not lie between {low:g} and {high:g}")
        if self.ends is not None and self.ends[0] == self.ends[1]:
            raise InputError("within: both ends are the same; hold the parameter with 'value'")

    @property
    def unit(self) -> str:
        """The internal unit of the parameter."""
        return "us" if self.acts_on == "pulse-time" else ""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Bounds of a free parameter in the internal unit; None where it has no such."""
        if self.within is None:
            return None
        low, high = (quantity(end, self.unit, what="within") for end in self.within)
        return low, high

    @property
    def measured(self) -> Measurement:
        """Value and error in the internal unit; no error where it is held, infinite where free."""
        if self.free is not None:
            return Measurement(quantity(self.free, self.unit, what="free"), math.inf)
        if self.constraint is not None:
            return measurement(self.constraint, self.unit, what="constraint")
        return Measurement(quantity(self.value, self.unit, what="value"), 0.0)


class Data(Section):
    """What was measured, beside the file or in a public release.

    ``counts`` are numbers of events: a table, or the one number of a counting experiment.
    ``values`` are anything else that the ``statistic`` compares with the expectation: measured
    values with their errors, or a list of events. ``unit`` is what values are in that are no
    numbers of events, and so is what is expected. Beside released templates the counts are in the
    release alone: ``role`` names them there. A list of events is a file in ``values``, or without
    one what the release has under ``role``; beside a file a release gives shapes of backgrounds.
    """

    release: str | None = None
    counts: Table | Annotated[float, Field(ge=0)] | None = None
    values: str | None = None
    unit: str = ""
    statistic: Component = Component(kind="poisson")
    role: str | None = None

    @property
    def are_events(self) -> bool:
        """Whether the data are a list of events, of a file or of the release."""
        return self.statistic.kind == "unbinned"

    @property
    def has_values(self) -> bool:
        """Whether the data are anything else than numbers of events in bins."""
        return self.values is not None or self.are_events

    @field_validator("release")
    @classmethod
    def _known(cls, release: str | None) -> str | None:
        return release if release is None else datasets.release(release).name

    @model_validator(mode="after")
    def _something(self) -> Data:
        if self.release is None and self.counts is None and self.values is None:
            raise InputError(
                "data needs 'counts', 'values' or 'release'; omit the section for a projection"
            )
        if self.values is not None and (
            self.counts is not None or (self.release is not None and not self.are_events)
        ):
            raise InputError("give either 'counts' (or a release) or 'values'")
        if self.are_events and self.values is None and None in (self.release, self.role):
            raise InputError(
                "a list of events is declared by 'values', with a file, or by its 'role' "
                "in a 'release'"
            )
        if self.unit and self.values is None:
            raise InputError("'unit' applies to 'values', not to counts")
        if self.has_values == (self.statistic.kind == "poisson"):
            raise InputError(
                f"the statistic {self.statistic.kind!r} "
                + ("compares 'values'" if self.values is None else "compares 'counts'")
            )
        return self


Power: TypeAlias = Annotated[float, Field(ge=0)]


class ChannelEntry(Section):
    """One of several sets of data of an experiment: reactor on and off, runs, detectors.

    The source is that of the file, and so are target, detector and axes where the channel has none
    of its own; backgrounds of the same name are one quantity in all channels.

    Args:
        exposure: what backgrounds, and the signal, are multiplied with.
        source: what signals are multiplied with beside: the power of the source, zero where it is
            off; by component (``cevns`` and those of the file) where sources differ, or a list with
            one of each part of the file's source, as the cores of a reactor.
        backgrounds: names of those that this channel has, by default all; or by name what
            multiplies each here beside, as the part that is there with the reactor off.
        target: in place of that of the file; detector and axes likewise.
        data: its counts; without, the channel is a projection.
    """

    exposure: Annotated[float, Field(gt=0)] = 1.0
    source: Power | dict[str, Power] | list[Power] = 1.0
    backgrounds: list[str] | dict[str, Strength] | None = None
    target: Target | None = None
    detector: Detector | None = None
    axes: Axes | None = None
    data: Data | None = None

    @property
    def own(self) -> dict[str, Section]:
        """The sections that stand in place of those of the file, by name."""
        every = {"target": self.target, "detector": self.detector, "axes": self.axes}
        return {name: section for name, section in every.items() if section is not None}

    @property
    def is_on(self) -> bool:
        """Whether the source of CEvNS, or a part of it, is on."""
        if isinstance(self.source, dict):
            return self.source.get("cevns", 1.0) > 0.0
        return any(p > 0.0 for p in np.atleast_1d(self.source))


class ComponentEntry(Section):
    """A further signal in the same detector: dark matter over CEvNS, a second source.

    Args:
        title: a line for tables.
        source: where it comes from; by default the source of the file.
        interaction: what happens; by default the interaction of the file.
        strength: parameters that multiply it, all of which act on ``component``, and functions.
    """

    title: str = ""
    source: Source | None = None
    interaction: Interaction | None = None
    strength: Strength = Field(default_factory=list)


class ExternalEntry(Section):
    """A measurement from elsewhere that the interaction predicts: a weak charge.

    Args:
        observable: which, with the fields of its model.
        measured: ``-72.82 +/- 0.42``.
    """

    observable: Component
    measured: str

    @field_validator("measured", mode="before")
    @classmethod
    def _with_error(cls, value: Any) -> str:
        measurement(str(value), what="measured")
        return str(value)


class CorrelatedConstraint(Section):
    """One auxiliary measurement of several parameters.

    Args:
        parameters: by name, each held nowhere else.
        covariance: of their values, in their units.
    """

    parameters: list[str] = Field(min_length=2)
    covariance: list[list[float]]

    @model_validator(mode="after")
    def _possible(self) -> CorrelatedConstraint:
        size = len(self.parameters)
        if [len(row) for row in self.covariance] != [size] * size:
            raise InputError(f"correlations: give a covariance of {size} rows of {size} numbers")
        try:
            GaussianValues(covariance=np.array(self.covariance))
        except InputError as error:
            raise InputError(f"correlations: {error}") from None
        return self
