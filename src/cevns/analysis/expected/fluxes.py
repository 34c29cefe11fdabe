"""What the sources of an experiment send to its detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cevns.analysis.question import place
from cevns.experiments.experiment import Experiment
from cevns.processes import Proportional
from cevns.records import Result, cited, head
from cevns.sources import Source, SteadySource
from cevns.sources.beams.source import OfSector
from cevns.sources.stopped_pion import StoppedPion

__all__ = ["Emission", "Flux", "fluxes"]


@dataclass(frozen=True)
class Emission(Result):
    """Particles of one source at the detector.

    Args:
        fluence_cm2: particles per cm2 in the exposure, by species.
        mean_energy_mev: their mean energy, MeV, by species.
        flux_cm2_s: particles per cm2 and second at full power, by species; None for a source that
            is counted by protons on a target, which has no one rate.
        totals: what tells beside how strong a steady source is (`cevns.sources.SteadySource`).
        beam: what a source of stopped pions says of its beam
            (`cevns.sources.stopped_pion.StoppedPion.beam_totals`).
        coupling: at which the particles are made, where a beam makes them by the coupling of a
            process: as a unit of its `Proportional.scale`, of which the flux has the square root.
    """

    fluence_cm2: Mapping[str, float]
    mean_energy_mev: Mapping[str, float]
    flux_cm2_s: Mapping[str, float] | None
    totals: Mapping[str, float]
    coupling: Mapping[str, float] = field(default_factory=dict)
    beam: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source, process: object = None) -> Emission:
        """That of a source, for a process that its particles are made for."""
        made = isinstance(source, OfSector) and isinstance(process, Proportional)
        # of bands of the delay the last ones may be empty
        every = source.flavours
        species = [n for n in every if source.fluence_cm2(n) > 0.0] if made else list(every)
        steady = source if isinstance(source, SteadySource) else None
        means = {}
        for name in species:
            energy, weight = source.nodes(name)
            means[name] = float((weight * energy).sum() / weight.sum())
        return cls(
            {name: source.fluence_cm2(name) for name in species},
            means,
            None if steady is None else {name: steady.flux_cm2_s(name) for name in species},
            {} if steady is None else dict(steady.totals),
            dict(process.unit) if made and isinstance(process, Proportional) else {},
            dict(source.beam_totals) if isinstance(source, StoppedPion) else {},
        )

    def to_dict(self) -> dict[str, Any]:
        """Fields of the JSON."""
        flux = self.flux_cm2_s
        return {
            "fluence_cm2": dict(self.fluence_cm2),
            "mean_energy_mev": dict(self.mean_energy_mev),
            "flux_cm2_s": None if flux is None else dict(flux),
            "total_cm2_s": None if flux is None else sum(flux.values()),
            **self.totals,
            **({"beam": dict(self.beam)} if self.beam else {}),
            **({"coupling": dict(self.coupling)} if self.coupling else {}),
        }


@dataclass(frozen=True)
class Flux(Result):
    """What an experiment's sources send to its detector.

    Args:
        experiment: what it belongs to.
        emission: of the file's source.
        components: of the components that have a source of their own.
    """

    experiment: Experiment
    emission: Emission
    components: Mapping[str, Emission]

    @property
    def title(self) -> str:
        """A line for tables."""
        return self.experiment.title

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns flux``."""
        more = {name: found.to_dict() for name, found in self.components.items()}
        return cited(
            {
                **head(),
                **self.experiment.provenance(),
                **self.emission.to_dict(),
                **({"components": more} if more else {}),
            }
        )


def fluxes(*experiments: Experiment, at: Mapping[str, float] | None = None) -> dict[str, Flux]:
    """Fluxes and fluences at the detectors of experiments, by the name of the experiment.

    Args:
        experiments: from `cevns.experiments.load`.
        at: values of what changes shapes, as masses of dark matter do.

    Raises:
        UnknownNameError: if a parameter is unknown.
        InputError: if a source needs one that is not given.

    Examples:
        >>> from cevns.experiments import load
        >>> found = fluxes(load("coherent-csi-2021"))["coherent-csi-2021"]
        >>> f"{found.emission.fluence_cm2['nu_e']:.3g} /cm2"
        '5.79e+14 /cm2'
    """
    return {
        e.name: Flux(
            e,
            Emission.of(e.source, e.interaction),
            {
                name: Emission.of(view.source, view.interaction)
                for name, view in e.further.items()
                if e.declaration.components[name].source is not None
            },
        )
        for e in (place(each, at or {})[0] for each in experiments)
    }
