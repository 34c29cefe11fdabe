"""The cross section of CEvNS relative to its prediction; of a file of a reaction, that of it.

What a file says of the error of a calculated cross section is then left out: it is what is
measured.
"""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.analysis.topics.inelastic import channels
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import SCALE, SCALE_QUESTION

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    if all(e.is_beside for e in experiments):
        return tuple({q.name: q for e in experiments for q in channels(e)[:1]}.values())
    return (
        Quantity(
            SCALE,
            "cross section relative to its prediction",
            poi=SCALE_QUESTION,
            kind="relative",
            needs_zero=True,
        ),
    )


TOPIC = Topic("cross section of CEvNS, or of the reaction of the file", "xs", _asks, of="either")
