"""The physics of a declared experiment, built on first use: source, target, detector."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.detectors.responses.folded_template import FoldedResponse
from cevns.exceptions import CevnsWarning, InputError
from cevns.experiments.declaration.sections import ChannelEntry, ComponentEntry
from cevns.experiments.declaration.sections import Interaction as InteractionSection
from cevns.experiments.prediction.signal import Binding, Signal
from cevns.experiments.prediction.stages import Stages
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.factors import Strength, factors, product
from cevns.parameters import Parameter
from cevns.processes import (
    Interaction,
    KernelProcess,
    signal_title,
    structure_of,
)
from cevns.processes.framework.abilities import OneCoupling, placed, shapes_neutrons
from cevns.rates import flux_averaged_cross_section
from cevns.sources.beams.source import FluxesSource, LastingSource, PartedSource, SteadySource
from cevns.typing import Array

__all__ = ["Apparatus"]

NOTHING = 1e-9
"""Share of the recoils below which a signal is rounding of the response tables, not a signal."""


_VARIED = {
    "quenching": ("detector", "quenching"),
    "efficiency": ("detector", "efficiency", "energy"),
}
"""Where the curve stands whose variations parameters drive, by what these act on."""


@dataclass(frozen=True, eq=False, repr=False)
class Apparatus(Stages):
    """What a declared experiment would see: recoils, deposits, reconstructed energies and times.

    No data and no statistics; its parts are those of `Parts`.
    """

    @cached_property
    def declared(self) -> dict[str, Parameter]:
        """The parameters of the file by name, within what every channel is good for."""
        out = dict(super().declared)
        for view in self.views.values():
            if view is not self:
                out |= {n: view.declared[n] for n in view.response_model.parameters if n in out}
        return out

    @cached_property
    def views(self) -> dict[str, Apparatus]:
        """What each channel is seen with; one for all that have no sections of their own."""
        declared = self.declaration.views
        made: dict[int, Apparatus] = {id(self.declaration): self}
        for name, view in declared.items():
            own = {s: ("channels", name, s) for s in self.declaration.entries[name].own}
            if id(view) not in made:
                moved = {**self.moved, **own}
                made[id(view)] = Apparatus(
                    view, self.path, self.document, moved, self.process, self.built
                )
        return {name: made[id(view)] for name, view in declared.items()}

    @property
    def exposure(self) -> float:
        """Exposures of all channels, each times the power of the source in it."""
        return sum(c.exposure * self.power(c, SIGNAL) for c in self.declaration.entries.values())

    def power(self, entry: ChannelEntry, component: str) -> float:
        """What the source of a component is multiplied with in a channel.

        A number, or one of each part of the source, is for all that follow the source of the
        file; one that lasts is named.

        Raises:
            SchemaError: if there are numbers of other parts than the source has.
        """
        if component in self.declaration.components and not isinstance(entry.source, dict):
            source = self.further[component].declared_source
            if isinstance(source, LastingSource) and source.lasts:
                return 1.0
        if isinstance(entry.source, dict):
            return entry.source.get(component, 1.0)
        if not isinstance(entry.source, list):
            return entry.source
        source = self.source
        shares = source.shares if isinstance(source, PartedSource) else (1.0,)
        if len(entry.source) != len(shares):
            names = [n for n, e in self.declaration.entries.items() if e is entry]
            raise self._mistake(
                f"has {len(entry.source)} numbers for the {len(shares)} parts of the source",
                *("channels", *names, "source"),
            )
        return math.fsum(p * s for p, s in zip(entry.source, shares, strict=True))

    @cached_property
    def further(self) -> dict[str, Apparatus]:
        """The same detector with the source and process of each further component, by its name.

        Parameters of the interaction that the other process does not know stay with the first;
        one that both know is the same parameter.
        """
        return {name: self._with_signal_of(name) for name in self.declaration.components}

    def _with_signal_of(self, name: str) -> Apparatus:
        declared, entry = self.declaration, self.declaration.components[name]
        gone = {"arrival", "source"} if entry.source is not None else set()
        process = self.own_processes.get(name)
        own = (process or self.interaction).parameters
        changed = {
            "source": entry.source or declared.source,
            "interaction": self._interaction_of(entry),
            "parameters": {
                n: p
                for n, p in declared.parameters.items()
                if p.acts_on not in gone and (p.acts_on != "interaction" or own.has(n))
            },
        }
        moved = {**self.moved}
        if entry.source is not None:
            moved["source"] = "components", name, "source"
        other = declared.model_copy(update=changed)
        return Apparatus(other, self.path, self.document, moved, process, self.built)

    def _interaction_of(self, entry: ComponentEntry) -> InteractionSection:
        """That of a component; a detector blind to electrons is so for all of them."""
        every, own = self.declaration.interaction, entry.interaction
        if own is None:
            return every
        blind = every.electrons is False and own.electrons is None
        return own.model_copy(update={"electrons": False}) if blind else own

    def placed(self, shapes: Mapping[str, float]) -> Apparatus:
        """The same with its process at those structural values that it knows."""
        process = placed(self.interaction, shapes)
        return self if process is self.interaction else replace(self, process=process)

    @cached_property
    def cross_section_cm2(self) -> float:
        """Predicted cross section, flux-averaged, mean over flavours and nuclei of the target."""
        return flux_averaged_cross_section(
            self.source,
            self.material,
            interaction=self.interaction,
            form_factor=self.form_factor,
        ).mean_cm2

    @property
    def flux_cm2_s(self) -> float | None:
        """Flux of the source, all species together, in the mean over its live time.

        None for one that is no `SteadySource`, or that sums several fluxes with their own errors.
        """
        source = self.source
        if not isinstance(source, SteadySource) or len(self.flux_pulls) > 1:
            return None
        return source.duty * sum(source.flux_cm2_s(f) for f in source.flavours)

    @property
    def flux_pulls(self) -> tuple[str, ...]:
        """Pulls of the fluxes that the source sums; of a single one it is the flux itself."""
        source = self.source
        return tuple(source.changes) if isinstance(source, FluxesSource) else ()

    @property
    def flux_parameters(self) -> tuple[str, ...]:
        """Parameters of the file that move the flux of the source."""
        pulls = self.flux_pulls
        moving = self.declaration.acting_on("source")
        return (*self.declaration.acting_on("flux"), *(n for n in moving if n in pulls))

    def radius_pulls(
        self, process: Interaction | KernelProcess, named: Collection[str]
    ) -> tuple[str, ...]:
        """Parameters of the form factor that stand for what is fitted, and are held beside it.

        The error of the form factor is that of the neutrons' radius: where this is free, or has a
        constraint of its own, a pull of the form factor would count it twice.

        Args:
            process: at the nucleus.
            named: parameters of it that are asked for.
        """
        declared = self.declaration
        pulls = [n for n in declared.form_factor_pulls if not self.declared[n].fixed]
        if not pulls:
            return ()
        moving = {n for n in declared.acting_on("interaction") if not self.declared[n].fixed}
        moving = {n for n in moving.union(named) if process.parameters.has(n)}
        nuclides = {n for view in self.views.values() for n, _ in view.material.atoms}
        free = any(shapes_neutrons(process, x, n) for x in nuclides for n in moving)
        return tuple(pulls) if free else ()

    def recoil_density(
        self, recoil_energy_kev: Array, values: Mapping[str, float] | None = None
    ) -> Array:
        """Counts per keVnr in the exposure, before any detector, ``(flavours, n)``.

        Args:
            recoil_energy_kev: recoil energies, keVnr.
            values: parameters of the interaction; those of the file, or nominal, where left out.
        """
        # unit weights make the fold a density
        ones = np.ones_like(np.asarray(recoil_energy_kev, dtype=float))
        fold = self._fold_on(self.interaction, recoil_energy_kev, ones)
        own = self.interaction.parameters
        there = {
            n: self.declared[n].value
            for n in self.declaration.acting_on("interaction")
            if own.has(n) and self.declared[n].value != own[n].value
        }
        return fold.spectrum({n: np.asarray(v) for n, v in {**there, **(values or {})}.items()})

    def kept(self, recoil_energy_kev: Array, *, wide: bool = False) -> Array:
        """Probability that a recoil of a nucleus is found in the energy axis, ``(n,)``.

        With quenching, resolution, edges of the axis and efficiencies, parameters nominal.

        Args:
            recoil_energy_kev: recoil energies, keVnr.
            wide: whether recoils are larger than those of the source of the file.

        Raises:
            InputError: if what is released is the template of a spectrum, not of recoils.
        """
        if isinstance(self.response, FoldedResponse):
            raise InputError(
                f"{self.name}: its published template is folded with one recoil spectrum "
                "and does not determine the efficiency at a single recoil energy"
            )
        energy = self.quenching.on(recoil_energy_kev).electron_energy_kevee()
        response = self.wide_response if wide else self.response
        out: Array = response.evaluate(energy, self.nominal_pulls).sum(axis=-1)
        return out * self.recoil_efficiency(recoil_energy_kev)

    @property
    def nominal_pulls(self) -> Array | None:
        """What the response takes as its parameters, in its order; None where it has none."""
        ends, declared = self.response.parameters, self.declared
        if not ends:
            return None
        middle = {n: 0.5 * (low + high) for n, (low, high) in ends.items()}
        return np.array([declared[n].value if n in declared else middle[n] for n in ends])

    def require_detector(self) -> None:
        """Raise `InputError` for a file without an apparatus, from which no efficiency follows."""
        if self.declaration.summary:
            raise InputError(f"{self.name} is a published summary: its file has no efficiency")
        if self.declaration.missing:
            raise InputError(f"{self.name} has no efficiency here: {self.declaration.missing}")

    def signal(
        self, couplings: tuple[str, ...] = (), *, interaction: Interaction | None = None
    ) -> Signal:
        """The exact signal in energy and time, with some parameters of the interaction free."""
        process = self.interaction if interaction is None else interaction
        if couplings or process is not self.interaction:
            return self._signal_of(process, couplings)
        return self._plain_signal

    @cached_property
    def _plain_signal(self) -> Signal:
        """The signal of the file, which is kept."""
        return self._signal_of(self.interaction, ())

    def _signal_of(self, process: Interaction, couplings: tuple[str, ...]) -> Signal:
        if isinstance(process, OneCoupling):
            same = [n for n in process.one_of if n in couplings]
            if len(same) > 1:
                raise InputError(
                    f"{process.name}: {' and '.join(same)} are {len(same)} names of one "
                    "coupling; free or fix only one of them"
                )
        pulse = self.one_acting_on("pulse-time") or self.one_acting_on("arrival")
        return Signal(
            *self.stages(process),
            self._binding(couplings, process),
            times=self.times,
            pulse_time=None if pulse is None else pulse.name,
            pulse_time_us=0.0 if pulse is None else pulse.value,
        )

    def _binding(self, couplings: tuple[str, ...], process: Interaction) -> Binding:
        """Which parameter drives which stage of the signal, with these couplings free."""
        declared, moving = self.declaration, list(couplings)
        elsewhere = {n for p in self.own_processes.values() for n in p.parameters.names}
        for stage, what, known in (
            ("interaction", f"interaction {process.name!r}, which knows", process.parameters),
            ("source", "source, which has", self.source.parameters),
        ):
            for name in declared.acting_on(stage):
                if name not in known.names:
                    if stage == "interaction" and name in elsewhere:
                        continue
                    shapes = (structure_of(p) for p in (process, *self.own_processes.values()))
                    if stage == "interaction" and any(s.has(name) for s in shapes):
                        raise InputError(
                            f"{self.name}: {name!r} changes shapes and cannot be a parameter of a "
                            "file; fix it with --at (at=...), or scan it"
                        )
                    raise InputError(
                        f"{self.name}: the parameter {name!r} acts on the {what} "
                        f"{', '.join(known.names) or 'no parameter'}"
                    )
                value, p = self.declared[name].value, known[name]
                if not p.lower <= value <= p.upper:
                    raise InputError(
                        f"{self.name}: {name!r} is {value:g}, and the {stage} allows "
                        f"{p.lower:g} to {p.upper:g}"
                    )
                moving.append(name)
        for name in couplings:
            if name in declared.derived:
                raise InputError(
                    f"{self.name}: {name!r} is derived from other parameters; ask for these"
                )
        arguments = (*process.parameters.names, *self.source.parameters.names)
        moving += [n for n in declared.derived if n in arguments]
        radius = self.one_acting_on("neutron-radius")
        stage = "efficiency" if declared.detector.response.kind == "chain" else "response"
        return Binding(
            interaction=tuple(dict.fromkeys(moving)),
            neutron_radius=None if radius is None else radius.name,
            quenching=self.matched("quenching", self._quenching_of(process).variation_names),
            response=self.matched(stage, tuple(self.response.parameters)),
        )

    def require_pulls(self) -> None:
        """Raise `SchemaError` if a variation of quenching or efficiency has no parameter."""
        quenching = self._quenching_of(self.interaction)
        chain = self.declaration.detector.response.kind == "chain"
        varied = {
            "quenching": quenching.variation_names,
            "efficiency": tuple(self.energy_efficiency.varied) if chain else (),
        }
        for stage, names in varied.items():
            self.matched(stage, names)

    def matched(
        self, stage: str, variations: tuple[str, ...], others: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Variations of a stage, each driven by the parameter of its name.

        Args:
            stage: what the parameters act on.
            variations: of its model.
            others: parameters that act elsewhere, and may drive a variation too.

        Raises:
            SchemaError: if a variation has no parameter.
        """
        names = self.declaration.acting_on(stage)
        where = _VARIED.get(stage, ())
        slips = []
        for name in variations:
            if name not in names and name not in others:
                value, repair = "0 +/- 1", " or remove the variation"
                if stage == "response":
                    value, repair = "value +/- error", ", within the values of its table"
                said = (
                    f"the {stage} variation {name!r} has no parameter; declare "
                    f"'{name}: {{constraint: {value}, acts_on: {stage}}}'{repair}"
                )
                place = (*where, "variations", name) if where else ("detector", "response")
                if stage == "shape":  # of a template, in the signal or in a background
                    slips.append(self.document.error(said, ()))
                    continue
                slips.append(self._mistake(said, *place))
        if slips:
            slips[0].others = tuple(slips[1:])
            raise slips[0]
        return variations

    def nominal_cells(self, signal: Signal) -> Array:
        """A signal at nominal values, ``(n_energy, n_time)``, without its strength."""
        cells = signal.evaluate(self._nominal(signal.fold.interaction))
        return cells.reshape(signal.n_energy, -1)

    @cached_property
    def signal_strength(self) -> tuple[Strength, ...]:
        """What multiplies the signal, a published prediction over ours included."""
        own = (*self.declaration.acting_on("signal", "flux"), *self.factors("strength"))
        wanted = self.declaration.predicted
        if wanted is None:
            return own
        declared = self.declaration.model_copy(update={"predicted": None})
        plain = replace(self, declaration=declared, process=None)
        return (*own, wanted / plain.prediction_of(plain.signal()))

    def prediction_of(self, signal: Signal) -> float:
        """Signal in the analysis region at nominal values."""
        strength = self.nominal(self.signal_strength, signal.fold.interaction)
        cells = self.nominal_cells(signal)
        total = float(cells.sum()) * strength
        recoils = float(signal.fold.spectrum().sum())
        if not math.isfinite(recoils):
            raise InputError(
                f"{self.name}: the number of recoils is not finite; check mass, source and distance"
            )
        if not total > NOTHING * recoils:
            raise InputError(
                f"{self.name}: no {signal_title(self.interaction)} event is expected in the "
                "analysis region; check threshold, axes and source"
            )
        declared = self.declaration
        rated = any(b.rate is not None for b in declared.backgrounds.values())
        if rated and self.time_edges is None and declared.axes.energy is not None:
            seen = cells.reshape(signal.n_energy, -1).sum(axis=1) > 0.0
            if not seen[0]:
                first = float(self.energy_edges[int(np.argmax(seen))])
                warnings.warn(
                    f"{self.name}: the energy axis begins at {self.energy_edges[0]:g}, below the "
                    f"threshold: below {first:g} the efficiency is zero, while backgrounds with a "
                    "'rate' are counted there too",
                    CevnsWarning,
                    stacklevel=2,
                )
        return total

    def nominal(
        self, strength: tuple[Strength, ...], process: Interaction | KernelProcess | None = None
    ) -> float:
        """A strength at nominal values of the parameters.

        Args:
            strength: of the signal or of a component.
            process: whose parameters it may name; by default that of the file.
        """
        number, found = factors(strength)
        values = self._nominal(process or self.interaction)
        return float(product(number, found, values, np.zeros(1))[0])

    def _nominal(self, process: Interaction | KernelProcess) -> dict[str, Array]:
        """Nominal values of the parameters, derived ones too."""
        every = (*process.parameters, *self.declared.values())
        values = {p.name: np.array([p.value]) for p in every}
        return values | {n: f.value(values) for n, f in self.derived.items()}
