"""Magnetic moments of neutrinos: upper limits, one flavour at a time."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic, emitted
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = at
    return tuple(
        Quantity(
            f"mu_nu_{flavour}",
            f"magnetic moment of the {flavour} neutrino",
            models="magnetic-moment",
            free=f"mu_nu_{flavour}",
            kind="limit",
            unit="1e-10 mu_B",
        )
        for flavour in emitted(experiments, ("mu", "e"))
    )


TOPIC = Topic("magnetic moments, 90 % upper limits in 1e-10 mu_B", "mu_nu", _asks)
