"""The parts of a declared experiment: source, process, target and detector, built on first use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from cevns.detectors import Quenching, ResponseModel
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.pulse_shape import PulseShape
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.resolution import Resolution
from cevns.detectors.resolution.none import Perfect
from cevns.exceptions import CevnsError, SchemaError
from cevns.experiments.declaration import assembly
from cevns.experiments.declaration.backgrounds import Component
from cevns.experiments.declaration.builder import Builder
from cevns.experiments.declaration.document import Document
from cevns.experiments.declaration.schema import ExperimentFile
from cevns.inference.model.factors import NamedFactor, Strength, factors, product
from cevns.nuclear.form_factors import FormFactor, form_factor
from cevns.nuclear.materials import Material, material
from cevns.parameters import Parameter, Parameters
from cevns.processes import Interaction
from cevns.rates.observable import Observable
from cevns.sources import Source
from cevns.sources.arrivals import Arrival
from cevns.typing import Array
from cevns.units import Measurement, measurement

__all__ = ["UNQUENCHED", "Parts", "T"]

T = TypeVar("T")
UNQUENCHED = Constant(1.0)
"""A deposit that is seen as it is."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Source, process, target and detector as a file declares them, each built on first use.

    Args:
        declaration: the validated file.
        path: the file.
        document: the parsed file, which knows its lines.
        source_section: where in the file the source stands.
    """

    declaration: ExperimentFile
    path: Path
    document: Document
    source_section: tuple[str, ...] = ("source",)

    @cached_property
    def declared(self) -> dict[str, Parameter]:
        """The parameters of the file by name, within what functions and response are good for."""
        out = assembly.declared_parameters(self.declaration)
        for name, (lower, upper) in self.response_model.parameters.items():
            if name in out:
                out[name] = replace(out[name], lower=lower, upper=upper)
        strengths = (self.factors(s, *at) for at, s in self.declaration.strengths.items())
        used = (*self.derived.values(), *(f for strength in strengths for f in strength))
        for function in (f for f in used if isinstance(f, NamedFactor)):
            for name in function.names:
                if name in out:
                    lower = max(out[name].lower, function.lower)
                    out[name] = replace(out[name], lower=lower)
        return out

    @property
    def strengths(self) -> Parameters:
        """Parameters of strengths and functions, which may be asked for by their names."""
        acting, stages = self.declaration.parameters, ("component", "function")
        return Parameters(p for n, p in self.declared.items() if acting[n].acts_on in stages)

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
        return tuple(self.declaration.cite)

    # -- physics, built on first use -----------------------------------------------------------

    @cached_property
    def _builder(self) -> Builder:
        return Builder(self.document)

    @cached_property
    def source(self) -> Source:
        """The neutrino source."""
        return cast(
            "Source",
            self._builder.build("cevns.sources", self.source_section, self.declaration.source),
        )

    @cached_property
    def arrival(self) -> Arrival | None:
        """When particles arrive, as the file says; None where they follow the source's pulse."""
        declared = self.declaration.source.arrival
        if declared is None:
            return None
        built = self._builder.build(
            "cevns.sources.arrivals", (*self.source_section, "arrival"), declared
        )
        return cast("Arrival", built)

    @cached_property
    def material(self) -> Material:
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
        from cevns.processes import interaction, interactions
        from cevns.registry import canonical

        d = self.declaration.interaction
        field = "couplings" if canonical(d.kind) in interactions() else "kind"
        return self._located(
            lambda: interaction(d.kind, couplings=d.couplings, axial=d.axial),
            "interaction",
            field,
        )

    @cached_property
    def form_factor(self) -> FormFactor:
        """The nuclear form factor."""
        name = self.declaration.interaction.form_factor
        return self._located(lambda: form_factor(name), "interaction", "form_factor")

    @cached_property
    def quenching(self) -> Quenching:
        """Recoil energy to electron-equivalent energy; the recoil energy itself where none is."""
        if self.declaration.detector.quenching is None:
            return UNQUENCHED
        return cast("Quenching", self._detector("quenching", "quenching"))

    @cached_property
    def resolution(self) -> Resolution:
        """Spread of the reconstructed value; none where none is declared."""
        if self.declaration.detector.resolution is None:
            return Perfect()
        return cast("Resolution", self._detector("resolution", "resolution"))

    @cached_property
    def response_model(self) -> ResponseModel:
        """What turns an energy into reconstructed bins."""
        return cast("ResponseModel", self._detector("response", "responses"))

    def factors(self, strength: list[str | Component], *section: str) -> tuple[Strength, ...]:
        """The factors that a ``strength`` declares.

        Args:
            strength: names of parameters, and functions of some.
            section: where in the file it stands.

        Raises:
            SchemaError: if a function is unknown or its fields are.
        """
        return tuple(
            f if isinstance(f, str) else self._function(f, *section, k)
            for k, f in enumerate(strength)
        )

    @cached_property
    def external(self) -> dict[str, tuple[Observable, Measurement]]:
        """Measurements from elsewhere: what they are of, and their value with its error."""
        out = {}
        for name, entry in self.declaration.external.items():
            built = self._builder.build(
                "cevns.rates.observables", ("external", name, "observable"), entry.observable
            )
            out[name] = cast("Observable", built), measurement(entry.measured, what="measured")
        return out

    @cached_property
    def nominal_strength(self) -> float:
        """What the signal is multiplied with at the nominal values of the parameters."""
        names = assembly.names_acting_on(self.declaration, "signal")
        number, found = factors((*names, *self.factors(self.declaration.strength, "strength")))
        values = {n: np.array([p.value]) for n, p in self.declared.items()}
        values |= {n: f.value(values) for n, f in self.derived.items()}
        return float(product(number, found, values, np.zeros(1))[0])

    @cached_property
    def derived(self) -> dict[str, NamedFactor]:
        """Arguments that are functions of parameters, by name."""
        return {n: self._function(f, "derived", n) for n, f in self.declaration.derived.items()}

    def _function(self, component: Component, *section: str | int) -> NamedFactor:
        built = self._builder.build("cevns.inference.factors", section, component, what="function")
        return cast("NamedFactor", built)

    @cached_property
    def energy_efficiency(self) -> Efficiency:
        """Efficiency in the reconstructed value."""
        return cast("Efficiency", self._efficiency("energy"))

    @cached_property
    def recoil_efficiency(self) -> Efficiency:
        """Efficiency in recoil energy, keVnr."""
        return cast("Efficiency", self._efficiency("recoil"))

    @cached_property
    def pulse_shape(self) -> PulseShape | None:
        """Distribution of the pulse-shape variable; None without one."""
        if self.declaration.detector.pulse_shape is None:
            return None
        return cast("PulseShape", self._detector("pulse_shape", "pulse_shape"))

    @cached_property
    def time_efficiency(self) -> Efficiency:
        """Efficiency in arrival time."""
        return cast("Efficiency", self._efficiency("time"))

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
    def cells(self) -> tuple[int, ...]:
        """Analysis bins along each axis; one in time where there is no time axis."""
        edges = (self.energy_edges, self.pulse_shape_edges, self.time_edges)
        found = tuple(len(e) - 1 for e in edges if e is not None)
        return found if self.time_edges is not None else (*found, 1)

    @property
    def physics(self) -> dict[str, str]:
        """Named physics choices, echoed in every result."""
        return dict(assembly.physics_choices(self.declaration))

    # -- helpers -------------------------------------------------------------------------------

    def _detector(self, section: str, package: str) -> Any:
        component = getattr(self.declaration.detector, section)
        return self._builder.build(f"cevns.detectors.{package}", ("detector", section), component)

    def _efficiency(self, axis: str) -> Any:
        component = getattr(self.declaration.detector.efficiency, axis)
        return self._builder.build(
            "cevns.detectors.efficiency", ("detector", "efficiency", axis), component
        )

    def _located(self, make: Callable[[], T], *location: str) -> T:
        """Run `make`; a mistake is reported with file, line and field."""
        try:
            return make()
        except SchemaError:
            raise
        except CevnsError as error:
            raise self.document.error(str(error), location) from None
