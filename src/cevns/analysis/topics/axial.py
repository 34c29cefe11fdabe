"""The axial part of CEvNS: the error of its strength, in units of the Standard Model."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    if not any(any(x.unpaired) for e in experiments for x in e.material.nuclides):
        raise InputError(
            f"{' and '.join(e.name for e in experiments)}: no nucleus of the target has an "
            "unpaired nucleon, so there is no axial part to measure"
        )
    return (
        Quantity(
            "axial_strength",
            "axial charge relative to the Standard Model",
            models="axial-strength",
            free="axial_strength",
            fields={"interaction.axial": "true"},
        ),
    )


TOPIC = Topic("axial part of CEvNS", "axial", _asks)
