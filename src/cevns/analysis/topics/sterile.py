"""A sterile neutrino at short baseline: upper limits on the amplitudes of disappearance.

At 1 eV^2 unless another splitting is held. Far above it the oscillation averages to one half, and a
rate alone limits the amplitude that is common to all flavours to 2 x 1.645 of its relative error.
"""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic, emitted
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(
            f"sin2_2theta_{a}{a}",
            f"amplitude of disappearance sin2_2theta_{a}{a} at {at['dm2_41']:g} eV2",
            models="sterile",
            free=f"sin2_2theta_{a}{a}",
            kind="limit",
            at=at,
        )
        for a in emitted(experiments, ("mu", "e"))
    )


TOPIC = Topic("sterile neutrino, 90 % upper limits", "sterile", _asks, {"dm2_41": 1.0})
