"""Inelastic channels of a detector: the error of the cross section of each, or of its strength."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.assumptions import flux_names
from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.processes.framework.abilities import OfNuclides, Proportional

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    each = [_strengths(e) for e in experiments]
    names = [name for name in each[0] if all(name in other for other in each)]
    if not names:
        raise InputError(
            f"{' and '.join(e.name for e in experiments)}: no inelastic channel, or component "
            "beside CEvNS with a strength of its own, is in "
            + ("it" if len(experiments) == 1 else "all of them")
        )
    return tuple(
        Quantity(name, f"strength {name}", free=name, kind="relative", needs_zero=True)
        for name in names
    )


def _strengths(experiment: Experiment) -> list[str]:
    """Scales of inelastic cross sections, and strengths of components that are not held."""
    out = [
        name
        for process in (experiment.interaction, *experiment.own_processes.values())
        if isinstance(process, OfNuclides) and isinstance(process, Proportional)
        for name in process.unit
    ]
    entries, flux = experiment.declaration.parameters, flux_names(experiment)
    for component in experiment.declaration.components.values():
        out += [
            f
            for f in component.strength
            if isinstance(f, str)
            and f in entries
            and f not in flux
            and entries[f].value is None
            and experiment.declared[f].value > 0.0
        ]
    return list(dict.fromkeys(out))


TOPIC = Topic("strengths of inelastic channels", "inel", _asks)
