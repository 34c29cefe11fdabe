"""The schema of an experiment file: what may be declared, and what must fit together.

A file is a declaration; it holds no code and no expression. Its sections are in `sections` and
`backgrounds`.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from cevns.exceptions import CevnsError, CevnsWarning, InputError
from cevns.experiments.declaration.backgrounds import Background
from cevns.experiments.declaration.beam import exposures, proton_beam
from cevns.experiments.declaration.sections import (
    ChannelEntry,
    ComponentEntry,
    CorrelatedConstraint,
    Data,
    Detector,
    ExternalEntry,
    Interaction,
    ParameterEntry,
    ReleasedSignal,
    Source,
    Target,
)
from cevns.experiments.forms.energy_forms import EnergyFormula, ExponentialEnergy
from cevns.experiments.forms.region_axes import Axes
from cevns.experiments.forms.section import Component, Name, Section, Strength
from cevns.experiments.forms.time_forms import PowerLaw
from cevns.parameters import fold_name
from cevns.units import Unit

__all__ = ["ExperimentFile"]

_LONG = 20.0
"""Live times that a channel may have without a word."""


class ExperimentFile(Section):
    """One measurement, as declared in its file.

    ``components`` are further signals beside CEvNS, with their own source or process. With
    ``channels`` it has several sets of data. ``strength`` multiplies the signal. ``derived`` are
    parameters of the interaction, or factors, that are functions of others which then stand in
    their place. ``missing`` says what keeps it out of fits. ``summary`` says
    that published numbers stand for the apparatus: mass and axis make these, and no efficiency
    follows from them. ``predicted`` is the signal that its authors predict in the Standard Model,
    to which ours is scaled. ``external`` are measurements from elsewhere. ``variants`` are named
    sets of changed fields, chosen by ``--set variant=NAME``.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: Name
    title: str = ""
    cite: list[str] = Field(default_factory=list)
    overlaps: list[str] = Field(default_factory=list)
    missing: str = ""
    summary: bool = False
    source: Source
    target: Target
    interaction: Interaction = Interaction()
    signal: ReleasedSignal | None = None
    detector: Detector = Detector()
    axes: Axes = Axes()
    predicted: Annotated[float, Field(gt=0)] | None = None
    strength: Strength = Field(default_factory=list)
    derived: dict[str, Component] = Field(default_factory=dict)
    backgrounds: dict[str, Background] = Field(default_factory=dict)
    parameters: dict[str, ParameterEntry] = Field(default_factory=dict)
    data: Data | None = None
    live_time: Annotated[float, Unit("d"), Field(gt=0)] | None = None
    components: dict[str, ComponentEntry] = Field(default_factory=dict)
    external: dict[str, ExternalEntry] = Field(default_factory=dict)
    correlations: list[CorrelatedConstraint] = Field(default_factory=list)
    channels: dict[str, ChannelEntry] = Field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def entries(self) -> dict[str, ChannelEntry]:
        """The channels; one that needs no name where the file has none."""
        return self.channels or {"": ChannelEntry(data=self.data)}

    @property
    def views(self) -> dict[str, ExperimentFile]:
        """The declaration as each channel has it, one for all that have the same sections.

        Each holds the channels that it is of; where none has sections of its own it is the file.
        """
        if not any(entry.own for entry in self.entries.values()):
            return dict.fromkeys(self.entries, self)
        out: dict[str, ExperimentFile] = {}
        for one in self.channels.values():
            alike = {n: e for n, e in self.channels.items() if e.own == one.own and n not in out}
            plain = {n: e.model_copy(update=dict.fromkeys(e.own)) for n, e in alike.items()}
            view = self.model_copy(update={"channels": plain, **one.own})
            out |= dict.fromkeys(alike, view)
        return {name: out[name] for name in self.channels}

    def backgrounds_in(self, channel: str) -> list[str]:
        """Names of the backgrounds that a channel has."""
        chosen = self.entries[channel].backgrounds
        return list(self.backgrounds if chosen is None else chosen)

    @property
    def every_data(self) -> tuple[Data | None, ...]:
        """The data of all channels."""
        return tuple(c.data for c in self.entries.values())

    @property
    def unit(self) -> str:
        """What is observed and expected: ``events``, or the unit of published values."""
        units = {"" if d is None else d.unit for d in self.every_data}
        return (units.pop() if len(units) == 1 else "") or "events"

    @property
    def releases(self) -> set[str]:
        """The public releases that the data are in."""
        return {d.release for d in self.every_data if d is not None and d.release is not None}

    @property
    def strengths(self) -> dict[tuple[str, ...], Strength]:
        """Every strength of the file that is not empty, by where it stands."""
        out: dict[tuple[str, ...], Strength] = {("strength",): self.strength}
        out |= {("components", n, "strength"): c.strength for n, c in self.components.items()}
        out |= {("backgrounds", n, "strength"): b.strength for n, b in self.backgrounds.items()}
        for channel, entry in self.channels.items():
            if isinstance(entry.backgrounds, dict):
                here = ("channels", channel, "backgrounds")
                out |= {(*here, n): strength for n, strength in entry.backgrounds.items()}
        return {where: strength for where, strength in out.items() if strength}

    @property
    def slopes(self) -> dict[str, str]:
        """Parameters that steepen exponential backgrounds, by background."""
        energies = {name: b.energy for name, b in self.backgrounds.items()}
        return {
            name: energy.slope
            for name, energy in energies.items()
            if isinstance(energy, ExponentialEnergy) and energy.slope is not None
        }

    def acting_on(self, *stages: str) -> tuple[str, ...]:
        """Names of the parameters that act on some stages, in the order of the file."""
        return tuple(n for n, p in self.parameters.items() if p.acts_on in stages)

    @property
    def form_factor_pulls(self) -> tuple[str, ...]:
        """Parameters that stand for the form factor: by what they act on, or by their name."""
        return tuple(
            name
            for name, p in self.parameters.items()
            if p.acts_on == "neutron-radius"
            or name.partition(".")[0].replace("-", "_").casefold() == "form_factor"
        )

    @property
    def covariances(self) -> dict[tuple[str, str], float]:
        """Covariances, by pairs of names, of what was measured together."""
        return {
            (a, b): c.covariance[i][j]
            for c in self.correlations
            for i, a in enumerate(c.parameters)
            for j, b in enumerate(c.parameters)
        }

    @property
    def correlated_widths(self) -> dict[str, float]:
        """Standard deviations of what was measured together, by name."""
        return {a: math.sqrt(size) for (a, b), size in self.covariances.items() if a == b}

    def only_scales_the_signal(self, parameter: str) -> bool:
        """Whether a parameter of the file does nothing but multiply the signal."""
        used = {
            where[0]
            for where, strength in {**self.strengths, ("derived",): self.derived.values()}.items()
            for f in strength
            if f == parameter or (isinstance(f, Component) and parameter in f.fields.values())
        }
        acts_on = self.parameters[parameter].acts_on
        return used <= {"strength"} and (acts_on in ("signal", "flux") or bool(used))

    @property
    def blind_to_electrons(self) -> str:
        """Why recoils of electrons are no signal, or cannot be told; empty where they are one."""
        if self.signal is not None:
            return "the released signal is that of nuclear recoils"
        if self.detector.pulse_shape is not None or self.axes.pulse_shape is not None:
            return "the pulse shape tells recoils of electrons from those of nuclei"
        if self.detector.efficiency.recoil.kind != "unity":
            return "an efficiency in nuclear recoil energy does not say what becomes of electrons"
        if self.axes.energy is not None and self.axes.energy.unit == "keVnr":
            return "the axis is the energy of nuclear recoils, keVnr"
        if self.axes.energy is not None and self.axes.energy.unit == "electrons":
            return "the charge yield is that of nuclear recoils"
        return ""

    @model_validator(mode="after")
    def _one_prediction(self) -> ExperimentFile:
        if self.predicted is not None and (self.channels or self.signal is not None):
            raise InputError(
                "'predicted' is one number for the whole signal: remove 'channels' and 'signal'"
            )
        return self

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
        self._check_channels()
        for name, view in self.views.items():
            try:
                view._check_detector()
                view._check_backgrounds(self.backgrounds_in(name))
                view._check_electrons()
                view._check_data(self.entries[name].data)
            except InputError as error:
                if view is self:
                    raise
                raise InputError(f"channel {name!r}: {error}") from None
        self._check_components()
        measured = [repr(e) for e in self.external.values()]
        if len(set(measured)) < len(measured):
            raise InputError("external: the same measurement is given under two names")
        return self

    def _check_data(self, data: Data | None) -> None:
        counting = self.axes.energy is None and self.axes.time is None
        if self.axes.cells is not None and counting:
            raise InputError("axes.cells are rectangles on axes: declare an axis")
        if data is None or data.counts is None:
            return
        if isinstance(data.counts, float) != counting:
            raise InputError(
                "data: counts are a number where there is no axis, and a table where there is"
            )

    def _check_detector(self) -> None:
        if self.interaction.electrons and self.blind_to_electrons:
            raise InputError(
                f"interaction.electrons is true, but {self.blind_to_electrons}; leave it out"
            )
        detector, axis = self.detector, self.axes.energy
        chain = detector.response.kind == "chain"
        if axis is not None and axis.unit == "keVnr" and detector.quenching is not None:
            raise InputError(
                "an axis in keVnr shows recoil energies as they are, and 'detector.quenching' "
                "turns them into keVee: give the axis in keVee or PE, or remove the quenching"
            )
        if axis is None:
            for name, there in (
                ("resolution", detector.resolution is not None),
                ("response", not chain),
                ("efficiency.energy", detector.efficiency.energy.kind != "unity"),
                ("pulse_shape", detector.pulse_shape is not None),
            ):
                if there:
                    raise InputError(
                        "without 'axes.energy' events are counted, and 'detector."
                        f"{name}' has no meaning"
                    )
            if self.axes.pulse_shape is not None:
                raise InputError("an axis of the pulse shape needs one in energy")
        elif chain and detector.resolution is None:
            raise InputError(
                "detector.resolution is missing; declare it, or 'response: {kind: identity}' for "
                "a detector that shows the deposited energy"
            )
        elif not chain and detector.resolution is not None:
            raise InputError(
                f"detector.resolution has no effect with 'response: {{kind: "
                f"{detector.response.kind}}}'"
            )

    def _check_electrons(self) -> None:
        axis = self.axes.energy
        if axis is not None and axis.unit == "electrons":
            for edge in axis.edges:
                if edge != round(edge):
                    raise InputError(
                        f"axes.energy: {edge:g} is not a whole number of electrons; edges "
                        "must be whole numbers, and a bin from 4 to 6 contains 4 and 5"
                    )

    def _check_backgrounds(self, names: list[str]) -> None:
        axis = self.axes.energy
        region = None if axis is None else np.array([axis.edges[0], axis.edges[-1]])
        unit = "" if axis is None else axis.unit
        edges = None if self.axes.time is None else self.axes.time.edges
        rated = any(self.backgrounds[name].rate is not None for name in names)
        exposed = exposures(self.live_time, proton_beam(self.source) if rated else None, edges)
        for name in names:
            background = self.backgrounds[name]
            try:
                background.resolve(self.target.mass, region, unit, exposed)
            except CevnsError as error:
                raise InputError(f"background {name!r}: {error}") from None
            if axis is None and (background.energy or background.template):
                raise InputError(f"background {name!r} has a shape, but there is no axis in energy")
            if axis is not None and not (background.energy or background.template):
                raise InputError(
                    f"background {name!r}: give either 'energy' (and 'time') or 'template'"
                )
            if self.signal is not None and background.template is None:
                raise InputError(f"background {name!r} needs a 'template' beside a released signal")
            if self.signal is None and background.template is not None:
                raise InputError(
                    f"background {name!r} is a template: the file needs a 'signal' section"
                )
            if self.axes.time is not None and not background.template and background.time is None:
                raise InputError(
                    f"background {name!r} has no shape in time, but there is a time axis"
                )
            if axis is not None and isinstance(background.energy, EnergyFormula):
                try:
                    background.energy.bins(np.asarray(axis.edges), axis.unit)
                except CevnsError as error:
                    raise InputError(f"background {name!r}, energy: {error}") from None
            if self.axes.time is not None and isinstance(background.time, PowerLaw):
                try:
                    background.time.bins(np.asarray(self.axes.time.edges))
                except InputError as error:
                    raise InputError(f"background {name!r}, time: {error}") from None

    def _check_channels(self) -> None:
        if not self.channels:
            return
        if self.data is not None or self.signal is not None:
            raise InputError(
                "a file with 'channels' has its data in them, and no released 'signal'"
            )
        if not any(c.is_on for c in self.channels.values()):
            raise InputError("the source is off in all channels; give one a 'source' above 0")
        if len({c.data is None for c in self.channels.values()}) > 1:
            raise InputError("either all channels have data or, for a projection, none")
        for name, channel in self.channels.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                raise InputError(
                    f"{name!r} is no name of a channel: use small letters, digits, '-'"
                )
            for component in channel.source if isinstance(channel.source, dict) else ():
                if component != "cevns" and component not in self.components:
                    raise InputError(
                        f"channel {name!r}, source: there is no component {component!r}"
                    )
            if (
                channel.data is not None
                and not channel.is_on
                and "exposure" not in channel.model_fields_set
            ):
                raise InputError(
                    f"channel {name!r} has data with the source off and no 'exposure': give it in "
                    "units of 'live_time', 1 for the same"
                )
            if channel.exposure > _LONG:
                warnings.warn(
                    f"{self.name}: channel {name!r} is {channel.exposure:g} times as long as "
                    "'live_time'; an exposure is relative to 'live_time', not in days or kg d",
                    CevnsWarning,
                    stacklevel=2,
                )
            for background in channel.backgrounds or ():
                if background not in self.backgrounds:
                    raise InputError(f"channel {name!r}: there is no background {background!r}")
        for background in self.backgrounds:
            having = [n for n in self.channels if background in self.backgrounds_in(n)]
            if not having:
                raise InputError(f"the background {background!r} is in no channel; remove it")
            if len({self.views[n].axes.region for n in having}) > 1:
                raise InputError(
                    f"the background {background!r} is one number of events in the channels "
                    f"{', '.join(having)}, whose axes do not cover the same region: declare a "
                    "background for each"
                )
        targets = [c.target for c in self.channels.values()]
        if None not in targets and self.target not in targets:
            raise InputError(
                f"target: no channel is of {self.target.mass:g} kg {self.target.material}, of "
                "which cross sections would be quoted; give the target of a channel here"
            )

    def _check_components(self) -> None:
        used = [f for strength in self.strengths.values() for f in strength]
        named = set[str]()
        for where, strength in self.strengths.items():
            factors = {f for f in strength if isinstance(f, str)} - set(self.derived)
            # a background may be a multiple of another: lines of known relative intensity
            multiple = factors & set(self.backgrounds) if where[0] == "backgrounds" else set[str]()
            for other in sorted(multiple):
                further = {f for f in self.backgrounds[other].strength if isinstance(f, str)}
                if further & set(self.backgrounds):
                    raise InputError(
                        f"{'.'.join(where)}: {other!r} is itself proportional to another "
                        "background; name that one"
                    )
            named |= factors - multiple
        functions = [f for f in (*used, *self.derived.values()) if isinstance(f, Component)]
        acting_on_signal = set(self.acting_on("signal", "flux"))
        arguments = {v for f in functions for v in f.fields.values() if isinstance(v, str)}
        arguments = arguments - set(self.derived) | set(self.slopes.values())
        for stage, needed, user, missing in (
            ("component", named, "strength", "no 'strength' has it"),
            ("function", arguments, "function", "no function has it as its 'parameter'"),
        ):
            acting = set(self.acting_on(stage))
            for name in sorted(acting - needed):
                raise InputError(f"the parameter {name!r} acts on a {stage}, but {missing}")
            if stage == "component":  # what multiplies CEvNS may multiply others too
                acting |= acting_on_signal
            for name in sorted(needed - acting):
                raise InputError(
                    f"the parameter {name!r} is used by a {user}, but it is not declared with "
                    f"'acts_on: {stage}'"
                )
        for name in self.derived:
            if name in self.parameters:
                raise InputError(
                    f"{name!r} is derived and cannot also be a parameter of the file; remove one"
                )
        for where, strength in self.strengths.items():
            names = [f for f in strength if isinstance(f, str)]
            twice = [n for n in names if names.count(n) > 1]
            if where == ("strength",):
                twice += [n for n in names if n in acting_on_signal]
            if twice:
                raise InputError(
                    f"{'.'.join(where)}: {twice[0]!r} would multiply it twice; remove one"
                    + (" (it acts on the signal already)" if twice[0] in acting_on_signal else "")
                )
        released = self.signal is not None and [
            name for name, entry in self.components.items() if entry.interaction is None
        ]
        if released:
            raise InputError(
                "components: the released 'signal' contains CEvNS of all sources, and "
                f"{released[0]!r} "
                "would be counted again; give it its own interaction, or remove it"
            )
        taken = [n for c in self.correlations for n in c.parameters]
        for correlated in self.correlations:
            for name in correlated.parameters:
                if taken.count(name) > 1:
                    raise InputError(
                        f"correlations: {name!r} is given twice; give one covariance for all"
                    )
                entry, background = self.parameters.get(name), self.backgrounds.get(name)
                measured = entry is not None and entry.constraint is not None
                if not (measured or (background and math.isfinite(background.count.sigma))):
                    raise InputError(
                        f"correlations: {name!r} is no parameter or background with a constraint, "
                        "whose mean is what was measured"
                    )
