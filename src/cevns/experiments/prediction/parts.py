"""The parts of a declared experiment: source, process, target and detector, built on first use."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import BaseModel

from cevns.citations import written
from cevns.constants import DAY_S
from cevns.detectors import Quenching, ResponseModel
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.pulse_shape import PulseShape
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.resolution import Resolution
from cevns.detectors.resolution.none import Perfect
from cevns.exceptions import CevnsError, InputError, SchemaError
from cevns.experiments.declaration.assembly import declared_parameters
from cevns.experiments.declaration.builder import build
from cevns.experiments.declaration.document import Document, Location
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.experiments.declaration.sections import Interaction as InteractionSection
from cevns.experiments.prediction.built_once import BuiltOnce
from cevns.inference.model.factors import NamedFactor, Strength
from cevns.nuclear.form_factors import FormFactor, form_factor
from cevns.nuclear.materials import Material, material
from cevns.nuclear.stated_radii import StatedRadii
from cevns.parameters import Parameter, Parameters
from cevns.processes import Interaction
from cevns.rates.fold import of_its_mass
from cevns.rates.observable import Observable
from cevns.sources import Source, SteadySource
from cevns.sources.arrivals import Arrival
from cevns.sources.arrivals.history import History
from cevns.sources.beams.source import AveragedSource, ChosenSource, OfMass, OfSector
from cevns.typing import Array
from cevns.units import Measurement, measurement

__all__ = ["UNQUENCHED", "Parts", "T"]

_ROUNDING = 1e-6
"""Days, of edges that were written in another unit."""

_RECOILS = np.array([0.0, 100.0])
"""Recoil energies, keVnr, in which an efficiency is looked at that the axis does not show."""

T = TypeVar("T")
UNQUENCHED = Constant(1.0)
"""A deposit that is seen as it is."""


def _radii(process: InteractionSection) -> str:
    """Stated radii as results repeat them."""
    return "; ".join(f"{n} {r.protons:g}, {r.neutrons:g} fm" for n, r in process.radii.items())


@dataclass(frozen=True, eq=False, repr=False)
class Parts:
    """Source, process, target and detector as a file declares them, each built on first use.

    Args:
        declaration: the validated file.
        path: the file.
        document: the parsed file, which knows its lines.
        moved: sections that stand elsewhere in the file, in a component or a channel, and where.
        process: an interaction in place of the declared one.
        built: what does not change with the process, built once for all copies.
    """

    declaration: ExperimentFile
    path: Path
    document: Document
    moved: Mapping[str, Location] = field(default_factory=dict)
    process: Interaction | None = None
    built: BuiltOnce = field(default_factory=BuiltOnce)

    def __repr__(self) -> str:
        """Kind and name: the declaration itself is long."""
        return f"<{type(self).__name__} {self.name}>"

    @cached_property
    def declared(self) -> dict[str, Parameter]:
        """The parameters of the file by name, within what functions and response are good for."""
        out = declared_parameters(self.declaration)
        for name, (lower, upper) in self.response_model.parameters.items():
            if name in out:
                out[name] = replace(out[name], lower=lower, upper=upper)
        for name in self.declaration.acting_on("arrival"):
            if self.arrival is not None and self.declaration.parameters[name].free is not None:
                out[name] = self._free_in_arrival(self.arrival, out[name])
        strengths = (self.factors(*at) for at in self.declaration.strengths)
        used = (*self.derived.values(), *(f for strength in strengths for f in strength))
        for function in (f for f in used if isinstance(f, NamedFactor)):
            for name in function.names:
                if name in out:
                    lower = max(out[name].lower, function.lower)
                    out[name] = replace(out[name], lower=lower)
        return out

    def _free_in_arrival(self, arrival: Arrival, parameter: Parameter) -> Parameter:
        """A free parameter of the file within the bounds that the arrival's own has."""
        name, known = parameter.name, arrival.parameters
        if not known.has(name):
            return parameter  # refused where its times are tabulated
        lower, upper = known[name].lower, known[name].upper
        if not lower <= parameter.value <= upper or not math.isfinite(upper - lower):
            raise self._mistake(
                f"{name!r} cannot be free: the arrival restricts it to between {lower:g} and "
                f"{upper:g}; "
                "free a value in a finite range, or constrain it",
                "parameters",
                name,
            )
        return replace(parameter, lower=lower, upper=upper, typical=known[name].typical)

    def one_acting_on(self, stage: str) -> Parameter | None:
        """The one parameter that acts on a stage, or None.

        Raises:
            InputError: if there are two.
        """
        names = self.declaration.acting_on(stage)
        if len(names) > 1:
            raise InputError(
                f"{self.name}: the parameters {' and '.join(names)} both act on {stage}; "
                "one is enough"
            )
        return self.declared[names[0]] if names else None

    @property
    def strengths(self) -> Parameters:
        """What may be asked for by name beside the parameters of the interaction.

        Parameters of strengths and functions, free ones of an arrival, and those of the processes
        that further components have of their own. One that the interaction has too is the same
        parameter.
        """
        names = self.declaration.acting_on("component", "function")
        free = [n for n, e in self.declaration.parameters.items() if e.free is not None]
        found = {n: self.declared[n] for n in dict.fromkeys((*names, *free))}
        for process in self.own_processes.values():
            for p in process.parameters:
                if not self.interaction.parameters.has(p.name):
                    found.setdefault(p.name, p)
        return Parameters(found.values())

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.declaration.name

    @property
    def title(self) -> str:
        """A line for tables and figures."""
        return self.declaration.title or self.name

    @property
    def cite(self) -> tuple[str, ...]:
        """Papers of the measurement."""
        return written(self.declaration.cite)

    # -- physics, built on first use -----------------------------------------------------------

    @cached_property
    def source(self) -> Source:
        """The source, whose particles may be those of the process, as of dark matter."""
        declared = self.declared_source
        if isinstance(declared, OfMass | OfSector):
            return of_its_mass(declared, self.interaction.kinematics)
        return declared

    @cached_property
    def declared_source(self) -> Source:
        """The source of the file alone; where it asks for a live time, by default the file's."""
        live_d = self.declaration.live_time
        beside = {} if live_d is None else {"live_time_d": live_d}
        made: Source = self._built("sources", "source", otherwise=beside)
        return made

    @cached_property
    def arrival(self) -> Arrival | None:
        """When particles arrive, as the file says; None where they follow the source's pulse.

        Raises:
            SchemaError: if a mean power below full load would count twice, in source and arrival; a
                history does not cover the axis in time; or the history of a source stands beside an
                axis in time, which it does not fill.
        """
        found: Arrival | None = self._built("sources.arrivals", "source", "arrival")
        edges = self.time_edges
        whole = self.source
        if edges is not None and isinstance(whole, AveragedSource) and whole.averaged:
            said = (
                f"{whole.averaged!r} gives the mean of the power, and there is an axis in time: "
                "declare 'arrival: {kind: history, ...}' in its place"
            )
            raise self._mistake(said, "source", whole.averaged)
        if isinstance(found, History) and edges is not None:
            (first, last), days = found.live, edges / (1e6 * DAY_S)
            if days[0] < first - _ROUNDING or days[-1] > last + _ROUNDING:
                said = (
                    f"the history goes from day {first:g} to {last:g}, and the axis in time from "
                    f"{days[0]:g} to {days[-1]:g}: say the power in all of it, 0 where it was off"
                )
                raise self._mistake(said, "source", "arrival")
        source = whole if isinstance(found, History) else None
        if isinstance(source, SteadySource) and source.duty != 1.0:
            said = (
                f"the source has a duty of {source.duty:g} already, and a history of its own would "
                "count the power twice: leave one of both out"
            )
            raise self._mistake(said, "source", "arrival")
        return found

    @cached_property
    def material(self) -> Material:
        """The nuclei of the target whose recoils are followed."""
        return self._recoiling[0]

    @property
    def recoiling_kg(self) -> float:
        """Mass of these."""
        return self.declaration.target.mass * self._recoiling[1]

    @cached_property
    def _recoiling(self) -> tuple[Material, float]:
        whole, elements = self.whole_material, self.declaration.target.recoils
        if elements is None:
            return whole, 1.0
        return self._located(lambda: whole.only(elements), "target", "recoils")

    @cached_property
    def whole_material(self) -> Material:
        """The target material."""
        target = self.declaration.target
        field = "material"
        if target.composition:
            # only where the formula is good is the composition to blame
            with contextlib.suppress(CevnsError):
                material(target.material)
                field = "composition"
        return self._located(
            lambda: material(target.material, composition=target.composition), "target", field
        )

    @cached_property
    def interaction(self) -> Interaction:
        """The process at the nucleus."""
        return self.process or self._process(self.declaration.interaction, "interaction")

    @cached_property
    def own_processes(self) -> dict[str, Interaction]:
        """Processes of further components that have one of their own, by component."""
        return {
            name: self._process(entry.interaction, "components", name, "interaction")
            for name, entry in self.declaration.components.items()
            if entry.interaction is not None
        }

    def _process(self, declared: InteractionSection, *where: str) -> Interaction:
        from cevns.processes import interaction, interactions
        from cevns.registry import canonical, shipped

        kind = canonical(declared.kind)
        # packages that add processes are looked through only for what is not shipped
        known = kind in shipped("cevns.processes") or kind in interactions()
        field = "couplings" if known else "kind"
        own = {} if declared.table is None else {"table": declared.table}
        return self._located(
            lambda: interaction(
                declared.kind,
                couplings=declared.couplings,
                axial=declared.axial,
                charge_radius=declared.charge_radius,
                **own,
            ),
            *where,
            "table" if own else field,
        )

    @cached_property
    def form_factor(self) -> FormFactor:
        """The nuclear form factor, with the radii that the file states."""
        declared = self.declaration.interaction
        model = self._located(
            lambda: form_factor(declared.form_factor), "interaction", "form_factor"
        )
        if not declared.radii:
            return model
        stated = tuple((n, r.protons, r.neutrons) for n, r in declared.radii.items())
        return self._located(lambda: StatedRadii(model, stated), "interaction", "radii")

    @cached_property
    def quenching(self) -> Quenching:
        """Recoil energy to electron-equivalent energy; the recoil energy itself where none is."""
        curve: Quenching = self._built(
            "detectors.quenching", "detector", "quenching", default=UNQUENCHED
        )
        known, z = [n.z for n in self.material.nuclides], curve.atomic_number
        if z is not None and not min(known) <= z <= max(known):
            raise self._mistake(
                f"this is the quenching of nuclei with Z = {z:g}; "
                f"{self.declaration.target.material} has "
                f"{' and '.join(str(k) for k in dict.fromkeys(known))}",
                "detector",
                "quenching",
            )
        return curve

    @cached_property
    def resolution(self) -> Resolution:
        """Spread of the reconstructed value; none where none is declared."""
        return self._built("detectors.resolution", "detector", "resolution", default=Perfect())

    @cached_property
    def response_model(self) -> ResponseModel:
        """What turns an energy into reconstructed bins."""
        return self._built("detectors.responses", "detector", "response")

    @cached_property
    def pulse_shape(self) -> PulseShape | None:
        """Distribution of the pulse-shape variable; None without one."""
        return self._built("detectors.pulse_shape", "detector", "pulse_shape")

    @cached_property
    def energy_efficiency(self) -> Efficiency:
        """Efficiency in the reconstructed value."""
        return self._efficiency("energy", self.energy_edges)

    @cached_property
    def recoil_efficiency(self) -> Efficiency:
        """Efficiency in recoil energy, keVnr."""
        axis = self.declaration.axes.energy
        shown = axis is not None and axis.unit == "keVnr"
        return self._efficiency("recoil", self.energy_edges if shown else _RECOILS)

    @cached_property
    def time_efficiency(self) -> Efficiency:
        """Efficiency in arrival time."""
        return self._efficiency("time", self.time_edges)

    def _efficiency(self, along: str, edges: Array | None) -> Efficiency:
        where = ("detector", "efficiency", along)
        made: Efficiency = self._built("detectors.efficiency", *where)
        if edges is not None and np.isfinite(edges).all():
            self._located(lambda: made.require_probability(edges[0], edges[-1]), *where)
        return made

    def factors(self, *section: str) -> tuple[Strength, ...]:
        """The factors that a ``strength`` of the file declares.

        Args:
            section: where in the file it stands.

        Raises:
            SchemaError: if a function is unknown or its fields are.
        """
        written = enumerate(self._written(*section))
        return tuple(
            f if isinstance(f, str | float | int) else self._function(*section, k)
            for k, f in written
        )

    @cached_property
    def external(self) -> dict[str, tuple[Observable, Measurement]]:
        """Measurements from elsewhere: what they are of, and their value with its error."""
        out: dict[str, tuple[Observable, Measurement]] = {}
        for name, entry in self.declaration.external.items():
            observable: Observable = self._built(
                "rates.observables", "external", name, "observable"
            )
            out[name] = observable, measurement(entry.measured, what="measured")
        return out

    @cached_property
    def derived(self) -> dict[str, NamedFactor]:
        """Arguments that are functions of parameters, by name."""
        return {n: self._function("derived", n) for n in self.declaration.derived}

    # -- axes ----------------------------------------------------------------------------------

    @property
    def energy_edges(self) -> Array:
        """Edges of the reconstructed energy axis; one bin of all energies where there is none."""
        axis = self.declaration.axes.energy
        return np.array([0.0, np.inf]) if axis is None else np.asarray(axis.edges, dtype=float)

    @property
    def time_edges(self) -> Array | None:
        """Edges of the time axis, us; None without one."""
        time = self.declaration.axes.time
        return None if time is None else np.asarray(time.edges, dtype=float)

    @property
    def pulse_shape_edges(self) -> Array | None:
        """Edges of the pulse-shape axis; None without one."""
        axis = self.declaration.axes.pulse_shape
        return None if axis is None else np.asarray(axis.edges, dtype=float)

    @property
    def edges(self) -> tuple[Array, ...]:
        """Edges along the axes that there are, in energy and time."""
        energy = () if self.declaration.axes.energy is None else (self.energy_edges,)
        return energy if self.time_edges is None else (*energy, self.time_edges)

    @property
    def cells(self) -> tuple[int, ...]:
        """Analysis bins along each axis; one in time where there is no time axis."""
        edges = (self.energy_edges, self.pulse_shape_edges, self.time_edges)
        found = tuple(len(e) - 1 for e in edges if e is not None)
        return found if self.time_edges is not None else (*found, 1)

    @property
    def choices(self) -> dict[str, str]:
        """Named choices of the source, such as the set of fluxes of the Sun; few have any."""
        source = self.declared_source
        return dict(source.choices) if isinstance(source, ChosenSource) else {}

    @property
    def physics(self) -> dict[str, str]:
        """Named physics choices, echoed in every result."""
        declared, process = self.declaration, self.declaration.interaction
        released, arrival, detector = declared.signal, declared.source.arrival, declared.detector
        return {
            **({} if released is None else {"signal": released.use}),
            "source": declared.source.kind,
            **self.choices,
            **({} if arrival is None else {"arrival": arrival.kind}),
            "material": declared.target.material,
            "interaction": process.kind,
            "couplings": process.couplings,
            "form_factor": process.form_factor,
            **({} if not process.radii else {"radii": _radii(process)}),
            "axial": "included" if process.axial else "left out",
            **({"charge_radius": "running"} if process.charge_radius == "running" else {}),
            "quenching": "none" if detector.quenching is None else detector.quenching.kind,
            **({} if (r := detector.response.kind) == "chain" else {"response": r}),
            "resolution": "none" if detector.resolution is None else detector.resolution.kind,
            "efficiency": detector.efficiency.energy.kind,
            "time_efficiency": detector.efficiency.time.kind,
        }

    # -- helpers -------------------------------------------------------------------------------

    def _function(self, *section: str | int) -> NamedFactor:
        return self._built("inference.factors", *section, what="function")

    def _built(
        self,
        package: str,
        *section: str | int,
        what: str = "",
        default: T | None = None,
        otherwise: Mapping[str, float] | None = None,
    ) -> T:
        """The model that a section of the file declares; the default where it is left out."""
        component = self._written(*section)
        if component is None:
            return cast("T", default)
        at = self._place(section)
        package = f"cevns.{package}"
        built = build(self.document, package, at, component, what=what, otherwise=otherwise)
        return cast("T", built)

    def _written(self, *section: str | int) -> Any:
        """What the file has at a place."""
        node: Any = self.declaration
        for key in section:
            node = getattr(node, str(key)) if isinstance(node, BaseModel) else node[key]
        return node

    def _located(self, make: Callable[[], T], *location: str) -> T:
        """Run `make`; a mistake is reported with file, line and field."""
        try:
            return make()
        except SchemaError:
            raise
        except CevnsError as error:
            raise self._mistake(str(error), *location) from None

    def _mistake(self, said: str, *location: str) -> SchemaError:
        return self.document.error(said, self._place(location))

    def _place(self, section: Location) -> Location:
        """Where in the file a section stands."""
        first, *rest = section
        return (*self.moved.get(str(first), (first,)), *rest)
