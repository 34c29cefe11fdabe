"""Non-standard interactions of quarks, one coefficient at a time, around zero.

Every fit of a single nucleus has a second solution far from zero (`cevns.processes.nsi`); errors
and intervals here are those of the one at zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic, emitted
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    names = [f"eps_{a}{a}_{q}" for q in "ud" for a in emitted(experiments, ("mu", "e"))]
    return tuple(
        Quantity(name, f"coefficient {name} alone", models="nsi", free=name) for name in names
    )


TOPIC = Topic("non-standard interactions, one coefficient at a time", "eps_mmu", _asks)
