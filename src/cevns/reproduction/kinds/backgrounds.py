"""All backgrounds of an experiment together."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.experiments import load
from cevns.experiments.questions import SIGNAL

__all__ = ["compute"]


def compute(experiment: str, overrides: Mapping[str, str] | None = None) -> float:
    """Events that are expected beside CEvNS, before any fit."""
    counts = load(experiment, overrides=overrides).predict()
    return sum(n for name, n in counts.items() if name != SIGNAL)
