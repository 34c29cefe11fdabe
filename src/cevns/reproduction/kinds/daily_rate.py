"""Counts per kg and day of an experiment at a steady source."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.expected.recoil_rate import rates
from cevns.experiments import load

__all__ = ["compute"]


def compute(
    experiment: str, overrides: Mapping[str, str] | None = None, scale: float = 1.0
) -> float:
    """CEvNS in the analysis region per kg and live day at full power, times `scale`."""
    loaded = load(experiment, overrides=overrides)
    return scale * rates(loaded, points=2)[loaded.name].per_kg_day["cevns"]
