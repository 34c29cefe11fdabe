"""The weak mixing angle at low momentum transfer."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = experiments, at
    return (Quantity("sin2_theta_w", "weak mixing angle", poi="sin2-theta-w"),)


TOPIC = Topic("weak mixing angle", "s2w", _asks)
