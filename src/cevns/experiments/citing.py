"""Whom the use of an experiment cites: its measurement, its data, and the models of its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cevns import registry
from cevns.citations import Citations, identifiers_in, of_model
from cevns.datasets import release
from cevns.processes import Combined, Interaction
from cevns.sources import Source

if TYPE_CHECKING:
    from cevns.experiments.declaration.schema import ExperimentFile
    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = ["citations_of", "of_process", "of_scattering"]


def citations_of(experiment: Apparatus) -> Citations:
    """Entries and what each is used for, in the order in which an analysis meets them.

    Measurement, data release, then of every channel and further component source, interaction,
    couplings, form factor and detector, then what constrains parameters.
    """
    declared, own = experiment.declaration, experiment.cite
    found = [Citations.of(own, "measurement")]
    found += [Citations.of(release(r).cite, "data release") for r in sorted(declared.releases)]
    found += [each for view in experiment.views.values() for each in _of_apparatus(view)]
    for name, view in experiment.further.items():
        if declared.components[name].source is not None:
            found.append(of_model(view.declared_source, f"source of {name}", own))
    for name, process in experiment.own_processes.items():
        found.append(of_process(process, f"interaction of {name}", own))
    found += [
        _named("rates.observables", entry.observable.kind, f"external measurement {name}", own)
        for name, entry in declared.external.items()
    ]
    found += [
        Citations.of(identifiers_in(p.description), f"constraint of {name}")
        for name, p in declared.parameters.items()
    ]
    return Citations.joined(found)


def _of_apparatus(view: Apparatus) -> Iterator[Citations]:
    declared, own = view.declaration, view.cite
    yield of_model(view.declared_source, "source", own)
    if declared.source.arrival is not None:
        yield _named("sources.arrivals", declared.source.arrival.kind, "arrival times", own)
    yield of_process(view.interaction, "interaction", own)
    yield _named("nuclear.form_factors", declared.interaction.form_factor, "form factor", own)
    if declared.detector.quenching is not None:
        yield of_model(view.quenching, "quenching", own)
    yield from _of_detector(declared, own)


def of_process(process: Interaction, role: str, own: Sequence[str] = ()) -> Citations:
    """What an interaction cites: the Standard Model and each extension of it.

    Args:
        process: any.
        role: what it is used for.
        own: items of the file that uses it.
    """
    parts = (process.base, *process.extensions) if isinstance(process, Combined) else (process,)
    return Citations.joined(of_model(part, role, own) for part in parts)


def of_scattering(process: Interaction, form_factor: str, *sources: Source | None) -> Citations:
    """What recoils without a detector cite: sources, interaction, couplings and form factor."""
    emitted = [of_model(source, "source") for source in sources if source is not None]
    model = _named("nuclear.form_factors", form_factor, "form factor", ())
    return Citations.joined([*emitted, of_process(process, "interaction"), model])


def _of_detector(declared: ExperimentFile, own: Sequence[str]) -> Iterator[Citations]:
    detector, efficiency = declared.detector, declared.detector.efficiency
    for folder, component, role in (
        ("responses", detector.response, "response"),
        ("resolution", detector.resolution, "resolution"),
        ("efficiency", efficiency.energy, "efficiency"),
        ("efficiency", efficiency.recoil, "efficiency"),
        ("efficiency", efficiency.time, "efficiency in time"),
        ("pulse_shape", detector.pulse_shape, "pulse shape"),
    ):
        if component is not None:
            yield _named(f"detectors.{folder}", component.kind, role, own)


def _named(folder: str, name: str, role: str, own: Sequence[str]) -> Citations:
    """What an entry of a registry cites."""
    return Citations.of(registry.cited(f"cevns.{folder}", role, name), role, own)
