"""The physics of a declared experiment, built on first use: source, target, detector."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.detectors import Quenching, QuenchingCurve, Response, ResponseTable, TimeTable
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.responses.chain import end_of_axis
from cevns.detectors.responses.folded_template import FoldedResponse
from cevns.exceptions import CevnsWarning, InputError
from cevns.experiments.declaration.sections import ChannelEntry
from cevns.experiments.prediction.arrival_tables import declared_arrival, pulsed
from cevns.experiments.prediction.parts import UNQUENCHED, Parts
from cevns.experiments.prediction.recoils import UNSEEN, electron_grid, recoil_grid, with_electrons
from cevns.experiments.prediction.signal import Binding, Signal
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.factors import Strength, factors, product
from cevns.parameters import Parameter
from cevns.processes import (
    Interaction,
    KernelProcess,
    electron_scattering,
    is_kernel,
    is_steep,
    keeps_spectra,
    matters_at_electrons,
    quantity_of,
    signal_title,
    structure_of,
)
from cevns.rates import flux_averaged_cross_section
from cevns.rates.electrons import AnyFold, ElectronFold, WithElectrons
from cevns.rates.fold import Fold, recoil_panels
from cevns.rates.kernel_fold import KernelFold
from cevns.sources.beams.source import LastingSource, SteadySource
from cevns.typing import Array

__all__ = ["Apparatus"]

NOTHING = 1e-9
"""Share of the recoils below which a signal is rounding of the response tables, not a signal."""


@dataclass(frozen=True, eq=False, repr=False)
class Apparatus(Parts):
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
                made[id(view)] = Apparatus(view, self.path, self.document, moved, self.process)
        return {name: made[id(view)] for name, view in declared.items()}

    @property
    def exposure(self) -> float:
        """Exposures of all channels, each times the power of the source in it."""
        return sum(c.exposure * c.power(SIGNAL) for c in self.declaration.entries.values())

    def power(self, entry: ChannelEntry, component: str) -> float:
        """What the source of a component is multiplied with in a channel.

        A number is for all that follow the source of the file; one that lasts is named.
        """
        if component in self.declaration.components and not isinstance(entry.source, dict):
            source = self.further[component].source
            if isinstance(source, LastingSource) and source.lasts:
                return 1.0
        return entry.power(component)

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
        own = self.own_processes.get(name, self.interaction).parameters
        changed = {
            "source": entry.source or declared.source,
            "interaction": entry.interaction or declared.interaction,
            "parameters": {
                n: p
                for n, p in declared.parameters.items()
                if p.acts_on not in gone and (p.acts_on != "interaction" or own.has(n))
            },
        }
        moved = {**self.moved}
        if entry.source is not None:
            moved["source"] = "components", name, "source"
        return Apparatus(declared.model_copy(update=changed), self.path, self.document, moved)

    @cached_property
    def fold(self) -> Fold | KernelFold:
        """Source and interaction on the recoil nodes of the target."""
        return self._fold_on(self.interaction, *self._deposits(self.interaction)[:2])

    @cached_property
    def response(self) -> Response:
        """Electron-equivalent energy to energy bins."""
        declared, axis = self.declaration.detector.resolution, self.declaration.axes.energy
        made = self.resolution.unit
        energies = made.startswith("keV") and axis is not None and axis.unit.startswith("keV")
        if declared and axis and axis.unit and made not in ("", axis.unit) and not energies:
            raise self._mistake(
                f"the resolution '{declared.kind}' gives {made}, but this axis is in {axis.unit}",
                "axes",
                "energy",
            )
        panels = recoil_panels(
            self.source,
            self.material,
            maximum_kev=self._recoil_limit,
            kinematics=self.interaction.kinematics,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CevnsWarning)  # said for the nodes of the fold
            curve = self.quenching.on(np.linspace(0.0, panels[-1], 201))
        model, resolution = self.response_model, self.resolution
        return self._located(
            lambda: model.on(self.energy_edges, resolution, self.energy_efficiency, curve),
            "detector",
            "response",
        )

    @cached_property
    def times(self) -> tuple[TimeTable, ...]:
        """Arrival-time bins, one table a flavour."""
        arrival, edges, efficiency = self.arrival, self.time_edges, self.time_efficiency
        if arrival is not None:
            moved = self.one_acting_on("arrival")
            table = self._located(
                lambda: declared_arrival(arrival, edges, efficiency, moved),
                "source",
                "arrival",
            )
        elif edges is not None:
            return pulsed(self.source, edges, efficiency, self.one_acting_on("pulse-time"))
        else:  # everything arrives in one bin
            table = TimeTable.constant([0.0, 1.0], np.ones(1))
        return tuple(table for _ in self.source.flavours)

    # -- recoils of electrons --------------------------------------------------------------------

    def sees_electrons(self, process: Interaction) -> bool:
        """Whether a signal has recoils of electrons: as the file says, or where it matters.

        Where the file says nothing they are in if an extension of the Standard Model changes
        them and they look like those of nuclei (`ExperimentFile.blind_to_electrons`).
        """
        told = self.declaration.interaction.electrons
        if told is not None:
            return told
        return not self.declaration.blind_to_electrons and matters_at_electrons(process)

    def stages(self, process: Interaction) -> tuple[AnyFold, QuenchingCurve, Response]:
        """Recoil spectra of a process, E_ee on their nodes, and the response to it."""
        if isinstance(self.response, FoldedResponse) and not keeps_spectra(process):
            raise InputError(
                f"{self.name}: the released signal is folded with the recoil spectrum of the "
                f"Standard Model, and {process.name!r} has another; an experiment with a response "
                "to single recoils can be asked"
            )
        nodes, weights, curve = self._deposits(process)
        own = process is self.interaction
        fold = self.fold if own else self._fold_on(process, nodes, weights)
        if not self.sees_electrons(process):
            quenched = quantity_of(process) == "nuclear-recoil"
            return fold, curve, self.response if quenched else self.wide_response
        assert isinstance(fold, Fold)
        electrons = ElectronFold(
            self.source,
            electron_scattering(process),
            self.material,
            self.declaration.target.mass,
            *self._electron_grid,
        )
        both = WithElectrons(fold, electrons)
        return both, with_electrons(curve, electrons.nodes), self.wide_response

    @cached_property
    def wide_response(self) -> Response:
        """As `response`, over all energies that the axis shows: electrons are not quenched."""
        if not isinstance(self.response, ResponseTable):
            return self.response
        reach = self.response.energy_max_kevee
        while self.resolution.cdf(self.energy_edges[-1], reach) > UNSEEN and reach < 1e6:
            reach *= 2.0
        reach = end_of_axis(self.resolution, self.energy_edges, reach)
        return ResponseTable.build(
            self.resolution, self.energy_efficiency, self.energy_edges, reach
        )

    @cached_property
    def _electron_grid(self) -> tuple[Array, Array]:
        return self._located(
            lambda: electron_grid(self.source, self.material, self.wide_response),
            "interaction",
            "electrons",
        )

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

        None for one that is no `SteadySource`.
        """
        source = self.source
        if not isinstance(source, SteadySource):
            return None
        return source.duty * sum(source.flux_cm2_s(f) for f in source.flavours)

    def recoil_density(
        self, recoil_energy_kev: Array, values: Mapping[str, float] | None = None
    ) -> Array:
        """Counts per keVnr in the exposure, before any detector, ``(flavours, n)``.

        Args:
            recoil_energy_kev: recoil energies, keVnr.
            values: parameters of the interaction; nominal where left out.
        """
        # unit weights make the fold a density
        ones = np.ones_like(np.asarray(recoil_energy_kev, dtype=float))
        fold = self._fold_on(self.interaction, recoil_energy_kev, ones)
        return fold.spectrum({n: np.asarray(v) for n, v in (values or {}).items()})

    # -- the signal ----------------------------------------------------------------------------

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
                            f"{self.name}: {name!r} changes shapes and is no parameter of a file; "
                            "hold it with --at (at=...), or scan it"
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
            quenching=self.matched("quenching", self.quenching.variation_names),
            response=self.matched(stage, tuple(self.response.parameters)),
        )

    def matched(
        self, stage: str, variations: tuple[str, ...], others: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Variations of a stage, each driven by the parameter of its name.

        Args:
            stage: what the parameters act on.
            variations: of its model.
            others: parameters that act elsewhere, and may drive a variation too.

        Raises:
            InputError: if a variation has no parameter.
        """
        names = self.declaration.acting_on(stage)
        for name in variations:
            if name not in names and name not in others:
                value, repair = "0 +/- 1", " or remove the variation"
                if stage == "response":
                    value, repair = "value +/- error", ", within the values of its table"
                raise InputError(
                    f"{self.name}: the {stage} variation {name!r} has no parameter; declare "
                    f"'{name}: {{constraint: {value}, acts_on: {stage}}}'{repair}"
                )
        return variations

    def prediction_of(self, signal: Signal) -> float:
        """Signal in the analysis region at nominal values."""
        process = signal.fold.interaction
        values, strength = self._nominal(process), self.nominal(self.signal_strength, process)
        total = float(signal.evaluate(values).sum()) * strength
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

    # -- helpers -------------------------------------------------------------------------------

    def _fold_on(self, process: Interaction, nodes: Array, weights: Array) -> Fold | KernelFold:
        """Terms through the moments of the source, a kernel on the nodes of its flux."""
        mass, form = self.declaration.target.mass, self.form_factor
        if is_kernel(process):
            return KernelFold(self.source, process, self.material, mass, form, nodes, weights)
        return Fold(self.source, process, self.material, mass, form, nodes, weights)

    def _quenching_of(self, process: Interaction) -> Quenching:
        """How a process's deposits are seen: nuclear recoils quenched, all else as it is.

        Raises:
            InputError: if it deposits no energy, which an energy axis cannot show.
        """
        quantity, axis = quantity_of(process), self.declaration.axes.energy
        if quantity == "count" and axis is not None:
            raise InputError(
                f"the process {process.name!r} is a bare count: it has no energy for this axis"
            )
        if quantity != "nuclear-recoil":
            return UNQUENCHED
        if self.declaration.detector.quenching is None and axis and axis.unit in ("keVee", "PE"):
            raise self._mistake(
                f"an axis in {axis.unit} shows quenched recoils; declare the quenching, or give "
                "the axis in keVnr",
                "detector",
                "quenching",
            )
        return self.quenching

    @cached_property
    def _known_deposits(self) -> dict[Hashable, tuple[Array, Array, QuenchingCurve]]:
        return {}

    def _deposits(self, process: Interaction) -> tuple[Array, Array, QuenchingCurve]:
        """Nodes of the deposit, their weights, and E_ee at them.

        One set for all processes of the same sort. Weights have the efficiency in recoil energy,
        where the deposit is the recoil of a nucleus.
        """
        quantity = quantity_of(process)
        key = is_steep(process), process.kinematics, quantity
        if key not in self._known_deposits:
            quenching = self._quenching_of(process)
            trivial = isinstance(self.recoil_efficiency, Unity)
            efficiency = None if trivial or quantity != "nuclear-recoil" else self.recoil_efficiency
            response, limit = self.response, self._recoil_limit
            if quenching is not self.quenching:
                response = self.wide_response
                if math.isfinite(response.energy_max_kevee):
                    limit = response.energy_max_kevee
            nodes, weights = recoil_grid(
                self.source,
                self.material,
                quenching,
                response,
                efficiency=efficiency,
                maximum_kev=limit,  # recoils beyond a quenching model's validity are not followed
                steep=is_steep(process),
                kinematics=process.kinematics,
                seen_from_kevee=self.resolution.seen_from_kevee,
            )
            if efficiency is not None:
                weights = weights * efficiency(nodes)
            self._known_deposits[key] = nodes, weights, quenching.on(nodes)
        return self._known_deposits[key]

    @cached_property
    def _recoil_limit(self) -> float | None:
        """Largest recoil energy to follow: the end of the quenching model's validity, if any."""
        limit = self.quenching.valid_kev[1]
        return limit if math.isfinite(limit) else None
