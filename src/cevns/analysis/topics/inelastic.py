"""Inelastic channels of detectors: the error of the cross section of each, or of its strength.

Of several files it is asked of each channel of each, with what all of them know of the flux.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cevns.analysis.sensitivity.assumptions import flux_names
from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.processes.framework.abilities import OfNuclides, Proportional

__all__ = ["TOPIC", "channels"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    found = {q.name: q for e in experiments for q in channels(e)}
    if not found:
        raise InputError(
            f"{' and '.join(e.name for e in experiments)}: there is no inelastic "
            "channel, and no component other than CEvNS with a separate strength, in "
            + ("it" if len(experiments) == 1 else "any of them")
        )
    return tuple(found.values())


def channels(experiment: Experiment) -> tuple[Quantity, ...]:
    """Scales of inelastic cross sections, and strengths of components that are not held."""
    scale = Quantity("", "", kind="relative", needs_zero=True, acts_on="interaction")
    out = [
        replace(scale, name=name, title=f"strength {name}", free=name)
        for process in (experiment.interaction, *experiment.own_processes.values())
        if isinstance(process, OfNuclides) and isinstance(process, Proportional)
        for name in process.unit
    ]
    entries, flux = experiment.declaration.parameters, flux_names(experiment)
    for component in experiment.declaration.components.values():
        out += [
            replace(scale, name=f, title=f"strength {f}", free=f, acts_on="component")
            for f in component.strength
            if isinstance(f, str)
            and f in entries
            and f not in flux
            and entries[f].value is None
            and experiment.declared[f].value > 0.0
        ]
    return tuple({q.name: q for q in out}.values())


TOPIC = Topic("strengths of inelastic channels", "inel", _asks, of="any")
