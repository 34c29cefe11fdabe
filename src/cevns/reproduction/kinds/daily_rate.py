"""Counts per kg and day of an experiment at a steady source."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.expected.recoil_rate import rates
from cevns.experiments import load

__all__ = ["compute"]


def compute(
    experiment: str,
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
    over: Mapping[str, str] | None = None,
) -> float:
    """CEvNS in the analysis region per kg and live day at full power, times `scale`.

    Args:
        experiment: name or path.
        overrides: changed fields of the experiment file.
        scale: factor on the result.
        over: other changed fields; the ratio to their counts is returned, times `scale`.
    """
    found = _per_kg_day(experiment, overrides)
    return scale * (found if over is None else found / _per_kg_day(experiment, over))


def _per_kg_day(experiment: str, overrides: Mapping[str, str] | None) -> float:
    loaded = load(experiment, overrides=overrides)
    return rates(loaded, points=2)[loaded.name].per_kg_day["cevns"]
