"""The schema of an experiment file: what may be declared, and what must fit together.

A file is a declaration; it holds no code and no expression. Its sections are in `sections` and
`backgrounds`.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection, Iterator
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
from cevns.experiments.forms.factor_rules import name_misfits, strength_misfits
from cevns.experiments.forms.misfits import MisfitError, together
from cevns.experiments.forms.region_axes import Axes
from cevns.experiments.forms.section import Component, Name, Section, Strength
from cevns.experiments.forms.time_forms import PowerLaw
from cevns.units import Unit

__all__ = ["ExperimentFile"]

_LONG = 20.0
"""Live times that a channel may have without a word."""


class ExperimentFile(Section):
    """One measurement, as declared in its file.

    ``components`` are further signals beside CEvNS, with their own source or process. With
    ``channels`` it has several sets of data. ``strength`` multiplies the signal. ``derived`` are
    parameters of the interaction, or factors, that are functions of others which then stand in
    their place. ``missing`` says what keeps it out of fits. ``measured`` says of a file without
    data that they were taken, and whether they are public. ``monitors`` is the parameter that is
    measured by a file whose CEvNS means nothing. ``summary`` says that published numbers stand for
    the apparatus: mass and axis make these, and no efficiency follows from them.
    ``predicted`` is the signal that its authors predict in the Standard Model, to which ours is
    scaled. ``external`` are measurements from elsewhere. ``variants`` are named
    sets of changed fields, chosen by ``--set variant=NAME``.

    Args:
        schema: of this form of files, 1.
        name: small letters, digits and ``-``.
        title: a line for tables and figures.
        cite: papers of the measurement, by arXiv number, DOI or key.
        overlaps: names of experiments with the same data, which no fit has beside this one.
        source: where the neutrinos come from.
        target: what they hit.
        interaction: the process and its physics choices.
        signal: a signal PDF that the release has.
        detector: what the apparatus makes of a deposit.
        axes: the reconstructed energy, pulse shape and time, and their bins.
        backgrounds: by name, their count or rate and their shape.
        parameters: by name, what is not known exactly and what it acts on.
        data: what was measured; without it the file is a projection.
        live_time: days of data.
        correlations: auxiliary measurements of several parameters.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: Name
    title: str = ""
    cite: list[str] = Field(default_factory=list)
    overlaps: list[str] = Field(default_factory=list)
    missing: str = ""
    measured: Literal["public", "not public"] | None = None
    monitors: str = ""
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
    def _fits_together(self) -> ExperimentFile:
        together(self.misfits())
        return self

    def misfits(self, broken: Collection[str] = ()) -> list[MisfitError]:
        """What does not fit together, each with its place; nothing hides anything else.

        Args:
            broken: names of sections that are not usable, or not as a whole: what needs them is
                not looked at.
        """
        found = list(name_misfits(self))
        if {"channels", "backgrounds", "components", "data", "axes"}.isdisjoint(broken):
            found += self._check_channels()
        if self.predicted is not None and (self.channels or self.signal is not None):
            said = "'predicted' is one number for the whole signal: remove 'channels' and 'signal'"
            found.append(MisfitError(said, "predicted"))
        seen = {m.args for m in found}
        for name, view in {"": self}.items() if "channels" in broken else self.views.items():
            for one in view._check_view(name, broken):
                if one.args in seen:  # channels that have it in common
                    continue
                seen.add(one.args)
                inside = one.place[0] in self.entries[name].own if name in self.channels else False
                place = ("channels", name, *one.place) if inside else one.place
                of = "" if view is self else f"channel {name!r}: "
                found.append(MisfitError(f"{of}{one}", *place))
        if {"parameters", "components", "backgrounds", "channels", "strength"}.isdisjoint(broken):
            found += strength_misfits(self)
        measured = [repr(e) for e in self.external.values()]
        if len(set(measured)) < len(measured):
            said = "external: the same measurement is given under two names"
            found.append(MisfitError(said, "external"))
        return found

    def _check_view(self, name: str, broken: Collection[str]) -> Iterator[MisfitError]:
        """What does not fit in a channel, whose sections these are."""
        if {"detector", "axes", "interaction"}.isdisjoint(broken):
            yield from self._check_detector()
        if {"axes", "target", "source", "live_time", "signal"}.isdisjoint(broken):
            chosen = list(self.backgrounds) if "channels" in broken else self.backgrounds_in(name)
            yield from self._check_backgrounds([n for n in chosen if n in self.backgrounds])
        if "axes" not in broken:
            yield from self._check_electrons()
        if {"axes", "data", "channels"}.isdisjoint(broken):
            yield from self._check_data(self.entries[name].data)

    def _check_data(self, data: Data | None) -> Iterator[MisfitError]:
        counting = self.axes.energy is None and self.axes.time is None
        if self.axes.cells is not None and counting:
            yield MisfitError("axes.cells are rectangles on axes: declare an axis", "axes", "cells")
        if data is None or data.counts is None:
            return
        if isinstance(data.counts, float) != counting:
            yield MisfitError(
                "data: counts are a number where there is no axis, and a table where there is",
                "data",
                "counts",
            )

    def _check_detector(self) -> Iterator[MisfitError]:
        if self.interaction.electrons and self.blind_to_electrons:
            yield MisfitError(
                f"interaction.electrons is true, but {self.blind_to_electrons}; remove it",
                "interaction",
                "electrons",
            )
        detector, axis = self.detector, self.axes.energy
        chain = detector.response.kind == "chain"
        if axis is not None and axis.unit == "keVnr" and detector.quenching is not None:
            yield MisfitError(
                "an axis in keVnr shows recoil energies as they are, and 'detector.quenching' "
                "turns them into keVee: give the axis in keVee or PE, or remove the quenching",
                "detector",
                "quenching",
            )
        if axis is None:
            for name, there in (
                ("resolution", detector.resolution is not None),
                ("response", not chain),
                ("efficiency.energy", detector.efficiency.energy.kind != "unity"),
                ("pulse_shape", detector.pulse_shape is not None),
            ):
                if there:
                    yield MisfitError(
                        "without 'axes.energy' events are counted, and 'detector."
                        f"{name}' has no meaning",
                        "detector",
                        *name.split("."),
                    )
            if self.axes.pulse_shape is not None:
                yield MisfitError(
                    "an axis of the pulse shape needs one in energy", "axes", "pulse_shape"
                )
        elif chain and detector.resolution is None:
            yield MisfitError(
                "detector.resolution is missing; declare it, or 'response: {kind: identity}' for "
                "a detector that shows the deposited energy",
                "detector",
            )
        elif not chain and detector.resolution is not None:
            yield MisfitError(
                f"detector.resolution has no effect with 'response: {{kind: "
                f"{detector.response.kind}}}'",
                "detector",
                "resolution",
            )

    def _check_electrons(self) -> Iterator[MisfitError]:
        axis = self.axes.energy
        if axis is not None and axis.unit == "electrons":
            for edge in axis.edges:
                if edge != round(edge):
                    yield MisfitError(
                        f"axes.energy: {edge:g} is not a whole number of electrons; edges "
                        "must be whole numbers, and a bin from 4 to 6 contains 4 and 5",
                        "axes",
                        "energy",
                    )

    def _check_backgrounds(self, names: list[str]) -> Iterator[MisfitError]:
        axis = self.axes.energy
        region = None if axis is None else np.array([axis.edges[0], axis.edges[-1]])
        unit = "" if axis is None else axis.unit
        edges = None if self.axes.time is None else self.axes.time.edges
        rated = any(self.backgrounds[name].rate is not None for name in names)
        try:
            beam = proton_beam(self.source) if rated else None
        except MisfitError as error:
            yield error
            names = [n for n in names if self.backgrounds[n].rate is None]
            beam = None
        exposed = exposures(self.live_time, beam, edges)
        for name in names:
            background, at = self.backgrounds[name], ("backgrounds", name)
            try:
                background.resolve(self.target.mass, region, unit, exposed)
            except CevnsError as error:
                yield MisfitError(f"background {name!r}: {error}", *at)
            if axis is None and (background.energy or background.template):
                yield MisfitError(
                    f"background {name!r} has a shape, but there is no axis in energy", *at
                )
            if axis is not None and not (background.energy or background.template):
                yield MisfitError(
                    f"background {name!r}: give either 'energy' (and 'time') or 'template'", *at
                )
            if self.signal is not None and background.template is None:
                yield MisfitError(
                    f"background {name!r} needs a 'template', because the signal is a "
                    "published template",
                    *at,
                )
            if self.signal is None and background.template is not None:
                yield MisfitError(
                    f"background {name!r} is a template: the file needs a 'signal' section",
                    *at,
                    "template",
                )
            if self.axes.time is not None and not background.template and background.time is None:
                yield MisfitError(
                    f"background {name!r} has no shape in time, but there is a time axis", *at
                )
            if axis is not None and isinstance(background.energy, EnergyFormula):
                try:
                    background.energy.bins(np.asarray(axis.edges), axis.unit)
                except CevnsError as error:
                    yield MisfitError(f"background {name!r}, energy: {error}", *at, "energy")
            if self.axes.time is not None and isinstance(background.time, PowerLaw):
                try:
                    background.time.bins(np.asarray(self.axes.time.edges))
                except InputError as error:
                    yield MisfitError(f"background {name!r}, time: {error}", *at, "time")

    def _check_channels(self) -> Iterator[MisfitError]:
        if not self.channels:
            return
        if self.data is not None or self.signal is not None:
            yield MisfitError(
                "in a file with 'channels', the data are declared in the channels, and "
                "there is no published 'signal'",
                "data" if self.data is not None else "signal",
            )
        if not any(c.is_on for c in self.channels.values()):
            yield MisfitError(
                "the source is off in all channels; give one a 'source' above 0", "channels"
            )
        if len({c.data is None for c in self.channels.values()}) > 1:
            yield MisfitError(
                "either all channels have data or, for a projection, none", "channels"
            )
        for name, channel in self.channels.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                yield MisfitError(
                    f"{name!r} is not a valid name of a channel: use small letters, digits, '-'",
                    "channels",
                    name,
                )
            for component in channel.source if isinstance(channel.source, dict) else ():
                if component != "cevns" and component not in self.components:
                    yield MisfitError(
                        f"channel {name!r}, source: there is no component {component!r}",
                        "channels",
                        name,
                        "source",
                    )
            if (
                channel.data is not None
                and not channel.is_on
                and "exposure" not in channel.model_fields_set
            ):
                yield MisfitError(
                    f"channel {name!r} has data with the source off and no 'exposure': give it in "
                    "units of 'live_time', 1 for the same",
                    "channels",
                    name,
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
                    yield MisfitError(
                        f"channel {name!r}: there is no background {background!r}",
                        "channels",
                        name,
                        "backgrounds",
                    )
        for background in self.backgrounds:
            having = [n for n in self.channels if background in self.backgrounds_in(n)]
            if not having:
                yield MisfitError(
                    f"the background {background!r} is in no channel; remove it",
                    "backgrounds",
                    background,
                )
            if len({self.views[n].axes.region for n in having}) > 1:
                yield MisfitError(
                    f"the background {background!r} is one number of events in the channels "
                    f"{', '.join(having)}, whose axes do not cover the same region: declare a "
                    "background for each",
                    "backgrounds",
                    background,
                )
        targets = [c.target for c in self.channels.values()]
        if None not in targets and self.target not in targets:
            yield MisfitError(
                "target: cross sections are quoted for this target, but no channel has "
                f"{self.target.mass:g} kg {self.target.material}; give the target of a "
                "channel here",
                "target",
            )
