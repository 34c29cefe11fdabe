"""Inelastic channels of a detector: the error of the strength of each."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    names = [
        p.name
        for p in experiments[0].strengths
        if all(e.strengths.has(p.name) for e in experiments)
        and any(p.name in _factors(e) for e in experiments)
    ]
    if not names:
        raise InputError(
            f"{' and '.join(e.name for e in experiments)} declares no component beside CEvNS with "
            "a strength of its own, which is what the topic inelastic asks for"
        )
    return tuple(
        Quantity(name, f"strength {name}", free=name, kind="relative", needs_zero=True)
        for name in names
    )


def _factors(experiment: Experiment) -> set[str]:
    """Parameters that multiply a further component."""
    return {
        f
        for entry in experiment.declaration.components.values()
        for f in entry.strength
        if isinstance(f, str)
    }


TOPIC = Topic("strengths of inelastic channels", "inel", _asks)
