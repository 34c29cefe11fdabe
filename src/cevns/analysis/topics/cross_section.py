"""The cross section of CEvNS relative to its prediction."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import SCALE, SCALE_QUESTION

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = experiments, at
    return (
        Quantity(
            SCALE,
            "cross section relative to its prediction",
            poi=SCALE_QUESTION,
            kind="relative",
            needs_zero=True,
        ),
    )


TOPIC = Topic("cross section of CEvNS, or of the reaction of the file", "xs", _asks)
